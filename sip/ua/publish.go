package ua

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"strings"
	"time"

	"opendeskphone/sip/stack"
)

// Published: how a publication of an account stands, whenever that is new.
type Published struct {
	Account AccountID
	Event   string // its event package or category
	State   PublicationState
	Code    int    // of Pending: the SIP response code of a refusal, 0 if none
	Text    string // and its phrase or what went wrong, cleaned; empty if nothing has
}

func (Published) event() {}

// PublicationState tells whether the server has what an account publishes.
type PublicationState uint8

// The states.
const (
	Withdrawn PublicationState = iota // nothing is published
	Pending                           // the server has not taken the document, or the line is not registered
	Kept                              // it has the newest one
)

// postKey names a publication: an account has one of each event package or category.
type postKey struct {
	id    AccountID
	event string
}

// post is a publication at work.
type post struct {
	postKey
	u       *UA
	manner  manner
	key     callKey
	seq     uint32
	body    []byte // what is so; nil: nothing is
	sent    []byte // what the server has under tag
	tag     string
	asked   time.Duration
	raised  bool
	crossed bool // the server had another version, and that was the last thing we heard
	running *ask
	timer   *stack.Timer
	fails   int
	until   time.Time // the server at this address wants nothing before
	wants   netip.AddrPort
	told    Published
}

// manner is how a document is told to a server.
type manner interface {
	// request makes the one that the publication needs next.
	request(p *post, a *account, to stack.Target) *stack.Request
	// kept takes a 2xx: the name under which the server has the document, and for how long.
	kept(p *post, res *stack.Response) (tag string, span time.Duration)
	// crossed reads a refusal because the server has another version than we thought, and the name of that one.
	crossed(p *post, res *stack.Response) (tag string, ok bool)
	// lasts tells whether the document stays at the server without being refreshed, and cannot be taken away.
	lasts() bool
}

// Publish has the server of an account keep a document of an event package (RFC 3903), in place of the one before, until
// another comes; nil takes it away. Nothing is sent while the line is not registered.
func (u *UA) Publish(id AccountID, event, kind string, body []byte) {
	u.publish(postKey{id, event}, eventState{kind}, body)
}

func (u *UA) publish(k postKey, m manner, body []byte) {
	u.stack.Post(func() {
		p := u.posts[k]
		if p == nil {
			if body == nil || u.closing {
				return
			}
			p = &post{postKey: k, u: u, key: callKey{stack.NewCallID(), stack.NewTag()}, asked: defaultExpires}
			u.posts[k] = p
		}
		if bytes.Equal(p.body, body) {
			return
		}
		p.manner, p.body = m, body
		p.report(Published{})
		p.begin()
	})
}

// lapse takes the line away from under the publication, for good if that is gone.
func (p *post) lapse(gone bool) {
	if p.timer.Stop(); gone {
		p.tag, p.until = "", time.Time{}
	}
	if k := p.running; k != nil {
		k.stop()
		p.running = nil
		p.u.stack.Drop(k.tx)
	}
	p.report(Published{})
}

// begin publishes, changes, refreshes or takes away, whichever is due, as soon as the pace and the server allow.
func (p *post) begin() {
	a := p.u.ready(p.id)
	if a == nil || p.running != nil {
		return
	}
	if p.body == nil && (p.tag == "" || p.manner.lasts()) {
		p.timer.Stop()
		delete(p.u.posts, p.postKey)
		return
	}
	to := a.target()
	if a.p.Direct { // nobody keeps anything for it
		return
	}
	wait := a.small.wait(to.Addr)
	if to.Addr == p.wants {
		wait = max(wait, time.Until(p.until))
	}
	p.u.after(&p.timer, wait, func() {
		if p.running == nil && p.u.ready(p.id) == a {
			p.send(a, to)
		}
	})
}

func (p *post) send(a *account, to stack.Target) {
	a.small.visit(to.Addr)
	p.seq++
	body := p.body
	k := &ask{acc: a, req: p.manner.request(p, a, to), to: to, seq: func() uint32 { p.seq++; return p.seq }, spare: a.small.spare(to.Addr)}
	k.gate = func(again func()) {
		p.u.after(&p.timer, a.small.wait(to.Addr), func() { a.small.visit(to.Addr); again() })
	}
	k.on = func(res *stack.Response, err error) {
		if p.running == k && (err != nil || res.StatusCode >= 200) {
			p.running = nil
			p.outcome(k, body, res, err)
		}
	}
	p.running = k
	k.send()
}

