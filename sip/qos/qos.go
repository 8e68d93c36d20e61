// Package qos marks what a socket sends for the network's quality of service: by DSCP (RFC 2474) for routers, and by
// the priority of which a VLAN interface makes 802.1p for switches.
package qos

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// Priorities of sockets (socket(7), SO_PRIORITY). On a VLAN they become 802.1p by the map of its interface.
const (
	Voice     = 5
	Signaling = 3
)

// Set marks a connection or packet socket of the system's, or a TLS connection over one. A network or system that
// refuses the mark still carries the call; other sockets have none.
func Set(socket any, dscp, priority int) {
	if over, ok := socket.(interface{ NetConn() net.Conn }); ok {
		socket = over.NetConn()
	}
	c, ok := socket.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		// On a dual-stack socket each call marks its own half. The priority comes last: TOS sets one of its own.
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_TOS, dscp<<2)
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_TCLASS, dscp<<2)
		_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PRIORITY, priority)
	})
}
