package phone

import "cmp"

// A conference at a server: its focus mixes, and this phone is one of those who are in it (RFC 4579). The calls that are to
// be in it are joined here at once, so that everybody hears everybody; then the line's conference factory is called, the
// call to the focus joins them, and the calls are moved in one by one, each in the best way that its far side and the focus
// know. What cannot be moved stays joined here. So nobody is lost, and nobody hears a gap, whatever the server does.

// Way is how a call is being moved into a conference at a server.
type Way uint8

// The ways, the best first: in this order they are tried.
const (
	NoWay    Way = iota // its turn has not come
	ByFocus             // the focus is asked to take our place in the call (REFER with Replaces, RFC 4579 §5.8)
	ByParty             // its far side is asked to call the focus (REFER, RFC 4579 §5.6)
	ByBridge            // the focus is called for it, and the two are connected past this phone
	wayCount
)

// The commands of conferences at a server.
type (
	// AddMember has the focus of a conference call somebody (REFER, RFC 4579 §5.5). What came of it is told by the roster, or
	// by Call.MoveFailed.
	AddMember struct {
		cmd
		Call   CallID
		Number string
	}
	// MuteMember has the focus let nobody hear somebody, or let all hear him again (sip/cccp). The roster tells that it does.
	MuteMember struct {
		cmd
		Call   CallID
		Member string
		On     bool
	}
	// SendMute asks the focus of Call for that; Moved and MoveRefused are its outcome.
	SendMute struct {
		fx
		Call   CallID
		Member string
		On     bool
	}
	// DropMember has the focus put somebody out (REFER with method BYE, RFC 4579 §5.11). Member is a Member.ID.
	DropMember struct {
		cmd
		Call   CallID
		Member string
	}
)

// Factory gives the address that makes conferences at the server of a call's line; empty: there is none.
func (s *State) Factory(c *Call) string {
	if int(c.Line) < len(s.Config.Lines) {
		return s.Config.Lines[c.Line].Factory
	}
	return ""
}

// Serves tells whether a server can hold a conference of these calls: one of them leads to one, or the line of the first
// knows who makes them.
func (s *State) Serves(calls []*Call) bool { return focusOf(calls) != nil || s.Factory(calls[0]) != "" }

// Into gives the calls that are being moved into the conference of a call, oldest first.
func (s *State) Into(focus CallID) []*Call {
	var out []*Call
	for i := range s.Calls {
		if c := &s.Calls[i]; focus != 0 && c.Into == focus && c.Move == Escalating && !c.Shadow && c.State != Ended {
			out = append(out, c)
		}
	}
	return out
}

// Busy tells whether something is being done with a call already that would not go together with another move.
func (s *State) Busy(c *Call) bool { return c.Move != NoMove || c.Referred || len(s.Into(c.ID)) > 0 }

// serve tells whether a server may take over what was joined: a call for help stays at the phone.
func (t *step) serve(all []*Call, focus *Call) bool {
	for _, c := range all {
		if t.forHelp(c) {
			return false
		}
	}
	return focus != nil || len(all) < MaxConf && !t.Full() && t.Lines[all[0].Line].State == LineRegistered
}

// escalate moves calls into the conference of a call to a focus, or into one that the server is asked to make.
func (t *step) escalate(all []*Call, focus *Call) {
	if !t.serve(all, focus) {
		return
	}
	if focus == nil {
		factory := t.Factory(all[0])
		focus = t.begin(Call{Line: all[0].Line, Remote: Peer{Number: factory, URI: factory}, Shadow: true, Move: Escalating,
			Conversation: all[0].Conversation}, Calling)
		t.send(focus, SendInvite{Target: factory, Conversation: focus.Conversation})
	}
	for _, c := range all {
		if c != focus {
			c.Into, c.Way = focus.ID, NoWay
			t.start(c, Escalating, cmp.Or(focus.Focus, focus.Remote.URI))
		}
	}
	t.moveIn(focus)
}

