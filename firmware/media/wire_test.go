package media

import (
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// lan is a network in memory. Datagrams arrive late by so much, and in order, unless lose says otherwise.
type lan struct {
	late  time.Duration
	mu    sync.Mutex
	ports map[netip.AddrPort]*port
	seen  func(from, to netip.AddrPort, b []byte)
	lose  func(from, to netip.AddrPort, b []byte) bool
	nat   map[netip.AddrPort]netip.AddrPort // inside -> what others see
}

func newLAN() *lan {
	return &lan{ports: map[netip.AddrPort]*port{}, nat: map[netip.AddrPort]netip.AddrPort{}}
}

type datagram struct {
	from netip.AddrPort
	b    []byte
}

// port is Packets on a lan.
type port struct {
	l    *lan
	at   netip.AddrPort
	in   chan datagram
	done chan struct{}
	once sync.Once
}

func (l *lan) listen(at netip.AddrPort) (Packets, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ports[at] != nil {
		return nil, net.ErrClosed
	}
	p := &port{l: l, at: at, in: make(chan datagram, 1000), done: make(chan struct{})}
	l.ports[at] = p
	return p, nil
}

func (p *port) ReadFrom(b []byte) (int, netip.AddrPort, error) {
	select {
	case d := <-p.in:
		return copy(b, d.b), d.from, nil
	case <-p.done:
		return 0, netip.AddrPort{}, net.ErrClosed
	}
}

func (p *port) WriteTo(b []byte, to netip.AddrPort) (int, error) {
	p.l.mu.Lock()
	defer p.l.mu.Unlock()
	from := p.at
	if out, ok := p.l.nat[from]; ok {
		from = out
	}
	for inside, out := range p.l.nat {
		if to == out {
			to = inside
		} else if to == inside {
			return len(b), nil // nobody outside reaches the inside address
		}
	}
	if p.l.seen != nil {
		p.l.seen(from, to, b)
	}
	if p.l.lose != nil && p.l.lose(from, to, b) {
		return len(b), nil
	}
	if q := p.l.ports[to]; q != nil {
		d := datagram{from, append([]byte(nil), b...)}
		if p.l.late == 0 {
			q.put(d)
		} else {
			time.AfterFunc(p.l.late, func() { q.put(d) })
		}
	}
	return len(b), nil
}

func (p *port) put(d datagram) {
	select {
	case p.in <- d:
	default:
	}
}

func (p *port) Close() error {
	p.once.Do(func() {
		close(p.done)
		p.l.mu.Lock()
		defer p.l.mu.Unlock()
		delete(p.l.ports, p.at)
	})
	return nil
}

func addr(t testing.TB, s string) netip.AddrPort {
	t.Helper()
	a, err := netip.ParseAddrPort(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
