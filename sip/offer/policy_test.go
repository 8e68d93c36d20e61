package offer

import (
	"errors"
	"strings"
	"testing"

	"opendeskphone/sip/dtls"
)

const (
	sdes80  = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 " + key30
	sdesGCM = "a=crypto:1 AEAD_AES_128_GCM " + key28
	sdes256 = "a=crypto:4 AES_256_CM_HMAC_SHA1_80 inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLQ=="
	print1  = "a=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F"
	print2  = "a=fingerprint:sha-256 FF:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F"
)

// able is our end with all there is: keys by SDES over TLS, and DTLS.
func able(srtp SRTP) Local {
	l := local(srtp)
	f, err := dtls.ParseFingerprint("sha-256 " + strings.Repeat("AB:", 31) + "AB")
	if err != nil {
		panic(err)
	}
	l.Fingerprint = f
	return l
}

// in is our end whose signalling others can read.
func in(l Local) Local { l.Open = true; return l }

// first is our end that proposes DTLS where it insists.
func first(l Local) Local { l.Keys = ByDTLS; return l }

// how names what a Media was secured by.
func how(m Media) string {
	switch {
	case m.Crypto != nil:
		return m.Crypto.Suite
	case m.DTLS != nil && m.DTLS.Client:
		return "dtls client"
	case m.DTLS != nil:
		return "dtls server"
	}
	return "plain"
}

// TestOffersOfPolicy is the column "offer" of the policy's table: each row's offers are those a peer sees that
// refuses all before (488).
func TestOffersOfPolicy(t *testing.T) {
	const (
		osrtp = "RTP/AVP a=crypto:1 AEAD_AES_128_GCM a=crypto:2 AES_CM_128_HMAC_SHA1_80 a=fingerprint a=setup:actpass"
		sdes  = "RTP/SAVP a=crypto:1 AEAD_AES_128_GCM a=crypto:2 AES_CM_128_HMAC_SHA1_80"
		keys  = sdes + " a=fingerprint a=setup:actpass"
		shake = "UDP/TLS/RTP/SAVP a=fingerprint a=setup:actpass a=rtcp-mux"
	)
	for _, row := range []struct {
		name  string
		local Local
		want  []string
	}{
		{"off: RTP/AVP, no keys", able(Off), []string{"RTP/AVP"}},
		{"optional: RTP/AVP with two keys and a fingerprint, then what insists, then plain", able(Optional), []string{osrtp, keys, shake, "RTP/AVP"}},
		{"optional, DTLS first", first(able(Optional)), []string{osrtp, shake, keys, "RTP/AVP"}},
		{"optional without DTLS", local(Optional), []string{"RTP/AVP a=crypto:1 AEAD_AES_128_GCM a=crypto:2 AES_CM_128_HMAC_SHA1_80", sdes, "RTP/AVP"}},
		{"required: RTP/SAVP", able(Required), []string{keys, shake}},
		{"required: UDP/TLS/RTP/SAVP preferred", first(able(Required)), []string{shake, keys}},
		{"required over open signalling: never SDES", in(able(Required)), []string{shake}},
		{"optional over open signalling: SDES is better than nothing", in(able(Optional)), []string{osrtp, keys, shake, "RTP/AVP"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := New(row.local)
			for i, want := range row.want {
				body, err := s.Offer(SendRecv)
				if got := security(body); err != nil || got != want {
					t.Errorf("offer %d: %v\n got %s\nwant %s", i+1, err, got, want)
				}
				if more := s.Retreat(); more != (i+1 < len(row.want)) {
					t.Errorf("after offer %d there is more: %t", i+1, more)
				}
			}
		})
	}
	var refused *Refused
	if _, err := New(in(local(Required))).Offer(SendRecv); !errors.As(err, &refused) {
		t.Errorf("required, open signalling, no DTLS: %v", err)
	}
}

