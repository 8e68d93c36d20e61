package ua

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/sip/siptest"
	"opendeskphone/sip/stack"
)

var (
	ourAddr  = netip.MustParseAddr("10.0.0.1")
	farAddr  = netip.MustParseAddr("10.0.0.2")
	farAddr2 = netip.MustParseAddr("10.0.0.3")
)

const (
	anOffer  = "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
	anAnswer = "v=0\r\no=- 2 1 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 10.0.0.2\r\nt=0 0\r\nm=audio 5000 RTP/AVP 0\r\n"
)

// far is the rest of the world: one SIP element whose answers a test scripts.
type far struct {
	mu   *sync.Mutex // one for all of a test
	s    *stack.Stack
	addr netip.Addr
	on   map[stack.Method]func(tx *stack.ServerTx, req *stack.Request, from stack.Source)
	got  []*stack.Request
	at   []time.Time
	lost []stack.ConnID
}

func (f *far) Request(tx *stack.ServerTx, req *stack.Request, from stack.Source) {
	f.mu.Lock()
	f.got = append(f.got, req)
	f.at = append(f.at, time.Now())
	on := f.on[req.Method]
	f.mu.Unlock()
	switch {
	case on != nil:
		on(tx, req, from)
	case tx != nil:
		tx.Respond(stack.Reply(req, 200, ""))
	}
}
func (f *far) Stray(*stack.Response, stack.Source) {}
func (f *far) Lost(c stack.ConnID, _ error) {
	f.mu.Lock()
	f.lost = append(f.lost, c)
	f.mu.Unlock()
}

// when scripts the answers to a method.
func (f *far) when(m stack.Method, fn func(tx *stack.ServerTx, req *stack.Request, from stack.Source)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.on[m] = fn
}

// always answers a method with a code and headers.
func (f *far) always(m stack.Method, code int, headers ...string) {
	f.when(m, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) { tx.Respond(reply(req, code, headers...)) })
}

func reply(req *stack.Request, code int, headers ...string) *stack.Response {
	res := stack.Reply(req, code, "")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		res.AppendHeader(stack.NewHeader(name, value))
	}
	return res
}

// all are the requests of a method so far.
func (f *far) all(m stack.Method) []*stack.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []*stack.Request
	for _, r := range f.got {
		if r.Method == m {
			out = append(out, r)
		}
	}
	return out
}

// densest is the largest number of requests of a method in any 10 s.
func (f *far) densest(m stack.Method) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	var at []time.Time
	for i, r := range f.got {
		if r.Method == m {
			at = append(at, f.at[i])
		}
	}
	return densest(at)
}

// densest is the largest number of times within any 10 s.
func densest(at []time.Time) (most int) {
	for i := range at {
		n := 0
		for j := i; j < len(at) && at[j].Sub(at[i]) < 10*time.Second; j++ {
			n++
		}
		most = max(most, n)
	}
	return most
}

// patient dials as TCP does: the SYN is repeated after 1, 3 and 7 s; and its DNS takes its time.
type patient struct {
	stack.Network
	dns *atomic.Int64
}

func (p patient) LookupSRV(ctx context.Context, name string) ([]stack.SRV, error) {
	if d := p.dns.Load(); d > 0 {
		<-time.After(time.Duration(d))
	}
	return p.Network.LookupSRV(ctx, name)
}

func (p patient) Dial(ctx context.Context, local netip.Addr, remote netip.AddrPort) (net.Conn, error) {
	for wait := time.Second; ; wait *= 2 {
		try, cancel := context.WithTimeout(ctx, wait)
		c, err := p.Network.Dial(try, local, remote)
		late := try.Err() != nil
		cancel()
		if err == nil || !late || ctx.Err() != nil {
			return c, err
		}
	}
}

// bench is a UA and the rest of the world on a network in memory.
type bench struct {
	*testing.T
	net     *siptest.Net
	ua      *UA
	far     *far
	scripts sync.Mutex   // of every far; what the test set before it is seen by the scripts that run after it
	dns     atomic.Int64 // how long the DNS takes
	cancel  func()
	ended   chan struct{}

	mu     sync.Mutex
	events []Event
}

// strict fails the test on what the stack logs as an error: a message that
// broke the user agent. SIPLOG=1 shows the rest.
type strict struct {
	slog.Handler
	t *testing.T
}

func (s strict) Enabled(_ context.Context, l slog.Level) bool {
	return l >= slog.LevelError || os.Getenv("SIPLOG") != ""
}

func (s strict) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelError {
		s.t.Error(r.Message)
	}
	return s.Handler.Handle(ctx, r)
}

func logger(t *testing.T) *slog.Logger {
	return slog.New(strict{slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}), t})
}

func config(port uint16) stack.Config {
	cfg := stack.Default()
	cfg.Local = netip.AddrPortFrom(netip.IPv4Unspecified(), port)
	cfg.Rules = Rules()
	return cfg
}

// newFar puts a scripted element on an address; it ends with the test.
func (b *bench) newFar(addr netip.Addr) *far { return b.newFarOn(b.net.Host(addr), addr, 5060) }

