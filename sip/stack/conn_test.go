package stack_test

import (
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/sip/siptest"
	"opendeskphone/sip/stack"
)

// TestPingAnswered: a double CRLF gets one back (RFC 5626 §3.5.1), between
// messages and cut anywhere.
func TestPingAnswered(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		ours, theirs := w.network()
		_, addr := start(t, ours, config(w.ours), handler{request: agent})
		c, err := siptest.NewWire(t.Context(), theirs, stack.TCP, netip.AddrPortFrom(w.theirs, 0), addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.Send("\r\n\r\n")
		expect(t, c, "\r\n")
		m := request(c, "OPTIONS", "z9hG4bK1")
		c.Send(m[:40])
		c.Send(m[40:] + "\r\n\r\n")
		expect(t, c, "SIP/2.0 200")
		expect(t, c, "\r\n")
	})
}

// TestPongMissing: a connection whose far side answered before, or must, is
// given up 10 s after a ping without answer; one that never answered is not.
func TestPongMissing(t *testing.T) {
	for _, c := range []struct {
		name          string
		pong, require bool
		lost          bool
	}{{"answered once", true, false, true}, {"required", false, true, true}, {"never", false, false, false}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := siptest.NewNet(1)
				cfg := config(addrA)
				cfg.PingEvery = 20 * time.Second
				lost := make(chan error, 1)
				s, _ := start(t, n.Host(addrA), cfg, handler{lost: func(_ stack.ConnID, err error) { lost <- err }})
				l, _ := n.Host(addrB).Listen(netip.AddrPortFrom(addrB, 5060))
				defer l.Close()
				results, tx := send(s, newRequest(stack.OPTIONS, ""), stack.Target{Transport: stack.TCP, Addr: netip.AddrPortFrom(addrB, 5060)})
				nc, _ := l.Accept()
				far := siptest.WireOn(nc)
				defer far.Close()
				far.Send(siptest.Answer(expect(t, far, "OPTIONS"), 200, "x", ""))
				next(t, results)
				if c.require {
					s.Post(func() { s.KeepFlow(tx.Flow().Conn, 0) })
				}
				begin := time.Now()
				for range 2 {
					if m, err := far.Next(time.Minute); m != "\r\n" || err != nil {
						t.Fatalf("ping: %q %v", m, err)
					}
				}
				if d := time.Since(begin); d != 2*time.Second {
					t.Errorf("ping after %v", d)
				}
				if c.pong {
					far.Send("\r\n")
					far.Next(30 * time.Second)
				}
				begin = time.Now()
				select {
				case <-lost:
					if d := time.Since(begin); !c.lost || d > 10*time.Second {
						t.Errorf("lost after %v", d)
					}
				case <-time.After(2 * time.Minute):
					if c.lost {
						t.Error("never lost")
					}
				}
			})
		})
	}
}

// TestReuse: requests to the same place share a connection; Target.Conn takes
// the flow a message came on.
func TestReuse(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		ours, theirs := w.network()
		sources := make(chan stack.Source, 1)
		s, addr := start(t, ours, config(w.ours), handler{request: func(tx *stack.ServerTx, req *stack.Request, from stack.Source) {
			agent(tx, req, from)
			sources <- from
		}})
		c, err := siptest.NewWire(t.Context(), theirs, stack.TCP, netip.AddrPortFrom(w.theirs, 0), addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.Send(request(c, "OPTIONS", "z9hG4bK1"))
		expect(t, c, "SIP/2.0 200")
		to := (<-sources).Target()
		for range 2 {
			results, _ := send(s, newRequest(stack.OPTIONS, ""), to)
			c.Send(siptest.Answer(expect(t, c, "OPTIONS"), 200, "x", ""))
			if r := next(t, results); r.err != nil {
				t.Fatal(r.err)
			}
			to.Conn = 0 // found by its address as well
		}
	})
}

