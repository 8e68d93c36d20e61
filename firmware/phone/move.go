package phone

import "time"

// Move says what is being done with a call on its way to another phone.
type Move uint8

// The moves. Two calls that move together name each other in Call.With.
const (
	NoMove       Move = iota
	Transferring      // being handed over to somebody else, held meanwhile
	ToPC              // being handed over to a program on a computer, talking until that has it
	Bridged           // handed over, but only this phone can join the two: it keeps both halves
	Following         // the far side has sent us to somebody else, whom we call
	Escalating        // being moved into a conference at a server, talking until it is there
	moveCount
)

var moveNames = [moveCount]string{"none", "transferring", "to the computer", "bridged", "following", "escalating"}

// String gives the move in a word or two, for logs.
func (m Move) String() string { return name(moveNames[:], m) }

// talks tells whether the user may talk on in a call that is moved so.
func (m Move) talks() bool { return m == NoMove || m == ToPC || m == Escalating }

// Dialog names a call between two others, as its far side Target sees it (RFC 3891 §6.1).
type Dialog struct{ CallID, ToTag, FromTag string }

// moveTime is how long a far side that was asked to call somebody else may say nothing about it.
const moveTime = 32 * time.Second

// The inputs and effects of handing over.
type (
	// Transfer hands a talking or held call over to Target without asking ("blind", RFC 5589 §6).
	// The call is held until the far side has got through; then it ends, with cause HandedOver. If it
	// cannot, the call is back, held, and Call.MoveFailed says why.
	Transfer struct {
		cmd
		Call   CallID
		Target string
	}
	// Consult calls Number to ask about a call, which is held.
	Consult struct {
		cmd
		Call   CallID
		Number string
	}
	// CompleteTransfer joins the far sides of two calls and leaves (RFC 5589 §7). A consultation that
	// is not answered yet is given up for a Transfer to the same number.
	CompleteTransfer struct {
		cmd
		Call    CallID
		Consult CallID
	}
	// Reconnect drops a consultation, or the attempt to move a call, and takes the call back.
	Reconnect struct {
		cmd
		Call    CallID
		Consult CallID
	}
	// MoveTo hands a call over to the program on a computer that Target calls. The call goes on
	// until the program has taken it.
	MoveTo struct {
		cmd
		Call   CallID
		Target string
	}
	// Pull takes a call over that another program has with Target (RFC 3891).
	Pull struct {
		cmd
		Line     LineID
		Target   string
		Replaces Dialog
		Early    bool // only while it rings
	}

	// Able tells what the far side of a call can do: take a REFER, and take over a call (Replaces). Focus is the address
	// of the conference that it says to be, Controls that this takes orders about its members.
	Able struct {
		evt
		Call             CallID
		Refers, Replaces bool
		Focus            string
		Controls         bool
	}
	// Referred: the far side of a call asks us to call somebody else in its stead (REFER, RFC 3515).
	Referred struct {
		evt
		Ref  Ref
		Call CallID
		To   Peer
		By   Peer // who is behind it, if that is said (RFC 3892)
	}
	// MoveProgressed: the far side is calling as we asked it to.
	MoveProgressed struct {
		evt
		Call CallID
	}
	// Moved: the far side has got through, or was replaced as it should be.
	Moved struct {
		evt
		Call CallID
	}
	// MoveRefused: what SendRefer or SendBridge asked for came to nothing. Unable: the far side does
	// not know REFER at all.
	MoveRefused struct {
		evt
		Call   CallID
		Cause  Cause
		Reason string
		Unable bool
	}

	// SendRefer asks the far side of Call to call Target, or, if Replaces names a call, the far side
	// of that one in our stead. Bye: it is to end its call to Target (RFC 4579 §5.11).
	SendRefer struct {
		fx
		Call     CallID
		Target   string
		Replaces CallID
		Bye      bool
	}
	// SendBridge connects the voices of two far sides with each other, past this phone.
	SendBridge struct {
		fx
		Call, With CallID
	}
	// RefuseRefer declines what Referred asked for. To agree is a SendInvite with its Ref.
	RefuseRefer struct {
		fx
		Ref Ref
	}
)

