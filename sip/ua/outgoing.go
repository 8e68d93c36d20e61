package ua

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"opendeskphone/sip/dialog"
	"opendeskphone/sip/stack"
)

// dialling is the state of an outgoing call that is not answered.
type dialling struct {
	sdp      []byte
	to       stack.Uri // as dialled; stays in To
	uri      stack.Uri // being called, differs after a redirection
	tag      string
	seq      uint32
	run      *ask           // the INVITE under way
	patience *stack.Timer   // with a silent server
	targets  []stack.Target // where to send it, in turn
	tried    int
	alive    bool // a provisional response was seen
	minimum  int  // Min-SE of a 422
	seen     []string
	next     []stack.Uri // redirection targets not tried yet
	extra    []stack.Header

	anonymous bool
	from      string
	otherwise bool // there is another way than by the targets
	way       Way  // of the call for which this one is made
}

// maxRedirects bounds how many targets a 3xx may lead to.
const maxRedirects = 5

// Call calls a target: a URI, or a user part within the domain of the account.
// sdp is the offer. The reference is valid at once.
func (u *UA) Call(id AccountID, target string, sdp []byte) CallRef {
	return u.Invite(id, target, Invitation{SDP: sdp})
}

// Invitation is what an INVITE says besides whom it calls.
type Invitation struct {
	SDP          []byte   // the offer
	Conversation string   // the conversation it belongs to, see NewConversation; empty: one of its own
	Replaces     DialogID // the dialog of the called whose place it takes; zero: none
	Early        bool     // if that is not answered yet (RFC 3891 §7.1)
	Join         DialogID // the dialog of the called that it joins (RFC 3911); zero: none
	Refer        ReferRef // the ReferAsked it answers, whose target is called; 0: none
	Anonymous    bool     // the called is not told who calls (RFC 3323, RFC 3325)
	From         string   // a SIP URI that calls in place of the account's own address; empty: that
	Else         bool     // there is another way to the called: a server that is silent is given up within 4 s, as where there is another
	Way          Way      // of the call for which this one is made, one step on; zero: it is our own
}

// Invite calls a target as Call does, and says more.
func (u *UA) Invite(id AccountID, target string, in Invitation) CallRef {
	ref := CallRef(u.refs.Add(1))
	u.stack.Post(func() { u.call(ref, id, target, in) })
	return ref
}

func (u *UA) call(ref CallRef, id AccountID, target string, in Invitation) {
	acc := u.accounts[id]
	if acc == nil || u.closing {
		u.on(Failed{Call: ref, Code: 503, Text: "no such account"})
		return
	}
	var extra []stack.Header
	to, err := acc.destination(target)
	if a := u.asked[in.Refer]; a != nil {
		a.accept()
		to, extra, err = a.target, a.extra, nil
	}
	if err != nil {
		u.on(Failed{Call: ref, Code: 484, Text: Clean(err.Error())})
		return
	}
	tag := stack.NewTag()
	c := u.newCall(acc, ref, callKey{stack.NewCallID(), tag})
	c.caller = true
	c.identity = newIdentity(in.Conversation)
	if in.Replaces.usable() {
		value := in.Replaces.header()
		if in.Early {
			value += ";early-only"
		}
		extra = append(extra, stack.NewHeader("Replaces", value), stack.NewHeader("Require", "replaces"))
	}
	if in.Join.usable() {
		extra = append(extra, stack.NewHeader("Join", in.Join.header()), stack.NewHeader("Require", "join"))
	}
	u.on(Begun{Call: ref, CallID: c.key.callID})
	c.dial = dialling{sdp: in.SDP, to: to, uri: to, tag: tag, extra: extra, anonymous: in.Anonymous, way: in.Way, from: in.From, otherwise: in.Else}
	c.seek()
}

