package ua

import (
	"errors"
	"time"

	"opendeskphone/sip/stack"
)

// Offer changes the session of a call by a re-INVITE. OfferAnswered or
// OfferRefused follows, unless the call ends.
func (u *UA) Offer(ref CallRef, sdp []byte) {
	u.with(ref, func(c *call) {
		if c.phase != talking || c.offering != nil || c.theirs != nil || c.sent != nil {
			u.on(OfferRefused{Call: ref, Code: 491})
			switch {
			case c.phase == answered:
				c.waits = true // for their ACK
			case c.phase == talking && c.offering == nil:
				c.retryLater()
			}
			return
		}
		c.reinvite(sdp)
	})
}

func (c *call) reinvite(sdp []byte) {
	c.glare.Stop()
	req := c.leg.request(stack.INVITE)
	c.session.refresh(req)
	setSDP(req, sdp)
	c.offering = c.leg.ask(req, func(k *ask, res *stack.Response, err error) {
		if err == nil && res.StatusCode < 300 {
			c.leg.acknowledge(k.req) // also a repeat
		}
		if c.offering != k || c.phase != talking {
			return
		}
		c.offering = nil
		c.offerOutcome(res, err)
	})
}

// offerOutcome takes the final response to our re-INVITE (RFC 3261 §14.1).
func (c *call) offerOutcome(res *stack.Response, err error) {
	switch {
	case errors.Is(err, stack.ErrTimeout), err == nil && (res.StatusCode == 408 || res.StatusCode == 481):
		cause := 408
		if res != nil {
			cause = res.StatusCode
		}
		c.leg.bye()
		c.end(Ended{Call: c.ref, Cause: cause, Text: "far side lost"})
	case err != nil:
		c.u.on(OfferRefused{Call: c.ref, Code: 503})
	case res.StatusCode < 300:
		c.again = 0
		c.leg.Refresh(res.Contact())
		c.refocus(res)
		c.session.agree(c, res)
		if sdp := sdpOf(res); sdp != nil {
			c.u.on(OfferAnswered{Call: c.ref, SDP: sdp})
		} else {
			c.u.on(OfferRefused{Call: c.ref, Code: 488})
		}
	case c.unready(res):
		c.again++
		c.u.on(OfferRefused{Call: c.ref, Code: 491})
		c.dueIn(max(retryAfter(res), t1))
	default:
		c.u.on(OfferRefused{Call: c.ref, Code: res.StatusCode})
		if res.StatusCode == 491 {
			c.retryLater()
		}
	}
}

const (
	maxAgain  = 3                // times an offer is made again to who is not ready for it
	mostReady = 10 * time.Second // it may ask us to wait for (RFC 3261 §14.2)
)

// unready tells whether a far side may refuse our offer only because something got lost on the way: it waits for our last
// ACK (RFC 3261 §14.2), or a later request of ours has overtaken this one (§12.2.2).
func (c *call) unready(res *stack.Response) bool {
	return res.StatusCode == 500 && retryAfter(res) <= mostReady && c.again < maxAgain
}

// retryLater asks for a new offer once the glare is over: the owner of the
// Call-ID waits longer (RFC 3261 §14.1).
func (c *call) retryLater() {
	wait := jitter(0, 2*time.Second)
	if c.caller {
		wait = jitter(2100*time.Millisecond, 4*time.Second)
	}
	c.dueIn(wait.Round(10 * time.Millisecond))
}

func (c *call) dueIn(wait time.Duration) {
	c.glare.Stop()
	c.glare = c.u.stack.After(wait, c.due)
}

// due asks the user of the package for an offer.
func (c *call) due() {
	if c.phase != talking {
		return
	}
	if c.offering != nil || c.theirs != nil || c.sent != nil {
		c.retryLater()
		return
	}
	c.u.on(OfferDue{Call: c.ref})
}

// AnswerOffer answers a ReOffer: with the answer to its offer, or with our
// offer if it asked for one; then OfferAnswered brings the answer.
func (u *UA) AnswerOffer(ref CallRef, sdp []byte) {
	u.with(ref, func(c *call) {
		tx := c.theirs
		if tx == nil {
			return
		}
		c.theirs = nil
		req := tx.Request()
		res := c.leg.reply(req, 200)
		c.session.grant(c, req, res)
		setSDP(res, sdp)
		if req.Method == stack.UPDATE {
			tx.Respond(res)
			c.refocus(req)
			return
		}
		late := sdpOf(req) == nil
		c.send2xx(tx, res, func(ack []byte) {
			c.refocus(req)
			switch {
			case late && ack != nil:
				c.u.on(OfferAnswered{Call: ref, SDP: ack})
			case late:
				c.u.on(OfferRefused{Call: ref, Code: 488})
			}
		})
	})
}

// RefuseOffer refuses a ReOffer with a code, 488 most of the time. The session
// is as it was before.
func (u *UA) RefuseOffer(ref CallRef, code int) {
	u.with(ref, func(c *call) {
		if tx := c.theirs; tx != nil && code >= 400 && code < 700 {
			c.theirs = nil
			tx.Respond(stack.Reply(tx.Request(), code, ""))
		}
	})
}
