package ua

import (
	"fmt"

	"opendeskphone/sip/stack"
)

// diversions are the status codes that say why a call is forwarded, and what they are called in a Diversion (RFC 5806 §4).
var diversions = map[int]string{
	302: "unconditional",
	408: "no-answer",
	480: "do-not-disturb",
	486: "user-busy",
	603: "deflection", // the called saw it ring and sent it on
}

// diverted tells a target who was called first, and why the call comes to it: in the way that mailboxes have long read
// (RFC 5806) and in that of RFC 7044, as who is called tells it in a response (§8.2). Codes without a name tell nothing.
func (a *account) diverted(to stack.Uri, why int) []stack.Header {
	reason, ok := diversions[why]
	if !ok {
		return nil
	}
	us := a.p.aor.String()
	return []stack.Header{
		stack.NewHeader("Diversion", fmt.Sprintf("<%s>;reason=%s;counter=1", us, reason)),
		stack.NewHeader("History-Info", fmt.Sprintf("<%s?Reason=SIP%%3Bcause%%3D%d>;index=1, <%s>;index=1.1;mp=1", us, why, to.String())),
	}
}
