package ua

import (
	"strconv"
	"strings"
	"time"

	"opendeskphone/sip/stack"
)

// Note is a request that stands alone: it neither belongs to a dialog nor begins one, and can wait.
type Note struct {
	Method  stack.Method // PUBLISH, SERVICE
	To      string       // a sip: URI; empty: the account itself
	Headers [][2]string  // besides those every request has
	Type    string       // of the body
	Body    []byte
}

// NoteRef names a Note that was sent.
type NoteRef uint64

// Noted tells what became of a Note.
type Noted struct {
	Note  NoteRef
	Code  int           // the final response; 0: there is none
	Text  string        // its reason phrase, or what went wrong, cleaned
	After time.Duration // when to try again, as the server says; 0: it does not
}

func (Noted) event() {}

// SERVICE is the method of that name, which no RFC has: servers of the OCS dialect take reports by it.
const SERVICE stack.Method = "SERVICE"

// Note sends a request that stands alone, through the outbound proxy or the way that the registrar has set (Service-Route,
// RFC 3608) if there is one, else straight to where its URI leads. Notes have a slow pace of their own to each
// server. Noted tells what becomes of one.
func (u *UA) Note(id AccountID, n Note) NoteRef {
	ref := NoteRef(u.refs.Add(1))
	if !u.stack.Post(func() { u.note(ref, id, n) }) {
		u.on(Noted{Note: ref, Text: "the phone is signing off"})
	}
	return ref
}

func (u *UA) note(ref NoteRef, id AccountID, n Note) {
	fail := func(text string) { u.on(Noted{Note: ref, Text: Clean(text)}) }
	acc := u.accounts[id]
	if acc == nil || u.closing {
		fail("no such account")
		return
	}
	if !acc.p.Direct && acc.current().state != Registered {
		fail("the line is not signed in")
		return
	}
	uri := *acc.p.aor.Clone()
	if n.To != "" {
		var err error
		if uri, err = sipURI(n.To); err != nil {
			fail(err.Error())
			return
		}
	}
	acc.wayOf(uri, func(to stack.Target, err error) {
		if err != nil {
			fail(err.Error())
			return
		}
		acc.when(to, func() { acc.tell(ref, n, uri, to) })
	})
}

// wayOf finds where a request that stands alone goes.
func (a *account) wayOf(uri stack.Uri, on func(stack.Target, error)) {
	if !a.p.Direct { // which has no server
		if to := a.target(); a.p.Proxy != "" || len(a.routesBy(to)) > 0 {
			on(to, nil)
			return
		}
	}
	a.route(uri, on)
}

// when runs fn once the pace of notes allows it, unless the account is gone by then.
func (a *account) when(to stack.Target, fn func()) {
	if wait := a.notes.wait(to.Addr); wait > 0 {
		a.u.stack.After(wait, func() {
			if a.u.accounts[a.id] == a && !a.u.closing {
				a.when(to, fn)
			}
		})
		return
	}
	a.notes.visit(to.Addr)
	fn()
}

// tell sends a Note and reports its outcome. A 423 is heeded once (RFC 3903 §4).
func (a *account) tell(ref NoteRef, n Note, uri stack.Uri, to stack.Target) {
	seq, raised := uint32(1), false
	req := a.outside(n.Method, uri, to, callKey{stack.NewCallID(), stack.NewTag()}, seq)
	req.AppendHeader(a.dialogContact(to))
	for _, h := range n.Headers {
		req.AppendHeader(stack.NewHeader(h[0], h[1]))
	}
	kind := stack.ContentTypeHeader(n.Type)
	req.AppendHeader(&kind)
	req.SetBody(n.Body)
	k := &ask{acc: a, req: req, to: to, seq: func() uint32 { seq++; return seq }, spare: a.notes.spare(to.Addr)}
	k.gate = func(again func()) { a.when(to, again) }
	k.on = func(res *stack.Response, err error) {
		switch {
		case err != nil:
			a.u.on(Noted{Note: ref, Text: Clean(err.Error())})
		case res.StatusCode < 200:
		case res.StatusCode == 423 && !raised && longer(k.req, res):
			raised = true
			a.when(to, k.repeat)
		default:
			a.u.on(Noted{Note: ref, Code: res.StatusCode, Text: a.reason(res), After: retryAfter(res)})
		}
	}
	k.send()
}

// longer asks for the time that a 423 wants, if it may be wanted.
func longer(req *stack.Request, res *stack.Response) bool {
	least := header(res, "Min-Expires")
	n, err := strconv.ParseUint(strings.TrimSpace(least), 10, 32)
	if err != nil || n == 0 || time.Duration(n)*time.Second > maxExpires || req.GetHeader("Expires") == nil {
		return false
	}
	req.ReplaceHeader(stack.NewHeader("Expires", strconv.FormatUint(n, 10)))
	return true
}
