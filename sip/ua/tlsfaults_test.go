package ua

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/sip/siptest"
	"opendeskphone/sip/stack"
)

// authority signs certificates; its own may be signed by another.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// paper is a certificate in the making, good unless change makes it bad.
func (a authority) paper(t *testing.T, key crypto.Signer, change func(*x509.Certificate)) authority {
	t.Helper()
	c := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "phone.test"}, DNSNames: []string{"phone.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if change != nil {
		change(c)
	}
	by := a
	if by.cert == nil {
		by = authority{c, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, by.cert, key.Public(), by.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{cert, key}
}

func isCA(c *x509.Certificate) {
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage, c.DNSNames, c.ExtKeyUsage = true, true, x509.KeyUsageCertSign, nil, nil
	c.Subject.CommonName = "authority"
}

func curve(t *testing.T) crypto.Signer {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// rsaKeys are made once: they are slow.
var rsaKeys = sync.OnceValue(func() [2]*rsa.PrivateKey {
	var out [2]*rsa.PrivateKey
	for i, bits := range []int{1024, 2048} {
		k, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			panic(err)
		}
		out[i] = k
	}
	return out
})

// badServer is a TLS server at 10.0.0.2:5061 which serves each connection badly, until it is mended.
type badServer struct {
	mu      sync.Mutex
	mended  bool
	came    []time.Time // connections
	wire    []byte      // all octets as they came
	spoken  []byte      // what came inside of TLS while it was bad
	good    *tls.Config
	serve   func(v *badServer, c net.Conn)
	pending sync.WaitGroup
}

// overheard keeps a record of what goes over the wire.
type overheard struct {
	net.Conn
	v *badServer
}

func (o overheard) Read(b []byte) (int, error) {
	n, err := o.Conn.Read(b)
	o.v.mu.Lock()
	if !o.v.mended {
		o.v.wire = append(o.v.wire, b[:n]...)
	}
	o.v.mu.Unlock()
	return n, err
}

// listener lets the real registrar behind it see only connections made after the mending.
type listener struct {
	net.Listener
	v *badServer
}

func (l listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		l.v.mu.Lock()
		mended := l.v.mended
		l.v.came = append(l.v.came, time.Now())
		l.v.mu.Unlock()
		if mended {
			return tls.Server(c, l.v.good), nil
		}
		l.v.pending.Go(func() { l.v.serve(l.v, overheard{c, l.v}); c.Close() })
	}
}

// shakes serves TLS and keeps what is said inside.
func shakes(cfg *tls.Config, then func(c *tls.Conn)) func(*badServer, net.Conn) {
	return func(v *badServer, c net.Conn) {
		tc := tls.Server(c, cfg)
		if tc.Handshake() != nil {
			return
		}
		if then != nil {
			then(tc)
			return
		}
		b := make([]byte, 4096)
		for {
			n, err := tc.Read(b)
			v.mu.Lock()
			v.spoken = append(v.spoken, b[:n]...)
			v.mu.Unlock()
			if err != nil {
				return
			}
		}
	}
}

// waits reads until the phone has enough.
func waits(c net.Conn) { io.Copy(io.Discard, c) }

// says writes octets instead of a handshake.
func says(b []byte, then func(net.Conn)) func(*badServer, net.Conn) {
	return func(_ *badServer, c net.Conn) {
		io.ReadFull(c, make([]byte, 64)) // the beginning of the ClientHello
		c.Write(b)
		then(c)
	}
}

// cut serves a real handshake of which only so many octets leave.
func cut(cfg *tls.Config, octets int, then func(net.Conn)) func(*badServer, net.Conn) {
	return func(_ *badServer, c net.Conn) {
		tls.Server(&short{Conn: c, left: octets}, cfg).Handshake()
		then(c)
	}
}

// short lets only so many octets out.
type short struct {
	net.Conn
	left int
}

func (s *short) Write(b []byte) (int, error) {
	n := min(len(b), s.left)
	s.left -= n
	if n > 0 {
		if _, err := s.Conn.Write(b[:n]); err != nil {
			return 0, err
		}
	}
	if n < len(b) {
		return n, io.ErrShortWrite
	}
	return n, nil
}

// slow lets one octet out in five seconds.
type slow struct{ net.Conn }

