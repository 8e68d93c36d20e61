package ua

import (
	"slices"
	"strings"
	"time"

	"opendeskphone/sip/dialog"
	"opendeskphone/sip/stack"
)

// phase is how far a call has come.
type phase uint8

const (
	dialing   phase = iota // our INVITE is out
	cancelled              // we gave it up; what is answered yet is released
	ringing                // their INVITE waits for us
	answered               // our 2xx is out, their ACK is not in
	talking
	over // kept a while to release late answers
)

// remember is how long an ended call answers what was late: 64*T1.
const remember = 32 * time.Second

// call is the INVITE usage: one call with all its dialogs.
type call struct {
	u        *UA
	acc      *account
	ref      CallRef
	phase    phase
	caller   bool
	key      callKey
	set      dialog.Set // of an outgoing call
	legs     []*leg     // by number-1
	leg      *leg       // the dialog that talks; of an incoming call from the start
	farewell bool       // a BYE or CANCEL is under way

	dial     dialling        // outgoing: what is being called
	tx       *stack.ServerTx // incoming: their INVITE while unanswered
	cancel   bool            // incoming: BYE is to follow their ACK
	prov     *provisional    // incoming: a reliable 18x without PRACK yet
	ring     *stack.Timer    // incoming: repeats 180 every minute
	sent     *sent           // a 2xx of ours that waits for its ACK
	offering *ask            // a re-INVITE of ours that waits for its answer
	way      Way             // incoming: how it has come
	theirs   *stack.ServerTx // a re-INVITE or UPDATE of theirs that waits for us
	glare    *stack.Timer
	again    int  // times an offer of ours was made again
	waits    bool // an offer of ours is due once their ACK is in
	session  session
	identity identity
	remote   Peer      // the far side, as last told
	focus    string    // likewise
	referral *referral // a REFER of ours without an outcome
	asked    *asked    // a REFER of theirs without an outcome
	outcome  outcome
}

// leg is one dialog of a call on the way to its peer.
type leg struct {
	*dialog.Dialog
	c      *call
	number int
	hop    stack.Target // where requests go; the zero Target until it is found
	hopURI string       // what hop was found for
	sdp    []byte       // the answer, if it came in a provisional response
	rseq   uint32       // of the last reliable provisional response (RFC 3262)
	ack    *stack.Request
}

func (u *UA) newCall(acc *account, ref CallRef, key callKey) *call {
	c := &call{u: u, acc: acc, ref: ref, key: key}
	u.calls[ref] = c
	u.dialogs[key] = c
	return c
}

// Flush returns when what was asked for before has been sent. Not from within an event.
func (u *UA) Flush() { u.stack.Do(func() {}) }

// with runs fn on the loop if the call still lives.
func (u *UA) with(ref CallRef, fn func(*call)) {
	u.stack.Post(func() {
		if c := u.calls[ref]; c != nil && c.phase != over && c.phase != cancelled {
			fn(c)
		}
	})
}

// addLeg adds a dialog to the call and looks for the way to its peer at once,
// so that the peer is let in.
func (c *call) addLeg(d *dialog.Dialog) *leg {
	l := &leg{Dialog: d, c: c, number: len(c.legs) + 1}
	c.legs = append(c.legs, l)
	l.route(func(stack.Target, error) {})
	return l
}

// route finds where the requests of a dialog go.
func (l *leg) route(on func(stack.Target, error)) {
	uri := l.NextHop()
	text := uri.String()
	if text == l.hopURI && l.hop.Addr.IsValid() {
		on(l.c.acc.onFlow(l.hop), nil)
		return
	}
	l.c.acc.route(uri, func(t stack.Target, err error) {
		if err == nil {
			l.hop, l.hopURI = t, text
			l.c.u.retrust()
		}
		on(t, err)
	})
}