// security is what a description of ours says of keys, in one line.
func security(body []byte) string {
	var out []string
	for line := range strings.SplitSeq(string(body), "\r\n") {
		key, _, _ := strings.Cut(line, " ")
		switch {
		case strings.HasPrefix(line, "m=audio"):
			out = append(out, strings.Fields(line)[2])
		case strings.HasPrefix(line, "a=crypto:"):
			line, _, _ = strings.Cut(line, " inline:")
			out = append(out, line)
		case strings.HasPrefix(line, "a=fingerprint:"):
			out = append(out, "a=fingerprint")
		case strings.HasPrefix(line, "a=setup:"), line == "a=rtcp-mux":
			out = append(out, key)
		}
	}
	return strings.Join(out, " ")
}

// TestPolicyForOffers is what we answer to an offer.
func TestPolicyForOffers(t *testing.T) {
	const refused = ""
	for _, r := range []struct {
		name  string
		local Local
		m     string
		attrs []string
		want  string // how it is secured, or refused
		has   string // of the answer
	}{
		{"off: RTP/AVP", able(Off), "RTP/AVP", nil, "plain", "RTP/AVP"},
		{"off: RTP/AVP with keys: they are ignored", able(Off), "RTP/AVP", []string{sdes80, print1}, "plain", "RTP/AVP"},
		{"off: RTP/SAVP is 488 with warning 304", able(Off), "RTP/SAVP", []string{sdes80}, refused, ""},
		{"off: RTP/SAVPF is 488 with warning 304", able(Off), "RTP/SAVPF", []string{sdes80}, refused, ""},
		{"off: UDP/TLS/RTP/SAVP is 488 with warning 304", able(Off), "UDP/TLS/RTP/SAVP", []string{print1, "a=setup:actpass"}, refused, ""},
		{"off: a=encryption:required is 488", able(Off), "RTP/AVP", []string{sdes80, "a=encryption:required"}, refused, ""},
		{"optional (a): RTP/AVP without keys is plain", able(Optional), "RTP/AVP", nil, "plain", "RTP/AVP"},
		{"optional (b): RTP/AVP with keys is SRTP", able(Optional), "RTP/AVP", []string{sdes80}, "AES_CM_128_HMAC_SHA1_80", "RTP/AVP a=crypto:1 AES_CM_128_HMAC_SHA1_80"},
		{"optional (b): RTP/AVP with a fingerprint is DTLS", able(Optional), "RTP/AVP", []string{print1, "a=setup:actpass"}, "dtls client", "RTP/AVP a=fingerprint a=setup:active"},
		{"optional (b): both over TLS: SDES, which speaks at once", able(Optional), "RTP/AVP", []string{sdes80, print1, "a=setup:actpass"}, "AES_CM_128_HMAC_SHA1_80", ""},
		{"optional (b): both in the open: DTLS, which keeps its keys", in(able(Optional)), "RTP/AVP", []string{sdes80, print1, "a=setup:actpass"}, "dtls client", ""},
		{"optional: SDES in the open alone is taken", in(able(Optional)), "RTP/AVP", []string{sdes80}, "AES_CM_128_HMAC_SHA1_80", ""},
		{"optional (c): RTP/SAVP with keys is SRTP", able(Optional), "RTP/SAVP", []string{sdesGCM}, "AEAD_AES_128_GCM", "RTP/SAVP a=crypto:1 AEAD_AES_128_GCM"},
		{"optional (d): UDP/TLS/RTP/SAVP is DTLS", able(Optional), "UDP/TLS/RTP/SAVP", []string{print1, "a=setup:actpass"}, "dtls client", "UDP/TLS/RTP/SAVP a=fingerprint a=setup:active"},
		{"optional (d): who begins", able(Optional), "UDP/TLS/RTP/SAVPF", []string{print1, "a=setup:active", "a=rtcp-mux"}, "dtls server", "UDP/TLS/RTP/SAVPF a=fingerprint a=setup:passive a=rtcp-mux"},
		{"optional (d): who waits", able(Optional), "UDP/TLS/RTP/SAVP", []string{print1, "a=setup:passive"}, "dtls client", "a=setup:active"},
		{"optional (d): who holds the connection is refused", able(Optional), "UDP/TLS/RTP/SAVP", []string{print1, "a=setup:holdconn"}, refused, ""},
		{"optional (d): keys by SDES do not count there", able(Optional), "UDP/TLS/RTP/SAVP", []string{sdes80}, refused, ""},
		{"optional (d): a weak hash is refused", able(Optional), "UDP/TLS/RTP/SAVP", []string{"a=fingerprint:md5 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"}, refused, ""},
		{"optional: RTP/SAVP without keys is 488", able(Optional), "RTP/SAVP", nil, refused, ""},
		{"optional: a=encryption:optional is RTP/AVP with keys", able(Optional), "RTP/AVP", []string{sdes80, "a=encryption:optional"}, "AES_CM_128_HMAC_SHA1_80", ""},
		{"optional: a=encryption:required is kept to", able(Optional), "RTP/AVP", []string{sdes80, "a=encryption:required"}, "AES_CM_128_HMAC_SHA1_80", ""},
		{"optional: a=encryption:required without keys is 488", able(Optional), "RTP/AVP", []string{"a=encryption:required"}, refused, ""},
		{"optional: a=encryption:rejected is plain", able(Optional), "RTP/AVP", []string{sdes80, "a=encryption:rejected"}, "plain", "RTP/AVP"},
		{"optional: a=cryptoscale is ignored", able(Optional), "RTP/SAVP", []string{"a=cryptoscale:1 client AES_CM_128_HMAC_SHA1_80 " + key30, sdes80}, "AES_CM_128_HMAC_SHA1_80", ""},
		{"required: RTP/AVP without keys is 488", able(Required), "RTP/AVP", nil, refused, ""},
		{"required: RTP/AVP with keys is SRTP", able(Required), "RTP/AVP", []string{sdes80}, "AES_CM_128_HMAC_SHA1_80", ""},
		{"required: RTP/SAVP", able(Required), "RTP/SAVP", []string{sdes80}, "AES_CM_128_HMAC_SHA1_80", "RTP/SAVP"},
		{"required: RTP/SAVPF", able(Required), "RTP/SAVPF", []string{sdes80}, "AES_CM_128_HMAC_SHA1_80", "RTP/SAVPF"},
		{"required: UDP/TLS/RTP/SAVP", able(Required), "UDP/TLS/RTP/SAVP", []string{print1, "a=setup:actpass"}, "dtls client", ""},
		{"required: SDES in the open is 488", in(able(Required)), "RTP/SAVP", []string{sdes80}, refused, ""},
		{"required: DTLS in the open", in(able(Required)), "UDP/TLS/RTP/SAVP", []string{print1, "a=setup:actpass"}, "dtls client", ""},
		{"suite: short tag is answered", able(Required), "RTP/SAVP", []string{"a=crypto:3 AES_CM_128_HMAC_SHA1_32 " + key30}, "AES_CM_128_HMAC_SHA1_32", "a=crypto:3 AES_CM_128_HMAC_SHA1_32"},
		{"suite: AES-256 is answered", able(Required), "RTP/SAVP", []string{sdes256}, "AES_256_CM_HMAC_SHA1_80", "a=crypto:4 AES_256_CM_HMAC_SHA1_80"},
		{"suite: AES-256 by its old name", able(Required), "RTP/SAVP", []string{strings.Replace(sdes256, "AES_256_CM", "AES_CM_256", 1)}, "AES_256_CM_HMAC_SHA1_80", "a=crypto:4 AES_CM_256_HMAC_SHA1_80"},
		{"key: lifetime is tolerated", able(Required), "RTP/SAVP", []string{sdes80 + "|2^31"}, "AES_CM_128_HMAC_SHA1_80", ""},
		{"key: MKI changes every packet", able(Required), "RTP/SAVP", []string{sdes80 + "|2^31|1:4"}, refused, ""},
		{"key: UNENCRYPTED_SRTP", able(Required), "RTP/SAVP", []string{sdes80 + " UNENCRYPTED_SRTP"}, refused, ""},
		{"key: too short", able(Required), "RTP/SAVP", []string{"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA"}, refused, ""},
		{"suite: foreign", able(Required), "RTP/SAVP", []string{"a=crypto:1 F8_128_HMAC_SHA1_80 " + key30}, refused, ""},
		{"two m= lines: the encrypted one", able(Optional), "RTP/AVP", []string{"m=audio 5002 RTP/SAVP 8", sdes80}, "AES_CM_128_HMAC_SHA1_80", "RTP/AVP RTP/SAVP a=crypto:1"},
		{"two m= lines, off: the plain one", able(Off), "RTP/SAVP", []string{sdes80, "m=audio 5002 RTP/AVP 8"}, "plain", "RTP/SAVP RTP/AVP"},
	} {
		t.Run(r.name, func(t *testing.T) {
			body, m, err := New(r.local).Answer(remote("audio 5000 "+r.m+" 8", r.attrs...), SendRecv)
			var no *Refused
			if r.want == refused {
				if !errors.As(err, &no) || no.Code != 488 || no.Warning != 304 {
					t.Errorf("%v, %s", err, how(m))
				}
				return
			}
			if err != nil || how(m) != r.want || !strings.Contains(security(body), r.has) {
				t.Errorf("%v, secured by %s, answered %s", err, how(m), security(body))
			}
		})
	}
}

