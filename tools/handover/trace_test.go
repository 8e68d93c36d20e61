package handover

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/tpcp"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
)

// sipFields are what a message is told by: where from and to, what, and when.
var sipFields = []string{"ip.src", "udp.srcport", "tcp.srcport", "ip.dst", "udp.dstport", "tcp.dstport", "sip.Method", "sip.Status-Code", "sip.CSeq", "sip.Call-ID", "frame.time_epoch"}

// messages gives the messages of one Call-ID in a capture file, as tshark reads it, and their times.
func messages(t *testing.T, file, filter string) (rows []string, times []float64) {
	t.Helper()
	all, err := lab.SharkFields(soon(t), file, filter, sipFields...)
	must(t, err)
	for _, r := range all {
		at, err := strconv.ParseFloat(r[len(r)-1], 64)
		must(t, err)
		rows, times = append(rows, strings.Join(r[:len(r)-1], " ")), append(times, at)
	}
	return rows, times
}

var (
	keyOnWire   = regexp.MustCompile(`inline:([A-Za-z0-9+/]{20,})`)
	proofOnWire = regexp.MustCompile(`response="([0-9a-f]{32,})"`)
)

// TestTraceIsWhatWasOnTheWire: of a call that was held and taken back, and of a sign-in, the phone's file shows tshark the
// same messages in the same order as tshark saw on the wire; no key, password, proof or key press is in it.
func TestTraceIsWhatWasOnTheWire(t *testing.T) {
	must(t, lab.Require("tshark"))
	s := newStageBy(t, func(ctx context.Context, dir string) (*Stage, error) {
		return raise(ctx, &Stage{Dir: dir, line: "mwi = false\n"}) // nothing else proves the password before the call does
	})
	peer := s.enter(t, bareB)
	shark, err := lab.StartShark(soon(t), s.LAN.Core, lab.LANDevice, "port 5060", filepath.Join(s.Dir, "wire.pcapng"))
	must(t, err)
	mark, ringing := s.Wire.Mark(), peer.Mark()

	const user, host = "103", 13
	other, err := desk.StartTwin(soon(t), desk.Setup{Name: "other", LAN: s.LAN, Host: host, Settings: settings(user, host, "")})
	must(t, err)
	defer other.Close()
	_, err = s.Wire.Wait(soon(t), mark, "the sign-in's end", func(p lab.Packet) bool { return p.Response(200, "REGISTER") })
	must(t, err)
	s.do(t, phone.Dial{Number: bareB.User})
	call := s.waitCalls(t, "Talking").Calls[0].ID
	must(t, s.WaitFlow(soon(t), mark, s.Phone.Addr(), bareB.Addr()))
	begun := s.agreed(t, mark, 1) // the first was challenged
	s.do(t, phone.Hold{Call: call})
	held := s.agreed(t, mark, begun)
	s.do(t, phone.Resume{Call: call})
	s.agreed(t, mark, held)
	s.do(t, phone.SendDTMF{Call: call, Digit: '7'})
	const digits = "471108150"
	s.pressKeys(t, mark, digits)
	must(t, peer.Hangup(soon(t)))
	s.waitCalls(t, "")
	must(t, peer.WaitEnded(soon(t), ringing))
	must(t, lab.Poll(soon(t), "the end of the call in tshark's file", func() (bool, error) {
		rows, err := lab.SharkFields(soon(t), shark.File, fmt.Sprintf("sip.CSeq.method == BYE && sip.Status-Code == 200 && ip.src == %s", s.Phone.Addr()), "frame.number")
		return err == nil && len(rows) > 0, nil // while it grows it may end in the middle of a packet
	}))
	must(t, shark.Close(soon(t)))

	files := map[string][]byte{}
	for of, p := range map[string]*desk.Twin{fmt.Sprint("c-", call): s.Phone, "sip:" + user + "@" + Domain: other} {
		for _, format := range []string{tpcp.TracePCAP, tpcp.TraceText} {
			file, err := p.Trace(of, format)
			must(t, err)
			files[of+" as "+format] = file
			name := filepath.Join(s.Dir, strings.NewReplacer(":", "-", "@", "-").Replace(of)+"."+format)
			must(t, os.WriteFile(name, file, 0o600))
			if format == tpcp.TracePCAP {
				compare(t, p, of, name, shark.File)
			}
		}
	}
	secrets := append(s.secrets(t, mark), digits, lab.PasswordOf(PhoneUser), lab.PasswordOf(user))
	for name, file := range files {
		for _, secret := range secrets {
			if bytes.Contains(file, []byte(secret)) {
				t.Errorf("%q is in %s", secret, name)
			}
		}
	}
	told := string(files[fmt.Sprint("c-", call, " as ", tpcp.TraceText)])
	at := 0
	for _, want := range []string{"Your phone calls\n", "The server asks for your password (normal)", "Your phone calls again, password proven", "The other side answers", "You hear the other side",
		"Your phone puts the call on hold", "Your phone takes the call back", "A key press comes (not which one)", "The other side hangs up"} {
		n := strings.Index(told[at:], want)
		if n < 0 {
			t.Fatalf("no %q after %d bytes of\n%s", want, at, told)
		}
		at += n
	}
	if !strings.Contains(told, "Sound is not encrypted") || !strings.Contains(told, "The other side can hear you") {
		t.Errorf("nothing of the sound in\n%s", told)
	}
}