// newFarOn is newFar on a network of the test's own, and a port.
func (b *bench) newFarOn(n stack.Network, addr netip.Addr, port uint16) *far {
	f := &far{mu: &b.scripts, addr: addr, on: map[stack.Method]func(*stack.ServerTx, *stack.Request, stack.Source){}}
	cfg := config(port)
	cfg.Rules.Methods = append(cfg.Rules.Methods, stack.REGISTER, stack.SUBSCRIBE, stack.PUBLISH, SERVICE)
	cfg.Rules.Bodies = append(cfg.Rules.Bodies, "application/pidf+xml", "application/resource-lists+xml", "application/vq-rtcpxr", categoryType)
	cfg.PingEvery = 0
	f.s = stack.New(cfg, n, logger(b.T))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); f.s.Run(ctx, f) }()
	b.Cleanup(func() { cancel(); <-done })
	synctest.Wait() // it listens
	return f
}

// onNet runs a test body in a bubble.
func onNet(t *testing.T, body func(b *bench), change ...func(*Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{T: t, net: siptest.NewNet(1), ended: make(chan struct{})}
		b.far = b.newFar(farAddr)
		cfg := Default()
		for _, c := range change {
			c(&cfg)
		}
		b.ua = New(cfg, stack.New(config(5060), patient{b.net.Host(ourAddr), &b.dns}, logger(b.T)), b.handle, logger(b.T))
		b.start()
		body(b)
	})
}

// start runs the user agent until the test ends.
func (b *bench) start() {
	ctx, cancel := context.WithCancel(b.Context())
	b.cancel = cancel
	go func() {
		defer close(b.ended)
		if err := b.ua.Run(ctx); err != nil {
			b.Error(err)
		}
	}()
	b.Cleanup(func() { cancel(); <-b.ended })
	synctest.Wait() // it listens
}

func (b *bench) handle(e Event) {
	b.mu.Lock()
	b.events = append(b.events, e)
	b.mu.Unlock()
}

// pass lets time pass.
func (b *bench) pass(d time.Duration) {
	b.scripts.Lock()
	b.scripts.Unlock()
	<-time.After(d)
	synctest.Wait()
}

// line makes account 1 and waits until it is registered.
func (b *bench) line(change ...func(*Account)) {
	b.Helper()
	a := Account{AOR: "sip:alice@phone.test", Password: "secret", Registrar: "sip:10.0.0.2", Display: "Alice"}
	for _, c := range change {
		c(&a)
	}
	b.ua.AddAccount(1, a)
	b.pass(time.Second)
}

// take is the first event of a type since the last take of it; it waits up to a minute.
func take[E Event](b *bench) E {
	b.Helper()
	for range 600 {
		synctest.Wait()
		b.mu.Lock()
		for i, e := range b.events {
			if got, ok := e.(E); ok {
				b.events = append(b.events[:i:i], b.events[i+1:]...)
				b.mu.Unlock()
				return got
			}
		}
		b.mu.Unlock()
		b.pass(100 * time.Millisecond)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var none E
	b.Fatalf("no %T; there are %s", none, describe(b.events))
	return none
}

// none fails if there is an event of the type.
func none[E Event](b *bench) {
	b.Helper()
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		if got, ok := e.(E); ok {
			b.Errorf("unexpected %T%+v", got, got)
		}
	}
}

func describe(events []Event) string {
	var s strings.Builder
	for _, e := range events {
		fmt.Fprintf(&s, "\n  %T%+.120v", e, e)
	}
	return s.String()
}

// last is the state the line is in.
func (b *bench) last() LineState {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	var s LineState
	for _, e := range b.events {
		if l, ok := e.(LineState); ok {
			s = l
		}
	}
	return s
}

// at is where the UA listens.
func (b *bench) at() netip.AddrPort { return netip.AddrPortFrom(ourAddr, 5060) }

// request makes a request to the UA, outside of any dialog.
func (f *far) request(m stack.Method) *stack.Request {
	to := stack.Uri{Scheme: "sip", User: "alice", Host: ourAddr.String()}
	req := stack.NewRequest(m, to)
	from := &stack.FromHeader{DisplayName: "Bob", Address: stack.Uri{Scheme: "sip", User: "bob", Host: "phone.test"}}
	from.Params.Add("tag", stack.NewTag())
	id := stack.CallIDHeader(stack.NewCallID())
	req.AppendHeader(from)
	req.AppendHeader(&stack.ToHeader{Address: stack.Uri{Scheme: "sip", User: "alice", Host: "phone.test"}})
	req.AppendHeader(&id)
	req.AppendHeader(&stack.CSeqHeader{SeqNo: 1, MethodName: m})
	req.AppendHeader(f.contact())
	return req
}

func (f *far) contact() *stack.ContactHeader {
	return &stack.ContactHeader{Address: stack.Uri{Scheme: "sip", User: "bob", Host: f.addr.String(), Port: 5060}}
}
