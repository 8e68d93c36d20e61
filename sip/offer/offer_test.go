package offer

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

var (
	pcma = Codec{Name: "PCMA", PT: 8, Clock: 8000, Channels: 1}
	pcmu = Codec{Name: "PCMU", PT: 0, Clock: 8000, Channels: 1}
	g722 = Codec{Name: "G722", PT: 9, Clock: 8000, Channels: 1}
	opus = Codec{Name: "opus", PT: 96, Clock: 48000, Channels: 2, Fmtp: "useinbandfec=1"}
)

func local(srtp SRTP, codecs ...Codec) Local {
	if codecs == nil {
		codecs = []Codec{opus, g722, pcma, pcmu}
	}
	return Local{Addr: netip.MustParseAddr("192.0.2.1"), Port: 4000, Codecs: codecs,
		DTMF: true, ComfortNoise: true, SRTP: srtp, Ptime: 20}
}

func remote(m string, attrs ...string) []byte {
	return []byte("v=0\r\no=a 1 1 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\nm=" + m + "\r\n" +
		strings.Join(append(attrs, ""), "\r\n"))
}

const (
	key30 = "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
	key28 = "inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGw=="
)

func TestTwoSessionsAgree(t *testing.T) {
	for _, srtp := range []SRTP{Off, Optional, Required} {
		a, b := New(local(srtp)), New(local(srtp, pcma, opus))
		body, err := a.Offer(SendRecv)
		if err != nil {
			t.Fatal(err)
		}
		answer, mb, err := b.Answer(body, SendRecv)
		if err != nil {
			t.Fatalf("%d: %v\n%s", srtp, err, body)
		}
		ma, err := a.Accept(answer)
		if err != nil {
			t.Fatalf("%d: %v\n%s", srtp, err, answer)
		}
		if ma.Send.Name != "opus" || mb.Send.Name != "opus" || len(ma.Recv) != 2 || ma.Send.Fmtp != "useinbandfec=1" {
			t.Errorf("codecs %+v %+v", ma, mb)
		}
		if e, ok := ma.Event(); !ok || e.Clock != 48000 {
			t.Errorf("event %+v of %+v", e, ma.DTMF)
		}
		if ma.CN != 13 || mb.CN != 13 || ma.Direction != SendRecv || ma.Remote.String() != "192.0.2.1:4000" || ma.RemoteRTCP.Port() != 4001 {
			t.Errorf("media %+v", ma)
		}
		if (srtp != Off) != (ma.Crypto != nil) || (srtp != Off) != (mb.Crypto != nil) {
			t.Fatalf("%d: crypto %v %v", srtp, ma.Crypto, mb.Crypto)
		}
		if srtp != Off && (!bytes.Equal(ma.Crypto.LocalKey, mb.Crypto.RemoteKey) || !bytes.Equal(ma.Crypto.RemoteKey, mb.Crypto.LocalKey)) {
			t.Error("keys differ")
		}
	}
}

