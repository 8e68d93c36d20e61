// Package stirtest is an authority for telephone numbers: it issues certificates (RFC 8226) and signs PASSporTs, so that
// tests can call with proofs of every kind.
package stirtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"time"
)

// Authority signs certificates.
type Authority struct {
	Root *x509.Certificate
	key  *ecdsa.PrivateKey
	now  time.Time
}

// Signer signs for numbers.
type Signer struct {
	Chain []*x509.Certificate // leaf first
	key   *ecdsa.PrivateKey
}

// NewAuthority makes an authority whose certificates are good from an hour before now until a day after.
func NewAuthority(now time.Time) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	a := &Authority{key: key, now: now}
	t := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "STI authority"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour)}
	a.Root, err = certify(t, t, &key.PublicKey, key)
	return a, err
}

func certify(t, parent *x509.Certificate, pub *ecdsa.PublicKey, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, t, parent, pub, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// Signer makes a signer for what Provider, One and Range name; change may alter its certificate.
func (a *Authority) Signer(change func(*x509.Certificate), entries ...asn1.RawValue) (*Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	list, err := asn1.Marshal(entries)
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "SHAKEN 1234"}, KeyUsage: x509.KeyUsageDigitalSignature,
		NotBefore: a.now.Add(-time.Hour), NotAfter: a.now.Add(time.Hour)}
	if len(entries) > 0 {
		t.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 26}, Value: list}}
	}
	if change != nil {
		change(t)
	}
	leaf, err := certify(t, a.Root, &key.PublicKey, a.key)
	return &Signer{[]*x509.Certificate{leaf}, key}, err
}

func entry(tag int, v any, params string) asn1.RawValue {
	der, err := asn1.MarshalWithParams(v, params)
	if err != nil {
		panic(err)
	}
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, IsCompound: true, Bytes: der}
}

// Provider entitles to all numbers of a service provider.
func Provider(code string) asn1.RawValue { return entry(0, code, "ia5") }

// One entitles to one number.
func One(number string) asn1.RawValue { return entry(2, number, "ia5") }

// Range entitles to count numbers from start on.
func Range(start string, count int) asn1.RawValue {
	return entry(1, struct {
		Start string `asn1:"ia5"`
		Count int
	}{start, count}, "")
}

// PEM is the signer's chain as a file.
func (s *Signer) PEM() []byte { return PEM(s.Chain...) }

// PEM writes certificates as a file.
func PEM(chain ...*x509.Certificate) (out []byte) {
	for _, c := range chain {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return out
}

// Claims are the header and the payload of a token, by their JSON names.
type Claims struct{ Header, Payload map[string]any }

// Shaken are the claims of a SHAKEN PASSporT (RFC 8588).
func Shaken(url, from, to string, at time.Time) Claims {
	return Claims{
		map[string]any{"alg": "ES256", "typ": "passport", "ppt": "shaken", "x5u": url},
		map[string]any{"attest": "A", "origid": "123e4567-e89b-12d3-a456-426655440000", "iat": at.Unix(),
			"orig": map[string]any{"tn": from}, "dest": map[string]any{"tn": []string{to}}},
	}
}

// Carry puts the signer's chain into the token (RFC 7515 §4.1.6) in place of where it is.
func (c Claims) Carry(s *Signer) Claims {
	var x5c []string
	for _, cert := range s.Chain {
		x5c = append(x5c, base64.StdEncoding.EncodeToString(cert.Raw))
	}
	delete(c.Header, "x5u")
	c.Header["x5c"] = x5c
	return c
}

// Sign makes the value of an Identity header.
func (s *Signer) Sign(c Claims) (string, error) {
	h, err := json.Marshal(c.Header)
	if err != nil {
		return "", err
	}
	p, err := json.Marshal(c.Payload)
	if err != nil {
		return "", err
	}
	signed := base64.RawURLEncoding.EncodeToString(h) + "." + base64.RawURLEncoding.EncodeToString(p)
	sum := sha256.Sum256([]byte(signed))
	r, ss, err := ecdsa.Sign(rand.Reader, s.key, sum[:])
	if err != nil {
		return "", err
	}
	sig := append(r.FillBytes(make([]byte, 32)), ss.FillBytes(make([]byte, 32))...)
	out := signed + "." + base64.RawURLEncoding.EncodeToString(sig) + ";alg=ES256"
	if url, _ := c.Header["x5u"].(string); url != "" {
		out += ";info=<" + url + ">"
	}
	if ppt, _ := c.Header["ppt"].(string); ppt != "" {
		out += ";ppt=" + ppt
	}
	return out, nil
}
