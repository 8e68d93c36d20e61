package ua

import (
	"net/netip"
	"strings"

	"opendeskphone/sip/stack"
)

// headed is a message as far as its headers go.
type headed interface {
	GetHeaders(string) []stack.Header
}

// Verstat is what our server found when it checked the caller's number (3GPP TS 24.229 §7.2A.20).
type Verstat uint8

// The verdicts of a server.
const (
	NoVerstat Verstat = iota
	VerstatPassed
	VerstatFailed
)

// vouches tells whether what comes from an address is the word of our registrar or outbound proxy: only these are the
// trust domain of RFC 3325, whoever else may call us.
func (a *account) vouches(from netip.AddrPort) bool {
	for _, t := range a.targets {
		if t.Addr.Addr().Unmap() == from.Addr().Unmap() {
			return true
		}
	}
	return false
}

// trusts tells whether what comes from an address may say how a call came and how it is to be taken. Without a server,
// those who may call speak for themselves.
func (a *account) trusts(from netip.AddrPort) bool {
	return a.vouches(from) || a.p.Direct && a.u.trust.Load().welcome(from.Addr())
}

// caller is who calls: as our server asserts it, else as From claims it, else withheld. The number that the server
// checked is the asserted one alone.
func (a *account) caller(req *stack.Request, from stack.Source) (p Peer, asserted bool) {
	if a.vouches(from.Addr) && !private(req) {
		if p, ok := assertedBy(req, "calling"); ok {
			return p, true
		}
	}
	f := req.From()
	if anonymous(f) {
		return Peer{Hidden: true}, false
	}
	return peer(stack.Unquote(f.DisplayName), f.Address), false
}

// anonymous tells whether a From is the one of RFC 3323 §4.1.1.3, or one of those that are in use for it.
func anonymous(f *stack.FromHeader) bool {
	user := strings.ToLower(unescape(f.Address.User))
	return strings.EqualFold(f.Address.Host, "anonymous.invalid") || user == "anonymous" || user == "restricted" || user == "unavailable"
}

// private tells whether the identity in a message is not to be shown (RFC 3323 §4.2, RFC 3325 §9.3).
func private(msg headed) bool {
	return has(semicolons{msg}, "Privacy", "id") || has(semicolons{msg}, "Privacy", "user") || has(semicolons{msg}, "Privacy", "full")
}

// semicolons reads a list header that has semicolons where others have commas.
type semicolons struct{ headed }

// GetHeaders gives the list with commas.
func (s semicolons) GetHeaders(name string) (out []stack.Header) {
	for _, h := range s.headed.GetHeaders(name) {
		out = append(out, stack.NewHeader(name, strings.ReplaceAll(h.Value(), ";", ",")))
	}
	return out
}

// assertedBy reads P-Asserted-Identity (RFC 3325 §9.1), a tel URI before a sip one for the number, else the
// Remote-Party-ID that came before it (draft-ietf-sip-privacy) of a party, calling or called.
func assertedBy(msg headed, party string) (Peer, bool) {
	var out Peer
	for _, v := range values(msg, "P-Asserted-Identity") {
		display, uri, _, err := stack.ParseAddress(v)
		if err != nil || uri.User == "" && uri.Scheme != "tel" {
			continue
		}
		switch p := peer(display, uri); {
		case out == Peer{}:
			out = p
		case uri.Scheme == "tel":
			out.User = p.User
		}
	}
	if out != (Peer{}) {
		return out, true
	}
	for _, v := range values(msg, "Remote-Party-ID") {
		display, uri, params, err := stack.ParseAddress(v)
		hidden := params.GetOr("privacy", "off")
		if err == nil && uri.User != "" && strings.EqualFold(params.GetOr("party", party), party) && hidden != "full" && hidden != "uri" {
			return peer(display, uri), true
		}
	}
	return Peer{}, false
}

// maxValues bounds how many values of a list header are read.
const maxValues = 16

// values are those of a list header, from all its lines.
func values(msg headed, name string) (out []string) {
	for _, h := range msg.GetHeaders(name) {
		for _, v := range splitQuoted(h.Value(), ',') {
			if v = strings.TrimSpace(v); v != "" && len(out) < maxValues {
				out = append(out, v)
			}
		}
	}
	return out
}

