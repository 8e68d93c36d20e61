package phone

// offHook is what lifting the handset does, or its key on the loudspeaker: dial tone, or the hotline, at once or if nobody
// types for a while. Numbers that are typed with the handset down are not in its way.
func (t *step) offHook() error {
	hot := t.Config.Hotline
	if hot != "" && t.Config.HotlineWait == 0 && t.dial(Dial{Line: t.Selected, Number: hot}) == nil {
		return nil
	}
	if err := t.dial(Dial{Line: t.Selected}); err != nil {
		return err
	}
	if hot != "" && t.Config.HotlineWait > 0 {
		t.do(StartTimer{ID: TimerID{InterDigit, t.Foreground().ID}, After: t.Config.HotlineWait})
	}
	return nil
}

// pauseOver takes what was typed for the whole number, or calls the hotline if nothing was. A line that is down leaves the
// number standing; the key says why.
func (t *step) pauseOver(c *Call) {
	if c.Digits != "" {
		_ = t.dialNow()
		return
	}
	c.Digits = t.Config.Hotline
	if t.dialNow() != nil {
		c.Digits = ""
	}
}
