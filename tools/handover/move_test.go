package handover

import (
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/lab"
)

// The program on the computer: a linphonec that answers at once.
var softphone = Cast{Make: "linphonec", User: "205", Host: 15}

// aim is how long the far side may hear nothing while its call moves.
const aim = 500 * time.Millisecond

// slack is for a machine that does other things too; the bench holds the times themselves.
const slack = time.Second

// TestMoveToThePCAndBack: the far side knows REFER and Replaces; the call leaves the phone for the
// program on the computer, and the phone takes it back with an INVITE that replaces it.
func TestMoveToThePCAndBack(t *testing.T) {
	s := newStage(t)
	b := s.enter(t, linB)
	s.enter(t, softphone)
	s.do(t, phone.Dial{Number: linB.User})
	s.waitCalls(t, "Talking")
	must(t, s.WaitFlow(soon(t), s.Wire.Mark(), linB.Addr(), s.Phone.Addr()))

	wire := s.Wire.Mark()
	s.do(t, phone.MoveTo{Call: 1, Target: softphone.URI()})
	must(t, s.WaitFlow(soon(t), wire, linB.Addr(), softphone.Addr()))
	s.waitCalls(t, "")
	s.gap(t, "to the computer", wire)

	callID, fromTag, toTag, err := s.DialogOf(wire, linB.Addr())
	must(t, err)
	wire = s.Wire.Mark()
	s.do(t, phone.Pull{Target: linB.URI(), Replaces: phone.Dialog{CallID: callID, ToTag: fromTag, FromTag: toTag}})
	st := s.waitCalls(t, "Talking")
	must(t, s.WaitFlow(soon(t), wire, linB.Addr(), s.Phone.Addr()))
	s.gap(t, "and back", wire)
	if st.Calls[0].Conversation == "" {
		t.Error("the call has no conversation")
	}
	must(t, b.(*lab.Linphonec).Do(soon(t), "calls", "linphonec>"))
}

// gap checks how long the far side heard nothing since a mark.
func (s *Stage) gap(t *testing.T, what string, mark int) {
	t.Helper()
	gap, err := s.Gap(mark, linB.Addr())
	must(t, err)
	t.Logf("%s: the far side heard nothing for %v", what, gap.Round(time.Millisecond))
	if gap > aim+slack {
		t.Errorf("%s: the far side heard nothing for %v, the aim is %v", what, gap, aim)
	}
}

// TestMoveToThePCByBridge: baresip does not know Replaces; the phone stays between the two, without
// the voice, and takes the call back when it is wanted.
func TestMoveToThePCByBridge(t *testing.T) {
	s := newStage(t)
	s.enter(t, bareB)
	s.enter(t, softphone)
	s.do(t, phone.Dial{Number: bareB.User})
	s.waitCalls(t, "Talking")
	must(t, s.WaitFlow(soon(t), s.Wire.Mark(), bareB.Addr(), s.Phone.Addr()))

	wire := s.Wire.Mark()
	s.do(t, phone.MoveTo{Call: 1, Target: softphone.URI()})
	must(t, s.WaitFlow(soon(t), wire, bareB.Addr(), softphone.Addr()))
	s.gap(t, "to the computer", wire)

	wire = s.Wire.Mark()
	s.do(t, phone.Resume{Call: 1})
	must(t, s.WaitFlow(soon(t), wire, bareB.Addr(), s.Phone.Addr()))
	s.waitCalls(t, "Talking")
	s.gap(t, "and back", wire)
}

// TestThePCHandsBack: the program on the computer hands the call over to the phone itself.
func TestThePCHandsBack(t *testing.T) {
	s := newStage(t)
	s.enter(t, linB)
	p := s.enter(t, softphone)
	s.do(t, phone.Dial{Number: linB.User})
	s.waitCalls(t, "Talking")
	wire := s.Wire.Mark()
	s.do(t, phone.MoveTo{Call: 1, Target: softphone.URI()})
	must(t, s.WaitFlow(soon(t), wire, linB.Addr(), softphone.Addr()))
	s.waitCalls(t, "")
	must(t, Transfer(soon(t), p, "sip:"+PhoneUser+"@"+Domain))
	st := s.waitCalls(t, "Ringing")
	wire = s.Wire.Mark()
	s.do(t, phone.Answer{Call: st.Calls[0].ID})
	must(t, s.WaitFlow(soon(t), wire, linB.Addr(), s.Phone.Addr()))
}

// TestTheComputerRefuses: nobody is there, and the call goes on as if nothing had been.
func TestTheComputerRefuses(t *testing.T) {
	s := newStage(t)
	s.enter(t, linB)
	s.do(t, phone.Dial{Number: linB.User})
	s.waitCalls(t, "Talking")
	must(t, s.WaitFlow(soon(t), s.Wire.Mark(), linB.Addr(), s.Phone.Addr()))
	wire := s.Wire.Mark()
	s.do(t, phone.MoveTo{Call: 1, Target: softphone.URI()})
	st, err := s.Phone.WaitState(soon(t), "refusal", func(st *phone.State) bool { return st.Calls[0].MoveFailed != phone.NoCause })
	must(t, err)
	if c := st.Calls[0]; c.State != phone.Talking || c.Move != phone.NoMove {
		t.Errorf("%v, %v", c.State, c.Move)
	}
	must(t, s.WaitFlow(soon(t), s.Wire.Mark(), linB.Addr(), s.Phone.Addr()))
	s.gap(t, "refused", wire)
}