// TestPolicy is the table of the SRTP policy for offers that arrive.
func TestPolicy(t *testing.T) {
	crypto80 := "a=crypto:1 AES_CM_128_HMAC_SHA1_80 " + key30
	rows := []struct {
		name   string
		policy SRTP
		m      string
		attrs  []string
		secure bool
		refuse bool
		has    string
	}{
		{"off, plain", Off, "audio 5000 RTP/AVP 8", nil, false, false, "m=audio 4000 RTP/AVP 8"},
		{"off, keys ignored", Off, "audio 5000 RTP/AVP 8", []string{crypto80}, false, false, "m=audio 4000 RTP/AVP 8"},
		{"off, SAVP", Off, "audio 5000 RTP/SAVP 8", []string{crypto80}, false, true, ""},
		{"optional, plain", Optional, "audio 5000 RTP/AVP 8", nil, false, false, "RTP/AVP 8"},
		{"optional, AVP with keys", Optional, "audio 5000 RTP/AVP 8", []string{crypto80}, true, false, "a=crypto:1 AES_CM_128_HMAC_SHA1_80"},
		{"optional, SAVP", Optional, "audio 5000 RTP/SAVP 8", []string{crypto80}, true, false, "m=audio 4000 RTP/SAVP 8"},
		{"optional, SAVP without keys", Optional, "audio 5000 RTP/SAVP 8", nil, false, true, ""},
		{"required, plain", Required, "audio 5000 RTP/AVP 8", nil, false, true, ""},
		{"required, SAVP", Required, "audio 5000 RTP/SAVP 8", []string{crypto80}, true, false, "m=audio 4000 RTP/SAVP 8"},
		{"required, SAVPF", Required, "audio 5000 RTP/SAVPF 8", []string{crypto80}, true, false, "m=audio 4000 RTP/SAVPF 8"},
		{"required, short tag", Required, "audio 5000 RTP/SAVP 8", []string{"a=crypto:3 AES_CM_128_HMAC_SHA1_32 " + key30}, true, false, "a=crypto:3 AES_CM_128_HMAC_SHA1_32"},
		{"required, GCM", Required, "audio 5000 RTP/SAVP 8", []string{"a=crypto:2 AEAD_AES_128_GCM " + key28}, true, false, "a=crypto:2 AEAD_AES_128_GCM"},
		{"required, lifetime", Required, "audio 5000 RTP/SAVP 8", []string{crypto80 + "|2^31"}, true, false, ""},
		{"required, MKI", Required, "audio 5000 RTP/SAVP 8", []string{crypto80 + "|2^31|1:4"}, false, true, ""},
		{"required, unencrypted", Required, "audio 5000 RTP/SAVP 8", []string{crypto80 + " UNENCRYPTED_SRTP"}, false, true, ""},
		{"required, short key", Required, "audio 5000 RTP/SAVP 8", []string{"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA"}, false, true, ""},
		{"required, foreign suite", Required, "audio 5000 RTP/SAVP 8", []string{"a=crypto:1 F8_128_HMAC_SHA1_80 " + key30}, false, true, ""},
		{"DTLS", Optional, "audio 5000 UDP/TLS/RTP/SAVP 8", []string{"a=fingerprint:sha-256 00"}, false, true, ""},
	}
	for _, r := range rows {
		body, m, err := New(local(r.policy)).Answer(remote(r.m, r.attrs...), SendRecv)
		var refused *Refused
		if r.refuse != errors.As(err, &refused) || r.refuse && refused.Code != 488 {
			t.Errorf("%s: err %v", r.name, err)
			continue
		}
		if (m.Crypto != nil) != r.secure || !strings.Contains(string(body), r.has) {
			t.Errorf("%s: crypto %v\n%s", r.name, m.Crypto, body)
		}
	}
}

// TestPolicyOfAnswer is the same for answers to our offer.
func TestPolicyOfAnswer(t *testing.T) {
	crypto80 := "a=crypto:1 AES_CM_128_HMAC_SHA1_80 " + key30
	rows := []struct {
		policy SRTP
		m      string
		attrs  []string
		secure bool
		refuse bool
	}{
		{Off, "audio 5000 RTP/AVP 8", nil, false, false},
		{Off, "audio 5000 RTP/SAVP 8", []string{crypto80}, false, true},
		{Optional, "audio 5000 RTP/AVP 8", nil, false, false},
		{Optional, "audio 5000 RTP/AVP 8", []string{crypto80}, true, false},
		{Optional, "audio 5000 RTP/SAVP 8", []string{crypto80}, true, false},
		{Optional, "audio 5000 RTP/SAVP 8", nil, false, true},
		{Required, "audio 5000 RTP/SAVP 8", []string{crypto80}, true, false},
		{Required, "audio 5000 RTP/SAVP 8", nil, false, true},
		{Required, "audio 5000 RTP/AVP 8", nil, false, true},
		{Required, "audio 5000 RTP/SAVP 8", []string{"a=crypto:9 AES_CM_128_HMAC_SHA1_80 " + key30}, false, true},
		{Off, "audio 0 RTP/AVP 8", nil, false, true},
		{Off, "audio 5000 RTP/AVP 18", nil, false, true},
	}
	for i, r := range rows {
		s := New(local(r.policy))
		if _, err := s.Offer(SendRecv); err != nil {
			t.Fatal(err)
		}
		m, err := s.Accept(remote(r.m, r.attrs...))
		if (err != nil) != r.refuse || (m.Crypto != nil) != r.secure {
			t.Errorf("row %d: %v %v", i, m.Crypto, err)
		}
	}
}

