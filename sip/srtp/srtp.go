// Package srtp protects RTP and RTCP with keys agreed by SDES (RFC 3711, RFC 7714, RFC 4568). It
// is the one importer of pion/srtp, so that the library can be changed in one file, and it closes
// two holes a bare library context leaves open: state kept for packets that never authenticated,
// and one context shared by RTP and RTCP.
package srtp

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	pion "github.com/pion/srtp/v2"
)

// Suite is a crypto suite by its SDES name (RFC 4568 §6.2, RFC 6188, RFC 7714 §14.2).
type Suite string

// The suites this package can speak.
const (
	GCM128     Suite = "AEAD_AES_128_GCM"
	GCM256     Suite = "AEAD_AES_256_GCM"
	CM128SHA80 Suite = "AES_CM_128_HMAC_SHA1_80"
	CM128SHA32 Suite = "AES_CM_128_HMAC_SHA1_32"
	CM256SHA80 Suite = "AES_256_CM_HMAC_SHA1_80"
	CM256SHA32 Suite = "AES_256_CM_HMAC_SHA1_32"
)

// MaxOverhead is the most octets Protect or ProtectRTCP add to a packet: a 16-octet tag and the
// 4-octet SRTCP index.
const MaxOverhead = 20

var (
	// ErrSuite: the suite is unknown.
	ErrSuite = errors.New("unknown crypto suite")
	// ErrKey: the key has not the length its suite wants.
	ErrKey = errors.New("wrong key length")
	// ErrRefused: the packet is not authentic, not whole, or was seen before.
	ErrRefused = errors.New("packet refused")
)

// shape is what one suite needs: lengths in octets and the library's name for it.
type shape struct {
	profile      pion.ProtectionProfile
	key, salt    int
	indexFromEnd int // where the SRTCP index stands, from the end: before SHA-1's tag, after GCM's
}

const (
	srtcpHeaderLen = 8
	afterTag       = 4      // RFC 7714 §9.2
	beforeTag      = 4 + 10 // RFC 3711 §3.4; SRTCP's tag is 80 bits even with the _32 suites (RFC 4568 §6.2.2)
)

var shapes = map[Suite]shape{
	GCM128:     {pion.ProtectionProfileAeadAes128Gcm, 16, 12, afterTag},
	GCM256:     {pion.ProtectionProfileAeadAes256Gcm, 32, 12, afterTag},
	CM128SHA80: {pion.ProtectionProfileAes128CmHmacSha1_80, 16, 14, beforeTag},
	CM128SHA32: {pion.ProtectionProfileAes128CmHmacSha1_32, 16, 14, beforeTag},
	CM256SHA80: {pion.ProtectionProfileAes256CmHmacSha1_80, 32, 14, beforeTag},
	CM256SHA32: {pion.ProtectionProfileAes256CmHmacSha1_32, 32, 14, beforeTag},
}

// KeyLen is the length in octets of master key and salt together, as SDES carries them after
// "inline:". It is 0 for an unknown suite.
func (s Suite) KeyLen() int { return shapes[s].key + shapes[s].salt }

// NewKey makes a fresh master key and salt for the suite.
func NewKey(s Suite) ([]byte, error) {
	n := s.KeyLen()
	if n == 0 {
		return nil, fmt.Errorf("srtp: make key: %w: %q", ErrSuite, string(s))
	}
	key := make([]byte, n)
	rand.Read(key) // never fails since go 1.24
	return key, nil
}

// window is how many packets behind the newest a late one may be and still be taken, once
// (RFC 3711 §3.3.2 asks for at least 64). At 50 packets a second it is 2.5 s.
const window = 128

// Session protects what one side sends and opens what it receives. The four directions — RTP and
// RTCP, out and in — are independent: each may be used by its own goroutine, but by one at a time.
type Session struct {
	suite        Suite
	out, outRTCP *pion.Context
	in, inRTCP   opener
	// Headers the library parses into, kept so that a packet needs no new ones.
	outHeader, inHeader         rtp.Header
	outRTCPHeader, inRTCPHeader rtcp.Header
}

