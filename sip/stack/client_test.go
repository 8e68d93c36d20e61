package stack_test

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/sip/siptest"
	"opendeskphone/sip/stack"
)

// newRequest makes a request of ours.
func newRequest(m stack.Method, body string) *stack.Request {
	uri, _ := stack.ParseURI("sip:bob@example.com")
	req := stack.NewRequest(m, uri)
	from := &stack.FromHeader{Address: uri}
	from.Params.Add("tag", stack.NewTag())
	req.AppendHeader(from)
	req.AppendHeader(&stack.ToHeader{Address: uri})
	id := stack.CallIDHeader(stack.NewCallID())
	req.AppendHeader(&id)
	req.AppendHeader(&stack.CSeqHeader{SeqNo: 1, MethodName: m})
	req.SetBody([]byte(body))
	return req
}

// result is one call of a Send callback.
type result struct {
	res *stack.Response
	err error
}

// send sends a request from the loop and returns its results.
func send(s *stack.Stack, req *stack.Request, to stack.Target) (chan result, *stack.ClientTx) {
	results, txs := make(chan result, 64), make(chan *stack.ClientTx, 1)
	s.Post(func() {
		txs <- s.Send(req, to, func(res *stack.Response, err error) { results <- result{res, err} })
	})
	return results, <-txs
}

func next(t *testing.T, results chan result) result {
	t.Helper()
	select {
	case r := <-results:
		return r
	case <-time.After(time.Minute):
		t.Fatal("no result")
		return result{}
	}
}

// bubbleWire runs body in a bubble with a Stack at A and a datagram Wire at B.
func bubbleWire(t *testing.T, body func(t *testing.T, n *siptest.Net, s *stack.Stack, w *siptest.Wire, to stack.Target)) {
	synctest.Test(t, func(t *testing.T) {
		n := siptest.NewNet(1)
		s, addr := start(t, n.Host(addrA), config(addrA), handler{})
		w, err := siptest.NewWire(t.Context(), n.Host(addrB), stack.UDP, netip.AddrPortFrom(addrB, 5060), addr)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		body(t, n, s, w, stack.Target{Transport: stack.UDP, Addr: w.Local()})
	})
}

func expect(t *testing.T, w *siptest.Wire, begins string) string {
	t.Helper()
	m, err := w.Next(10 * time.Second)
	if err != nil || !strings.HasPrefix(m, begins) {
		t.Fatalf("got %.80q, %v; want %q", m, err, begins)
	}
	return m
}

func silent(t *testing.T, w *siptest.Wire, within time.Duration) {
	t.Helper()
	if m, err := w.Next(within); !errors.Is(err, siptest.ErrSilent) {
		t.Fatalf("got %.80q, %v; want silence", m, err)
	}
}

// TestRepeats checks timers A, B, E and F to the millisecond.
func TestRepeats(t *testing.T) {
	for m, want := range map[stack.Method][]int{
		stack.INVITE:  {0, 500, 1500, 3500, 7500, 15500, 31500},
		stack.OPTIONS: {0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500},
	} {
		t.Run(string(m), func(t *testing.T) {
			bubbleWire(t, func(t *testing.T, _ *siptest.Net, s *stack.Stack, w *siptest.Wire, to stack.Target) {
				begin := time.Now()
				results, _ := send(s, newRequest(m, ""), to)
				var got []int
				for {
					if _, err := w.Next(20 * time.Second); err != nil {
						break
					}
					got = append(got, int(time.Since(begin).Milliseconds()))
				}
				if !slices.Equal(got, want) {
					t.Errorf("sent at %v ms, want %v", got, want)
				}
				if r := next(t, results); !errors.Is(r.err, stack.ErrTimeout) {
					t.Errorf("result %v, want ErrTimeout", r.err)
				}
			})
		})
	}
}

