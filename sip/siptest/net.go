// Package siptest is a small SIP world for tests and workshop tools: Net, a
// network made of channels, with delay, loss and broken links, which works
// inside testing/synctest bubbles; Wire, an end that speaks raw text; and
// Server, a registrar and forking proxy good enough to phone through.
//
// Everything here takes a stack.Network, so that the same test body runs over
// Net and over loopback.
package siptest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"opendeskphone/sip/stack"
)

// Net is a network in memory. Each host on it is a stack.Network. Datagrams
// and streams keep their order; only loss and broken links take anything away.
type Net struct {
	mu        sync.Mutex
	delay     time.Duration
	loss      float64
	chance    *rand.Rand
	down      map[netip.Addr]bool
	packets   map[netip.AddrPort]*packetConn
	listeners map[netip.AddrPort]*listener
	port      uint16 // last ephemeral one

	// The DNS. A nil error answers; set before use, or through Lookup's lock.
	addrs map[string][]netip.Addr
	srv   map[string][]stack.SRV
	naptr map[string][]stack.NAPTR
	deaf  bool
}

// NewNet makes an empty network whose losses follow the seed.
func NewNet(seed uint64) *Net {
	return &Net{
		chance: rand.New(rand.NewPCG(seed, 0)), port: 30000,
		down: map[netip.Addr]bool{}, packets: map[netip.AddrPort]*packetConn{},
		listeners: map[netip.AddrPort]*listener{},
		addrs:     map[string][]netip.Addr{}, srv: map[string][]stack.SRV{}, naptr: map[string][]stack.NAPTR{},
	}
}

// SetLink makes every way on the network take delay, and lose the given share
// (0 to 1) of datagrams.
func (n *Net) SetLink(delay time.Duration, loss float64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.delay, n.loss = delay, loss
}

// SetDown pulls a host's cable, or plugs it in again. Datagrams from and to it
// vanish; a stream that loses anything never delivers again, as one whose NAT
// binding is gone.
func (n *Net) SetDown(host netip.Addr, down bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down[host] = down
}

// SetAddr, SetSRV and SetNAPTR put records into the DNS.
func (n *Net) SetAddr(name string, addrs ...netip.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.addrs[name] = addrs
}

// SetSRV sets the SRV records of a name.
func (n *Net) SetSRV(name string, records ...stack.SRV) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.srv[name] = records
}

// SetNAPTR sets the NAPTR records of a name.
func (n *Net) SetNAPTR(name string, records ...stack.NAPTR) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.naptr[name] = records
}

// SetDeaf makes the DNS fail, or answer again.
func (n *Net) SetDeaf(deaf bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.deaf = deaf
}

// Host is the network as seen from one address.
func (n *Net) Host(addr netip.Addr) stack.Network { return host{n, addr} }

// lost decides on one datagram.
func (n *Net) lost(from, to netip.Addr) bool {
	return n.down[from] || n.down[to] || n.loss > 0 && n.chance.Float64() < n.loss
}

// freePort finds an ephemeral port.
func (n *Net) freePort(a netip.Addr) uint16 {
	for {
		if n.port++; n.port < 30000 {
			n.port = 30000
		}
		ap := netip.AddrPortFrom(a, n.port)
		if n.packets[ap] == nil && n.listeners[ap] == nil {
			return n.port
		}
	}
}

type host struct {
	n    *Net
	addr netip.Addr
}

var errInUse = errors.New("siptest: address in use")

// bind fills in what the caller left open.
func (h host) bind(local netip.AddrPort) netip.AddrPort {
	port := local.Port()
	if port == 0 {
		port = h.n.freePort(h.addr)
	}
	return netip.AddrPortFrom(h.addr, port)
}

func (h host) ListenPacket(local netip.AddrPort) (net.PacketConn, error) {
	h.n.mu.Lock()
	defer h.n.mu.Unlock()
	ap := h.bind(local)
	if h.n.packets[ap] != nil {
		return nil, fmt.Errorf("%w: %v", errInUse, ap)
	}
	c := &packetConn{n: h.n, local: ap, in: make(chan packet, 4096), end: newEnd(), rd: newDeadline()}
	h.n.packets[ap] = c
	return c, nil
}

func (h host) Listen(local netip.AddrPort) (net.Listener, error) {
	h.n.mu.Lock()
	defer h.n.mu.Unlock()
	ap := h.bind(local)
	if h.n.listeners[ap] != nil {
		return nil, fmt.Errorf("%w: %v", errInUse, ap)
	}
	l := &listener{n: h.n, local: ap, in: make(chan *streamConn, 16), end: newEnd()}
	h.n.listeners[ap] = l
	return l, nil
}

// Dial reaches a listener after one round trip. Without one it is refused; to
// a host that is down the SYN is repeated after 1, 3, 7 ... s as TCP does.
func (h host) Dial(ctx context.Context, _ netip.Addr, remote netip.AddrPort) (net.Conn, error) {
	for wait := time.Second; ; wait *= 2 {
		h.n.mu.Lock()
		down := h.n.down[h.addr] || h.n.down[remote.Addr()]
		l, trip := h.n.listeners[remote], 2*h.n.delay
		local := netip.AddrPortFrom(h.addr, h.n.freePort(h.addr))
		h.n.mu.Unlock()
		if down {
			trip = wait
		}
		if err := pause(ctx, trip); err != nil {
			return nil, err
		}
		if !down {
			return connect(ctx, h.n, l, local, remote)
		}
	}
}

// pause waits for d, or for the end of ctx.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// connect hands one end of a new stream to the listener.
func connect(ctx context.Context, n *Net, l *listener, local, remote netip.AddrPort) (net.Conn, error) {
	refused := fmt.Errorf("siptest: dial %v: connection refused", remote)
	if l == nil {
		return nil, refused
	}
	ours, theirs := pipe(n, local, remote)
	select {
	case l.in <- theirs:
		return ours, nil
	case <-l.end.done:
		return nil, refused
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (h host) LocalFor(netip.Addr) (netip.Addr, error) { return h.addr, nil }

var errDeaf = errors.New("siptest: no name server answers")

func (h host) LookupAddr(_ context.Context, name string) ([]netip.Addr, error) {
	return lookup(h.n, h.n.addrs, name)
}

func (h host) LookupSRV(_ context.Context, name string) ([]stack.SRV, error) {
	return lookup(h.n, h.n.srv, name)
}

func (h host) LookupNAPTR(_ context.Context, name string) ([]stack.NAPTR, error) {
	return lookup(h.n, h.n.naptr, name)
}

func lookup[T any](n *Net, m map[string][]T, name string) ([]T, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.deaf {
		return nil, errDeaf
	}
	return m[name], nil
}
