package stack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"opendeskphone/sip/qos"
)

// Errors of transactions and of sending.
var (
	ErrTimeout   = errors.New("stack: no answer")        // timer B, F or H fired (RFC 3261 §17)
	ErrTransport = errors.New("stack: transport failed") // it could not be sent, or the connection died
	ErrState     = errors.New("stack: response out of place")
)

// Handler is the user agent above a Stack. All methods are called on the loop.
type Handler interface {
	// Request is called with each valid request but CANCEL and repeats. tx is
	// nil for an ACK to a 2xx.
	Request(tx *ServerTx, req *Request, from Source)
	// Stray is called with a response that belongs to no living transaction,
	// such as a 2xx that comes after Accepted ended.
	Stray(res *Response, from Source)
	// Lost tells that a connection ended; transactions that waited on it have
	// been told before. err is nil when it was closed for being idle.
	Lost(conn ConnID, err error)
}

// Stack is one SIP element: sockets, transactions and the loop that runs them.
type Stack struct {
	cfg    Config
	net    Network
	log    *slog.Logger
	loop   *loop
	intake intake
	slots  chan struct{} // one for each received message on its way through the loop
	trust  atomic.Pointer[func(Source) bool]
	seen   func(out bool, way Source, data []byte) // nil: nobody looks
	asked  asked

	// Of the loop alone, while Run runs.
	ctx     context.Context
	handler Handler
	tasks   sync.WaitGroup
	udp     net.PacketConn
	port    uint16 // the one we listen on, as bound
	bound   netip.Addr
	conns   conns
	dscp    int // of all our packets
	clients map[txKey]*ClientTx
	servers map[txKey]*ServerTx
	merged  map[mergeKey]*ServerTx
	noTCP   map[netip.AddrPort]time.Time // who refused a stream for a large request, and when
	good    map[string]goodAnswer        // of the DNS
	seed    uint64                       // of the order of equal servers

	bindings map[stunID]*binding
}

// inFlight bounds how many received messages may wait for the loop; then the
// readers wait, and the kernel's buffers fill.
const inFlight = 256

// New makes a Stack; nothing is opened before Run.
func New(cfg Config, n Network, log *slog.Logger) *Stack {
	return &Stack{
		cfg: cfg, net: n, log: log, loop: newLoop(),
		intake:  intake{rules: cfg.Rules, relay: cfg.Relay, maxFields: cfg.MaxHeaders, maxMessage: cfg.MaxMessage},
		slots:   make(chan struct{}, inFlight),
		asked:   asked{n: map[netip.AddrPort]int{}},
		conns:   conns{byID: map[ConnID]*conn{}, byKey: map[connKey]*conn{}},
		clients: map[txKey]*ClientTx{}, servers: map[txKey]*ServerTx{}, merged: map[mergeKey]*ServerTx{},
		noTCP: map[netip.AddrPort]time.Time{}, good: map[string]goodAnswer{}, seed: rand.Uint64(), bindings: map[stunID]*binding{},
	}
}

// Run listens, and runs the loop until ctx ends. It returns when all it started
// has ended; its error is nil when ctx ended it. A Stack runs once.
func (s *Stack) Run(ctx context.Context, h Handler) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.ctx, s.handler = ctx, h
	listener, err := s.listen()
	if err != nil {
		return err
	}
	if s.udp != nil {
		s.tasks.Go(s.readDatagrams)
	}
	if listener != nil {
		s.tasks.Go(func() { s.accept(listener) })
	}
	s.loop.run(ctx)
	s.loop.close()
	if s.udp != nil {
		s.udp.Close()
	}
	if listener != nil {
		listener.Close()
	}
	s.conns.closeAll()
	s.tasks.Wait()
	return nil
}

// Mark has all packets bear a quality mark (RFC 2474) from now on, those of open connections too.
func (s *Stack) Mark(dscp int) {
	s.loop.post(func() {
		s.dscp = dscp
		qos.Set(s.udp, dscp, qos.Signaling)
		for _, c := range s.conns.byID {
			qos.Set(c.nc, dscp, qos.Signaling)
		}
	})
}

// anyPort is how often a free port is looked for when any will do: one that is free for datagrams may
// be taken for streams.
const anyPort = 20

// listen opens the sockets that are wanted, both on one port.
func (s *Stack) listen() (l net.Listener, err error) {
	for range anyPort {
		if l, err = s.listenOnce(); err == nil || s.cfg.Local.Port() != 0 {
			break
		}
	}
	return l, err
}

