package lab

import (
	"net"
	"net/netip"
	"testing"
	"time"
)

// asker is a host behind a NAT that asks two peers who they think it is.
func TestNATKinds(t *testing.T) {
	if err := Require("ip"); err != nil {
		t.Fatal(err)
	}
	l, err := NewLAN(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	if err := l.AddAddr(2); err != nil {
		t.Fatal(err)
	}
	var peers [2]*net.UDPConn
	for i := range peers {
		if peers[i], err = l.Core.ListenPacket(netip.AddrPortFrom(LANAddr(i+1).Addr(), 7)); err != nil {
			t.Fatal(err)
		}
	}
	for i, c := range []struct {
		cfg        NATConfig
		same, open bool
	}{
		{NATConfig{Name: "cone", Open: true}, true, true},
		{NATConfig{Name: "restricted"}, true, false},
		{NATConfig{Name: "symmetric", Symmetric: true}, false, false},
	} {
		t.Run(c.cfg.Name, func(t *testing.T) {
			c.cfg.Number = i + 1
			n, err := NewNAT(l, c.cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer n.Close()
			us, err := n.Host.ListenPacket(netip.AddrPortFrom(n.Private(), 4000))
			if err != nil {
				t.Fatal(err)
			}
			first := seen(t, us, peers[0], LANAddr(1).Addr())
			// A stranger comes in by the way to the first, or does not; what he sends comes before what the first sends.
			peers[1].WriteToUDPAddrPort([]byte("stranger"), first)
			peers[0].WriteToUDPAddrPort([]byte("friend"), first)
			if got := hear(t, us); (got == "stranger") != c.open {
				t.Errorf("%q came first", got)
			}
			if c.open {
				hear(t, us)
			}
			if second := seen(t, us, peers[1], LANAddr(2).Addr()); (first == second) != c.same || first.Addr() != n.Public() {
				t.Errorf("seen as %v and %v", first, second)
			}
		})
	}
}

// seen gives the address that a peer sees of us.
func seen(t *testing.T, us, peer *net.UDPConn, at netip.Addr) netip.AddrPort {
	t.Helper()
	us.WriteToUDPAddrPort([]byte("who am I"), netip.AddrPortFrom(at, 7))
	peer.SetReadDeadline(time.Now().Add(5 * time.Second))
	var b [100]byte
	_, from, err := peer.ReadFromUDPAddrPort(b[:])
	if err != nil {
		t.Fatal(err)
	}
	return netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
}

func hear(t *testing.T, us *net.UDPConn) string {
	t.Helper()
	us.SetReadDeadline(time.Now().Add(5 * time.Second))
	var b [100]byte
	n, err := us.Read(b[:])
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}
