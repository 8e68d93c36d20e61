// Package dtls agrees SRTP keys by a handshake on the path of the voice (DTLS-SRTP, RFC 5763 and RFC 5764). Who the
// far side is, the session descriptions have said: the fingerprint of its certificate is checked, and nothing else
// of it. It is the one importer of pion/dtls, and knows no sockets: packets are fed in and sent by a function.
package dtls

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	pion "github.com/pion/dtls/v3"

	"opendeskphone/sip/srtp"
)

var (
	// ErrFingerprint: the certificate is not the one that the session description names.
	ErrFingerprint = errors.New("certificate is not the one announced")
	// ErrHash: the fingerprint is by a hash that is unknown or too weak.
	ErrHash = errors.New("unknown hash of a fingerprint")
)

// hashes are those a fingerprint may be made with (RFC 8122 §5); MD5 and SHA-1 prove nothing any more.
var hashes = map[string]func([]byte) []byte{
	"sha-256": func(b []byte) []byte { h := sha256.Sum256(b); return h[:] },
	"sha-384": func(b []byte) []byte { h := sha512.Sum384(b); return h[:] },
	"sha-512": func(b []byte) []byte { h := sha512.Sum512(b); return h[:] },
}

// Fingerprint names a certificate by its hash.
type Fingerprint struct {
	Hash string // "sha-256", "sha-384" or "sha-512"
	Sum  string // in upper-case hex
}

// ParseFingerprint reads the value of an a=fingerprint attribute: "sha-256 4A:AD:B9:...".
func ParseFingerprint(v string) (Fingerprint, error) {
	name, sum, _ := strings.Cut(strings.TrimSpace(v), " ")
	f := Fingerprint{strings.ToLower(name), strings.ToUpper(strings.ReplaceAll(strings.TrimSpace(sum), ":", ""))}
	hash := hashes[f.Hash]
	if hash == nil {
		return f, fmt.Errorf("dtls: %w: %.20q", ErrHash, name)
	}
	if b, err := hex.DecodeString(f.Sum); err != nil || len(b) != len(hash(nil)) {
		return Fingerprint{}, fmt.Errorf("dtls: bad %s fingerprint", f.Hash)
	}
	return f, nil
}

// String is the value of the attribute.
func (f Fingerprint) String() string {
	var pairs []string
	for i := 0; i+2 <= len(f.Sum); i += 2 {
		pairs = append(pairs, f.Sum[i:i+2])
	}
	return f.Hash + " " + strings.Join(pairs, ":")
}

func (f Fingerprint) matches(certificate []byte) bool {
	hash := hashes[f.Hash]
	return hash != nil && subtle.ConstantTimeCompare([]byte(strings.ToUpper(hex.EncodeToString(hash(certificate)))), []byte(f.Sum)) == 1
}

// Identity is our certificate: signed by itself, and of no use but to be named by its fingerprint.
type Identity struct{ certificate tls.Certificate }

// NewIdentity makes a fresh one. It says nothing of the phone, and does not outlive the process, so that calls
// cannot be linked by it for long (RFC 8827 §7).
func NewIdentity() (*Identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("dtls: make key: %w", err)
	}
	// Nobody looks at the dates; a phone whose clock is not set yet must be able to call too.
	of := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "voice"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0)}
	der, err := x509.CreateCertificate(rand.Reader, of, of, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("dtls: make certificate: %w", err)
	}
	return &Identity{tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}}, nil
}

// Fingerprint is what our session descriptions say of the certificate.
func (i *Identity) Fingerprint() Fingerprint {
	return Fingerprint{"sha-256", strings.ToUpper(hex.EncodeToString(hashes["sha-256"](i.certificate.Certificate[0])))}
}

// Keys are what a handshake has agreed on, as srtp.New takes them: each master key with its salt behind it.
type Keys struct {
	Suite         srtp.Suite
	Local, Remote []byte
}

// profiles are the protection profiles we agree to, best first (RFC 5764 §4.1.2, RFC 7714 §14.2).
var profiles = []struct {
	of   pion.SRTPProtectionProfile
	is   srtp.Suite
	salt int
}{
	{pion.SRTP_AEAD_AES_128_GCM, srtp.GCM128, 12},
	{pion.SRTP_AEAD_AES_256_GCM, srtp.GCM256, 12},
	{pion.SRTP_AES128_CM_HMAC_SHA1_80, srtp.CM128SHA80, 14},
	{pion.SRTP_AES128_CM_HMAC_SHA1_32, srtp.CM128SHA32, 14},
}

