package lab

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"opendeskphone/sip/stack"
)

// Network is the network of a namespace for a SIP stack that runs in this process. It knows numeric addresses alone.
type Network struct{ NS *Namespace }

// ListenPacket implements stack.Network.
func (n Network) ListenPacket(local netip.AddrPort) (net.PacketConn, error) {
	return n.NS.ListenPacket(local)
}

// Listen implements stack.Network.
func (n Network) Listen(local netip.AddrPort) (l net.Listener, err error) {
	err = n.NS.Do(func() (err error) {
		l, err = net.ListenTCP("tcp", net.TCPAddrFromAddrPort(local))
		return err
	})
	return l, err
}

// Dial implements stack.Network.
func (n Network) Dial(ctx context.Context, _ netip.Addr, remote netip.AddrPort) (net.Conn, error) {
	return n.NS.Dial(ctx, "tcp", remote)
}

// LocalFor implements stack.Network.
func (n Network) LocalFor(remote netip.Addr) (local netip.Addr, err error) {
	err = n.NS.Do(func() (err error) {
		local, err = stack.System{}.LocalFor(remote)
		return err
	})
	return local, err
}

// LookupAddr implements stack.Network.
func (n Network) LookupAddr(_ context.Context, host string) ([]netip.Addr, error) {
	a, err := netip.ParseAddr(host)
	if err != nil {
		return nil, fmt.Errorf("lab: no names here: %w", err)
	}
	return []netip.Addr{a}, nil
}

// LookupSRV implements stack.Network.
func (Network) LookupSRV(context.Context, string) ([]stack.SRV, error) { return nil, nil }

// LookupNAPTR implements stack.Network.
func (Network) LookupNAPTR(context.Context, string) ([]stack.NAPTR, error) { return nil, nil }
