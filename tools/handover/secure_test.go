package handover

import (
	"strings"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/lab"
)

// secured is a call with a peer that insists on encryption: what the answers say of the keys when the phone calls and
// when the peer does, and what the phone must show.
type secured struct {
	peer Cast
	out  string
	in   string
	want phone.Call
}

// TestSecuredCalls: calls both ways with peers that insist on a handshake or on keys by SDES; the phone hears them,
// through hold and resume, and the lock tells the truth.
func TestSecuredCalls(t *testing.T) {
	t.Parallel()
	const print, gcm, cm128, cm256 = "a=fingerprint:", " AEAD_AES_128_GCM ", " AES_CM_128_HMAC_SHA1_80 ", " AES_256_CM_HMAC_SHA1_80 "
	t.Run("signalling in the open", func(t *testing.T) {
		s := newStage(t, wideLine)
		s.securedCalls(t, []secured{
			{Cast{Make: "baresip", User: "201", Host: 11, DTLS: true}, print, print, phone.Call{Secure: true, DTLS: true}},
			{Cast{Make: "linphonec", User: "202", Host: 12, DTLS: true}, print, print, phone.Call{Secure: true, DTLS: true}},
			{Cast{Make: "baresip", User: "203", Host: 13, SDES: true}, gcm, cm128, phone.Call{OpenKeys: true}},
		})
		t.Run("through a mediation server", s.mediated)
	})
	t.Run("TLS and encryption required", func(t *testing.T) {
		s := newStageBy(t, NewTLSStage)
		s.securedCalls(t, []secured{
			{Cast{Make: "baresip", User: "201", Host: 11, SDES: true}, gcm, cm128, phone.Call{Secure: true}},
			{Cast{Make: "linphonec", User: "202", Host: 12, SDES: true, Suites: "AES_256_CM_HMAC_SHA1_80, AES_CM_128_HMAC_SHA1_80"}, cm128, cm256, phone.Call{Secure: true}},
			{Cast{Make: "baresip", User: "203", Host: 13, DTLS: true}, print, print, phone.Call{Secure: true, DTLS: true}},
		})
		t.Run("a gateway", s.gatewayByTLS)
	})
}

func (s *Stage) securedCalls(t *testing.T, rows []secured) {
	for _, r := range rows {
		name := r.peer.Make + " SDES"
		if r.peer.DTLS {
			name = r.peer.Make + " DTLS"
		}
		t.Run(name, func(t *testing.T) {
			p := s.enter(t, r.peer)
			wire := s.Wire.Mark()
			s.do(t, phone.Dial{Number: r.peer.User})
			s.secure(t, r, wire)
			s.wantAnswer(t, wire, r.out)
			must(t, p.Hangup(soon(t)))
			s.waitCalls(t, "")

			wire = s.Wire.Mark()
			must(t, p.Dial(soon(t), "sip:"+PhoneUser+"@"+Domain))
			st := s.waitCalls(t, "Ringing")
			s.do(t, phone.Answer{Call: st.Calls[0].ID})
			id := s.secure(t, r, wire)
			s.wantAnswer(t, wire, r.in)
			s.do(t, phone.Hold{Call: id})
			s.waitCalls(t, "Held")
			s.do(t, phone.Resume{Call: id})
			id = s.secure(t, r, s.Wire.Mark())
			s.hearsClip(t, says(t, r.peer.User))
			s.do(t, phone.Hangup{Call: id})
			s.waitCalls(t, "")
		})
	}
}

func says(t *testing.T, user string) lab.Clip {
	t.Helper()
	c, err := Voice(user)
	must(t, err)
	return c
}

// hearsClip waits until the phone's speaker plays a clip well: on a busy machine that may not be the first time.
func (s *Stage) hearsClip(t *testing.T, c lab.Clip) {
	t.Helper()
	for n := 1; ; n++ {
		score, err := lab.Find(c, s.listen(t))
		switch {
		case err == nil && score.Correlation >= 0.8:
			return
		case n == 5:
			t.Fatalf("the phone hears it badly: %v, %v", score, err)
		}
		t.Logf("once more: %v, %v", score, err)
	}
}

// listen is what the phone's speaker plays for a while.
func (s *Stage) listen(t *testing.T) lab.Clip {
	t.Helper()
	const d = 2 * time.Second
	tape, err := lab.OpenTape(soon(t), func() (string, error) { return s.Phone.Speaker(), nil })
	must(t, err)
	defer tape.Close()
	began := tape.Length()
	must(t, tape.WaitLength(soon(t), began+d))
	heard, err := tape.Cut(began, began+d)
	must(t, err)
	return heard
}

// secure waits until the one call talks, is as secure as it must be, and voice goes both ways.
func (s *Stage) secure(t *testing.T, r secured, wire int) phone.CallID {
	t.Helper()
	st, err := s.Phone.WaitState(soon(t), "the lock", func(st *phone.State) bool {
		if len(st.Calls) != 1 || st.Calls[0].State != phone.Talking {
			return false
		}
		c := &st.Calls[0]
		return c.Secure == r.want.Secure && c.DTLS == r.want.DTLS && c.OpenKeys == r.want.OpenKeys
	})
	must(t, err)
	must(t, s.WaitFlow(soon(t), wire, s.Phone.Addr(), r.peer.Addr()))
	return st.Calls[0].ID
}

// wantAnswer looks for what agrees on the keys in the answer on the wire, which the exchange has from either end in the
// clear: the peers signal over UDP.
func (s *Stage) wantAnswer(t *testing.T, wire int, want string) {
	t.Helper()
	for _, p := range s.Wire.Since(wire) {
		if p.Response(200, "INVITE") {
			if !strings.Contains(string(p.Data), want) {
				t.Errorf("no%q in the answer\n%s", want, p.Data)
			}
			return
		}
	}
	t.Error("no answer on the wire")
}
