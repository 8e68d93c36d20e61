package stack_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/sip/siptest"
	"opendeskphone/sip/stack"
)

// request is the text of a request from w. branch may be empty.
func request(w *siptest.Wire, method, branch string, extra ...string) string {
	via := w.Local().String()
	if branch != "" {
		via += ";branch=" + branch
	}
	head := strings.Join(append(extra, ""), "\r\n")
	if !strings.Contains(head, "To:") {
		head += "To: <sip:phone@example.com>\r\n"
	}
	return fmt.Sprintf("%s sip:phone@example.com SIP/2.0\r\nVia: SIP/2.0/UDP %s\r\nFrom: <sip:t@example.com>;tag=t\r\n"+
		"Call-ID: c1\r\nCSeq: 7 %s\r\nMax-Forwards: 70\r\n%sContent-Length: 0\r\n\r\n", method, via, method, head)
}

// served runs body in a bubble with a Stack at A, whose handler is h, and a
// Wire at B port 5060.
func served(t *testing.T, h handler, body func(t *testing.T, s *stack.Stack, w *siptest.Wire)) {
	synctest.Test(t, func(t *testing.T) {
		n := siptest.NewNet(1)
		s, addr := start(t, n.Host(addrA), config(addrA), h)
		w, err := siptest.NewWire(t.Context(), n.Host(addrB), stack.UDP, netip.AddrPortFrom(addrB, 5060), addr)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		body(t, s, w)
	})
}

// flush waits until the loop has done all that was posted.
func flush(s *stack.Stack) {
	done := make(chan struct{})
	s.Post(func() { close(done) })
	<-done
}

// TestTrying: 100 after 200 ms, and to each repeat, when the user agent is
// slow; then its own answers.
func TestTrying(t *testing.T) {
	var tx *stack.ServerTx
	served(t, handler{request: func(x *stack.ServerTx, _ *stack.Request, _ stack.Source) { tx = x }},
		func(t *testing.T, s *stack.Stack, w *siptest.Wire) {
			begin := time.Now()
			w.Send(request(w, "INVITE", "z9hG4bK1"))
			expect(t, w, "SIP/2.0 100")
			if d := time.Since(begin); d != 200*time.Millisecond {
				t.Errorf("100 after %v", d)
			}
			w.Send(request(w, "INVITE", "z9hG4bK1"))
			expect(t, w, "SIP/2.0 100")
			s.Post(func() { tx.Respond(stack.Reply(tx.Request(), 180, "")) })
			tag := siptest.HeaderOf(expect(t, w, "SIP/2.0 180"), "To")
			s.Post(func() { tx.Respond(stack.Reply(tx.Request(), 200, "")) })
			if m := expect(t, w, "SIP/2.0 200"); siptest.HeaderOf(m, "To") != tag || !strings.Contains(tag, ";tag=") {
				t.Errorf("To %q, then %q", tag, siptest.HeaderOf(m, "To"))
			}
			w.Send(request(w, "INVITE", "z9hG4bK1"))
			silent(t, w, time.Second) // absorbed: the user agent repeats its 2xx
			state := make(chan error, 1)
			s.Post(func() { state <- tx.Respond(stack.Reply(tx.Request(), 486, "")) })
			if err := <-state; !errors.Is(err, stack.ErrState) {
				t.Errorf("486 after 200: %v", err)
			}
		})
}

// TestFailureUntilAck: timers G, H and I.
func TestFailureUntilAck(t *testing.T) {
	var failed error
	busy := func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
		if tx != nil {
			tx.OnFail(func(err error) { failed = err })
			tx.Respond(stack.Reply(req, 486, ""))
		} else {
			t.Error("the ACK to a failure went up")
		}
	}
	for _, branch := range []string{"z9hG4bK2", "rfc2543"} {
		served(t, handler{request: busy}, func(t *testing.T, s *stack.Stack, w *siptest.Wire) {
			failed = nil
			w.Send(request(w, "INVITE", branch))
			m := expect(t, w, "SIP/2.0 486")
			expect(t, w, "SIP/2.0 486") // timer G
			w.Send(request(w, "ACK", branch, "To: "+siptest.HeaderOf(m, "To")))
			silent(t, w, time.Minute)
			flush(s)
			if failed != nil {
				t.Errorf("failed: %v", failed)
			}
			w.Send(request(w, "INVITE", branch))
			begin := time.Now()
			for {
				if _, err := w.Next(5 * time.Second); err != nil {
					break
				}
			}
			flush(s)
			if d := time.Since(begin); d < 32*time.Second || d > 40*time.Second || !errors.Is(failed, stack.ErrTimeout) {
				t.Errorf("without ACK silence after %v, OnFail %v", d, failed)
			}
		})
	}
}

