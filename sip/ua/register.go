package ua

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"opendeskphone/sip/stack"
)

// registration keeps one account known to its registrar.
type registration struct {
	acc     *account
	state   State
	callID  stack.CallIDHeader
	tag     string
	seq     uint32
	asked   time.Duration // the time we ask for; a 423 raises it
	plain   bool          // the registrar's edge has no outbound (439)
	running *ask          // the REGISTER under way
	pending bool          // an attempt is between its steps (resolving, gated)
	timer   *stack.Timer  // the next attempt
	gated   *stack.Timer  // a REGISTER that waits for the burst limit
	waiting *stack.Timer  // patience with a silent server
	fails   int           // failures in a row
	since   time.Time     // the first of them
	tried   int           // servers tried in this attempt
	raised  bool          // a 423 or 439 was heeded in this attempt
	bound   bool          // the registrar has, or may have, a binding of ours
	at      stack.Uri     // the Contact it has
	ended   bool
	pulse   pulse
	begun   []time.Time // REGISTERs within burstWindow, repeats too
}

func newRegistration(a *account) *registration {
	r := &registration{acc: a, callID: stack.CallIDHeader(stack.NewCallID()), tag: stack.NewTag(), asked: a.p.Expires}
	r.pulse.r = r
	return r
}

func (r *registration) report(s LineState) {
	s.Account = r.acc.id
	r.state = s.State
	r.acc.u.log.Info("registration", "line", int(s.Account), "state", stateName[s.State], "fault", s.Fault.String(),
		"code", s.Code, "text", s.Text)
	r.acc.u.on(s)
}

// start begins the life of the registration.
func (r *registration) start() {
	if r.acc.p.Direct {
		r.report(LineState{State: Registered})
		return
	}
	r.report(LineState{State: Registering})
	r.attempt()
}

// renew registers at once, also while it waits.
func (r *registration) renew() {
	if r.acc.p.Direct || r.ended || r.state == Off {
		return
	}
	r.fails = 0
	if r.running != nil { // it may wait on a way that is no more
		r.running.stop()
		r.running = nil
		r.waiting.Stop()
	}
	r.attempt()
}

// attempt resolves the server and registers with the best one that answers.
func (r *registration) attempt() {
	if r.ended || r.running != nil || r.pending {
		return
	}
	r.timer.Stop()
	r.tried, r.raised, r.pending = 0, false, true
	r.acc.resolve(func(err error) {
		r.pending = false
		if r.ended {
			return
		}
		if err != nil {
			r.fail(Unreachable, 0, Clean(err.Error()), 0)
			return
		}
		r.pass(r.register)
	})
}

// pass runs fn now or when the burst limit allows; REGISTERs of all kinds go
// through here, so that no registrar can make us storm it.
func (r *registration) pass(fn func()) {
	if r.spare() {
		fn()
		return
	}
	r.pending = true
	r.gated = r.acc.u.stack.After(burstWindow-time.Since(r.begun[0])+time.Millisecond, func() {
		r.pending = false
		r.pass(fn)
	})
}

// spare tells whether one more REGISTER keeps the burst limit, and counts it.
func (r *registration) spare() bool {
	now := time.Now()
	r.begun = slices.DeleteFunc(r.begun, func(t time.Time) bool { return now.Sub(t) >= burstWindow })
	if len(r.begun) >= burst {
		return false
	}
	r.begun = append(r.begun, now)
	return true
}

// register asks the server in use.
func (r *registration) register() {
	if r.ended {
		return
	}
	to := r.acc.target()
	k := r.request(to, r.asked)
	k.on = func(res *stack.Response, err error) {
		if r.running == k && (err != nil || res.StatusCode >= 200) {
			r.waiting.Stop()
			r.running = nil
			r.outcome(k, res, err)
		} else if r.running == k {
			r.waiting.Stop() // it lives
		}
	}
	r.running = k
	if r.tried+1 < len(r.acc.targets) {
		r.waiting = r.acc.u.stack.After(patience, func() {
			k.stop()
			r.running = nil
			r.outcome(k, nil, stack.ErrTimeout)
		})
	} else if to.Transport != stack.UDP { // a stream repeats for us: who has not answered by now is not there
		r.waiting = r.acc.u.stack.After(streamPatience, func() {
			k.stop()
			r.running = nil
			r.acc.u.stack.Hangup(k.tx.Flow().Conn)
			r.outcome(k, nil, stack.ErrTimeout)
		})
	}
	k.send()
}