func TestHoldForms(t *testing.T) {
	old := bytes.Replace(remote("audio 5000 RTP/AVP 8"), []byte("IP4 198.51.100.7\r\nt"), []byte("IP4 0.0.0.0\r\nt"), 1)
	rows := []struct {
		body []byte
		want Direction
		held bool
	}{
		{remote("audio 5000 RTP/AVP 8", "a=sendonly"), RecvOnly, true},
		{remote("audio 5000 RTP/AVP 8", "a=inactive"), Inactive, true},
		{remote("audio 5000 RTP/AVP 8", "a=recvonly"), SendOnly, false},
		{remote("audio 5000 RTP/AVP 8", "a=sendrecv"), SendRecv, false},
		{old, RecvOnly, true},
		{remote("audio 5000 RTP/AVP 8"), SendRecv, false},
	}
	s := New(local(Off))
	for i, r := range rows {
		body, m, err := s.Answer(r.body, SendRecv)
		if err != nil || m.Direction != r.want || m.RemoteHeld != r.held || !strings.Contains(string(body), "a="+r.want.String()) {
			t.Errorf("row %d: %v %v %v", i, m.Direction, m.RemoteHeld, err)
		}
	}
	body, _ := s.Offer(SendOnly)
	if !strings.Contains(string(body), "a=sendonly") {
		t.Errorf("hold offer\n%s", body)
	}
	m, err := s.Accept(remote("audio 5000 RTP/AVP 8", "a=recvonly"))
	if err != nil || m.Direction != SendOnly || m.RemoteHeld {
		t.Errorf("our hold: %+v %v", m, err)
	}
	_, m, _ = s.Answer(remote("audio 5000 RTP/AVP 8", "a=sendonly"), SendOnly)
	if m.Direction != Inactive || !m.RemoteHeld {
		t.Errorf("both hold: %+v", m)
	}
	_, _ = s.Offer(SendRecv)
	if m, _ = s.Accept(remote("audio 5000 RTP/AVP 8", "a=sendonly")); m.Direction != RecvOnly || !m.RemoteHeld {
		t.Errorf("resumed into their hold: %+v", m)
	}
}

func origin(body []byte) string {
	_, o, _ := strings.Cut(string(body), "o=")
	o, _, _ = strings.Cut(o, "\r\n")
	return o
}

func TestVersionAndNumbers(t *testing.T) {
	s := New(local(Off))
	first, m, err := s.Answer(remote("audio 5000 RTP/AVP 120 100", "a=rtpmap:120 OPUS/48000/2", "a=rtpmap:100 telephone-event/8000"), SendRecv)
	if err != nil || m.Send.PT != 120 || m.DTMF[0].RecvPT != 100 {
		t.Fatalf("%+v %v", m, err)
	}
	again, _, _ := s.Answer(remote("audio 5000 RTP/AVP 120 100", "a=rtpmap:120 OPUS/48000/2", "a=rtpmap:100 telephone-event/8000"), SendRecv)
	if origin(first) != origin(again) {
		t.Errorf("same description, other version: %s %s", origin(first), origin(again))
	}
	hold, _ := s.Offer(SendOnly)
	if origin(hold) == origin(first) {
		t.Error("other description, same version")
	}
	for _, want := range []string{"a=rtpmap:120 opus/48000/2", "a=rtpmap:100 telephone-event/8000"} {
		if !strings.Contains(string(hold), want) {
			t.Errorf("payload types moved, no %q in\n%s", want, hold)
		}
	}
	if _, err := s.Offer(SendRecv); !errors.Is(err, ErrPending) {
		t.Errorf("second offer: %v", err)
	}
	if _, _, err := s.Answer(first, SendRecv); !errors.Is(err, ErrPending) {
		t.Errorf("glare: %v", err)
	}
	s.Rollback()
	next, err := s.Offer(SendRecv)
	if err != nil || origin(next) == origin(hold) {
		t.Errorf("after rollback: %v %s", err, origin(next))
	}
}

