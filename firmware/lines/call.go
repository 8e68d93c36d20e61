package lines

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/ice"
	"opendeskphone/sip/offer"
	"opendeskphone/sip/stack"
	"opendeskphone/sip/stir"
	"opendeskphone/sip/ua"
)

// call is one call between the centre and the user agent.
type call struct {
	id     phone.CallID // 0 until the centre has taken it
	ref    ua.CallRef   // 0 until it is sent
	callID string       // of its messages
	theirs ua.DialogID  // its dialog as the far side has it; zero until there is one
	line   phone.LineID
	target string
	sdp    *offer.Session
	voice  Voice
	life   context.Context // of the voice
	stop   context.CancelFunc
	addr   netip.Addr // ours, as it was last told
	agreed offer.Media
	answer []byte // incoming: what we will answer with
	late   bool   // incoming without an offer: what we answer with is ours
	stands bool   // answered, by us or by them
	held   bool   // we hold the far side
	parked bool   // the far side holds us
	lame   bool   // the far side is a gateway, or as little able

	gateway bool       // incoming: out of a gateway, by what it says or where it comes from
	way     ua.Way     // incoming: how it has come
	open    bool       // others can read what is signalled: no TLS
	policy  offer.SRTP // of the line when the call began
	told    phone.Secured
	due     bool // an offer of ours has to wait for another to end

	says   ua.Invitation // outgoing: what the INVITE says besides its offer
	refer  ua.ReferRef   // outgoing: who sent us waits for the outcome
	then   []func()      // to be done when no offer of ours is out
	remote []byte        // how the far side described itself last
	origin origin
	early  early
	detour detour

	from    ua.Peer     // incoming: who calls, as the network has it
	vouched bool        // our server has checked the number
	result  stir.Result // of our own check

	bridge  *call  // the call whose far side this one's is joined with
	waits   bool   // the bridge does, until no offer of ours is out: what is offered until then is our own voice
	relayed bool   // the offer that is out describes the other far side
	passed  bool   // both know of each other
	focus   attend // of the conference it leads to
	asked   bool   // the far side's own offer waits for the other's answer
}

// open gives a call its voice.
func (a *Adapter) open(c *call) error {
	v, err := a.voices.Open(a.reachOf(c))
	if err != nil {
		return err
	}
	local := a.local(c, v)
	c.voice, c.sdp, c.addr, c.policy = v, offer.New(local), local.Addr, local.SRTP
	ctx, stop := context.WithCancel(a.run)
	c.life, c.stop = ctx, stop
	a.wg.Go(func() {
		defer a.voices.Close(v)
		if err := v.Run(ctx); err != nil {
			a.log.Warn("voice ended", "call", c.id, "err", err)
		}
	})
	return nil
}

// gatherTime is how long a call may be held up by finding out how it can be reached.
const gatherTime = 500 * time.Millisecond

// reached is what is to be done once it is known how a call can be reached.
type reached func()

// reach finds out how the far side can reach the call's voice, and then does the rest, unless the call is over by then.
// A line without help of servers goes on at once.
func (a *Adapter) reach(c *call, then func()) {
	next := func() {
		if c.life.Err() != nil {
			return
		}
		local := a.local(c, c.voice)
		c.addr = local.Addr
		c.sdp.Reach(local)
		then()
	}
	if a.reachOf(c).Mode == ice.Off {
		next()
		return
	}
	a.wg.Go(func() {
		ctx, cancel := context.WithTimeout(c.life, gatherTime)
		defer cancel()
		if err := c.voice.Gather(ctx); err != nil {
			a.log.Warn("how a call can be reached cannot be found out", "call", c.id, "err", err)
		}
		a.put(reached(next))
	})
}

// drop ends the voice of a call and forgets it.
func (a *Adapter) drop(c *call) {
	a.tell(c, 487, "")
	a.unbridge(c)
	a.unattend(c)
	a.hush(c)
	delete(a.calls, c.id)
	delete(a.refs, c.ref)
}

// hush ends the voice of a call; the user agent may still be busy with it.
func (a *Adapter) hush(c *call) {
	if c.stop != nil {
		c.stop()
	}
}

// direction is what we want of the voice now.
func (c *call) direction() offer.Direction {
	switch {
	case c.held && c.lame: // old exchanges know no other hold
		return offer.Inactive
	case c.held:
		return offer.SendOnly // RFC 3264 §8.4
	}
	return offer.SendRecv
}

func (a *Adapter) exec(e phone.Effect) {
	switch e := e.(type) {
	case phone.SendInvite:
		a.invite(e)
	case phone.SendRegister:
		a.agent.Renew() // whatever keeps one line away may keep the others
	case phone.SendPresence:
		a.own = e.Published
		a.tellOwn()
	case phone.HandRules:
		a.handRules()
	case phone.SendAppearances:
		a.appeared(e.Calls)
	case phone.SendRinging:
		a.ringing(e)
	case phone.RefuseInvite:
		if c := a.refs[ua.CallRef(e.Ref)]; c != nil {
			if e.Target != "" {
				a.deflect(c, e.Target, e.Why)
			} else {
				a.agent.Reject(c.ref, refusalCode(e.Cause))
			}
			a.drop(c)
		}
	default:
		a.execOn(e)
	}
}

