package lines

import (
	"bytes"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/offer"
	"opendeskphone/sip/ua"
)

// execMove carries out the effects that hand calls over.
func (a *Adapter) execMove(e phone.Effect) {
	switch e := e.(type) {
	case phone.SendRefer:
		c, place := a.calls[e.Call], a.calls[e.Replaces]
		switch {
		case c == nil: // gone, and the centre hears of it
		case e.Replaces != 0 && place == nil:
			a.post(phone.MoveRefused{Call: e.Call, Cause: phone.NotFound})
		case place != nil:
			a.whenQuiet(c, func() { a.agent.ReferTo(c.ref, place.ref) })
		default:
			target := a.sipURI(c.line, e.Target)
			if e.Bye {
				target += ";method=BYE"
			}
			a.whenQuiet(c, func() { a.agent.Refer(c.ref, target) })
		}
	case phone.SendMute:
		a.control(e)
	case phone.SendBridge:
		c, with := a.calls[e.Call], a.calls[e.With]
		if c == nil || with == nil {
			return // one has ended: the centre hears of it and ends the other
		}
		a.still(c)
		a.still(with)
		c.bridge, with.bridge = with, c
		c.waits, with.waits = true, true
		a.whenQuiet(c, func() { a.whenQuiet(with, func() { a.startBridge(c) }) })
	case phone.RefuseRefer:
		a.agent.RefuseRefer(ua.ReferRef(e.Ref))
	default:
		a.execPage(e)
	}
}

// whenQuiet does something once no offer of ours is out in a call: peers stumble over a REFER that
// meets a re-INVITE, and one offer at a time is the law (RFC 3261 §14.1).
func (a *Adapter) whenQuiet(c *call, do func()) {
	if c.sdp.Pending() || c.relayed || c.due {
		c.then = append(c.then, do)
		return
	}
	do()
}

// quiet does what had to wait for an offer to end.
func (a *Adapter) quiet(c *call) {
	for len(c.then) > 0 && !c.sdp.Pending() && !c.relayed && !c.due {
		do := c.then[0]
		c.then = c.then[1:]
		do()
	}
}

// referral tells the centre how a REFER of ours goes.
func (a *Adapter) referral(c *call, e ua.Referral) {
	switch {
	case e.Code < 200:
		a.post(phone.MoveProgressed{Call: c.id})
	case e.Code < 300:
		a.post(phone.Moved{Call: c.id})
	default:
		unable := e.Own && (e.Code == 405 || e.Code == 501)
		a.post(phone.MoveRefused{Call: c.id, Cause: failCause(e.Code), Reason: e.Text, Unable: unable})
	}
}

func (a *Adapter) referAsked(c *call, e ua.ReferAsked) {
	r := phone.Referred{Ref: phone.Ref(e.Refer), Call: c.id, To: a.peer(e.To)}
	if e.By != (ua.Peer{}) {
		r.By = a.peer(e.By)
	}
	a.post(r)
}

// tell tells whoever sent us to this far side what came of it.
func (a *Adapter) tell(c *call, code int, text string) {
	if c.refer == 0 {
		return
	}
	a.agent.TellReferrer(c.refer, code, text)
	if code >= 200 {
		c.refer = 0
	}
}

// A bridge joins two far sides by giving each the session description of the other (RFC 3725). The
// phone stays between them for the signalling alone:
//
//	re-INVITE c, as the other describes itself      -> answer
//	re-INVITE the other, as c describes itself      -> answer
//
// and whatever one of them changes later is passed on to the other.

// bridged tells whether the far sides are being joined, or are.
func (c *call) bridged() bool { return c.bridge != nil && !c.waits }

// still holds the far side of a gateway before it is given other voice: it takes that only as the way back from hold.
func (a *Adapter) still(c *call) {
	if c.lame && !c.held {
		c.held = true
		a.offer(c)
	}
}

func (a *Adapter) startBridge(c *call) {
	if c.bridge == nil {
		return
	}
	c.waits, c.bridge.waits = false, false
	c.passed = false
	a.relay(c)
}

// relay offers a bridged far side what the other one has described last.
func (a *Adapter) relay(c *call) {
	a.silence(c)
	c.relayed = true
	body := c.wrap(c.bridge.remote)
	if c.lame && c.bridge.asked && holds(c.bridge.remote) {
		body = append(body, "a=inactive\r\n"...) // the one way in which a gateway can be held
	}
	a.agent.Offer(c.ref, body)
}

// holds tells whether a description is that of somebody who holds the other side.
func holds(body []byte) bool {
	return bytes.Contains(body, []byte("a=sendonly")) || bytes.Contains(body, []byte("a=inactive"))
}

// silence stops our own voice in a call whose voice passes by.
func (a *Adapter) silence(c *call) {
	m := c.agreed
	m.Direction = offer.Inactive
	if err := c.voice.Apply(m); err != nil {
		a.log.Error("voice cannot be taken up", "call", c.id, "err", err)
	}
}

// relayAnswered takes the answer to what was relayed.
func (a *Adapter) relayAnswered(c *call, sdp []byte) {
	c.relayed, c.remote = false, sdp
	other := c.bridge
	switch {
	case other == nil: // the bridge is gone: put our own voice in again
		a.offer(c)
	case other.asked: // it was the other's wish
		other.asked = false
		a.agent.AnswerOffer(other.ref, other.wrap(sdp))
	case !c.passed: // what c says the other must hear
		c.passed, other.passed = true, true
		a.relay(other)
	}
	a.quiet(c)
}

// relayRefused: the two cannot be brought together. After glare the user agent says when to try again.
func (a *Adapter) relayRefused(c *call, code int) {
	c.relayed = false
	other := c.bridge
	switch {
	case code == 491:
		c.due = true
	case other == nil:
		a.offer(c)
	case other.asked:
		other.asked = false
		a.agent.RefuseOffer(other.ref, code)
	default:
		a.unbridge(c)
		a.post(phone.MoveRefused{Call: c.id, Cause: phone.Incompatible})
	}
	a.quiet(c)
}

// relayOffer passes on what a bridged far side wants to change.
func (a *Adapter) relayOffer(c *call, sdp []byte) {
	if sdp == nil {
		a.agent.AnswerOffer(c.ref, c.wrap(c.bridge.remote))
		c.relayed = true
		return
	}
	if c.bridge.relayed {
		a.agent.RefuseOffer(c.ref, 491)
		return
	}
	c.remote, c.asked, c.bridge.passed = sdp, true, true
	a.relay(c.bridge)
}

// unbridge gives each far side back to us.
func (a *Adapter) unbridge(c *call) {
	if other := c.bridge; other != nil {
		c.bridge, other.bridge = nil, nil
		c.waits, other.waits = false, false
		c.asked, other.asked = false, false
	}
}