func TestManyStreams(t *testing.T) {
	crypto := "a=crypto:1 AES_CM_128_HMAC_SHA1_80 " + key30
	body := remote("image 6000 udptl t38", "m=audio 5000 RTP/AVP 8", "m=audio 5002 RTP/SAVP 8", crypto, "m=video 7000 RTP/AVP 96", "a=rtpmap:96 H264/90000")
	s := New(local(Optional))
	answer, m, err := s.Answer(body, SendRecv)
	if err != nil || m.Remote.Port() != 5002 || m.Crypto == nil {
		t.Fatalf("%+v %v", m, err)
	}
	want := []string{"m=image 0 udptl t38", "m=audio 0 RTP/AVP 8", "m=audio 4000 RTP/SAVP 8", "m=video 0 RTP/AVP 96"}
	lines(t, answer, want)
	again, _ := s.Offer(SendOnly)
	for i := range want { // every later offer keeps the lines
		want[i], _, _ = strings.Cut(want[i], " RTP")
	}
	lines(t, again, want)
}

func lines(t *testing.T, body []byte, want []string) {
	t.Helper()
	_, rest, _ := strings.Cut(string(body), "m=")
	got := strings.Split(rest, "\r\nm=")
	if len(got) != len(want) {
		t.Fatalf("%d lines, want %d\n%s", len(got), len(want), body)
	}
	for i := range got {
		if !strings.HasPrefix("m="+got[i], want[i]) {
			t.Errorf("line %d: %q, want %q", i, got[i], want[i])
		}
	}
}

func TestAddresses(t *testing.T) {
	l := local(Off)
	l.Addr, l.RTCPMux = netip.MustParseAddr("2001:db8::1"), true
	s := New(l)
	body, _ := s.Offer(SendRecv)
	if !strings.Contains(string(body), "c=IN IP6 2001:db8::1\r\n") || !strings.Contains(string(body), "a=rtcp-mux\r\n") {
		t.Errorf("IPv6 offer\n%s", body)
	}
	m, err := s.Accept([]byte("v=0\no=- 1 1 IN IP6 ::1\ns= \nt=0 0\nm=audio 9 RTP/AVP 0\nc=IN IP6 2001:db8::2\na=rtcp-mux\n"))
	if err != nil || m.Remote != netip.MustParseAddrPort("[2001:db8::2]:9") || m.RemoteRTCP != m.Remote {
		t.Errorf("%+v %v", m, err)
	}
	_, m, err = New(l).Answer(remote("audio 5000 RTP/AVP 0", "a=rtcp:53020 IN IP4 198.51.100.8"), SendRecv)
	if err != nil || m.RemoteRTCP.String() != "198.51.100.8:53020" {
		t.Errorf("rtcp %v %v", m.RemoteRTCP, err)
	}
	for _, c := range []string{"IN IP4 224.1.1.1/127", "IN IP4 224.1.1.1", "IN IP4 255.255.255.255", "IN IP4 host.example", "IN IP6 fe80::1%eth0"} {
		bad := bytes.Replace(remote("audio 5000 RTP/AVP 0"), []byte("IN IP4 198.51.100.7\r\nt"), []byte(c+"\r\nt"), 1)
		if _, _, err := New(l).Answer(bad, SendRecv); err == nil {
			t.Errorf("took %s", c)
		}
	}
}

