package ua

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"opendeskphone/sip/stack"
)

// Dialect is how an account speaks to its server. All that differs between dialects stands in this file; the session
// descriptions of a dialect are the business of sip/offer.
type Dialect string

// The dialects. RFC, which the empty one is too, adds nothing to the RFCs; OCS adds what Office Communications Server 2007
// and Lync Server want or give ([MS-SIPRE], [MS-SIPREGE], [MS-CONMGMT], [MS-OCER]).
const (
	RFC Dialect = "rfc"
	OCS Dialect = "ocs"
)

// needsGRUU tells whether calls of the dialect are reached by the device's GRUU alone.
func (d Dialect) needsGRUU() bool { return d == OCS }

// epid names the device to the server ([MS-SIPRE] §2.2.1): stable, and the same on each line.
func epid(instance string) string {
	sum := sha256.Sum256([]byte(instance))
	return hex.EncodeToString(sum[:6])
}

// mark adds to a From what the server knows the device by.
func (a *account) mark(from *stack.FromHeader) {
	if a.p.Dialect == OCS && a.p.Instance != "" && !from.Params.Has("epid") {
		from.Params.Add("epid", epid(a.p.Instance))
	}
}

// introduce adds to a REGISTER what the server expects of its clients.
func (a *account) introduce(req *stack.Request) {
	if a.p.Dialect != OCS {
		return
	}
	a.mark(req.From())
	if h := req.GetHeader("Supported"); h != nil {
		req.ReplaceHeader(stack.NewHeader("Supported", h.Value()+", gruu-10"))
	}
	req.AppendHeader(stack.NewHeader("Event", "registration"))
	req.AppendHeader(stack.NewHeader("ms-keep-alive", "UAC;hop-hop=yes"))
}

// bind adds to the Contact of a REGISTER what the server expects there.
func (a *account) bind(contact *stack.ContactHeader) {
	if a.p.Dialect == OCS {
		contact.Params.Add("methods", a.u.allowed)
		contact.Params.Add("proxy", "replace") // the server puts in the address that it sees
	}
}

// isOurs tells whether a Contact of the registrar's answer is the one we gave: the server may have put another address in.
func (a *account) isOurs(c, mine *stack.ContactHeader) bool {
	if a.p.Dialect == OCS && a.p.Instance != "" {
		return strings.EqualFold(strings.Trim(c.Params.GetOr("+sip.instance", ""), `"<>`), a.p.Instance)
	}
	return c.Address.User == mine.Address.User && c.Address.Host == mine.Address.Host && c.Address.Port == mine.Address.Port
}

// gruuOf is the public GRUU of a Contact (RFC 5627), also under the name it has in the draft of that.
func (a *account) gruuOf(contact *stack.ContactHeader) string {
	if v, ok := contact.Params.Get("pub-gruu"); ok || a.p.Dialect != OCS {
		return v
	}
	return contact.Params.GetOr("gruu", "")
}

// converse names the conversation of an INVITE as the server's own clients do, so that its logs find the call.
func (a *account) converse(req *stack.Request, id *identity) {
	name := id.alias
	if name == "" && a.p.Dialect == OCS {
		name = id.local
	}
	if name != "" {
		req.AppendHeader(stack.NewHeader("Ms-Conversation-ID", name))
	}
}

// reason is why a request was refused: the reason phrase, or the server's own words where the dialect has a place for
// them, ErrorId;source="host";reason="text" ([MS-OCER] §2.2.1).
func (a *account) reason(res *stack.Response) string {
	if a.p.Dialect != OCS {
		return Clean(res.Reason)
	}
	for _, name := range []string{"ms-diagnostics", "ms-diagnostics-public"} {
		for _, h := range res.GetHeaders(name) {
			for _, p := range splitQuoted(h.Value(), ';') {
				if k, v, ok := strings.Cut(p, "="); ok && strings.EqualFold(strings.TrimSpace(k), "reason") {
					return Clean(unquote(v))
				}
			}
		}
	}
	return Clean(res.Reason)
}
