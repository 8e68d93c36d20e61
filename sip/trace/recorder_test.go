package trace

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var (
	us     = netip.MustParseAddrPort("192.0.2.1:5060")
	them   = netip.MustParseAddrPort("192.0.2.2:5060")
	noon   = time.Date(2026, 11, 26, 12, 0, 0, 123456789, time.UTC)
	length = len("\r\nContent-Length: 0\r\n\r\n")
)

// talk writes messages: "> INVITE" is one of ours, "< 180 Ringing" one of theirs; what follows | are headers and,
// after ||, a body. cseq is that of each, "1 INVITE" at first.
func talk(r *Recorder, callID string, script ...string) {
	cseq, at := "", noon
	for _, line := range script {
		line, body, _ := strings.Cut(line, "||")
		line, more, _ := strings.Cut(line, "|")
		out, what := line[0] == '>', strings.TrimSpace(line[1:])
		start := "SIP/2.0 " + what
		if what[0] >= 'A' {
			method, number, _ := strings.Cut(what, " ")
			if start = method + " sip:200@example.com SIP/2.0"; method != "ACK" {
				cseq = number + " " + method
			}
		}
		msg := fmt.Sprintf("%s\r\nCall-ID: %s\r\nTo: <sip:anna@example.com>\r\nCSeq: %s\r\n%sContent-Length: %d\r\n\r\n%s", start, callID, cseq, more, len(body), body)
		r.Message(Packet{At: at, Out: out, Transport: "udp", Local: us, Remote: them, Data: []byte(msg)})
		at = at.Add(10 * time.Millisecond)
	}
}

// nowhere is for messages that say themselves where they went.
func nowhere(netip.Addr) (netip.Addr, error) { return netip.Addr{}, errors.New("no route") }

// TestRun: what went over the wire is kept, without its secrets and from the address that it was sent from, before
// anybody asks for it; and who asks at once, or sends more than can wait, misses nothing.
func TestRun(t *testing.T) {
	ours := func(netip.Addr) (netip.Addr, error) { return netip.MustParseAddr("192.0.2.7"), nil }
	invite := Packet{At: noon, Out: true, Transport: "udp", Local: netip.MustParseAddrPort("[::]:5060"), Remote: netip.MustParseAddrPort("192.0.2.9:5060"),
		Data: []byte("INVITE sip:b@example.com SIP/2.0\r\nCall-ID: a\r\nCSeq: 1 INVITE\r\nAuthorization: Digest response=\"5ec2e7\"\r\nContent-Length: 0\r\n\r\n")}
	kept := func(r *Recorder) int {
		n := 0
		for _, l := range r.all {
			for _, e := range l.Entries {
				if bytes.Contains(e.Data, []byte("5ec2e7")) || e.Local.String() != "192.0.2.7:5060" {
					t.Fatalf("kept from %v: %s", e.Local, e.Data)
				}
				n++
			}
		}
		return n
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		r := NewRecorder(DefaultLimits(), ours)
		go func() { _ = r.Run(ctx) }()
		r.Message(invite)
		synctest.Wait()
		if n := kept(r); n != 1 || len(r.fresh) != 0 {
			t.Errorf("%d kept, %d wait", n, len(r.fresh))
		}
		stop()
	})
	r := NewRecorder(DefaultLimits(), ours)
	for range 2 * backlog / len(invite.Data) {
		r.Message(invite)
		if r.bytes > backlog {
			t.Fatalf("%d bytes wait", r.bytes)
		}
	}
	if l := r.All(); len(l) != 1 || kept(r)+l[0].Omitted != 2*backlog/len(invite.Data) {
		t.Errorf("%d of %d are left", kept(r), 2*backlog/len(invite.Data))
	}
}

const sdp = "v=0\r\nm=audio 4000 RTP/AVP 0\r\n"

func meanings(t *testing.T, l Ladder, ok bool) (out []string) {
	t.Helper()
	if !ok {
		t.Fatal("no ladder")
	}
	for _, s := range Explain(&l) {
		out = append(out, s.words())
	}
	return out
}