func (s slow) Write(b []byte) (int, error) {
	for i := range b {
		time.Sleep(5 * time.Second)
		if _, err := s.Conn.Write(b[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(b), nil
}

// broken spoils the records after the handshake.
type broken struct {
	net.Conn
	on *bool
}

func (s broken) Write(b []byte) (int, error) {
	if *s.on {
		b = bytes.Clone(b)
		b[len(b)-1] ^= 1
	}
	return s.Conn.Write(b)
}

// tlsFault is one kind of bad server.
type tlsFault struct {
	name   string
	serve  func(*badServer, net.Conn)
	fault  Fault
	stalls bool // it stops answering: the phone is back within 30 s
	proven bool // its certificate is good: it may hear SIP
}

// tlsFaults are 24 kinds of bad TLS server.
func tlsFaults(t *testing.T, root authority) []tlsFault {
	key := curve(t)
	config := func(chain ...authority) *tls.Config {
		c := tls.Certificate{PrivateKey: chain[0].key}
		for _, x := range chain {
			c.Certificate = append(c.Certificate, x.cert.Raw)
		}
		return &tls.Config{Certificates: []tls.Certificate{c}}
	}
	with := func(change func(*x509.Certificate)) func(*badServer, net.Conn) {
		return shakes(config(root.paper(t, key, change)), nil)
	}
	short, long := rsaKeys()[0], rsaKeys()[1]
	good := config(root.paper(t, key, nil))
	goodRSA := config(root.paper(t, long, nil))
	between := root.paper(t, curve(t), isCA)
	none := root.paper(t, curve(t), nil) // no authority, though signed by one
	old := goodRSA.Clone()
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	feeble := goodRSA.Clone()
	feeble.MaxVersion, feeble.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}
	huge := config(root.paper(t, key, func(c *x509.Certificate) {
		for range 4000 {
			c.DNSNames = append(c.DNSNames, "a-very-long-name-of-some-other-machine-that-nobody-asked-for.phone.test")
		}
	}))
	return []tlsFault{
		{name: "expired", fault: CertExpired, serve: with(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })},
		{name: "not yet valid", fault: CertNotYetValid, serve: with(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(24 * time.Hour) })},
		{name: "another name", fault: CertWrongName, serve: with(func(c *x509.Certificate) { c.DNSNames = []string{"phone.test.evil.test"} })},
		{name: "the name in its subject alone", fault: CertWrongName, serve: with(func(c *x509.Certificate) { c.DNSNames = nil })},
		{name: "self-signed", fault: CertUnknownAuthority, serve: shakes(config(authority{}.paper(t, key, nil)), nil)},
		{name: "unknown authority", fault: CertUnknownAuthority, serve: shakes(config(authority{}.paper(t, curve(t), isCA).paper(t, key, nil)), nil)},
		{name: "the authority between is missing", fault: CertUnknownAuthority, serve: shakes(config(between.paper(t, key, nil)), nil)},
		{name: "signed by who is no authority", fault: CertUnknownAuthority, serve: shakes(config(none.paper(t, key, nil), none), nil)},
		{name: "certificate of a client", fault: CertUnusable, serve: with(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })},
		{name: "RSA key of 1024 bits", fault: CertUnusable, serve: shakes(config(root.paper(t, short, nil)), nil)},
		{name: "signature by SHA-1", fault: CertUnusable, serve: with(func(c *x509.Certificate) { c.SignatureAlgorithm = x509.ECDSAWithSHA1 })},
		{name: "certificate of 300 kB", fault: CertOther, serve: shakes(huge, nil)},
		{name: "TLS 1.1", fault: CertOther, serve: shakes(old, nil)},
		{name: "cipher suite without forward secrecy", fault: CertOther, serve: shakes(feeble, nil)},
		{name: "silent from the start", fault: Unreachable, stalls: true, serve: func(_ *badServer, c net.Conn) { waits(c) }},
		{name: "silent in the midst of the handshake", fault: Unreachable, stalls: true, serve: cut(good, 100, waits)},
		{name: "one octet in five seconds", fault: Unreachable, stalls: true, serve: func(_ *badServer, c net.Conn) { tls.Server(slow{c}, good).Handshake() }},
		{name: "silent after the handshake", fault: Unreachable, stalls: true, proven: true, serve: shakes(good, func(c *tls.Conn) { waits(c) })},
		{name: "record cut off", fault: CertOther, serve: cut(good, 300, func(net.Conn) {})},
		{name: "closes at once", fault: CertOther, serve: func(_ *badServer, c net.Conn) {}},
		{name: "closes after the handshake", fault: Unreachable, proven: true, serve: shakes(good, func(*tls.Conn) {})},
		{name: "speaks SIP in the clear", fault: CertOther, serve: says([]byte("OPTIONS sip:alice@phone.test SIP/2.0\r\nContent-Length: 0\r\n\r\n"), waits)},
		{name: "empty records without end", fault: CertOther, serve: says(nil, func(c net.Conn) {
			for range 100000 {
				if _, err := c.Write([]byte("\x16\x03\x03\x00\x00")); err != nil {
					return
				}
			}
		})},
		{name: "spoils its records after the handshake", fault: Unreachable, proven: true, serve: func(v *badServer, c net.Conn) {
			on := false
			shakes(good, func(tc *tls.Conn) { on = true; tc.Write([]byte("SIP/2.0 200 OK\r\n\r\n")); waits(tc) })(v, broken{c, &on})
		}},
	}
}

