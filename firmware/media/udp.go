package media

import (
	"fmt"
	"net"
	"net/netip"

	"opendeskphone/sip/qos"
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
	qos.Set(c, dscp, qos.Voice)
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
