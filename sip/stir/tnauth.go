package stir

import (
	"crypto/x509"
	"encoding/asn1"
	"math/big"
)

// oidTNAuthList is the extension that says for which numbers a certificate may speak (RFC 8226 §9).
var oidTNAuthList = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 26}

// The choices of a TNEntry (RFC 8226 §9, explicit tags).
const (
	tagProvider = iota // a service provider: for all of its numbers, which its attestation answers for
	tagRange
	tagOne
)

// covers tells whether a certificate may speak for a number of digits alone. One without the list may for none.
func covers(cert *x509.Certificate, number string) bool {
	for _, e := range cert.Extensions {
		if e.Id.Equal(oidTNAuthList) {
			return lists(e.Value, number)
		}
	}
	return false
}

// lists tells whether a TNAuthorizationList in DER names a number, or a provider.
func lists(der []byte, number string) bool {
	var entries []asn1.RawValue
	if rest, err := asn1.Unmarshal(der, &entries); err != nil || len(rest) > 0 {
		return false
	}
	for _, e := range entries {
		if e.Class != asn1.ClassContextSpecific || !e.IsCompound {
			continue
		}
		switch e.Tag {
		case tagProvider:
			if ia5(e.Bytes) != "" {
				return true
			}
		case tagOne:
			if n := ia5(e.Bytes); n != "" && Digits(n) == number {
				return true
			}
		case tagRange:
			if inRange(e.Bytes, number) {
				return true
			}
		}
	}
	return false
}

func ia5(der []byte) string {
	var s string
	if rest, err := asn1.UnmarshalWithParams(der, &s, "ia5"); err != nil || len(rest) > 0 {
		return ""
	}
	return s
}

// inRange tells whether a number is one of count numbers of the same length from start on.
func inRange(der []byte, number string) bool {
	var r struct {
		Start string `asn1:"ia5"`
		Count *big.Int
	}
	if rest, err := asn1.Unmarshal(der, &r); err != nil || len(rest) > 0 || len(r.Start) != len(number) || len(number) > 15 {
		return false
	}
	start, ok := new(big.Int).SetString(Digits(r.Start), 10)
	n, ok2 := new(big.Int).SetString(number, 10)
	if !ok || !ok2 {
		return false
	}
	past := n.Sub(n, start)
	return past.Sign() >= 0 && past.Cmp(r.Count) < 0
}
