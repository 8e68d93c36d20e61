package phone

import "cmp"

// maxRecalled is the most missed calls that are believed of a file.
const maxRecalled = 999

// event takes a fact. A fact about a call that is gone, or that does not fit its state, is stale
// news that crossed one of our own decisions on the way: it changes nothing.
func (t *step) event(in Event) {
	switch in := in.(type) {
	case HookMoved:
		t.hookMoved(in.Off)
	case JackMoved:
		t.jackMoved(in.In)
	case LineChanged:
		t.lineChanged(in)
	case Invited:
		t.invited(in)
	case Progressed:
		t.progressed(in)
	case PageHeard:
		t.pageOnAir(in.Group, true)
	case PageSilent:
		t.pageOnAir(in.Group, false)
	case EarlyHeard:
		t.earlyHeard(in.Call)
	case Accepted:
		t.accepted(in.Call)
	case Confirmed:
		if c := t.Call(in.Call); c != nil {
			t.confirmed(c)
		}
	case CallFailed:
		t.callFailed(in)
	case Byed:
		t.byed(in)
	case ResumeRefused:
		if c := t.Call(in.Call); c != nil && c.State == Talking && !c.Shadow && c.Page == 0 {
			t.leave(c)
			t.enter(c, Held, NoCause)
		}
	case TimerFired:
		t.timerFired(in.ID)
	case Noticed:
		if in.Notice < NoticeCount && t.Notices[in.Notice] != in.Text {
			t.Notices[in.Notice] = in.Text
			t.changed(NoticesChanged)
		}
	case PairingMoved:
		t.pairingMoved(in)
	case PCAttached:
		t.pcAttached(in)
	case PCCallChanged:
		t.pcChanged(in)
	case PCStreams:
		t.pcStreams(in)
	case SoundTested:
		t.soundTested(in.Verdict)
	case PINRefused:
		t.pinRefused(in)
	case QuestionDropped:
		t.dropQuestion(in.Ref)
	case Played:
		if in.No == t.Playing.No && t.Playing.ID != "" {
			t.Playing.ID, t.Playing.Paused = "", false
			t.changed(PlayingChanged)
		}
	case MailTold:
		t.mailTold(in.Line, in.Mail)
	case MailListed:
		t.mailListed(in)
	case RulesHanded:
		t.rulesHanded(in)
	case MailUnsure:
		t.mailUnsure(in.Line)
	case RecordingFailed:
		t.recordingFailed(in)
	case Recalled:
		before := t.Unseen
		if t.Unseen.add(in.Unseen); t.Unseen != before {
			t.changed(MissedChanged)
		}
	default:
		t.watchEvent(in)
	}
}

// fieldChanged takes the facts that set one field of a call.
func (t *step) fieldChanged(in Event) {
	set := func(id CallID, f func(*Call)) {
		if c := t.Call(id); c != nil {
			before := *c
			if f(c); *c != before {
				t.touched(c)
			}
		}
	}
	switch in := in.(type) {
	case RemoteHeld:
		set(in.Call, func(c *Call) { c.RemoteHeld = in.On })
	case Secured:
		set(in.Call, func(c *Call) { c.Secure, c.OpenKeys, c.DTLS = in.On && !in.Open, in.Open, in.DTLS })
	case RemoteChanged:
		set(in.Call, func(c *Call) {
			if t.Config.Canonical(c.Remote.Number) != t.Config.Canonical(in.Remote.Number) {
				c.Proof = Proof{} // it was of another number
			}
			c.Remote = in.Remote
		})
	case Proved:
		set(in.Call, func(c *Call) { c.Proof = in.Proof })
	case Able:
		set(in.Call, func(c *Call) {
			c.Refers, c.Replaces, c.Focus, c.Controls = in.Refers, in.Replaces, cmp.Or(in.Focus, c.Focus), c.Controls || in.Controls
		})
	case Redirected:
		set(in.Call, func(c *Call) { c.ForwardedTo = in.To })
	case Conversing:
		set(in.Call, func(c *Call) { c.Conversation = in.Conversation })
	}
}

func (t *step) hookMoved(off bool) {
	if t.OffHook == off {
		return
	}
	t.OffHook = off
	t.changed(HookChanged)
	front := t.Foreground()
	switch {
	case t.hookPlaying(off):
	case off && front != nil && !front.listens():
		t.setPath(Handset)
	case off:
		if c := t.First(Ringing); c != nil {
			_ = t.answer(c)
		} else if t.pcHook(true) {
			return
		} else if len(t.Lines) > 0 {
			_ = t.offHook()
		}
	case t.Path == Handset && front != nil:
		if c := t.Call(front.Over); c != nil {
			t.hangup(c)
		}
		t.hangupAll(front)
	default:
		t.pcHook(false)
	}
}

// jackMoved has the voice follow a headset: to it when it is plugged in, whatever goes on, and away from it when it is pulled.
// That never ends a call.
func (t *step) jackMoved(in bool) {
	if t.Jack == in {
		return
	}
	t.Jack = in
	t.changed(JackChanged)
	switch {
	case in:
		t.setPath(Headset)
	case t.Path != Headset:
	case t.OffHook:
		t.setPath(Handset)
	default:
		t.setPath(Speaker)
	}
}

func (t *step) lineChanged(in LineChanged) {
	l := t.Line(in.Line)
	if l == nil {
		return
	}
	if in.State != LineRegistered { // a server that cannot be reached may have lost the rules
		l.Rules, l.Why = RulesHere, ""
	}
	l.State, l.Fault, l.Detail, l.Retry, l.Until = in.State, in.Fault, in.Detail, in.Retry, in.Until
	t.note(Change{What: LineStateChanged, Line: in.Line})
}