// TestTLSFaults puts each kind of bad server in the registrar's place for two minutes: it is named in the right
// words, never hears a word of SIP that its certificate has not earned, and once it is mended the line works again by
// itself. The phone survives all of them.
func TestTLSFaults(t *testing.T) {
	var names []string
	synctest.Test(t, func(t *testing.T) {
		for _, f := range tlsFaults(t, authority{}.paper(t, curve(t), isCA)) {
			names = append(names, f.name)
		}
	})
	count := len(names)
	passed := 0
	for i := range count {
		if testing.Short() && i%4 > 0 { // an emulated processor takes seconds for each handshake
			continue
		}
		if t.Run(names[i], func(t *testing.T) { synctest.Test(t, func(t *testing.T) { meetsBadServer(t, i) }) }) {
			passed++
		}
	}
	t.Logf("bad TLS servers survived: %d of %d", passed, count)
	if count != 24 {
		t.Errorf("%d kinds, want 24", count)
	}
}

func meetsBadServer(t *testing.T, i int) {
	root := authority{}.paper(t, curve(t), isCA)
	f := tlsFaults(t, root)[i]
	leaf := root.paper(t, curve(t), nil)
	v := &badServer{serve: f.serve, good: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{leaf.cert.Raw}, PrivateKey: leaf.key}}}}
	b := tlsBench(t, root, v)
	b.ua.AddAccount(1, Account{AOR: "sip:alice@phone.test", Registrar: "sip:phone.test:5061", Transport: stack.TLS})
	b.pass(2 * time.Minute)
	s := b.last()
	if s.State != Failing || s.Fault != f.fault || s.Text == "" {
		t.Errorf("%s: told as %v, %v (%s), want %v", f.name, s.State, s.Fault, s.Text, f.fault)
	}
	v.mu.Lock()
	if len(v.came) < 2 || len(v.came) > 2*60/2 {
		t.Errorf("%s: %d connections in two minutes", f.name, len(v.came))
	}
	for i := 1; i < len(v.came) && f.stalls; i++ {
		if gap := v.came[i].Sub(v.came[i-1]); gap > 30*time.Second {
			t.Errorf("%s: tried again after %v", f.name, gap)
		}
	}
	if len(v.spoken) > 0 || bytes.Contains(v.wire, []byte("SIP/2.0")) || bytes.Contains(v.wire, []byte("alice")) {
		t.Errorf("%s: it heard %d octets of SIP", f.name, len(v.spoken))
	}
	v.mended = true
	v.mu.Unlock()
	b.pass(certMax + 10*time.Second)
	if s := b.last(); s.State != Registered {
		t.Errorf("%s: mended, and the line is %v: %v %s", f.name, s.State, s.Fault, s.Text)
	}
}

// tlsBench is a user agent that trusts root, and the registrar behind v.
func tlsBench(t *testing.T, root authority, v *badServer) *bench {
	t.Helper()
	file := filepath.Join(t.TempDir(), "root.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.cert.Raw}), 0o644); err != nil {
		t.Fatal(err)
	}
	b := &bench{T: t, net: siptest.NewNet(1), ended: make(chan struct{})}
	b.net.SetAddr("phone.test", farAddr)
	b.far = b.newFarOn(behind{b.net.Host(farAddr), v}, farAddr, 5061)
	b.far.always(stack.REGISTER, 200, "Expires: 3600")
	cfg := config(5060)
	cfg.TLS = stack.TLSConfig{RootFiles: []string{file}}
	b.ua = New(Default(), stack.New(cfg, patient{b.net.Host(ourAddr), &b.dns}, logger(b.T)), b.handle, logger(b.T))
	t.Cleanup(v.pending.Wait)
	b.start()
	return b
}

// behind is a network whose listeners are badServer's.
type behind struct {
	stack.Network
	v *badServer
}

func (n behind) Listen(local netip.AddrPort) (net.Listener, error) {
	l, err := n.Network.Listen(local)
	if err != nil {
		return nil, err
	}
	return listener{l, n.v}, nil
}
