package live

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"opendeskphone/sip/offer"
	"opendeskphone/sip/stack"
	"opendeskphone/sip/ua"
	"opendeskphone/tools/lab"
)

// TestGRUU: every message that makes a dialog names us by the registrar's public GRUU, so that what comes within the
// dialog finds us by a connection that did not exist when it was made.
func TestGRUU(t *testing.T) {
	w := newWorld(t, "MD5")
	wire, err := lab.NewCapture(w.lan.Core, lab.LANDevice)
	must(t, wire, err)
	t.Cleanup(func() { wire.Close() })
	phoneHost, err := w.lan.Host("phone", 10)
	must(t, phoneHost, err)
	bobHost, err := w.lan.Host("bob", 11)
	must(t, bobHost, err)
	bob := w.baresip(t, bobHost, 11, lab.BaresipConfig{User: "bob", Automatic: true})
	bobAddr := lab.LANAddr(11).Addr()
	named := func(mark int, what string, is func(lab.Packet) bool) {
		t.Helper()
		p, err := wire.Wait(soon(t), mark, what, func(p lab.Packet) bool { return p.Dst.Addr() == bobAddr && is(p) })
		ok(t, err)
		if !strings.Contains(string(p.Data), "Contact: <sip:alice@"+domain+";gr=urn:uuid:f81d4fae") {
			t.Errorf("%s does not name the GRUU:\n%s", what, p.Data)
		}
	}
	for _, transport := range []stack.Transport{stack.UDP, stack.TCP, stack.TLS} {
		t.Run(string(transport), func(t *testing.T) {
			p := w.phone(t, phoneHost, w.ca.RootFile())
			a := account(transport)
			a.UseGRUU = true
			p.register(a)

			mark, events := wire.Mark(), bob.Mark()
			s := session()
			body, err := s.Offer(offer.SendRecv)
			ok(t, err)
			ref := p.ua.Call(1, "bob", body)
			next[ua.Accepted](p, nil)
			ok(t, bob.WaitTalking(events))
			named(mark, "INVITE", func(p lab.Packet) bool { return p.Request("INVITE") })
			p.ua.Renew() // another connection
			next(p, func(s ua.LineState) bool { return s.State == ua.Registered })
			ok(t, bob.Hangup())
			if e := next[ua.Ended](p, nil); !e.ByRemote || e.Call != ref {
				t.Errorf("%+v", e)
			}

			mark, events = wire.Mark(), bob.Mark()
			ok(t, bob.Dial("sip:alice@"+domain))
			in := next[ua.Incoming](p, nil)
			body, _, err = session().Answer(in.SDP, offer.SendRecv)
			ok(t, err)
			p.ua.Ring(in.Call)
			p.ua.Accept(in.Call, body)
			next[ua.Confirmed](p, nil)
			ok(t, bob.WaitTalking(events))
			named(mark, "180", func(p lab.Packet) bool { return p.Response(180, "INVITE") })
			named(mark, "200", func(p lab.Packet) bool { return p.Response(200, "INVITE") })
			ok(t, bob.Hangup())
			next(p, func(e ua.Ended) bool { return e.ByRemote && e.Call == in.Call })
		})
	}
}

// TestDeadIPv6: the DNS names an address of IPv6 at which nobody answers; TCP and TLS take the other at once.
func TestDeadIPv6(t *testing.T) {
	w := newWorld(t, "MD5")
	phoneHost, err := w.lan.Host("phone", 10)
	must(t, phoneHost, err)
	ok(t, phoneHost.AddAddr("eth0", netip.MustParsePrefix("fd77::10/64")))
	ok(t, phoneHost.IP("neigh", "add", "fd77::99", "lladdr", "02:00:00:00:00:99", "dev", "eth0")) // a silent host
	// The machine may be busy with other things: one try in time is enough.
	const tries = 4
	for _, transport := range []stack.Transport{stack.TCP, stack.TLS} {
		for try := 1; ; try++ {
			var took time.Duration
			t.Run(fmt.Sprint(transport, try), func(t *testing.T) {
				p := startPhone(t, room{ns: phoneHost, addr: netip.IPv6Unspecified(), six: []netip.Addr{netip.MustParseAddr("fd77::99")}}, w.ca.RootFile())
				began := time.Now()
				p.register(account(transport))
				took = time.Since(began)
				uris, err := w.kam.WaitBindings(soon(t), "alice", 1)
				if err != nil || !strings.Contains(uris[0], "@"+phoneAddr.String()+":") {
					t.Errorf("bindings %v %v", uris, err)
				}
			})
			if took < 5*time.Second || t.Failed() { // a SYN is given up after 8 s
				break
			}
			if try == tries {
				t.Fatalf("registered after %v", took)
			}
		}
	}
}

