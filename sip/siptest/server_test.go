package siptest_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icholy/digest"

	"opendeskphone/sip/siptest"
	"opendeskphone/sip/stack"
)

var (
	quiet  = slog.New(slog.NewTextHandler(io.Discard, nil))
	home   = netip.MustParseAddr("192.0.2.10")
	callee = []netip.Addr{netip.MustParseAddr("192.0.2.21"), netip.MustParseAddr("192.0.2.22")}
	caller = netip.MustParseAddr("192.0.2.30")
)

// serve runs a Server at home:5060 until the test ends.
func serve(t *testing.T, n *siptest.Net, cfg siptest.ServerConfig) (*siptest.Server, netip.AddrPort) {
	t.Helper()
	cfg.Local, cfg.Realm = netip.AddrPortFrom(home, 5060), "example.com"
	v := siptest.NewServer(cfg, n.Host(home), quiet)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- v.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	addr, err := v.Addr(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return v, addr
}

func wire(t *testing.T, n *siptest.Net, tr stack.Transport, from netip.Addr, to netip.AddrPort) *siptest.Wire {
	t.Helper()
	w, err := siptest.NewWire(t.Context(), n.Host(from), tr, netip.AddrPortFrom(from, 5060), to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

func expect(t *testing.T, w *siptest.Wire, begins string) string {
	t.Helper()
	m, err := w.Next(10 * time.Second)
	if err != nil || !strings.HasPrefix(m, begins) {
		t.Fatalf("got %q, %v; want %q", m, err, begins)
	}
	return m
}

// request writes a request of user at w.
func request(w *siptest.Wire, method, uri, user string, seq int, extra ...string) string {
	head := strings.Join(append(extra, "Content-Length: 0"), "\r\n")
	return fmt.Sprintf("%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %v;branch=z9hG4bK%s%d%d\r\nFrom: <sip:%s@example.com>;tag=%s\r\n"+
		"To: <%s>\r\nCall-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:%s@%v>\r\nMax-Forwards: 70\r\n%s\r\n\r\n",
		method, uri, w.Local(), method, seq, w.Local().Addr().As4()[3], user, user, uri, user+w.Local().String(), seq, method, user, w.Local(), head)
}

func register(t *testing.T, w *siptest.Wire, user string) {
	t.Helper()
	w.Send(strings.Replace(request(w, "REGISTER", "sip:example.com", user, 1), "To: <sip:example.com>", "To: <sip:"+user+"@example.com>", 1))
	expect(t, w, "SIP/2.0 200")
}

func TestDigest(t *testing.T) {
	for _, algorithm := range []string{"MD5", "SHA-256", "SHA-512-256"} {
		t.Run(algorithm, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := siptest.NewNet(1)
				v, to := serve(t, n, siptest.ServerConfig{Users: map[string]string{"bob": "secret"}, Digest: []string{algorithm}})
				w := wire(t, n, stack.UDP, callee[0], to)
				try := func(seq int, password string) string {
					reg := func(seq int, extra ...string) string {
						return strings.Replace(request(w, "REGISTER", "sip:example.com", "bob", seq, extra...), "To: <sip:", "To: <sip:bob@", 1)
					}
					w.Send(reg(seq))
					m := expect(t, w, "SIP/2.0 401")
					c, err := digest.ParseChallenge(siptest.HeaderOf(m, "WWW-Authenticate"))
					if err != nil {
						t.Fatal(err)
					}
					cred, err := digest.Digest(c, digest.Options{Method: "REGISTER", URI: "sip:example.com", Count: 1, Username: "bob", Password: password})
					if err != nil {
						t.Fatal(err)
					}
					w.Send(reg(seq+1, "Authorization: "+cred.String()))
					m, _ = w.Next(time.Second)
					return m
				}
				if m := try(1, "wrong"); siptest.CodeOf(m) != 401 {
					t.Errorf("wrong password: %q", m)
				}
				if m := try(3, "secret"); siptest.CodeOf(m) != 200 {
					t.Errorf("right password: %q", m)
				}
				if b := v.Bindings("bob"); len(b) != 1 || b[0].Host != callee[0].String() {
					t.Errorf("bindings %v", b)
				}
			})
		})
	}
}

