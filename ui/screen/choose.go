package screen

import (
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/ui/theme"
)

// kind is one of the screens the state of the phone calls for.
type kind uint8

const (
	kindHome kind = iota
	kindIncoming
	kindSecond
	kindTwo
	kindTalk
	kindHeld
	kindCalling
	kindFailed
	kindEnded
	kindDial
	kindQuestion
	kindLocked
	kindPC
	kindPairing
	kindMenu
	kindAsking
	kindMoving
	kindConf
)

// choose is the whole rule of which screen is shown; the first row that holds wins.
func choose(st *phone.State, ended bool, menus int) kind {
	front := st.Foreground()
	is := func(states ...phone.CallState) bool {
		for _, want := range states {
			if front != nil && front.State == want {
				return true
			}
		}
		return false
	}
	waits := waiting(st)
	ringing, held := st.First(phone.Ringing) != nil, waits != nil
	of, _ := consultation(st)
	for _, row := range []struct {
		holds bool
		kind  kind
	}{
		{ringing && !is(phone.Talking, phone.Answering), kindIncoming},
		{ringing, kindSecond},
		{st.PCCall.Ringing && !st.PCCall.Silenced, kindPC},
		{is(phone.Talking, phone.Answering) && front.Conf != 0, kindConf},
		{of != nil && (front == nil || front.Page == 0), kindAsking},
		{is(phone.Talking, phone.Answering) && held && front.Page == 0, kindTwo},
		{is(phone.Talking, phone.Answering), kindTalk},
		{is(phone.Calling, phone.Ringback), kindCalling},
		{is(phone.Failed), kindFailed},
		{is(phone.Dialing), kindDial},
		{st.PCCall.Active, kindPC},
		{held && waits.Move != phone.NoMove && waits.Move != phone.ToPC, kindMoving},
		{held && waits.Conf != 0, kindConf},
		{held, kindHeld},
		{st.Lock.Kind != phone.Unlocked, kindLocked},
		{st.PC.Stage != phone.NotPairing, kindPairing},
		{st.Question.Kind != phone.NoQuestion, kindQuestion},
		{ended, kindEnded},
		{menus > 0, kindMenu},
	} {
		if row.holds {
			return row.kind
		}
	}
	return kindHome
}

// page gives the screen of this moment and keeps the books of what stands open.
func (s *Screens) page(v *view) page {
	k := choose(v.st, s.ended.shows(v.now), len(s.menu))
	if speaks := s.pcSpeaks(v.st); k == kindHome && speaks {
		k = kindPC
	}
	s.follow(k, v.now)
	s.followPairing(v.st.PC.Stage, v.now)
	if len(s.over) > 0 && (k != kindIncoming && k != kindSecond || s.sendsOn(v.st)) {
		if p, ok := s.over[0].(stale); !ok || !p.stale(v.st) {
			return s.over[len(s.over)-1]
		}
		s.over = nil
	}
	return s.under(k)
}

// under gives the screen itself, below what was opened over it.
func (s *Screens) under(k kind) page {
	switch k {
	case kindIncoming:
		return incoming{}
	case kindSecond:
		return second{}
	case kindTwo:
		return two{}
	case kindTalk:
		return talk{}
	case kindHeld:
		return heldOnly{}
	case kindCalling:
		return calling{}
	case kindFailed:
		return failed{}
	case kindPC:
		return pcCall{}
	case kindPairing:
		return pairingPage{}
	case kindLocked:
		return s.locked
	case kindQuestion:
		return asked{}
	case kindEnded:
		return ended{}
	case kindDial:
		return s.dial
	case kindAsking:
		return asking{}
	case kindMoving:
		return moving{}
	case kindConf:
		return conference{}
	case kindMenu:
		return s.menu[len(s.menu)-1]
	}
	return s.home
}

// swallowTime is how long a screen that came by itself takes no key, so that nobody answers by accident.
const swallowTime = 300 * time.Millisecond

