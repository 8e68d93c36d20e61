// Package live tests the user agent against Kamailio as registrar and proxy and
// baresip and linphonec as peers, on a network of their own.
package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"opendeskphone/sip/offer"
	"opendeskphone/sip/stack"
	"opendeskphone/sip/ua"
	"opendeskphone/tools/lab"
)

const domain = "phone.test"

var (
	phoneAddr = netip.MustParseAddr("10.77.0.10")
	goodTLS   = netip.MustParseAddrPort("10.77.0.1:5061")
	oldTLS    = netip.MustParseAddrPort("10.77.0.2:5061")
	otherTLS  = netip.MustParseAddrPort("10.77.0.3:5061")
	mutualTLS = netip.MustParseAddrPort("10.77.0.4:5061")
)

// world is a network with a registrar.
type world struct {
	*testing.T
	lan *lab.LAN
	kam *lab.Kamailio
	ca  *lab.CA
}

func must[V any](t *testing.T, v V, err error) V {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// newWorld has the test run beside others: each has a network of its own.
func newWorld(t *testing.T, algorithm string) *world {
	t.Helper()
	t.Parallel()
	if err := lab.Require("ip", "kamailio", "kamcmd", "baresip"); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	w := &world{T: t}
	lan, err := lab.NewLAN(dir)
	w.lan = must(t, lan, err)
	t.Cleanup(func() {
		if err := lan.Close(); err != nil {
			t.Error(err)
		}
	})
	ca, err := lab.NewCA(dir)
	w.ca = must(t, ca, err)
	issue := func(l lab.Leaf) lab.KeyPair {
		pair, err := ca.Issue(l)
		return must(t, pair, err)
	}
	for _, n := range []int{2, 3, 4} {
		if err := lan.AddAddr(n); err != nil {
			t.Fatal(err)
		}
	}
	kam, err := lab.StartKamailio(soon(t), lan.Core, lab.KamailioConfig{Name: "kam", Domain: domain, Algorithm: algorithm,
		Listen: netip.MustParseAddrPort("10.77.0.1:5060"), TLS: []lab.TLSAt{
			{Listen: goodTLS, Pair: issue(lab.Leaf{File: "good", DNS: []string{domain}})},
			{Listen: oldTLS, Pair: issue(lab.Leaf{File: "old", DNS: []string{"old." + domain}, NotAfter: time.Now().AddDate(0, 0, -1)})},
			{Listen: otherTLS, Pair: issue(lab.Leaf{File: "other", DNS: []string{"other.test"}})},
			{Listen: mutualTLS, Pair: issue(lab.Leaf{File: "mutual", DNS: []string{"mutual." + domain}}), Wants: ca.RootFile()},
		}})
	w.kam = must(t, kam, err)
	w.routeGRUUs(dir + "/core/kam/kamailio.cfg")
	return w
}

// routeGRUUs makes the proxy look up GRUUs inside of dialogs too (RFC 5627
// §5.1): linphonec names itself by one, and BYE could not reach it otherwise.
func (w *world) routeGRUUs(file string) {
	w.Helper()
	text, err := os.ReadFile(file)
	must(w.T, text, err)
	changed := strings.Replace(string(text), "if (loose_route()) { t_relay(); exit; }",
		`if (loose_route()) { if (is_gruu()) lookup("location"); t_relay(); exit; }`, 1)
	if changed == string(text) {
		return
	}
	w.kam.Stop()
	if err := os.WriteFile(file, []byte(changed), 0o644); err != nil {
		w.Fatal(err)
	}
	if err := w.kam.Start(soon(w.T)); err != nil {
		w.Fatal(err)
	}
}

// room is the network of the system as seen from inside a namespace, with a
// hosts file of its own.
type room struct {
	stack.System
	ns   *lab.Namespace
	addr netip.Addr // the host's
	srv  []stack.SRV
	six  []netip.Addr // addresses of IPv6 that every name has as well
}

func (r room) ListenPacket(local netip.AddrPort) (c net.PacketConn, err error) {
	err = vacant(func() error { return r.ns.Do(func() error { c, err = r.System.ListenPacket(local); return err }) })
	return c, err
}

func (r room) Listen(local netip.AddrPort) (l net.Listener, err error) {
	err = vacant(func() error { return r.ns.Do(func() error { l, err = r.System.Listen(local); return err }) })
	return l, err
}

// vacant binds a port that a phone before may just have left. A program that another test starts at that moment holds a
// copy of the closed socket between its fork and its exec.
func vacant(bind func() error) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return lab.Poll(ctx, "a port of its own", func() (bool, error) {
		err := bind()
		if errors.Is(err, unix.EADDRINUSE) {
			return false, nil
		}
		return true, err
	})
}