// TestRetreat: keys beside plain RTP, then RTP/SAVP, then no keys; each only after a refusal.
func TestRetreat(t *testing.T) {
	s := New(local(Optional))
	for i, want := range []struct {
		proto string
		keys  bool
	}{{"RTP/AVP", true}, {"RTP/SAVP", true}, {"RTP/AVP", false}} {
		body, err := s.Offer(SendRecv)
		if err != nil || !strings.Contains(string(body), " "+want.proto+" ") || strings.Contains(string(body), "a=crypto:1 AES_CM_128_HMAC_SHA1_80") != want.keys {
			t.Errorf("offer %d is not %s with keys %t (%v)\n%s", i, want.proto, want.keys, err, body)
		}
		if more := s.Retreat(); more != (i < 2) {
			t.Errorf("after offer %d there is more: %t", i, more)
		}
	}
	for _, policy := range []SRTP{Off, Required} {
		if New(local(policy)).Retreat() {
			t.Errorf("policy %d has a second try", policy)
		}
	}
}

// TestRetreatEndsWithTheFirstAnswer: what was insisted on is held to, and a call that stands is not renegotiated down.
func TestRetreatEndsWithTheFirstAnswer(t *testing.T) {
	s := New(local(Optional))
	_, _ = s.Offer(SendRecv)
	s.Retreat()
	body, _ := s.Offer(SendRecv)
	if _, err := s.Accept(remote("audio 5000 RTP/AVP 8")); err == nil {
		t.Error("RTP/SAVP was offered, and an answer without a key is taken")
	}
	answer, _, err := New(local(Required)).Answer(body, SendRecv)
	if err != nil {
		t.Fatal(err)
	}
	if m, err := s.Accept(answer); err != nil || m.Crypto == nil {
		t.Errorf("crypto %v, %v", m.Crypto, err)
	}
	if s.Retreat() {
		t.Error("a call that stands has another try")
	}
}

func TestForkedAnswers(t *testing.T) {
	s := New(local(Off))
	_, _ = s.Offer(SendRecv)
	for _, port := range []int{5000, 6000} {
		m, err := s.Accept(remote(fmt.Sprintf("audio %d RTP/AVP 8", port)))
		if err != nil || int(m.Remote.Port()) != port {
			t.Errorf("%+v %v", m, err)
		}
	}
	s.Rollback()
	if _, err := s.Accept(remote("audio 5000 RTP/AVP 8")); !errors.Is(err, ErrNoOffer) {
		t.Error(err)
	}
}

