package stack_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/sip/siptest"
	"opendeskphone/sip/stack"
)

// world is a network and two hosts on it; the same test bodies run on each.
type world struct {
	name    string
	bubble  bool // runs inside synctest
	ours    netip.Addr
	theirs  netip.Addr
	network func() (ours, theirs stack.Network)
}

var (
	addrA = netip.MustParseAddr("192.0.2.1")
	addrB = netip.MustParseAddr("192.0.2.2")
)

var worlds = []world{
	{name: "memory", bubble: true, ours: addrA, theirs: addrB, network: func() (stack.Network, stack.Network) {
		n := siptest.NewNet(1)
		n.SetLink(5*time.Millisecond, 0)
		return n.Host(addrA), n.Host(addrB)
	}},
	{name: "loopback", ours: netip.MustParseAddr("127.0.0.1"), theirs: netip.MustParseAddr("127.0.0.1"),
		network: func() (stack.Network, stack.Network) { return stack.System{}, stack.System{} }},
}

// each runs body in every world.
func each(t *testing.T, body func(t *testing.T, w world)) {
	for _, w := range worlds {
		t.Run(w.name, func(t *testing.T) {
			if w.bubble {
				synctest.Test(t, func(t *testing.T) { body(t, w) })
				return
			}
			body(t, w)
		})
	}
}

// handler takes its methods as functions.
type handler struct {
	request func(tx *stack.ServerTx, req *stack.Request, from stack.Source)
	stray   func(res *stack.Response, from stack.Source)
	lost    func(conn stack.ConnID, err error)
}

func (h handler) Request(tx *stack.ServerTx, req *stack.Request, from stack.Source) {
	if h.request != nil {
		h.request(tx, req, from)
	}
}

func (h handler) Stray(res *stack.Response, from stack.Source) {
	if h.stray != nil {
		h.stray(res, from)
	}
}

func (h handler) Lost(conn stack.ConnID, err error) {
	if h.lost != nil {
		h.lost(conn, err)
	}
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// start runs a Stack until the test ends and returns its address.
func start(t *testing.T, n stack.Network, cfg stack.Config, h stack.Handler) (*stack.Stack, netip.AddrPort) {
	t.Helper()
	return run(t, stack.New(cfg, n, quiet), cfg, h)
}

// run runs a Stack made from cfg.
func run(t *testing.T, s *stack.Stack, cfg stack.Config, h stack.Handler) (*stack.Stack, netip.AddrPort) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, h) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	local := make(chan netip.AddrPort, 1)
	s.Post(func() {
		a, err := s.Local(stack.Target{Addr: cfg.Local})
		if err != nil {
			t.Error(err)
		}
		local <- a
	})
	select {
	case a := <-local:
		return s, a
	case err := <-ended:
		ended <- nil
		t.Fatalf("Run: %v", err)
	}
	return nil, netip.AddrPort{}
}

func config(a netip.Addr) stack.Config {
	cfg := stack.Default()
	cfg.Local = netip.AddrPortFrom(a, 0)
	cfg.PingEvery = 0
	return cfg
}

// info is the n-th request of one dialog, as text.
func info(n int, transport, via string) string {
	return fmt.Sprintf("INFO sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/%s %s;branch=z9hG4bKorder%d;rport\r\n"+
		"From: <sip:alice@example.com>;tag=a\r\nTo: <sip:bob@example.com>;tag=b\r\nCall-ID: order\r\n"+
		"CSeq: %d INFO\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n", transport, via, n, n)
}

// TestOrder: in-dialog requests reach the handler in the order they were sent,
// on one TCP connection and from one UDP socket.
func TestOrder(t *testing.T) {
	const requests = 2000
	for _, transport := range []string{"TCP", "UDP"} {
		t.Run(transport, func(t *testing.T) {
			each(t, func(t *testing.T, w world) {
				ours, theirs := w.network()
				came := make(chan uint32, requests)
				_, addr := start(t, ours, config(w.ours), handler{request: func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
					came <- req.CSeq().SeqNo
					tx.Respond(stack.Reply(req, 200, ""))
				}})
				write, via := sender(t, transport, theirs, w.theirs, addr)
				const window = 32 // as many as a socket's buffer surely holds
				var last uint32
				inversions, lost, open := 0, 0, 0
				take := func() {
					select {
					case n := <-came:
						if n < last {
							inversions++
						}
						last, open = n, open-1
					case <-time.After(5 * time.Second):
						lost, open = lost+open, 0
					}
				}
				for n := range requests {
					write(info(n+1, transport, via))
					if open++; open == window {
						take()
					}
				}
				for open > 0 {
					take()
				}
				// A busy machine may drop a datagram even on loopback; nothing else may.
				if lost > 0 && (transport == "TCP" || w.bubble) || lost > requests/20 {
					t.Errorf("%d of %d requests lost", lost, requests)
				}
				if inversions != 0 {
					t.Errorf("%d of %d requests out of order", inversions, requests)
				}
			})
		})
	}
}

// sender opens a socket to addr and returns how to write to it; what comes
// back is read and thrown away.
func sender(t *testing.T, transport string, n stack.Network, local netip.Addr, to netip.AddrPort) (func(string), string) {
	t.Helper()
	if transport == "UDP" {
		c, err := n.ListenPacket(netip.AddrPortFrom(local, 0))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		go func() {
			buf := make([]byte, 65536)
			for {
				if _, _, err := c.ReadFrom(buf); err != nil {
					return
				}
			}
		}()
		return func(m string) { c.WriteTo([]byte(m), net.UDPAddrFromAddrPort(to)) }, c.LocalAddr().String()
	}
	c, err := n.Dial(t.Context(), local, to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	go io.Copy(io.Discard, c)
	return func(m string) { c.Write([]byte(m)) }, c.LocalAddr().String()
}
