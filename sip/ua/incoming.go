package ua

import (
	"cmp"
	"net/netip"
	"strings"
	"time"

	"opendeskphone/sip/dialog"
	"opendeskphone/sip/stack"
)

// Timers of RFC 3261 table 4, for the responses a user agent repeats itself.
const (
	t1 = 500 * time.Millisecond
	t2 = 4 * time.Second
)

// incoming takes an INVITE outside of any dialog.
func (u *UA) incoming(tx *stack.ServerTx, req *stack.Request, from stack.Source) {
	acc := u.accountFor(req, from)
	replaced, code := u.replaced(req)
	joined, refusal := u.joined(req, acc, from)
	switch {
	case u.closing:
		tx.Respond(stack.Reply(req, 480, ""))
		return
	case acc == nil:
		tx.Respond(stack.Reply(req, 404, ""))
		return
	case code != 0 || refusal != 0:
		tx.Respond(stack.Reply(req, cmp.Or(code, refusal), ""))
		return
	case replaced == nil && u.circles(req, acc):
		tx.Respond(stack.Reply(req, 482, ""))
		return
	case replaced == nil && u.busy(0), u.busy(u.cfg.MaxCalls):
		tx.Respond(stack.Reply(req, 486, ""))
		return
	}
	if least := u.tooShort(req); least > 0 {
		res := stack.Reply(req, 422, "")
		res.AppendHeader(stack.NewHeader("Min-SE", itoa(least)))
		tx.Respond(res)
		return
	}
	tag := stack.ReplyTag(req)
	d, err := dialog.Accept(req, tag)
	if err != nil {
		tx.Respond(stack.Reply(req, 400, Clean(err.Error())))
		return
	}
	c := u.newCall(acc, CallRef(u.refs.Add(1)), callKey{d.ID.CallID, tag})
	c.phase, c.tx = ringing, tx
	c.identity = newIdentity("")
	c.identity.learn(req)
	tx.Complete(c.identity.stamp)
	c.leg = c.addLeg(d)
	c.way = wayOf(req, acc.trusts(from.Addr))
	tx.OnCancel(c.cancelled)
	e := c.announce(req, from)
	if replaced != nil {
		e.Replaces = replaced.ref
	}
	if joined != nil {
		e.Joins = joined.ref
	}
	if display, uri, _, err := stack.ParseAddress(header(req, "Referred-By")); err == nil {
		e.ReferredBy = peer(display, uri)
	}
	u.on(e)
}

// busy tells whether no more calls are taken, but for some to spare.
func (u *UA) busy(spare int) bool {
	n := 0
	for _, c := range u.calls {
		if c.phase != over && c.phase != cancelled {
			n++
		}
	}
	return n >= u.cfg.MaxCalls+spare
}

// accountFor finds whom a request is for: by the mark in our Contact, which
// the registrar gives back, else by user part and server, else by user part.
func (u *UA) accountFor(req *stack.Request, from stack.Source) *account {
	uri := req.Recipient
	if line, ok := uri.UriParams.Get("line"); ok {
		for _, a := range u.accounts {
			if lineParam(a.id) == line && a.p.aor.User == uri.User {
				return a
			}
		}
	}
	var byUser, whole *account
	for _, a := range u.accounts {
		if a.p.Whole && !u.serves(from.Addr) {
			whole = a
		}
		if unescape(a.p.aor.User) != unescape(uri.User) {
			continue
		}
		for _, t := range a.targets {
			if t.Addr.Addr().Unmap() == from.Addr.Addr().Unmap() {
				return a
			}
		}
		if byUser == nil || a.id < byUser.id {
			byUser = a
		}
	}
	if byUser == nil {
		return whole
	}
	return byUser
}

// serves tells whether an address is that of a server of an account of ours.
func (u *UA) serves(from netip.AddrPort) bool {
	for _, a := range u.accounts {
		if a.vouches(from) {
			return true
		}
	}
	return false
}

// announce says who calls.
func (c *call) announce(req *stack.Request, from stack.Source) Incoming {
	e := Incoming{Call: c.ref, Account: c.acc.id, Sealed: from.Transport == stack.TLS, SDP: sdpOf(req), CallID: c.key.callID, Way: c.way, Conversation: c.identity.conversation(req), Able: ableIn(req),
		Identities: identities(req), Theirs: c.leg.theirs()}
	e.From, e.Asserted = c.acc.caller(req, from)
	if c.acc.vouches(from.Addr) {
		e.Verstat, e.Attest = verstat(req)
		e.ForwardedBy = forwarder(req)
		e.Callback = has(req, "Priority", "psap-callback") // RFC 7090
	}
	if c.acc.trusts(from.Addr) {
		e.Auto, e.After = automatic(req)
	}
	e.Called = called(req, e.ForwardedBy)
	c.remote, c.focus = e.From, e.Able.Focus
	return e
}

// cancelled is told that the caller gave up.
func (c *call) cancelled(cancel *stack.Request) {
	if c.phase != ringing {
		return // our answer crossed it (RFC 3261 §9.2)
	}
	c.reject(487, "")
	cause, text := reasonOf(cancel)
	c.end(Ended{Call: c.ref, ByRemote: true, Elsewhere: cause == 200, Cause: cause, Text: text})
}

// Ring tells the caller that the phone rings (180).
func (u *UA) Ring(ref CallRef) {
	u.with(ref, func(c *call) {
		if c.phase == ringing && c.ring == nil {
			c.alert(180, nil)
		}
	})
}