// moving carries out the commands that hand calls over.
func (t *step) moving(in Command) error {
	switch in := in.(type) {
	case Transfer:
		return t.withCall(in.Call, func(c *Call) error { return t.transfer(c, in.Target) }, Talking, Held)
	case Consult:
		return t.withCall(in.Call, func(c *Call) error { return t.consult(c, in.Number) }, Talking, Held)
	case CompleteTransfer:
		return t.completeTransfer(in)
	case Reconnect:
		return t.reconnect(in)
	case MoveTo:
		return t.withCall(in.Call, func(c *Call) error { return t.moveTo(c, in.Target) }, Talking, Held)
	case Pull:
		_, err := t.pull(in)
		return err
	case Join:
		return t.join(in)
	case Split:
		return t.withCall(in.Call, t.split, Talking, Held)
	case AddMember:
		return t.withCall(in.Call, func(c *Call) error { return t.addMember(c, in.Number) }, Talking, Held)
	case DropMember:
		return t.withCall(in.Call, func(c *Call) error { return t.dropMember(c, in.Member) }, Talking, Held)
	case MuteMember:
		return t.withCall(in.Call, func(c *Call) error { return t.muteMember(c, in.Member, in.On) }, Talking, Held)
	}
	return nil
}

// target understands where a call is to go, and sees that there is room for a call of ours to it.
func (t *step) target(c *Call, number string, room bool) (Number, LineID, error) {
	if t.Busy(c) {
		return Number{}, 0, Moving
	}
	if c.Page != 0 {
		return Number{}, 0, WrongState
	}
	n, line, err := t.dialable(number, c.Line)
	if err == nil && n.Rule == PageRule {
		err = WrongNumber
	}
	if err == nil && room && t.Full() {
		err = TooMany
	}
	return n, line, err
}

func (t *step) transfer(c *Call, target string) error {
	n, line, err := t.target(c, target, !c.Refers)
	if err != nil {
		return err
	}
	t.park(c)
	t.start(c, Transferring, n.Target)
	if c.Refers {
		t.refer(c, SendRefer{Target: n.Target})
	} else {
		t.shadow(c, t.peer(n), line)
	}
	return nil
}

func (t *step) consult(c *Call, number string) error {
	n, line, err := t.target(c, number, true)
	if err != nil {
		return err
	}
	t.takePath()
	t.invite(t.begin(Call{Line: line, Remote: t.peer(n), ConsultOf: c.ID}, Calling), n)
	return nil
}

func (t *step) completeTransfer(in CompleteTransfer) error {
	c, p := t.Call(in.Call), t.Call(in.Consult)
	switch {
	case c == nil || p == nil:
		return NoSuchCall
	case c == p:
		return WrongValue
	case t.Busy(c) || t.Busy(p):
		return Moving
	case !c.State.stands() || c.Page != 0 || p.Page != 0:
		return WrongState
	case p.State == Calling || p.State == Ringback:
		target := p.Remote.URI
		if err := t.transfer(c, target); err != nil {
			return err
		}
		t.end(p, LocalHangup)
		return nil
	case !p.State.stands():
		return WrongState
	}
	t.park(c)
	t.park(p)
	t.start(c, Transferring, p.Remote.URI)
	p.Move, p.MoveFailed = Transferring, NoCause
	c.With, p.With = p.ID, c.ID
	t.connect(c, p)
	return nil
}

func (t *step) reconnect(in Reconnect) error {
	c, p := t.Call(in.Call), t.Call(in.Consult)
	switch {
	case c == nil || p == nil:
		return NoSuchCall
	case p.ConsultOf != c.ID && !(p.Shadow && p.With == c.ID) || !c.State.stands():
		return WrongState
	case c.Referred || p.Referred:
		return Moving
	}
	t.hangup(p)
	c.MoveFailed = NoCause
	if c.State == Held {
		return t.resume(c)
	}
	return nil
}

func (t *step) moveTo(c *Call, target string) error {
	n, line, err := t.target(c, target, true)
	if err != nil {
		return err
	}
	t.leave(c)
	t.start(c, ToPC, n.Target)
	t.shadow(c, t.peer(n), line)
	return nil
}

func (t *step) pull(in Pull) (*Call, error) {
	switch {
	case t.Line(in.Line) == nil:
		return nil, NoSuchLine
	case in.Replaces.CallID == "" || in.Replaces.ToTag == "" || in.Replaces.FromTag == "":
		return nil, WrongValue
	case t.Full():
		return nil, TooMany
	}
	n, line, err := t.dialable(in.Target, in.Line)
	switch {
	case err != nil:
		return nil, err
	case n.Rule == PageRule:
		return nil, WrongNumber
	}
	t.takePath()
	c := t.begin(Call{Line: line, Remote: t.peer(n)}, Calling)
	t.send(c, SendInvite{Target: n.Target, Replaces: in.Replaces, Early: in.Early})
	return c, nil
}

