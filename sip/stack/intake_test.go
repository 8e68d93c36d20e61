package stack

import (
	"bytes"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

func testIntake() *intake {
	cfg := Default()
	return &intake{rules: cfg.Rules, maxFields: cfg.MaxHeaders, maxMessage: cfg.MaxMessage}
}

const options = "OPTIONS sip:a@b.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK1\r\nFrom: <sip:t@b.com>;tag=t\r\n" +
	"To: <sip:a@b.com>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n"

// TestIntake: what single lines do to a request that is fine otherwise.
func TestIntake(t *testing.T) {
	for _, c := range []struct {
		line string
		code int // 0: it is taken
	}{
		{"", 0},
		{"Max-Forwards: 255", 0},
		{"Max-Forwards: 256", 400},
		{"Max-Forwards: -1", 400},
		{"Date: yesterday", 0},
		{"Subject:", 0},
		{"no colon", 400},
		{": no name", 400},
		{"Bad Name: x", 400},
		{"Call-ID: 2", 400},
		{"i: 2", 400},
		{"Content-Length: 5", 400},
		{"Content-Length: 0x0", 400},
		{"Require: 100rel", 420},
		{"Require: ,", 0},
		{"Proxy-Require: nonsense", 0},
		{"Contact: <sip:a@b.com>, <sip:c@d.com>", 0},
		{"Contact: *", 0},
		{`Contact: "a \" , <x>" <sip:a@b.com;x=%41>;q=0.5;+sip.instance="<urn:uuid:1>"`, 0},
		{`Contact: "a <sip:a@b.com>`, 400},
		{"Contact: sip:a@b.com?x=y", 400},
		{"Contact: <sip:a@b.com", 400},
		{"Contact: <sip:a@b.com:99999>", 400},
		{"Contact: <sip:a@>", 400},
		{"Contact: <sip:%zz@b.com>", 400},
		{"Contact: <sip:a@b.com>;x=1;x=2", 400},
		{"Route: *", 400},
		{"Route: <sip:p.com;lr>,<sip:q.com;lr>", 0},
		{"Via: SIP/2.0/UDP", 400},
		{"Via: SIP/2.0/UDP [::1", 400},
		{"v: SIP/2.0/UDP x:1;branch=z9hG4bK, SIP / 2.0 / TLS [2001:db8::1]:5061 ; branch = z9hG4bKx", 0},
		{"X:\r\n\tfolded\r\n more", 0},
		{"X: bare\rcr", 400},
		{"X: bare\nlf", 400},
	} {
		line := c.line
		if line != "" {
			line += "\r\n"
		}
		a, err := testIntake().parse([]byte(options + line + "\r\n"))
		switch {
		case c.code == 0 && a.req == nil:
			t.Errorf("%q: refused: %v", c.line, err)
		case c.code != 0 && (a.refuse == nil || a.refuse.StatusCode != c.code):
			t.Errorf("%q: %v, %v; want %d", c.line, a.refuse, err, c.code)
		}
	}
}

// TestIntakeKeeps: what sipgo's header parsers lose is kept.
func TestIntakeKeeps(t *testing.T) {
	a, err := testIntake().parse([]byte(options + "Record-Route: <sip:p.com;lr>, <sip:q.com;lr>\r\n" +
		`m: "B \"x\", <y>" <sip:b@192.0.2.2:5070;transport=TCP> ; expires = 60 ;+sip.instance="<urn:uuid:1;a=b>"` + "\r\n\r\nbody"))
	if err != nil {
		t.Fatal(err)
	}
	c := a.req.Contact()
	if Unquote(c.DisplayName) != `B "x", <y>` || c.Address.Port != 5070 || c.Params.GetOr("expires", "") != "60" {
		t.Errorf("Contact %+v", c)
	}
	if got := c.Params.GetOr("+sip.instance", ""); got != `"<urn:uuid:1;a=b>"` {
		t.Errorf("instance %q", got)
	}
	if n := len(a.req.GetHeaders("Record-Route")); n != 2 {
		t.Errorf("%d Record-Routes", n)
	}
	if string(a.req.Body()) != "body" {
		t.Errorf("body %q", a.req.Body())
	}
	again, err := testIntake().parse([]byte(a.req.String()))
	if err != nil || again.req.String() != a.req.String() {
		t.Errorf("not the same after a round trip (%v):\n%v\n%v", err, a.req, again.req)
	}
}

// TestReply: headers copied, one tag for all responses, none for 100.
func TestReply(t *testing.T) {
	a, err := testIntake().parse([]byte(strings.ReplaceAll(options, "OPTIONS", "INVITE") + "Record-Route: <sip:p.com;lr>\r\nTimestamp: 5\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	trying, ringing, busy := Reply(a.req, 100, ""), Reply(a.req, 180, ""), Reply(a.req, 486, "Not now")
	if Tag(trying.To().Params) != "" || trying.GetHeader("Timestamp") == nil {
		t.Errorf("100: %v", trying)
	}
	if tag := Tag(ringing.To().Params); tag == "" || tag != Tag(busy.To().Params) || tag != ReplyTag(a.req) {
		t.Errorf("tags %q %q", tag, Tag(busy.To().Params))
	}
	if ringing.RecordRoute() == nil || busy.RecordRoute() != nil {
		t.Error("Record-Route belongs in what makes a dialog")
	}
	if busy.Reason != "Not now" || ringing.Reason != "Ringing" || Phrase(799) != "799" {
		t.Error("reason phrases")
	}
	if a.req.To().Params.Has("tag") {
		t.Error("Reply changed the request")
	}
}

func torture(f interface{ Fatal(...any) }) [][]byte {
	var all [][]byte
	for _, dir := range []string{"rfc4475", "rfc5118"} {
		files, err := filepath.Glob(filepath.Join("testdata", dir, "*"))
		if err != nil || len(files) == 0 {
			f.Fatal("no messages in ", dir, err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			all = append(all, data)
		}
	}
	return all
}

// FuzzIntake: any bytes are taken, refused or dropped; what is taken is whole
// and survives being written and read again, what is refused can be sent.
func FuzzIntake(f *testing.F) {
	for _, m := range torture(f) {
		f.Add(m)
	}
	f.Add(notify("deflate", deflated(f, "who is there")))
	in := testIntake()
	in.rules.Methods = append(in.rules.Methods, NOTIFY)
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := in.parse(data)
		if err == nil && a == (arrival{}) {
			t.Fatal("dropped without a reason")
		}
		if a.refuse != nil && (a.refuse.Via() == nil || a.refuse.StatusCode < 400) {
			t.Fatalf("refusal %v", a.refuse)
		}
		if a.refuse != nil && bytes.Count([]byte(a.refuse.String()), []byte("\r\n\r\n")) != 1 {
			t.Fatalf("refusal holds another message: %q", a.refuse.String())
		}
		if a.req == nil {
			return
		}
		if a.req.Via() == nil || a.req.From() == nil || a.req.To() == nil || a.req.CallID() == nil || a.req.CSeq() == nil {
			t.Fatalf("incomplete: %q", data)
		}
		serverKey(a.req, a.req.Method)
		Reply(a.req, 200, "")
		again, err := in.parse([]byte(a.req.String()))
		if err != nil || again.req == nil {
			t.Fatalf("%q written as %q: %v", data, a.req.String(), err)
		}
	})
}

// FuzzFramer: however a stream is cut up, the same messages come out, none
// longer than allowed.
func FuzzFramer(f *testing.F) {
	for _, m := range torture(f) {
		f.Add(append(append([]byte("\r\n\r\n"), m...), options+"l: 0\r\n\r\n"...), uint8(7))
	}
	f.Fuzz(func(t *testing.T, data []byte, step uint8) {
		whole, cut := framer{max: 4096}, framer{max: 4096}
		whole.push(data)
		var a, b []frame
		drain := func(f *framer, list *[]frame) {
			for {
				m, _, ok := f.next()
				if !ok {
					return
				}
				if len(m.data) > f.max {
					t.Fatalf("message of %d bytes", len(m.data))
				}
				if *list = append(*list, m); m.code != 0 {
					return
				}
			}
		}
		drain(&whole, &a)
		for rest := data; len(rest) > 0 && (len(b) == 0 || b[len(b)-1].code == 0); {
			n := min(len(rest), int(step)+1)
			cut.push(rest[:n])
			rest = rest[n:]
			drain(&cut, &b)
		}
		if len(a) != len(b) {
			t.Fatalf("%d messages at once, %d piece by piece", len(a), len(b))
		}
		for i := range a {
			if a[i].code != b[i].code || a[i].code == 0 && !bytes.Equal(a[i].data, b[i].data) {
				t.Fatalf("message %d: %q and %q", i, a[i].data, b[i].data)
			}
		}
	})
}

// FuzzDNS: whatever a name server sends, what comes of it are plain names,
// few, in order.
func FuzzDNS(f *testing.F) {
	for _, text := range []string{
		"_sip._udp.a.com. 60 IN SRV 1 2 5060 b.com.",
		`a.com. 60 IN NAPTR 10 20 "s" "SIP+D2U" "" _sip._udp.a.com.`,
		"a.com. 60 IN A 192.0.2.1",
	} {
		rr, err := dns.NewRR(text)
		if err != nil {
			f.Fatal(err)
		}
		m := &dns.Msg{Answer: []dns.RR{rr, rr}}
		wire, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(wire)
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		m := new(dns.Msg)
		if m.Unpack(wire) != nil {
			return
		}
		srv := srvIn(m)
		for _, r := range srv {
			if !isHost(r.Host) {
				t.Fatalf("host %q", r.Host)
			}
		}
		for _, r := range naptrIn(m) {
			if !isHost(r.Replacement) {
				t.Fatalf("replacement %q", r.Replacement)
			}
		}
		sorted := order(srv, rand.New(rand.NewPCG(1, 2)))
		for i := 1; i < len(sorted); i++ {
			if sorted[i].Priority < sorted[i-1].Priority {
				t.Fatal("priorities out of order")
			}
		}
		if len(sorted) > maxRecords {
			t.Fatal(fmt.Sprint(len(sorted), " records"))
		}
	})
}

// TestStrangersLeaveNoGarbage: whatever strangers send costs no memory, and so no pause to clean up.
func TestStrangersLeaveNoGarbage(t *testing.T) {
	s := New(Default(), System{}, slog.New(slog.DiscardHandler))
	s.Trust(func(Source) bool { return false })
	from := Source{Transport: UDP, Addr: netip.MustParseAddrPort("192.0.2.66:5060")}
	for _, text := range []string{"", "garbage", "OPTIONS sip:a@b SIP/2.0\r\n", "SIP/2.0 200 OK\r\n"} {
		data := []byte(text)
		if n := testing.AllocsPerRun(100, func() { s.datagram(data, from) }); n > 0 {
			t.Errorf("%q: %v allocations", text, n)
		}
	}
}
