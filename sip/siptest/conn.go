package siptest

import (
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// end is the closing of a socket.
type end struct {
	once sync.Once
	done chan struct{}
}

func newEnd() *end { return &end{done: make(chan struct{})} }

func (e *end) close() { e.once.Do(func() { close(e.done) }) }

// deadline is a channel that closes at a time which may be moved.
type deadline struct {
	mu    sync.Mutex
	timer *time.Timer
	past  chan struct{}
}

func newDeadline() *deadline { return &deadline{past: make(chan struct{})} }

func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer == nil || d.timer.Stop() {
		select {
		case <-d.past:
			d.past = make(chan struct{})
		default:
		}
	} else {
		d.past = make(chan struct{}) // it fired, or is about to, on the old channel
	}
	d.timer = nil
	past := d.past
	switch left := time.Until(t); {
	case t.IsZero():
	case left <= 0:
		close(past)
	default:
		d.timer = time.AfterFunc(left, func() { close(past) })
	}
}

func (d *deadline) wait() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.past
}

// packet is a datagram, or a piece of a stream, on its way.
type packet struct {
	data []byte
	from netip.AddrPort
	due  time.Time
}

// arrive waits until a packet's way is over.
func (p packet) arrive(stop, past <-chan struct{}) error {
	left := time.Until(p.due)
	if left <= 0 {
		return nil
	}
	t := time.NewTimer(left)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-stop:
		return net.ErrClosed
	case <-past:
		return os.ErrDeadlineExceeded
	}
}

// packetConn is a UDP socket.
type packetConn struct {
	n     *Net
	local netip.AddrPort
	in    chan packet
	end   *end
	rd    *deadline
}

func (c *packetConn) ReadFrom(b []byte) (int, net.Addr, error) {
	past := c.rd.wait()
	select {
	case p := <-c.in:
		if err := p.arrive(c.end.done, past); err != nil {
			return 0, nil, err
		}
		return copy(b, p.data), net.UDPAddrFromAddrPort(p.from), nil
	case <-c.end.done:
		return 0, nil, net.ErrClosed
	case <-past:
		return 0, nil, os.ErrDeadlineExceeded
	}
}

// WriteTo sends; what finds no socket or a full one is gone, as on a real net.
func (c *packetConn) WriteTo(b []byte, addr net.Addr) (int, error) {
	select {
	case <-c.end.done:
		return 0, net.ErrClosed
	default:
	}
	to := addr.(*net.UDPAddr).AddrPort()
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	c.n.mu.Lock()
	dst, lost, due := c.n.packets[to], c.n.lost(c.local.Addr(), to.Addr()), time.Now().Add(c.n.delay)
	c.n.mu.Unlock()
	if dst != nil && !lost {
		select {
		case dst.in <- packet{append([]byte(nil), b...), c.local, due}:
		default:
		}
	}
	return len(b), nil
}

func (c *packetConn) Close() error {
	c.n.mu.Lock()
	if c.n.packets[c.local] == c {
		delete(c.n.packets, c.local)
	}
	c.n.mu.Unlock()
	c.end.close()
	return nil
}

func (c *packetConn) LocalAddr() net.Addr                { return net.UDPAddrFromAddrPort(c.local) }
func (c *packetConn) SetDeadline(t time.Time) error      { return c.SetReadDeadline(t) }
func (c *packetConn) SetReadDeadline(t time.Time) error  { c.rd.set(t); return nil }
func (c *packetConn) SetWriteDeadline(t time.Time) error { return nil }

// listener waits for streams.
type listener struct {
	n     *Net
	local netip.AddrPort
	in    chan *streamConn
	end   *end
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.in:
		return c, nil
	case <-l.end.done:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.n.mu.Lock()
	if l.n.listeners[l.local] == l {
		delete(l.n.listeners, l.local)
	}
	l.n.mu.Unlock()
	l.end.close()
	return nil
}

func (l *listener) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.local) }