// ask sends a request within the dialog; on gets each final response.
func (l *leg) ask(req *stack.Request, on func(k *ask, res *stack.Response, err error)) *ask {
	req.AppendHeader(l.c.identity.header())
	if !l.c.dial.anonymous {
		l.c.acc.mark(req.From())
	}
	k := &ask{acc: l.c.acc, req: req, seq: l.NextSeq}
	k.on = func(res *stack.Response, err error) {
		if err == nil && res.StatusCode/100 == 2 && (k.req.Method == stack.INVITE || k.req.Method == stack.UPDATE) {
			l.c.identify(res, k.to.Addr, "called")
		}
		if err != nil || res.StatusCode >= 200 {
			on(k, res, err)
		}
	}
	l.c.u.stack.Post(func() { // never answered before the caller has noted it
		l.route(func(t stack.Target, err error) {
			if err != nil {
				on(k, nil, err)
				return
			}
			k.to = t
			k.send()
		})
	})
	return k
}

// way is the way to the peer, or the best guess of it while it is being looked for.
func (l *leg) way() stack.Target {
	switch {
	case l.hop.Addr.IsValid():
		return l.c.acc.onFlow(l.hop)
	case l.c.tx != nil:
		return l.c.acc.onFlow(l.c.tx.Source().Target())
	case len(l.c.acc.targets) > 0:
		return l.c.acc.target()
	}
	return stack.Target{}
}

// request makes a request within the dialog with our Contact.
func (l *leg) request(m stack.Method) *stack.Request {
	req := l.Request(m)
	if m == stack.INVITE || m == stack.UPDATE {
		contact := l.c.acc.dialogContact(l.way())
		if l.c.dial.anonymous {
			hide(contact)
		}
		req.AppendHeader(contact)
		req.AppendHeader(stack.NewHeader("Allow", l.c.u.allowed))
		req.AppendHeader(stack.NewHeader("Supported", l.c.u.supported))
		req.AppendHeader(stack.NewHeader("Recv-Info", tricklePackage)) // RFC 6086 §5.2.3
	}
	return req
}

// acknowledge sends the ACK to a 2xx, the same one for each repeat of it. It
// bears the credentials of its INVITE (RFC 3261 §22.1).
func (l *leg) acknowledge(invite *stack.Request) {
	seq := invite.CSeq().SeqNo
	if l.ack == nil || l.ack.CSeq().SeqNo != seq {
		l.ack = l.Ack(seq)
		for _, name := range []string{"Authorization", "Proxy-Authorization"} {
			for _, h := range invite.GetHeaders(name) {
				l.ack.AppendHeader(stack.CloneHeader(h))
			}
		}
	}
	if l.ack.GetHeader("Session-ID") == nil {
		l.ack.AppendHeader(l.c.identity.header())
	}
	ack := l.ack
	l.route(func(t stack.Target, err error) {
		if err == nil {
			err = l.c.u.stack.Write(ack, t)
		}
		if err != nil {
			l.c.u.log.Warn("ack not sent", "call", uint64(l.c.ref), "err", err)
		}
	})
}

// bye ends a dialog.
func (l *leg) bye(reason ...stack.Header) {
	if l.State == dialog.Terminated {
		return
	}
	l.State = dialog.Terminated
	req := l.Request(stack.BYE)
	for _, h := range reason {
		req.AppendHeader(h)
	}
	l.c.farewell = true
	l.ask(req, func(*ask, *stack.Response, error) {
		l.c.farewell = false
		l.c.u.settle()
	})
}

// setSDP gives a message a session description, or none.
func setSDP(msg interface {
	AppendHeader(stack.Header)
	SetBody([]byte)
}, sdp []byte) {
	if sdp == nil {
		return
	}
	h := stack.ContentTypeHeader(sdpType)
	msg.AppendHeader(&h)
	msg.SetBody(sdp)
}