func (s *Stack) listenOnce() (net.Listener, error) {
	local := s.cfg.Local
	s.bound, s.port = local.Addr(), local.Port()
	if s.cfg.UDP {
		c, err := s.net.ListenPacket(local)
		if err != nil {
			return nil, fmt.Errorf("stack: listen udp %v: %w", local, err)
		}
		s.udp = c
		s.port = addrPort(c.LocalAddr()).Port()
		local = netip.AddrPortFrom(local.Addr(), s.port)
	}
	if !s.cfg.TCP {
		return nil, nil
	}
	l, err := s.net.Listen(local)
	if err != nil {
		if s.udp != nil {
			s.udp.Close()
		}
		return nil, fmt.Errorf("stack: listen tcp %v: %w", local, err)
	}
	s.port = addrPort(l.Addr()).Port()
	return l, nil
}

// Trust sets who may speak to us: a datagram or connection from a Source for
// which ok is false gets no byte back. Answers to our own requests are always
// taken from the address they were sent to. nil trusts all. ok is called from
// several goroutines. Any goroutine.
func (s *Stack) Trust(ok func(Source) bool) {
	if ok == nil {
		s.trust.Store(nil)
		return
	}
	s.trust.Store(&ok)
}

// Observe sets what sees each message as it stands on the wire, before TLS: when it is about to be sent, and when it
// has come from somebody who may speak to us. way has both addresses; ours is unspecified where a datagram's socket is
// bound to none. fn is called from several goroutines, the
// loop's too: it must not wait, and data is its own only while it runs. Before Run.
func (s *Stack) Observe(fn func(out bool, way Source, data []byte)) { s.seen = fn }

// show gives a message to the observer.
func (s *Stack) show(out bool, way Source, data []byte) {
	if s.seen == nil || keepAlive(data) || isSTUN(data) {
		return
	}
	s.seen(out, way, data)
}

func (s *Stack) trusted(from Source) bool {
	ok := s.trust.Load()
	return ok == nil || (*ok)(from)
}

// Rules are what the stack takes.
func (s *Stack) Rules() Rules { return s.intake.rules }

// Local is the address to write into Contact and SDP for requests that go to
// to: our address on that path, and the listening port. On the loop.
func (s *Stack) Local(to Target) (netip.AddrPort, error) {
	if c := s.conns.byID[to.Conn]; c != nil && c.local.IsValid() {
		return netip.AddrPortFrom(c.local.Addr(), s.port), nil
	}
	if s.bound.IsValid() && !s.bound.IsUnspecified() {
		return netip.AddrPortFrom(s.bound, s.port), nil
	}
	a, err := s.net.LocalFor(to.Addr.Addr())
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("stack: no way to %v: %w", to.Addr, err)
	}
	return netip.AddrPortFrom(a, s.port), nil
}

// receive brings one arrival onto the loop; a reader calls it and waits here
// while the loop is behind.
func (s *Stack) receive(a arrival, from Source) {
	select {
	case s.slots <- struct{}{}:
	case <-s.ctx.Done():
		return
	}
	s.loop.post(func() {
		defer func() { <-s.slots }()
		s.handle(a, from)
	})
}

// handle runs one received message through the transactions. Its recover is
// the one fence around hostile input: whatever a message breaks, the calls go
// on.
func (s *Stack) handle(a arrival, from Source) {
	defer func() {
		if r := recover(); r != nil {
			s.log.Error("sip message broke the handler", "from", from.Addr, "err", fmt.Sprint(r), "stack", trace())
		}
	}()
	if c := s.conns.byID[from.Conn]; c != nil {
		c.lives()
	}
	switch {
	case a.refuse != nil:
		s.reply(a.refuse, from)
	case a.req != nil:
		s.request(a.req, from)
	case a.res != nil:
		s.response(a.res, from)
	}
}

// read parses one message on the reader's goroutine, fenced like handle.
func (s *Stack) read(parse func() (arrival, error), from Source) {
	defer func() {
		if r := recover(); r != nil {
			s.log.Error("sip message broke the parser", "from", from.Addr, "err", fmt.Sprint(r), "stack", trace())
		}
	}()
	a, err := parse()
	if err != nil {
		s.log.Debug("sip message refused", "from", from.Addr, "err", err)
	}
	if a.req != nil {
		received(a.req.Via(), from)
	}
	if a != (arrival{}) {
		s.receive(a, from)
	}
}
