package phone

import "slices"

// A call of a shared line may be joined by another phone of it (RFC 3911): its phone mixes the voices, as in any conference of
// its own, and everybody hears a tone. Who joins takes no appearance: the call is where it was.

// BargeIn is what happens when another phone of a shared line wants to join a call.
type BargeIn uint8

// What may happen.
const (
	BargeDeny  BargeIn = iota
	BargeAsk           // it rings, and who answers lets them in
	BargeAllow         // they are in at once
	bargeInCount
)

var bargeInNames = [bargeInCount]string{"deny", "ask", "allow"}

// String gives it as the settings spell it.
func (b BargeIn) String() string { return name(bargeInNames[:], b) }

// ParseBargeIn reads what String gives; what is none of them denies.
func ParseBargeIn(s string) BargeIn { return BargeIn(max(slices.Index(bargeInNames[:], s), 0)) }

// JoinAppearance joins the call that another phone of a shared line has at an appearance.
type JoinAppearance struct {
	cmd
	Line   LineID
	Number uint8
}

// Joinable tells whether a call of another phone may be asked to be joined.
func (a *Appearance) Joinable() bool {
	return a.State == AppearanceBusy && !a.Exclusive && a.Dialog != (Dialog{}) && a.Caller.URI != ""
}

func (t *step) joinAppearance(in JoinAppearance) error {
	i := slices.IndexFunc(t.Appearances, func(a Appearance) bool { return a.Line == in.Line && a.Number == in.Number })
	if i < 0 {
		return WrongValue
	}
	a := &t.Appearances[i]
	switch {
	case a.Exclusive:
		return Forbidden
	case !a.Joinable() || t.At(*a) != nil:
		return WrongState
	case t.Full():
		return TooMany
	}
	n, _, err := t.dialable(t.Lines[in.Line].AOR, in.Line)
	if err != nil {
		return err
	}
	t.takePath()
	c := t.begin(Call{Line: in.Line, Remote: Peer{Number: t.Lines[in.Line].Label, URI: n.Target}, Barges: true, Appearance: in.Number}, Calling)
	t.send(c, SendInvite{Target: n.Target, Join: Dialog{CallID: a.Dialog.CallID, ToTag: a.Dialog.FromTag, FromTag: a.Dialog.ToTag}}) // as that phone has it
	return nil
}

// joined shows whom a call leads to that was let in: till then it was that phone which was asked.
func (t *step) joined(c *Call) {
	for i := range t.Appearances {
		if a := &t.Appearances[i]; c.Barges && a.Line == c.Line && a.Number == c.Appearance && a.Joinable() {
			c.Remote = a.Caller
			t.touched(c)
		}
	}
}

// barge: another phone of a shared line wants to join a call of ours.
func (t *step) barge(in Invited) {
	c := t.Call(in.Joins)
	may := t.Config.Lines[in.Line].BargeIn
	switch {
	case c == nil || !t.bargeable(c) || c.Line != in.Line || may == BargeDeny:
		t.do(RefuseInvite{Ref: in.Ref, Cause: Rejected})
		return
	case t.Full() || len(t.together(c)) >= MaxConf || may == BargeAsk && !t.Config.CallWaiting:
		t.do(RefuseInvite{Ref: in.Ref, Cause: UserBusy})
		return
	}
	p := t.begin(Call{Line: in.Line, Dir: Incoming, Remote: in.Remote, Conversation: c.Conversation, Refers: in.Refers, Replaces: in.TakesOver, RingFor: RingFor,
		Barges: true, Joins: c.ID}, Ringing)
	t.do(SendRinging{Ref: in.Ref, Call: p.ID})
	if may == BargeAllow {
		_ = t.letIn(p) // there is room
	}
}

// bargeable tells whether a call may be joined: it talks, stands at an appearance, is not on its way elsewhere, and no call for help.
func (t *step) bargeable(c *Call) bool {
	return c.State == Talking && c.Appearance > 0 && c.appears() && c.Move == NoMove && !t.forHelp(c)
}

// letIn takes a phone that asks into the call that it wants to join.
func (t *step) letIn(c *Call) error {
	of := t.Call(c.Joins) // there is one: see meetBarges
	if len(t.together(of)) >= MaxConf {
		return ConfFull
	}
	if of.Conf == 0 {
		of.Conf, of.ConsultOf = ConfID(t.Seq+1), 0
		t.touched(of)
	}
	c.Conf = of.Conf
	t.enter(c, Answering, NoCause)
	t.do(SendAccept{Call: c.ID})
	return nil
}

// meetBarges sends those away who ask to join a call that cannot be joined any more.
func (t *step) meetBarges() {
	for i := range t.Calls {
		c := &t.Calls[i]
		if of := t.Call(c.Joins); c.State == Ringing && c.Joins != 0 && (of == nil || !t.bargeable(of)) {
			t.end(c, Rejected)
		}
	}
}
