package handover

import (
	"testing"

	"opendeskphone/firmware/phone"
)

// TestRingingCallIsSentOn: the caller's phone follows to whom the ringing call is sent on, and nothing was missed here.
func TestRingingCallIsSentOn(t *testing.T) {
	s := newStage(t)
	caller, target := Cast{Make: "linphonec", User: "202", Host: 12}, Cast{Make: "baresip", User: "201", Host: 11}
	from, to := s.enter(t, caller), s.enter(t, target)
	mark, heard := s.Wire.Mark(), to.Mark()
	must(t, from.Dial(soon(t), "sip:"+PhoneUser+"@"+Domain))
	st := s.waitCalls(t, "Ringing")
	s.do(t, phone.Deflect{Call: st.Calls[0].ID, Target: target.User})
	must(t, to.WaitTalking(soon(t), heard))
	must(t, s.WaitFlow(soon(t), mark, caller.Addr(), target.Addr()))
	if st := s.waitCalls(t, ""); st.Missed != 0 {
		t.Errorf("%d calls are missed", st.Missed)
	}
}
