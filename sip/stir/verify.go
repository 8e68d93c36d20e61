package stir

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"math/big"
	"slices"
	"time"
)

// Verdict is what a check came to.
type Verdict uint8

// The verdicts.
const (
	NotChecked Verdict = iota // there was nothing to check, or no means to
	Passed                    // the number is the caller's, says who signed for it
	Failed                    // what was to prove the number does not prove it
)

// Doubt is why a verdict is not Passed.
type Doubt uint8

// The doubts.
const (
	NoDoubt          Doubt = iota
	Unreadable             // no PASSporT, or not of a kind that is understood
	OtherCaller            // it speaks of another caller
	OtherCalled            // it was made for a call to somebody else
	Stale                  // it is not of this moment (or the phone's clock is wrong)
	BadSignature           // it was changed, or somebody else signed it
	UnknownAuthority       // the certificate's authority is none of those trusted
	Expired                // the certificate is not valid at this time
	NotEntitled            // the certificate is not for this number
	NoCertificate          // the certificate could not be had
)

// Result is what is known of a caller.
type Result struct {
	Verdict Verdict
	Doubt   Doubt
	Attest  string // "A", "B" or "C", if Passed
	Name    string // what the signer says the caller is called, if Passed; to be cleaned like any other name
}

// Freshness is how far from now a token may have been made (RFC 8224 §6.2.1 step 4).
const Freshness = 60 * time.Second

// wrongClock is how far from now a token is made by nobody but a phone whose clock is wrong: that proves nothing against
// the caller. Who has only so old a token to show could as well show none.
const wrongClock = 24 * time.Hour

// Call is what a token must speak of.
type Call struct {
	From string   // the caller's number as it is shown, in E.164; else no token can speak of it
	To   []string // the numbers this call may have gone to, in E.164; empty if the phone does not know its own
	// Forwarded: somebody sent the call on to us, so that it may have begun as a call to a number unknown here.
	Forwarded bool
	Now       time.Time
}

// Verifier checks tokens. It may be used by many goroutines.
type Verifier struct {
	Roots        *x509.CertPool // the authorities trusted to sign for numbers; nil: nothing is checked
	Certificates *Certificates
}

// maxTokens bounds how many Identity headers of a call are looked at; ctx bounds the time.
const maxTokens = 4

// Check gives the best that the Identity headers of a call prove. It may wait for a certificate until ctx ends.
func (v *Verifier) Check(ctx context.Context, identities []string, c Call) Result {
	best := Result{}
	if v.Roots == nil {
		return best
	}
	for _, text := range identities[:min(len(identities), maxTokens)] {
		r := v.check(ctx, text, c)
		if better(r, best) {
			best = r
		}
	}
	return best
}

// better prefers what was proved to what was refuted to what nobody could check; of two proofs the one with a name.
func better(a, b Result) bool {
	rank := map[Verdict]int{NotChecked: 0, Failed: 1, Passed: 2}
	if a.Verdict != b.Verdict {
		return rank[a.Verdict] > rank[b.Verdict]
	}
	return b.Doubt == NoDoubt && a.Doubt != NoDoubt && a.Verdict == NotChecked || a.Name != "" && b.Name == ""
}

func (v *Verifier) check(ctx context.Context, text string, c Call) Result {
	p, err := Parse(text)
	if err != nil {
		return Result{Failed, Unreadable, "", ""}
	}
	if p.Kind == "div" { // it tells of a diversion, not of the caller (RFC 8946)
		return Result{}
	}
	chain, ok := v.Certificates.find(ctx, p)
	switch {
	case !ok:
		return Result{NotChecked, NoCertificate, "", ""}
	case !signedBy(p, chain[0]):
		return Result{Failed, BadSignature, "", ""}
	case c.Now.Sub(p.Issued).Abs() > wrongClock:
		return Result{NotChecked, Stale, "", ""}
	case c.Now.Sub(p.Issued).Abs() > Freshness:
		return Result{Failed, Stale, "", ""}
	case p.Orig == "" || p.Orig != Digits(c.From):
		return Result{Failed, OtherCaller, "", ""}
	}
	if d := v.entitled(chain, p.Orig, c.Now); d != NoDoubt {
		return Result{Failed, d, "", ""}
	}
	if !slices.ContainsFunc(c.To, func(to string) bool { return slices.Contains(p.Dest, Digits(to)) }) {
		if c.Forwarded || len(c.To) == 0 {
			return Result{NotChecked, OtherCalled, "", ""}
		}
		return Result{Failed, OtherCalled, "", ""}
	}
	return Result{Passed, NoDoubt, p.Attest, p.Name}
}

// signedBy checks an ES256 signature (RFC 7518 §3.4).
func signedBy(p *Passport, cert *x509.Certificate) bool {
	key, ok := cert.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return false
	}
	sum := sha256.Sum256([]byte(p.signed))
	return ecdsa.Verify(key, sum[:], new(big.Int).SetBytes(p.sig[:32]), new(big.Int).SetBytes(p.sig[32:]))
}

// entitled checks the chain to a trusted authority, and that the certificate is for the number.
func (v *Verifier) entitled(chain []*x509.Certificate, number string, now time.Time) Doubt {
	leaf := *chain[0]
	leaf.UnhandledCriticalExtensions = slices.DeleteFunc(slices.Clone(leaf.UnhandledCriticalExtensions), oidTNAuthList.Equal)
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: v.Roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if invalid, ok := err.(x509.CertificateInvalidError); ok && invalid.Reason == x509.Expired {
		return Expired
	}
	switch {
	case err != nil:
		return UnknownAuthority
	case !covers(&leaf, number):
		return NotEntitled
	}
	return NoDoubt
}
