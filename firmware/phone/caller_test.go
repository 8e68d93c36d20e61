package phone

import "testing"

var hidden = Invited{Ref: 7, Remote: Peer{Hidden: true}}

func TestAnonymousCallersAreRefusedWhereTheSettingSaysSo(t *testing.T) {
	b := oneLine(t)
	b.do(hidden)
	b.say("Ringing", "start ring 1 2m0s, ringing 1, sound ring speaker")
	b.do(Reject{Call: 1})
	b.s.Config.RefuseAnonymous = true
	b.do(hidden)
	b.say("", "refuse 7: not allowed")
	b.do(Invited{Remote: anna}) // who shows his number is none of them, checked or not
	b.do(Reject{Call: 2})
	b.do(Invited{Remote: anna, Proof: Proof{Verdict: NotVerified, Doubt: BadSignature}})
	if c := b.s.Calls[0]; c.State != Ringing || c.Proof.Doubt != BadSignature {
		t.Errorf("%+v", c)
	}
}

// TestHelpMayCallBack: after an emergency call nobody is turned away for half an hour, nor is ever who is known for help.
func TestHelpMayCallBack(t *testing.T) {
	b := oneLine(t)
	b.s.Config.RefuseAnonymous = true
	b.do(Invited{Ref: 7, Remote: Peer{Hidden: true}, Callback: true}, Reject{Call: 1})
	b.do(Dial{Number: "112"}, Hangup{Call: 2}, hidden, Reject{Call: 3})
	b.do(TimerFired{ID: TimerID{Kind: CallbackTime}}, hidden)
	b.say("", "refuse 7: not allowed")
}

func TestTheNumberIsWithheldByCallAndByLine(t *testing.T) {
	sent := func(b *bench) bool {
		for _, e := range b.effects {
			if i, ok := e.(SendInvite); ok {
				return i.Withheld
			}
		}
		t.Fatal("no INVITE")
		return false
	}
	b := oneLine(t)
	b.do(Dial{Number: "200", Withheld: true})
	if !sent(b) || !b.s.Calls[0].Withheld {
		t.Error("it was told")
	}
	b.refused(WithholdNumber{On: true}, WrongState)
	b.do(Hangup{Call: 1}, Dial{}, WithholdNumber{On: true})
	b.do(typed("200")...)
	if !sent(b) {
		t.Error("it was told")
	}
	b.do(Hangup{Call: 2}, Dial{}, WithholdNumber{On: true}, WithholdNumber{})
	b.do(typed("200")...)
	if sent(b) {
		t.Error("it was withheld all the same")
	}
	b.s.Config.Lines[0].Withhold = true
	b.do(Hangup{Call: 3}, Dial{Number: "200"})
	if !sent(b) {
		t.Error("the line's setting does not count")
	}
	b.do(Hangup{Call: 4}, Invited{Remote: anna}, Answer{Call: 5}, Confirmed{Call: 5}, Transfer{Call: 5, Target: "200"})
	if !sent(b) {
		t.Error("a call made for a transfer tells the number")
	}
	b.do(Hangup{Call: 5}, Dial{Number: "112", Withheld: true})
	if sent(b) {
		t.Error("an emergency call withholds the number")
	}
}

// TestWhoHasTheCallNow: the far side may become somebody else; what its number is worth goes with the number, and the log
// has whom the call ended with.
func TestWhoHasTheCallNow(t *testing.T) {
	b := oneLine(t)
	proof := Proof{Verdict: Verified, Here: true, Attest: "A"}
	b.do(Invited{Remote: anna, ForwardedBy: Peer{Number: "300"}}, Proved{Call: 1, Proof: proof}, Answer{Call: 1}, Confirmed{Call: 1})
	b.do(RemoteChanged{Call: 1, Remote: Peer{Name: "Anna Berg", Number: "201"}})
	if c := b.s.Calls[0]; c.Proof != proof {
		t.Errorf("the same number is worth less: %+v", c)
	}
	b.do(RemoteChanged{Call: 1, Remote: Peer{Number: "400"}}, Hangup{Call: 1})
	for _, e := range b.effects {
		if l, ok := e.(LogCall); ok && (l.Record.Remote.Number != "400" || l.Record.Proof != (Proof{}) || l.Record.ForwardedBy.Number != "300") {
			t.Errorf("%+v", l.Record)
		}
	}
}

func TestCanonical(t *testing.T) {
	c := Config{Numbering: Numbering{Plan: NumberPlan{Country: "49", International: "00", National: "0", Area: "30", Extension: 4}}}
	for in, want := range map[string]string{
		"+49 (0)30 5550142": "+49305550142", "0049 30 5550142": "+49305550142", "030/555-0142": "+49305550142", "5550142": "+49305550142", "tel:+49-30-555-0142": "+49305550142",
		"+49305550142": "+49305550142", "2417": "2417", "sip:Anna@PBX.example": "anna@pbx.example", "*21#": "*21#", "Anna": "Anna",
	} {
		if got := c.Canonical(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
