package phone

import (
	"strings"
	"testing"
)

// able is a phone with calls in these states whose far sides can do all there is.
func able(t testing.TB, words string) *bench {
	b := oneLine(t).reach(words)
	for _, c := range b.s.Calls {
		b.do(Able{Call: c.ID, Refers: true, Replaces: true})
	}
	return b
}

// movesOf writes what is being done with each call: "1 transferring with 2".
func movesOf(s State) string {
	var out []string
	for _, c := range s.Calls {
		word := ""
		if c.Shadow {
			word = "shadow "
		}
		word += c.Move.String()
		if c.MoveFailed != NoCause {
			word += " (" + c.MoveFailed.String() + ")"
		}
		if c.With != 0 {
			word += " with " + string(rune('0'+c.With))
		}
		out = append(out, word)
	}
	return strings.Join(out, ", ")
}

// move checks what is being done with the calls, and what came of the last input.
func (b *bench) move(wantMoves, wantCalls, wantEffects string) {
	b.t.Helper()
	if got := movesOf(b.s); got != wantMoves {
		b.t.Errorf("moves: got %q, want %q", got, wantMoves)
	}
	b.say(wantCalls, wantEffects)
}

func TestABlindTransfer(t *testing.T) {
	b := able(t, "Talking")
	b.do(Transfer{Call: 1, Target: "300"})
	b.move("transferring", "Held", "hold 1 true, refer 1 to 300, start move 1 32s, sound speaker")
	b.refused(Resume{Call: 1}, Moving)
	b.refused(Swap{}, WrongState)
	b.refused(Transfer{Call: 1, Target: "200"}, Moving)
	b.refused(MoveTo{Call: 1, Target: "200"}, Moving)
	b.refused(Consult{Call: 1, Number: "200"}, Moving)
	b.do(MoveProgressed{Call: 1}) // it rings there: that may take as long as a call of ours
	b.say("Held", "start move 1 3m0s")
	b.do(Moved{Call: 1})
	b.say("", "bye 1, log 1, stop move 1")
	if moves(b.changes) != "1 Held>Ended: handed over" {
		t.Error(moves(b.changes))
	}
}

func TestATransferThatFailsGivesTheCallBack(t *testing.T) {
	for want, in := range map[string]Input{
		"none (busy)":      MoveRefused{Call: 1, Cause: UserBusy, Reason: "Busy Here"},
		"none (no answer)": TimerFired{ID: TimerID{MoveTime, 1}},
	} {
		b := able(t, "Talking")
		b.do(Transfer{Call: 1, Target: "300"}, in)
		b.move(want, "Held", "stop move 1")
		if _, late := in.(TimerFired); late {
			b.do(Moved{Call: 1}) // they got through after all
			b.say("", "bye 1, log 1")
			continue
		}
		b.do(Resume{Call: 1})
		b.move("none", "Talking", "hold 1 false, sound voice 1 speaker")
	}
}

func TestATransferOfTheHeldCallLeavesTheOtherAlone(t *testing.T) {
	b := able(t, "Held Talking")
	b.do(Transfer{Call: 1, Target: "300"})
	b.move("transferring, none", "Held Talking", "refer 1 to 300, start move 1 32s")
	b.do(Moved{Call: 1})
	b.say("Talking", "bye 1, log 1, stop move 1")
}

func TestOnlyWhatCanBeCalledIsATarget(t *testing.T) {
	b := able(t, "Talking Ringing")
	for _, in := range []Input{Transfer{Call: 1}, Consult{Call: 1}, MoveTo{Call: 1}} {
		b.refused(in, WrongNumber)
	}
	for _, in := range []Input{Transfer{Call: 2, Target: "300"}, Consult{Call: 2, Number: "300"}, MoveTo{Call: 2, Target: "300"}, CompleteTransfer{Call: 2, Consult: 1}, CompleteTransfer{Call: 1, Consult: 2}} {
		b.refused(in, WrongState)
	}
	b.refused(CompleteTransfer{Call: 1, Consult: 1}, WrongValue)
	b.refused(CompleteTransfer{Call: 1, Consult: 9}, NoSuchCall)
	b.refused(Reconnect{Call: 1, Consult: 2}, WrongState)
	b.refused(Reconnect{Call: 1, Consult: 9}, NoSuchCall)
}

// consulted is a call about which another one is being asked.
func consulted(t testing.TB, e ...Input) *bench {
	b := able(t, "Talking")
	b.do(Consult{Call: 1, Number: "200"})
	b.say("Held Calling", "hold 1 true, start call 2 3m0s, invite 2 to 200 on 0, sound speaker")
	if b.s.Calls[1].ConsultOf != 1 {
		t.Errorf("it asks about call %d", b.s.Calls[1].ConsultOf)
	}
	b.do(e...)
	return b
}