func TestCallInWords(t *testing.T) {
	r := NewRecorder(DefaultLimits(), nowhere)
	r.Name(7, "a")
	talk(r, "a", "> INVITE 1", "< 407 No|Proxy-Authenticate: Digest nonce=\"n\"\r\n", "> ACK", "> INVITE 2|Proxy-Authorization: Digest nonce=\"n\"\r\n||"+sdp,
		"< 100 Trying", "< 180 Ringing", "< 200 OK||"+sdp, "> ACK", "> INVITE 3||"+sdp+"a=sendonly\r\n", "< 200 OK", "> ACK", "> INVITE 4||"+sdp, "< 200 OK",
		"> ACK", "< BYE 5", "> 200 OK")
	r.Note(7, noon.Add(75*time.Millisecond), Hears, "Opus 48 kHz")
	l, ok := r.Call(7)
	want := []string{
		"Your phone calls", "The server asks for your password (normal)", "Your phone reads the refusal (normal)", "Your phone calls again, password proven",
		"The server works on it", "The other side's phone rings", "The other side answers", "Your phone confirms the answer", "You hear the other side", "Your phone puts the call on hold",
		"The other side agrees", "Your phone confirms the answer", "Your phone takes the call back", "The other side agrees", "Your phone confirms the answer",
		"The other side hangs up", "Your phone agrees",
	}
	if got := meanings(t, l, ok); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("told as\n%s", strings.Join(got, "\n"))
	}
}

func TestSignInInWords(t *testing.T) {
	r := NewRecorder(DefaultLimits(), nowhere)
	talk(r, "r", "> REGISTER 1", "> REGISTER 1", "< 401 No", "> REGISTER 2|Authorization: Digest nonce=\"n\", response=\"abc\"\r\n", "< 401 No",
		"> REGISTER 3|Authorization: Digest nonce=\"m\"\r\n", "< 200 OK", "> REGISTER 4|Expires: 0\r\n", "< 200 OK")
	l, ok := r.Account("sip:Anna@example.com")
	want := []string{"Your phone signs in", "Your phone signs in, again: no answer had come", "The server asks for your password (normal)",
		"Your phone signs in, password proven", "The server refuses the password", "Your phone signs in, password proven",
		"The server has signed you in", "Your phone signs out", "The server has signed you out"}
	if got := meanings(t, l, ok); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("told as\n%s", strings.Join(got, "\n"))
	}
}

func TestEveryMeaningHasWords(t *testing.T) {
	for m := range MeaningCount {
		if English[m].Of(false) == "" || English[m].Of(true) == "" {
			t.Errorf("meaning %d has no words", m)
		}
	}
}

// TestMemoryIsBounded: whatever a far side sends, a call, an account and all of them together stay in their bounds, and
// calls that rang outlive those that did not.
func TestMemoryIsBounded(t *testing.T) {
	limits := Limits{Call: 20_000, Account: 5000, All: 60_000, Calls: 10}
	r := NewRecorder(limits, nowhere)
	for i := range 300 {
		id := fmt.Sprint("c", i%20)
		if i%20 == 3 {
			r.Name(3, id)
		}
		talk(r, id, "< INVITE 1|X: "+strings.Repeat("y", 3*i)+"\r\n", "> 180 Ringing", fmt.Sprintf("< INFO %d", i))
		talk(r, "r", fmt.Sprintf("> REGISTER %d", i))
		size := 0
		for _, l := range r.All() {
			n := 0
			for j := range l.Entries {
				n += l.Entries[j].size()
			}
			if most := limits.Call; n > most || l.Account != "" && n > limits.Account {
				t.Fatalf("a ladder of %d bytes", n)
			}
			size += n
		}
		if size > limits.All || len(r.All()) > limits.Calls+1 {
			t.Fatalf("%d ladders of %d bytes", len(r.All()), size)
		}
	}
	if _, ok := r.Call(3); !ok {
		t.Error("the call that rang is forgotten before those that did not")
	}
	l, _ := r.Account("sip:anna@example.com")
	if l.Omitted == 0 {
		t.Error("nothing of the registration was left out")
	}
}

func TestBeginningOfALongCallStays(t *testing.T) {
	r := NewRecorder(Limits{Call: 20_000, Account: 5000, All: 60_000, Calls: 10}, nowhere)
	talk(r, "a", "> INVITE 1")
	r.Name(1, "a")
	for i := range 500 {
		talk(r, "a", fmt.Sprintf("> OPTIONS %d", i+2))
	}
	l, _ := r.Call(1)
	if s := Explain(&l); s[0].Meaning != Calls || l.Omitted < 300 {
		t.Errorf("begins with %v, %d left out", s[0].Meaning, l.Omitted)
	}
}

