package ua

import (
	"fmt"

	"opendeskphone/sip/stack"
)

// diversions are the status codes that say why a call is forwarded, and what they are called in a Diversion (RFC 5806 §4.3).
var diversions = map[int]string{
	302: "unconditional",
	408: "no-answer",
	480: "do-not-disturb",
	486: "user-busy",
	603: "deflection", // the called saw it ring and sent it on
}

// diversion is the reason in a Diversion.
func diversion(why int) string {
	if reason, ok := diversions[why]; ok {
		return reason
	}
	return "unknown"
}

// history tells a target who was called first, and why the call comes to it, in the way of RFC 7044, as who is called tells
// it in a response (§8.2). Codes without a name tell nothing.
func (a *account) history(to stack.Uri, why int) []stack.Header {
	if diversions[why] == "" {
		return nil
	}
	us := a.p.aor.String()
	return []stack.Header{stack.NewHeader("History-Info", fmt.Sprintf("<%s?Reason=SIP%%3Bcause%%3D%d>;index=1, <%s>;index=1.1;mp=1", us, why, to.String()))}
}