// TestPolicyForAnswers is what we take as an answer to our offer.
func TestPolicyForAnswers(t *testing.T) {
	const refused = ""
	answer80 := strings.Replace(sdes80, ":1 ", ":2 ", 1) // the second key of our offer
	for _, r := range []struct {
		name  string
		local Local
		m     string
		attrs []string
		want  string
	}{
		{"off: RTP/AVP", able(Off), "5000 RTP/AVP 8", nil, "plain"},
		{"off: RTP/SAVP was not offered", able(Off), "5000 RTP/SAVP 8", []string{answer80}, refused},
		{"off: the stream is refused", able(Off), "0 RTP/AVP 8", nil, refused},
		{"off: no codec of ours", able(Off), "5000 RTP/AVP 18", nil, refused},
		{"optional (a): RTP/AVP without keys is plain", able(Optional), "5000 RTP/AVP 8", nil, "plain"},
		{"optional (b): RTP/AVP with a key is SRTP", able(Optional), "5000 RTP/AVP 8", []string{answer80}, "AES_CM_128_HMAC_SHA1_80"},
		{"optional (b): GCM", able(Optional), "5000 RTP/AVP 8", []string{sdesGCM}, "AEAD_AES_128_GCM"},
		{"optional (b): RTP/AVP with a fingerprint is DTLS", able(Optional), "5000 RTP/AVP 8", []string{print1, "a=setup:active"}, "dtls server"},
		{"optional (c): RTP/SAVP to our RTP/AVP is SRTP, as Microsoft answers", able(Optional), "5000 RTP/SAVP 8", []string{answer80}, "AES_CM_128_HMAC_SHA1_80"},
		{"optional (d): UDP/TLS/RTP/SAVP is DTLS", able(Optional), "5000 UDP/TLS/RTP/SAVP 8", []string{print1, "a=setup:passive"}, "dtls client"},
		{"optional: RTP/SAVP without keys", able(Optional), "5000 RTP/SAVP 8", nil, refused},
		{"optional: UDP/TLS without a fingerprint", able(Optional), "5000 UDP/TLS/RTP/SAVP 8", nil, refused},
		{"required: RTP/SAVP", able(Required), "5000 RTP/SAVP 8", []string{answer80}, "AES_CM_128_HMAC_SHA1_80"},
		{"required: without keys the call ends", able(Required), "5000 RTP/SAVP 8", nil, refused},
		{"required: plain RTP ends the call", able(Required), "5000 RTP/AVP 8", nil, refused},
		{"required: a key that was not offered", able(Required), "5000 RTP/SAVP 8", []string{strings.Replace(sdes80, ":1 ", ":9 ", 1)}, refused},
		{"required: another suite under our tag", able(Required), "5000 RTP/SAVP 8", []string{sdes80}, refused},
		{"required: RTP/SAVP with a fingerprint alone, as baresip answers", able(Required), "5000 RTP/SAVP 8", []string{print1, "a=setup:active"}, "dtls server"},
		{"required by DTLS: UDP/TLS/RTP/SAVP", first(able(Required)), "5000 UDP/TLS/RTP/SAVP 8", []string{print1, "a=setup:active"}, "dtls server"},
		{"required by DTLS: a key instead was not offered", first(able(Required)), "5000 RTP/SAVP 8", []string{sdes80}, refused},
		{"required by DTLS: plain RTP ends the call", first(able(Required)), "5000 RTP/AVP 8", nil, refused},
	} {
		t.Run(r.name, func(t *testing.T) {
			s := New(r.local)
			if _, err := s.Offer(SendRecv); err != nil {
				t.Fatal(err)
			}
			m, err := s.Accept(remote("audio "+r.m, r.attrs...))
			if (err != nil) != (r.want == refused) || err == nil && how(m) != r.want {
				t.Errorf("%v, secured by %s", err, how(m))
			}
		})
	}
}

