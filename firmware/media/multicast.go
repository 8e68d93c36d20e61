package media

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"

	"golang.org/x/sys/unix"
)

// ListenMulticast joins a multicast group: what is sent to it is received, and nothing is ever sent back. It is made for
// Factories whose two ports are the group's and the one above, where nobody reports.
func ListenMulticast(group netip.AddrPort) func(netip.AddrPort) (Packets, error) {
	return func(at netip.AddrPort) (Packets, error) {
		if at.Port() != group.Port() {
			return &silent{closed: make(chan struct{})}, nil
		}
		c, err := net.ListenMulticastUDP(network(group), nil, net.UDPAddrFromAddrPort(group))
		if err == nil {
			err = onlyItsOwn(c, group)
		}
		if err != nil {
			return nil, fmt.Errorf("media: join %v: %w", group, err)
		}
		return listening{udp{c}}, nil
	}
}

func network(group netip.AddrPort) string {
	if group.Addr().Is4() {
		return "udp4"
	}
	return "udp6"
}

// onlyItsOwn keeps from a socket what is sent to groups on the same port that others have joined (ip(7), IP_MULTICAST_ALL).
func onlyItsOwn(c *net.UDPConn, group netip.AddrPort) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	level, option := unix.IPPROTO_IP, unix.IP_MULTICAST_ALL
	if network(group) == "udp6" {
		level, option = unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_ALL
	}
	var refused error
	err = raw.Control(func(fd uintptr) { refused = unix.SetsockoptInt(int(fd), level, option, 0) })
	return errors.Join(err, refused)
}

// listening is a socket that only hears.
type listening struct{ udp }

func (listening) WriteTo(b []byte, _ netip.AddrPort) (int, error) { return len(b), nil }

// silent is a socket on which nothing ever comes.
type silent struct {
	once   sync.Once
	closed chan struct{}
}

func (s *silent) ReadFrom([]byte) (int, netip.AddrPort, error) {
	<-s.closed
	return 0, netip.AddrPort{}, net.ErrClosed
}

func (s *silent) WriteTo(b []byte, _ netip.AddrPort) (int, error) { return len(b), nil }

func (s *silent) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}