func TestHostile(t *testing.T) {
	rows := map[string][]byte{
		"empty":     nil,
		"long":      bytes.Repeat([]byte("a=x\r\n"), MaxSize/5+1),
		"lines":     append(remote("audio 5000 RTP/AVP 0"), bytes.Repeat([]byte("a=x\n"), MaxLines)...),
		"streams":   append(remote("audio 5000 RTP/AVP 0"), bytes.Repeat([]byte("m=audio 1 RTP/AVP 0\n"), MaxStreams)...),
		"nul":       remote("audio 5000 RTP/AVP 0", "a=\x00"),
		"no line":   []byte("INVITE sip:a@b SIP/2.0\r\n"),
		"port":      remote("audio 99999 RTP/AVP 0"),
		"formats":   remote("audio 5000 RTP/AVP" + strings.Repeat(" 0", 100)),
		"no media":  []byte("v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nt=0 0\r\n"),
		"no origin": []byte("v=0\r\ns=-\r\nt=0 0\r\nm=audio 1 RTP/AVP 0\r\n"),
	}
	for name, body := range rows {
		var r *Refused
		if _, _, err := New(local(Off)).Answer(body, SendRecv); !errors.As(err, &r) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Extended reports are offered always, and answered where they were offered (RFC 3611 §5.2).
func TestExtendedReports(t *testing.T) {
	s := New(local(Off))
	body, err := s.Offer(SendRecv)
	if err != nil || !strings.Contains(string(body), "a=rtcp-xr:rcvr-rtt=all voip-metrics\r\n") {
		t.Errorf("%v\n%s", err, body)
	}
	if m, err := s.Accept(remote("audio 5000 RTP/AVP 8", "a=rtcp-xr:voip-metrics pkt-loss-rle=1000")); err != nil || m.XR != (XR{VoIP: true}) {
		t.Errorf("%+v %v", m.XR, err)
	}
	for attribute, want := range map[string]string{
		"a=rtcp-xr:rcvr-rtt=all:10000 stat-summary=loss,dup,jitt,TTL voip-metrics": "a=rtcp-xr:rcvr-rtt=all voip-metrics\r\n",
		"a=rtcp-xr:rcvr-rtt=sender": "", "a=rtcp-xr": "", "a=ptime:20": "",
	} {
		answer, m, err := New(local(Off)).Answer(remote("audio 5000 RTP/AVP 8", attribute), SendRecv)
		if err != nil || want == "" && (strings.Contains(string(answer), "rtcp-xr") || m.XR != XR{}) || !strings.Contains(string(answer), want) {
			t.Errorf("%s: %+v %v\n%s", attribute, m.XR, err, answer)
		}
	}
}

// FuzzAnswer feeds both directions with anything; what we send must be readable
// by ourselves, and a required policy must never end without keys.
func FuzzAnswer(f *testing.F) {
	f.Add(remote("audio 5000 RTP/AVP 8 101", "a=rtpmap:101 telephone-event/8000"), uint8(0))
	f.Add(remote("audio 5000 RTP/SAVP 8", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 "+key30), uint8(2))
	f.Add(remote("image 6000 udptl t38", "m=audio 5000 RTP/AVPF 120", "a=rtpmap:120 opus/48000/2", "a=fmtp:120 x", "a=rtcp:1 IN IP4 1.2.3.4", "a=rtcp-xr:rcvr-rtt=all voip-metrics"), uint8(1))
	withICE, _ := New(reachable("192.168.1.1", "198.51.100.1", true)).Offer(SendRecv)
	f.Add(withICE, uint8(200))
	f.Fuzz(func(t *testing.T, body []byte, policy uint8) {
		srtp := SRTP(policy % 3)
		l := local(srtp)
		if policy >= 128 {
			l.ICE = reachable("192.168.2.2", "198.51.100.2", true).ICE
		}
		s := New(l)
		answer, m, err := s.Answer(body, SendRecv)
		if err == nil {
			check(t, m, srtp)
			if _, err := parse(answer); err != nil {
				t.Fatalf("our answer: %v\n%s", err, answer)
			}
		}
		s.Restarts(body)
		again, err := s.Offer(SendOnly)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parse(again); err != nil {
			t.Fatalf("our offer: %v\n%s", err, again)
		}
		if m, err := s.Accept(body); err == nil {
			check(t, m, srtp)
		}
	})
}

func check(t *testing.T, m Media, srtp SRTP) {
	if m.Send.Name == "" || len(m.Recv) == 0 || !m.Remote.Addr().IsValid() || m.Ptime < 10 || m.Ptime > 60 {
		t.Fatalf("hollow media %+v", m)
	}
	if (srtp == Required && m.Crypto == nil) || (srtp == Off && m.Crypto != nil) {
		t.Fatalf("policy %d, crypto %v", srtp, m.Crypto)
	}
	if m.Crypto != nil && len(m.Crypto.RemoteKey) != suites[m.Crypto.Suite] {
		t.Fatalf("key length %d of %s", len(m.Crypto.RemoteKey), m.Crypto.Suite)
	}
}

// TestCopies: packets with copies (RFC 2198) are agreed where both know them, and of the one codec alone.
func TestCopies(t *testing.T) {
	ours := local(Off)
	ours.Copied = "opus"
	a, b := New(ours), New(ours)
	body, err := a.Offer(SendRecv)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(body); !strings.Contains(s, "a=rtpmap:112 red/48000/2\r\na=fmtp:112 96/96\r\n") {
		t.Errorf("offer\n%s", s)
	}
	answer, mb, err := b.Answer(body, SendRecv)
	if err != nil {
		t.Fatal(err)
	}
	ma, err := a.Accept(answer)
	if want := (Redundancy{112, 112}); err != nil || ma.Red != want || mb.Red != want {
		t.Errorf("%v; agreed %+v and %+v\n%s", err, ma.Red, mb.Red, answer)
	}

	plain := New(local(Off)) // knows nothing of copies
	if _, m, err := plain.Answer(body, SendRecv); err != nil || m.Red != (Redundancy{}) {
		t.Errorf("%v; %+v without being asked for", err, m.Red)
	}
	for _, row := range []struct {
		name  string
		attrs []string
		red   Redundancy
	}{
		{"their numbers", []string{"a=rtpmap:100 opus/48000/2", "a=rtpmap:63 red/48000/2", "a=rtpmap:99 RED/48000/2", "a=fmtp:99 100/100"}, Redundancy{99, 99}},
		{"two copies", []string{"a=rtpmap:100 opus/48000/2", "a=rtpmap:99 red/48000/2", "a=fmtp:99 100/100/100"}, Redundancy{99, 99}},
		{"of another codec", []string{"a=rtpmap:100 opus/48000/2", "a=rtpmap:99 red/48000/2", "a=fmtp:99 100/0"}, Redundancy{}},
		{"another clock", []string{"a=rtpmap:100 opus/48000/2", "a=rtpmap:99 red/8000", "a=fmtp:99 100/100"}, Redundancy{}},
		{"of nothing", []string{"a=rtpmap:100 opus/48000/2", "a=rtpmap:99 red/48000/2"}, Redundancy{}},
	} {
		_, m, err := New(ours).Answer(remote("audio 5000 RTP/AVP 100 99 63 0", row.attrs...), SendRecv)
		if err != nil || m.Red != row.red || m.Send.Name != "opus" {
			t.Errorf("%s: %v, %+v", row.name, err, m)
		}
	}
	// The peer answers with its own numbers.
	c := New(ours)
	if _, err := c.Offer(SendRecv); err != nil {
		t.Fatal(err)
	}
	m, err := c.Accept(remote("audio 5000 RTP/AVP 120 121", "a=rtpmap:120 opus/48000/2", "a=rtpmap:121 red/48000/2", "a=fmtp:121 120/120"))
	if err != nil || m.Red != (Redundancy{121, 112}) {
		t.Errorf("%v, %+v", err, m.Red)
	}
}

// RFC 8866 §6.4: ptime is a wish, maxptime a bound; ours counts only where there is no wish.
func TestPacketTime(t *testing.T) {
	for _, row := range []struct {
		ours  int
		attrs []string
		want  int
	}{
		{20, nil, 20}, {40, nil, 40}, {0, nil, 20},
		{20, []string{"a=ptime:30"}, 30}, {20, []string{"a=ptime:10"}, 10}, {20, []string{"a=ptime:60"}, 60},
		{20, []string{"a=ptime:2.5"}, 10}, {20, []string{"a=ptime:5"}, 10}, {20, []string{"a=ptime:200"}, 60},
		{60, []string{"a=maxptime:20"}, 20}, {20, []string{"a=ptime:60", "a=maxptime:40"}, 40}, {20, []string{"a=maxptime:150"}, 20},
		{20, []string{"a=ptime:0"}, 20}, {20, []string{"a=ptime:-10"}, 20}, {20, []string{"a=ptime:NaN"}, 20}, {20, []string{"a=ptime:1e99", "a=maxptime:x"}, 20},
	} {
		ours := local(Off, pcma)
		ours.Ptime = row.ours
		_, m, err := New(ours).Answer(remote("audio 5000 RTP/AVP 8", row.attrs...), SendRecv)
		if err != nil || m.Ptime != row.want {
			t.Errorf("ours %d, theirs %v: %v, %d ms", row.ours, row.attrs, err, m.Ptime)
		}
	}
}