// streamConn is one end of a TCP connection.
type streamConn struct {
	n             *Net
	local, remote netip.AddrPort
	in            chan packet
	rest          []byte // read half way
	peer          *streamConn
	end           *end // this end is closed for all
	eof           *end // this end will write no more
	dead          *end // bytes were lost; nothing arrives any more
	rd, wr        *deadline
	readMu        sync.Mutex
}

// pipe makes both ends of a stream.
func pipe(n *Net, a, b netip.AddrPort) (*streamConn, *streamConn) {
	mk := func(local, remote netip.AddrPort) *streamConn {
		return &streamConn{
			n: n, local: local, remote: remote, in: make(chan packet, 256),
			end: newEnd(), eof: newEnd(), dead: newEnd(), rd: newDeadline(), wr: newDeadline(),
		}
	}
	x, y := mk(a, b), mk(b, a)
	x.peer, y.peer = y, x
	y.dead = x.dead
	return x, y
}

func (c *streamConn) Read(b []byte) (int, error) {
	c.readMu.Lock()
	defer c.readMu.Unlock()
	past := c.rd.wait()
	if len(c.rest) == 0 {
		p, err := c.next(past)
		if err != nil {
			return 0, err
		}
		if err := p.arrive(c.end.done, past); err != nil {
			c.rest = p.data // nothing is lost when only the deadline passed
			return 0, err
		}
		c.rest = p.data
	}
	n := copy(b, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// next waits for a piece; after the far side's last one there is io.EOF.
func (c *streamConn) next(past <-chan struct{}) (packet, error) {
	select {
	case <-c.end.done:
		return packet{}, net.ErrClosed
	default:
	}
	select {
	case p := <-c.in:
		return p, nil
	case <-c.peer.eof.done:
		select {
		case p := <-c.in:
			return p, nil
		default:
		}
		select {
		case <-c.dead.done: // the FIN was lost too
			select {
			case <-c.end.done:
				return packet{}, net.ErrClosed
			case <-past:
				return packet{}, os.ErrDeadlineExceeded
			}
		default:
			return packet{}, io.EOF
		}
	case <-c.end.done:
		return packet{}, net.ErrClosed
	case <-past:
		return packet{}, os.ErrDeadlineExceeded
	}
}

func (c *streamConn) Write(b []byte) (int, error) {
	c.n.mu.Lock()
	if c.n.down[c.local.Addr()] || c.n.down[c.remote.Addr()] {
		c.dead.close()
	}
	p := packet{append([]byte(nil), b...), c.local, time.Now().Add(c.n.delay)}
	c.n.mu.Unlock()
	select {
	case <-c.end.done:
		return 0, net.ErrClosed
	case <-c.eof.done:
		return 0, io.ErrClosedPipe
	case <-c.dead.done:
		return len(b), nil // into the kernel's buffer, and no further
	default:
	}
	select {
	case c.peer.in <- p:
		return len(b), nil
	case <-c.peer.end.done:
		return 0, io.ErrClosedPipe
	case <-c.end.done:
		return 0, net.ErrClosed
	case <-c.wr.wait():
		return 0, os.ErrDeadlineExceeded
	}
}

// CloseWrite ends this direction.
func (c *streamConn) CloseWrite() error {
	c.fin()
	return nil
}

// Close ends both.
func (c *streamConn) Close() error {
	c.fin()
	c.end.close()
	return nil
}

// fin tells the far side, unless the cable is out.
func (c *streamConn) fin() {
	c.n.mu.Lock()
	if c.n.down[c.local.Addr()] || c.n.down[c.remote.Addr()] {
		c.dead.close()
	}
	c.n.mu.Unlock()
	c.eof.close()
}

func (c *streamConn) LocalAddr() net.Addr  { return net.TCPAddrFromAddrPort(c.local) }
func (c *streamConn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.remote) }

func (c *streamConn) SetDeadline(t time.Time) error {
	c.rd.set(t)
	c.wr.set(t)
	return nil
}
func (c *streamConn) SetReadDeadline(t time.Time) error  { c.rd.set(t); return nil }
func (c *streamConn) SetWriteDeadline(t time.Time) error { c.wr.set(t); return nil }
