package ua

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"opendeskphone/sip/dialog"
	"opendeskphone/sip/stack"
)

// Unasked: the server of an account tells something that nobody has subscribed to, as many do of waiting messages
// (RFC 3842 §3.1 has a subscription; the rest is custom).
type Unasked struct {
	Account AccountID
	Event   string // the event package: "message-summary"
	Type    string // media type with its parameters
	Body    []byte // never empty
}

func (Unasked) event() {}

// tolds are the event packages that a server may tell of without being asked.
var tolds = []string{"message-summary"}

const allowEvents = "conference, dialog, message-summary, presence, refer"

// badEvent refuses a NOTIFY of a package that nobody has asked for (RFC 6665 §4.1.3).
func badEvent(req *stack.Request) *stack.Response {
	res := stack.Reply(req, 489, "Bad Event")
	res.AppendHeader(stack.NewHeader("Allow-Events", allowEvents))
	return res
}

// eventOf is the event package of a message, in small letters.
func eventOf(req *stack.Request) string {
	event, _, _ := strings.Cut(header(req, "Event"), ";")
	return strings.ToLower(strings.TrimSpace(event))
}

// mediaType is the type of a body, in small letters and without parameters.
func mediaType(req *stack.Request) string {
	h := req.ContentType()
	if h == nil {
		return ""
	}
	kind, _, _ := strings.Cut(h.Value(), ";")
	return strings.ToLower(strings.TrimSpace(kind))
}

// unasked takes a NOTIFY outside of any dialog. Only the server an account is registered with is believed.
func (u *UA) unasked(tx *stack.ServerTx, req *stack.Request, from stack.Source) {
	event := eventOf(req)
	if !slices.Contains(tolds, event) {
		if strings.Contains(allowEvents, event) {
			tx.Respond(stack.Reply(req, 481, ""))
			return
		}
		tx.Respond(badEvent(req))
		return
	}
	a := u.servedBy(req.Recipient, from)
	switch {
	case a == nil:
		tx.Respond(stack.Reply(req, 481, ""))
		return
	case !a.newsPace.take(time.Now()):
		tx.Respond(later(req))
		return
	}
	tx.Respond(stack.Reply(req, 200, ""))
	if h := req.ContentType(); h != nil && len(req.Body()) > 0 {
		u.on(Unasked{Account: a.id, Event: event, Type: h.Value(), Body: req.Body()})
	}
}

// servedBy is the account that a request from one of its servers is for, nil if there is none.
func (u *UA) servedBy(to stack.Uri, from stack.Source) *account {
	line, _ := to.UriParams.Get("line")
	var found *account
	for _, a := range u.accounts {
		served := slices.ContainsFunc(a.targets, func(t stack.Target) bool { return t.Addr.Addr().Unmap() == from.Addr.Addr().Unmap() })
		switch {
		case !served:
		case line == lineParam(a.id):
			return a
		case line == "" && strings.EqualFold(to.User, a.p.aor.User):
			found = a
		}
	}
	return found
}

// surge counts what comes in a second.
type surge []time.Time

// take counts one more and tells whether it is not too many.
func (s *surge) take(now time.Time) bool {
	*s = slices.DeleteFunc(*s, func(t time.Time) bool { return now.Sub(t) >= time.Second })
	if len(*s) >= maxNotify {
		return false
	}
	*s = append(*s, now)
	return true
}

// later refuses a NOTIFY that comes too fast; with Retry-After the subscription stays (RFC 6665 §4.2.2).
func later(req *stack.Request) *stack.Response {
	res := stack.Reply(req, 503, "")
	res.AppendHeader(stack.NewHeader("Retry-After", strconv.Itoa(stormPause)))
	return res
}

// within takes a request within the dialog of a subscription, or one that makes it: the NOTIFY may be faster than the
// 2xx (RFC 6665 §4.4.1). What has another tag of theirs than the first is of another server that was asked by a fork.
func (w *watch) within(tx *stack.ServerTx, req *stack.Request, id dialog.ID) {
	if req.Method != stack.NOTIFY || w.d != nil && w.d.ID != id {
		tx.Respond(stack.Reply(req, 481, ""))
		return
	}
	event, params, _ := strings.Cut(header(req, "Event"), ";")
	if _, has := param(params, "id"); has || !strings.EqualFold(strings.TrimSpace(event), w.s.Event) {
		tx.Respond(badEvent(req))
		return
	}
	state, params, _ := strings.Cut(header(req, "Subscription-State"), ";")
	state = strings.ToLower(strings.TrimSpace(state))
	kind := mediaType(req)
	switch {
	case state == "":
		tx.Respond(stack.Reply(req, 400, "No Subscription-State"))
		return
	case len(req.Body()) > 0 && !slices.ContainsFunc(w.s.Accept, func(t string) bool { return strings.EqualFold(t, kind) }):
		res := stack.Reply(req, 415, "")
		res.AppendHeader(stack.NewHeader("Accept", strings.Join(w.s.Accept, ", ")))
		tx.Respond(res)
		return
	case !w.enter(tx, req):
		return
	case !w.told.take(time.Now()) && state != "terminated":
		tx.Respond(later(req))
		w.timer.Stop()
		w.timer = w.u.stack.After(stormPause*time.Second, w.begin) // what was missed comes then
		return
	}
	tx.Respond(stack.Reply(req, 200, ""))
	w.notified(req, state, params)
}

// enter checks a NOTIFY's place in the dialog, which the first one makes.
func (w *watch) enter(tx *stack.ServerTx, req *stack.Request) bool {
	if w.d == nil {
		d, err := dialog.Accept(req, w.key.tag)
		if err != nil {
			tx.Respond(stack.Reply(req, 400, ""))
			return false
		}
		d.State = dialog.Confirmed
		d.Skip(w.seq)
		w.d = d
		return true
	}
	if w.d.Receive(req) != nil {
		tx.Respond(stack.Reply(req, 500, "CSeq out of order"))
		return false
	}
	w.d.Refresh(req.Contact())
	return true
}

// notified takes a NOTIFY that is in order.
func (w *watch) notified(req *stack.Request, state, params string) {
	if w.ended {
		if state == "terminated" {
			w.timer.Stop()
			w.drop()
		}
		return
	}
	if state != "terminated" {
		w.first.Stop()
		if text, has := param(params, "expires"); has && w.running == nil {
			if span := time.Duration(atoi(text)) * time.Second; span > 0 && time.Now().Add(span+refreshMin).Before(w.until) {
				w.last(span) // it has shortened it
			}
		}
		if state == "active" { // while it is pending nothing of what it tells is so
			w.report(Watching{Up: true})
		}
	}
	if h := req.ContentType(); h != nil && len(req.Body()) > 0 {
		w.u.on(Notified{Sub: w.ref, Type: h.Value(), Body: req.Body()})
	} else if state == "active" {
		w.u.on(Neutral{Sub: w.ref})
	}
	if state == "terminated" {
		w.terminated(params)
	}
}

// terminated is told by the server that the subscription is over, and why (RFC 6665 §4.1.3).
func (w *watch) terminated(params string) {
	reason, _ := param(params, "reason")
	text, _ := param(params, "retry-after")
	after := time.Duration(atoi(text)) * time.Second
	switch strings.ToLower(reason) {
	case "deactivated", "timeout":
		after = 0
	case "rejected", "noresource", "invariant":
		after = hopelessAfter
	}
	w.fail(0, Clean(reason), after)
}