// destination makes a URI of what was dialled.
func (a *account) destination(target string) (stack.Uri, error) {
	target = strings.TrimSpace(target)
	switch scheme, _, ok := strings.Cut(target, ":"); {
	case target == "" || len(target) > 512:
		return stack.Uri{}, errors.New("ua: no number")
	case ok && (scheme == "sip" || scheme == "sips"):
		uri, err := sipURI(target)
		uri.Headers = nil
		return uri, err
	case ok && scheme == "tel":
		return telURI(target)
	}
	if user, host, ok := strings.Cut(target, "@"); ok {
		return sipURI("sip:" + escape(user) + "@" + host)
	}
	uri := *a.p.aor.Clone()
	uri.User = escape(target)
	if strings.Trim(target, "+0123456789*#-.()") == "" {
		uri.UriParams.Add("user", "phone")
	}
	return uri, nil
}

// telURI reads a number that the server is to find the way to (RFC 3966).
func telURI(s string) (stack.Uri, error) {
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return stack.Uri{}, errors.New("ua: no number")
	}
	return stack.ParseURI(s)
}

// seek finds where to send the INVITE for the URI being called.
func (c *call) seek() {
	d, a := &c.dial, c.acc
	d.tried, d.alive = 0, false
	found := func(ts []stack.Target, err error) {
		if c.phase != dialing {
			return
		}
		if err == nil && len(ts) == 0 {
			err = errors.New("ua: no address for " + d.uri.Host)
		}
		if err != nil {
			c.end(Failed{Call: c.ref, Code: 503, Text: Clean(err.Error()), Fault: Unreachable})
			return
		}
		d.targets = ts
		c.invite(ts[0])
	}
	switch {
	case a.p.Direct && d.uri.Scheme == "tel": // it says whom, and not where
		c.u.stack.Resolve(context.Background(), a.p.aor, found)
	case a.p.Direct:
		c.u.stack.Resolve(context.Background(), d.uri, found)
	case len(a.targets) > 0:
		found(a.ways(), nil)
	default:
		a.resolve(func(err error) { found(a.targets, err) })
	}
}

// invite sends the INVITE to a target.
func (c *call) invite(to stack.Target) {
	d, a := &c.dial, c.acc
	req := stack.NewRequest(stack.INVITE, d.uri)
	a.lead(req, to)
	from, contact := a.from(), a.dialogContact(to)
	if uri, err := sipURI(d.from); err == nil {
		from = &stack.FromHeader{Address: uri}
	}
	if d.anonymous {
		own := from.Address.String()
		from = nobody()
		hide(contact)
		req.AppendHeader(stack.NewHeader("Privacy", "id"))
		req.AppendHeader(stack.NewHeader("P-Preferred-Identity", "<"+own+">"))
	}
	from.Params.Add("tag", d.tag)
	id := stack.CallIDHeader(c.key.callID)
	d.seq++
	req.AppendHeader(from)
	req.AppendHeader(&stack.ToHeader{Address: *d.to.Clone()})
	req.AppendHeader(&id)
	req.AppendHeader(&stack.CSeqHeader{SeqNo: d.seq, MethodName: stack.INVITE})
	req.AppendHeader(contact)
	req.AppendHeader(stack.NewHeader("Allow", a.u.allowed))
	req.AppendHeader(stack.NewHeader("Supported", a.u.supported))
	req.AppendHeader(stack.NewHeader("Recv-Info", tricklePackage)) // RFC 6086 §5.2.3
	req.AppendHeader(c.identity.header())
	a.converse(req, &c.identity)
	req.AppendHeader(stack.NewHeader("P-Early-Media", "supported"))
	d.way.stamp(req, a.p.Dialect)
	for _, h := range d.extra {
		req.AppendHeader(stack.CloneHeader(h))
	}
	c.askTimer(req, d.minimum)
	setSDP(req, d.sdp)
	k := &ask{acc: a, req: req, to: to, seq: func() uint32 { d.seq++; return d.seq }}
	k.on = func(res *stack.Response, err error) { c.respond(k, res, err) }
	d.run = k
	k.send()
	c.hurry(k)
}