// TestSixteenAccounts: they register at once, each is called by its own name, and all are back when the network was
// away.
func TestSixteenAccounts(t *testing.T) {
	w := newWorld(t, "MD5")
	phoneHost, err := w.lan.Host("phone", 10)
	must(t, phoneHost, err)
	bobHost, err := w.lan.Host("bob", 11)
	must(t, bobHost, err)
	bob := w.baresip(t, bobHost, 11, lab.BaresipConfig{User: "bob"})
	p := w.phone(t, phoneHost)
	name := func(n int) string { return fmt.Sprintf("line%d", n) }
	all := func() {
		t.Helper()
		began := time.Now()
		for n := 1; n <= 16; n++ {
			next(p, func(s ua.LineState) bool { return s.Account == ua.AccountID(n) && s.State == ua.Registered })
		}
		if d := time.Since(began); d > 5*time.Second {
			t.Errorf("all were registered after %v", d)
		}
	}
	for n := 1; n <= 16; n++ {
		p.ua.AddAccount(ua.AccountID(n), ua.Account{AOR: "sip:" + name(n) + "@" + domain, Password: ua.Secret(lab.PasswordOf(name(n))),
			Registrar: "sip:" + domain, Transport: stack.TCP, Instance: "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6", UseGRUU: true})
	}
	all()
	ok(t, w.lan.Cable(phoneHost, false))
	ok(t, w.lan.Cable(phoneHost, true))
	p.ua.Renew()
	all()
	for _, n := range []int{1, 7, 16} {
		if uris, err := w.kam.Bindings(name(n)); err != nil || len(uris) != 1 {
			t.Errorf("bindings of %s: %v %v", name(n), uris, err)
		}
		ok(t, bob.Dial("sip:"+name(n)+"@"+domain))
		in := next[ua.Incoming](p, nil)
		if in.Account != ua.AccountID(n) {
			t.Errorf("the call to %s came to account %d", name(n), in.Account)
		}
		p.ua.Reject(in.Call, 486)
		next[ua.Ended](p, nil)
	}
}

// TestIPv6Only: there is no IPv4 at all; addresses of IPv6 stand in SIP and SDP.
func TestIPv6Only(t *testing.T) {
	t.Parallel()
	lan, err := lab.NewLAN(t.TempDir())
	must(t, lan, err)
	t.Cleanup(func() { ok(t, lan.Close()) })
	wire, err := lab.NewCapture(lan.Core, lab.LANDevice)
	must(t, wire, err)
	at := func(n int) netip.Prefix { return netip.MustParsePrefix(fmt.Sprintf("fd77::%d/64", n)) }
	alone := func(ns *lab.Namespace, dev string, n int) {
		t.Helper()
		ok(t, ns.AddAddr(dev, at(n)))
		ok(t, ns.IP("-4", "addr", "flush", "dev", dev))
	}
	host := func(name string, n int) *lab.Namespace {
		h, err := lan.Host(name, n)
		must(t, h, err)
		alone(h, "eth0", n)
		return h
	}
	alone(lan.Core, lab.LANDevice, 1)
	server := netip.AddrPortFrom(at(1).Addr(), 5060)
	kam, err := lab.StartKamailio(soon(t), lan.Core, lab.KamailioConfig{Name: "kam", Domain: domain, Listen: server})
	must(t, kam, err)
	b, err := lab.StartBaresip(soon(t), host("bob", 11), lab.BaresipConfig{User: "bob", Automatic: true, Addr: at(11).Addr(), Domain: domain,
		Registrar: server, Codecs: []string{"PCMA"}, Speech: silence()})
	must(t, b, err)
	t.Cleanup(b.Stop)
	ok(t, b.WaitRegistered(soon(t)))
	bob := baresip{b, t}
	phoneHost := host("phone", 10)
	for _, transport := range []stack.Transport{stack.UDP, stack.TCP} {
		t.Run(string(transport), func(t *testing.T) {
			p := startPhone(t, room{ns: phoneHost, addr: at(10).Addr()})
			a := account(transport)
			a.Registrar = "sip:" + server.String()
			p.register(a)
			uris, err := kam.Bindings("alice")
			if err != nil || len(uris) != 1 || !strings.Contains(uris[0], "@[fd77::10]:5060") {
				t.Errorf("bindings %v %v", uris, err)
			}
			events := bob.Mark()
			s := sessionAt(at(10).Addr())
			body, err := s.Offer(offer.SendRecv)
			ok(t, err)
			p.ua.Call(1, "bob", body)
			m, err := s.Accept(next[ua.Accepted](p, nil).SDP)
			ok(t, err)
			if m.Remote.Addr() != at(11).Addr() {
				t.Errorf("voice goes to %v", m.Remote)
			}
			ok(t, bob.WaitTalking(events))
			ok(t, bob.Hangup())
			next[ua.Ended](p, nil)

			events = bob.Mark()
			ok(t, bob.Dial("sip:alice@"+domain))
			in := next[ua.Incoming](p, nil)
			body, _, err = sessionAt(at(10).Addr()).Answer(in.SDP, offer.SendRecv)
			ok(t, err)
			p.ua.Accept(in.Call, body)
			next[ua.Confirmed](p, nil)
			ok(t, bob.WaitTalking(events))
			p.ua.Hangup(in.Call)
			ok(t, bob.WaitEnded(events))
		})
	}
	if packets := wire.Since(0); len(packets) != 0 { // the capture knows IPv4 alone
		t.Errorf("%d packets went by IPv4, the first to %v", len(packets), packets[0].Dst)
	}
}
