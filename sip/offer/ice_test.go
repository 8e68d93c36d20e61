package offer

import (
	"net/netip"
	"strings"
	"testing"
)

// reachable is a side that does ICE, with a host and a reflexive address of both components.
func reachable(host, public string, mux bool) Local {
	l := Local{Addr: netip.MustParseAddr(host), Port: 4000, RTCPMux: mux, Codecs: []Codec{{Name: "PCMA", PT: 8, Clock: 8000}}}
	l.Public, l.PublicRTCP = netip.MustParseAddrPort(public+":5000"), netip.MustParseAddrPort(public+":5007")
	l.ICE = &ICE{Ufrag: "abcd" + host[len(host)-1:], Pwd: "0123456789abcdefghijklmn", Ended: true, Candidates: []string{
		"1 1 udp 2130706431 " + host + " 4000 typ host", "1 2 udp 2130706430 " + host + " 4001 typ host",
		"2 1 udp 1694498815 " + public + " 5000 typ srflx raddr " + host + " rport 4000",
		"2 2 udp 1694498814 " + public + " 5007 typ srflx raddr " + host + " rport 4001",
	}}
	return l
}

func TestICEIsAgreed(t *testing.T) {
	for _, mux := range []bool{false, true} {
		a, b := New(reachable("192.168.1.1", "198.51.100.1", true)), New(reachable("192.168.2.2", "198.51.100.2", mux))
		body, err := a.Offer(SendRecv)
		if err != nil {
			t.Fatal(err)
		}
		if text := string(body); !strings.Contains(text, "c=IN IP4 198.51.100.1\r\n") || !strings.Contains(text, "m=audio 5000 ") ||
			!strings.Contains(text, "a=rtcp:5007 IN IP4 198.51.100.1\r\n") || strings.Count(text, "a=candidate:") != 4 {
			t.Errorf("offer:\n%s", text)
		}
		answer, mb, err := b.Answer(body, SendRecv)
		if err != nil {
			t.Fatal(err)
		}
		ma, err := a.Accept(answer)
		if err != nil {
			t.Fatal(err)
		}
		if ma.ICE == nil || mb.ICE == nil || !ma.Controlling || mb.Controlling || ma.ICE.Ufrag != "abcd2" || !mb.ICE.Ended {
			t.Fatalf("agreed %+v and %+v", ma, mb)
		}
		want := map[bool]int{false: 4, true: 2}[mux] // with RTP and RTCP on one port there is one component
		if len(ma.ICE.Candidates) != want || ma.RTCPMux != mux || ma.Rewritten {
			t.Errorf("mux %v: %+v", mux, ma)
		}
		// Who has had the choice keeps it, though the other offers now (RFC 8445 §6.1.1).
		body, _ = b.Offer(SendOnly)
		if a.Restarts(body) {
			t.Error("a hold is no restart")
		}
		_, ma, err = a.Answer(body, SendRecv)
		if err != nil || ma.ICE == nil || !ma.Controlling {
			t.Errorf("after a re-offer: %+v, %v", ma, err)
		}
	}
}

func TestICERestart(t *testing.T) {
	a, b := New(reachable("192.168.1.1", "198.51.100.1", true)), New(reachable("192.168.2.2", "198.51.100.2", true))
	body, _ := a.Offer(SendRecv)
	answer, _, _ := b.Answer(body, SendRecv)
	if _, err := a.Accept(answer); err != nil {
		t.Fatal(err)
	}
	moved := reachable("192.168.1.9", "198.51.100.9", true)
	if !a.Reach(moved) || a.Reach(moved) {
		t.Error("the first is new, the second is not")
	}
	body, _ = a.Offer(SendRecv)
	if !b.Restarts(body) {
		t.Error("other credentials are a restart")
	}
	if _, m, err := b.Answer(body, SendRecv); err != nil || m.ICE.Ufrag != "abcd9" || m.Controlling {
		t.Errorf("%+v, %v", m, err)
	}
}

