package lines

import (
	"errors"
	"strings"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/offer"
	"opendeskphone/sip/ua"
)

func (a *Adapter) handle(e ua.Event) {
	switch e := e.(type) {
	case ua.LineState:
		a.lineState(e)
	case ua.Middlebox:
		a.post(phone.Noticed{Notice: phone.NetworkRewrites, Text: strings.Join(e.Changes, ", ")})
		a.post(phone.Noticed{Notice: phone.NetworkForgets, Text: lasting(e.Forgets)})
	case ua.Unasked:
		a.unasked(e)
	case ua.Remapped:
		a.remapped(phone.LineID(e.Account))
	case ua.Incoming:
		a.incoming(e)
	case ua.Begun:
		a.with(e.Call, func(c *call) { a.name(c, e.CallID); c.callID = e.CallID; a.tellShare(c.line) })
	case ua.Redirected:
		a.with(e.Call, func(c *call) { a.post(phone.Redirected{Call: c.id, To: a.peer(e.To)}) })
	case ua.Progress:
		a.with(e.Call, func(c *call) { a.progress(c, e) })
	case ua.Accepted:
		a.with(e.Call, func(c *call) { a.accepted(c, e) })
	case ua.Failed:
		a.with(e.Call, func(c *call) { a.failed(c, e) })
	case ua.Confirmed:
		a.with(e.Call, func(c *call) { a.confirmed(c, e) })
	case ua.Ended:
		a.with(e.Call, func(c *call) { a.ended(c, e) })
	case ua.ReOffer:
		a.with(e.Call, func(c *call) { a.reOffer(c, e) })
	case ua.OfferAnswered:
		a.with(e.Call, func(c *call) { a.offerAnswered(c, e) })
	case ua.OfferRefused:
		a.with(e.Call, func(c *call) { a.offerRefused(c, e) })
	case ua.OfferDue:
		a.with(e.Call, a.offer)
	case ua.Identified:
		a.with(e.Call, func(c *call) { a.post(phone.RemoteChanged{Call: c.id, Remote: a.peer(e.Remote)}) })
	case ua.Trickled:
		a.with(e.Call, func(c *call) { c.voice.Trickled(e.Fragment) })
	case ua.Watching:
		a.mailWatching(e)
		if n := a.watches[e.Sub]; n != nil {
			a.watchingMoved(n, e)
		}
		a.rosterWatching(e)
		a.shareWatching(e)
	case ua.Published:
		a.published(e)
	case ua.Neutral:
		a.handedDown(e.Sub, nil)
		if n := a.watches[e.Sub]; n != nil {
			a.neutral(n)
		}
		a.shareNeutral(e)
	case ua.Notified:
		a.mailNotified(e)
		a.handedDown(e.Sub, e.Body)
		if n := a.watches[e.Sub]; n != nil && !a.notified(n, e) {
			a.agent.Refetch(e.Sub)
		}
		a.rosterNotified(e)
		a.shareNotified(e)
	case ua.Refocused:
		a.with(e.Call, func(c *call) { a.refocused(c, e) })
	case ua.Controlled:
		a.with(e.Call, func(c *call) { a.controlled(c, e) })
	case ua.Referral:
		a.with(e.Call, func(c *call) { a.referral(c, e) })
	case ua.ReferAsked:
		a.with(e.Call, func(c *call) { a.referAsked(c, e) })
	}
}