// Early lets sound through before the call is answered, as a gateway does for the network behind it (183): the answer
// to the offer of Incoming, which Accept is to repeat.
func (u *UA) Early(ref CallRef, sdp []byte) {
	u.with(ref, func(c *call) {
		if c.phase == ringing {
			c.ring.Stop()
			c.alert(183, sdp)
		}
	})
}

// alert sends 180 or 183 now and every minute, so that proxies do not give up
// (RFC 3261 §13.3.1.1).
func (c *call) alert(code int, sdp []byte) {
	req := c.tx.Request()
	res := c.leg.reply(req, code)
	setSDP(res, sdp)
	if has(req, "Require", "100rel") {
		c.respondReliably(res)
	} else {
		c.tx.Respond(res)
	}
	c.ring = c.u.stack.After(time.Minute, func() {
		if c.phase == ringing {
			c.alert(code, sdp)
		}
	})
}

// reply makes a response with what belongs into a dialog.
func (l *leg) reply(req *stack.Request, code int) *stack.Response {
	res := stack.Reply(req, code, "")
	res.AppendHeader(l.c.acc.dialogContact(l.way()))
	res.AppendHeader(stack.NewHeader("Allow", l.c.u.allowed))
	if code >= 200 {
		res.AppendHeader(stack.NewHeader("Supported", l.c.u.supported))
		res.AppendHeader(stack.NewHeader("Recv-Info", tricklePackage)) // RFC 6086 §5.2.3
	}
	return res
}

// Accept answers a call with a session description: the answer to the offer of
// Incoming, or an offer if there was none.
func (u *UA) Accept(ref CallRef, sdp []byte) {
	u.with(ref, func(c *call) {
		if c.phase != ringing {
			return
		}
		tx, req := c.tx, c.tx.Request()
		res := c.leg.reply(req, 200)
		c.session.grant(c, req, res)
		setSDP(res, sdp)
		c.ring.Stop()
		c.prov.stop()
		c.phase, c.leg.State = answered, dialog.Confirmed
		late := sdpOf(req) == nil
		c.stands()
		c.send2xx(tx, res, func(ack []byte) {
			if c.cancel {
				c.leg.bye()
				c.bury(over)
				return
			}
			c.phase, c.tx = talking, nil
			if late && ack == nil {
				c.leg.bye()
				c.end(Ended{Call: c.ref, Cause: 488, Text: "no answer in the ACK"})
				return
			}
			if !late {
				ack = nil
			}
			c.u.on(Confirmed{Call: c.ref, SDP: ack})
			if c.waits {
				c.due()
			}
		})
	})
}

// Reject refuses a call with a code from 300 to 699.
func (u *UA) Reject(ref CallRef, code int) { u.RejectOffer(ref, code, 0, "") }

// RejectOffer refuses a call whose offer cannot be taken, and says why: by a warn-code of RFC 3261 §20.43, 0 for none,
// and plain ASCII text.
func (u *UA) RejectOffer(ref CallRef, code, warning int, text string) {
	u.with(ref, func(c *call) {
		if c.phase == ringing && code >= 300 && code < 700 {
			res := stack.Reply(c.tx.Request(), code, "")
			warn(res, warning, text)
			c.tx.Respond(res)
			c.leg.State = dialog.Terminated
			c.outcome.code, c.outcome.text = code, Clean(text)
			c.end(Ended{Call: ref})
		}
	})
}

// warn says in a response what was wrong with an offer. The agent is a pseudonym (RFC 3261 §25.1).
func warn(res *stack.Response, warning int, text string) {
	if warning != 0 {
		res.AppendHeader(stack.NewHeader("Warning", itoa(warning)+" phone \""+strings.ReplaceAll(Clean(text), "\"", "'")+"\""))
	}
}

func (c *call) reject(code int, reason string, more ...stack.Header) {
	res := stack.Reply(c.tx.Request(), code, reason)
	for _, h := range more {
		res.AppendHeader(h)
	}
	c.tx.Respond(res)
	c.leg.State = dialog.Terminated
}

// sent is a 2xx to an INVITE that is repeated until its ACK comes, on every
// transport (RFC 3261 §13.3.1.4).
type sent struct {
	seq      uint32
	acked    func(sdp []byte)
	again    *stack.Timer
	deadline *stack.Timer
}

func (s *sent) stop() {
	if s != nil {
		s.again.Stop()
		s.deadline.Stop()
	}
}

// send2xx answers an INVITE and calls acked with the body of the ACK. Without
// an ACK in 64*T1 the call is ended by BYE.
func (c *call) send2xx(tx *stack.ServerTx, res *stack.Response, acked func([]byte)) {
	s := &sent{seq: tx.Request().CSeq().SeqNo, acked: acked}
	c.sent.stop()
	c.sent = s
	var repeat func(time.Duration)
	repeat = func(d time.Duration) {
		tx.Respond(res)
		s.again = c.u.stack.After(d, func() { repeat(min(2*d, t2)) })
	}
	repeat(t1)
	s.deadline = c.u.stack.After(64*t1, func() {
		s.stop()
		c.sent = nil
		c.leg.bye()
		if c.phase == over { // hung up while we waited
			c.bury(over)
			return
		}
		c.end(Ended{Call: c.ref, Cause: 408, Text: "no ACK"})
	})
}

// acknowledged takes the ACK to a 2xx of ours.
func (c *call) acknowledged(req *stack.Request) {
	s := c.sent
	if s == nil || s.seq != req.CSeq().SeqNo {
		return // a repeat
	}
	s.stop()
	c.sent = nil
	s.acked(sdpOf(req))
}
