package stack

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// nameServer answers from a zone in text, over UDP and TCP on one port; names
// in lame get SERVFAIL, and half.com. no answer for IPv6. It returns a System that asks it.
func nameServer(t *testing.T, lame string, zone ...string) System {
	t.Helper()
	records := map[string][]dns.RR{}
	for _, text := range zone {
		rr, err := dns.NewRR(text)
		if err != nil {
			t.Fatal(err)
		}
		key := rr.Header().Name + dns.TypeToString[rr.Header().Rrtype]
		records[key] = append(records[key], rr)
	}
	answer := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		name := q.Question[0].Name
		m.Answer = records[name+dns.TypeToString[q.Question[0].Qtype]]
		switch {
		case name == "half.com." && q.Question[0].Qtype == dns.TypeAAAA:
			return
		case name == lame:
			m.Rcode = dns.RcodeServerFailure
		case m.Answer == nil:
			m.Rcode = dns.RcodeNameError
		}
		if w.LocalAddr().Network() == "udp" {
			m.Truncate(512)
		}
		w.WriteMsg(m)
	})
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := c.LocalAddr().(*net.UDPAddr).Port
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*dns.Server{{PacketConn: c, Handler: answer}, {Listener: l, Handler: answer}} {
		up := make(chan struct{})
		s.NotifyStartedFunc = func() { close(up) }
		go s.ActivateAndServe()
		<-up
		t.Cleanup(func() { s.Shutdown() })
	}
	file := filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(file, []byte("nameserver 127.0.0.1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return System{ResolvConf: file, dnsPort: strconv.Itoa(port)}
}

// TestLookups asks a real name server: records, none, too many for a datagram,
// and a server that fails.
func TestLookups(t *testing.T) {
	var many []string
	for i := range 60 {
		many = append(many, fmt.Sprintf("_sip._tcp.many.com. 60 IN SRV 1 1 %d host%d.many.com.", 5000+i, i))
	}
	sys := nameServer(t, "_sip._udp.lame.com.", append(many,
		"half.com. 60 IN A 192.0.2.7",
		"dual.com. 60 IN A 127.0.0.7",
		"dual.com. 60 IN AAAA ::1",
		"_sip._udp.a.com. 60 IN SRV 1 2 5070 b.com.",
		`_sip._udp.a.com. 60 IN SRV 1 2 5070 evil\013\010.com.`,
		`a.com. 60 IN NAPTR 10 20 "s" "SIP+D2T" "" _sip._tcp.a.com.`,
	)...)
	ctx := context.Background()
	if got, err := sys.LookupSRV(ctx, "_sip._udp.a.com"); err != nil || !slices.Equal(got, []SRV{{1, 2, "b.com", 5070}}) {
		t.Errorf("SRV %v, %v", got, err)
	}
	if got, err := sys.LookupNAPTR(ctx, "a.com"); err != nil || !slices.Equal(got, []NAPTR{{10, 20, "s", "SIP+D2T", "_sip._tcp.a.com"}}) {
		t.Errorf("NAPTR %v, %v", got, err)
	}
	if got, err := sys.LookupSRV(ctx, "_sip._udp.none.com"); err != nil || got != nil {
		t.Errorf("no such name: %v, %v", got, err)
	}
	if got, err := sys.LookupSRV(ctx, "_sip._tcp.many.com"); err != nil || len(got) != 60 {
		t.Errorf("%d records by TCP, %v", len(got), err)
	}
	if _, err := sys.LookupSRV(ctx, "_sip._udp.lame.com"); err == nil {
		t.Error("SERVFAIL passed for an answer")
	}
	hurried, cancel := context.WithTimeout(ctx, 2*time.Second) // less than IPv6 is asked for
	defer cancel()
	if got, err := sys.LookupAddr(hurried, "half.com"); err != nil || !slices.Equal(got, []netip.Addr{netip.MustParseAddr("192.0.2.7")}) {
		t.Errorf("a server that is deaf for IPv6: %v, %v", got, err)
	}
	var both []netip.Addr
	for try := 0; try < 50 && len(both) < 2; try++ { // on a busy machine one family's answer may come too late
		var err error
		if both, err = sys.LookupAddr(ctx, "dual.com"); err != nil {
			t.Fatal(err)
		}
	}
	if len(both) != 2 || !slices.Contains(both, netip.IPv6Loopback()) {
		t.Errorf("both families: %v", both)
	}
	if got, err := sys.LookupAddr(ctx, "none.com"); err != nil || len(got) != 0 {
		t.Errorf("no such host: %v, %v", got, err)
	}
	if got, err := sys.LookupAddr(ctx, "localhost"); err != nil || !slices.Contains(got, netip.MustParseAddr("127.0.0.1")) {
		t.Errorf("localhost %v, %v", got, err)
	}
}
