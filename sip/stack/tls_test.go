package stack_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"opendeskphone/sip/siptest"
	"opendeskphone/sip/stack"
)

// TestTLS: whom we believe and whom not; not one SIP byte goes to a server we
// do not believe.
func TestTLS(t *testing.T) {
	now := time.Hour
	for _, c := range []struct {
		name   string
		leaf   siptest.Leaf
		asked  string // the name we ask for
		server func(*tls.Config)
		ours   func(*stack.TLSConfig)
		other  bool // signed by an authority we do not know
		fault  stack.TLSFault
		good   bool
	}{
		{name: "DNS name", leaf: siptest.Leaf{Names: []string{"sip.example.com"}}, asked: "sip.example.com", good: true},
		{name: "DNS name, other case", leaf: siptest.Leaf{Names: []string{"SIP.example.COM"}}, asked: "sip.Example.com", good: true},
		{name: "wildcard", leaf: siptest.Leaf{Names: []string{"*.example.com"}}, asked: "sip.example.com", good: true},
		{name: "SIP URI", leaf: siptest.Leaf{Names: []string{"sip:example.com", "edge7.example.net"}}, asked: "example.com", good: true},
		{name: "address", leaf: siptest.Leaf{Names: []string{"192.0.2.9"}}, asked: "192.0.2.9", good: true},
		{name: "TLS 1.2", leaf: siptest.Leaf{Names: []string{"a.example.com"}}, asked: "a.example.com", good: true,
			server: func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }},
		{name: "another name", leaf: siptest.Leaf{Names: []string{"evil.example.com"}}, asked: "sip.example.com", fault: stack.WrongName},
		{name: "URI with a user", leaf: siptest.Leaf{Names: []string{"sip:bob@example.com"}}, asked: "example.com", fault: stack.WrongName},
		{name: "another address", leaf: siptest.Leaf{Names: []string{"192.0.2.8"}}, asked: "192.0.2.9", fault: stack.WrongName},
		{name: "wildcard over two labels", leaf: siptest.Leaf{Names: []string{"*.example.com"}}, asked: "a.b.example.com", fault: stack.WrongName},
		{name: "expired", leaf: siptest.Leaf{Names: []string{"a.example.com"}, From: time.Now().Add(-2 * now), To: time.Now().Add(-now)},
			asked: "a.example.com", fault: stack.Expired},
		{name: "not yet valid", leaf: siptest.Leaf{Names: []string{"a.example.com"}, From: time.Now().Add(now), To: time.Now().Add(2 * now)},
			asked: "a.example.com", fault: stack.NotYetValid},
		{name: "unknown authority", leaf: siptest.Leaf{Names: []string{"a.example.com"}}, asked: "a.example.com", other: true, fault: stack.UnknownAuthority},
		{name: "certificate of a client", leaf: siptest.Leaf{Names: []string{"a.example.com"}, Client: true}, asked: "a.example.com", fault: stack.BadCertificate},
		{name: "TLS 1.1", leaf: siptest.Leaf{Names: []string{"a.example.com"}}, asked: "a.example.com", fault: stack.Refused,
			server: func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }},
		{name: "roots unreadable", leaf: siptest.Leaf{Names: []string{"a.example.com"}}, asked: "a.example.com", fault: stack.BadRoots,
			ours: func(c *stack.TLSConfig) { c.RootFiles = append(c.RootFiles, filepath.Join("testdata", "none.pem")) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			ca, root := authority(t)
			issuer := ca
			if c.other {
				issuer, _ = authority(t)
			}
			cert, err := issuer.Issue(c.leaf)
			if err != nil {
				t.Fatal(err)
			}
			sc := &tls.Config{Certificates: []tls.Certificate{cert}}
			if c.server != nil {
				c.server(sc)
			}
			heard := make(chan struct{}, 8)
			lo := netip.MustParseAddr("127.0.0.1")
			_, to := start(t, siptest.Secure(stack.System{}, sc), config(lo), handler{request: func(tx *stack.ServerTx, req *stack.Request, from stack.Source) {
				heard <- struct{}{}
				agent(tx, req, from)
			}})
			cfg := config(lo)
			cfg.TLS = stack.TLSConfig{RootFiles: []string{root}}
			if c.ours != nil {
				c.ours(&cfg.TLS)
			}
			s, _ := start(t, stack.System{}, cfg, handler{})
			results, _ := send(s, newRequest(stack.OPTIONS, ""), stack.Target{Transport: stack.TLS, Addr: to, ServerName: c.asked})
			r := next(t, results)
			if c.good {
				if r.err != nil || r.res.StatusCode != 200 {
					t.Errorf("result %v", r)
				}
				return
			}
			var refused *stack.TLSError
			if !errors.As(r.err, &refused) || refused.Fault != c.fault || !errors.Is(r.err, stack.ErrTransport) {
				t.Fatalf("result %v, want %v", r.err, c.fault)
			}
			if refused.Error() == "" || refused.Name != c.asked {
				t.Errorf("error %v names %q", refused, refused.Name)
			}
			if len(heard) != 0 {
				t.Error("SIP went to a server we did not believe")
			}
		})
	}
}

// authority makes a CA and writes its root.
func authority(t *testing.T) (*siptest.CA, string) {
	t.Helper()
	ca, err := siptest.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "root.pem")
	if err := ca.WriteRoot(file); err != nil {
		t.Fatal(err)
	}
	return ca, file
}

// TestTLSStall: a server that takes the connection and says nothing costs no
// more than DialTimeout.
func TestTLSStall(t *testing.T) {
	lo := netip.MustParseAddr("127.0.0.1")
	l, err := stack.System{}.Listen(netip.AddrPortFrom(lo, 0))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cfg := config(lo)
	cfg.DialTimeout = 200 * time.Millisecond
	s, _ := start(t, stack.System{}, cfg, handler{})
	results, _ := send(s, newRequest(stack.OPTIONS, ""), stack.Target{
		Transport: stack.TLS, Addr: netip.MustParseAddrPort(l.Addr().String()), ServerName: "a.example.com",
	})
	var refused *stack.TLSError
	r := next(t, results)
	timeUp := errors.Is(r.err, os.ErrDeadlineExceeded) || errors.Is(r.err, context.DeadlineExceeded)
	if !errors.As(r.err, &refused) || refused.Fault != stack.Silent || !timeUp {
		t.Errorf("result %v", r.err)
	}
}