// verstat is the server's verdict on the asserted number, with its attestation if that is told: "A", "B" or "C".
func verstat(req headed) (Verstat, string) {
	verdict, attest := NoVerstat, ""
	for _, v := range values(req, "P-Asserted-Identity") {
		_, after, ok := strings.Cut(strings.ToLower(v), ";verstat=")
		if !ok {
			continue
		}
		after = after[:len(after)-len(strings.TrimLeft(after, "abcdefghijklmnopqrstuvwxyz-"))]
		word, ok := strings.CutPrefix(after, "tn-validation-passed")
		switch {
		case ok:
			verdict, attest = VerstatPassed, attestation(strings.TrimPrefix(word, "-"))
		case strings.HasPrefix(after, "tn-validation-failed"):
			return VerstatFailed, ""
		}
	}
	for _, name := range []string{"P-Attestation-Indicator", "Attestation-Info"} {
		for _, h := range req.GetHeaders(name) {
			if a := attestation(strings.TrimSpace(h.Value())); a != "" && verdict == VerstatPassed {
				attest = a
			}
		}
	}
	return verdict, attest
}

func attestation(s string) string {
	if s = strings.ToUpper(s); s == "A" || s == "B" || s == "C" {
		return s
	}
	return ""
}

// forwarder is who sent the call on to us last: by Diversion (RFC 5806), the newest first, or by History-Info (RFC 7044).
func forwarder(req headed) Peer {
	for _, v := range values(req, "Diversion") {
		if display, uri, params, err := stack.ParseAddress(v); err == nil && !strings.EqualFold(params.GetOr("privacy", "off"), "full") {
			return peer(display, uri)
		}
	}
	entries := values(req, "History-Info")
	by := map[string]Peer{}
	var last Peer
	for _, v := range entries {
		display, uri, params, err := stack.ParseAddress(v)
		if err != nil {
			continue
		}
		if from, ok := by[unquote(params.GetOr("mp", ""))]; ok { // mapped: its user was not reached, or sent the call on
			last = from
		}
		p := peer(display, uri)
		if uri.Headers != nil && strings.Contains(strings.ToLower(v), "privacy=history") {
			p = Peer{Hidden: true}
		}
		by[unquote(params.GetOr("index", ""))] = p
		if _, since := params.Get("mp"); !since && diverted(&uri) && len(entries) > 1 {
			last = p
		}
	}
	return last
}

// diverted tells whether an entry of History-Info says why its target was left (RFC 4244 §4.3.3.1.2): by a 3xx, or for
// want of an answer.
func diverted(uri *stack.Uri) bool {
	reason := strings.ToLower(unescape(uri.Headers.GetOr("Reason", uri.Headers.GetOr("reason", ""))))
	_, cause, ok := strings.Cut(reason, "cause=")
	if !ok || !strings.HasPrefix(reason, "sip") {
		return false
	}
	cause, _, _ = strings.Cut(cause, ";")
	switch n := atoi(strings.TrimSpace(cause)); n {
	case 408, 480, 486, 487, 503, 603:
		return true
	default:
		return n/100 == 3
	}
}

// called are the numbers a call may have been made to: To, the Request-URI and who sent it on.
func called(req *stack.Request, by Peer) []string {
	out := []string{unescape(req.To().Address.User), unescape(req.Recipient.User)}
	if by.User != "" {
		out = append(out, by.User)
	}
	return out
}

// identities are the PASSporTs of a call (RFC 8224), unread.
func identities(req headed) (out []string) {
	for _, h := range req.GetHeaders("Identity") {
		if len(out) < maxValues {
			out = append(out, h.Value())
		}
	}
	return out
}

// identify takes who is at the far side now, if our server says so in a message within the call: somebody else may have
// answered, or have been given the call since.
func (c *call) identify(msg headed, from netip.AddrPort, party string) {
	if !c.acc.vouches(from) {
		return
	}
	p, ok := assertedBy(msg, party)
	if !ok {
		return
	}
	if private(msg) {
		p = Peer{Hidden: true}
	}
	if p != c.remote {
		c.remote = p
		c.u.on(Identified{Call: c.ref, Remote: p})
	}
}

// from is our From.
func (a *account) from() *stack.FromHeader {
	h := &stack.FromHeader{DisplayName: stack.Quote(a.p.Display), Address: *a.p.aor.Clone()}
	a.mark(h)
	return h
}

// nobody is the From of a caller who withholds his name and number (RFC 3323 §4.1.1.3).
func nobody() *stack.FromHeader {
	return &stack.FromHeader{DisplayName: "Anonymous", Address: stack.Uri{Scheme: "sip", User: "anonymous", Host: "anonymous.invalid"}}
}

// hide takes our name out of a Contact. A GRUU stays: it is how the call is reached, and its user part is its domain's.
func hide(contact *stack.ContactHeader) {
	if !contact.Address.UriParams.Has("gr") {
		contact.Address.User = "anonymous"
	}
}