var bothAble = []Input{Able{Call: 2, Refers: true, Replaces: true}, Accepted{Call: 2}}

func TestAnAttendedTransfer(t *testing.T) {
	b := consulted(t, bothAble...)
	b.do(CompleteTransfer{Call: 1, Consult: 2})
	b.move("transferring with 2, transferring with 1", "Held Held", "hold 2 true, refer 1 to 2, start move 1 32s, sound speaker")
	b.do(Byed{Call: 2, Cause: RemoteHangup}) // call 1 has replaced it
	b.move("transferring", "Held", "log 2")
	if moves(b.changes) != "2 Held>Ended: handed over, 1 touched" {
		t.Error(moves(b.changes))
	}
	b.do(Moved{Call: 1})
	b.say("", "bye 1, log 1, stop move 1")
}

func TestAnAttendedTransferThatFailsKeepsBothCalls(t *testing.T) {
	b := consulted(t, bothAble...)
	b.do(CompleteTransfer{Call: 1, Consult: 2}, MoveRefused{Call: 1, Cause: Rejected})
	b.move("none (declined), none (declined)", "Held Held", "stop move 1")
	b.do(Reconnect{Call: 1, Consult: 2})
	b.move("none", "Talking", "bye 2, log 2, hold 1 false, sound voice 1 speaker")
}

func TestTheFarSideThatIsTransferredMayHangUp(t *testing.T) {
	b := consulted(t, bothAble...)
	b.do(CompleteTransfer{Call: 1, Consult: 2}, Byed{Call: 1, Cause: RemoteHangup})
	b.move("none (hung up there)", "Held", "log 1, stop move 1")
}

func TestHandingOverWhileItRingsNeedsNoAnswer(t *testing.T) {
	b := consulted(t, Progressed{Call: 2})
	b.do(CompleteTransfer{Call: 1, Consult: 2})
	b.move("transferring", "Held", "refer 1 to 200, start move 1 32s, cancel 2, stop call 2, log 2, sound speaker")
}

func TestReconnectDropsTheConsultation(t *testing.T) {
	b := consulted(t)
	b.do(Reconnect{Call: 1, Consult: 2})
	b.move("none", "Talking", "cancel 2, stop call 2, log 2, hold 1 false, sound voice 1 speaker")
}

// whoever knows REFER is asked; if nobody does, the phone keeps both halves.
func TestTheWayOfATransferIsThatOfTheFarSides(t *testing.T) {
	for _, r := range []struct {
		first, second Able
		want          string
	}{
		{Able{Call: 1, Refers: true, Replaces: true}, Able{Call: 2, Replaces: true}, "hold 2 true, refer 1 to 2, start move 1 32s, sound speaker"},
		{Able{Call: 1, Replaces: true}, Able{Call: 2, Refers: true, Replaces: true}, "hold 2 true, refer 2 to 1, start move 2 32s, sound speaker"},
		{Able{Call: 1, Refers: true}, Able{Call: 2, Refers: true, Replaces: true}, "hold 2 true, bridge 1 2, sound speaker"},
		{Able{Call: 1}, Able{Call: 2}, "hold 2 true, bridge 1 2, sound speaker"},
	} {
		b := consulted(t, r.first, r.second, Accepted{Call: 2})
		b.do(CompleteTransfer{Call: 1, Consult: 2})
		b.say("Held Held", r.want)
	}
}

func TestAFarSideThatDoesNotKnowREFERIsBridged(t *testing.T) {
	b := consulted(t, bothAble...)
	b.do(CompleteTransfer{Call: 1, Consult: 2}, MoveRefused{Call: 1, Unable: true})
	b.move("transferring with 2, transferring with 1", "Held Held", "stop move 1, refer 2 to 1, start move 2 32s")
	b.do(MoveRefused{Call: 2, Unable: true})
	b.move("bridged with 2, bridged with 1", "Held Held", "stop move 2, bridge 2 1")
	b.refused(Resume{Call: 1}, Moving)
	b.refused(Join{Calls: [MaxConf]CallID{1, 2}}, Moving)
	b.do(Byed{Call: 2, Cause: RemoteHangup})
	b.say("", "log 2, bye 1, log 1")
}

func TestABridgeThatFailsGivesBothCallsBack(t *testing.T) {
	b := consulted(t, Able{Call: 1}, Accepted{Call: 2})
	b.do(CompleteTransfer{Call: 1, Consult: 2}, MoveRefused{Call: 1, Cause: Incompatible})
	b.move("none (incompatible), none (incompatible)", "Held Held", "hold 1 true, hold 2 true")
}

