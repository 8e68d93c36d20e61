package settings

import (
	"fmt"
	"log/slog"
	"unique"
)

// Secret is a password. However it is printed, logged or encoded, *** comes out; only Reveal gives
// it away. It holds a handle and not the text, so that even a printer that looks into unexported
// fields finds an address. Secrets compare with ==; the zero Secret is none.
type Secret struct{ handle unique.Handle[string] }

const veil = "***"

// NewSecret hides a text.
func NewSecret(s string) Secret {
	if s == "" {
		return Secret{}
	}
	return Secret{unique.Make(s)}
}

// Reveal gives the text, for the one adapter that must know it.
func (s Secret) Reveal() string {
	if s == (Secret{}) {
		return ""
	}
	return s.handle.Value()
}

// String is *** whatever the secret.
func (Secret) String() string { return veil }

// Format prints *** under every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(veil)) }

// LogValue is *** in a log.
func (Secret) LogValue() slog.Value { return slog.StringValue(veil) }

// MarshalText is *** in JSON and the like.
func (Secret) MarshalText() ([]byte, error) { return []byte(veil), nil }
