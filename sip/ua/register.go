package ua

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"opendeskphone/sip/stack"
)

// registration keeps one account known to its registrar.
type registration struct {
	acc     *account
	id      string // reg-id, which tells the flows of an account apart (RFC 5626 §4.2)
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
	binding stack.Uri     // the Contact it has
	stale   []stack.Uri   // Contacts it has besides, oldest first
	tidying *stack.Timer  // takes those away later
	ended   bool
	pulse   pulse
	homing  homing
	turn    int          // of the attempt; what was begun in a former one is void
	at      int          // the server in use, among the account's targets
	flow    stack.Source // how the last answered REGISTER went
	roused  stack.Source // by which flow subscriptions were refreshed last
	flowing time.Time    // since when it goes so
	brief   int          // connections in a row that were soon gone
	routes  []stack.Uri  // Service-Route (RFC 3608)
}

func newRegistration(a *account) *registration {
	r := &registration{acc: a, id: itoa(1 + len(a.flows)), callID: stack.CallIDHeader(stack.NewCallID()), tag: stack.NewTag(), asked: a.p.Expires}
	r.pulse.r, r.homing.r = r, r
	return r
}

func (r *registration) report(s LineState) {
	s.Account = r.acc.id
	r.state = s.State
	r.acc.u.log.Info("registration", "line", int(s.Account), "state", stateName[s.State], "fault", s.Fault.String(),
		"code", s.Code, "text", s.Text)
	if s.State != Registered && r.covered() || r != r.acc.flows[0] && s.State == Registered && r.covered() {
		return // the line works by the other flow
	}
	r.acc.u.on(s)
	switch {
	case s.State == Failing:
		r.acc.u.lapse(r.acc, false)
	case r.acc.p.Direct:
		r.acc.u.rouse(r.acc)
	}
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

// rest ends all that is planned and under way.
func (r *registration) rest() {
	if r.acc.p.Direct || r.ended || r.state == Off {
		return
	}
	r.turn++
	r.pending = false
	r.abandon()
	r.gated.Stop()
	r.timer.Stop()
	r.pulse.stop()
	r.homing.stop()
	r.report(LineState{State: Failing, Fault: Unreachable, Text: "no network"})
}

// renew registers at once, also while it waits.
func (r *registration) renew() {
	if r.acc.p.Direct || r.ended || r.state == Off {
		return
	}
	r.fails = 0
	r.abandon()    // it may wait on a way that is no more
	r.gated.Stop() // nor is a name server waited for that was asked on it
	r.pending = false
	r.attempt()
}

// attempt resolves the server and registers with the best one that answers.
func (r *registration) attempt() {
	if r.ended || r.running != nil || r.pending {
		return
	}
	r.timer.Stop()
	r.turn++
	r.tried, r.raised, r.pending = 0, false, true
	turn := r.turn
	r.acc.resolve(func(err error) {
		if r.ended || r.turn != turn {
			return
		}
		r.pending = false
		if err != nil {
			r.fail(Unreachable, 0, Clean(err.Error()), 0)
			return
		}
		r.pass(r.register)
	})
}

// pass runs fn, which asks the server in use, now or when that may be asked again.
func (r *registration) pass(fn func()) {
	at := r.target().Addr
	if r.spare(at) {
		fn()
		return
	}
	r.pending = true
	r.gated = r.acc.u.stack.After(r.acc.pace.wait(at), func() {
		r.pending = false
		r.pass(fn)
	})
}

// spare tells whether one more REGISTER to a server, repeats too, keeps its pace, and counts it.
func (r *registration) spare(server netip.AddrPort) bool {
	return r.acc.pace.spare(server)()
}

// register asks the server in use.
func (r *registration) register() {
	if r.ended {
		return
	}
	to := r.target()
	k := r.request(to, r.asked)
	k.gate = func(again func()) {
		r.waiting.Stop() // it lives
		r.pass(func() { r.hurry(k); again() })
	}
	k.on = func(res *stack.Response, err error) {
		if r.running != k {
			return
		}
		r.waiting.Stop()
		if err != nil || res.StatusCode >= 200 {
			r.running = nil
			r.outcome(k, res, err)
		}
	}
	r.running = k
	r.hurry(k)
	k.send()
}

// abandon gives up the REGISTER under way, which would be out of order if it were repeated later. It tells whether the
// registrar may have taken it.
func (r *registration) abandon() bool {
	k := r.running
	if k == nil {
		return false
	}
	r.waiting.Stop()
	k.stop()
	r.running = nil
	return r.acc.u.stack.Drop(k.tx)
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
	req.AppendHeader(stack.NewHeader("Allow", r.acc.u.allowed))
	req.AppendHeader(stack.NewHeader("Supported", "outbound, path, gruu"))
	a.introduce(req)
	k := &ask{acc: a, req: req, to: to, seq: func() uint32 { r.seq++; return r.seq }, gate: r.pass, spare: func() bool { return r.spare(to.Addr) }}
	k.again = func() { // by now there is a flow to name
		r.flow = k.tx.Flow()
		k.to = a.onFlow(k.to)
		k.req.ReplaceHeader(r.contact(k.to, expires))
	}
	return k
}

// contact is our Contact with what a registrar wants to know (RFC 5626 §4.2).
func (r *registration) contact(to stack.Target, expires time.Duration) *stack.ContactHeader {
	h := r.acc.contact(to)
	h.Params.Add("expires", seconds(expires))
	r.acc.bind(h)
	if i := r.acc.p.Instance; i != "" {
		h.Params.Add("+sip.instance", `"<`+i+`>"`)
		if !r.plain {
			h.Params.Add("reg-id", r.id)
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
	if transient(res, err) && r.tried+1 < r.choices() {
		r.tried++
		r.at = r.next()
		r.pass(r.register)
		return
	}
	if err != nil {
		if errors.Is(err, stack.ErrTransport) {
			r.acc.pace.undo(k.to.Addr)
		}
		r.fail(faultOf(err), 0, Clean(err.Error()), 0)
		return
	}
	code, text := res.StatusCode, k.acc.reason(res)
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
	anew := r.state != Registered || r.roused != flow
	moved := flow.Transport == stack.TLS && k.req.Contact().Address.Port != int(flow.Local.Port())
	if r.flow != flow {
		r.flow, r.flowing = flow, time.Now()
	}
	granted := r.granted(res, k.req.Contact())
	if granted == 0 {
		r.fail(ServerTrouble, res.StatusCode, "registrar grants no time", retryAfter(res))
		return
	}
	r.fails, r.bound = 0, true
	a.cred.proven = a.cred.realm != ""
	a.proven, a.since = a.targets[r.at], time.Now()
	r.leave(k.req.Contact().Address)
	outbound := has(res, "Require", "outbound")
	r.pulse.every = pulseEvery(res)
	if outbound || r.pulse.every > 0 {
		a.u.stack.KeepFlow(flow.Conn, r.pulse.every) // RFC 5626 §4.4.1
	}
	r.routes = r.routes[:0]
	for _, h := range res.GetHeaders("Service-Route") {
		for _, v := range splitQuoted(h.Value(), ',') {
			if _, uri, _, err := stack.ParseAddress(v); err == nil && len(r.routes) < 8 {
				r.routes = append(r.routes, uri)
			}
		}
	}
	agreed, _ := a.u.stack.Agreed(flow.Conn)
	r.report(LineState{State: Registered, Expires: granted, Local: flow.Local.Addr(), TLS: agreed})
	r.reflect(res)
	if r.roused = flow; anew {
		a.u.rouse(a)
	}
	r.pulse.start()
	if r == a.flows[0] {
		a.spread(outbound)
	}
	r.homing.start()
	if moved && r.acc.pace.wait(flow.Addr) == 0 { // the Contact could not name the flow before there was one
		r.timer = a.u.stack.After(0, r.attempt)
		return
	}
	r.timer = a.u.stack.After(refreshAfter(granted, rand.Float64()), r.attempt)
}

// reflect shows the account's mirror an answer on its first flow.
func (r *registration) reflect(res *stack.Response) {
	if r == r.acc.flows[0] {
		r.acc.mirror.answered(res, r.flow)
	}
}

// leave takes the binding away that we had under another Contact before: at another address, or at the
// end of a connection that is no more. Otherwise calls would go there too, until its time is over.
func (r *registration) leave(now stack.Uri) {
	old := r.binding
	r.binding = *now.Clone()
	if old.Host == "" || old.String() == now.String() {
		return
	}
	r.stale = append(r.stale[max(0, len(r.stale)+1-maxStale):], old)
	r.tidy()
}

// tidy takes stale bindings away, as far as the pace allows now, and the rest later.
func (r *registration) tidy() {
	r.tidying.Stop()
	for to := r.target(); len(r.stale) > 0 && !r.ended; {
		if !r.spare(to.Addr) {
			r.tidying = r.acc.u.stack.After(r.acc.pace.wait(to.Addr), r.tidy)
			return
		}
		old := r.stale[0]
		if r.stale = r.stale[1:]; old.String() != r.binding.String() {
			r.unbind(to, old)
		}
	}
}

func (r *registration) unbind(to stack.Target, old stack.Uri) {
	k := r.request(to, 0)
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
		if !ok || !r.acc.isOurs(c, mine) {
			continue
		}
		if id, has := c.Params.Get("reg-id"); has && id != r.id {
			continue // of the other flow
		}
		if e, ok := c.Params.Get("expires"); ok {
			value = e
		}
		if g := r.acc.gruuOf(c); g != "" {
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
	r.at = r.best()
	wait, recovers := r.recovers(after)
	if !recovers {
		wait = backoff(f, r.fails, now.Sub(r.since), after, rand.Float64())
	}
	r.pulse.stop()
	r.homing.stop()
	r.report(LineState{State: Failing, Fault: f, Code: code, Text: text, Retry: now.Add(wait)})
	r.timer.Stop()
	r.timer = r.acc.u.stack.After(wait, r.attempt)
}

// lost is told when a connection ended.
func (r *registration) lost(conn stack.ConnID) {
	if conn != 0 && r.flow.Conn == conn && !r.ended {
		r.flow = stack.Source{}
		if r.state == Registered {
			r.regain()
		}
	}
}

// regain registers anew what stood and lost its connection: at once, but for a server that closes one after the other.
func (r *registration) regain() {
	r.brief++
	if time.Since(r.flowing) > steadyAfter {
		r.brief = 0
	}
	if n := r.brief - briefMost; n > 0 {
		r.fails = n - 1
		r.fail(ServerTrouble, 0, "server closes each connection", 0)
		return
	}
	if r.covered() {
		r.state = Registering // calls take the other flow
	}
	r.timer.Stop()
	r.timer = r.acc.u.stack.After(jitter(0, 300*time.Millisecond), r.attempt)
}

// stop takes the binding away and calls done when that is answered or cannot be.
func (r *registration) stop(done func()) {
	r.ended = true
	r.pulse.stop()
	r.homing.stop()
	for _, t := range []*stack.Timer{r.timer, r.gated, r.waiting, r.tidying} {
		t.Stop()
	}
	asking := r.abandon()
	if r.acc.p.Direct || len(r.acc.targets) == 0 || !r.bound && !asking || !r.spare(r.target().Addr) {
		r.acc.u.stack.Post(done)
		return
	}
	k := r.request(r.target(), 0)
	k.on = func(res *stack.Response, err error) {
		if err != nil || res.StatusCode >= 200 {
			done()
		}
	}
	k.send()
}

// lineParam marks our Contact, so that a call names the account it is for.
func lineParam(id AccountID) string { return fmt.Sprintf("%d", int(id)) }