// TestInviteFailure: ACK on the INVITE's branch with the response's To, again
// for a repeated response, which does not go up twice.
func TestInviteFailure(t *testing.T) {
	bubbleWire(t, func(t *testing.T, _ *siptest.Net, s *stack.Stack, w *siptest.Wire, to stack.Target) {
		results, _ := send(s, newRequest(stack.INVITE, "v=0\r\n"), to)
		invite := expect(t, w, "INVITE")
		w.Send(siptest.Answer(invite, 100, "", ""))
		silent(t, w, 40*time.Second) // no repeats, no timer B after a provisional
		w.Send(siptest.Answer(invite, 486, "x", ""))
		ack := expect(t, w, "ACK")
		if siptest.HeaderOf(ack, "Via") != siptest.HeaderOf(invite, "Via") {
			t.Errorf("ACK's Via %q, INVITE's %q", siptest.HeaderOf(ack, "Via"), siptest.HeaderOf(invite, "Via"))
		}
		if !strings.HasSuffix(siptest.HeaderOf(ack, "To"), ";tag=x") || siptest.HeaderOf(ack, "CSeq") != "1 ACK" {
			t.Errorf("ACK %q", ack)
		}
		w.Send(siptest.Answer(invite, 486, "x", ""))
		expect(t, w, "ACK")
		if a, b := next(t, results).res.StatusCode, next(t, results).res.StatusCode; a != 100 || b != 486 {
			t.Errorf("results %d %d", a, b)
		}
		synctest.Wait()
		if len(results) != 0 {
			t.Error("the repeat went up")
		}
	})
}

// TestAccepted: each 2xx goes up, of whatever tag, for 64*T1 (RFC 6026).
func TestAccepted(t *testing.T) {
	bubbleWire(t, func(t *testing.T, _ *siptest.Net, s *stack.Stack, w *siptest.Wire, to stack.Target) {
		results, _ := send(s, newRequest(stack.INVITE, ""), to)
		invite := expect(t, w, "INVITE")
		for _, tag := range []string{"a", "b", "a"} {
			w.Send(siptest.Answer(invite, 200, tag, ""))
			if r := next(t, results); stack.Tag(r.res.To().Params) != tag {
				t.Errorf("tag %q, want %q", stack.Tag(r.res.To().Params), tag)
			}
		}
		silent(t, w, 31*time.Second)
		w.Send(siptest.Answer(invite, 200, "late", ""))
		next(t, results)
		silent(t, w, 2*time.Second)
		w.Send(siptest.Answer(invite, 200, "too late", ""))
		silent(t, w, time.Second)
		if len(results) != 0 {
			t.Error("a 2xx after timer M went up")
		}
	})
}

// TestCancel: CANCEL waits for a provisional response, then the INVITE ends by
// its 487, or by ErrTimeout.
func TestCancel(t *testing.T) {
	for _, answered := range []bool{true, false} {
		bubbleWire(t, func(t *testing.T, _ *siptest.Net, s *stack.Stack, w *siptest.Wire, to stack.Target) {
			results, tx := send(s, newRequest(stack.INVITE, ""), to)
			invite := expect(t, w, "INVITE")
			s.Post(func() { s.Cancel(tx, stack.NewHeader("Reason", "SIP;cause=200")) })
			silent(t, w, 400*time.Millisecond)
			w.Send(siptest.Answer(invite, 180, "x", ""))
			cancel := expect(t, w, "CANCEL")
			if siptest.HeaderOf(cancel, "Via") != siptest.HeaderOf(invite, "Via") || siptest.HeaderOf(cancel, "Reason") == "" {
				t.Errorf("CANCEL %q", cancel)
			}
			w.Send(siptest.Answer(cancel, 200, "x", ""))
			next(t, results)
			if answered {
				w.Send(siptest.Answer(invite, 487, "x", ""))
				expect(t, w, "ACK")
				if r := next(t, results); r.res.StatusCode != 487 {
					t.Errorf("result %v", r)
				}
				return
			}
			if r := next(t, results); !errors.Is(r.err, stack.ErrTimeout) {
				t.Errorf("result %v, want ErrTimeout", r)
			}
		})
	}
}

