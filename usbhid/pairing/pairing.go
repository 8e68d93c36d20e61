// Package pairing is how a phone and a PC come to trust each other over the cable, and prove it at every plug-in: the
// conversation "odp-pair/1", both ends, as step functions. It is pure: messages, time and randomness come in, messages
// and what has come of them go out.
//
//	pairing  HELLO -> HELLO_ACK; PAIR_BEGIN, the person at the phone agrees; both commit, then reveal; both show six
//	         digits and a person compares them; both confirm by signature; PAIR_DONE. Both keep a Record.
//	attach   HELLO -> HELLO_ACK; challenge, proof, answer by the link key of the Record: a secret for this plug-in
//
// Neither end shows digits before the other's reveal has matched its commitment, so six digits cannot be searched for
// offline: a machine in the middle guesses once, with one chance in a million.
package pairing

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"opendeskphone/usbhid/link"
)

// The messages, by who sends them.
const (
	TypeHello     link.Type = 0x01 // PC
	TypeHelloAck  link.Type = 0x02 // phone
	TypeBegin     link.Type = 0x03 // PC
	TypeCommit    link.Type = 0x04 // both
	TypeReveal    link.Type = 0x05 // both
	TypeConfirm   link.Type = 0x06 // both
	TypeDone      link.Type = 0x07 // phone
	TypeAbort     link.Type = 0x08 // both
	TypeChallenge link.Type = 0x10 // phone
	TypeProof     link.Type = 0x11 // PC
	TypeAttached  link.Type = 0x12 // phone
	TypeDetach    link.Type = 0x13 // both
	TypeAddresses link.Type = 0x20 // phone
	TypeHostLock  link.Type = 0x21 // PC
	TypePing      link.Type = 0x23 // both
	TypePong      link.Type = 0x24 // both
)

// The values in messages.
const (
	TagDevice    link.Tag = 0x01 // 16 bytes
	TagName      link.Tag = 0x02 // UTF-8, at most maxText bytes
	TagModel     link.Tag = 0x03
	TagVersion   link.Tag = 0x04
	TagKey       link.Tag = 0x05 // Ed25519 public key
	TagPin       link.Tag = 0x06 // SHA-256 of its SubjectPublicKeyInfo
	TagEphemeral link.Tag = 0x07 // X25519 public key
	TagNonce     link.Tag = 0x08 // 32 bytes; in HOST_LOCK the counter, 8 bytes big endian
	TagCommit    link.Tag = 0x09
	TagSignature link.Tag = 0x0a
	TagAddresses link.Tag = 0x0b // each: family 4 or 6, address, port big endian
	TagDNS       link.Tag = 0x0c
	TagUser      link.Tag = 0x0d
	TagRights    link.Tag = 0x0e // 16 bits, little endian as all numbers but ports and the counter
	TagPairing   link.Tag = 0x0f // 16 bytes
	TagReason             = link.TagReason
	TagMAC       link.Tag = 0x11
	TagEpoch     link.Tag = 0x12 // 32 bits
	TagCaps      link.Tag = 0x13 // 32 bits
	TagLock      link.Tag = 0x14 // 1 locked, 0 not
	TagBoot      link.Tag = 0x16 // 8 bytes
)

// MaxPairings is how many PCs a phone knows.
const MaxPairings = 8

const (
	maxText      = 64 // bytes of a name, a user, a model
	maxAddresses = 8
	userTime     = 60 * time.Second // a person has so long for an answer
	stepTime     = 5 * time.Second  // the other end has so long for a step
	sleepTime    = 5 * time.Minute  // of the bus; after it an attachment is over
)

// Caps are what an end can do.
const (
	CapStream   = 1 << iota // the cable carries TPCP
	CapLock                 // lock state is followed
	_                       // 4: certificates
	CapUAC2                 // the phone is a USB Audio 2.0 device
	capsOfPhone = CapStream | CapLock
	capsOfPC    = CapStream | CapLock
)

// Reason says why something ended, in ABORT, DETACH and ERROR.
type Reason uint8

// The reasons.
const (
	NoReason     Reason = iota
	Declined            // by a person
	TimedOut            // a person or the other end said nothing
	BadCommit           // what was revealed is not what was committed to
	BadSignature        // or proof
	Different           // the digits were not the same
	RateLimited         // too many attempts: ten minutes' rest
	Busy                // with another pairing
	Policy              // the phone is locked, or does not do that
	Desync              // reports were lost
	Version             // of the protocol
	Unpaired            // the pairing was removed
	Storage             // it cannot be kept: no room, or the memory failed
	Gone                // the cable was pulled; never on the wire
	reasonCount
)

var reasonWords = [reasonCount]string{"no reason", "declined", "timed out", "what was revealed is not what was committed to", "bad signature or proof",
	"the digits differ", "too many attempts", "busy with another pairing", "not allowed", "reports were lost", "another version of the protocol",
	"the pairing was removed", "the pairing cannot be kept", "the cable was pulled"}

// String gives the reason in a few words.
func (r Reason) String() string {
	if r < reasonCount {
		return reasonWords[r]
	}
	return fmt.Sprintf("reason %d", uint8(r))
}

// Rights are what a PC may do: a bitmap.
type Rights uint16

// The rights.
const (
	Observe Rights = 1 << iota
	Control
	DeviceRight
	Provision
	LockRight
	AllRights = Observe | Control | DeviceRight | Provision | LockRight
)

// Secret is a key that both ends and nobody else know. It prints as ***.
type Secret [32]byte

// String gives ***.
func (Secret) String() string { return "***" }

// GoString gives ***.
func (Secret) GoString() string { return "***" }

// Format writes ***, whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("***")) }

// ErrSecret is that a secret was to be written somewhere by accident.
var ErrSecret = errors.New("pairing: a secret is not written")

// MarshalText refuses: who keeps secrets takes their bytes.
func (Secret) MarshalText() ([]byte, error) { return nil, ErrSecret }

// ID names a device or a pairing.
type ID [16]byte

// String gives the ID in hex.
func (id ID) String() string { return fmt.Sprintf("%x", id[:]) }

// Record is a pairing as each end keeps it: what it knows of the other.
type Record struct {
	ID         ID
	Device     ID
	Key        ed25519.PublicKey
	Name, User string // User: of the PC
	Rights     Rights
	LinkKey    Secret
	Created    time.Time
	LastAttach time.Time
}

// Pin is what the other end's TLS key must hash to.
func (r Record) Pin() [sha256.Size]byte { return pinOf(r.Key) }

// pinOf gives SHA-256 of a key's SubjectPublicKeyInfo (RFC 5280 §4.1, RFC 8410).
func pinOf(key ed25519.PublicKey) [sha256.Size]byte {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		panic(err) // Ed25519 is always known
	}
	return sha256.Sum256(der)
}

// Places are where a phone listens for TPCP.
type Places struct {
	Addresses []netip.AddrPort
	DNS       string
}

// Self is who an end is.
type Self struct {
	Device         ID
	Key            crypto.Signer // of Ed25519
	Name           string
	User           string // of the PC
	Model, Version string // of the phone
	Boot           [8]byte
	UAC2           bool
}

func (s *Self) public() ed25519.PublicKey { return s.Key.Public().(ed25519.PublicKey) }

// Peer is who the other end says it is.
type Peer struct {
	Device         ID
	Key            ed25519.PublicKey
	Name, User     string
	Model, Version string
	Boot           [8]byte
	Caps           uint32
	Places         Places
	Pairing        *ID // of a phone: it believes it is paired with us
}

// Fresh is randomness for one step; what it yields must never be known or used again.
type Fresh [64]byte
