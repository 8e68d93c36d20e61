package lab

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"
)

// CA is a certificate authority that lives as long as a test: made at run time, so that nothing
// expires in the repository.
type CA struct {
	dir  string
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

// KeyPair names the files of one certificate and its key, in PEM.
type KeyPair struct{ CertFile, KeyFile string }

// Leaf says what a certificate is to vouch for.
type Leaf struct {
	File     string // base name of its files
	DNS      []string
	IPs      []netip.Addr
	NotAfter time.Time // zero: a year from now; a past time makes an expired certificate
	Client   bool      // vouches for a client
}

// NewCA makes an authority whose files go to dir.
func NewCA(dir string) (*CA, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("lab: make CA key: %w", err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Lab Root"},
		NotBefore: time.Now().AddDate(-2, 0, 0), NotAfter: time.Now().AddDate(2, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("lab: sign CA: %w", err)
	}
	ca := &CA{dir: dir, key: key}
	if ca.cert, err = x509.ParseCertificate(der); err != nil {
		return nil, fmt.Errorf("lab: read CA back: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("lab: make CA directory: %w", err)
	}
	return ca, writePEM(ca.RootFile(), "CERTIFICATE", der, 0o644)
}

// RootFile is the root certificate in PEM: what a phone must be told to trust.
func (ca *CA) RootFile() string { return filepath.Join(ca.dir, "root.pem") }

// Issue signs a certificate.
func (ca *CA) Issue(l Leaf) (KeyPair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return KeyPair{}, fmt.Errorf("lab: make key of %s: %w", l.File, err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return KeyPair{}, fmt.Errorf("lab: draw serial: %w", err)
	}
	end := l.NotAfter
	if end.IsZero() {
		end = time.Now().AddDate(1, 0, 0)
	}
	tmpl := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: l.File}, DNSNames: l.DNS,
		NotBefore: end.AddDate(-2, 0, 0), NotAfter: end,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if l.Client {
		tmpl.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}
	for _, ip := range l.IPs {
		tmpl.IPAddresses = append(tmpl.IPAddresses, net.IP(ip.AsSlice()))
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, ca.cert, &key.PublicKey, ca.key)
	if err != nil {
		return KeyPair{}, fmt.Errorf("lab: sign %s: %w", l.File, err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return KeyPair{}, fmt.Errorf("lab: encode key of %s: %w", l.File, err)
	}
	pair := KeyPair{CertFile: filepath.Join(ca.dir, l.File+".pem"), KeyFile: filepath.Join(ca.dir, l.File+".key")}
	if err := writePEM(pair.CertFile, "CERTIFICATE", der, 0o644); err != nil {
		return KeyPair{}, err
	}
	return pair, writePEM(pair.KeyFile, "PRIVATE KEY", raw, 0o600)
}

func writePEM(path, kind string, der []byte, mode os.FileMode) error {
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode); err != nil {
		return fmt.Errorf("lab: write %s: %w", filepath.Base(path), err)
	}
	return nil
}