// opened: the factory has answered. The call to the focus joins those for which it was made.
func (t *step) opened(focus *Call) {
	all := t.Into(focus.ID)
	if focus.Focus == "" || len(all) == 0 {
		t.end(focus, Incompatible)
		return
	}
	first := all[0]
	for _, c := range all {
		c.MoveTarget = focus.Focus
		if c.State == Talking {
			first = c
		}
	}
	focus.Shadow, focus.Move = false, NoMove
	if first.State == Held {
		t.enter(focus, Held, NoCause)
		t.do(SendHold{Call: focus.ID, On: true})
	}
	id := ConfID(t.Seq + 1)
	for _, c := range append(t.together(first), focus) {
		c.Conf, c.ConsultOf = id, 0
		t.touched(c)
	}
	t.moveIn(focus)
}

// moveIn goes on with the calls that wait to be moved into a conference; one at a time, for the focus answers one REFER
// after the other.
func (t *step) moveIn(focus *Call) {
	if focus == nil || focus.Move != NoMove || focus.Referred || !focus.State.stands() {
		return
	}
	all := t.Into(focus.ID)
	for _, c := range all {
		if c.Way != NoWay {
			return
		}
	}
	if len(all) > 0 {
		t.nextWay(focus, all[0], NoCause, "")
	}
}

// nextWay tries the next way for a call; after the last one it stays joined here.
func (t *step) nextWay(focus, c *Call, cause Cause, reason string) {
	c.Way++
	switch {
	case c.Way <= ByFocus && focus.Refers && c.Replaces:
		t.refer(focus, SendRefer{Replaces: c.ID})
		t.touched(c)
		return
	case c.Way <= ByParty && c.Refers:
		c.Way = ByParty
		t.refer(c, SendRefer{Target: focus.Focus})
		return
	case c.Way <= ByBridge && !t.Full():
		c.Way = ByBridge
		t.shadow(c, Peer{Number: focus.Remote.Number, URI: focus.Focus}, c.Line)
		return
	}
	c.Move, c.Into, c.Way, c.MoveFailed, c.Reason = NoMove, 0, NoWay, cause, reason
	t.touched(c)
	t.moveIn(focus)
}

// bridgeIn connects a call with the one that was made to the focus for it: it leaves the conference here, and is held before
// its voice goes elsewhere, for some far sides know nothing but that.
func (t *step) bridgeIn(c, p *Call) {
	focus := t.Call(c.Into)
	t.park(c)
	t.bridge(c, p)
	t.moveIn(focus)
}

// referNews takes the outcome of a REFER that a conference at a server needs, and tells whether it was one.
func (t *step) referNews(c *Call, cause Cause, reason string, unable bool) bool {
	focus, party := c, c
	switch {
	case !c.Referred:
		return false
	case c.Move == Escalating:
		focus = t.Call(c.Into)
	case c.Move == NoMove:
		party = t.inHand(c)
	default:
		return false
	}
	t.unrefer(c)
	c.Refers = c.Refers && !unable
	switch {
	case party != nil && cause == NoCause:
		t.end(party, HandedOver)
	case party != nil:
		t.nextWay(focus, party, cause, reason)
	default:
		c.MoveFailed, c.Reason = cause, reason
	}
	t.touched(focus)
	t.moveIn(focus)
	return true
}

// inHand gives the call whose place the focus is being asked to take.
func (t *step) inHand(focus *Call) *Call {
	for _, c := range t.Into(focus.ID) {
		if c.Way == ByFocus {
			return c
		}
	}
	return nil
}

// takenOver tells whether a call whose far side has left was taken over by the focus, as we asked.
func (t *step) takenOver(c *Call) bool {
	focus := t.Call(c.Into)
	return c.Move == Escalating && c.State.stands() && (c.Referred || focus != nil && focus.Referred && c.Way == ByFocus)
}

