package media

import (
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// udp is Packets on a real socket.
type udp struct{ *net.UDPConn }

// ListenUDP binds a socket whose packets bear the quality mark dscp (RFC 2474), 0 to 63. An
// unspecified IPv6 address takes IPv4 too.
func ListenUDP(at netip.AddrPort, dscp int) (Packets, error) {
	addr := net.UDPAddrFromAddrPort(at)
	if at.Addr() == netip.IPv6Unspecified() {
		addr.IP = nil // both families, or IPv4 alone where there is no IPv6
	}
	c, err := net.ListenUDP("udp", addr)
	if err != nil {
		return nil, fmt.Errorf("media: listen: %w", err)
	}
	// A network or system that refuses the mark still carries the call; on a dual-stack socket
	// each call marks its own half.
	tos := dscp << 2
	_ = ipv4.NewConn(c).SetTOS(tos)
	_ = ipv6.NewConn(c).SetTrafficClass(tos)
	return udp{c}, nil
}

// ReadFrom gives IPv4 senders as IPv4, however the socket saw them.
func (u udp) ReadFrom(b []byte) (int, netip.AddrPort, error) {
	n, from, err := u.ReadFromUDPAddrPort(b)
	return n, netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), err
}

func (u udp) WriteTo(b []byte, to netip.AddrPort) (int, error) {
	return u.WriteToUDPAddrPort(b, to)
}
