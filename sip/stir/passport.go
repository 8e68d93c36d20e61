// Package stir checks on the phone whether a caller may use the number he shows (STIR): it reads the PASSporT of an
// Identity header (RFC 8224, RFC 8225), finds the certificate that signed it (RFC 8226) and says what that proves. A
// caller without a proof is no worse than any caller of the last hundred years: the word is then that nobody checked.
//
//	Identity header -> Parse -> Passport -> Verifier.Check -> Result
//	                                          |
//	                     Certificates: carried in files, in the token (x5c), or fetched (x5u)
package stir

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// Limits of what is read.
const (
	maxIdentity = 8 << 10 // bytes of an Identity header
	maxDest     = 16      // numbers called
	maxChain    = 4       // certificates of a chain
)

// ErrUnreadable says that an Identity header is none, or none that this package understands.
var ErrUnreadable = errors.New("stir: not a PASSporT signed with ES256")

// Passport is a token as it came. Nothing of it is believed before Verifier.Check.
type Passport struct {
	URL    string    // x5u: where the certificate is; empty if it is carried
	Orig   string    // digits of the caller's number, without +
	Dest   []string  // digits of the numbers called
	Issued time.Time // iat
	Attest string    // SHAKEN (RFC 8588): "A" the caller is known and the number his, "B" only known, "C" neither; or empty
	Name   string    // rcd nam (RFC 9795), as it came
	Kind   string    // ppt, empty for the base form

	chain  [][]byte // x5c, DER
	signed string   // what the signature is over
	sig    []byte   // r and s, 32 bytes each
}

type header struct {
	Alg string   `json:"alg"`
	Typ string   `json:"typ"`
	PPT string   `json:"ppt"`
	X5U string   `json:"x5u"`
	X5C [][]byte `json:"x5c"`
}

type payload struct {
	IAT    int64                `json:"iat"`
	Orig   struct{ TN string }  `json:"orig"`
	Dest   struct{ TN list }    `json:"dest"`
	Attest string               `json:"attest"`
	RCD    struct{ Nam string } `json:"rcd"`
}

// list is an array of texts; some senders write a single one without brackets.
type list []string

// UnmarshalJSON reads both forms.
func (l *list) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		*l = list{""}
		return json.Unmarshal(b, &(*l)[0])
	}
	return json.Unmarshal(b, (*[]string)(l))
}

// Parse reads the value of an Identity header in full form (RFC 8224 §4): header.payload.signature;info=<url>;alg=ES256;ppt=shaken.
// The compact form, which leaves out header and payload, is not for the extensions that are in use and is refused.
func Parse(identity string) (*Passport, error) {
	token, params, _ := strings.Cut(identity, ";")
	parts := strings.Split(strings.TrimSpace(token), ".")
	if len(identity) > maxIdentity || len(parts) != 3 {
		return nil, ErrUnreadable
	}
	var h header
	var p payload
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || len(sig) != 64 || decode(parts[0], &h) != nil || decode(parts[1], &p) != nil {
		return nil, ErrUnreadable
	}
	info := infoOf(params)
	if h.Alg != "ES256" || h.Typ != "passport" || p.IAT <= 0 || p.Orig.TN == "" || len(p.Dest.TN) == 0 || len(p.Dest.TN) > maxDest ||
		len(h.X5C) > maxChain || h.X5U != "" && info != "" && info != h.X5U {
		return nil, ErrUnreadable
	}
	out := &Passport{URL: h.X5U, Orig: Digits(p.Orig.TN), Issued: time.Unix(p.IAT, 0), Attest: attestation(p.Attest), Name: p.RCD.Nam, Kind: h.PPT,
		chain: h.X5C, signed: parts[0] + "." + parts[1], sig: sig}
	for _, tn := range p.Dest.TN {
		out.Dest = append(out.Dest, Digits(tn))
	}
	return out, nil
}

func decode(part string, to any) error {
	b, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, to)
}

// infoOf is the info parameter without its brackets.
func infoOf(params string) string {
	for p := range strings.SplitSeq(params, ";") {
		if k, v, ok := strings.Cut(p, "="); ok && strings.EqualFold(strings.TrimSpace(k), "info") {
			return strings.Trim(strings.TrimSpace(v), "<>")
		}
	}
	return ""
}

func attestation(s string) string {
	if s == "A" || s == "B" || s == "C" {
		return s
	}
	return ""
}

// Digits is a telephone number in the form that is compared (RFC 8224 §8.3): its digits alone.
func Digits(number string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, number)
}