// follow notices that another screen is called for.
func (s *Screens) follow(k kind, now time.Time) {
	if k == s.shown {
		return
	}
	rings := k == kindIncoming || k == kindSecond
	rang := s.shown == kindIncoming || s.shown == kindSecond
	if rings && !rang || k == kindQuestion || k == kindPC || k == kindPairing {
		s.swallow = now.Add(swallowTime)
	}
	if !rings && !rang { // what was opened over a call belongs to that call; a ring only hides it
		s.over = nil
	}
	if k == kindHome || k == kindMenu {
		s.over = nil
	}
	if k == kindLocked { // nothing that stood open may be found by whoever unlocks
		s.locked, s.menu = &locked{}, nil
	}
	if k == kindDial {
		s.dial = &dial{focus: -1}
		s.lastPress = now
	}
	if s.shown == kindHome || k == kindHome {
		s.home = &home{focus: -1}
	}
	s.shown = k
}

// followPairing notices that pairing asks another question: a key pressed twice for the first must not answer it.
func (s *Screens) followPairing(stage phone.PairingStage, now time.Time) {
	if stage != s.pairing && s.shown == kindPairing {
		s.swallow = now.Add(swallowTime)
	}
	s.pairing = stage
}

// Tick does what time alone brings: menus fall back to the home screen, a dial field nobody types into closes.
func (s *Screens) Tick(st *phone.State, now time.Time) {
	v := s.view(nil, st, now)
	s.page(v)
	idle := now.Sub(s.lastPress)
	switch {
	case s.shown == kindMenu && idle >= theme.MenuToHome && st.Playing.ID == "":
		s.menu = nil
	case s.shown == kindDial && idle >= theme.DialIdle:
		if c := st.Foreground(); c != nil && len(s.over) == 0 {
			s.do(phone.Hangup{Call: c.ID})
			s.lastPress = now
		}
	}
}

// Next gives the moment at which the picture changes by itself; zero: only when something happens.
func (s *Screens) Next(st *phone.State, now time.Time) time.Time {
	next := now.Truncate(time.Minute).Add(time.Minute) // the clock
	sooner := func(t time.Time) {
		if t.After(now) && t.Before(next) {
			next = t
		}
	}
	if s.toast != "" {
		sooner(s.until)
	}
	if s.pressed >= 0 {
		sooner(s.released)
	}
	sooner(s.ended.until)
	switch s.shown {
	case kindIncoming, kindSecond:
		sooner(now.Add(theme.RingPeriod / theme.RingFrames))
	case kindTwo, kindTalk, kindHeld, kindCalling, kindFailed, kindAsking, kindMoving, kindConf:
		sooner(nextSecond(st, now))
	case kindPC:
		sooner(now.Add(time.Second))
	case kindPairing:
		sooner(nextLeft(st.PC.Since, now))
	case kindQuestion:
		sooner(nextLeft(st.Question.Since, now))
	case kindLocked:
		if st.Lock.Until.After(now) {
			sooner(now.Add(time.Second))
		}
	case kindEnded:
		sooner(now.Add(100 * time.Millisecond))
	case kindDial:
		sooner(s.lastPress.Add(theme.DialIdle))
		sooner(s.caretTurn(now))
	case kindMenu:
		sooner(s.lastPress.Add(theme.MenuToHome))
	}
	for _, stack := range [][]page{s.menu, s.over} {
		if n := len(stack); n > 0 {
			if p, ok := stack[n-1].(timed); ok {
				sooner(p.next(s, st, now))
			}
			if _, ok := stack[n-1].(blinking); ok {
				sooner(s.caretTurn(now))
			}
		}
	}
	return next
}

// nextSecond is when the time of a call turns.
func nextSecond(st *phone.State, now time.Time) time.Time {
	next := now.Add(time.Second)
	for i := range st.Calls {
		if st.Calls[i].Shadow {
			continue
		}
		since := timerStart(&st.Calls[i])
		if turn := since.Add(now.Sub(since).Truncate(time.Second) + time.Second); turn.After(now) && turn.Before(next) {
			next = turn
		}
	}
	return next
}

// timerStart is the moment the time shown for a call counts from.
func timerStart(c *phone.Call) time.Time {
	switch c.State {
	case phone.Talking, phone.Answering:
		if !c.Answered.IsZero() {
			return c.Answered
		}
	case phone.Calling, phone.Ringback:
		return c.Began
	}
	return c.Since
}

// blinking is a page with a caret.
type blinking interface{ blinks() }

// caretTurn is when the caret next appears or goes.
func (s *Screens) caretTurn(now time.Time) time.Time {
	return s.lastPress.Add((max(0, now.Sub(s.lastPress))/theme.CaretBlink + 1) * theme.CaretBlink)
}