// agreed waits until the phone has acknowledged an INVITE that comes after another, and tells its number.
func (s *Stage) agreed(t *testing.T, mark, after int) (cseq int) {
	t.Helper()
	_, err := s.Wire.Wait(soon(t), mark, fmt.Sprint("an ACK after that of INVITE ", after), func(p lab.Packet) bool {
		m := acknowledged.FindSubmatch(p.Data)
		if m == nil || !p.Request("ACK") || p.Src.Addr() != s.Phone.Addr() {
			return false
		}
		cseq, _ = strconv.Atoi(string(m[1]))
		return cseq > after
	})
	must(t, err)
	return cseq
}

var acknowledged = regexp.MustCompile(`\r\nCSeq: (\d+) ACK\r\n`)

// pressKeys sends the phone an INFO with key presses in the call that goes on, as another make would, and waits for its answer.
func (s *Stage) pressKeys(t *testing.T, mark int, digits string) {
	t.Helper()
	p, err := s.Wire.Wait(soon(t), mark, "an INVITE", func(p lab.Packet) bool { return p.Request("INVITE") && p.Src.Addr() == s.Phone.Addr() })
	must(t, err)
	from := regexp.MustCompile(`(?m)^From: (.*)\r$`).FindSubmatch(p.Data)
	id := regexp.MustCompile(`(?m)^Call-ID: (.*)\r$`).FindSubmatch(p.Data)
	c, err := s.LAN.Core.ListenPacket(netip.AddrPortFrom(registrarAt.Addr(), 0))
	must(t, err)
	defer c.Close()
	body := "Signal=" + digits + "\r\nDuration=160\r\n"
	msg := fmt.Sprintf("INFO sip:%s@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKinfo;rport\r\nFrom: <%s>;tag=x\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: 77 INFO\r\nMax-Forwards: 70\r\n"+
		"Content-Type: application/dtmf-relay\r\nContent-Length: %d\r\n\r\n%s", PhoneUser, s.Phone.Addr(), c.LocalAddr(), bareB.URI(), from[1], id[1], len(body), body)
	to := netip.AddrPortFrom(s.Phone.Addr(), 5060)
	_, err = c.WriteToUDPAddrPort([]byte(msg), to)
	must(t, err)
	_, err = s.Wire.Wait(soon(t), mark, "the answer to INFO", func(p lab.Packet) bool {
		return p.Src == to && bytes.Contains(p.Data, []byte("77 INFO"))
	})
	must(t, err)
}

// compare holds the phone's file against that of the wire, both read by tshark.
func compare(t *testing.T, p *desk.Twin, of, ours, wire string) {
	t.Helper()
	got, at := messages(t, ours, "sip")
	if len(got) == 0 {
		t.Fatalf("tshark finds nothing of %s", of)
	}
	ids, err := lab.SharkFields(soon(t), ours, "sip", "sip.Call-ID")
	must(t, err)
	filter := fmt.Sprintf("sip && ip.addr == %s && sip.Call-ID == %q", p.Addr(), ids[len(ids)-1][0])
	want, when := messages(t, wire, filter)
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Fatalf("%s: the phone kept\n%s\nthe wire had\n%s", of, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	apart := 0.0
	for i := range at {
		apart = max(apart, math.Abs(at[i]-when[i]))
	}
	wrong, err := lab.SharkFields(soon(t), ours, "_ws.malformed || ip.checksum.status == 0 || udp.checksum.status == 0 || tcp.checksum.status == 0", "frame.number")
	must(t, err)
	if len(wrong) > 0 {
		t.Errorf("%s: tshark finds %v malformed", of, wrong)
	}
	t.Logf("%s: %d messages, at most %.1f ms from the wire", of, len(got), apart*1000)
}

// secrets are the keys and proofs that went over the wire since a mark.
func (s *Stage) secrets(t *testing.T, mark int) (found []string) {
	t.Helper()
	for _, form := range []*regexp.Regexp{keyOnWire, proofOnWire} {
		n := len(found)
		for _, p := range s.Wire.Since(mark) {
			for _, m := range form.FindAllSubmatch(p.Data, -1) {
				found = append(found, string(m[1]))
			}
		}
		if len(found) == n {
			t.Errorf("nothing like %v went over the wire: the test proves nothing", form)
		}
	}
	return found
}