func TestABlindTransferWithoutREFER(t *testing.T) {
	b := oneLine(t).reach("Talking")
	b.do(Transfer{Call: 1, Target: "300"})
	b.move("transferring with 2, shadow transferring with 1", "Held Calling", "hold 1 true, start call 2 3m0s, invite 2 to 300 on 0, sound speaker")
	if b.s.Foreground() != nil {
		t.Errorf("%+v is in the foreground", b.s.Foreground())
	}
	b.do(Progressed{Call: 2})
	b.say("Held Ringback", "") // nobody here hears it
	b.do(Accepted{Call: 2})
	b.move("bridged with 2, shadow bridged with 1", "Held Talking", "stop call 2, bridge 1 2")
	b.do(Byed{Call: 1, Cause: RemoteHangup})
	b.say("", "log 1, bye 2") // a call nobody made is in no log
}

func TestABlindTransferWithoutREFERThatIsNotAnswered(t *testing.T) {
	for _, in := range []Input{CallFailed{Call: 2, Cause: UserBusy}, TimerFired{ID: TimerID{CallTime, 2}}} {
		b := oneLine(t).reach("Talking")
		b.do(Transfer{Call: 1, Target: "300"}, in)
		if got := movesOf(b.s); got != "none (busy)" && got != "none (no answer)" || calls(b.s) != "Held" {
			t.Errorf("%T: %s, %s", in, got, calls(b.s))
		}
	}
}

func TestMovingACallToTheComputer(t *testing.T) {
	b := able(t, "Talking")
	b.do(MoveTo{Call: 1, Target: "sip:pc@pbx.example"})
	b.move("to the computer with 2, shadow to the computer with 1", "Talking Calling", "start call 2 3m0s, invite 2 to sip:pc@pbx.example on 0")
	b.do(Able{Call: 2, Replaces: true}, Accepted{Call: 2})
	b.move("to the computer with 2, shadow to the computer with 1", "Talking Talking", "stop call 2, refer 1 to 2, start move 1 32s")
	b.do(Byed{Call: 2, Cause: RemoteHangup}, Moved{Call: 1})
	b.say("", "bye 1, log 1, stop move 1, sound speaker")
}

func TestACallTheComputerDoesNotTakeGoesOn(t *testing.T) {
	b := able(t, "Talking")
	b.do(MoveTo{Call: 1, Target: "300"}, CallFailed{Call: 2, Cause: Rejected})
	b.move("none (declined)", "Talking", "stop call 2")
	b.do(MoveTo{Call: 1, Target: "300"}, Reconnect{Call: 1, Consult: 3})
	b.move("none", "Talking", "cancel 3, stop call 3")
	b.do(MoveTo{Call: 1, Target: "300"}, Byed{Call: 1, Cause: RemoteHangup})
	b.say("", "log 1, cancel 4, stop call 4, sound speaker")
}

func TestACallKeptForTheComputerCanBeTakenBack(t *testing.T) {
	b := oneLine(t).reach("Talking")
	b.do(MoveTo{Call: 1, Target: "300"}, Accepted{Call: 2})
	b.move("bridged with 2, shadow bridged with 1", "Held Talking", "stop call 2, bridge 1 2, sound speaker")
	b.do(Resume{Call: 1})
	b.move("none", "Talking", "bye 2, hold 1 false, sound voice 1 speaker")
}

func TestPullingACallFromTheComputer(t *testing.T) {
	b := oneLine(t)
	d := Dialog{CallID: "x", ToTag: "y", FromTag: "z"}
	b.refused(Pull{Target: "300"}, WrongValue)
	b.refused(Pull{Line: 9, Target: "300", Replaces: d}, NoSuchLine)
	b.do(Pull{Target: "300", Replaces: d}, Accepted{Call: 1})
	b.say("Talking", "stop call 1, sound voice 1 speaker")
}

func TestTheFarSideSendsUsToSomebodyElse(t *testing.T) {
	b := able(t, "Talking")
	b.do(Referred{Ref: 5, Call: 1, To: Peer{Number: "300", URI: "sip:300@pbx.example"}, By: anna})
	b.move("following with 2, following with 1", "Held Calling", "hold 1 true, start call 2 3m0s, invite 2 to sip:300@pbx.example on 0, sound speaker")
	if b.s.Calls[1].ReferredBy != anna {
		t.Errorf("referred by %+v", b.s.Calls[1].ReferredBy)
	}
	b.refused(Resume{Call: 1}, Moving)
	b.do(Accepted{Call: 2})
	b.move("none", "Talking", "stop call 2, bye 1, log 1, sound voice 2 speaker")
}

