package ice

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"
)

// Socket is a datagram socket. After Close, ReadFrom gives an error that is net.ErrClosed.
type Socket interface {
	ReadFrom(b []byte) (int, netip.AddrPort, error)
	WriteTo(b []byte, to netip.AddrPort) (int, error)
	Close() error
}

const (
	mtu   = 1500
	depth = 64                    // packets between two goroutines; more are lost
	sick  = 10 * time.Millisecond // pause after an error of the socket that is not its end
)

// ErrConsent: the far side has not said for 30 seconds that it still wants packets (RFC 7675).
var ErrConsent = errors.New("ice: no consent to send")

type packet struct {
	b    [mtu]byte
	n    int
	from netip.AddrPort
}

// stun tells whether it is STUN by its first octet (RFC 7983 §7), whole or damaged.
func (p *packet) stun() bool { return p.n > 0 && p.b[0] <= 3 }

var packets = sync.Pool{New: func() any { return new(packet) }}

// Link is one component of a call's media: a Socket, by whatever way. ReadFrom has one user at a time.
type Link struct {
	socket Socket
	local  *net.UDPAddr
	log    *slog.Logger
	mux    mux

	checks, inbox chan *packet
	ending        sync.Once
	closed        chan struct{}
	pumps         sync.WaitGroup

	mu     sync.Mutex
	relays []*relaySocket // to TURN servers over UDP

	agent  atomic.Pointer[agent]          // whose connection carries the media; nil: none
	remote atomic.Pointer[netip.AddrPort] // by which name the far side is known, with an agent
}

// newLink makes a link of a socket that is bound to local.
func newLink(socket Socket, local netip.AddrPort, log *slog.Logger) *Link {
	l := &Link{socket: socket, local: net.UDPAddrFromAddrPort(local), log: log,
		checks: make(chan *packet, depth), inbox: make(chan *packet, depth), closed: make(chan struct{})}
	l.mux = mux{ice.NewUniversalUDPMuxDefault(ice.UniversalUDPMuxParams{UDPConn: (*view)(l), Logger: logs{log}})}
	l.pumps.Go(l.pump)
	return l
}

// pump reads the socket until it is closed.
func (l *Link) pump() {
	for {
		p := packets.Get().(*packet)
		var err error
		p.n, p.from, err = l.socket.ReadFrom(p.b[:])
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			packets.Put(p)
			select {
			case <-l.closed:
			case <-time.After(sick):
			}
		case p.stun() || l.agent.Load() != nil: // or what an agent must judge
			l.pass(l.checks, p)
		default:
			l.pass(l.inbox, p)
		}
	}
}

// pass hands a packet on; a reader that is too slow loses it.
func (l *Link) pass(to chan *packet, p *packet) {
	select {
	case to <- p:
	default:
		packets.Put(p)
	}
}

// take waits for a packet.
func (l *Link) take(from chan *packet, b []byte) (int, netip.AddrPort, error) {
	select {
	case p := <-from:
		n, at := copy(b, p.b[:p.n]), p.from
		packets.Put(p)
		return n, at, nil
	case <-l.closed:
		return 0, netip.AddrPort{}, net.ErrClosed
	}
}

// ReadFrom gives the next packet of media. One that came by an agent bears the address that was negotiated, whichever it
// took: the agent has proven whose it is.
func (l *Link) ReadFrom(b []byte) (int, netip.AddrPort, error) { return l.take(l.inbox, b) }

// WriteTo sends to the address, or where an agent has agreed on a way, by that.
func (l *Link) WriteTo(b []byte, to netip.AddrPort) (int, error) {
	a := l.agent.Load()
	switch {
	case a == nil:
		return l.socket.WriteTo(b, to)
	case a.lapsed.Load():
		return 0, ErrConsent
	}
	return a.conn.Write(b)
}

// Close closes the socket, and gives back what servers lent.
func (l *Link) Close() error {
	var err error
	l.ending.Do(func() {
		close(l.closed)
		if a := l.agent.Swap(nil); a != nil {
			a.close()
		}
		err = errors.Join(l.mux.Close(), l.socket.Close())
		l.pumps.Wait()
	})
	return err
}

// mux shares a link's socket among its agents and the questions to STUN servers.
type mux struct{ *ice.UniversalUDPMuxDefault }

// GetListenAddresses leaves out addresses by which nobody else can reach us (RFC 8445 §5.1.1.1).
func (m mux) GetListenAddresses() []net.Addr {
	return slices.DeleteFunc(m.UniversalUDPMuxDefault.GetListenAddresses(), func(a net.Addr) bool {
		u, ok := a.(*net.UDPAddr)
		return !ok || u.IP.IsLoopback() || u.IP.IsLinkLocalUnicast()
	})
}

// view is the link as the mux sees it: a socket on which nothing but its own packets arrive.
type view Link

func (v *view) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := (*Link)(v).take(v.checks, b)
	return n, net.UDPAddrFromAddrPort(from), err
}

func (v *view) WriteTo(b []byte, to net.Addr) (int, error) {
	at, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, os.ErrInvalid
	}
	ap := at.AddrPort()
	return v.socket.WriteTo(b, netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()))
}

func (v *view) LocalAddr() net.Addr                { return v.local }
func (v *view) Close() error                       { return nil } // the link closes its socket itself
func (v *view) SetDeadline(time.Time) error        { return nil }
func (v *view) SetReadDeadline(time.Time) error    { return nil }
func (v *view) SetWriteDeadline(t time.Time) error { return nil }