// lasting is a time in words, "" if there is none.
func lasting(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func (a *Adapter) with(ref ua.CallRef, do func(*call)) {
	if c := a.refs[ref]; c != nil {
		do(c)
	}
}

var lineStates = map[ua.State]phone.LineState{
	ua.Off: phone.LineOff, ua.Registering: phone.LineRegistering, ua.Registered: phone.LineRegistered, ua.Failing: phone.LineFailing,
}

var lineFaults = map[ua.Fault]phone.LineFault{
	ua.NoFault: phone.NoFault, ua.WrongPassword: phone.WrongPassword, ua.Unreachable: phone.RegistrarUnreachable,
	ua.ServerTrouble: phone.RegistrarRefused, ua.Refused: phone.RegistrarRefused, ua.CertExpired: phone.CertExpired,
	ua.CertWrongName: phone.CertWrongName, ua.CertUnknownAuthority: phone.CertUnknownAuthority, ua.CertNotYetValid: phone.CertNotYetValid, ua.CertUnusable: phone.CertUnusable, ua.CertOurs: phone.CertOurs, ua.CertOther: phone.TLSRefused,
	ua.BadAccount: phone.RegistrarRefused,
}

func (a *Adapter) lineState(e ua.LineState) {
	line := phone.LineID(e.Account)
	if int(line) >= len(a.lines) {
		return
	}
	if a.up[line] = e.State == ua.Registered; a.up[line] {
		delete(a.silent, line)
	}
	switch {
	case e.State == ua.Registered && e.Local.IsValid():
		a.take(routed{line, e.Local, true})
	case e.State == ua.Registered:
		a.seekRoute(line, true)
	}
	if e.State == ua.Failing || e.State == ua.Off {
		a.mailUnsure(line)
	}
	detail := e.Text
	if e.State == ua.Registered {
		detail = e.TLS.String()
	}
	a.post(phone.LineChanged{Line: line, State: lineStates[e.State], Fault: lineFaults[e.Fault], Detail: detail, Retry: e.Retry, Until: e.TLS.Until, Life: e.TLS.Life})
}

// incoming negotiates before it rings: a call whose voice we could not take never disturbs anybody.
func (a *Adapter) incoming(e ua.Incoming) {
	line := phone.LineID(e.Account)
	out := e.Account == gatewayAccount
	if out {
		line = a.lineOf(e)
	}
	if int(line) >= len(a.lines) {
		a.agent.Reject(e.Call, 404)
		return
	}
	c := &call{ref: e.Call, callID: e.CallID, line: line, lame: out || e.Able.Gateway, gateway: out || e.Way.Gateway, way: e.Way, theirs: e.Theirs, late: e.SDP == nil, open: !e.Sealed, remote: e.SDP}
	c.from, c.vouched = e.From, e.Verstat != ua.NoVerstat
	c.focus.uri = e.Able.Focus
	invited := a.invited(e)
	invited.Line = line
	for _, named := range []struct {
		ref ua.CallRef
		id  *phone.CallID
	}{{e.Replaces, &invited.Replaces}, {e.Joins, &invited.Joins}} {
		if named.ref == 0 {
			continue
		}
		old := a.refs[named.ref]
		if old == nil || old.id == 0 {
			a.agent.Reject(e.Call, 481)
			return
		}
		*named.id = old.id
	}
	if err := a.open(c); err != nil {
		a.log.Error("no voice for a call", "err", err)
		a.agent.Reject(e.Call, 500)
		return
	}
	a.refs[c.ref] = c
	a.reach(c, func() {
		if !c.late {
			var err error
			if c.answer, c.agreed, err = c.sdp.Answer(e.SDP, offer.SendRecv); err != nil {
				a.log.Info("call refused", "err", err)
				code, warning, text := refusal(err)
				a.agent.RejectOffer(e.Call, code, warning, text)
				a.drop(c)
				return
			}
		}
		a.post(invited)
		a.check(c, e)
	})
}

func (a *Adapter) accepted(c *call, e ua.Accepted) {
	m, err := c.sdp.Accept(e.SDP)
	if err != nil {
		a.log.Info("answer cannot be taken", "call", c.id, "err", err)
		a.agent.Hangup(c.ref)
		a.fail(c, sdpCause(err), err.Error())
		return
	}
	c.stands, c.theirs, c.remote, c.lame = true, e.Theirs, e.SDP, c.lame || e.Able.Gateway
	c.voice.Expect(nil)
	a.tell(c, 200, "")
	a.apply(c, m)
	a.post(phone.Able{Call: c.id, Refers: e.Able.Refers, Replaces: e.Able.Replaces, Focus: e.Able.Focus, Controls: e.Able.Controls})
	a.post(phone.Accepted{Call: c.id})
	c.focus.uri = e.Able.Focus
	a.attend(c)
}

func (a *Adapter) failed(c *call, e ua.Failed) {
	switch e.Code {
	case 406, 415, 488, 606: // keys beside plain RTP (RFC 8643) may be too little or too much
		if c.sdp.Retreat() {
			delete(a.refs, c.ref)
			a.call(c)
			return
		}
	}
	if a.down(c, e) && a.detoured(c) {
		return
	}
	a.tell(c, e.Code, e.Text)
	cause := failCause(e.Code)
	if cause == phone.Incompatible && c.policy == offer.Required { // they take no offer of ours: all were encrypted
		cause = phone.NotEncrypted
	}
	a.fail(c, cause, e.Text)
}

var failCauses = map[int]phone.Cause{
	401: phone.NotAllowed, 403: phone.NotAllowed, 407: phone.NotAllowed,
	404: phone.NotFound, 410: phone.NotFound, 484: phone.Incomplete, 604: phone.NotFound,
	408: phone.NoAnswer, 480: phone.NoAnswer, 486: phone.UserBusy, 600: phone.UserBusy, 603: phone.Rejected,
	415: phone.Incompatible, 488: phone.Incompatible, 606: phone.Incompatible,
	500: phone.Unreachable, 503: phone.Unreachable, 504: phone.Unreachable,
}

func failCause(code int) phone.Cause {
	if c, ok := failCauses[code]; ok {
		return c
	}
	return phone.ServerError
}

func (a *Adapter) confirmed(c *call, e ua.Confirmed) {
	if c.late {
		c.remote = e.SDP
		m, err := c.sdp.Accept(e.SDP)
		if err != nil {
			a.log.Info("answer cannot be taken", "call", c.id, "err", err)
			a.agent.Hangup(c.ref)
			a.post(phone.Byed{Call: c.id, Cause: sdpCause(err), Reason: err.Error()})
			a.drop(c)
			return
		}
		a.apply(c, m)
	}
	a.post(phone.Confirmed{Call: c.id})
	a.attend(c)
}

func (a *Adapter) ended(c *call, e ua.Ended) {
	cause := phone.RemoteHangup
	switch {
	case e.Elsewhere:
		cause = phone.Elsewhere
	case !e.ByRemote:
		cause = phone.Unreachable
	case !c.stands:
		cause = phone.Cancelled
	}
	a.post(phone.Byed{Call: c.id, Cause: cause, Reason: e.Text})
	a.drop(c)
}

func (a *Adapter) reOffer(c *call, e ua.ReOffer) {
	if c.bridged() {
		a.relayOffer(c, e.SDP)
		return
	}
	if e.SDP == nil {
		body, err := c.sdp.Offer(c.direction())
		if err != nil {
			a.agent.RefuseOffer(c.ref, 491)
			return
		}
		a.agent.AnswerOffer(c.ref, c.out(body))
		return
	}
	if c.sdp.Restarts(e.SDP) {
		a.reach(c, func() { a.answerOffer(c, e.SDP) })
		return
	}
	a.answerOffer(c, e.SDP)
}

func (a *Adapter) answerOffer(c *call, theirs []byte) {
	body, m, err := c.sdp.Answer(theirs, c.direction())
	if err != nil {
		code, _, _ := refusal(err)
		a.agent.RefuseOffer(c.ref, code)
		return
	}
	c.remote = theirs
	a.agent.AnswerOffer(c.ref, c.out(body))
	a.apply(c, m)
}

func (a *Adapter) offerAnswered(c *call, e ua.OfferAnswered) {
	if c.relayed {
		a.relayAnswered(c, e.SDP)
		return
	}
	m, err := c.sdp.Accept(e.SDP)
	switch {
	case sdpCause(err) == phone.NotEncrypted: // they have gone on without keys, and we do not
		a.agent.Hangup(c.ref)
		a.post(phone.Byed{Call: c.id, Cause: phone.NotEncrypted, Reason: err.Error()})
		a.drop(c)
		return
	case err != nil:
		a.log.Info("answer cannot be taken", "call", c.id, "err", err)
		c.sdp.Rollback()
	default:
		c.remote = e.SDP
		a.apply(c, m)
	}
	if c.due {
		a.offer(c)
	}
	a.quiet(c)
}

// offerRefused: the session stays as it was. After glare (491) the user agent says when to try again.
func (a *Adapter) offerRefused(c *call, e ua.OfferRefused) {
	if c.relayed {
		a.relayRefused(c, e.Code)
		return
	}
	c.sdp.Rollback()
	if e.Code == 491 {
		c.due = true
		return
	}
	if !c.held && !c.agreed.Direction.Receives() { // it was the way back from hold
		c.held = true
		a.post(phone.ResumeRefused{Call: c.id})
	}
	if c.due {
		a.offer(c)
	}
	a.quiet(c)
}

// sdpCause says why a session description cannot be taken.
func sdpCause(err error) phone.Cause {
	var refused *offer.Refused
	if errors.As(err, &refused) && refused.Unkeyed {
		return phone.NotEncrypted
	}
	return phone.Incompatible
}

// refusal is the SIP answer to a session description we cannot take, with what it says of the reason.
func refusal(err error) (code, warning int, text string) {
	var refused *offer.Refused
	if errors.As(err, &refused) {
		return refused.Code, refused.Warning, refused.Text
	}
	if errors.Is(err, offer.ErrPending) {
		return 491, 0, ""
	}
	return 488, 0, ""
}
