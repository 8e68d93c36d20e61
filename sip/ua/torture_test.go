package ua_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/sip/siptest"
	"opendeskphone/sip/stack"
	"opendeskphone/sip/ua"
)

// tortured is a whole user agent under the torture messages.
type tortured struct {
	net      stack.Network
	theirs   stack.Network
	local    netip.Addr
	from     netip.Addr
	patience time.Duration
	frame    time.Duration // how long a message on a stream may take
}

// TestTorture: the messages of RFC 4475 and RFC 5118, over UDP and TCP, on the
// network in memory and on loopback. What a user agent should answer stands in
// siptest.Tortures; at least 58 of the 61 must be answered so, and after each
// the user agent must be alive.
func TestTorture(t *testing.T) {
	for _, tr := range []stack.Transport{stack.UDP, stack.TCP} {
		t.Run(string(tr)+"/memory", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
				n := siptest.NewNet(1)
				w := tortured{net: n.Host(a), theirs: n.Host(b), local: a, from: b, patience: 20 * time.Second, frame: 10 * time.Second}
				w.run(t, tr)
			})
		})
		t.Run(string(tr)+"/loopback", func(t *testing.T) {
			// The answers come to the ports the messages name: an address of our own.
			from := netip.AddrFrom4([4]byte{127, 45, byte(os.Getpid() >> 8), byte(os.Getpid())})
			w := tortured{
				net: stack.System{}, theirs: stack.System{}, local: netip.MustParseAddr("127.0.0.1"), from: from,
				patience: 500 * time.Millisecond, frame: 200 * time.Millisecond,
			}
			w.run(t, tr)
		})
	}
}

func (w tortured) run(t *testing.T, tr stack.Transport) {
	to := w.start(t)
	conform := 0
	for i, c := range siptest.Tortures {
		data, err := os.ReadFile(filepath.Join("..", "stack", "testdata", filepath.FromSlash(c.File)))
		if err != nil {
			t.Fatal(err)
		}
		o, err := c.Run(t.Context(), w.theirs, tr, w.from, to, data, w.patience)
		if err != nil {
			t.Fatal(err)
		}
		if o.Conform {
			conform++
		} else {
			t.Log(o)
		}
		if !w.alive(t, tr, to, i) {
			t.Fatalf("dead after %s", c.File)
		}
	}
	t.Logf("%s: %d of %d answered as a user agent should", tr, conform, len(siptest.Tortures))
	if len(siptest.Tortures) != 61 || conform < 58 {
		t.Errorf("%d of %d, want at least 58 of 61", conform, len(siptest.Tortures))
	}
}

// start runs the user agent with an account for each user the messages call,
// and returns where it listens. It rings, and rejects.
func (w tortured) start(t *testing.T) netip.AddrPort {
	t.Helper()
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	cfg := stack.Default()
	cfg.Local, cfg.Rules, cfg.FrameTimeout = netip.AddrPortFrom(w.local, 0), ua.Rules(), w.frame
	s := stack.New(cfg, w.net, quiet)
	uc := ua.Default()
	uc.Strangers = true
	var u *ua.UA
	u = ua.New(uc, s, func(e ua.Event) {
		if in, ok := e.(ua.Incoming); ok {
			u.Ring(in.Call)
			u.Reject(in.Call, 486)
		}
	}, quiet)
	for i, user := range []string{"user", "joe", "vivekg", "UserB"} {
		u.AddAccount(ua.AccountID(i+1), ua.Account{AOR: "sip:" + user + "@example.com", Direct: true})
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- u.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	at := make(chan netip.AddrPort, 1)
	s.Post(func() {
		a, err := s.Local(stack.Target{Addr: netip.AddrPortFrom(w.local, 0)})
		if err != nil {
			t.Error(err)
		}
		at <- a
	})
	return <-at
}

// alive asks with OPTIONS and says whether 200 came.
func (w tortured) alive(t *testing.T, tr stack.Transport, to netip.AddrPort, n int) bool {
	c, err := siptest.NewWire(t.Context(), w.theirs, tr, netip.AddrPortFrom(w.from, 0), to)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.Send(fmt.Sprintf("OPTIONS sip:user@example.com SIP/2.0\r\nVia: SIP/2.0/%s %v;branch=z9hG4bKalive%d;rport\r\n"+
		"From: <sip:t@example.com>;tag=%d\r\nTo: <sip:user@example.com>\r\nCall-ID: alive%d\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
		map[stack.Transport]string{stack.UDP: "UDP", stack.TCP: "TCP"}[tr], c.Local(), n, n, n))
	m, err := c.Next(2 * time.Second)
	return err == nil && siptest.CodeOf(m) == 200
}
