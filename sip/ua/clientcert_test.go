package ua

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/sip/stack"
)

// files writes a certificate and its key where an account finds them.
func (a authority) files(t *testing.T) stack.ClientCert {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	f := stack.ClientCert{CertFile: filepath.Join(dir, "phone.pem"), KeyFile: filepath.Join(dir, "phone.key")}
	for name, b := range map[string]*pem.Block{f.CertFile: {Type: "CERTIFICATE", Bytes: a.cert.Raw}, f.KeyFile: {Type: "PRIVATE KEY", Bytes: key}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// demanding is a registrar that wants a certificate by root of everybody, and agrees on the groups named alone.
func demanding(t *testing.T, root authority, groups ...tls.CurveID) *badServer {
	leaf := root.paper(t, curve(t), nil)
	pool := x509.NewCertPool()
	pool.AddCert(root.cert)
	return &badServer{mended: true, good: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{leaf.cert.Raw}, PrivateKey: leaf.key}},
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool, CurvePreferences: groups}}
}

func ofClient(c *x509.Certificate) {
	c.DNSNames, c.ExtKeyUsage = nil, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
}

// TestClientCertificate: a line shows the certificate of its settings to a server that asks, each line its own; one
// that the server does not take, that is missing or cannot be read is told as that.
func TestClientCertificate(t *testing.T) {
	for name, row := range map[string]struct {
		cert  func(t *testing.T, root authority) stack.ClientCert
		state State
	}{
		"taken": {func(t *testing.T, root authority) stack.ClientCert { return root.paper(t, curve(t), ofClient).files(t) }, Registered},
		"none":  {func(*testing.T, authority) stack.ClientCert { return stack.ClientCert{} }, Failing},
		"of another authority": {func(t *testing.T, _ authority) stack.ClientCert {
			return authority{}.paper(t, curve(t), isCA).paper(t, curve(t), ofClient).files(t)
		}, Failing},
		"expired": {func(t *testing.T, root authority) stack.ClientCert {
			return root.paper(t, curve(t), func(c *x509.Certificate) { ofClient(c); c.NotAfter = time.Now().Add(-time.Minute) }).files(t)
		}, Failing},
		"no file": {func(*testing.T, authority) stack.ClientCert {
			return stack.ClientCert{CertFile: "testdata/none.pem", KeyFile: "testdata/none.key"}
		}, Failing},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				root := authority{}.paper(t, curve(t), isCA)
				b := tlsBench(t, root, demanding(t, root))
				b.ua.AddAccount(1, Account{AOR: "sip:alice@phone.test", Registrar: "sip:phone.test:5061", Transport: stack.TLS, Client: row.cert(t, root)})
				b.pass(time.Second)
				s := b.last()
				if s.State != row.state || s.State == Failing && s.Fault != CertOurs {
					t.Errorf("%v: %v (%s)", s.State, s.Fault, s.Text)
				}
			})
		})
	}
}

// TestLinesShowTheirOwnCertificates: two lines at one server have a connection each.
func TestLinesShowTheirOwnCertificates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		root := authority{}.paper(t, curve(t), isCA)
		v := demanding(t, root)
		b := tlsBench(t, root, v)
		for i, user := range []string{"alice", "bob"} {
			b.ua.AddAccount(AccountID(i), Account{AOR: "sip:" + user + "@phone.test", Registrar: "sip:phone.test:5061", Transport: stack.TLS,
				Client: root.paper(t, curve(t), ofClient).files(t)})
		}
		b.pass(time.Second)
		v.mu.Lock()
		defer v.mu.Unlock()
		if len(v.came) != 2 {
			t.Errorf("%d connections", len(v.came))
		}
	})
}

// TestAgreedTLS: the key exchange outlives quantum computers where the server can, and what was agreed on and when
// the first certificate ends is told with the registration.
func TestAgreedTLS(t *testing.T) {
	for _, row := range []struct {
		groups []tls.CurveID
		want   string
	}{
		{nil, "TLS 1.3, X25519MLKEM768"}, {[]tls.CurveID{tls.X25519}, "TLS 1.3, X25519"}, {[]tls.CurveID{tls.CurveP256}, "TLS 1.3, CurveP256"},
	} {
		synctest.Test(t, func(t *testing.T) {
			root := authority{}.paper(t, curve(t), isCA)
			b := tlsBench(t, root, demanding(t, root, row.groups...))
			ours := root.paper(t, curve(t), func(c *x509.Certificate) { ofClient(c); c.NotAfter = time.Now().Add(9 * 24 * time.Hour) })
			b.ua.AddAccount(1, Account{AOR: "sip:alice@phone.test", Registrar: "sip:phone.test:5061", Transport: stack.TLS, Client: ours.files(t)})
			b.pass(time.Second)
			if s := b.last(); s.TLS.String() != row.want || !s.TLS.Until.Equal(ours.cert.NotAfter) {
				t.Errorf("agreed on %q until %v, want %q until %v (%v %s)", s.TLS, s.TLS.Until, row.want, ours.cert.NotAfter, s.Fault, s.Text)
			}
		})
	}
}
