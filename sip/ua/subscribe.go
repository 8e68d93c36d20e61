package ua

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"opendeskphone/sip/dialog"
	"opendeskphone/sip/stack"
)

// SubRef names a subscription for its whole life; 0 is none.
type SubRef uint64

// Subscription is what to ask a server to be told (RFC 6665).
type Subscription struct {
	Event   string        // the event package, "dialog"
	Target  string        // whom or what it is about, as in Call; empty: the account itself
	Accept  []string      // media types of the bodies that are read; another is refused with 415
	Expires time.Duration // asked for, 60 s .. 24 h; 0 is 10 min
	Headers [][2]string   // besides those every subscription has
	Lists   bool          // the target may be a list (RFC 4662); Accept must name multipart/related and application/rlmi+xml
}

// The events of subscriptions.
type (
	// Watching: a subscription came to life or lost it. While it is down nothing of what it told before may be
	// believed. It comes back by itself as long as the line exists; what it tells first then is whole.
	Watching struct {
		Sub   SubRef
		Up    bool
		Code  int       // the SIP response code that ended it, 0 if none
		Text  string    // its phrase, or the reason the server gave, cleaned
		Retry time.Time // when it is asked for again; zero: once the line is registered
	}
	// Notified: the server tells something. It is of one of the types asked for.
	Notified struct {
		Sub  SubRef
		Type string // media type with its parameters
		Body []byte // never empty
	}
	// Neutral: a subscription lives, and its server knows of no state to tell (RFC 6665 §4.2.1.2, an empty body).
	Neutral struct{ Sub SubRef }
)

func (Watching) event() {}
func (Notified) event() {}
func (Neutral) event()  {}

// Limits of subscriptions.
const (
	maxWatches    = 512              // of all lines; more are refused
	notifyWait    = 32 * time.Second // timer N (RFC 6665 §4.1.2.4)
	maxNotify     = 40               // NOTIFYs of one subscription in any second
	stormPause    = 5                // seconds, for the server that sends more
	anewBase      = time.Second
	anewMax       = 30 * time.Minute
	settledAfter  = time.Minute     // a subscription that lives so long was no failure
	canaryEvery   = 5 * time.Second // a server on UDP is asked whether it still knows a subscription
	fresh         = 4 * time.Second // so long after a refresh nobody doubts a subscription
	hopelessAfter = time.Hour       // for what the server says will never be (RFC 6665 §4.1.3)
)

// watch is a subscription at work.
type watch struct {
	u       *UA
	ref     SubRef
	id      AccountID
	s       Subscription
	key     callKey // of the dialog
	d       *dialog.Dialog
	seq     uint32 // of the request that makes the dialog
	hop     stack.Target
	hopURI  string
	running *ask
	timer   *stack.Timer // the refresh, the next attempt, or the turn in the pace
	first   *stack.Timer // patience for the first NOTIFY
	asked   time.Duration
	tried   time.Time // when it was asked for last
	raised  bool      // a 423 was heeded
	up      bool      // it tells us things
	since   time.Time // when it came up
	until   time.Time // what the server granted
	fails   int       // ends in a row
	told    surge
	ended   bool // we want no more
}

// Subscribe asks the server of an account for news, again and again as needed, until Unsubscribe. Nothing is sent
// while the line is not registered. The reference is valid at once.
func (u *UA) Subscribe(id AccountID, s Subscription) SubRef {
	ref := SubRef(u.refs.Add(1))
	u.stack.Post(func() {
		if len(u.watches) >= maxWatches || u.closing {
			u.on(Watching{Sub: ref, Code: 503, Text: "too many subscriptions"})
			return
		}
		w := &watch{u: u, ref: ref, id: id, s: s, asked: s.Expires}
		if w.asked == 0 {
			w.asked = defaultExpires
		}
		w.asked = min(max(w.asked, minExpires), maxExpires)
		u.watches[ref] = w
		w.begin()
	})
	return ref
}

// Unsubscribe ends a subscription; no event names it again.
func (u *UA) Unsubscribe(ref SubRef) {
	u.stack.Post(func() {
		if w := u.watches[ref]; w != nil {
			w.end()
		}
	})
}

// Refetch asks for everything anew: something that a subscription told was missed. It is a refresh, after which the
// server tells the whole state (RFC 6665 §4.4.1).
func (u *UA) Refetch(ref SubRef) {
	u.stack.Post(func() {
		if w := u.watches[ref]; w != nil && w.up {
			w.begin()
		}
	})
}

