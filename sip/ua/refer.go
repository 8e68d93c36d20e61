package ua

import (
	"strconv"
	"strings"

	"opendeskphone/sip/stack"
)

const fragType = "message/sipfrag"

// ReferRef names a REFER of theirs until it is answered for good; 0 is none.
type ReferRef uint64

// The events of REFER.
type (
	// ReferAsked: the far side asks us to call somebody else (RFC 3515). Answer by Invite with
	// Invitation.Refer and then TellReferrer, or by RefuseRefer.
	ReferAsked struct {
		Refer ReferRef
		Call  CallRef
		To    Peer
		By    Peer // who is behind it (Referred-By, RFC 3892); zero if that is not said
	}
	// Referral: how a REFER of ours goes. Code is the response that the far side has got from whom
	// it calls; 200 and above is the outcome. Own: the code is its answer to the REFER itself.
	Referral struct {
		Call CallRef
		Code int
		Text string
		Own  bool
	}
)

func (ReferAsked) event() {}
func (Referral) event()   {}

// referral is a REFER of ours without an outcome.
type referral struct{ seq uint32 }

// asked is a REFER of theirs without an outcome.
type asked struct {
	ref    ReferRef
	c      *call
	tx     *stack.ServerTx // until it is answered
	seq    uint32
	target stack.Uri
	extra  []stack.Header // of the INVITE: Replaces, Referred-By
	silent bool           // no NOTIFY is wanted (RFC 4488)
	told   int            // the code of the last NOTIFY
}

// Refer asks the far side of a call to call a target: a URI, or a user part within the domain of the
// account. Referral tells what becomes of it. One REFER at a time has an outcome to come.
func (u *UA) Refer(ref CallRef, target string) {
	u.with(ref, func(c *call) {
		uri, err := c.acc.destination(target)
		if err != nil {
			u.on(Referral{Call: ref, Code: 484, Text: Clean(err.Error()), Own: true})
			return
		}
		c.refer(uri.String())
	})
}

// ReferTo asks the far side of a call to take our place in another call (Replaces, RFC 3891).
func (u *UA) ReferTo(ref, place CallRef) {
	u.with(ref, func(c *call) {
		p := u.calls[place]
		if p == nil || p.phase != talking {
			u.on(Referral{Call: ref, Code: 481, Own: true})
			return
		}
		c.refer(p.leg.naming())
	})
}

func (c *call) refer(to string) {
	if c.phase != talking || c.referral != nil {
		c.u.on(Referral{Call: c.ref, Code: 491, Own: true})
		return
	}
	req := c.leg.request(stack.REFER)
	req.AppendHeader(c.acc.dialogContact(c.leg.way()))
	req.AppendHeader(stack.NewHeader("Refer-To", "<"+to+">"))
	req.AppendHeader(stack.NewHeader("Referred-By", "<"+c.acc.p.aor.String()+">"))
	r := &referral{seq: req.CSeq().SeqNo}
	c.referral = r
	c.leg.ask(req, func(k *ask, res *stack.Response, err error) {
		r.seq = k.req.CSeq().SeqNo // it may have been repeated with credentials
		switch {
		case c.referral != r:
		case err != nil:
			c.referred(Referral{Code: 408, Own: true})
		case res.StatusCode >= 300:
			c.referred(Referral{Code: res.StatusCode, Text: Clean(res.Reason), Own: true})
		case has(res, "Refer-Sub", "false"): // nobody will tell more (RFC 4488)
			c.referred(Referral{Code: 200, Own: true})
		}
	})
}

// referred tells how a REFER of ours goes.
func (c *call) referred(e Referral) {
	e.Call = c.ref
	if e.Code >= 200 {
		c.referral = nil
	}
	c.u.on(e)
}

// notified takes a NOTIFY; all that we have subscribed to is the outcome of a REFER.
func (c *call) notified(tx *stack.ServerTx, req *stack.Request) {
	event, params, _ := strings.Cut(header(req, "Event"), ";")
	id, hasID := param(params, "id")
	r := c.referral
	switch {
	case !strings.EqualFold(strings.TrimSpace(event), "refer"):
		tx.Respond(badEvent(req))
		return
	case r == nil || hasID && id != strconv.FormatUint(uint64(r.seq), 10):
		tx.Respond(stack.Reply(req, 481, ""))
		return
	}
	tx.Respond(stack.Reply(req, 200, ""))
	code, text := fragment(req)
	state, _, _ := strings.Cut(header(req, "Subscription-State"), ";")
	if code < 200 && strings.EqualFold(strings.TrimSpace(state), "terminated") {
		code, text = 408, "" // it will tell no more
	}
	if code > 0 {
		c.referred(Referral{Code: code, Text: text})
	}
}

// fragment reads the status line of a message/sipfrag body (RFC 3420); code is 0 if there is none.
func fragment(req *stack.Request) (code int, text string) {
	if h := req.ContentType(); h == nil || !strings.HasPrefix(strings.ToLower(h.Value()), fragType) {
		return 0, ""
	}
	line, _, _ := strings.Cut(string(req.Body()), "\n")
	version, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	number, reason, _ := strings.Cut(rest, " ")
	if code = atoi(number); version != "SIP/2.0" || code < 100 || code > 699 {
		return 0, ""
	}
	return code, Clean(reason)
}