const (
	flight   = 250 * time.Millisecond // until a lost flight is sent again; doubled each time
	patience = 15 * time.Second       // that a handshake may take
)

// config is one handshake's: whoever shows another certificate than announced, or none, fails.
func (i *Identity) config(remote Fingerprint) *pion.Config {
	c := &pion.Config{
		Certificates: []tls.Certificate{i.certificate}, ClientAuth: pion.RequireAnyClientCert, InsecureSkipVerify: true,
		FlightInterval: flight, ExtendedMasterSecret: pion.RequestExtendedMasterSecret,
		// Whatever authorities a server asks for: no authority has signed any certificate here.
		GetClientCertificate: func(*pion.CertificateRequestInfo) (*tls.Certificate, error) { return &i.certificate, nil },
		VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) error {
			if len(raw) == 0 || !remote.matches(raw[0]) {
				return ErrFingerprint
			}
			return nil
		},
	}
	for _, p := range profiles {
		c.SRTPProtectionProfiles = append(c.SRTPProtectionProfiles, p.of)
	}
	return c
}

// Start begins a handshake as client or server. send puts a packet on the wire and must not block; done is called
// once, from another goroutine, with the keys or the reason why there are none. Close ends it.
func (i *Identity) Start(client bool, remote Fingerprint, send func([]byte), done func(Keys, error)) *Handshake {
	h := &Handshake{packets: newPackets(send)}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	h.cancel = cancel
	go h.run(ctx, i.config(remote), client, done)
	return h
}

// Handshake is one under way, or the association that came of it.
type Handshake struct {
	packets *packets
	cancel  context.CancelFunc
}

// Feed takes a packet of the far side, which it copies. It never blocks: what is too much is lost, as on the wire.
func (h *Handshake) Feed(packet []byte) { h.packets.feed(packet) }

// Close ends the association; done is still called if it was not yet.
func (h *Handshake) Close() {
	h.cancel()
	h.packets.Close()
}

func (h *Handshake) run(ctx context.Context, cfg *pion.Config, client bool, done func(Keys, error)) {
	defer h.cancel()
	open := pion.Server
	if client {
		open = pion.Client
	}
	conn, err := open(h.packets, place{}, cfg)
	if err != nil {
		done(Keys{}, fmt.Errorf("dtls: %w", err))
		return
	}
	defer conn.Close()
	if err := conn.HandshakeContext(ctx); err != nil {
		done(Keys{}, fmt.Errorf("dtls: handshake: %w", err))
		return
	}
	keys, err := export(conn, client)
	done(keys, err)
	// The association stays, to repeat its last flight to who has not got it; what is sent inside of it is for nobody.
	for b := make([]byte, 2048); err == nil; {
		_, err = conn.Read(b)
	}
}

// export takes the keys out of a finished handshake (RFC 5764 §4.2).
func export(conn *pion.Conn, client bool) (Keys, error) {
	profile, ok := conn.SelectedSRTPProtectionProfile()
	state, known := conn.ConnectionState()
	for _, p := range profiles {
		if !ok || !known || p.of != profile {
			continue
		}
		whole := p.is.KeyLen()
		key := whole - p.salt
		b, err := state.ExportKeyingMaterial("EXTRACTOR-dtls_srtp", nil, 2*whole)
		if err != nil {
			return Keys{}, fmt.Errorf("dtls: export keys: %w", err)
		}
		salts := b[2*key:]
		ours := append(b[:key:key], salts[:p.salt]...)
		theirs := append(b[key:2*key:2*key], salts[p.salt:]...)
		if !client {
			ours, theirs = theirs, ours
		}
		return Keys{p.is, ours, theirs}, nil
	}
	return Keys{}, errors.New("dtls: no protection profile in common")
}

// Is tells a DTLS packet from others on the same port by its first octet (RFC 7983 §7).
func Is(packet []byte) bool { return len(packet) > 0 && packet[0] >= 20 && packet[0] <= 63 }