// TestLargeRequest: over 1300 bytes go by TCP, and by UDP when TCP is refused,
// which is remembered (RFC 3261 §18.1.1).
func TestLargeRequest(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		ours, theirs := w.network()
		s, addr := start(t, ours, config(w.ours), handler{})
		peer, err := siptest.NewWire(t.Context(), theirs, stack.UDP, netip.AddrPortFrom(w.theirs, 0), addr)
		if err != nil {
			t.Fatal(err)
		}
		defer peer.Close()
		to := stack.Target{Transport: stack.UDP, Addr: peer.Local()}
		large := strings.Repeat("a=x\r\n", 300)

		results, _ := send(s, newRequest(stack.OPTIONS, large), to)
		m := expect(t, peer, "OPTIONS")
		if !strings.HasPrefix(siptest.HeaderOf(m, "Via"), "SIP/2.0/UDP") || !strings.HasSuffix(m, large) {
			t.Errorf("fallback sent %.200q", m)
		}
		peer.Send(siptest.Answer(m, 200, "x", ""))
		if r := next(t, results); r.err != nil {
			t.Fatal(r.err)
		}

		l, err := theirs.Listen(netip.AddrPortFrom(w.theirs, 0))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		to.Addr = netip.MustParseAddrPort(l.Addr().String())
		results, _ = send(s, newRequest(stack.OPTIONS, large), to)
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		stream := siptest.WireOn(c)
		defer stream.Close()
		m = expect(t, stream, "OPTIONS")
		if !strings.HasPrefix(siptest.HeaderOf(m, "Via"), "SIP/2.0/TCP") {
			t.Errorf("Via %q", siptest.HeaderOf(m, "Via"))
		}
		stream.Send(siptest.Answer(m, 200, "x", ""))
		if r := next(t, results); r.err != nil || r.res.StatusCode != 200 {
			t.Fatal(r)
		}
	})
}

// TestStreamBreaks: a broken connection ends its transactions and is reported.
func TestStreamBreaks(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		ours, theirs := w.network()
		lost := make(chan stack.ConnID, 1)
		s, _ := start(t, ours, config(w.ours), handler{lost: func(c stack.ConnID, _ error) { lost <- c }})
		l, err := theirs.Listen(netip.AddrPortFrom(w.theirs, 0))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		results, tx := send(s, newRequest(stack.INVITE, ""), stack.Target{Transport: stack.TCP, Addr: netip.MustParseAddrPort(l.Addr().String())})
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		stream := siptest.WireOn(c)
		invite := expect(t, stream, "INVITE")
		stream.Send(siptest.Answer(invite, 180, "x", ""))
		if r := next(t, results); r.err != nil {
			t.Fatal(r.err)
		}
		flow := make(chan stack.Source, 1)
		s.Post(func() { flow <- tx.Flow() })
		f := <-flow
		stream.Close()
		if r := next(t, results); !errors.Is(r.err, stack.ErrTransport) {
			t.Errorf("result %v, want ErrTransport", r)
		}
		if id := <-lost; id != f.Conn || f.Conn == 0 {
			t.Errorf("lost connection %d, flow had %d", id, f.Conn)
		}
	})
}

// TestNobodyThere: a refused connection is ErrTransport, and nothing was lost
// that never lived.
func TestNobodyThere(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		ours, _ := w.network()
		s, addr := start(t, ours, config(w.ours), handler{lost: func(stack.ConnID, error) { t.Error("Lost") }})
		results, _ := send(s, newRequest(stack.OPTIONS, ""), stack.Target{Transport: stack.TCP, Addr: netip.AddrPortFrom(addr.Addr(), 9)})
		if r := next(t, results); !errors.Is(r.err, stack.ErrTransport) {
			t.Errorf("result %v, want ErrTransport", r)
		}
	})
}
