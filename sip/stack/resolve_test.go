package stack_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/sip/siptest"
	"opendeskphone/sip/stack"
)

// resolve asks and waits.
func resolve(t *testing.T, s *stack.Stack, uri string) ([]string, error) {
	t.Helper()
	u, err := stack.ParseURI(uri)
	if err != nil {
		t.Fatal(err)
	}
	type answer struct {
		list []stack.Target
		err  error
	}
	got := make(chan answer, 1)
	s.Resolve(t.Context(), u, func(list []stack.Target, err error) { got <- answer{list, err} })
	a := <-got
	var list []string
	for _, to := range a.list {
		list = append(list, fmt.Sprintf("%s %v %s", to.Transport, to.Addr, to.ServerName))
	}
	return list, a.err
}

// TestResolve follows RFC 3263 §4.
func TestResolve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := siptest.NewNet(1)
		ip := netip.MustParseAddr
		n.SetAddr("a.net", ip("192.0.2.11"))
		n.SetAddr("b.net", ip("192.0.2.12"), ip("2001:db8::1"), ip("0.0.0.0"), ip("224.0.0.1"))
		n.SetAddr("plain.com", ip("192.0.2.14"))
		n.SetNAPTR("full.com",
			stack.NAPTR{Order: 20, Flags: "s", Service: "SIP+D2U", Replacement: "_sip._udp.full.com"},
			stack.NAPTR{Order: 10, Flags: "s", Service: "SIPS+D2T", Replacement: "_sips._tcp.full.com"},
			stack.NAPTR{Order: 5, Flags: "s", Service: "SIP+D2S", Replacement: "_sip._sctp.full.com"},
			stack.NAPTR{Order: 15, Preference: 1, Flags: "s", Service: "sip+d2t", Replacement: "_sip._tcp.full.com"})
		n.SetSRV("_sips._tcp.full.com", stack.SRV{Priority: 1, Host: "a.net", Port: 5061})
		n.SetSRV("_sip._tcp.full.com", stack.SRV{Priority: 2, Host: "a.net", Port: 5070}, stack.SRV{Priority: 1, Host: "b.net", Port: 5060})
		n.SetSRV("_sip._udp.full.com", stack.SRV{Host: ".", Port: 5060})
		n.SetSRV("_sip._udp.srv.com", stack.SRV{Host: "a.net.", Port: 5080})
		many := make([]stack.SRV, 500)
		for i := range many {
			many[i] = stack.SRV{Host: "b.net", Port: uint16(i + 1)}
		}
		n.SetSRV("_sip._udp.hostile.com", many...)
		s, _ := start(t, n.Host(addrA), config(addrA), handler{})
		for uri, want := range map[string][]string{
			"sip:bob@192.0.2.1":                    {"udp 192.0.2.1:5060 192.0.2.1"},
			"sip:bob@192.0.2.1:5070;transport=tcp": {"tcp 192.0.2.1:5070 192.0.2.1"},
			"sips:bob@192.0.2.1":                   {"tls 192.0.2.1:5061 192.0.2.1"},
			"sip:bob@[2001:db8::5]":                {"udp [2001:db8::5]:5060 2001:db8::5"},
			"sip:bob@plain.com;maddr=192.0.2.99":   {"udp 192.0.2.99:5060 plain.com"},
			"sip:bob@plain.com":                    {"udp 192.0.2.14:5060 plain.com"},
			"sip:bob@plain.com:5070":               {"udp 192.0.2.14:5070 plain.com"},
			"sips:bob@plain.com":                   {"tls 192.0.2.14:5061 plain.com"},
			"sip:bob@srv.com":                      {"udp 192.0.2.11:5080 srv.com"},
			"sip:bob@full.com;transport=tcp":       {"tcp 192.0.2.12:5060 full.com", "tcp 192.0.2.11:5070 full.com"},
			"sip:bob@full.com;transport=tls":       {"tls 192.0.2.11:5061 full.com"},
			"sip:bob@full.com":                     {"tls 192.0.2.11:5061 full.com", "tcp 192.0.2.12:5060 full.com", "tcp 192.0.2.11:5070 full.com"},
		} {
			got, err := resolve(t, s, uri)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%s: %v, %v; want %v", uri, got, err, want)
			}
		}
		if got, err := resolve(t, s, "sip:bob@hostile.com"); err != nil || len(got) != 8 {
			t.Errorf("500 records gave %d targets, %v", len(got), err)
		}
		if _, err := resolve(t, s, "sip:bob@nowhere.com"); !errors.Is(err, stack.ErrNoHost) {
			t.Errorf("unknown host: %v", err)
		}
		for _, uri := range []string{"tel:+49301", "sip:bob@a.net;transport=sctp", "sips:bob@a.net;transport=udp"} {
			if _, err := resolve(t, s, uri); !errors.Is(err, stack.ErrNoTransport) {
				t.Errorf("%s: %v", uri, err)
			}
		}
		n.SetDeaf(true)
		if got, err := resolve(t, s, "sip:bob@srv.com"); err != nil || len(got) != 1 {
			t.Errorf("the last good answer: %v, %v", got, err)
		}
		if _, err := resolve(t, s, "sip:bob@new.com"); err == nil || errors.Is(err, stack.ErrNoHost) {
			t.Errorf("a dead DNS is no unknown host: %v", err)
		}
		<-time.After(25 * time.Hour)
		if _, err := resolve(t, s, "sip:bob@srv.com"); err == nil {
			t.Error("the last good answer counts for ever")
		}
	})
}