// New makes a Session from the key we sent (local) and the key we were given (remote), each
// master key followed by salt. Errors are ErrSuite and ErrKey.
func New(suite Suite, local, remote []byte) (*Session, error) {
	sh, ok := shapes[suite]
	if !ok {
		return nil, fmt.Errorf("srtp: %w: %q", ErrSuite, string(suite))
	}
	if len(local) != suite.KeyLen() || len(remote) != suite.KeyLen() {
		return nil, fmt.Errorf("srtp: %w: %s wants %d octets, got %d and %d", ErrKey, suite, suite.KeyLen(), len(local), len(remote))
	}
	s := &Session{suite: suite, in: opener{shape: sh, key: append([]byte(nil), remote...)}}
	s.inRTCP = opener{shape: sh, key: s.in.key}
	var err error
	if s.out, err = sh.context(local); err != nil {
		return nil, err
	}
	if s.outRTCP, err = sh.context(local); err != nil {
		return nil, err
	}
	return s, nil
}

// Suite is the suite in use.
func (s *Session) Suite() Suite { return s.suite }

func (sh shape) context(key []byte) (*pion.Context, error) {
	c, err := pion.CreateContext(key[:sh.key], key[sh.key:], sh.profile,
		pion.SRTPReplayProtection(window), pion.SRTCPReplayProtection(window))
	if err != nil {
		return nil, fmt.Errorf("srtp: derive keys: %w", err)
	}
	return c, nil
}

// Protect writes the protected form of packet into dst's storage, which must not overlap packet,
// and returns it. New storage is made only if dst has no room for len(packet)+MaxOverhead.
func (s *Session) Protect(dst, packet []byte) ([]byte, error) {
	out, err := s.out.EncryptRTP(dst[:0], packet, &s.outHeader)
	if err != nil {
		return nil, fmt.Errorf("srtp: protect RTP: %w", err)
	}
	return out, nil
}

// ProtectRTCP is Protect for a compound RTCP packet.
func (s *Session) ProtectRTCP(dst, packet []byte) ([]byte, error) {
	out, err := s.outRTCP.EncryptRTCP(dst[:0], packet, &s.outRTCPHeader)
	if err != nil {
		return nil, fmt.Errorf("srtp: protect RTCP: %w", err)
	}
	return out, nil
}

// Unprotect checks and decrypts an SRTP packet into dst's storage, which must not overlap packet.
// A packet that is forged, cut, or a replay gives ErrRefused.
func (s *Session) Unprotect(dst, packet []byte) ([]byte, error) {
	if _, err := s.inHeader.Unmarshal(packet); err != nil {
		return nil, refused(err)
	}
	c, err := s.in.find(s.inHeader.SSRC)
	if err != nil {
		return nil, err
	}
	out, err := c.DecryptRTP(dst[:0], packet, &s.inHeader)
	if err != nil {
		s.in.failed(c)
		return nil, refused(err)
	}
	s.in.authentic(s.inHeader.SSRC, c)
	return out, nil
}

// UnprotectRTCP is Unprotect for an SRTCP packet. One that is authentic but not encrypted is
// refused too: it is only for sessions that asked for UNENCRYPTED_SRTCP (RFC 4568 §6.3.2), and we
// never do.
func (s *Session) UnprotectRTCP(dst, packet []byte) ([]byte, error) {
	e := len(packet) - s.in.indexFromEnd
	if e < srtcpHeaderLen || packet[e]&0x80 == 0 {
		return nil, refused(errors.New("short or not encrypted"))
	}
	ssrc := binary.BigEndian.Uint32(packet[4:])
	c, err := s.inRTCP.find(ssrc)
	if err != nil {
		return nil, err
	}
	out, err := c.DecryptRTCP(dst[:0], packet, &s.inRTCPHeader)
	if err != nil {
		s.inRTCP.failed(c)
		return nil, refused(err)
	}
	s.inRTCP.authentic(ssrc, c)
	return out, nil
}

func refused(err error) error { return fmt.Errorf("srtp: %w: %w", ErrRefused, err) }