// askedToRefer takes a REFER within a call.
func (c *call) askedToRefer(tx *stack.ServerTx, req *stack.Request, l *leg) {
	a, code := readRefer(req)
	switch {
	case code != 0:
		tx.Respond(stack.Reply(req, code, ""))
		return
	case c.phase != talking || l != c.leg || c.asked != nil:
		tx.Respond(stack.Reply(req, 603, ""))
		return
	}
	a.c, a.tx, a.ref = c, tx, ReferRef(c.u.refs.Add(1))
	c.asked = a
	c.u.asked[a.ref] = a
	e := ReferAsked{Refer: a.ref, Call: c.ref, To: peer("", a.target)}
	if display, _, _, err := stack.ParseAddress(header(req, "Refer-To")); err == nil {
		e.To.Display = Clean(display)
	}
	if display, uri, _, err := stack.ParseAddress(header(req, "Referred-By")); err == nil {
		e.By = peer(display, uri)
		a.extra = append(a.extra, stack.NewHeader("Referred-By", header(req, "Referred-By")))
	}
	c.u.on(e)
}

// readRefer reads whom a REFER is about; code is the refusal if it cannot be followed.
func readRefer(req *stack.Request) (a *asked, code int) {
	if n := len(req.GetHeaders("Refer-To")) + len(req.GetHeaders("r")); n != 1 {
		return nil, 400
	}
	_, uri, _, err := stack.ParseAddress(header(req, "Refer-To"))
	if err != nil || uri.Host == "" {
		return nil, 400
	}
	if method, ok := uri.UriParams.Get("method"); uri.Scheme != "sip" && uri.Scheme != "sips" || ok && !strings.EqualFold(method, "INVITE") {
		return nil, 603
	}
	a = &asked{seq: req.CSeq().SeqNo, target: uri, silent: has(req, "Refer-Sub", "false")}
	for _, h := range uriHeaders(uri) {
		if strings.EqualFold(h[0], "Replaces") {
			id, earlyOnly, ok := parseDialogID(h[1])
			if !ok {
				return nil, 400
			}
			value := id.header()
			if earlyOnly {
				value += ";early-only"
			}
			a.extra = append(a.extra, stack.NewHeader("Replaces", value), stack.NewHeader("Require", "replaces"))
			break
		}
	}
	a.target.Headers = nil
	a.target.UriParams.Remove("method")
	return a, 0
}

// RefuseRefer declines what ReferAsked asked for.
func (u *UA) RefuseRefer(ref ReferRef) {
	u.stack.Post(func() {
		if a := u.asked[ref]; a != nil && a.tx != nil {
			a.tx.Respond(stack.Reply(a.tx.Request(), 603, ""))
			a.drop()
		}
	})
}

// accept agrees to a REFER: the far side will be told what comes of it.
func (a *asked) accept() {
	if a.tx == nil {
		return
	}
	res := a.c.leg.reply(a.tx.Request(), 202)
	if a.silent {
		res.AppendHeader(stack.NewHeader("Refer-Sub", "false"))
	}
	a.tx.Respond(res)
	a.tx = nil
	if a.silent {
		a.drop()
		return
	}
	a.tell(100, "Trying")
}

func (a *asked) drop() {
	delete(a.c.u.asked, a.ref)
	if a.c.asked == a {
		a.c.asked = nil
	}
}

// TellReferrer tells whoever sent us to somebody what came of it: the code of a response from there,
// 200 and above once and for all.
func (u *UA) TellReferrer(ref ReferRef, code int, text string) {
	u.stack.Post(func() {
		if a := u.asked[ref]; a != nil && a.tx == nil && code >= 100 && code < 700 {
			a.tell(code, text)
		}
	})
}

func (a *asked) tell(code int, text string) {
	if code < 200 && code == a.told {
		return
	}
	a.told = code
	if text == "" {
		text = stack.Phrase(code)
	}
	state := "active;expires=180"
	if code >= 200 {
		state = "terminated;reason=noresource"
		a.drop()
	}
	a.notify(code, text, state, maxAgain)
}

// notify sends a NOTIFY, and once more if another request of ours has overtaken it (RFC 3261 §12.2.2): the outcome would
// be lost for good.
func (a *asked) notify(code int, text, state string, again int) {
	if a.c.phase != talking {
		return
	}
	l := a.c.leg
	req := l.request(stack.NOTIFY)
	req.AppendHeader(a.c.acc.dialogContact(l.way()))
	req.AppendHeader(stack.NewHeader("Event", "refer;id="+strconv.FormatUint(uint64(a.seq), 10)))
	req.AppendHeader(stack.NewHeader("Subscription-State", state))
	h := stack.ContentTypeHeader(fragType + ";version=2.0")
	req.AppendHeader(&h)
	req.SetBody([]byte("SIP/2.0 " + strconv.Itoa(code) + " " + text + "\r\n"))
	l.ask(req, func(_ *ask, res *stack.Response, _ error) {
		switch {
		case res == nil:
		case res.StatusCode == 481, res.StatusCode == 489:
			a.drop() // it does not want to know
		case res.StatusCode == 500 && code >= 200 && again > 0:
			a.notify(code, text, state, again-1)
		}
	})
}

// header is the value of the first header of a name, empty if there is none.
func header(msg interface {
	GetHeader(string) stack.Header
}, name string) string {
	h := msg.GetHeader(name)
	if h == nil && name == "Refer-To" {
		h = msg.GetHeader("r") // RFC 3515 §2.1
	}
	if h == nil && name == "Referred-By" {
		h = msg.GetHeader("b") // RFC 3892 §3
	}
	if h == nil && name == "Event" {
		h = msg.GetHeader("o") // RFC 6665 §8.2.1
	}
	if h == nil {
		return ""
	}
	return strings.TrimSpace(h.Value())
}

// param finds a parameter among those of a header.
func param(params, name string) (value string, ok bool) {
	for p := range strings.SplitSeq(params, ";") {
		k, v, _ := strings.Cut(p, "=")
		if strings.EqualFold(strings.TrimSpace(k), name) {
			return strings.TrimSpace(v), true
		}
	}
	return "", false
}
