package ua

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"opendeskphone/sip/stack"
)

// Bounds of a way.
const (
	maxGenerations = 3 // elements one after the other that may fork one call
	maxPassed      = 5 // entries of a call's history with which it may be sent on once more
	fullHops       = 70
)

// Way is how a call has come to us. It keeps calls that are forked or sent on from going in circles, also where an exchange
// between two domains knows nothing of it: each element that calls on for a call asks Fork or Divert first, and gives what
// they return to Invitation.Way. The zero Way is that of a call of our own.
type Way struct {
	Hops     int      // Max-Forwards of the INVITE; 0 is the usual 70
	Forks    []Fork   // who has forked the call, the first one first (Fork-Origin)
	Diverted []string // values of Diversion (RFC 5806), the last one first
	Passed   int      // entries of Diversion or of History-Info (RFC 7044), whichever are more
	Targets  []string // whom the call was for, as +number or user@host: Request-URI, To, and all whom it was sent on from
	Gateway  bool     // it comes out of an old exchange or the telephone network
}

// Fork is one value of the header Fork-Origin,
//
//	Fork-Origin: <domain, 32 hex digits>;gen=<n>;call=<32 hex digits>
//
// with which an element says that it has forked a call. The name of the call is its session identifier (RFC 7989), which
// stays where others make a new Call-ID.
type Fork struct {
	Domain     string // see DomainID
	Generation int    // 1 for who forks it first
	Call       string
}

const forkOrigin = "Fork-Origin"

// DomainID names a domain in Fork-Origin: every element of it makes the same of its name.
func DomainID(domain string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(domain)))
	return hex.EncodeToString(sum[:16])
}

// String is the value of the header.
func (f Fork) String() string {
	return f.Domain + ";gen=" + strconv.Itoa(f.Generation) + ";call=" + f.Call
}

// parseFork reads a value of the header; ok is false if it is not well-formed.
func parseFork(value string) (f Fork, ok bool) {
	domain, params, _ := strings.Cut(value, ";")
	gen, _ := param(params, "gen")
	call, _ := param(params, "call")
	f = Fork{strings.ToLower(strings.TrimSpace(domain)), atoi(gen), strings.ToLower(call)}
	return f, isSession(f.Domain) && isSession(f.Call) && f.Generation > 0
}

// Stop is why a call must not go on: a SIP response code.
type Stop int

// The reasons.
const (
	StopDiverted Stop = 480 // sent on too often, or to somebody it was for already
	StopLoop     Stop = 482 // it would go back to where it was forked (RFC 5393)
	StopHops     Stop = 483 // its hops are used up
)

// Error names the reason.
func (s Stop) Error() string { return "ua: the call must not go on: " + stack.Phrase(int(s)) }

// Fork is the way of a call that an element of a domain forks, or the Stop that forbids it. call is its session identifier.
func (w Way) Fork(domain, call string) (Way, error) {
	next, err := w.hop()
	switch {
	case err != nil:
		return Way{}, err
	case w.ForkedBy(domain), len(w.Forks) >= maxGenerations:
		return Way{}, StopLoop
	}
	next.Forks = append(slices.Clone(w.Forks), Fork{domain, len(w.Forks) + 1, call})
	return next, nil
}

// ForkedBy tells whether an element of a domain has forked the call already.
func (w Way) ForkedBy(domain string) bool {
	return slices.ContainsFunc(w.Forks, func(f Fork) bool { return f.Domain == domain })
}

// Divert is the way of a call that is sent on from an address of record to a target, or the Stop that forbids it.
// Both are SIP URIs; reason is one of RFC 5806 §4.3, as "no-answer".
func (w Way) Divert(from, to, reason string) (Way, error) {
	next, err := w.hop()
	switch {
	case err != nil:
		return Way{}, err
	case w.Passed > maxPassed, w.wasFor(to):
		return Way{}, StopDiverted
	}
	next.Passed++
	next.Diverted = slices.Insert(slices.Clone(w.Diverted), 0, "<"+from+">;reason="+reason+";counter=1")
	return next, nil
}

