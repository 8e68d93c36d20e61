package credentials

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind is what a credential is made of.
type Kind string

// The kinds, the better first: digests sign in to one realm alone, a password may be worth more elsewhere.
const (
	SIPHA1      Kind = "sipHa1"      // H(user:realm:password) for one or more algorithms (RFC 7616 §3.4.2)
	SIPPassword Kind = "sipPassword" // the password itself
)

// Kinds lists the kinds the phone takes, in order of preference.
func Kinds() []Kind { return []Kind{SIPHA1, SIPPassword} }

// Credential is what a line signs in with.
type Credential struct {
	Kind                   Kind
	User, Realm            string
	Password               Secret // SIPPassword
	MD5, SHA256, SHA512256 Secret // SIPHA1, in lower-case hex
}

// wire is a Credential as it travels inside the seal, and as the vault keeps it inside its own.
type wire struct {
	Kind      Kind   `json:"kind"`
	User      string `json:"user"`
	Realm     string `json:"realm,omitempty"`
	Password  string `json:"password,omitempty"`
	MD5       string `json:"ha1-md5,omitempty"`
	SHA256    string `json:"ha1-sha256,omitempty"`
	SHA512256 string `json:"ha1-sha512-256,omitempty"`
}

const (
	maxSealed = 8 << 10 // bytes of a sealed credential
	maxText   = 255     // bytes of a name or a password, as in the settings
)

// Parse reads a credential: one JSON object, every member known, every text bounded and printable.
func Parse(doc []byte) (Credential, error) {
	var w wire
	d := json.NewDecoder(bytes.NewReader(doc))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		return Credential{}, fmt.Errorf("%w: it is no JSON object of the members asked for", ErrCredential) // the error itself may quote the secret
	}
	if _, err := d.Token(); err != io.EOF {
		return Credential{}, fmt.Errorf("%w: something follows it", ErrCredential)
	}
	return w.credential()
}

func (w wire) credential() (Credential, error) {
	c := Credential{w.Kind, w.User, w.Realm, Secret(w.Password), Secret(w.MD5), Secret(w.SHA256), Secret(w.SHA512256)}
	for name, s := range map[string]string{"user": w.User, "realm": w.Realm, "password": w.Password} {
		if len(s) > maxText || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
			return c, fmt.Errorf("%w: %s is longer than %d bytes or not printable", ErrCredential, name, maxText)
		}
	}
	digests := w.MD5 + w.SHA256 + w.SHA512256
	switch {
	case w.User == "":
		return c, fmt.Errorf("%w: no user", ErrCredential)
	case w.Kind == SIPPassword && (w.Password == "" || digests != ""):
		return c, fmt.Errorf("%w: %s has a password and nothing else", ErrCredential, SIPPassword)
	case w.Kind == SIPHA1 && (w.Realm == "" || digests == "" || w.Password != ""):
		return c, fmt.Errorf("%w: %s has a realm, one digest at least, and no password", ErrCredential, SIPHA1)
	case w.Kind != SIPPassword && w.Kind != SIPHA1:
		return c, fmt.Errorf("%w: its kind is none of %v", ErrCredential, Kinds())
	}
	for size, s := range map[int]string{16: w.MD5, 32: w.SHA256 + w.SHA512256} {
		if b, err := hex.DecodeString(s); err != nil || len(b)%size != 0 || s != strings.ToLower(s) {
			return c, fmt.Errorf("%w: a digest is not the hex of its algorithm", ErrCredential)
		}
	}
	if len(w.SHA256) > 64 || len(w.SHA512256) > 64 || len(w.MD5) > 32 {
		return c, fmt.Errorf("%w: a digest is too long", ErrCredential)
	}
	return c, nil
}

func (c Credential) wire() wire {
	return wire{c.Kind, c.User, c.Realm, string(c.Password), string(c.MD5), string(c.SHA256), string(c.SHA512256)}
}