// request makes a REGISTER for this time; 0 takes the binding away.
func (r *registration) request(to stack.Target, expires time.Duration) *ask {
	a := r.acc
	req := stack.NewRequest(stack.REGISTER, a.p.home)
	from := &stack.FromHeader{DisplayName: stack.Quote(a.p.Display), Address: a.p.aor}
	from.Params.Add("tag", r.tag)
	r.seq++
	if a.p.Proxy != "" {
		route := a.p.server.Clone()
		route.UriParams.Add("lr", "")
		req.AppendHeader(&stack.RouteHeader{Address: *route})
	}
	req.AppendHeader(from)
	req.AppendHeader(&stack.ToHeader{Address: a.p.aor})
	id := r.callID
	req.AppendHeader(&id)
	req.AppendHeader(&stack.CSeqHeader{SeqNo: r.seq, MethodName: stack.REGISTER})
	req.AppendHeader(r.contact(to, expires))
	req.AppendHeader(stack.NewHeader("Expires", seconds(expires)))
	req.AppendHeader(stack.NewHeader("Allow", allowed))
	req.AppendHeader(stack.NewHeader("Supported", "outbound, path, gruu"))
	k := &ask{acc: a, req: req, to: to, seq: func() uint32 { r.seq++; return r.seq }, gate: r.pass, spare: r.spare}
	k.again = func() { // by now there is a flow to name
		a.flow = k.tx.Flow()
		k.to = a.onFlow(k.to)
		k.req.ReplaceHeader(r.contact(k.to, expires))
	}
	return k
}

// contact is our Contact with what a registrar wants to know (RFC 5626 §4.2).
func (r *registration) contact(to stack.Target, expires time.Duration) *stack.ContactHeader {
	h := r.acc.contact(to)
	h.Params.Add("expires", seconds(expires))
	if i := r.acc.p.Instance; i != "" {
		h.Params.Add("+sip.instance", `"<`+i+`>"`)
		if !r.plain {
			h.Params.Add("reg-id", "1")
		}
	}
	return h
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }

// outcome judges the answer to a REGISTER.
func (r *registration) outcome(k *ask, res *stack.Response, err error) {
	if r.ended {
		return
	}
	if transient(res, err) && r.tried+1 < len(r.acc.targets) {
		r.tried++
		r.acc.at = (r.acc.at + 1) % len(r.acc.targets)
		r.pass(r.register)
		return
	}
	if err != nil {
		if errors.Is(err, stack.ErrTransport) && len(r.begun) > 0 {
			r.begun = r.begun[:len(r.begun)-1] // nothing has reached the registrar
		}
		r.fail(faultOf(err), 0, Clean(err.Error()), 0)
		return
	}
	code, text := res.StatusCode, Clean(res.Reason)
	switch {
	case code < 300:
		r.succeed(k, res)
	case code == 401 || code == 407:
		fault := WrongPassword
		if !errors.Is(k.refusal, errRejected) && !errors.Is(k.refusal, errNoPassword) {
			fault, text = Refused, Clean(k.refusal.Error())
		}
		r.fail(fault, code, text, retryAfter(res))
	case code == 423 && !r.raised && r.raise(res):
		r.raised = true
		r.pass(r.register)
	case code == 439 && !r.raised && !r.plain: // RFC 5626 §11.6
		r.raised, r.plain = true, true
		r.pass(r.register)
	case code == 408 || code == 480 || code >= 500 && code < 600:
		r.fail(ServerTrouble, code, text, retryAfter(res))
	default:
		r.fail(Refused, code, text, retryAfter(res))
	}
}

// raise takes the Min-Expires of a 423 and tells whether it asks for more than we did.
func (r *registration) raise(res *stack.Response) bool {
	h := res.GetHeader("Min-Expires")
	if h == nil {
		return false
	}
	n, err := strconv.ParseUint(strings.TrimSpace(h.Value()), 10, 32)
	least := time.Duration(n) * time.Second
	if err != nil || least <= r.asked || least > maxExpires {
		return false
	}
	r.asked = least
	return true
}