// TestDTLSBetweenTwo: one offers, the other begins; hold, resume and their own offers keep the handshake that is.
func TestDTLSBetweenTwo(t *testing.T) {
	a, b := New(first(able(Required))), New(able(Required))
	body, err := a.Offer(SendRecv)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		answer, mb, err := b.Answer(body, SendRecv)
		if err != nil {
			t.Fatal(err)
		}
		ma, err := a.Accept(answer)
		if err != nil || ma.DTLS == nil || mb.DTLS == nil || ma.DTLS.Client != (i%2 == 1) || mb.DTLS.Client == ma.DTLS.Client {
			t.Fatalf("exchange %d: %v, %s and %s", i, err, how(ma), how(mb))
		}
		if !ma.RTCPMux || ma.Crypto != nil || mb.Crypto != nil {
			t.Errorf("exchange %d: mux %t", i, ma.RTCPMux)
		}
		a, b = b, a // now the other offers, to hold and to resume
		if body, err = a.Offer([]Direction{SendOnly, SendRecv}[i%2]); err != nil {
			t.Fatal(err)
		}
	}
	// Somebody else in the far side's place: another handshake.
	_, m, err := New(able(Required)).Answer(remote("audio 5000 UDP/TLS/RTP/SAVP 8", print2, "a=setup:actpass"), SendRecv)
	if err != nil || !m.DTLS.Client || !strings.HasPrefix(m.DTLS.Remote.Sum, "FF01") {
		t.Errorf("%v, %+v", err, m.DTLS)
	}
}