// TestHostileStreams: what cannot be cut into messages is answered where
// possible and closed; others are not disturbed.
func TestHostileStreams(t *testing.T) {
	head := "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.2;branch=z9hG4bKh\r\nFrom: <sip:t@b>;tag=t\r\nTo: <sip:a@b>\r\nCall-ID: h\r\nCSeq: 1 OPTIONS\r\n"
	for _, c := range []struct{ name, send, want string }{
		{"too long a line", head + "X: " + strings.Repeat("x", 70000), "SIP/2.0 513"},
		{"too long a body", head + "Content-Length: 99999999\r\n\r\n", "SIP/2.0 513"},
		{"length over 32 bits", head + "Content-Length: 99999999999999\r\n\r\n", "SIP/2.0 400"},
		{"no length", head + "\r\n", "SIP/2.0 400"},
		{"two lengths", head + "l: 0\r\nContent-Length: 0\r\n\r\n", "SIP/2.0 400"},
		{"begun and not ended", head, ""},
		{"binary", strings.Repeat("\x00\xff", 40000), ""},
		{"too many headers", head + strings.Repeat("X: y\r\n", 300) + "l: 0\r\n\r\n", "SIP/2.0 400"},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(t *testing.T, w world) {
				ours, theirs := w.network()
				cfg := config(w.ours)
				cfg.FrameTimeout = 300 * time.Millisecond
				_, addr := start(t, ours, cfg, handler{request: agent})
				wire, err := siptest.NewWire(t.Context(), theirs, stack.TCP, netip.AddrPortFrom(w.theirs, 0), addr)
				if err != nil {
					t.Fatal(err)
				}
				defer wire.Close()
				wire.Send(c.send)
				if c.want != "" {
					expect(t, wire, c.want)
				}
				if c.name != "too many headers" { // that one has a boundary
					if m, err := wire.Next(5 * time.Second); !errors.Is(err, io.EOF) {
						t.Errorf("got %q, %v; want the end", m, err)
					}
				}
				if !alive(t, theirs, stack.TCP, w.theirs, addr, 1) {
					t.Error("dead")
				}
			})
		})
	}
}

// TestSlowReader: a burst of answers waits for a peer that reads late; one that
// never reads loses its connection, and nobody else waits.
func TestSlowReader(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		ours, theirs := w.network()
		handled, lost := make(chan struct{}, 1<<15), make(chan struct{}, 8)
		cfg := config(w.ours)
		cfg.MaxTransactions, cfg.FrameTimeout = 1<<20, 2*time.Second
		_, addr := start(t, ours, cfg, handler{
			request: func(tx *stack.ServerTx, req *stack.Request, from stack.Source) {
				agent(tx, req, from)
				handled <- struct{}{}
			},
			lost: func(stack.ConnID, error) { lost <- struct{}{} },
		})
		c, err := siptest.NewWire(t.Context(), theirs, stack.TCP, netip.AddrPortFrom(w.theirs, 0), addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		const burst = 1000
		for n := range burst {
			c.Send(info(n+1, "TCP", c.Local().String()))
		}
		for range burst {
			<-handled
		}
		for range burst {
			expect(t, c, "SIP/2.0 481")
		}
		for n := burst; ; n++ {
			if c.Send(info(n+1, "TCP", c.Local().String())) != nil || len(lost) > 0 {
				break
			}
			if n > 1<<16 {
				t.Fatal("never ended")
			}
		}
		if !alive(t, theirs, stack.TCP, w.theirs, addr, 1) {
			t.Error("dead")
		}
	})
}

// TestConnectionLimit: half of MaxConns is for others; the rest is refused.
func TestConnectionLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := siptest.NewNet(1)
		cfg := config(addrA)
		cfg.MaxConns = 4
		_, addr := start(t, n.Host(addrA), cfg, handler{request: agent})
		open := 0
		for range 5 {
			w, err := siptest.NewWire(t.Context(), n.Host(addrB), stack.TCP, netip.AddrPortFrom(addrB, 0), addr)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			if _, err := w.Next(time.Second); errors.Is(err, siptest.ErrSilent) {
				open++
			}
		}
		if open != 2 {
			t.Errorf("%d connections open, want 2", open)
		}
		synctest.Wait()
		select {
		case <-time.After(cfg.IdleTimeout):
		case <-t.Context().Done():
		}
		if !alive(t, n.Host(addrB), stack.TCP, addrB, addr, 1) {
			t.Error("idle connections were not closed")
		}
	})
}
