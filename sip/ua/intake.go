package ua

import (
	"errors"
	"math/rand/v2"

	"opendeskphone/sip/dialog"
	"opendeskphone/sip/stack"
)

// intake is the UA as the stack sees it.
type intake UA

// Request takes every request that passed the stack.
func (i *intake) Request(tx *stack.ServerTx, req *stack.Request, from stack.Source) {
	u := (*UA)(i)
	id, inside := dialog.IDOf(req)
	if inside {
		if w := u.watched[callKey{id.CallID, id.LocalTag}]; w != nil && tx != nil {
			w.within(tx, req, id)
			return
		}
		u.within(tx, req, id)
		return
	}
	if tx == nil {
		return // an ACK to nothing
	}
	if !u.cfg.Strangers && !u.trust.Load().welcome(from.Addr.Addr()) {
		tx.Respond(stack.Reply(req, 403, "")) // the far side of a call may not begin another
		return
	}
	switch req.Method {
	case stack.INVITE:
		u.incoming(tx, req, from)
	case stack.OPTIONS:
		tx.Respond(u.capabilities(req))
		u.mirrored(req)
	case stack.REFER:
		tx.Respond(stack.Reply(req, 603, ""))
	case stack.NOTIFY:
		u.unasked(tx, req, from)
	default: // BYE, INFO, PRACK, UPDATE without a dialog
		tx.Respond(stack.Reply(req, 481, ""))
	}
}

// capabilities answers OPTIONS (RFC 3261 §11.2).
func (u *UA) capabilities(req *stack.Request) *stack.Response {
	res := stack.Reply(req, 200, "")
	for _, h := range [][2]string{{"Allow", u.allowed}, {"Accept", sdpType}, {"Supported", u.supported}, {"Accept-Language", "en"}} {
		if res.GetHeader(h[0]) == nil {
			res.AppendHeader(stack.NewHeader(h[0], h[1]))
		}
	}
	return res
}

// Stray takes a 2xx that came after its transaction was over: it is a branch
// of a fork that answered late, or a repeat.
func (i *intake) Stray(res *stack.Response, _ stack.Source) {
	u := (*UA)(i)
	seq := res.CSeq()
	if seq.MethodName != stack.INVITE || res.StatusCode < 200 || res.StatusCode > 299 {
		return
	}
	id := dialog.IDOfResponse(res)
	c := u.dialogs[callKey{id.CallID, id.LocalTag}]
	if c == nil {
		return
	}
	if d, n := c.set.Find(id.RemoteTag); d != nil && c.legs[n-1].ack != nil && c.legs[n-1].ack.CSeq().SeqNo == seq.SeqNo {
		c.legs[n-1].acknowledge(c.legs[n-1].ack)
		return
	}
	if c.caller && c.dial.run != nil && c.dial.run.req.CSeq().SeqNo == seq.SeqNo {
		c.success(c.dial.run, res)
	}
}

// Lost takes the end of a connection.
func (i *intake) Lost(conn stack.ConnID, _ error) {
	for _, a := range i.accounts {
		for _, r := range a.flows {
			r.lost(conn)
		}
	}
}

// within takes a request inside of a dialog.
func (u *UA) within(tx *stack.ServerTx, req *stack.Request, id dialog.ID) {
	c := u.dialogs[callKey{id.CallID, id.LocalTag}]
	l := c.legOf(id)
	if tx == nil {
		if l != nil && l == c.leg {
			c.acknowledged(req)
		}
		return
	}
	if l == nil || l.State == dialog.Terminated || (c.phase == over || c.phase == cancelled) && req.Method != stack.BYE {
		tx.Respond(stack.Reply(req, 481, ""))
		return
	}
	if err := l.Receive(req); errors.Is(err, dialog.ErrStale) {
		tx.Respond(stack.Reply(req, 500, "CSeq out of order"))
		return
	}
	c.identity.learn(req)
	tx.Complete(c.identity.stamp)
	switch req.Method {
	case stack.BYE:
		c.byed(tx, req, l)
	case stack.INVITE, stack.UPDATE:
		c.reoffered(tx, req, l)
	case stack.PRACK:
		c.pracked(tx, req)
	case stack.OPTIONS:
		tx.Respond(c.u.capabilities(req))
	case stack.INFO:
		c.informed(tx, req)
	case stack.REFER:
		c.askedToRefer(tx, req, l)
	case stack.NOTIFY:
		c.notified(tx, req)
	default:
		tx.Respond(stack.Reply(req, 481, ""))
	}
}

// legOf is the dialog of the call with this ID.
func (c *call) legOf(id dialog.ID) *leg {
	if c == nil {
		return nil
	}
	for _, l := range c.legs {
		if l.ID == id {
			return l
		}
	}
	return nil
}

// byed takes a BYE (RFC 3261 §15.1.2).
func (c *call) byed(tx *stack.ServerTx, req *stack.Request, l *leg) {
	tx.Respond(stack.Reply(req, 200, ""))
	l.State = dialog.Terminated
	if l != c.leg {
		return // one of several early dialogs gave up
	}
	if c.phase == ringing {
		c.reject(487, "")
	}
	if c.phase == over { // hung up by us before their ACK
		c.bury(over)
		return
	}
	cause, text := reasonOf(req)
	c.end(Ended{Call: c.ref, ByRemote: true, Elsewhere: cause == 200, Cause: cause, Text: text})
}

// reoffered takes a re-INVITE or UPDATE.
func (c *call) reoffered(tx *stack.ServerTx, req *stack.Request, l *leg) {
	sdp := sdpOf(req)
	invite := req.Method == stack.INVITE
	least := c.u.tooShort(req)
	switch {
	case c.phase == ringing && invite, c.theirs != nil, invite && c.sent != nil:
		// Their former offer is not answered yet (RFC 3261 §14.2, 3311 §5.2).
		res := stack.Reply(req, 500, "")
		res.AppendHeader(stack.NewHeader("Retry-After", itoa(rand.IntN(10))))
		tx.Respond(res)
		return
	case c.offering != nil && (invite || sdp != nil), c.phase == dialing && sdp != nil, c.phase == ringing && sdp != nil:
		tx.Respond(stack.Reply(req, 491, ""))
		return
	case l != c.leg && invite:
		tx.Respond(stack.Reply(req, 481, ""))
		return
	case least > 0:
		res := stack.Reply(req, 422, "")
		res.AppendHeader(stack.NewHeader("Min-SE", itoa(least)))
		tx.Respond(res)
		return
	}
	l.Refresh(req.Contact())
	c.identify(req, tx.Source().Addr, "calling")
	if !invite && sdp == nil { // a mere refresh
		res := l.reply(req, 200)
		if l == c.leg {
			c.session.grant(c, req, res)
		}
		tx.Respond(res)
		return
	}
	c.theirs = tx
	tx.OnCancel(func(*stack.Request) {
		if c.theirs == tx {
			tx.Respond(stack.Reply(req, 487, ""))
			c.theirs = nil
		}
	})
	c.u.on(ReOffer{Call: c.ref, SDP: sdp})
}