// TestKeysAreNotDropped: in a call that stands, required refuses a description without keys, whoever made the offer;
// optional takes it, and says that it is plain now.
func TestKeysAreNotDropped(t *testing.T) {
	for _, policy := range []SRTP{Optional, Required} {
		s := New(able(policy))
		if _, m, err := s.Answer(remote("audio 5000 RTP/SAVP 8", sdes80), SendRecv); err != nil || m.Crypto == nil {
			t.Fatal(err)
		}
		_, m, err := s.Answer(remote("audio 5000 RTP/AVP 8", "a=sendonly"), SendRecv)
		if policy == Required && err == nil || policy == Optional && (err != nil || how(m) != "plain") {
			t.Errorf("policy %d, their hold without keys: %v, %s", policy, err, how(m))
		}
		s = New(able(policy))
		_, _, _ = s.Answer(remote("audio 5000 RTP/SAVP 8", sdes80), SendRecv)
		body, err := s.Offer(SendOnly)
		if err != nil || security(body) != "RTP/SAVP a=crypto:1 AES_CM_128_HMAC_SHA1_80" { // and no other suite
			t.Errorf("our hold says %s, %v", security(body), err)
		}
		m, err = s.Accept(remote("audio 5000 RTP/AVP 8", "a=recvonly"))
		if policy == Required && err == nil || policy == Optional && (err != nil || how(m) != "plain") {
			t.Errorf("policy %d, our hold answered without keys: %v, %s", policy, err, how(m))
		}
	}
}
