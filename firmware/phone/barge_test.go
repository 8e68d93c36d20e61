package phone

import (
	"slices"
	"testing"
)

// barging is a phone that talks to Ben on a shared line, and lets others in or not.
func barging(t *testing.T, may BargeIn) *bench {
	b := oneLine(t)
	c := b.s.Config
	c.Lines = slices.Clone(c.Lines)
	c.Lines[1].Appearances, c.Lines[1].BargeIn = 2, may
	b.do(Configure{Config: c}, LineChanged{Line: 1, State: LineRegistered}, AppearancesTold{Line: 1, Known: true}, Invited{Ref: 1, Line: 1, Remote: ben}, Answer{Call: 1}, Confirmed{Call: 1})
	return b
}

// colleague is whoever sits at another phone of the line.
var colleague = Peer{Name: "Cora", Number: "200", URI: "sip:200@pbx.example"}

func (b *bench) asks(of CallID) {
	b.t.Helper()
	b.do(Invited{Ref: 2, Line: 1, Remote: colleague, Joins: of})
}

// TestAnotherPhoneIsLetIn: it rings, whoever answers joins the two, and the call stays where it is on the line. All hear a tone
// once it is in.
func TestAnotherPhoneIsLetIn(t *testing.T) {
	b := barging(t, BargeAsk)
	b.asks(1)
	if got := calls(b.s); got != "Talking Ringing" || b.s.sound().Tone != WaitingTone {
		t.Fatalf("%s, %+v", got, b.s.sound())
	}
	b.do(Answer{Call: 2})
	if got := calls(b.s); got != "Talking Answering" {
		t.Fatalf("let in: %s", got)
	}
	if s := b.s.sound(); s.Voices[0] != 1 || s.Voices[1] != 2 {
		t.Errorf("heard %+v", s)
	}
	b.do(Confirmed{Call: 2})
	effectOf[Chime](b)
	b.wantPlaces("free+Talking free ")
	b.do(Hold{Call: 1})
	if got := calls(b.s); got != "Held Held" {
		t.Errorf("held: %s", got)
	}
	b.do(Resume{Call: 1}, Byed{Call: 2, Cause: RemoteHangup})
	if got := calls(b.s); got != "Talking" || b.s.Calls[0].Conf != 0 {
		t.Errorf("after it left: %s %+v", got, b.s.Calls)
	}

	b = barging(t, BargeAllow)
	b.asks(1)
	if got := calls(b.s); got != "Talking Answering" {
		t.Errorf("let in unasked: %s", got)
	}
}

// TestAnotherPhoneIsNotLetIn: by the settings, by the person, where there is no such call any more, and into a call for help.
func TestAnotherPhoneIsNotLetIn(t *testing.T) {
	refused := func(what string, b *bench, of CallID, cause Cause) {
		t.Helper()
		before := calls(b.s)
		b.asks(of)
		if got := effectOf[RefuseInvite](b); got.Cause != cause || calls(b.s) != before {
			t.Errorf("%s: %+v, %s", what, got, calls(b.s))
		}
	}
	refused("denied", barging(t, BargeDeny), 1, Rejected)
	refused("no such call", barging(t, BargeAllow), 9, Rejected)
	b := barging(t, BargeAllow)
	b.do(Hold{Call: 1, Private: true})
	refused("held privately", b, 1, Rejected)
	b = barging(t, BargeAllow)
	b.do(Dial{Line: 1, Number: "112"}, Accepted{Call: 2})
	refused("help", b, 2, Rejected)
	b = barging(t, BargeAllow)
	b.do(LineChanged{State: LineRegistered}, Dial{Number: "302"}, Accepted{Call: 2})
	refused("of another line", b, 2, Rejected)
	b = barging(t, BargeAsk)
	c := b.s.Config
	c.CallWaiting = false
	b.do(Configure{Config: c})
	refused("no second call", b, 1, UserBusy)
	b = barging(t, BargeAllow)
	for ref := Ref(2); ref < 2+MaxConf-1; ref++ {
		b.do(Invited{Ref: ref, Line: 1, Remote: colleague, Joins: 1}, Confirmed{Call: CallID(ref)})
	}
	refused("full", b, 1, UserBusy)

	for what, in := range map[string]Input{"declined": Reject{Call: 2}, "held meanwhile": Hold{Call: 1}, "over": Hangup{Call: 1}, "nobody answers": TimerFired{ID: TimerID{RingTime, 2}}} {
		b := barging(t, BargeAsk)
		b.asks(1)
		b.do(in)
		if got := effectOf[SendReject](b); got.Call != 2 || b.s.Call(2) != nil || b.s.Unseen != (Unseen{}) {
			t.Errorf("%s: %+v, %s, %+v", what, got, calls(b.s), b.s.Unseen)
		}
		for _, e := range b.effects {
			if l, ok := e.(LogCall); ok && l.Record.Call == 2 {
				t.Errorf("%s: it is in the log: %+v", what, l.Record)
			}
		}
	}
}

// TestACallOfAnotherPhoneIsJoined: it is asked for at the line's own address, by that phone's name of the call, and takes no
// appearance.
func TestACallOfAnotherPhoneIsJoined(t *testing.T) {
	talks := other(1, AppearanceBusy)
	talks.Caller, talks.Dialog = ben, Dialog{"x", "bens", "coras"}
	b := sharing(t, talks)
	b.s.Config.Lines[1].Withhold = true
	b.do(JoinAppearance{Line: 1, Number: 1})
	if got := effectOf[SendInvite](b); got.Withheld || got.Target != "sip:200@pbx.example" || got.Line != 1 || got.Join != (Dialog{"x", "coras", "bens"}) || got.Replaces != (Dialog{}) {
		t.Errorf("asked by %+v", got)
	}
	b.wantPlaces("busy free ")
	if c := b.s.Calls[0]; c.Remote.Number != "200" {
		t.Errorf("asked is %+v", c.Remote)
	}
	b.do(Accepted{Call: 1})
	b.wantPlaces("busy free ")
	if c := b.s.Calls[0]; c.Remote != ben {
		t.Errorf("it leads to %+v", c.Remote)
	}
	if err := b.try(Hold{Call: 1, Private: true}); err != WrongValue {
		t.Errorf("held privately: %v", err)
	}
	private := talks
	private.Exclusive = true
	for _, r := range []struct {
		is   Other
		at   uint8
		want error
	}{{talks, 2, WrongState}, {talks, 3, WrongValue}, {private, 1, Forbidden}, {other(1, AppearanceBusy), 1, WrongState}, {other(1, AppearanceHeld), 1, WrongState}} {
		if err := sharing(t, r.is).try(JoinAppearance{Line: 1, Number: r.at}); err != r.want {
			t.Errorf("%+v at %d: %v, want %v", r.is, r.at, err, r.want)
		}
	}
}
