package ua

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"time"

	"opendeskphone/sip/stack"
)

// Published: whether the server has what an account publishes.
type Published struct {
	Account AccountID
	Event   string
	Up      bool
	Code    int    // the SIP response code of a refusal, 0 if none
	Text    string // its phrase, cleaned
}

func (Published) event() {}

// postKey names a publication: an account has one of each event package.
type postKey struct {
	id    AccountID
	event string
}

// post is a publication at work (RFC 3903).
type post struct {
	postKey
	u       *UA
	key     callKey
	seq     uint32
	kind    string
	body    []byte // what is so; nil: nothing is
	sent    []byte // what the server has under etag
	etag    string
	asked   time.Duration
	raised  bool
	running *ask
	timer   *stack.Timer
	fails   int
	told    Published
}

// Publish has the server of an account keep a document of an event package, in place of the one before, until another
// comes; nil takes it away. Nothing is sent while the line is not registered.
func (u *UA) Publish(id AccountID, event, kind string, body []byte) {
	u.stack.Post(func() {
		k := postKey{id, event}
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
		p.kind, p.body = kind, body
		p.begin()
	})
}

// lapse takes the line away from under the publication, for good if that is gone.
func (p *post) lapse(gone bool) {
	if p.timer.Stop(); gone {
		p.etag = ""
	}
	if k := p.running; k != nil {
		k.stop()
		p.running = nil
		p.u.stack.Drop(k.tx)
	}
	p.report(Published{})
}

// begin publishes, changes, refreshes or takes away, whichever is due, as soon as the pace allows.
func (p *post) begin() {
	a := p.u.ready(p.id)
	if a == nil || p.running != nil {
		return
	}
	if p.body == nil && p.etag == "" {
		p.timer.Stop()
		delete(p.u.posts, p.postKey)
		return
	}
	to := a.target()
	if a.p.Direct { // nobody keeps anything for it
		return
	}
	p.u.after(&p.timer, a.small.wait(to.Addr), func() {
		if p.running == nil && p.u.ready(p.id) == a {
			p.send(a, to)
		}
	})
}

func (p *post) send(a *account, to stack.Target) {
	a.small.visit(to.Addr)
	p.seq++
	req := a.outside(stack.PUBLISH, *a.p.aor.Clone(), to, p.key, p.seq)
	req.AppendHeader(stack.NewHeader("Event", p.event))
	if p.etag != "" {
		req.AppendHeader(stack.NewHeader("SIP-If-Match", p.etag))
	}
	span, body := p.asked, p.body
	if body == nil {
		span = 0
	}
	req.AppendHeader(stack.NewHeader("Expires", seconds(span)))
	if body != nil && (p.etag == "" || !bytes.Equal(body, p.sent)) { // a mere refresh has none (RFC 3903 §4.1)
		h := stack.ContentTypeHeader(p.kind)
		req.AppendHeader(&h)
		req.SetBody(body)
	}
	k := &ask{acc: a, req: req, to: to, seq: func() uint32 { p.seq++; return p.seq }, spare: a.small.spare(to.Addr)}
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

// outcome judges the answer to a PUBLISH.
func (p *post) outcome(k *ask, body []byte, res *stack.Response, err error) {
	switch {
	case err != nil:
		p.fail(0, Clean(err.Error()), 0)
	case res.StatusCode < 300:
		p.granted(body, res)
	case res.StatusCode == 412 && p.etag != "": // it has forgotten us (RFC 3903 §4.1)
		p.etag = ""
		p.begin()
	case res.StatusCode == 423 && !p.raised && p.raise(res):
		p.raised = true
		p.begin()
	default:
		p.etag = ""
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

// granted takes a 2xx: under which name the server has it, and for how long.
func (p *post) granted(body []byte, res *stack.Response) {
	p.fails, p.raised = 0, false
	p.sent, p.etag = body, header(res, "SIP-ETag")
	if body == nil || strings.ContainsFunc(p.etag, func(r rune) bool { return r <= ' ' || r > '~' }) || len(p.etag) > 256 {
		p.etag = ""
	}
	p.report(Published{Up: body != nil})
	if !bytes.Equal(body, p.body) || body == nil {
		p.begin()
		return
	}
	span := p.asked
	if h := res.GetHeader("Expires"); h != nil {
		span = min(span, time.Duration(atoi(strings.TrimSpace(h.Value())))*time.Second)
	}
	p.timer.Stop()
	p.timer = p.u.stack.After(refreshAfter(span, rand.Float64()), p.begin)
}

// fail plans another attempt.
func (p *post) fail(code int, text string, after time.Duration) {
	p.fails++
	p.report(Published{Code: code, Text: text})
	if p.body == nil { // what cannot be taken away ends by itself
		p.etag = ""
		p.begin()
		return
	}
	p.timer.Stop()
	p.timer = p.u.stack.After(pauseAfter(code, p.fails, after), p.begin)
}

// report tells how it stands, if that is new.
func (p *post) report(e Published) {
	e.Account, e.Event = p.id, p.event
	if e == p.told || !p.told.Up && !e.Up && e.Code == 0 {
		return
	}
	p.told = e
	p.u.log.Info("publication", "line", int(e.Account), "event", e.Event, "up", e.Up, "code", e.Code)
	p.u.on(e)
}