// rouse begins or refreshes the subscriptions and publications of a line: it is registered, or by another way than before.
func (u *UA) rouse(acc *account) {
	u.canary(acc)
	for _, w := range u.watches {
		if w.id == acc.id {
			w.fails = 0
			w.begin()
		}
	}
	for _, p := range u.posts {
		if p.id == acc.id {
			p.fails = 0
			p.begin()
		}
	}
}

// canary refreshes the subscription of a line that was refreshed longest ago, again and again while its server is reached
// by datagrams: of one that is started anew and has forgotten all of them nothing else would tell.
func (u *UA) canary(acc *account) {
	acc.canary.Stop()
	if acc.p.Direct || u.cfg.Pulse == 0 || acc.current().flow.Transport != stack.UDP {
		return
	}
	acc.canary = u.stack.After(canaryEvery, func() {
		var oldest *watch
		for _, w := range u.watches {
			if w.id == acc.id && w.up && w.running == nil && (oldest == nil || w.tried.Before(oldest.tried)) {
				oldest = w
			}
		}
		if oldest != nil && time.Since(oldest.tried) >= canaryEvery {
			oldest.begin()
		}
		u.canary(acc)
	})
}

// doubt has all that a line's server should know of us told anew, for it has forgotten a subscription: perhaps it was
// started anew.
func (u *UA) doubt(acc *account) {
	if time.Since(acc.doubted) < fresh {
		return
	}
	acc.doubted = time.Now()
	for _, w := range u.watches {
		if w.id == acc.id && w.up && time.Since(w.tried) >= fresh {
			w.begin()
		}
	}
	for _, p := range u.posts {
		if p.id == acc.id {
			p.begin()
		}
	}
	if r := acc.current(); r.state == Registered && !acc.p.Direct {
		r.attempt()
	}
}

// lapse is told that a line does not reach its server any more, or is gone.
func (u *UA) lapse(acc *account, gone bool) {
	acc.canary.Stop()
	for _, w := range u.watches {
		if w.id == acc.id {
			w.lapse(gone)
		}
	}
	for _, p := range u.posts {
		if p.id == acc.id {
			p.lapse(gone)
		}
	}
}

// lapse takes the line away from under the subscription. Its dialog stays for when the line is back, unless that is another.
func (w *watch) lapse(gone bool) {
	w.halt()
	if gone {
		w.drop()
	}
	if w.up {
		w.report(Watching{Text: "line not registered"})
	}
}

// ready is the account of an ID if its server can be asked now.
func (u *UA) ready(id AccountID) *account {
	a := u.accounts[id]
	if a == nil || u.closing || a.current().state != Registered {
		return nil
	}
	return a
}

// report tells whether the subscription lives, if that is new.
func (w *watch) report(e Watching) {
	if w.up && e.Up || w.ended {
		return
	}
	if w.up = e.Up; e.Up {
		w.since = time.Now()
	}
	e.Sub = w.ref
	w.u.log.Info("subscription", "line", int(w.id), "event", w.s.Event, "up", e.Up, "code", e.Code, "text", e.Text)
	w.u.on(e)
}

// halt stops what is planned and under way; the dialog stays.
func (w *watch) halt() {
	w.timer.Stop()
	w.first.Stop()
	if k := w.running; k != nil {
		k.stop()
		w.running = nil
		w.u.stack.Drop(k.tx)
	}
}

// begin subscribes, or refreshes, as soon as the pace allows.
func (w *watch) begin() {
	a := w.u.ready(w.id)
	if a == nil || w.running != nil || w.ended {
		return
	}
	w.timer.Stop()
	w.raised, w.tried = false, time.Now()
	if w.d == nil {
		w.drop()
		w.key = callKey{stack.NewCallID(), stack.NewTag()}
		w.u.watched[w.key] = w
	}
	turn := w.key
	w.way(a, func(to stack.Target, err error) {
		switch {
		case w.running != nil || w.key != turn || w.ended:
		case err != nil:
			w.fail(0, Clean(err.Error()), 0)
		default:
			w.pass(a, to, w.asked)
		}
	})
}

// drop forgets the dialog.
func (w *watch) drop() {
	delete(w.u.watched, w.key)
	w.d, w.seq, w.hop, w.hopURI, w.told = nil, 0, stack.Target{}, "", nil
}