// TestResolveWeights: SRV weights and several addresses share the load (RFC 2782), and yet the order stays
// for who asks again, however the DNS turns its answers round.
func TestResolveWeights(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := siptest.NewNet(1)
		one, two := netip.MustParseAddr("192.0.2.11"), netip.MustParseAddr("192.0.2.12")
		n.SetAddr("a.net", one)
		s, _ := start(t, n.Host(addrA), config(addrA), handler{})
		first := func(uri string) string {
			got, err := resolve(t, s, uri)
			if err != nil || len(got) != 2 {
				t.Fatal(got, err)
			}
			return got[0]
		}
		heavy, second := 0, 0
		for i := range 1000 {
			name := fmt.Sprintf("n%d.com", i)
			records := []stack.SRV{{Weight: 1, Host: "a.net", Port: 1}, {Weight: 3, Host: "a.net", Port: 3}}
			addrs := []netip.Addr{one, two}
			n.SetSRV("_sip._udp."+name, records...)
			n.SetAddr(name, addrs...)
			service, host := first("sip:bob@"+name), first("sip:bob@"+name+":5060")
			if strings.Contains(service, ":3 ") {
				heavy++
			}
			if strings.Contains(host, ".12:") {
				second++
			}
			n.SetSRV("_sip._udp."+name, records[1], records[0])
			n.SetAddr(name, two, one)
			if again := first("sip:bob@" + name); again != service {
				t.Fatalf("%s, and then %s", service, again)
			}
			if again := first("sip:bob@" + name + ":5060"); again != host {
				t.Fatalf("%s, and then %s", host, again)
			}
		}
		if heavy < 680 || heavy > 820 {
			t.Errorf("weight 3 of 4 came first %d of 1000 times", heavy)
		}
		if second < 430 || second > 570 {
			t.Errorf("one of two addresses came first %d of 1000 times", second)
		}
	})
}

// slow is a DNS that takes its time.
type slow struct {
	stack.Network
	wait *time.Duration
}

func (d slow) LookupAddr(ctx context.Context, name string) ([]netip.Addr, error) {
	select {
	case <-time.After(*d.wait):
		return d.Network.LookupAddr(ctx, name)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestResolveStale: a DNS that has become slow, or says that a server is gone which was there, costs no time.
func TestResolveStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := siptest.NewNet(1)
		n.SetAddr("a.net", netip.MustParseAddr("192.0.2.11"))
		var wait time.Duration
		s, _ := start(t, slow{n.Host(addrA), &wait}, config(addrA), handler{})
		ask := func(within time.Duration, want string) {
			t.Helper()
			began := time.Now()
			got, err := resolve(t, s, "sip:bob@a.net")
			if took := time.Since(began); err != nil || len(got) != 1 || !strings.Contains(got[0], want) || took > within {
				t.Errorf("%v, %v after %v", got, err, took)
			}
		}
		ask(0, ".11:")
		n.SetAddr("a.net")
		ask(0, ".11:")
		wait = 5 * time.Second
		n.SetAddr("a.net", netip.MustParseAddr("192.0.2.12"))
		ask(150*time.Millisecond, ".11:")
		<-time.After(6 * time.Second) // what it said too late counts from then on
		ask(150*time.Millisecond, ".12:")
		<-time.After(25 * time.Hour)
		ask(5*time.Second, ".12:")
	})
}

// TestResolveEnds: a context that ends answers too.
func TestResolveEnds(t *testing.T) {
	s, _ := start(t, stack.System{ResolvConf: "testdata/resolv.conf"}, config(netip.MustParseAddr("127.0.0.1")), handler{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	u, _ := stack.ParseURI("sip:bob@nowhere.invalid")
	got := make(chan error, 1)
	s.Resolve(ctx, u, func(_ []stack.Target, err error) { got <- err })
	if err := <-got; err == nil {
		t.Error("an ended context resolved")
	}
}