// unfocus is told that a call has ended which was to be moved into a conference, was made for that, or leads to one.
func (t *step) unfocus(c *Call) {
	t.dropRoster(c.ID)
	for i := range t.Calls {
		if o := &t.Calls[i]; o.Into == c.ID && o.State != Ended {
			t.unmove(o, c.Cause)
		}
	}
	if c.Move != Escalating {
		return
	}
	focus, other := t.Call(c.Into), t.Call(c.With)
	c.Move, c.Into, c.With = NoMove, 0, 0
	switch {
	case other != nil && c.Shadow: // the focus does not take the call that was made for another
		other.With = 0
		if f := t.Call(other.Into); f != nil {
			t.nextWay(f, other, c.Cause, c.Reason)
		}
		return
	case other != nil:
		other.With = 0
		t.end(other, LocalHangup)
	}
	if focus != nil && focus.Shadow && len(t.Into(focus.ID)) == 0 {
		t.end(focus, LocalHangup)
		return
	}
	t.moveIn(focus)
}

// unmove gives up to move a call into a conference: it stays joined here. One that is bridged with the focus stays that.
func (t *step) unmove(c *Call, cause Cause) {
	c.Into, c.Way = 0, NoWay
	if c.Move != Escalating {
		return
	}
	t.unrefer(c)
	p := t.Call(c.With)
	c.Move, c.With, c.MoveFailed = NoMove, 0, cause
	if p != nil {
		p.With, p.Move = 0, NoMove
		t.end(p, LocalHangup)
	}
	t.touched(c)
}

// rejoin takes a call back into the conference here that could not be bridged with the focus.
func (t *step) rejoin(c *Call) {
	focus := t.Call(c.Into)
	c.Into, c.Way = 0, NoWay
	if focus == nil || !focus.State.stands() || focus.Move != NoMove || len(t.together(focus)) >= MaxConf {
		return
	}
	if focus.Conf == 0 {
		focus.Conf = ConfID(t.Seq + 1)
	}
	c.Conf = focus.Conf
	if focus.State == Talking {
		t.enter(c, Talking, NoCause)
		t.do(SendHold{Call: c.ID})
	}
	t.touched(focus)
	t.touched(c)
}

func (t *step) addMember(c *Call, number string) error {
	switch {
	case c.Focus == "":
		return WrongState
	case !c.Refers:
		return Forbidden
	case t.Busy(c):
		return Moving
	}
	n, _, err := t.dialable(number, c.Line)
	switch {
	case err != nil:
		return err
	case n.Rule == PageRule || n.Rule == EmergencyRule: // help is called by the phone itself
		return WrongNumber
	}
	c.MoveTarget, c.MoveFailed = n.Target, NoCause
	t.refer(c, SendRefer{Target: n.Target})
	return nil
}

func (t *step) dropMember(c *Call, id string) error {
	m, err := t.other(c, id, c.Refers)
	if err != nil {
		return err
	}
	c.MoveTarget, c.MoveFailed = m.URI, NoCause
	t.refer(c, SendRefer{Target: m.URI, Bye: true})
	return nil
}

func (t *step) muteMember(c *Call, id string, on bool) error {
	m, err := t.other(c, id, c.Controls)
	if err != nil {
		return err
	}
	c.MoveTarget, c.MoveFailed = m.URI, NoCause
	t.do(SendMute{Call: c.ID, Member: id, On: on})
	t.await(c)
	return nil
}

// other finds somebody else in a conference at a server of whom something is asked; able tells whether it may be asked at all.
func (t *step) other(c *Call, id string, able bool) (*Member, error) {
	m := t.Roster(c.ID).Member(id)
	switch {
	case c.Focus == "" || m == nil:
		return nil, WrongState
	case m.Self:
		return nil, WrongValue
	case !able:
		return nil, Forbidden
	case t.Busy(c):
		return nil, Moving
	}
	return m, nil
}