// way finds where to send.
func (w *watch) way(a *account, on func(stack.Target, error)) {
	switch {
	case w.d != nil:
		uri := w.d.NextHop()
		if uri.String() == w.hopURI {
			on(a.onFlow(w.hop), nil)
			return
		}
		a.route(uri, func(t stack.Target, err error) {
			if err == nil {
				w.hop, w.hopURI = t, uri.String()
				w.u.retrust()
			}
			on(t, err)
		})
	case !a.p.Direct:
		on(a.target(), nil)
	default:
		uri, err := w.target(a)
		if err != nil {
			on(stack.Target{}, err)
			return
		}
		w.u.stack.Resolve(context.Background(), uri, func(ts []stack.Target, err error) {
			if err != nil || len(ts) == 0 {
				on(stack.Target{}, errors.Join(err, errors.New("ua: no address for "+uri.Host)))
				return
			}
			w.hop = ts[0]
			w.u.retrust()
			on(ts[0], nil)
		})
	}
}

// target is the URI the subscription is about.
func (w *watch) target(a *account) (stack.Uri, error) {
	if w.s.Target == "" {
		return *a.p.aor.Clone(), nil
	}
	uri, err := a.destination(w.s.Target)
	uri.UriParams.Remove("user") // what is watched is a name in the server's books, no number to be routed
	return uri, err
}

// pass sends a SUBSCRIBE now or when the pace allows.
func (w *watch) pass(a *account, to stack.Target, expires time.Duration) {
	if wait := a.small.wait(to.Addr); wait > 0 {
		w.timer.Stop()
		w.timer = w.u.stack.After(wait+jitter(0, 50*time.Millisecond), w.begin)
		return
	}
	req, err := w.request(a, to)
	if err != nil {
		w.fail(484, Clean(err.Error()), 0)
		return
	}
	a.small.visit(to.Addr)
	w.dress(req, a.dialogContact(to), expires)
	w.first.Stop()
	w.send(a, req, to)
}

// request makes the bare SUBSCRIBE, within the dialog if there is one.
func (w *watch) request(a *account, to stack.Target) (*stack.Request, error) {
	if w.d != nil {
		return w.d.Request(stack.SUBSCRIBE), nil
	}
	uri, err := w.target(a)
	if err != nil {
		return nil, err
	}
	w.seq++
	return a.outside(stack.SUBSCRIBE, uri, to, w.key, w.seq), nil
}

// dress gives a SUBSCRIBE what every one needs.
func (w *watch) dress(req *stack.Request, contact *stack.ContactHeader, expires time.Duration) {
	req.AppendHeader(contact)
	req.AppendHeader(stack.NewHeader("Event", w.s.Event))
	req.AppendHeader(stack.NewHeader("Expires", seconds(expires)))
	req.AppendHeader(stack.NewHeader("Accept", strings.Join(w.s.Accept, ", ")))
	for _, h := range w.s.Headers {
		req.AppendHeader(stack.NewHeader(h[0], h[1]))
	}
	if w.s.Lists {
		req.AppendHeader(stack.NewHeader("Supported", "eventlist"))
	}
}

// outside makes a request that begins something, without a Contact.
func (a *account) outside(m stack.Method, uri stack.Uri, to stack.Target, key callKey, seq uint32) *stack.Request {
	req := stack.NewRequest(m, uri)
	a.lead(req, to)
	from := a.from()
	from.Params.Add("tag", key.tag)
	id := stack.CallIDHeader(key.callID)
	req.AppendHeader(from)
	req.AppendHeader(&stack.ToHeader{Address: *uri.Clone()})
	req.AppendHeader(&id)
	req.AppendHeader(&stack.CSeqHeader{SeqNo: seq, MethodName: m})
	return req
}

// nextSeq is the number of a repeat with credentials.
func (w *watch) nextSeq() uint32 {
	if w.d != nil {
		w.d.Skip(w.seq)
		return w.d.NextSeq()
	}
	w.seq++
	return w.seq
}

func (w *watch) send(a *account, req *stack.Request, to stack.Target) {
	k := &ask{acc: a, req: req, to: to, seq: w.nextSeq, spare: a.small.spare(to.Addr)}
	k.gate = func(again func()) {
		a.u.after(&w.timer, a.small.wait(to.Addr), func() { a.small.visit(to.Addr); again() })
	}
	k.on = func(res *stack.Response, err error) {
		if w.running == k && (err != nil || res.StatusCode >= 200) {
			w.running = nil
			w.outcome(k, res, err)
		}
	}
	w.running = k
	k.send()
}

// after runs fn after a time, at once if that is 0, in place of what the timer was set for.
func (u *UA) after(t **stack.Timer, d time.Duration, fn func()) {
	(*t).Stop()
	if d == 0 {
		fn()
		return
	}
	*t = u.stack.After(d, fn)
}