// execOn carries out the effects on a call that exists; one that is gone needs nothing.
func (a *Adapter) execOn(e phone.Effect) {
	with := func(id phone.CallID, do func(*call)) {
		if c := a.calls[id]; c != nil {
			do(c)
		}
	}
	hangup := func(c *call) {
		a.hush(c)
		if c.ref == 0 { // its INVITE has not left yet
			a.failed(c, ua.Failed{Code: 487, Text: "Request Terminated"})
			return
		}
		a.agent.Hangup(c.ref)
	}
	switch e := e.(type) {
	case phone.SendAccept:
		with(e.Call, a.accept)
	case phone.SendReject:
		with(e.Call, func(c *call) { a.hush(c); a.agent.Reject(c.ref, refusalCode(e.Cause)) })
	case phone.SendDeflect:
		with(e.Call, func(c *call) { a.hush(c); a.deflect(c, e.Target, e.Why) })
	case phone.SendCancel:
		with(e.Call, hangup)
	case phone.SendBye:
		with(e.Call, hangup)
	case phone.SendHold:
		with(e.Call, func(c *call) { a.unbridge(c); c.held = e.On; a.offer(c) })
	case phone.PlayDTMF:
		with(e.Call, func(c *call) { c.voice.SendDTMF(e.Digit) })
	default:
		a.execMove(e)
	}
}

func (a *Adapter) invite(e phone.SendInvite) {
	c := &call{id: e.Call, line: e.Line, target: a.uri(e.Line, e.Target), refer: ua.ReferRef(e.Refer)}
	c.says = ua.Invitation{Conversation: e.Conversation, Replaces: ua.DialogID(e.Replaces), Early: e.Early, Join: ua.DialogID(e.Join), Refer: c.refer, Anonymous: e.Withheld}
	if e.Conversation == "" {
		c.says.Conversation = ua.NewConversation()
		a.post(phone.Conversing{Call: e.Call, Conversation: c.says.Conversation})
	}
	rung := a.calls[e.Beside]
	if rung != nil && !a.forks(c, rung) {
		return
	}
	c.open = !a.lines[e.Line].sealed(c.target)
	if err := a.open(c); err != nil {
		a.log.Error("no voice for a call", "call", e.Call, "err", err)
		a.post(phone.CallFailed{Call: e.Call, Cause: phone.Incompatible, Reason: err.Error()})
		a.agent.RefuseRefer(c.refer)
		return
	}
	a.calls[c.id] = c
	a.voices.Bind(c.id, c.voice)
	if c.says.Replaces == (ua.DialogID{}) && c.says.Join == (ua.DialogID{}) && c.refer == 0 && (rung == nil || !rung.gateway) {
		c.detour = detour{number: e.Target, left: a.ways(e.Target)}
	}
	if name, ok := a.known.NameOf(e.Target); ok {
		a.post(phone.RemoteChanged{Call: c.id, Remote: phone.Peer{Name: name, Number: e.Target, URI: e.Target}})
	}
	if (a.gateways.Always || !a.served(c.line)) && a.detoured(c) {
		return
	}
	a.reach(c, func() { a.call(c) })
}

// deflect sends a ringing call on. One out of a gateway goes into none again: what it would come back by, nobody knows.
func (a *Adapter) deflect(c *call, target string, why phone.Why) {
	if c.gateway && len(a.ways(target)) > 0 {
		a.agent.Reject(c.ref, int(ua.StopDiverted))
		return
	}
	a.agent.Deflect(c.ref, a.sipURI(c.line, target), diversions[why])
}

// call sends the INVITE of an outgoing call.
func (a *Adapter) call(c *call) {
	body, err := c.sdp.Offer(offer.SendRecv)
	if err != nil {
		a.fail(c, sdpCause(err), err.Error())
		return
	}
	c.says.SDP, c.early, c.says.Else = c.out(body), early{}, len(c.detour.left) > 0
	c.ref = a.agent.Invite(c.account(), c.target, c.says)
	a.refs[c.ref] = c
}

// uri makes what was dialled a URI for the line's server.
func (a *Adapter) uri(line phone.LineID, target string) string {
	l := &a.lines[line]
	return l.URIs.URI(target, l.Account.AOR)
}

// sipURI makes a URI of it that is for others than that server, who know no way to a tel: one.
func (a *Adapter) sipURI(line phone.LineID, target string) string {
	l := &a.lines[line]
	if l.URIs == phone.TelURI {
		return phone.PhoneURI.URI(target, l.Account.AOR)
	}
	return l.URIs.URI(target, l.Account.AOR)
}