// outcome judges the answer.
func (p *post) outcome(k *ask, body []byte, res *stack.Response, err error) {
	if err != nil {
		p.fail(0, Clean(err.Error()), 0)
		return
	}
	tag, crossed := p.manner.crossed(p, res)
	switch {
	case res.StatusCode < 300:
		p.granted(body, res)
	case crossed && !p.crossed:
		p.tag, p.crossed = tag, true
		p.begin()
	case res.StatusCode == 423 && !p.raised && p.raise(res):
		p.raised = true
		p.begin()
	default:
		p.tag, p.wants, p.until = "", k.to.Addr, time.Time{}
		p.fail(res.StatusCode, k.acc.reason(res), retryAfter(res))
	}
}

func (p *post) raise(res *stack.Response) bool {
	least := time.Duration(atoi(header(res, "Min-Expires"))) * time.Second
	if least <= p.asked || least > maxExpires {
		return false
	}
	p.asked = least
	return true
}

// granted takes a 2xx. What is so may have changed meanwhile.
func (p *post) granted(body []byte, res *stack.Response) {
	p.fails, p.raised, p.crossed = 0, false, false
	tag, span := p.manner.kept(p, res)
	if p.sent, p.tag = body, tag; body == nil {
		p.tag = ""
	}
	if !bytes.Equal(body, p.body) || body == nil {
		p.begin()
		return
	}
	p.report(Published{State: Kept})
	p.timer.Stop()
	if !p.manner.lasts() {
		p.timer = p.u.stack.After(refreshAfter(span, rand.Float64()), p.begin)
	}
}

// fail plans another attempt.
func (p *post) fail(code int, text string, after time.Duration) {
	p.fails++
	p.crossed = false
	p.report(Published{Code: code, Text: text})
	wait := pauseAfter(code, p.fails, after)
	if after > 0 {
		p.until = time.Now().Add(wait)
	}
	if p.body == nil { // what cannot be taken away ends by itself
		p.tag = ""
		p.begin()
		return
	}
	p.timer.Stop()
	p.timer = p.u.stack.After(wait, p.begin)
}

// report tells how it stands, if that is new. What is not Kept is Pending, or Withdrawn if there is nothing.
func (p *post) report(e Published) {
	if e.Account, e.Event = p.id, p.event; p.body != nil && e.State != Kept {
		e.State = Pending
	}
	if e.State == Withdrawn {
		e.Code, e.Text = 0, ""
	}
	if e == p.told || e.State == Withdrawn && p.told.State == Withdrawn {
		return
	}
	p.told = e
	p.u.log.Info("publication", "line", int(e.Account), "event", e.Event, "state", int(e.State), "code", e.Code, "text", e.Text)
	p.u.on(e)
}

// eventState is the manner of RFC 3903: PUBLISH and entity tags.
type eventState struct{ kind string }

func (m eventState) request(p *post, a *account, to stack.Target) *stack.Request {
	req := a.outside(stack.PUBLISH, *a.p.aor.Clone(), to, p.key, p.seq)
	req.AppendHeader(stack.NewHeader("Event", p.event))
	if p.tag != "" {
		req.AppendHeader(stack.NewHeader("SIP-If-Match", p.tag))
	}
	span := p.asked
	if p.body == nil {
		span = 0
	}
	req.AppendHeader(stack.NewHeader("Expires", seconds(span)))
	if p.body != nil && (p.tag == "" || !bytes.Equal(p.body, p.sent)) { // a mere refresh has none (RFC 3903 §4.1)
		h := stack.ContentTypeHeader(m.kind)
		req.AppendHeader(&h)
		req.SetBody(p.body)
	}
	return req
}

func (eventState) kept(p *post, res *stack.Response) (tag string, span time.Duration) {
	tag, span = header(res, "SIP-ETag"), p.asked
	if strings.ContainsFunc(tag, func(r rune) bool { return r <= ' ' || r > '~' }) || len(tag) > 256 {
		tag = ""
	}
	if h := res.GetHeader("Expires"); h != nil {
		span = min(span, time.Duration(atoi(strings.TrimSpace(h.Value())))*time.Second)
	}
	return tag, span
}

// crossed: it has forgotten us (RFC 3903 §4.1).
func (eventState) crossed(p *post, res *stack.Response) (tag string, ok bool) {
	return "", res.StatusCode == 412 && p.tag != ""
}

func (eventState) lasts() bool { return false }