func (r room) Dial(ctx context.Context, local netip.Addr, remote netip.AddrPort) (c net.Conn, err error) {
	err = r.ns.Do(func() error { c, err = r.System.Dial(ctx, local, remote); return err })
	return c, err
}

func (r room) LocalFor(remote netip.Addr) (local netip.Addr, err error) {
	err = r.ns.Do(func() error { local, err = r.System.LocalFor(remote); return err })
	return local, err
}

func (r room) LookupAddr(_ context.Context, host string) ([]netip.Addr, error) {
	hosts := map[string]netip.AddrPort{domain: goodTLS, "old." + domain: oldTLS, "wrong." + domain: otherTLS, "mutual." + domain: mutualTLS}
	if at, ok := hosts[host]; ok {
		return append(slices.Clone(r.six), at.Addr()), nil
	}
	return nil, nil
}

func (r room) LookupSRV(context.Context, string) ([]stack.SRV, error)   { return r.srv, nil }
func (room) LookupNAPTR(context.Context, string) ([]stack.NAPTR, error) { return nil, nil }

// phone is a UA with a simple user: it keeps the events for the test.
type phone struct {
	*testing.T
	ua *ua.UA

	mu     sync.Mutex
	events []ua.Event
	grown  chan struct{}
}

// phone starts a UA on host 10.
func (w *world) phone(t *testing.T, ns *lab.Namespace, roots ...string) *phone {
	t.Helper()
	return startPhone(t, room{ns: ns, addr: phoneAddr}, roots...)
}

// startPhone starts a UA in a room.
func startPhone(t *testing.T, r room, roots ...string) *phone {
	t.Helper()
	cfg := stack.Default()
	cfg.Rules = ua.Rules()
	if r.addr.Is6() {
		cfg.Local = netip.AddrPortFrom(netip.IPv6Unspecified(), 5060)
	}
	cfg.UserAgent = "ODP test"
	cfg.TLS = stack.TLSConfig{RootFiles: roots}
	level := slog.LevelError
	out := io.Writer(os.Stderr)
	if os.Getenv("SIPLOG") != "" {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: level}))
	p := &phone{T: t, grown: make(chan struct{})}
	agent := ua.Default()
	agent.Pulse = 2 * time.Second
	p.ua = ua.New(agent, stack.New(cfg, r, log), p.handle, log)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.ua.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return p
}

func (p *phone) handle(e ua.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = append(p.events, e)
	close(p.grown)
	p.grown = make(chan struct{})
}

// next takes the first event of a type that fits; it fails the test after 20 s.
func next[E ua.Event](p *phone, fits func(E) bool) E {
	p.Helper()
	deadline := time.After(time.Minute)
	for {
		p.mu.Lock()
		grown := p.grown
		for i, e := range p.events {
			if got, ok := e.(E); ok && (fits == nil || fits(got)) {
				p.events = append(p.events[:i:i], p.events[i+1:]...)
				p.mu.Unlock()
				return got
			}
		}
		have := fmt.Sprintf("%+v", p.events)
		p.mu.Unlock()
		select {
		case <-grown:
		case <-deadline:
			var none E
			p.Fatalf("no %T; there are %s", none, have)
		}
	}
}

func (p *phone) count(fits func(ua.Event) bool) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, e := range p.events {
		if fits(e) {
			n++
		}
	}
	return n
}

// account is alice by a transport.
func account(transport stack.Transport) ua.Account {
	a := ua.Account{AOR: "sip:alice@" + domain, Display: "Alice", Password: ua.Secret(lab.PasswordOf("alice")),
		Registrar: "sip:" + domain, Transport: transport, Instance: "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"}
	if transport == stack.TLS {
		a.Registrar = "sip:" + domain + ":5061"
	}
	return a
}

func (p *phone) register(a ua.Account) {
	p.Helper()
	p.ua.AddAccount(1, a)
	next(p, func(s ua.LineState) bool { return s.State == ua.Registered })
}

// session makes the descriptions of a call.
func session() *offer.Session { return sessionAt(phoneAddr) }

func sessionAt(addr netip.Addr) *offer.Session {
	return offer.New(offer.Local{Addr: addr, Port: 4000, DTMF: true, Ptime: 20, Codecs: []offer.Codec{
		{Name: "PCMA", PT: 8, Clock: 8000, Channels: 1}, {Name: "PCMU", PT: 0, Clock: 8000, Channels: 1}}})
}

// silence is what a peer says: a second of nothing.
func silence() lab.Clip { return lab.Clip{Rate: 8000, Samples: make([]float32, 8000)} }