// sdpOf is the session description of a message, nil if it has none.
func sdpOf(msg interface {
	Body() []byte
	ContentType() *stack.ContentTypeHeader
}) []byte {
	h := msg.ContentType()
	if h == nil || len(msg.Body()) == 0 {
		return nil
	}
	kind, _, _ := strings.Cut(h.Value(), ";")
	if !strings.EqualFold(strings.TrimSpace(kind), sdpType) {
		return nil
	}
	return msg.Body()
}

// has tells whether a list header of a message names a token.
func has(msg interface {
	GetHeaders(string) []stack.Header
}, name, token string) bool {
	for _, h := range msg.GetHeaders(name) {
		for v := range strings.SplitSeq(h.Value(), ",") {
			if strings.EqualFold(strings.TrimSpace(v), token) {
				return true
			}
		}
	}
	return false
}

// reasonOf reads the Reason header (RFC 3326): the SIP cause, or a Q.850 one
// if there is no other.
func reasonOf(msg interface {
	GetHeaders(string) []stack.Header
}) (cause int, text string) {
	for _, h := range msg.GetHeaders("Reason") {
		for _, v := range splitQuoted(h.Value(), ',') {
			protocol, params, _ := strings.Cut(v, ";")
			sip := strings.EqualFold(strings.TrimSpace(protocol), "SIP")
			if cause != 0 && !sip {
				continue
			}
			cause, text = 0, ""
			for _, p := range splitQuoted(params, ';') {
				k, val, _ := strings.Cut(p, "=")
				switch val = unquote(val); strings.ToLower(strings.TrimSpace(k)) {
				case "cause":
					cause = atoi(val)
				case "text":
					text = Clean(val)
				}
			}
			if sip {
				return cause, text
			}
		}
	}
	return cause, text
}

// atoi reads a small non-negative number; anything else is 0.
func atoi(s string) int {
	n := 0
	for _, r := range s {
		if r < '0' || r > '9' || n > 1<<24 {
			return 0
		}
		n = n*10 + int(r-'0')
	}
	return n
}

// end closes the call for its user; what is late is still answered for a while.
func (c *call) end(e Event) {
	if c.phase == over || c.phase == cancelled {
		return
	}
	c.bury(over)
	c.over(e)
	c.u.on(e)
}

func (c *call) bury(p phase) {
	c.phase = p
	for _, t := range []*stack.Timer{c.ring, c.glare, c.dial.patience} {
		t.Stop()
	}
	c.session.stop()
	c.prov.stop()
	c.sent.stop()
	c.prov, c.sent = nil, nil
	if a := c.asked; a != nil {
		if a.tx != nil {
			a.tx.Respond(stack.Reply(a.tx.Request(), 603, ""))
		}
		a.drop()
	}
	if c.theirs != nil {
		c.theirs.Respond(stack.Reply(c.theirs.Request(), 487, ""))
		c.theirs = nil
	}
	c.u.stack.After(remember, c.forget)
	if c.u.past = append(c.u.past, c); len(c.u.past) > maxPast {
		c.u.past[0].forget()
	}
}

// maxPast bounds the calls that are over and still remembered; only a flood reaches it.
const maxPast = 256

func (c *call) forget() {
	delete(c.u.calls, c.ref)
	c.u.past = slices.DeleteFunc(c.u.past, func(p *call) bool { return p == c })
	if c.u.dialogs[c.key] == c {
		delete(c.u.dialogs, c.key)
	}
	c.u.retrust()
}

// Hangup ends a call: by CANCEL, 603 or BYE, as fits.
func (u *UA) Hangup(ref CallRef) { u.with(ref, (*call).hangup) }

func (c *call) hangup() {
	switch c.phase {
	case dialing:
		c.giveUp()
	case ringing:
		c.reject(603, "")
		c.end(Ended{Call: c.ref})
	case answered:
		c.cancel = true // RFC 3261 §15: not before their ACK
		c.phase = over
		c.over(Ended{})
		c.u.on(Ended{Call: c.ref})
	case talking:
		c.leg.bye()
		c.end(Ended{Call: c.ref})
	}
}