// hop is the way one hop further.
func (w Way) hop() (Way, error) {
	if w.Hops == 0 {
		w.Hops = fullHops
	}
	if w.Hops--; w.Hops == 0 {
		return w, StopHops
	}
	return w, nil
}

// wasFor tells whether a call was for a target before. Exchanges put their own host beside a number in E.164, so it is
// compared without.
func (w Way) wasFor(target string) bool {
	uri, err := sipURI(target)
	return err == nil && slices.Contains(w.Targets, place(uri))
}

// place is how targets are compared.
func place(uri stack.Uri) string {
	user := strings.ToLower(unescape(uri.User))
	if digits, e164 := strings.CutPrefix(user, "+"); e164 && strings.Trim(digits, "0123456789") == "" {
		return user
	}
	return user + "@" + strings.ToLower(uri.Host)
}

// wayOf reads the way of a call. Only those who are trusted are believed who has forked it.
func wayOf(req *stack.Request, trusted bool) Way {
	w := Way{Diverted: values(req, "Diversion"), Gateway: fromGateway(req)}
	history := values(req, "History-Info")
	w.Passed = max(len(w.Diverted), len(history))
	if h := req.MaxForwards(); h != nil {
		w.Hops = max(int(h.Val()), 1)
	}
	seen := func(uri stack.Uri) {
		if p := place(uri); p != "@" && !slices.Contains(w.Targets, p) {
			w.Targets = append(w.Targets, p)
		}
	}
	seen(req.Recipient)
	seen(req.To().Address)
	for _, v := range slices.Concat(history, w.Diverted) {
		if _, uri, _, err := stack.ParseAddress(v); err == nil {
			seen(uri)
		}
	}
	if trusted {
		for _, v := range values(req, forkOrigin) {
			if f, ok := parseFork(v); ok {
				w.Forks = append(w.Forks, f)
			}
		}
	}
	return w
}

// fromGateway tells whether an INVITE says that it comes out of an old exchange: by what Office Communications Server and
// its gateways put in ([MS-OCPSTN] §4.3.1.2, §4.8).
func fromGateway(req *stack.Request) bool {
	return req.GetHeader(callSource) != nil || req.GetHeader("ms-mediation-generated") != nil || isGateway(req.Contact())
}

const callSource = "ms-call-source"

// isGateway tells whether a Contact is that of a gateway.
func isGateway(contact *stack.ContactHeader) bool {
	return contact != nil && (contact.Params.Has("isGateway") || contact.Address.UriParams.Has("isGateway"))
}

// stamp writes the way into an INVITE.
func (w Way) stamp(req *stack.Request, d Dialect) {
	if w.Hops > 0 {
		hops := stack.MaxForwardsHeader(w.Hops)
		req.AppendHeader(&hops)
	}
	if len(w.Forks) > 0 {
		var all []string
		for _, f := range w.Forks {
			all = append(all, f.String())
		}
		req.AppendHeader(stack.NewHeader(forkOrigin, strings.Join(all, ", ")))
	}
	for _, v := range w.Diverted {
		req.AppendHeader(stack.NewHeader("Diversion", v))
	}
	if w.Gateway && d == OCS {
		req.AppendHeader(stack.NewHeader(callSource, "non-ms-rtc"))
	}
}

// circles tells whether an INVITE is one that is here already: one of our own that was made for another call and has come
// back (RFC 5393 §4.2), or one that rings here and has come again by somebody who gave it another Call-ID.
func (u *UA) circles(req *stack.Request, acc *account) bool {
	own := u.dialogs[callKey{string(*req.CallID()), req.From().Params.GetOr("tag", "")}]
	if own != nil && own.caller && own.dial.way.Hops > 0 {
		return true
	}
	session := sessionOf(req)
	for _, c := range u.calls {
		if session != "" && c.phase == ringing && c.acc == acc && c.identity.remote == session {
			return true
		}
	}
	return false
}