func (a *Adapter) ringing(e phone.SendRinging) {
	c := a.refs[ua.CallRef(e.Ref)]
	if c == nil { // the caller gave up before the centre knew
		a.post(phone.Byed{Call: e.Call, Cause: phone.Cancelled})
		return
	}
	c.id = e.Call
	a.calls[c.id] = c
	a.voices.Bind(c.id, c.voice)
	a.name(c, c.callID)
	a.agent.Ring(c.ref)
	a.prove(c)
}

func (a *Adapter) accept(c *call) {
	if c.late {
		body, err := c.sdp.Offer(offer.SendRecv)
		if err != nil {
			a.log.Error("no offer for a call without one", "call", c.id, "err", err)
		}
		c.answer = body
	}
	c.stands = true
	a.agent.Accept(c.ref, c.out(c.answer))
	a.agent.Flush() // the caller waits; what our own sound takes to begin comes after
	if !c.late {
		a.apply(c, c.agreed)
	}
}

// apply takes up what was agreed and tells the centre what it can see of it.
func (a *Adapter) apply(c *call, m offer.Media) {
	goes := m.DTLS != nil && c.agreed.DTLS != nil && *m.DTLS == *c.agreed.DTLS // a handshake that stands goes on
	c.agreed = m
	if err := c.voice.Apply(m); err != nil {
		a.log.Error("voice cannot be taken up", "call", c.id, "err", err)
	}
	if m.ICE != nil && m.ICE.Trickle { // only who can, is told later (RFC 8838 §3)
		ref := c.ref
		c.voice.Trickle(func(fragment []byte) { a.agent.Trickle(ref, fragment) })
	}
	a.secured(phone.Secured{Call: c.id, On: m.Crypto != nil || goes && c.told.On, Open: m.Crypto != nil && c.open, DTLS: goes && c.told.On}, c)
	if m.RemoteHeld != c.parked {
		c.parked = m.RemoteHeld
		a.post(phone.RemoteHeld{Call: c.id, On: c.parked})
	}
}

// secured tells the centre how well the voice is kept, if it is news.
func (a *Adapter) secured(s phone.Secured, c *call) {
	if c.told.Call = c.id; s != c.told {
		c.told = s
		a.post(s)
	}
}

// keyed takes the outcome of a handshake: a call that was to be secret and cannot be is none.
func (a *Adapter) keyed(c *call, k keyed) {
	switch {
	case c.agreed.DTLS == nil: // of an agreement that is over
	case k.ok:
		a.secured(phone.Secured{Call: c.id, On: true, DTLS: true}, c)
	case c.stands:
		a.agent.Hangup(c.ref)
		a.post(phone.Byed{Call: c.id, Cause: phone.NotEncrypted, Reason: k.why})
		a.drop(c)
	default:
		a.agent.Hangup(c.ref)
		a.fail(c, phone.NotEncrypted, k.why)
	}
}

// sealed tells whether what a line signals goes over TLS, at least as far as its server.
func (l *Line) sealed(target string) bool {
	a := &l.Account
	if a.Direct {
		return strings.HasPrefix(target, "sips:") || strings.Contains(target, ";transport=tls")
	}
	server := a.Proxy
	if server == "" {
		server = a.Registrar
	}
	return a.Transport == stack.TLS || strings.HasPrefix(server, "sips:") || server == "" && strings.HasPrefix(a.AOR, "sips:")
}

// fail reports a call that did not come about and forgets it.
func (a *Adapter) fail(c *call, cause phone.Cause, reason string) {
	a.post(phone.CallFailed{Call: c.id, Cause: cause, Reason: reason})
	a.drop(c)
}

// offer offers the call's present direction to the far side, now or when the offer that is out has
// been answered.
func (a *Adapter) offer(c *call) {
	if c.bridged() {
		a.relay(c)
		return
	}
	if c.relayed {
		c.due = true
		return
	}
	body, err := c.sdp.Offer(c.direction())
	if errors.Is(err, offer.ErrPending) {
		c.due = true
		return
	}
	if err != nil {
		a.log.Error("no offer", "call", c.id, "err", err)
		return
	}
	c.due = false
	a.agent.Offer(c.ref, c.out(body))
}

// diversions are the reasons for which calls are sent on.
var diversions = map[phone.Why]ua.Diversion{
	phone.Deflected: ua.ByUser, phone.WhyAlways: ua.ByRule, phone.WhyBusy: ua.WhenBusy, phone.WhyNoAnswer: ua.Unanswered, phone.WhyNotDisturb: ua.NotDisturbs, phone.WhyDeclined: ua.Declined,
}

// refusalCode is the answer to an INVITE that is not taken.
func refusalCode(c phone.Cause) int {
	switch c {
	case phone.Rejected:
		return 603
	case phone.NoAnswer:
		return 480
	case phone.NotFound:
		return 404
	case phone.NotAllowed:
		return 433 // anonymity disallowed (RFC 5079)
	case phone.Incompatible, phone.NotEncrypted:
		return 488
	}
	return 486
}