// TestFork: an INVITE reaches both bindings, the first 2xx comes back, the
// other branch is cancelled, and the ACK goes to the one that answered.
func TestFork(t *testing.T) {
	for _, recordRoute := range []bool{false, true} {
		t.Run(fmt.Sprint("record-route ", recordRoute), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := siptest.NewNet(1)
				_, to := serve(t, n, siptest.ServerConfig{RecordRoute: recordRoute})
				a, b := wire(t, n, stack.UDP, callee[0], to), wire(t, n, stack.TCP, callee[1], to)
				register(t, a, "bob")
				register(t, b, "bob")
				c := wire(t, n, stack.UDP, caller, to)
				c.Send(request(c, "INVITE", "sip:bob@example.com", "carol", 1))
				atA, atB := expect(t, a, "INVITE sip:bob@192.0.2.21"), expect(t, b, "INVITE sip:bob@192.0.2.22")
				b.Send(siptest.Answer(atB, 180, "b", ""))
				expect(t, c, "SIP/2.0 180")
				a.Send(siptest.Answer(atA, 180, "a", ""))
				expect(t, c, "SIP/2.0 180")
				b.Send(siptest.Answer(atB, 200, "b", "", "Contact: <sip:bob@"+b.Local().String()+";transport=tcp>"))
				ok := expect(t, c, "SIP/2.0 200")
				cancel := expect(t, a, "CANCEL")
				a.Send(siptest.Answer(cancel, 200, "a", ""))
				a.Send(siptest.Answer(atA, 487, "a", ""))
				expect(t, a, "ACK")
				if got := siptest.HeaderOf(ok, "Record-Route") != ""; got != recordRoute {
					t.Fatalf("Record-Route in %q", ok)
				}
				if recordRoute {
					target := "sip:bob@" + b.Local().String() + ";transport=tcp"
					ack := request(c, "ACK", target, "carol", 1, "Route: "+siptest.HeaderOf(ok, "Record-Route"))
					c.Send(strings.Replace(ack, "To: <"+target+">", "To: <sip:bob@example.com>;tag=b", 1))
					expect(t, b, "ACK")
				}
			})
		})
	}
}

// TestLoop: a request that comes back as it went is refused, and one that was sent on to somebody else (a spiral) is not.
func TestLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := siptest.NewNet(1)
		_, to := serve(t, n, siptest.ServerConfig{})
		a, b := wire(t, n, stack.UDP, callee[0], to), wire(t, n, stack.UDP, callee[1], to)
		register(t, a, "bob")
		register(t, b, "carol")
		c := wire(t, n, stack.UDP, caller, to)
		c.Send(request(c, "INVITE", "sip:bob@example.com", "carol", 1))
		_, rest, _ := strings.Cut(expect(t, a, "INVITE sip:bob@192.0.2.21"), "\r\n")
		via := "Via: SIP/2.0/UDP " + a.Local().String() + ";branch=z9hG4bK"
		a.Send("INVITE sip:bob@example.com SIP/2.0\r\n" + via + "1\r\n" + rest)
		expect(t, a, "SIP/2.0 482")
		a.Send("INVITE sip:carol@example.com SIP/2.0\r\n" + via + "2\r\n" + rest)
		expect(t, b, "INVITE sip:carol@192.0.2.22")
	})
}

// TestLink: delay is exact in bubble time, loss follows the seed, and a pulled
// cable stops streams and datagrams.
func TestLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := siptest.NewNet(7)
		n.SetLink(20*time.Millisecond, 0)
		a, b := n.Host(home), n.Host(caller)
		pa, _ := siptest.NewWire(t.Context(), a, stack.UDP, netip.AddrPortFrom(home, 1), netip.AddrPortFrom(caller, 2))
		pb, _ := siptest.NewWire(t.Context(), b, stack.UDP, netip.AddrPortFrom(caller, 2), netip.AddrPortFrom(home, 1))
		sent := time.Now()
		pa.Send("x")
		if m, err := pb.Next(time.Second); m != "x" || err != nil || time.Since(sent) != 20*time.Millisecond {
			t.Errorf("got %q %v after %v", m, err, time.Since(sent))
		}
		n.SetLink(0, 0.25)
		lost := 0
		for range 1000 {
			pa.Send("y")
			if _, err := pb.Next(time.Millisecond); err != nil {
				lost++
			}
		}
		if lost < 200 || lost > 300 {
			t.Errorf("lost %d of 1000, want about 250", lost)
		}
		n.SetLink(0, 0)
		l, _ := b.Listen(netip.AddrPortFrom(caller, 3))
		c, err := a.Dial(t.Context(), home, netip.AddrPortFrom(caller, 3))
		if err != nil {
			t.Fatal(err)
		}
		far, _ := l.Accept()
		n.SetDown(caller, true)
		c.Write([]byte("gone"))
		c.Close()
		far.SetReadDeadline(time.Now().Add(time.Minute))
		if m, err := far.Read(make([]byte, 9)); err == nil || err == io.EOF {
			t.Errorf("through a pulled cable came %d bytes, %v", m, err)
		}
		for _, x := range []io.Closer{pa, pb, l, far} {
			x.Close()
		}
	})
}
