package handover

import (
	"testing"

	"opendeskphone/firmware/phone"
)

// TestRelayedCalls: a provider's rtpengine stands between the phone, whose line requires encryption, and a baresip that knows
// none. The voice goes both ways through the relay alone, through hold and resume, and the lock tells of the phone's own way.
func TestRelayedCalls(t *testing.T) {
	s := newStageBy(t, NewRelayedStage)
	peer := Cast{Make: "baresip", User: "201", Host: 11}
	p := s.enter(t, peer)
	began := s.Wire.Mark()
	s.do(t, phone.Dial{Number: peer.User})
	s.relayed(t, peer, began)
	must(t, p.Hangup(soon(t)))
	s.waitCalls(t, "")

	wire := s.Wire.Mark()
	must(t, p.Dial(soon(t), "sip:"+PhoneUser+"@"+Domain))
	st := s.waitCalls(t, "Ringing")
	s.do(t, phone.Answer{Call: st.Calls[0].ID})
	id := s.relayed(t, peer, wire)
	s.do(t, phone.Hold{Call: id})
	s.waitCalls(t, "Held")
	wire = s.Wire.Mark()
	s.do(t, phone.Resume{Call: id})
	s.relayed(t, peer, wire)
	s.do(t, phone.Hangup{Call: id})
	s.waitCalls(t, "")
	for _, k := range s.Wire.Since(began) {
		if k.RTP() && k.Src.Addr() != registrarAt.Addr() && k.Dst.Addr() != registrarAt.Addr() {
			t.Fatalf("voice from %v to %v passes the relay by", k.Src, k.Dst)
		}
	}
}

// relayed waits until the one call talks in secret, and both ends are heard.
func (s *Stage) relayed(t *testing.T, peer Cast, wire int) phone.CallID {
	t.Helper()
	st, err := s.Phone.WaitState(soon(t), "the lock", func(st *phone.State) bool {
		return len(st.Calls) == 1 && st.Calls[0].State == phone.Talking && st.Calls[0].Secure
	})
	must(t, err)
	must(t, s.WaitFlow(soon(t), wire, s.Phone.Addr(), registrarAt.Addr()))
	must(t, s.WaitFlow(soon(t), wire, registrarAt.Addr(), peer.Addr()))
	s.hearsClip(t, says(t, peer.User))
	return st.Calls[0].ID
}
