package stack

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
)

// addrPort takes the address out of a net.Addr; an IPv4 address mapped into
// IPv6 becomes IPv4, so that one host has one spelling.
func addrPort(a net.Addr) netip.AddrPort {
	var ap netip.AddrPort
	switch a := a.(type) {
	case *net.UDPAddr:
		ap = a.AddrPort()
	case *net.TCPAddr:
		ap = a.AddrPort()
	default:
		ap, _ = netip.ParseAddrPort(a.String())
	}
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

func trace() string { return string(debug.Stack()) }

// readDatagrams reads the UDP socket until it is closed.
func (s *Stack) readDatagrams() {
	buf := make([]byte, 65536)
	local := netip.AddrPortFrom(s.bound, s.port)
	read := datagrams(s.udp)
	for {
		n, addr, err := read(buf)
		if err != nil {
			if errors.Is(err, net.ErrClosed) || s.ctx.Err() != nil {
				return
			}
			s.log.Debug("sip datagram not read", "err", err) // an ICMP error of a former send
			continue
		}
		s.datagram(buf[:n], Source{Transport: UDP, Addr: addr, Local: local})
	}
}

// datagrams reads a socket, and of the system's leaves no garbage behind: how often is up to strangers.
func datagrams(c net.PacketConn) func(b []byte) (int, netip.AddrPort, error) {
	if u, ok := c.(*net.UDPConn); ok {
		return func(b []byte) (int, netip.AddrPort, error) {
			n, from, err := u.ReadFromUDPAddrPort(b)
			return n, netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), err
		}
	}
	return func(b []byte) (int, netip.AddrPort, error) {
		n, from, err := c.ReadFrom(b)
		if err != nil {
			return 0, netip.AddrPort{}, err
		}
		return n, addrPort(from), nil
	}
}

// datagram takes what came, if it is from somebody we listen to.
func (s *Stack) datagram(data []byte, from Source) {
	if isSTUN(data) {
		if id, mapped, ok := bindingAnswer(data); ok {
			s.Post(func() { s.mappedAt(id, mapped) })
		}
		return
	}
	if keepAlive(data) || !s.trusted(from) && !s.asked.answers(from.Addr, data) {
		return
	}
	s.show(false, from, data)
	s.read(func() (arrival, error) { return s.intake.parse(data) }, from)
}

// keepAlive tells a datagram that only holds a NAT binding open.
func keepAlive(data []byte) bool {
	return strings.Trim(string(data[:min(len(data), 5)]), "\r\n\x00") == ""
}

// asked counts the requests under way to each address, so that a response
// from somebody who may not call us is taken when we asked.
type asked struct {
	mu sync.Mutex
	n  map[netip.AddrPort]int
}

func (a *asked) add(to netip.AddrPort, by int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.n[to] += by; a.n[to] <= 0 {
		delete(a.n, to)
	}
}

// answers tells whether data looks like a response to one of them.
func (a *asked) answers(from netip.AddrPort, data []byte) bool {
	if len(data) < 8 || !strings.EqualFold(string(data[:8]), "SIP/2.0 ") {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.n[from] > 0
}

// received notes in the top Via where the request really came from (RFC 3261
// §18.2.1, RFC 3581 §4).
func received(via *ViaHeader, from Source) {
	addr := from.Addr.Addr().String()
	if port, ok := via.Params.Get("rport"); ok && port == "" {
		via.Params.Add("rport", strconv.Itoa(int(from.Addr.Port())))
		via.Params.Add("received", addr)
	} else if strings.Trim(via.Host, "[]") != addr {
		via.Params.Add("received", addr)
	}
}

// returnAddr is where a response goes when there is no connection to send it
// back on (RFC 3261 §18.2.2, RFC 3581 §4): the address it came from, at the
// port the sender says it listens on, or at the one it sent from when it asked
// for that. A maddr is not followed: it serves multicast, which a phone does
// not speak, and would let a caller aim our responses at others.
func returnAddr(via *ViaHeader, from Source) netip.AddrPort {
	port := via.Port
	if via.Params.Has("rport") {
		port = int(from.Addr.Port())
	}
	if port == 0 {
		port = 5060
	}
	return netip.AddrPortFrom(from.Addr.Addr(), uint16(port))
}

// reply sends a response outside of any transaction.
func (s *Stack) reply(res *Response, from Source) {
	received(res.Via(), from)
	s.dress(res)
	if err := s.sendBack([]byte(res.String()), res.Via(), from); err != nil {
		s.log.Debug("sip response not sent", "to", from.Addr, "err", err)
	}
}

// dress adds our name to a response.
func (s *Stack) dress(res *Response) {
	if s.cfg.UserAgent != "" && res.GetHeader("Server") == nil {
		res.AppendHeader(NewHeader("Server", s.cfg.UserAgent))
	}
}

// sendBack sends a response on the connection of its request, or to the
// address its Via leads to.
func (s *Stack) sendBack(data []byte, via *ViaHeader, from Source) error {
	if from.Transport == UDP {
		return s.sendDatagram(data, returnAddr(via, from))
	}
	c := s.conns.byID[from.Conn]
	if c == nil {
		if from.Transport == TLS {
			// Who opened a TLS connection to us has no name to verify when we
			// open one back.
			return fmt.Errorf("%w: connection gone", ErrTransport)
		}
		var err error
		if c, err = s.open(Target{Transport: from.Transport, Addr: returnAddr(via, from)}, s.cfg.DialTimeout); err != nil {
			return err
		}
	}
	return c.write(data)
}

func (s *Stack) sendDatagram(data []byte, to netip.AddrPort) error {
	if s.udp == nil {
		return fmt.Errorf("%w: no UDP socket", ErrTransport)
	}
	s.show(true, Source{Transport: UDP, Addr: to, Local: netip.AddrPortFrom(s.bound, s.port)}, data)
	if _, err := s.udp.WriteTo(data, net.UDPAddrFromAddrPort(to)); err != nil {
		return fmt.Errorf("%w: %w", ErrTransport, err)
	}
	return nil
}