func (t *step) invited(in Invited) {
	if t.Line(in.Line) == nil {
		t.do(RefuseInvite{Ref: in.Ref, Cause: NotFound})
		return
	}
	if in.Replaces != 0 {
		t.replace(in)
		return
	}
	if in.Joins != 0 {
		t.barge(in)
		return
	}
	r, rings := t.routed(in)
	if !rings {
		return
	}
	c := t.begin(Call{Line: in.Line, Dir: Incoming, Remote: in.Remote, Conversation: in.Conversation,
		ReferredBy: in.ReferredBy, ForwardedBy: in.ForwardedBy, Proof: in.Proof, Refers: in.Refers, Replaces: in.TakesOver, Focus: in.Focus, Controls: in.Controls,
		RingFor: r.For, Then: r.Then, Quiet: r.Quiet}, Ringing)
	t.do(SendRinging{Ref: in.Ref, Call: c.ID})
	t.announce(c, in)
	t.beside(c, r)
}

// progressed: who is called rings. Its own sound has earlyTime to come, each time the network speaks anew; where
// none comes the phone gives ringback tone itself (RFC 3960 §3.2).
func (t *step) progressed(in Progressed) {
	c := t.Call(in.Call)
	if c == nil || c.State != Calling && c.State != Ringback {
		return
	}
	before := *c
	t.unawait(c)
	c.Early, c.Heard, c.OneWay = in.Early && (c.Early || c.State == Calling), false, in.OneWay
	if c.State == Calling {
		t.enter(c, Ringback, NoCause)
	} else if *c != before {
		t.touched(c)
	}
	if c.Early {
		t.do(StartTimer{ID: TimerID{EarlyTime, c.ID}, After: earlyTime})
	}
}

// earlyHeard: the far side's sound is there, however late.
func (t *step) earlyHeard(id CallID) {
	if c := t.Call(id); c != nil && c.State == Ringback && !c.Heard {
		t.unawait(c)
		c.Early, c.Heard = true, true
		t.touched(c)
	}
}

// awaited tells whether sound of the far side is waited for before the phone gives a tone of its own.
func (c *Call) awaited() bool { return c.State == Ringback && c.Early && !c.Heard }

// unawait waits no longer for sound before the answer.
func (t *step) unawait(c *Call) {
	if c.awaited() {
		t.do(StopTimer{ID: TimerID{EarlyTime, c.ID}})
	}
}

func (t *step) accepted(id CallID) {
	if c := t.Call(id); c != nil && (c.State == Calling || c.State == Ringback) {
		t.enter(c, Talking, NoCause)
		t.joined(c)
		t.arrived(c)
	}
}

func (t *step) callFailed(in CallFailed) {
	c := t.Call(in.Call)
	if c == nil || c.State != Calling && c.State != Ringback {
		return
	}
	c.Reason = in.Reason
	t.fail(c, in.Cause)
}

// fail shows that a call did not come about, unless it was made for another that can tell it better.
func (t *step) fail(c *Call, cause Cause) {
	if c.Move != NoMove || c.Shadow {
		t.enter(c, Ended, cause)
		return
	}
	t.enter(c, Failed, cause)
}

func (t *step) byed(in Byed) {
	c := t.Call(in.Call)
	if c == nil || c.State == Dialing || c.State == Failed || c.Page != 0 {
		return
	}
	c.Reason = in.Reason
	if p := t.Call(c.With); p != nil && p.Referred && c.State.stands() || t.takenOver(c) {
		in.Cause = HandedOver // it was replaced, as we asked for
	}
	t.enter(c, Ended, in.Cause)
}

func (t *step) timerFired(id TimerID) {
	if id.Kind == QuestionTime {
		t.questionTimedOut()
		return
	}
	if id == (TimerID{Kind: CallbackTime}) && t.AwaitsHelp {
		t.AwaitsHelp = false
		t.changed(HelpChanged)
	}
	switch id {
	case TimerID{Kind: AvailableTime}:
		t.available(PresenceUnknown)
	case TimerID{Kind: AwayTime}:
		if t.Leaving {
			t.Leaving = false
			t.gone(true)
		}
	}
	c := t.Call(id.Call)
	if c == nil {
		return
	}
	switch {
	case id.Kind == InterDigit && c.State == Dialing:
		t.pauseOver(c)
	case id.Kind == RingTime && c.State == Ringing:
		t.unanswered(c)
	case id.Kind == CallTime && (c.State == Calling || c.State == Ringback):
		if c.Page == 0 {
			t.do(SendCancel{Call: c.ID})
		} else {
			t.do(EndPage{Call: c.ID})
		}
		t.fail(c, NoAnswer)
	case id.Kind == ConfirmTime && c.State == Answering:
		t.end(c, Unreachable)
	case id.Kind == AutoTime && c.Auto && c.State == Ringing:
		t.answerItself(c)
	case id.Kind == EarlyTime && c.awaited():
		c.Early = false
		t.touched(c)
	case id.Kind == MoveTime && t.referNews(c, NoAnswer, "", false):
	case id.Kind == MoveTime && c.Referred:
		t.moveOff(c, NoAnswer, "")
	case id.Kind == FailedTime && c.State == Failed:
		t.back = c.ConsultOf // nobody was to be asked: the user is back with who waits
		t.enter(c, Ended, c.Cause)
	}
}
