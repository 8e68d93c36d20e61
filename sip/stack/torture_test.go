package stack_test

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"opendeskphone/sip/siptest"
	"opendeskphone/sip/stack"
)

// agent answers as the smallest user agent would.
func agent(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
	switch {
	case tx == nil:
	case req.To().Params.Has("tag"):
		tx.Respond(stack.Reply(req, 481, ""))
	case req.Method == stack.INVITE:
		tx.Respond(stack.Reply(req, 486, ""))
	default:
		tx.Respond(stack.Reply(req, 200, ""))
	}
}

// alive asks with OPTIONS and says whether 200 came.
func alive(t *testing.T, n stack.Network, tr stack.Transport, from netip.Addr, to netip.AddrPort, seq int) bool {
	w, err := siptest.NewWire(t.Context(), n, tr, netip.AddrPortFrom(from, 0), to)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	w.Send(fmt.Sprintf("OPTIONS sip:phone@example.com SIP/2.0\r\nVia: SIP/2.0/%s %v;branch=z9hG4bKalive%d;rport\r\n"+
		"From: <sip:t@example.com>;tag=%d\r\nTo: <sip:phone@example.com>\r\nCall-ID: alive%d\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
		map[stack.Transport]string{stack.UDP: "UDP", stack.TCP: "TCP"}[tr], w.Local(), seq, seq, seq))
	m, err := w.Next(2 * time.Second)
	return err == nil && siptest.CodeOf(m) == 200
}

// TestTorture sends the messages of RFC 4475 and RFC 5118. The table of what a
// user agent should answer is siptest.Tortures.
func TestTorture(t *testing.T) {
	const aim = 58
	for _, tr := range []stack.Transport{stack.UDP, stack.TCP} {
		t.Run(string(tr), func(t *testing.T) {
			each(t, func(t *testing.T, w world) {
				ours, theirs := w.network()
				cfg := config(w.ours)
				from, patience := w.theirs, 20*time.Second
				if !w.bubble { // real time, real ports: be quick, and use an address of our own
					cfg.FrameTimeout = 200 * time.Millisecond
					from, patience = netip.AddrFrom4([4]byte{127, 44, byte(os.Getpid() >> 8), byte(os.Getpid())}), 500*time.Millisecond
				}
				_, to := start(t, ours, cfg, handler{request: agent})
				conform := 0
				for i, c := range siptest.Tortures {
					data, err := os.ReadFile(filepath.Join("testdata", filepath.FromSlash(c.File)))
					if err != nil {
						t.Fatal(err)
					}
					o, err := c.Run(t.Context(), theirs, tr, from, to, data, patience)
					if err != nil {
						t.Fatal(err)
					}
					if o.Conform {
						conform++
					} else {
						t.Log(o)
					}
					if !alive(t, theirs, tr, from, to, i) {
						t.Fatalf("dead after %s", c.File)
					}
				}
				t.Logf("%d of %d answered as a user agent should", conform, len(siptest.Tortures))
				if len(siptest.Tortures) != 61 || conform < aim {
					t.Errorf("%d of %d, want at least %d of 61", conform, len(siptest.Tortures), aim)
				}
			})
		})
	}
}
