package dtls

import (
	"net"
	"os"
	"sync"
	"time"
)

// queued is how many packets may wait: two flights of a handshake with long certificates.
const queued = 32

// place is the far side as the library wants to see it; where it truly is, the owner of the socket knows.
type place struct{}

func (place) Network() string { return "udp" }
func (place) String() string  { return "far side" }

// packets is a net.PacketConn between the library and the owner of the socket.
type packets struct {
	send   func([]byte)
	in     chan []byte
	once   sync.Once
	closed chan struct{}

	mu      sync.Mutex
	overdue chan struct{} // closed: reads end at once
}

func newPackets(send func([]byte)) *packets {
	return &packets{send: send, in: make(chan []byte, queued), closed: make(chan struct{}), overdue: make(chan struct{})}
}

func (p *packets) feed(b []byte) {
	select {
	case p.in <- append([]byte(nil), b...):
	default:
	}
}

// ReadFrom waits for a packet that was fed.
func (p *packets) ReadFrom(b []byte) (int, net.Addr, error) {
	p.mu.Lock()
	overdue := p.overdue
	p.mu.Unlock()
	select {
	case packet := <-p.in:
		return copy(b, packet), place{}, nil
	case <-overdue:
		return 0, nil, os.ErrDeadlineExceeded
	case <-p.closed:
		return 0, nil, net.ErrClosed
	}
}

// WriteTo sends a packet; on the wire it may get lost all the same.
func (p *packets) WriteTo(b []byte, _ net.Addr) (int, error) {
	select {
	case <-p.closed:
		return 0, net.ErrClosed
	default:
		p.send(b)
		return len(b), nil
	}
}

// Close wakes who reads.
func (p *packets) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

// LocalAddr says nothing.
func (p *packets) LocalAddr() net.Addr { return place{} }

// SetDeadline is SetReadDeadline: writes do not wait.
func (p *packets) SetDeadline(t time.Time) error { return p.SetReadDeadline(t) }

// SetReadDeadline knows the two deadlines the library sets: the zero time lets reads wait, any other ends them now.
func (p *packets) SetReadDeadline(t time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	over := false
	select {
	case <-p.overdue:
		over = true
	default:
	}
	switch {
	case over && t.IsZero():
		p.overdue = make(chan struct{})
	case !over && !t.IsZero():
		close(p.overdue)
	}
	return nil
}

// SetWriteDeadline does nothing: writes do not wait.
func (p *packets) SetWriteDeadline(time.Time) error { return nil }
