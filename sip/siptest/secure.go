package siptest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"os"
	"time"

	"opendeskphone/sip/stack"
)

// Secure is the network n with TLS on every listener, so that a Server on it
// is a TLS server. The stack behind it takes its streams for plain ones.
func Secure(n stack.Network, cfg *tls.Config) stack.Network { return secure{n, cfg} }

type secure struct {
	stack.Network
	cfg *tls.Config
}

func (s secure) Listen(local netip.AddrPort) (net.Listener, error) {
	l, err := s.Network.Listen(local)
	if err != nil {
		return nil, err
	}
	return tls.NewListener(l, s.cfg), nil
}

// CA is a certificate authority for one test.
type CA struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewCA makes a root certificate valid for a day around now, which inside a
// synctest bubble is the bubble's now.
func NewCA() (*CA, error) {
	now := time.Now()
	ca := &CA{cert: &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "siptest root"},
		NotBefore: now.Add(-12 * time.Hour), NotAfter: now.Add(12 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}}
	var err error
	if ca.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, fmt.Errorf("siptest: make key: %w", err)
	}
	der, err := x509.CreateCertificate(rand.Reader, ca.cert, ca.cert, &ca.key.PublicKey, ca.key)
	if err != nil {
		return nil, fmt.Errorf("siptest: make root: %w", err)
	}
	ca.cert, err = x509.ParseCertificate(der)
	return ca, err
}

// WriteRoot writes the root as PEM, for stack.TLSConfig.RootFiles.
func (ca *CA) WriteRoot(file string) error {
	return os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.cert.Raw}), 0o644)
}

// Leaf is what a certificate says. Names may be DNS names, addresses, or SIP
// URIs such as "sip:example.com".
type Leaf struct {
	Names    []string
	From, To time.Time // zero is an hour ago and in an hour
	Client   bool      // may only be a client
}

// Issue makes a certificate with its key.
func (ca *CA) Issue(l Leaf) (tls.Certificate, error) {
	now := time.Now()
	if l.From.IsZero() {
		l.From = now.Add(-time.Hour)
	}
	if l.To.IsZero() {
		l.To = now.Add(time.Hour)
	}
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "siptest leaf"},
		NotBefore: l.From, NotAfter: l.To, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if l.Client {
		cert.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}
	for _, name := range l.Names {
		if ip := net.ParseIP(name); ip != nil {
			cert.IPAddresses = append(cert.IPAddresses, ip)
		} else if u, err := url.Parse(name); err == nil && u.Scheme != "" {
			cert.URIs = append(cert.URIs, u)
		} else {
			cert.DNSNames = append(cert.DNSNames, name)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("siptest: make key: %w", err)
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, ca.cert, &key.PublicKey, ca.key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("siptest: issue: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der, ca.cert.Raw}, PrivateKey: key}, nil
}