func TestCallOfSeveralDialogs(t *testing.T) {
	r := NewRecorder(DefaultLimits(), nowhere)
	talk(r, "a", "> INVITE 1", "< 488 No", "> ACK")
	r.Name(1, "a")
	r.Name(1, "b") // without keys
	talk(r, "b", "> INVITE 1", "< 200 OK")
	talk(r, "c", "> INVITE 1")
	r.Name(1, "c")
	if l, _ := r.Call(1); len(l.Entries) != 6 || len(r.All()) != 1 {
		t.Errorf("%d messages, %d ladders", len(l.Entries), len(r.All()))
	}
}

func TestNothingIsKept(t *testing.T) {
	r := NewRecorder(DefaultLimits(), nowhere)
	talk(r, "a", "> INVITE 1")
	r.Name(1, "a")
	r.Keep(false)
	talk(r, "a", "> INVITE 2")
	r.Name(2, "a")
	if n := len(r.All()); n != 0 {
		t.Errorf("%d ladders are kept", n)
	}
	r.Keep(true)
	talk(r, "a", "> INVITE 3", "< OPTIONS 9")
	talk(r, "z", "< OPTIONS 9")
	if n := len(r.All()); n != 1 {
		t.Errorf("%d ladders", n)
	}
}

// TestGivenOutStays: who looks at a ladder while the call goes on does not see it change under him.
func TestGivenOutStays(t *testing.T) {
	r := NewRecorder(DefaultLimits(), nowhere)
	r.Name(1, "a")
	talk(r, "a", "> INVITE 1", "< 100 Trying", "< 180 Ringing")
	l, _ := r.Call(1)
	was := fmt.Sprint(l.Entries)
	r.Note(1, noon, Heard, "")
	talk(r, "a", "> BYE 2")
	if fmt.Sprint(l.Entries) != was {
		t.Error("it was written")
	}
}