// outcome judges the answer to a SUBSCRIBE.
func (w *watch) outcome(k *ask, res *stack.Response, err error) {
	switch {
	case w.ended:
	case err != nil:
		w.falter(0, Clean(err.Error()), 0)
	case res.StatusCode < 300:
		w.granted(k, res)
	case res.StatusCode == 423 && !w.raised && w.raise(res):
		w.raised = true
		w.pass(k.acc, k.to, w.asked)
	case res.StatusCode == 481 && w.d != nil:
		w.fail(481, k.acc.reason(res), 0)
		w.u.doubt(k.acc)
	case res.StatusCode == 408 || res.StatusCode >= 500 && res.StatusCode != 501 && res.StatusCode < 600:
		w.falter(res.StatusCode, k.acc.reason(res), retryAfter(res))
	default:
		w.fail(res.StatusCode, k.acc.reason(res), retryAfter(res))
	}
}

// raise takes the Min-Expires of a 423 and tells whether it asks for more than we did.
func (w *watch) raise(res *stack.Response) bool {
	least := time.Duration(atoi(header(res, "Min-Expires"))) * time.Second
	if least <= w.asked || least > maxExpires {
		return false
	}
	w.asked = least
	return true
}

// granted takes a 2xx.
func (w *watch) granted(k *ask, res *stack.Response) {
	span := w.asked
	if h := res.GetHeader("Expires"); h != nil {
		span = min(span, time.Duration(atoi(strings.TrimSpace(h.Value())))*time.Second)
	}
	if w.d != nil {
		if w.d.ID == dialog.IDOfResponse(res) {
			w.d.Refresh(res.Contact())
		}
	} else if d, err := dialog.New(k.req, res); err != nil {
		w.fail(res.StatusCode, Clean(err.Error()), 0)
		return
	} else {
		w.d = d
	}
	if w.d.Skip(w.seq); span == 0 {
		w.fail(res.StatusCode, "server grants no time", 0)
		return
	}
	w.last(span)
	if !w.up {
		w.first.Stop()
		w.first = w.u.stack.After(notifyWait, func() { w.fail(0, "no news came", 0) })
	}
}

// last plans the refresh of a subscription that lasts for a time from now.
func (w *watch) last(span time.Duration) {
	w.until = time.Now().Add(span)
	w.timer.Stop()
	w.timer = w.u.stack.After(refreshAfter(span, rand.Float64()), w.begin)
}

// falter takes a failure that says nothing about the subscription: it holds for its time (RFC 6665 §4.1.2.2).
func (w *watch) falter(code int, text string, after time.Duration) {
	if !w.up || !time.Now().Before(w.until) {
		w.fail(code, text, after)
		return
	}
	w.fails++
	w.timer.Stop()
	w.timer = w.u.stack.After(min(pauseAfter(code, w.fails, after), max(refreshMin, time.Until(w.until))), w.begin)
}

// fail ends the dialog and plans another.
func (w *watch) fail(code int, text string, after time.Duration) {
	w.halt()
	w.drop()
	if w.up && time.Since(w.since) > settledAfter {
		w.fails = 0
	}
	w.fails++
	wait := pauseAfter(code, w.fails, after)
	w.report(Watching{Code: code, Text: text, Retry: time.Now().Add(wait)})
	w.timer = w.u.stack.After(wait, w.begin)
}

// pauseAfter is how long to wait after the n-th end in a row (from 1) of a subscription or publication: soon after the
// first that another one may mend, ever longer then, and long where only a human can.
func pauseAfter(code, n int, after time.Duration) time.Duration {
	mendable := code < 400 || code == 408 || code == 481 || code >= 500 && code < 600 && code != 501
	if after > 0 || !mendable {
		return backoff(Refused, n, 0, after, rand.Float64())
	}
	d := min(anewBase<<min(n-1, 11), anewMax)
	return d/2 + time.Duration(rand.Float64()*float64(d/2))
}

// end gives the subscription up.
func (w *watch) end() {
	delete(w.u.watches, w.ref)
	w.halt()
	w.ended = true
	a := w.u.ready(w.id)
	if a == nil || w.d == nil {
		w.drop()
		return
	}
	w.way(a, func(to stack.Target, err error) {
		if err == nil && a.small.wait(to.Addr) == 0 {
			w.pass(a, to, 0)
		}
	})
	w.timer = w.u.stack.After(notifyWait, w.drop) // the last NOTIFY is answered yet
}