// park makes a call ready to be handed over: alone, and on hold.
func (t *step) park(c *Call) {
	t.leave(c)
	if c.State == Talking {
		t.enter(c, Held, NoCause)
		t.do(SendHold{Call: c.ID, On: true})
	}
}

func (t *step) start(c *Call, m Move, target string) {
	c.Move, c.MoveTarget, c.MoveFailed = m, target, NoCause
	t.touched(c)
}

// refer asks the far side of a call to call somebody else.
func (t *step) refer(c *Call, e SendRefer) {
	e.Call = c.ID
	t.do(e)
	t.await(c)
}

// await waits for what becomes of a wish that the far side of a call was told.
func (t *step) await(c *Call) {
	c.Referred = true
	t.do(StartTimer{ID: TimerID{MoveTime, c.ID}, After: moveTime})
	t.touched(c)
}

// shadow calls somebody for the sake of a move: nobody here hears it, and the foreground is not asked.
func (t *step) shadow(c *Call, to Peer, line LineID) {
	p := t.begin(Call{Line: line, Remote: to, Shadow: true, Move: c.Move, With: c.ID, Conversation: c.Conversation}, Calling)
	c.With = p.ID
	t.touched(c)
	t.send(p, SendInvite{Target: c.MoveTarget, Conversation: p.Conversation})
}

// connect joins the far sides of two calls in the best way they are able to. Both must know Replaces:
// who does not would call the other anew, and ring there.
func (t *step) connect(c, p *Call) {
	switch know := c.Replaces && p.Replaces; {
	case know && c.Refers:
		t.refer(c, SendRefer{Replaces: p.ID})
	case know && p.Refers:
		t.refer(p, SendRefer{Replaces: c.ID})
	default:
		t.bridge(c, p)
	}
}

// bridge hands over without their help (RFC 3725): both calls stay, their voices no longer pass here.
func (t *step) bridge(c, p *Call) {
	for _, b := range []*Call{c, p} {
		b.Move = Bridged
		if b.State == Talking && !b.Shadow {
			t.enter(b, Held, NoCause)
		}
		t.touched(b)
	}
	t.do(SendBridge{Call: c.ID, With: p.ID})
}

// unrefer notes that no REFER is out any more.
func (t *step) unrefer(c *Call) {
	if c.Referred {
		c.Referred = false
		t.do(StopTimer{ID: TimerID{MoveTime, c.ID}})
	}
}

// moveOff takes a move back: the calls are what they were, and held.
func (t *step) moveOff(c *Call, cause Cause, reason string) {
	p, bridged := t.Call(c.With), c.Move == Bridged
	for _, b := range []*Call{c, p} {
		if b == nil {
			continue
		}
		t.unrefer(b)
		b.Move, b.With, b.MoveFailed, b.Reason = NoMove, 0, cause, reason
		if b.Shadow {
			t.end(b, cause)
			continue
		}
		t.touched(b)
		if bridged {
			t.do(SendHold{Call: b.ID, On: true})
			t.rejoin(b)
		}
	}
}

// movingEvent takes the facts about calls that are handed over.
func (t *step) movingEvent(in Event) {
	switch in := in.(type) {
	case Referred:
		t.referred(in)
	case MoveProgressed:
		if c := t.Call(in.Call); c != nil && c.Referred {
			t.do(StartTimer{ID: TimerID{MoveTime, c.ID}, After: t.Config.CallTime})
		}
	case Moved:
		t.moved(in.Call)
	case MoveRefused:
		t.moveRefused(in)
	case RosterChanged:
		t.rosterChanged(in)
	case FocusChanged:
		t.focusChanged(in)
	default:
		t.fieldChanged(in)
	}
}

// moved ends what has been handed over. The news may come after we have given the move up: the far
// side is gone from this call all the same.
func (t *step) moved(id CallID) {
	c := t.Call(id)
	if c != nil && t.referNews(c, NoCause, "", false) {
		return
	}
	if c == nil || !c.Referred && (c.Focus != "" || c.State != Held || c.Move != NoMove || c.MoveTarget == "") {
		return
	}
	p := t.Call(c.With)
	c.With = 0
	if p != nil {
		p.With = 0
		t.end(p, HandedOver)
	}
	t.end(c, HandedOver)
}