// succeed takes a 2xx: how long we are known, and what else it says.
func (r *registration) succeed(k *ask, res *stack.Response) {
	a := r.acc
	flow := k.tx.Flow()
	moved := flow.Transport == stack.TLS && k.req.Contact().Address.Port != int(flow.Local.Port())
	a.flow = flow
	granted := r.granted(res, k.req.Contact())
	if granted == 0 {
		r.fail(ServerTrouble, res.StatusCode, "registrar grants no time", retryAfter(res))
		return
	}
	r.fails, r.bound = 0, true
	a.cred.proven = a.cred.realm != ""
	r.leave(k.req.Contact().Address)
	if has(res, "Require", "outbound") {
		a.u.stack.RequirePong(flow.Conn) // RFC 5626 §4.4.1
	}
	a.services = a.services[:0]
	for _, h := range res.GetHeaders("Service-Route") {
		for _, v := range splitQuoted(h.Value(), ',') {
			if _, uri, _, err := stack.ParseAddress(v); err == nil && len(a.services) < 8 {
				a.services = append(a.services, uri)
			}
		}
	}
	agreed, _ := a.u.stack.Agreed(flow.Conn)
	r.report(LineState{State: Registered, Expires: granted, TLS: agreed})
	r.pulse.start()
	if moved && len(r.begun) < burst { // the Contact could not name the flow before there was one
		r.timer = a.u.stack.After(0, r.attempt)
		return
	}
	r.timer = a.u.stack.After(refreshAfter(granted, rand.Float64()), r.attempt)
}

// leave takes the binding away that we had under another Contact before: at another address, or at the
// end of a connection that is no more. Otherwise calls would go there too, until its time is over.
func (r *registration) leave(now stack.Uri) {
	old := r.at
	r.at = *now.Clone()
	if old.Host == "" || old.String() == now.String() || !r.spare() {
		return
	}
	k := r.request(r.acc.target(), 0)
	h := &stack.ContactHeader{Address: old}
	h.Params.Add("expires", "0")
	k.req.ReplaceHeader(h)
	k.again = nil
	k.on = func(*stack.Response, error) {} // a registrar that knows of no such binding is content, too
	k.send()
}

// granted is the time the registrar keeps our binding: of our own Contact, of
// the message, or what we asked for. It is never more than that, and 0 only if
// the registrar says so.
func (r *registration) granted(res *stack.Response, mine *stack.ContactHeader) time.Duration {
	value := ""
	if h := res.GetHeader("Expires"); h != nil {
		value = h.Value()
	}
	for _, h := range res.GetHeaders("Contact") {
		c, ok := h.(*stack.ContactHeader)
		if !ok || c.Address.User != mine.Address.User || c.Address.Host != mine.Address.Host || c.Address.Port != mine.Address.Port {
			continue
		}
		if e, ok := c.Params.Get("expires"); ok {
			value = e
		}
		if g, ok := c.Params.Get("pub-gruu"); ok {
			if uri, err := stack.ParseURI(strings.Trim(g, `"`)); err == nil {
				r.acc.gruu = uri
			}
		}
		break
	}
	n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 64)
	if err != nil || n > uint64(r.asked/time.Second) {
		return r.asked
	}
	return time.Duration(n) * time.Second
}

// fail reports a failure and plans the next attempt.
func (r *registration) fail(f Fault, code int, text string, after time.Duration) {
	now := time.Now()
	if r.fails++; r.fails == 1 {
		r.since = now
	}
	r.acc.at = 0 // begin with the best again
	wait := backoff(f, r.fails, now.Sub(r.since), after, rand.Float64())
	r.pulse.stop()
	r.report(LineState{State: Failing, Fault: f, Code: code, Text: text, Retry: now.Add(wait)})
	r.timer.Stop()
	r.timer = r.acc.u.stack.After(wait, r.attempt)
}

// lost is told when a connection ended.
func (r *registration) lost(conn stack.ConnID) {
	if conn != 0 && r.acc.flow.Conn == conn && !r.ended {
		r.acc.flow = stack.Source{}
		if r.state == Registered {
			r.timer.Stop()
			r.timer = r.acc.u.stack.After(jitter(0, 300*time.Millisecond), r.attempt)
		}
	}
}

// stop takes the binding away and calls done when that is answered or cannot be.
func (r *registration) stop(done func()) {
	r.ended = true
	r.pulse.stop()
	for _, t := range []*stack.Timer{r.timer, r.gated, r.waiting} {
		t.Stop()
	}
	if r.running != nil {
		r.running.stop()
	}
	if r.acc.p.Direct || len(r.acc.targets) == 0 || !r.bound && r.running == nil || !r.spare() {
		r.acc.u.stack.Post(done)
		return
	}
	k := r.request(r.acc.target(), 0)
	k.on = func(res *stack.Response, err error) {
		if err != nil || res.StatusCode >= 200 {
			done()
		}
	}
	k.send()
}

// lineParam marks our Contact, so that a call names the account it is for.
func lineParam(id AccountID) string { return fmt.Sprintf("%d", int(id)) }
