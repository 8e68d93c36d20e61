package lines

import (
	"net/netip"
	"strings"
	"testing"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/dtls"
	"opendeskphone/sip/offer"
	"opendeskphone/sip/ua"
)

// keyedFar is a far side that can do whatever the policy wants.
func keyedFar(t *testing.T, srtp offer.SRTP, keys offer.Keying) *offer.Session {
	t.Helper()
	l := offer.Local{Addr: netip.MustParseAddr("192.0.2.2"), Port: 4000, Codecs: []offer.Codec{pcma}, SRTP: srtp, Keys: keys}
	if keys == offer.ByDTLS {
		l.Fingerprint = fingerprint(t)
	}
	return offer.New(l)
}

func fingerprint(t *testing.T) dtls.Fingerprint {
	t.Helper()
	i, err := dtls.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return i.Fingerprint()
}

// rings takes a call of the far side's offer and answers it.
func (w *world) rings(sealed bool) {
	w.t.Helper()
	body, err := w.far.Offer(offer.SendRecv)
	if err != nil {
		w.t.Fatal(err)
	}
	w.ask(ua.Incoming{Call: 7, SDP: body, Sealed: sealed})
	w.ask(phone.SendRinging{Ref: 7, Call: 3})
	w.done = nil
	w.ask(phone.SendAccept{Call: 3})
}

// TestTheLockTellsTheTruth: keys by SDES are secret where the signalling is, and not else.
func TestTheLockTellsTheTruth(t *testing.T) {
	for _, sealed := range []bool{true, false} {
		inWorld(t, offer.Optional, func(w *world) {
			w.far = keyedFar(t, offer.Required, offer.SDES)
			w.rings(sealed)
			w.wantDone(phone.Secured{Call: 3, On: true, Open: !sealed})
		})
	}
	inWorld(t, offer.Required, func(w *world) {
		w.far = keyedFar(t, offer.Required, offer.SDES)
		w.said = nil
		body, _ := w.far.Offer(offer.SendRecv)
		w.ask(ua.Incoming{Call: 7, SDP: body})
		w.wantSaid("reject 7 488 with warning 304") // required, and the keys can be read
	})
}

// TestTheLockWaitsForTheHandshake: agreed is not yet encrypted; a handshake that fails ends the call.
func TestTheLockWaitsForTheHandshake(t *testing.T) {
	for _, ok := range []bool{true, false} {
		inWorld(t, offer.Optional, func(w *world) {
			w.print = fingerprint(t)
			w.far = keyedFar(t, offer.Optional, offer.ByDTLS)
			w.rings(false) // with both offered, what others cannot read
			w.wantDone()
			if m := w.got[0]; m.DTLS == nil || m.Crypto != nil {
				t.Fatalf("agreed on %+v", m)
			}
			w.said = nil
			w.Keyed(3, ok, "a stranger")
			w.ask(phone.PlayDTMF{}) // and wait
			if !ok {
				w.wantSaid("hangup 7")
				w.wantDone(phone.Byed{Call: 3, Cause: phone.NotEncrypted, Reason: "a stranger"})
				return
			}
			w.wantDone(phone.Secured{Call: 3, On: true, DTLS: true})
			if _, err := w.far.Accept(w.sdp["accept"]); err != nil {
				t.Fatal(err)
			}
			body, err := w.far.Offer(offer.SendOnly)
			if err != nil {
				t.Fatal(err)
			}
			w.ask(ua.ReOffer{Call: 7, SDP: body})
			w.wantDone(phone.RemoteHeld{Call: 3, On: true}) // and still encrypted
		})
	}
}

// TestDroppedKeysAreShownOrRefused: a re-INVITE without keys takes the lock away where encryption is optional, and is
// refused where it is required.
func TestDroppedKeysAreShownOrRefused(t *testing.T) {
	for _, policy := range []offer.SRTP{offer.Optional, offer.Required} {
		inWorld(t, policy, func(w *world) {
			w.far = keyedFar(t, offer.Required, offer.SDES)
			w.rings(true)
			w.wantDone(phone.Secured{Call: 3, On: true})
			w.said = nil
			w.ask(ua.ReOffer{Call: 7, SDP: []byte("v=0\r\no=- 9 9 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n")})
			if policy == offer.Required {
				w.wantSaid("refuse 7 488")
				w.wantDone()
				return
			}
			w.wantSaid("answer 7")
			w.wantDone(phone.Secured{Call: 3})
		})
	}
}

// TestAnswerWithoutKeysEndsTheCall: of a hold too, where encryption is required: the far side speaks plain RTP by then.
func TestAnswerWithoutKeysEndsTheCall(t *testing.T) {
	inWorld(t, offer.Required, func(w *world) {
		w.far = keyedFar(t, offer.Required, offer.SDES)
		w.rings(true)
		w.ask(phone.SendHold{Call: 3, On: true})
		w.done, w.said = nil, nil
		w.ask(ua.OfferAnswered{Call: 7, SDP: []byte("v=0\r\no=- 9 9 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\na=recvonly\r\n")})
		w.wantSaid("hangup 7")
		if len(w.done) != 1 || w.done[0].(phone.Byed).Cause != phone.NotEncrypted {
			t.Errorf("the centre is told %+v", w.done)
		}
	})
}

// TestInsistsOneWayThenTheOther: a required line whose RTP/SAVP is refused offers a handshake, and never plain RTP.
func TestInsistsOneWayThenTheOther(t *testing.T) {
	inWorld(t, offer.Required, func(w *world) {
		w.print = fingerprint(t)
		w.ask(phone.SendInvite{Call: 1, Target: "sip:bob@example.org", Conversation: "c"})
		for i, want := range []string{" RTP/SAVP ", " UDP/TLS/RTP/SAVP "} {
			if !strings.Contains(string(w.sdp["call"]), want) {
				t.Errorf("offer %d is not%s:\n%s", i+1, want, w.sdp["call"])
			}
			w.ask(ua.Failed{Call: ua.CallRef(101 + i), Code: 488})
		}
		if last := w.done[len(w.done)-1]; last != (phone.CallFailed{Call: 1, Cause: phone.NotEncrypted}) {
			t.Errorf("after both: %+v", last)
		}
	})
}