// respond takes a response to our INVITE, from whichever branch of a fork.
func (c *call) respond(k *ask, res *stack.Response, err error) {
	switch {
	case k != c.dial.run && (err != nil || res.StatusCode/100 != 2):
		// from a server that was given up; only what it has agreed to must be undone
	case err == nil && res.StatusCode == 100:
		c.dial.alive = true
	case err == nil && res.StatusCode < 200:
		c.progress(k, res)
	case err == nil && res.StatusCode < 300:
		c.success(k, res)
	case c.phase == cancelled || c.phase == over:
		c.farewell = false
		c.u.settle()
	case c.phase != dialing:
		// a failure after a 2xx: the transaction has no meaning any more
	case transient(res, err) && !c.dial.alive && c.dial.tried+1 < len(c.dial.targets):
		if err != nil {
			c.acc.suspect(k.to)
		}
		c.dial.tried++
		c.invite(c.dial.targets[c.dial.tried])
	case errors.Is(err, stack.ErrTransport) && !k.heard && k.to.Conn != 0:
		k.to.Conn = 0 // the flow was dead; the server need not be
		c.invite(k.to)
	case errors.Is(err, stack.ErrTimeout):
		c.end(Failed{Call: c.ref, Code: 408, Text: "no answer from the server", Fault: Unreachable})
	case err != nil:
		c.end(Failed{Call: c.ref, Code: 503, Text: Clean(err.Error()), Fault: faultOf(err)})
	default:
		c.failure(k, res)
	}
}

// progress takes a 18x: an early dialog, perhaps with early media.
func (c *call) progress(k *ask, res *stack.Response) {
	c.dial.alive = true
	if c.phase != dialing {
		return
	}
	sdp := sdpOf(res)
	d, n, err := c.set.Take(k.req, res)
	if d == nil || err != nil { // no To tag, or one too many: it still says that something rings
		if errors.Is(err, dialog.ErrNoTag) {
			c.u.on(Progress{Call: c.ref, Code: res.StatusCode, Gate: gateOf(res)})
		}
		return
	}
	l := c.legFor(d, n)
	if !l.reliable(k, res) {
		return // a repeat, or out of order
	}
	if sdp != nil {
		l.sdp = sdp
	}
	if len(c.legs) == 1 { // of several nobody knows yet who will answer
		c.identify(res, k.to.Addr, "called")
	}
	c.u.on(Progress{Call: c.ref, Dialog: n, Code: res.StatusCode, SDP: sdp, Gate: gateOf(res)})
}

func (c *call) legFor(d *dialog.Dialog, n int) *leg {
	if n <= len(c.legs) {
		return c.legs[n-1]
	}
	return c.addLeg(d)
}

// success takes a 2xx: the first one wins, every other dialog is released, and
// a repeat gets its ACK again (RFC 3261 §13.2.2.4).
func (c *call) success(k *ask, res *stack.Response) {
	d, n, err := c.set.Take(k.req, res)
	if d == nil {
		c.u.log.Warn("2xx without a dialog", "call", uint64(c.ref), "err", err)
		c.end(Failed{Call: c.ref, Code: 500, Text: "unusable answer"})
		return
	}
	l := c.legFor(d, n)
	known := l.ack != nil
	if !known && c.phase == dialing {
		c.identity.learn(res)
	}
	d.Skip(c.dial.seq) // numbers go on after the INVITE that went last
	l.acknowledge(k.req)
	if known {
		return
	}
	if c.phase != dialing || k != c.dial.run {
		l.bye() // it lost the race, or crossed our CANCEL
		return
	}
	sdp := sdpOf(res)
	if sdp == nil {
		sdp = l.sdp
	}
	if err != nil || sdp == nil {
		l.bye()
		c.end(Failed{Call: c.ref, Code: 488, Text: "unusable answer"})
		return
	}
	c.leg, c.phase = l, talking
	c.stands()
	c.session.agree(c, res)
	c.identify(res, k.to.Addr, "called")
	able := ableIn(res)
	c.focus = able.Focus
	c.u.on(Accepted{Call: c.ref, Dialog: n, SDP: sdp, Able: able, Theirs: l.theirs()})
}

