package ua

import (
	"strings"

	"opendeskphone/sip/dialog"
	"opendeskphone/sip/stack"
)

// Diversion is why a call is sent on to somebody else.
type Diversion uint8

// The reasons.
const (
	ByUser      Diversion = iota // a person has sent it on while it rang
	ByRule                       // all calls are
	WhenBusy                     // he would hear busy
	Unanswered                   // it has rung long enough
	NotDisturbs                  // the user is not to be disturbed
	Declined                     // a person does not want it, and sends it to the mailbox
)

// diversions are the reason of RFC 5806 §5 and the cause of RFC 4458 §2 for each.
var diversions = [...]struct {
	reason string
	cause  int
}{ByUser: {"deflection", 487}, ByRule: {"unconditional", 302}, WhenBusy: {"user-busy", 486}, Unanswered: {"no-answer", 408}, NotDisturbs: {"do-not-disturb", 480},
	Declined: {"deflection", 603}}

// Deflect tells the caller to call another target instead (302): a URI, or a user part within the domain of the account. Diversion
// and, for who knows it, History-Info say who has sent him on, and why. A call that was for that target before, or has been sent on
// too often, gets 480.
func (u *UA) Deflect(ref CallRef, target string, why Diversion) {
	u.with(ref, func(c *call) {
		if c.phase != ringing {
			return
		}
		next := Way{}
		to, err := c.acc.destination(target)
		if err == nil {
			next, err = c.way.Divert(c.acc.p.aor.String(), to.String(), diversions[why].reason)
		}
		if err != nil {
			u.log.Info("call is not sent on", "call", uint64(ref), "err", err)
			c.reject(480, "")
		} else {
			c.reject(302, "", append(c.history(to, why), stack.NewHeader("Diversion", next.Diverted[0]), &stack.ContactHeader{Address: to})...)
		}
		c.leg.State = dialog.Terminated
		c.end(Ended{Call: ref})
	})
}

// history says so in History-Info, to who knows it.
func (c *call) history(to stack.Uri, why Diversion) []stack.Header {
	us, req := c.acc.p.aor.Clone(), c.tx.Request()
	us.Headers, us.UriParams = nil, nil
	if !has(req, "Supported", "histinfo") && !has(req, "k", "histinfo") {
		return nil
	}
	history, index := values(req, "History-Info"), "1"
	if n := len(history); n > 0 { // who sent the call to us has written us down last (RFC 7044 §7.1)
		if _, _, params, err := stack.ParseAddress(history[n-1]); err == nil {
			index = indexOf(params.GetOr("index", ""))
		}
		history = history[:n-1]
	}
	to.Headers = nil
	history = append(history, "<"+us.String()+"?Reason=SIP%3Bcause%3D"+itoa(diversions[why].cause)+">;index="+index, "<"+to.String()+">;index="+index+".1;mp="+index)
	return []stack.Header{stack.NewHeader("History-Info", strings.Join(history, ", "))}
}

// indexOf believes an index of History-Info if it is numbers and dots (RFC 7044 §10.3).
func indexOf(s string) string {
	if s == "" || len(s) > 32 || strings.Trim(s, "0123456789.") != "" {
		return "1"
	}
	return s
}