// TestCancelled: CANCEL gets its own 200 with the INVITE's tag, the INVITE
// what the user agent says; one for nothing gets 481.
func TestCancelled(t *testing.T) {
	answer := func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
		if tx == nil {
			return
		}
		tx.OnCancel(func(*stack.Request) { tx.Respond(stack.Reply(req, 487, "")) })
		tx.Respond(stack.Reply(req, 180, ""))
	}
	served(t, handler{request: answer}, func(t *testing.T, _ *stack.Stack, w *siptest.Wire) {
		w.Send(request(w, "CANCEL", "z9hG4bK3"))
		expect(t, w, "SIP/2.0 481")
		w.Send(request(w, "INVITE", "z9hG4bK4"))
		to := siptest.HeaderOf(expect(t, w, "SIP/2.0 180"), "To")
		w.Send(request(w, "CANCEL", "z9hG4bK4"))
		for _, want := range []string{"7 CANCEL", "7 INVITE"} {
			m := expect(t, w, "SIP/2.0 ")
			if siptest.HeaderOf(m, "CSeq") != want || siptest.HeaderOf(m, "To") != to {
				t.Errorf("got %q, want %s to %s", m, want, to)
			}
		}
	})
}

// TestMerged: the same request over another way is a loop (RFC 3261 §8.2.2.2).
func TestMerged(t *testing.T) {
	served(t, handler{request: agent}, func(t *testing.T, _ *stack.Stack, w *siptest.Wire) {
		w.Send(request(w, "OPTIONS", "z9hG4bK5"))
		expect(t, w, "SIP/2.0 200")
		w.Send(request(w, "OPTIONS", "z9hG4bK6"))
		expect(t, w, "SIP/2.0 482")
		w.Send(request(w, "OPTIONS", "z9hG4bK5"))
		expect(t, w, "SIP/2.0 200") // a repeat is none
	})
}

// TestAckOf2xx comes with its own branch and without a transaction.
func TestAckOf2xx(t *testing.T) {
	acks := 0
	served(t, handler{request: func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
		if tx == nil {
			acks++
			return
		}
		tx.Respond(stack.Reply(req, 200, ""))
	}}, func(t *testing.T, s *stack.Stack, w *siptest.Wire) {
		w.Send(request(w, "INVITE", "z9hG4bK7"))
		m := expect(t, w, "SIP/2.0 200")
		w.Send(request(w, "ACK", "z9hG4bK8", "To: "+siptest.HeaderOf(m, "To")))
		silent(t, w, time.Second)
		flush(s)
		if acks != 1 {
			t.Errorf("%d ACKs went up", acks)
		}
	})
}

// TestReturn: responses follow received, rport and sent-by (RFC 3261 §18.2.2,
// RFC 3581).
func TestReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := siptest.NewNet(1)
		_, addr := start(t, n.Host(addrA), config(addrA), handler{request: agent})
		usual, _ := siptest.NewWire(t.Context(), n.Host(addrB), stack.UDP, netip.AddrPortFrom(addrB, 5060), addr)
		defer usual.Close()
		odd, _ := siptest.NewWire(t.Context(), n.Host(addrB), stack.UDP, netip.AddrPortFrom(addrB, 7777), addr)
		defer odd.Close()
		via := func(sentBy, branch string) string {
			return strings.Replace(request(odd, "OPTIONS", branch), odd.Local().String(), sentBy, 1)
		}
		odd.Send(via("nat.example.com", "z9hG4bKa"))
		if m := expect(t, usual, "SIP/2.0 200"); !strings.Contains(siptest.HeaderOf(m, "Via"), "received=192.0.2.2") {
			t.Errorf("Via %q", siptest.HeaderOf(m, "Via"))
		}
		odd.Send(strings.Replace(via("nat.example.com", "z9hG4bKb;rport"), "c1", "c2", 1))
		if m := expect(t, odd, "SIP/2.0 200"); !strings.Contains(siptest.HeaderOf(m, "Via"), "rport=7777") {
			t.Errorf("Via %q", siptest.HeaderOf(m, "Via"))
		}
		odd.Send(strings.Replace(via("192.0.2.2:7777;maddr=192.0.2.99", "z9hG4bKc"), "c1", "c3", 1))
		expect(t, odd, "SIP/2.0 200") // not where a stranger points
	})
}