func (t *step) moveRefused(in MoveRefused) {
	c := t.Call(in.Call)
	switch {
	case c == nil || !c.Referred && c.Move != Bridged:
		return
	case t.referNews(c, in.Cause, in.Reason, in.Unable):
		return
	case c.Move == Bridged || !in.Unable:
		t.moveOff(c, in.Cause, in.Reason)
		return
	}
	t.unrefer(c)
	c.Refers = false
	switch p := t.Call(c.With); {
	case p != nil:
		t.connect(c, p)
	case !t.Full():
		t.shadow(c, Peer{Number: c.MoveTarget, URI: c.MoveTarget}, c.Line)
	default:
		t.moveOff(c, in.Cause, in.Reason)
	}
}

// referred follows the far side to somebody else, if the settings let it.
func (t *step) referred(in Referred) {
	c := t.Call(in.Call)
	if c == nil || !c.State.stands() || t.Busy(c) || c.Shadow || c.Page != 0 || !t.Config.Follow || t.Full() {
		t.do(RefuseRefer{Ref: in.Ref})
		return
	}
	t.leave(c)
	p := t.begin(Call{Line: c.Line, Remote: in.To, ReferredBy: in.By, Move: Following, With: c.ID, Conversation: c.Conversation}, Calling)
	c.Move, c.With, c.MoveFailed = Following, p.ID, NoCause
	t.touched(c)
	t.send(p, SendInvite{Target: in.To.URI, Conversation: p.Conversation, Refer: in.Ref})
}

// arrived goes on with the move that a call was made for, now that it is answered.
func (t *step) arrived(p *Call) {
	c := t.Call(p.With)
	switch {
	case p.Beside != 0:
		t.answeredBeside(p)
	case p.Move == Escalating && c == nil:
		t.opened(p)
	case p.Move == Escalating:
		t.bridgeIn(c, p)
	case c == nil || p.Move == NoMove:
	case p.Move == Following:
		c.With, p.With, p.Move = 0, 0, NoMove
		t.end(c, HandedOver)
	case p.Shadow:
		t.connect(c, p)
	}
}

// replace gives the place of a call to one that takes it over (RFC 3891).
func (t *step) replace(in Invited) {
	old := t.Call(in.Replaces)
	if old == nil || old.Shadow || old.Page != 0 || !old.State.stands() && old.State != Ringback {
		t.do(RefuseInvite{Ref: in.Ref, Cause: Cancelled})
		return
	}
	c := t.begin(Call{Line: in.Line, Dir: Incoming, Remote: in.Remote, ReferredBy: in.ReferredBy, Proof: in.Proof,
		Conversation: in.Conversation, Refers: in.Refers, Replaces: in.TakesOver, Focus: in.Focus, Controls: in.Controls, Conf: old.Conf, ConsultOf: old.ConsultOf}, Ringing)
	t.do(SendRinging{Ref: in.Ref, Call: c.ID})
	held := old.State == Held
	t.end(old, Replaced)
	if held {
		t.enter(c, Held, NoCause)
		t.do(SendAccept{Call: c.ID})
		t.do(SendHold{Call: c.ID, On: true})
		return
	}
	t.enter(c, Answering, NoCause)
	t.do(SendAccept{Call: c.ID})
}

// unlink frees the other calls from one that has ended.
func (t *step) unlink(c *Call) {
	t.leave(c)
	t.unrefer(c)
	c.Beside = 0
	t.unfocus(c)
	for i := range t.Calls {
		if o := &t.Calls[i]; o.ConsultOf == c.ID {
			o.ConsultOf = 0
			t.touched(o)
		}
	}
	p, move := t.Call(c.With), c.Move
	c.With, c.Move = 0, NoMove
	if p == nil || p.With != c.ID {
		return
	}
	p.With = 0
	switch {
	case p.Shadow || move == Bridged:
		t.end(p, c.Cause) // nobody is left to talk to
	case p.Referred: // they may leave one by one: the outcome is still to come
		t.touched(p)
	default:
		p.Move, p.MoveFailed, p.Reason = NoMove, c.Cause, c.Reason
		if move == Following && p.ID < c.ID {
			t.back = p.ID
		}
		t.touched(p)
	}
}

// comeBack takes a call up again from which somebody was called who was not to be had: its far side had sent us there, or
// the user had asked.
func (t *step) comeBack() {
	c := t.Call(t.back)
	if t.back == 0 || c == nil || c.State != Held || c.Move != NoMove || t.Foreground() != nil {
		return
	}
	t.enter(c, Talking, NoCause)
	t.do(SendHold{Call: c.ID})
}
