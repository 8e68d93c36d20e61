package stack

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"time"
)

// Errors of a client transaction.
var (
	ErrTimeout   = errors.New("stack: no answer")        // timer B or F fired (RFC 3261 §17.1)
	ErrTransport = errors.New("stack: transport failed") // could not send, or the connection died
	ErrClosed    = errors.New("stack: closed")           // Run has ended
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
	// been told before. err is nil when it was idle.
	Lost(conn ConnID, err error)
}

// Stack is one SIP element: sockets, transactions and the loop that runs them.
type Stack struct {
	cfg Config
	net Network
	log *slog.Logger
}

// New makes a Stack; nothing is opened before Run.
func New(cfg Config, n Network, log *slog.Logger) *Stack { return &Stack{cfg: cfg, net: n, log: log} }

// Run listens, and runs the loop until ctx ends. It returns when all it started
// has ended; its error is nil when ctx ended it.
func (s *Stack) Run(ctx context.Context, h Handler) error { return nil }

// Post runs fn on the loop, in the order of the calls. Before Run it is kept;
// after Run it is dropped and Post returns false. It never blocks. Any goroutine.
func (s *Stack) Post(fn func()) bool { return false }

// Timer is a pending After.
type Timer struct{}

// Stop prevents the function from running, even when the time has passed but
// its turn on the loop has not come. A nil or spent Timer may be stopped. On
// the loop.
func (t *Timer) Stop() {}

// After runs fn on the loop once d has passed. Any goroutine.
func (s *Stack) After(d time.Duration, fn func()) *Timer { return nil }

// Trust sets who may speak to us: a datagram or connection from a Source for
// which ok is false gets no byte back. Answers to our own requests are always
// taken from the address they were sent to. nil trusts all. ok is called from
// several goroutines. Any goroutine.
func (s *Stack) Trust(ok func(Source) bool) {}

// ClientTx is a request of ours under way.
type ClientTx struct{}

// Request is what was sent, with its Via.
func (tx *ClientTx) Request() *Request { return nil }

// Flow is the way the request went: its transport, both addresses and its
// connection (0 while it is being opened). On the loop.
func (tx *ClientTx) Flow() Source { return Source{} }

// Send starts a client transaction (see the package comment). req is the
// Stack's from now on. On the loop.
func (s *Stack) Send(req *Request, to Target, on func(res *Response, err error)) *ClientTx {
	return nil
}

// Cancel sends CANCEL for an INVITE, now or as soon as a provisional response
// is in (RFC 3261 §9.1). The final response, a 487 most of the time, comes to
// the INVITE's callback; ErrTimeout when none comes in 64*T1. On the loop.
func (s *Stack) Cancel(tx *ClientTx, extra ...Header) {}

// Write sends a request outside of any transaction: the ACK to a 2xx. On the
// loop.
func (s *Stack) Write(req *Request, to Target) error { return nil }

// Local is the address to write into Contact and SDP for requests that go to
// to: our address on that path, and the listening port. On the loop.
func (s *Stack) Local(to Target) (netip.AddrPort, error) { return netip.AddrPort{}, nil }

// Resolve finds where a URI leads, best first (RFC 3263), and calls on on the
// loop, also when ctx ends. Several targets are to be tried in turn on
// ErrTimeout, ErrTransport and 503 (§4.3). Any goroutine.
func (s *Stack) Resolve(ctx context.Context, uri Uri, on func([]Target, error)) {}

// ServerTx is a request of others under way.
type ServerTx struct{}

// Respond sends a response: provisional ones as many as wanted, then a final
// one. After a 2xx to an INVITE the same 2xx may be given again. On the loop.
func (tx *ServerTx) Respond(res *Response) error { return nil }

// OnCancel sets what is called when a CANCEL comes before the final response.
// The Stack has answered the CANCEL; the caller answers the INVITE (487). On
// the loop.
func (tx *ServerTx) OnCancel(fn func(cancel *Request)) {}

// OnFail sets what is called when a final response could not be delivered, or
// no ACK came for a failure (timer H). On the loop.
func (tx *ServerTx) OnFail(fn func(err error)) {}

// Request is the request as it came.
func (tx *ServerTx) Request() *Request { return nil }

// Source is where it came from.
func (tx *ServerTx) Source() Source { return Source{} }

// Reply makes a response to req: Via, From, To, Call-ID and CSeq are copied, a
// To tag is added but for 100, Record-Route is copied where a dialog may be
// made (RFC 3261 §8.2.6, §12.1.1). An empty reason takes the standard phrase.
// Each call for a request without a To tag makes the same tag, so that all
// responses of one transaction agree.
func Reply(req *Request, code int, reason string) *Response { return nil }

// ParseURI reads a URI of any scheme; sip, sips and tel are checked.
func ParseURI(text string) (Uri, error) { return Uri{}, nil }