// TestTrust: a stranger gets no byte, whatever it sends, and its streams are
// closed; answers to our own requests are heard all the same.
func TestTrust(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := siptest.NewNet(1)
		heard := 0
		s, addr := start(t, n.Host(addrA), config(addrA), handler{
			request: func(tx *stack.ServerTx, req *stack.Request, from stack.Source) { heard++; agent(tx, req, from) },
			stray:   func(*stack.Response, stack.Source) { heard++ },
		})
		friend := netip.MustParseAddr("192.0.2.77")
		s.Trust(func(from stack.Source) bool { return from.Addr.Addr() == friend })
		w, _ := siptest.NewWire(t.Context(), n.Host(addrB), stack.UDP, netip.AddrPortFrom(addrB, 5060), addr)
		defer w.Close()
		for _, m := range []string{
			request(w, "OPTIONS", "z9hG4bK1"), request(w, "INVITE", "z9hG4bK2"), "garbage", "\r\n\r\n",
			"INVITE broken SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2\r\n\r\n", siptest.Answer(request(w, "OPTIONS", "z9hG4bK3"), 200, "x", ""),
		} {
			w.Send(m)
			silent(t, w, time.Second)
		}
		stream, err := siptest.NewWire(t.Context(), n.Host(addrB), stack.TCP, netip.AddrPortFrom(addrB, 0), addr)
		if err != nil {
			t.Fatal(err)
		}
		defer stream.Close()
		stream.Send(request(stream, "OPTIONS", "z9hG4bK4"))
		if m, err := stream.Next(time.Second); m != "" || err == nil {
			t.Errorf("a stranger's stream got %q %v", m, err)
		}
		flush(s)
		if heard != 0 {
			t.Errorf("%d messages of strangers were heard", heard)
		}
		results, _ := send(s, newRequest(stack.OPTIONS, ""), stack.Target{Transport: stack.UDP, Addr: w.Local()})
		w.Send(siptest.Answer(expect(t, w, "OPTIONS"), 200, "x", ""))
		if r := next(t, results); r.err != nil || r.res.StatusCode != 200 {
			t.Errorf("the answer we asked for: %v", r)
		}
		w.Send(request(w, "OPTIONS", "z9hG4bK5"))
		silent(t, w, time.Second) // having been asked opens no door
		f, _ := siptest.NewWire(t.Context(), n.Host(friend), stack.UDP, netip.AddrPortFrom(friend, 5060), addr)
		defer f.Close()
		f.Send(request(f, "OPTIONS", "z9hG4bK6"))
		expect(t, f, "SIP/2.0 200")
	})
}

// TestFence: a handler that panics on a message does not end the stack.
func TestFence(t *testing.T) {
	served(t, handler{request: func(tx *stack.ServerTx, req *stack.Request, from stack.Source) {
		if req.Method == stack.INFO {
			panic("hostile")
		}
		agent(tx, req, from)
	}}, func(t *testing.T, _ *stack.Stack, w *siptest.Wire) {
		for i := range 300 { // more than there are slots
			w.Send(strings.Replace(request(w, "INFO", fmt.Sprintf("z9hG4bKf%d", i)), "c1", fmt.Sprintf("f%d", i), 1))
			synctest.Wait()
		}
		w.Send(request(w, "OPTIONS", "z9hG4bK9"))
		expect(t, w, "SIP/2.0 200")
	})
}

// TestTransactionLimit: over it 503 with Retry-After, and nothing is kept.
func TestTransactionLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := siptest.NewNet(1)
		cfg := config(addrA)
		cfg.MaxTransactions = 3
		_, addr := start(t, n.Host(addrA), cfg, handler{request: agent})
		w, _ := siptest.NewWire(t.Context(), n.Host(addrB), stack.UDP, netip.AddrPortFrom(addrB, 5060), addr)
		defer w.Close()
		for i, want := range []string{"SIP/2.0 200", "SIP/2.0 200", "SIP/2.0 200", "SIP/2.0 503"} {
			w.Send(strings.Replace(request(w, "OPTIONS", fmt.Sprint("z9hG4bKl", i)), "c1", fmt.Sprint("l", i), 1))
			expect(t, w, want)
		}
		silent(t, w, 40*time.Second) // timer J
		w.Send(strings.Replace(request(w, "OPTIONS", "z9hG4bKl9"), "c1", "l9", 1))
		expect(t, w, "SIP/2.0 200")
	})
}
