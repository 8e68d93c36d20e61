package lock

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"strings"
)

// Limits of a PIN.
const (
	MinPIN = 4
	MaxPIN = 8 // digits
)

// ErrPIN is a text that is no PIN.
var ErrPIN = errors.New("lock: a PIN has 4 to 8 digits")

// PIN is a PIN as it is kept: as a slow digest with salt (PBKDF2, RFC 8018 §5.2). So few digits are found by
// whoever has the digest; what protects them is that the phone takes few guesses.
type PIN struct {
	Salt, Digest []byte
	Rounds       int
}

const (
	rounds     = 50_000 // some tenths of a second on a slow processor
	digestSize = 32
)

// NewPIN makes what is kept of a PIN.
func NewPIN(pin string) (PIN, error) {
	if len(pin) < MinPIN || len(pin) > MaxPIN || strings.Trim(pin, "0123456789") != "" {
		return PIN{}, ErrPIN
	}
	p := PIN{Salt: make([]byte, 16), Rounds: rounds}
	rand.Read(p.Salt)
	var err error
	p.Digest, err = p.digest(pin)
	return p, err
}

// IsSet tells whether there is a PIN at all.
func (p PIN) IsSet() bool { return len(p.Digest) == digestSize }

// Matches compares a PIN in constant time.
func (p PIN) Matches(pin string) bool {
	if !p.IsSet() || len(pin) > MaxPIN {
		return false
	}
	d, err := p.digest(pin)
	return err == nil && subtle.ConstantTimeCompare(d, p.Digest) == 1
}

func (p PIN) digest(pin string) ([]byte, error) {
	return pbkdf2.Key(sha256.New, pin, p.Salt, min(max(p.Rounds, 1), 10*rounds), digestSize)
}