// TestNoICE: packets go the plain way if the far side knows none, or if somebody on the way has put his own address there.
func TestNoICE(t *testing.T) {
	peer := func(change func(string) string) (string, Media) {
		a, b := New(reachable("192.168.1.1", "198.51.100.1", true)), New(reachable("192.168.2.2", "198.51.100.2", true))
		body, _ := a.Offer(SendRecv)
		answer, m, err := b.Answer([]byte(change(string(body))), SendRecv)
		if err != nil {
			t.Fatal(err)
		}
		return string(answer), m
	}
	drop := func(prefix string) func(string) string {
		return func(s string) string {
			var out strings.Builder
			for line := range strings.Lines(s) {
				if !strings.HasPrefix(line, prefix) {
					out.WriteString(line)
				}
			}
			return out.String()
		}
	}
	for name, change := range map[string]func(string) string{
		"no candidates": drop("a=candidate"), "no name": drop("a=ice-ufrag"), "no password": drop("a=ice-pwd"),
		"short password": func(s string) string { return strings.ReplaceAll(s, "0123456789abcdefghijklmn", "0123456789") },
		"bad characters": func(s string) string { return strings.ReplaceAll(s, "abcd1", "ab d1") },
	} {
		answer, m := peer(change)
		if m.ICE != nil || strings.Contains(answer, "ice-") || m.Rewritten {
			t.Errorf("%s: %+v\n%s", name, m, answer)
		}
	}
	answer, m := peer(func(s string) string { return strings.ReplaceAll(s, "c=IN IP4 198.51.100.1", "c=IN IP4 203.0.113.5") })
	if m.ICE != nil || !m.Rewritten || !strings.Contains(answer, "a=ice-mismatch\r\n") || m.Remote != netip.MustParseAddrPort("203.0.113.5:5000") {
		t.Errorf("rewritten: %+v\n%s", m, answer)
	}
	a := New(reachable("192.168.1.1", "198.51.100.1", true))
	_, _ = a.Offer(SendRecv)
	if m, err := a.Accept([]byte(answer)); err != nil || m.ICE != nil || !m.Rewritten {
		t.Errorf("told of it: %+v, %v", m, err)
	}
}

func TestHostileICE(t *testing.T) {
	var i ICE
	for _, v := range []string{"", "1", "1 1 udp 1 192.0.2.1 70000 typ host", "1 3 udp 1 192.0.2.1 4000 typ host", "1 1 udp 1 192.0.2.1 4000 type host", strings.Repeat("x ", 300)} {
		i.note("candidate", v)
	}
	for range 200 {
		i.note("candidate", "1 1 udp 1 192.0.2.1 4000 typ host")
	}
	i.note("ice-ufrag", strings.Repeat("a", 300))
	if len(i.Candidates) != maxCandidates || i.Ufrag != "" {
		t.Errorf("%d candidates, %q", len(i.Candidates), i.Ufrag)
	}
}

func TestTrickle(t *testing.T) {
	a := New(reachable("192.168.1.1", "198.51.100.1", true))
	nothing := strings.Join([]string{"v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "c=IN IP4 0.0.0.0", "t=0 0", "m=audio 9 RTP/AVP 8",
		"a=ice-ufrag:abcd", "a=ice-pwd:0123456789abcdefghijklmn", "a=ice-options:ice2 trickle", "a=rtcp-mux", ""}, "\r\n")
	_, m, err := a.Answer([]byte(nothing), SendRecv)
	if err != nil || m.ICE == nil || !m.ICE.Trickle || m.RemoteHeld || m.Direction != SendRecv {
		t.Errorf("nothing known yet: %+v, %v", m, err)
	}
	in := ICE{Ufrag: "abcd", Pwd: "0123456789abcdefghijklmn", Candidates: []string{"1 1 udp 1 192.0.2.1 4000 typ host"}, Ended: true}
	out, ok := ParseFragment(in.Fragment())
	if !ok || out.Ufrag != in.Ufrag || len(out.Candidates) != 1 || out.Candidates[0] != in.Candidates[0] || !out.Ended {
		t.Errorf("%+v", out)
	}
	for name, body := range map[string]string{"none": "", "no name": "a=candidate:1 1 udp 1 192.0.2.1 4000 typ host", "huge": strings.Repeat("a=x\r\n", MaxLines) + "a=ice-ufrag:abcd"} {
		if _, ok := ParseFragment([]byte(body)); ok {
			t.Errorf("%s is taken", name)
		}
	}
}

func FuzzFragment(f *testing.F) {
	f.Add((ICE{Ufrag: "abcd", Pwd: "0123456789abcdefghijklmn", Candidates: []string{"1 1 udp 1 192.0.2.1 4000 typ host"}}).Fragment())
	f.Fuzz(func(t *testing.T, body []byte) {
		i, ok := ParseFragment(body)
		if !ok {
			return
		}
		again, ok := ParseFragment(i.Fragment())
		if !ok || len(again.Candidates) != len(i.Candidates) || again.Ufrag != i.Ufrag {
			t.Fatalf("%+v became %+v", i, again)
		}
	})
}