// TestPCAP reads what was written by the letter of the format: blocks, addresses, checksums and sequence numbers.
func TestPCAP(t *testing.T) {
	r := NewRecorder(DefaultLimits(), nowhere)
	for i, transport := range []string{"udp", "tcp", "tls"} {
		remote := netip.AddrPortFrom(them.Addr(), uint16(5060+i/2))
		local := us
		if transport == "tcp" {
			local, remote = netip.MustParseAddrPort("[2001:db8::1]:40000"), netip.MustParseAddrPort("[2001:db8::2]:5060")
		}
		for _, out := range []bool{true, false, true} {
			msg := fmt.Sprintf("INVITE sip:200@example.com SIP/2.0\r\nCall-ID: %s\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n", "a")
			r.Message(Packet{At: noon, Out: out, Transport: transport, Local: local, Remote: remote, Data: []byte(msg)})
		}
	}
	r.Name(1, "a")
	l, _ := r.Call(1)
	var b bytes.Buffer
	if err := WritePCAP(&b, &l); err != nil {
		t.Fatal(err)
	}
	var got []string
	for f := b.Bytes(); len(f) > 0; {
		kind, size := binary.LittleEndian.Uint32(f), binary.LittleEndian.Uint32(f[4:])
		if size%4 != 0 || binary.LittleEndian.Uint32(f[size-4:]) != size {
			t.Fatalf("block of %d bytes", size)
		}
		if kind == packetBlock {
			body := f[8:]
			at := uint64(binary.LittleEndian.Uint32(body[4:]))<<32 | uint64(binary.LittleEndian.Uint32(body[8:]))
			if int64(at) != noon.UnixNano() {
				t.Errorf("at %d", at)
			}
			got = append(got, describe(t, body[20:20+binary.LittleEndian.Uint32(body[12:])]))
		}
		f = f[size:]
	}
	n := len("INVITE sip:200@example.com SIP/2.0\r\nCall-ID: a\r\nCSeq: 1 INVITE") + length
	want := []string{
		"17 192.0.2.1:5060 192.0.2.2:5060", "17 192.0.2.2:5060 192.0.2.1:5060", "17 192.0.2.1:5060 192.0.2.2:5060",
		"6 [2001:db8::1]:40000 [2001:db8::2]:5060 1 1", fmt.Sprint("6 [2001:db8::2]:5060 [2001:db8::1]:40000 1 ", 1+n), fmt.Sprint("6 [2001:db8::1]:40000 [2001:db8::2]:5060 ", 1+n, " ", 1+n),
		"6 192.0.2.1:5060 192.0.2.2:5060 1 1", fmt.Sprint("6 192.0.2.2:5060 192.0.2.1:5060 1 ", 1+n), fmt.Sprint("6 192.0.2.1:5060 192.0.2.2:5060 ", 1+n, " ", 1+n),
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("holds\n%s\nnot\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// describe reads a raw IP datagram and checks its sums.
func describe(t *testing.T, ip []byte) string {
	t.Helper()
	var src, dst netip.Addr
	var proto byte
	var body, pseudo []byte
	if ip[0]>>4 == 4 {
		src, dst, proto, body = netip.AddrFrom4([4]byte(ip[12:16])), netip.AddrFrom4([4]byte(ip[16:20])), ip[9], ip[20:]
		if checksum(ip[:20]) != 0 {
			t.Error("the sum of the head is wrong")
		}
		pseudo = append(pseudo, ip[12:20]...)
	} else {
		src, dst, proto, body = netip.AddrFrom16([16]byte(ip[8:24])), netip.AddrFrom16([16]byte(ip[24:40])), ip[6], ip[40:]
		pseudo = append(pseudo, ip[8:40]...)
	}
	pseudo = append(binary.BigEndian.AppendUint32(pseudo, uint32(len(body))), 0, 0, 0, proto)
	if checksum(append(pseudo, body...)) != 0 {
		t.Error("the sum of the segment is wrong")
	}
	line := fmt.Sprint(proto, " ", netip.AddrPortFrom(src, binary.BigEndian.Uint16(body)), " ", netip.AddrPortFrom(dst, binary.BigEndian.Uint16(body[2:])))
	if proto == protoTCP {
		line += fmt.Sprint(" ", binary.BigEndian.Uint32(body[4:]), " ", binary.BigEndian.Uint32(body[8:]))
	}
	return line
}

func TestText(t *testing.T) {
	r := NewRecorder(DefaultLimits(), nowhere)
	r.Name(1, "a")
	talk(r, "a", "> INVITE 1|X: \x1b[2J\u202e\r\n", "< 486 Busy Here")
	l, _ := r.Call(1)
	var b strings.Builder
	if err := WriteText(&b, &l); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2026-11-26 12:00:00.123  ->  INVITE ", "Your phone calls\n", "<-  486 Busy Here ", "The other side is busy\n", "-> Try again later.", "192.0.2.2:5060 -> 192.0.2.1:5060  udp\nSIP/2.0 486"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in\n%s", want, b.String())
		}
	}
	if strings.ContainsAny(b.String(), "\x1b\u202e\r") {
		t.Errorf("what a terminal would obey is in it: %q", b.String())
	}
}

func BenchmarkMessage(b *testing.B) {
	r := NewRecorder(DefaultLimits(), nowhere)
	msg := []byte("INVITE sip:200@example.com:5061 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx\r\nFrom: \"Anna\" <sip:anna@example.com>;tag=1\r\nTo: <sip:anna@example.com>\r\nCall-ID: a\r\nCSeq: 1 INVITE\r\n" +
		"Contact: <sip:anna@192.0.2.1:5060;line=1>\r\nAllow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, NOTIFY, REFER, UPDATE, PRACK\r\nSupported: 100rel, timer, outbound, path, gruu, replaces, norefersub\r\n" +
		"Proxy-Authorization: Digest username=\"anna\", realm=\"example.com\", nonce=\"abc\", uri=\"sip:200@example.com\", algorithm=MD5, response=\"xxxxxxxxxx\"\r\n" +
		"Content-Type: application/sdp\r\nContent-Length: 137\r\n\r\nv=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nm=audio 16384 RTP/SAVP 0 101\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:xxxxxx\r\n" +
		"a=fingerprint:sha-256 AB:CD\r\na=candidate:1 1 UDP 2130706431 192.0.2.1 16384 typ host\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n")
	b.ReportAllocs()
	for b.Loop() {
		r.Message(Packet{At: noon, Out: true, Transport: "udp", Local: us, Remote: them, Data: msg})
	}
}
