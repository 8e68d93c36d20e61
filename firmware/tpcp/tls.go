package tpcp

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"
)

// Pin names a key for good: SHA-256 of its SubjectPublicKeyInfo (RFC 5280 §4.1).
type Pin [sha256.Size]byte

// String gives the pin in lower-case hex.
func (p Pin) String() string { return hex.EncodeToString(p[:]) }

// PinOf gives the pin of an Ed25519 key.
func PinOf(key ed25519.PublicKey) Pin {
	spki, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		panic(err) // Ed25519 is always known
	}
	return sha256.Sum256(spki)
}

// Certificate makes the self-signed certificate under which a key is shown in TLS. Only the key counts:
// names and dates are read by nobody.
func Certificate(key crypto.Signer) (tls.Certificate, error) {
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("tpcp: certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// ErrPin says that the other end's key is not the one that was paired.
var ErrPin = errors.New("tpcp: the other end's key is not the paired one")

// peerPin gives the pin of the certificate that the other end showed.
func peerPin(certs []*x509.Certificate) (Pin, error) {
	if len(certs) == 0 {
		return Pin{}, ErrPin
	}
	return sha256.Sum256(certs[0].RawSubjectPublicKeyInfo), nil
}

// config is TLS as the protocol wants it: 1.3 alone, one application protocol, nothing of an earlier
// connection, and a key that admit knows.
func config(admit func(Pin) bool) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13, NextProtos: []string{Proto},
		ClientAuth: tls.RequireAnyClientCert, SessionTicketsDisabled: true,
		InsecureSkipVerify: true, // names, dates and authorities mean nothing here: VerifyConnection pins the key
		VerifyConnection: func(s tls.ConnectionState) error {
			if s.NegotiatedProtocol != Proto {
				return fmt.Errorf("tpcp: the other end does not speak %s", Proto)
			}
			pin, err := peerPin(s.PeerCertificates)
			if err == nil && !admit(pin) {
				err = ErrPin
			}
			return err
		},
	}
}

// Identity is who a controller is, and which phone it speaks to.
type Identity struct {
	Certificate tls.Certificate // own, see Certificate
	Phone       Pin             // of the phone's key
}

// Secure speaks TLS over a connection as a controller: the network's, or the stream of the cable.
func Secure(ctx context.Context, raw net.Conn, id Identity) (*tls.Conn, error) {
	c := config(func(p Pin) bool { return p == id.Phone })
	c.Certificates = []tls.Certificate{id.Certificate}
	conn := tls.Client(raw, c)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("tpcp: secure: %w", err)
	}
	return conn, nil
}

const exporterLabel = "EXPORTER-tpcp-attach"

// attachProof proves on one TLS connection the secret of one plug-in of the cable.
func attachProof(secret, exporter []byte) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("tpcp/1 attach proof\x00"))
	mac.Write(exporter)
	return mac.Sum(nil)
}

// proofOn is attachProof for a connection.
func proofOn(conn *tls.Conn, secret []byte) ([]byte, error) {
	s := conn.ConnectionState()
	exporter, err := s.ExportKeyingMaterial(exporterLabel, nil, 32)
	if err != nil {
		return nil, fmt.Errorf("tpcp: exporter: %w", err)
	}
	return attachProof(secret, exporter), nil
}