func TestWeComeBackFromSomebodyWhoIsNotToBeHad(t *testing.T) {
	refer := Referred{Ref: 5, Call: 1, To: Peer{URI: "sip:300@pbx.example"}}
	for _, in := range []Input{CallFailed{Call: 2, Cause: UserBusy}, Hangup{Call: 2}, TimerFired{ID: TimerID{CallTime, 2}}} {
		b := able(t, "Talking")
		b.do(refer, in)
		if movesOf(b.s)[:4] != "none" || calls(b.s) != "Talking" || !strings.HasSuffix(orders(b.effects), "hold 1 false, sound voice 1 speaker") {
			t.Errorf("%T: %s; %s; %s", in, movesOf(b.s), calls(b.s), orders(b.effects))
		}
	}
	b := able(t, "Talking")
	b.do(refer, Dial{})
	b.say("Held Dialing", "cancel 2, stop call 2, log 2, sound dial tone speaker")
}

func TestWhomNobodySendsAnywhere(t *testing.T) {
	refer := Referred{Ref: 5, Call: 1, To: Peer{URI: "sip:300@pbx.example"}}
	b := oneLine(t).reach("Ringing")
	b.do(refer)
	b.say("Ringing", "refuse refer 5")
	b = able(t, "Talking")
	b.do(Transfer{Call: 1, Target: "300"}, refer)
	b.move("transferring", "Held", "refuse refer 5")
	c := b.s.Config
	c.Follow = false
	b = able(t, "Talking")
	b.do(Configure{Config: c}, refer)
	b.move("none", "Talking", "refuse refer 5")
}

func TestACallTakesThePlaceOfAnother(t *testing.T) {
	bo := Peer{Name: "Bo", Number: "202"}
	for _, r := range []struct{ before, after, effects string }{
		{"Talking", "Answering", "start ring 2 2m0s, ringing 2, bye 1, log 1, stop ring 2, start confirm 2 32s, accept 2, sound voice 2 speaker"},
		{"Ringback", "Answering", "start ring 2 2m0s, ringing 2, cancel 1, stop call 1, log 1, stop ring 2, start confirm 2 32s, accept 2, sound voice 2 speaker"},
		{"Held", "Held", "start ring 2 2m0s, ringing 2, bye 1, log 1, stop ring 2, accept 2, hold 2 true"},
	} {
		b := oneLine(t).reach(r.before)
		b.do(Invited{Ref: 9, Remote: bo, Replaces: 1})
		b.say(r.after, r.effects)
		if b.s.Missed != 0 || b.s.Calls[0].Remote != bo {
			t.Errorf("%d missed, %+v", b.s.Missed, b.s.Calls[0])
		}
	}
	b := oneLine(t).reach("Ringing")
	b.do(Invited{Ref: 9, Remote: bo, Replaces: 1})
	b.say("Ringing", "refuse 9: cancelled")
	b.do(Invited{Ref: 9, Remote: bo, Replaces: 7})
	b.say("Ringing", "refuse 9: cancelled")
}

func TestTwoTransfersWithThreeCallsAreNotMixedUp(t *testing.T) {
	b := able(t, "Held Held Held")
	b.do(CompleteTransfer{Call: 1, Consult: 3}, Transfer{Call: 2, Target: "300"})
	b.move("transferring with 3, transferring, transferring with 1", "Held Held Held", "refer 2 to 300, start move 2 32s")
	b.refused(CompleteTransfer{Call: 2, Consult: 3}, Moving)
	b.do(MoveRefused{Call: 2, Cause: UserBusy})
	b.move("transferring with 3, none (busy), transferring with 1", "Held Held Held", "stop move 2")
	b.refused(CompleteTransfer{Call: 2, Consult: 3}, Moving)
	b.do(Moved{Call: 1})
	b.move("none (busy)", "Held", "bye 3, log 3, bye 1, log 1, stop move 1")
}

func TestTheConversationIsKnownAndKept(t *testing.T) {
	b := oneLine(t)
	b.do(Dial{Number: "200", Conversation: "c9"})
	if e := b.effects[1].(SendInvite); e.Conversation != "c9" {
		t.Errorf("%+v", e)
	}
	b = able(t, "Talking")
	b.do(Conversing{Call: 1, Conversation: "c8"}, Referred{Ref: 5, Call: 1, To: anna})
	if c := b.s.Calls[1]; c.Conversation != "c8" {
		t.Errorf("%+v", c)
	}
}
