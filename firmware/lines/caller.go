package lines

import (
	"context"
	"strings"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/names"
	"opendeskphone/sip/stir"
	"opendeskphone/sip/ua"
)

// Callers is what the phone knows of those who call. All methods may be called from any goroutine.
type Callers interface {
	// NameOf finds the name of a number among the contacts; ok is false for a stranger.
	NameOf(number string) (name string, ok bool)
	// Imitates tells whether a name is spelt so as to look like a contact's, and is not.
	Imitates(name string) bool
	// Canonical is the form that all ways of writing a number share, E.164 if it is known.
	Canonical(number string) string
	// Check verifies the PASSporTs of a call; it may take seconds.
	Check(ctx context.Context, identities []string, c stir.Call) stir.Result
}

// checkTime is how long a check may wait for a certificate, maxChecks how many calls are checked at once; those beyond
// ring unchecked.
const (
	checkTime = 5 * time.Second
	maxChecks = 4
)

// checked is what a check came to.
type checked struct {
	ref    ua.CallRef
	result stir.Result
}

// peer names the far side: by our contacts before its own claim. A claim that imitates a contact is none.
func (a *Adapter) peer(p ua.Peer) phone.Peer {
	if p.Hidden {
		return phone.Peer{Hidden: true}
	}
	out := phone.Peer{Name: p.Display, Number: p.User, URI: p.URI}
	if out.Number == "" {
		out.Number = p.URI
	}
	if name, ok := a.known.NameOf(out.Number); ok {
		out.Name = name
	} else if a.known.Imitates(out.Name) {
		out.Name = ""
	}
	return out
}

// invited says who calls.
func (a *Adapter) invited(e ua.Incoming) phone.Invited {
	in := phone.Invited{Ref: phone.Ref(e.Call), Remote: a.peer(e.From), Conversation: e.Conversation,
		Refers: e.Able.Refers, TakesOver: e.Able.Replaces, Focus: e.Able.Focus, Controls: e.Able.Controls, Proof: serverProof(e), Callback: e.Callback, Auto: e.Auto, After: e.After}
	if e.ReferredBy != (ua.Peer{}) {
		in.ReferredBy = a.peer(e.ReferredBy)
	}
	if e.ForwardedBy != (ua.Peer{}) {
		in.ForwardedBy = a.peer(e.ForwardedBy)
	}
	return in
}

// serverProof is our server's word on the number.
func serverProof(e ua.Incoming) phone.Proof {
	switch e.Verstat {
	case ua.VerstatPassed:
		return phone.Proof{Verdict: phone.Verified, Attest: e.Attest}
	case ua.VerstatFailed:
		return phone.Proof{Verdict: phone.NotVerified, Doubt: phone.ServerDoubts}
	}
	return phone.Proof{}
}

// check has the proofs of a call verified in the background: it rings meanwhile.
func (a *Adapter) check(c *call, e ua.Incoming) {
	if len(e.Identities) == 0 || e.From.Hidden || a.checks >= maxChecks {
		return
	}
	about := stir.Call{From: a.known.Canonical(e.From.User), Forwarded: e.ForwardedBy != (ua.Peer{}), Now: time.Now()}
	for _, number := range append(e.Called, a.lines[c.line].Numbers...) {
		if n := a.known.Canonical(number); strings.HasPrefix(n, "+") {
			about.To = append(about.To, n)
		}
	}
	a.checks++
	ref, ctx := c.ref, a.run
	a.wg.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, checkTime)
		defer cancel()
		a.put(checked{ref, a.known.Check(ctx, e.Identities, about)})
	})
}

// checked takes the outcome; it may come before the centre has given the call its name.
func (a *Adapter) checked(m checked) {
	a.checks--
	if c := a.refs[m.ref]; c != nil && m.result != (stir.Result{}) {
		c.result = m.result
		a.prove(c)
	}
}

var verdicts = map[stir.Verdict]phone.NumberVerdict{stir.NotChecked: phone.NotChecked, stir.Passed: phone.Verified, stir.Failed: phone.NotVerified}

var doubts = map[stir.Doubt]phone.Doubt{
	stir.NoDoubt: phone.NoDoubt, stir.Unreadable: phone.Unreadable, stir.OtherCaller: phone.OtherCaller, stir.OtherCalled: phone.OtherCalled,
	stir.Stale: phone.Stale, stir.BadSignature: phone.BadSignature, stir.UnknownAuthority: phone.UnknownAuthority, stir.Expired: phone.Expired,
	stir.NotEntitled: phone.NotEntitled, stir.NoCertificate: phone.NoCertificate,
}

// prove tells the centre what our own check has found. Where it has found nothing the server's word stands.
func (a *Adapter) prove(c *call) {
	r := c.result
	if r == (stir.Result{}) || c.id == 0 || r.Verdict == stir.NotChecked && c.vouched {
		return
	}
	a.post(phone.Proved{Call: c.id, Proof: phone.Proof{Verdict: verdicts[r.Verdict], Doubt: doubts[r.Doubt], Here: true, Attest: r.Attest}})
	if name := names.Name(r.Name); name != "" && r.Verdict == stir.Passed {
		c.from.Display = name
		a.post(phone.RemoteChanged{Call: c.id, Remote: a.peer(c.from)})
	}
}
