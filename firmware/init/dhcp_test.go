package main

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

var (
	testHW      = net.HardwareAddr{2, 0, 0, 1, 2, 3}
	testServer  = netip.MustParseAddr("192.0.2.1")
	testAddress = net.IPv4(192, 0, 2, 7)
)

// dhcpServer answers on the spot, as far as it is told to.
type dhcpServer struct {
	t       *testing.T
	in      chan []byte
	lease   time.Duration
	silent  int                                 // messages not to answer
	refuse  bool                                // answer requests by NAK
	heard   []dhcpv4.MessageType                // what came
	unicast []bool                              // and whether it came to us alone
	mangle  func(reply *dhcpv4.DHCPv4) [][]byte // makes something else of the answer
}

func (s *dhcpServer) Received() <-chan []byte { return s.in }

func (s *dhcpServer) Send(msg []byte, to netip.Addr) error {
	req, err := dhcpv4.FromBytes(msg)
	if err != nil {
		s.t.Error("client sent rubbish:", err)
		return nil
	}
	s.heard = append(s.heard, req.MessageType())
	s.unicast = append(s.unicast, to.IsValid())
	if s.silent > 0 {
		s.silent--
		return nil
	}
	kind := dhcpv4.MessageTypeOffer
	if req.MessageType() == dhcpv4.MessageTypeRequest {
		kind = dhcpv4.MessageTypeAck
		if s.refuse {
			s.refuse = false
			kind = dhcpv4.MessageTypeNak
		}
	}
	reply, err := dhcpv4.NewReplyFromRequest(req, dhcpv4.WithMessageType(kind), dhcpv4.WithYourIP(testAddress),
		dhcpv4.WithOption(dhcpv4.OptServerIdentifier(testServer.AsSlice())), dhcpv4.WithLeaseTime(uint32(s.lease.Seconds())),
		dhcpv4.WithNetmask(net.CIDRMask(24, 32)), dhcpv4.WithRouter(testServer.AsSlice()), dhcpv4.WithDNS(testServer.AsSlice()),
		dhcpv4.WithOption(dhcpv4.OptDomainName("example.org")), dhcpv4.WithOption(dhcpv4.OptNTPServers(testServer.AsSlice())))
	if err != nil {
		s.t.Error(err)
		return nil
	}
	answers := [][]byte{reply.ToBytes()}
	if s.mangle != nil {
		answers = s.mangle(reply)
	}
	for _, a := range answers {
		s.in <- a
	}
	return nil
}

// dhcpBench is a client and its server on virtual time.
type dhcpBench struct {
	*dhcpServer
	client *dhcpClient
	bound  []ipConfig
	lost   int
}

func newDHCPBench(t *testing.T) *dhcpBench {
	b := &dhcpBench{dhcpServer: &dhcpServer{t: t, in: make(chan []byte, 16), lease: time.Hour}}
	b.client = &dhcpClient{hw: testHW, hostname: "odp-010203", via: b.dhcpServer,
		bound: func(c ipConfig) error { b.bound = append(b.bound, c); return nil }, lost: func() { b.lost++ }}
	return b
}

// run lets the client run for a time and gives its lease.
func (b *dhcpBench) run(d time.Duration, last *lease) *lease {
	ctx, cancel := context.WithTimeout(b.t.Context(), d)
	defer cancel()
	return b.client.Run(ctx, last)
}

func TestDHCPGetsAnAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newDHCPBench(t)
		l := b.run(time.Second, nil)
		if l == nil || len(b.bound) != 1 {
			t.Fatalf("lease %v, bound %d times", l, len(b.bound))
		}
		c := b.bound[0]
		if c.address.String() != "192.0.2.7/24" || c.gateway != testServer || c.dns[0] != testServer || c.domain != "example.org" || c.ntp[0] != "192.0.2.1" {
			t.Errorf("bound to %+v", c)
		}
		if l.renew != 30*time.Minute || l.expire != time.Hour {
			t.Errorf("renewed after %v of %v", l.renew, l.expire)
		}
	})
}

func TestDHCPAsksAgainUntilAServerComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newDHCPBench(t)
		b.silent = 6
		began := time.Now()
		var took time.Duration
		b.client.bound = func(ipConfig) error { took = time.Since(began); return nil }
		b.run(10*time.Minute, nil)
		if took < 63*time.Second || took > 80*time.Second { // 1+2+4+8+16+32 and up to a quarter more
			t.Errorf("took %v and %d messages", took, len(b.heard))
		}
	})
}

func TestDHCPRenewsByUnicast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newDHCPBench(t)
		b.run(100*time.Minute, nil) // renewals after 30, 60 and 90 minutes
		want := 2 + 3
		if len(b.heard) != want || b.lost != 0 {
			t.Fatalf("%d messages %v, want %d; lost %d times", len(b.heard), b.heard, want, b.lost)
		}
		for i := range b.heard {
			if b.unicast[i] != (i >= 2) {
				t.Errorf("message %d unicast: %v", i, b.unicast[i])
			}
		}
	})
}

func TestDHCPServerGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newDHCPBench(t)
		l := b.run(time.Second, nil)
		b.silent = 1 << 20
		b.run(59*time.Minute, l)
		if b.lost != 0 {
			t.Error("the address was given up before its time")
		}
		b.silent = 0
		l = b.run(time.Second, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
		defer cancel()
		b.silent = 1 << 20
		if b.client.hold(ctx, l) != nil {
			t.Error("an expired lease was kept")
		}
	})
}

func TestDHCPBackOnTheCable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newDHCPBench(t)
		l := b.run(time.Second, nil)
		b.heard = nil
		b.run(time.Second, l)
		if len(b.heard) != 1 || b.heard[0] != dhcpv4.MessageTypeRequest {
			t.Errorf("for the old address it took %v", b.heard)
		}
		b.heard, b.refuse = nil, true // another network now
		b.run(time.Second, l)
		if len(b.heard) != 3 || len(b.bound) != 3 {
			t.Errorf("after a refusal: %v, bound %d times", b.heard, len(b.bound))
		}
	})
}

func TestDHCPIgnoresStrangers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newDHCPBench(t)
		b.mangle = func(r *dhcpv4.DHCPv4) [][]byte {
			good := r.ToBytes()
			other := *r
			other.TransactionID[0]++
			loop := *r
			loop.YourIPAddr = net.IPv4(127, 0, 0, 1)
			return [][]byte{nil, {1, 2, 3}, other.ToBytes(), loop.ToBytes(), good[:200], good}
		}
		if b.run(time.Second, nil) == nil || len(b.bound) != 1 {
			t.Error("no address among strangers' answers")
		}
	})
}

func FuzzLease(f *testing.F) {
	m, err := dhcpv4.New(dhcpv4.WithMessageType(dhcpv4.MessageTypeAck), dhcpv4.WithYourIP(testAddress),
		dhcpv4.WithOption(dhcpv4.OptServerIdentifier(testServer.AsSlice())), dhcpv4.WithNetmask(net.CIDRMask(24, 32)),
		dhcpv4.WithOption(dhcpv4.OptDomainName("example.org")), dhcpv4.WithLeaseTime(3600))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(m.ToBytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := dhcpv4.FromBytes(b)
		if err != nil {
			return
		}
		l, err := leaseOf(m)
		if err != nil {
			return
		}
		if !(0 < l.renew && l.renew < l.rebind && l.rebind < l.expire && l.expire <= maxLease) {
			t.Fatalf("times %v %v %v", l.renew, l.rebind, l.expire)
		}
		if c := l.config; c.vlan < 0 || c.vlan > maxVLAN || len(c.dns) > maxServers || c.domain != "" && !isDomain(c.domain) || !c.address.IsValid() {
			t.Fatalf("config %+v", c)
		}
	})
}
