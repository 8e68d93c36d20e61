package ua

import (
	"math/rand/v2"
	"slices"
	"time"

	"opendeskphone/sip/stack"
)

// An account has a flow to its server (RFC 5626): a registration with the way it runs on. Where the registrar says
// that it knows outbound, and there is another server, there is a second flow to that. Calls come by either, and
// go by whichever stands; one that fails is tried again ever more rarely, for nobody waits for it.

// RFC 5626 §4.5: the rhythm of bringing back a flow while another one stands.
const (
	recoverBase = 90 * time.Second
	recoverMax  = 30 * time.Minute
)

// recoverAfter is how long to wait after the n-th failure of a flow in a row (from 1); random is in [0, 1).
func recoverAfter(n int, random float64) time.Duration {
	d := min(recoverBase<<min(n, 10), recoverMax)
	return d/2 + time.Duration(random*float64(d/2))
}

// current is the flow that requests take: of those that stand the one to the best server.
func (a *account) current() *registration {
	best := a.flows[0]
	for _, r := range a.flows[1:] {
		if r.state == Registered && (best.state != Registered || r.at < best.at) {
			best = r
		}
	}
	return best
}

// covered tells whether another flow stands.
func (r *registration) covered() bool {
	return slices.ContainsFunc(r.acc.flows, func(o *registration) bool { return o != r && o.state == Registered })
}

// taken tells whether a server is that of another flow.
func (r *registration) taken(at int) bool {
	return slices.ContainsFunc(r.acc.flows, func(o *registration) bool { return o != r && o.at == at })
}

// choices is how many servers this flow may try.
func (r *registration) choices() int { return max(1, len(r.acc.targets)-len(r.acc.flows)+1) }

// next is the server to try after the one in use.
func (r *registration) next() int {
	n := len(r.acc.targets)
	for i := 1; i < n; i++ {
		if at := (r.at + i) % n; !r.taken(at) {
			return at
		}
	}
	return r.at
}

// best is the best server that no other flow has, or the very best if they have them all.
func (r *registration) best() int {
	for at := range r.acc.targets {
		if !r.taken(at) {
			return at
		}
	}
	return 0
}

// target is the server of this flow, by its connection.
func (r *registration) target() stack.Target { return r.acc.onFlow(r.acc.targets[r.at]) }

// target is the server in use, on the flow the registration runs on (RFC 5626 §4.3).
func (a *account) target() stack.Target { return a.current().target() }

// ways are the servers in the order to try them with a request: the one in use, those to which a flow stands, the
// others.
func (a *account) ways() []stack.Target {
	rank := func(at int) int {
		switch {
		case at == a.current().at:
			return 0
		case slices.ContainsFunc(a.flows, func(r *registration) bool { return r.at == at && r.state == Registered }):
			return 1
		}
		return 2
	}
	var list []stack.Target
	for want := range 3 {
		for at, t := range a.targets {
			if rank(at) == want {
				list = append(list, a.onFlow(t))
			}
		}
	}
	return list
}

// onFlow prefers the flow of a registration for a target at our server.
func (a *account) onFlow(t stack.Target) stack.Target {
	for _, r := range a.flows {
		if r.flow.Addr == t.Addr && r.flow.Transport == t.Transport {
			t.Conn = r.flow.Conn
		}
	}
	return t
}

// routesBy are the routes that requests to a server must take (RFC 3608).
func (a *account) routesBy(to stack.Target) []stack.Uri {
	for _, r := range a.flows {
		if r.at < len(a.targets) && a.targets[r.at].Addr == to.Addr {
			return r.routes
		}
	}
	return a.current().routes
}

// provenFor is how long a server that served us counts although the DNS knows only others.
const provenFor = 24 * time.Hour

// found takes what the DNS says. A server in use stays in use, wherever it stands now, and one that has served us is
// not given up because the DNS knows only others: its answer may be poison.
func (a *account) found(t []stack.Target) {
	if time.Since(a.since) < provenFor && !slices.Contains(t, a.proven) {
		t = append(slices.Clone(t), a.proven)
	}
	was := a.targets
	a.targets = t
	for _, r := range a.flows {
		at := -1
		if r.at < len(was) {
			at = slices.Index(t, was[r.at])
		}
		if r.at = at; at < 0 {
			r.at = r.best()
		}
	}
}

// spread makes a second flow where the registrar knows outbound and there is a server for it, and ends it where not.
func (a *account) spread(outbound bool) {
	a.outbound = outbound
	switch {
	case outbound && len(a.flows) == 1 && len(a.targets) > 1:
		r := newRegistration(a)
		a.flows = append(a.flows, r)
		r.at = r.best()
		r.attempt()
	case len(a.flows) > 1 && (!outbound || len(a.targets) == 1):
		for _, r := range a.flows[1:] {
			r.stop(func() {})
		}
		a.flows = a.flows[:1]
	}
}

// recovers plans to bring a flow back, and tells whether that is how to: while another one stands.
func (r *registration) recovers(after time.Duration) (wait time.Duration, ok bool) {
	if !r.covered() {
		return 0, false
	}
	return max(min(after, waitMax), recoverAfter(r.fails, rand.Float64())), true
}

// stop ends all flows and calls done when their farewells are answered or cannot be.
func (a *account) stop(done func()) {
	left := len(a.flows)
	for _, r := range a.flows {
		r.stop(func() {
			if left--; left == 0 {
				done()
			}
		})
	}
}
