package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// Ports of DHCP (RFC 2131 §4.1) and the largest message taken.
const (
	dhcpServerPort = 67
	dhcpClientPort = 68
	maxDHCP        = 1500
)

// dhcpSocket carries DHCP over an interface that may not have an address yet: a broadcast socket bound
// to the interface, and the broadcast bit that servers must honour (RFC 2131 §4.1).
type dhcpSocket struct {
	conn net.PacketConn
	in   chan []byte
}

func openDHCPSocket(ctx context.Context, nic string) (*dhcpSocket, error) {
	lc := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var err error
		ctlErr := raw.Control(func(fd uintptr) {
			if err = unix.SetsockoptString(int(fd), unix.SOL_SOCKET, unix.SO_BINDTODEVICE, nic); err == nil {
				err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_BROADCAST, 1)
			}
		})
		if ctlErr != nil {
			return ctlErr
		}
		return err
	}}
	conn, err := lc.ListenPacket(ctx, "udp4", fmt.Sprintf(":%d", dhcpClientPort))
	if err != nil {
		return nil, fmt.Errorf("init: open DHCP socket: %w", err)
	}
	s := &dhcpSocket{conn, make(chan []byte, 4)}
	go s.read()
	return s, nil
}

// read ends when the socket is closed.
func (s *dhcpSocket) read() {
	buf := make([]byte, maxDHCP)
	for {
		n, from, err := s.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		if a, ok := from.(*net.UDPAddr); !ok || a.Port != dhcpServerPort {
			continue
		}
		select {
		case s.in <- append([]byte(nil), buf[:n]...):
		default: // nobody is asking just now
		}
	}
}

func (s *dhcpSocket) Send(msg []byte, server netip.Addr) error {
	to := net.IPv4bcast
	if server.IsValid() {
		to = server.AsSlice()
	}
	_, err := s.conn.WriteTo(msg, &net.UDPAddr{IP: to, Port: dhcpServerPort})
	return err
}

func (s *dhcpSocket) Received() <-chan []byte { return s.in }

func (s *dhcpSocket) Close() error { return s.conn.Close() }