// failure takes a 3xx to 6xx.
func (c *call) failure(k *ask, res *stack.Response) {
	d := &c.dial
	switch {
	case res.StatusCode < 400 && c.redirect(res):
		return
	case res.StatusCode == 422 && d.minimum == 0: // RFC 4028 §6
		if h := res.GetHeader("Min-SE"); h != nil {
			value, _, _ := strings.Cut(h.Value(), ";")
			d.minimum = atoi(strings.TrimSpace(value))
		}
		if d.minimum > 0 && d.minimum <= 86400 {
			c.invite(k.to)
			return
		}
	}
	c.refused(res)
	text := c.acc.reason(res)
	if k.refusal != nil && !errors.Is(k.refusal, errRejected) {
		text = Clean(k.refusal.Error())
	}
	var fault Fault
	if errors.Is(k.refusal, errRejected) || errors.Is(k.refusal, errNoPassword) {
		fault = WrongPassword
	}
	if len(d.next) > 0 && res.StatusCode < 600 {
		c.follow()
		return
	}
	c.end(Failed{Call: c.ref, Code: res.StatusCode, Text: text, Fault: fault})
}

// redirect takes the Contacts of a 3xx that were not called yet, best first,
// and tells whether there is one to follow.
func (c *call) redirect(res *stack.Response) bool {
	d := &c.dial
	if len(d.seen) == 0 {
		d.seen = append(d.seen, d.uri.String())
	}
	type rated struct {
		uri stack.Uri
		q   float64
	}
	var found []rated
	for _, h := range res.GetHeaders("Contact") {
		m, ok := h.(*stack.ContactHeader)
		if !ok || m.Address.Wildcard || m.Address.Host == "" || m.Address.Scheme != "sip" && m.Address.Scheme != "sips" {
			continue
		}
		if c.acc.p.aor.Scheme == "sips" && m.Address.Scheme != "sips" {
			continue // RFC 3261 §8.1.3.4: not from secure to open
		}
		uri := *m.Address.Clone()
		uri.Headers = nil
		q, err := strconv.ParseFloat(m.Params.GetOr("q", "1"), 64)
		if err != nil {
			q = 0
		}
		i := len(found)
		for i > 0 && found[i-1].q < q {
			i--
		}
		found = append(found[:i], append([]rated{{uri, q}}, found[i:]...)...)
	}
	var fresh []stack.Uri
	for _, f := range found {
		text := f.uri.String()
		if len(d.seen) > maxRedirects || contains(d.seen, text) {
			continue
		}
		d.seen = append(d.seen, text)
		fresh = append(fresh, f.uri)
	}
	d.next = append(fresh, d.next...)
	if len(d.next) == 0 {
		return false
	}
	if by := values(res, "Diversion"); len(by) > 0 { // RFC 5806 §5.3: who calls on says who sent the call on
		d.way.Diverted = append(by[:1:1], d.way.Diverted...)
	}
	c.follow()
	return true
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if strings.EqualFold(x, s) {
			return true
		}
	}
	return false
}

// follow calls the next redirection target.
func (c *call) follow() {
	c.dial.uri, c.dial.next = c.dial.next[0], c.dial.next[1:]
	c.u.on(Redirected{Call: c.ref, To: peer("", c.dial.uri)})
	c.seek()
}

// Release cancels an outgoing call because another one that was made with it has been answered (RFC 3326).
func (u *UA) Release(ref CallRef) {
	u.with(ref, func(c *call) {
		if c.phase == dialing {
			c.giveUp(stack.NewHeader("Reason", `SIP;cause=200;text="Call completed elsewhere"`))
		}
	})
}

// giveUp cancels an outgoing call. An answer that crosses the CANCEL is
// acknowledged and released by success.
func (c *call) giveUp(more ...stack.Header) {
	c.over(Ended{})
	c.u.on(Ended{Call: c.ref})
	c.bury(cancelled)
	if k := c.dial.run; k != nil {
		k.stop()
		c.farewell = true
		c.u.stack.Cancel(k.tx, append(more, c.identity.header())...)
	}
}
