package ua

import (
	"context"
	"slices"
	"time"

	"opendeskphone/sip/stack"
)

// How long a server may say nothing at all while there is another, so that the other has answered
// within 4 s over UDP, after the repeat that comes at 3.5 s, and within 2 s over TCP and TLS, where
// nothing has to be repeated. RFC 3263 §4.3 would have a caller wait for the whole transaction, 32 s.
const (
	patience         = 3700 * time.Millisecond
	patienceReliable = 1700 * time.Millisecond
)

func patienceFor(t stack.Transport) time.Duration {
	if t == stack.UDP {
		return patience
	}
	return patienceReliable
}

// doubt is how long a connection may bring nothing after an INVITE before it is asked whether it lives.
const doubt = 500 * time.Millisecond

// hurry has an INVITE go to the next server if this one is silent and there is one. A flow that may be
// dead is found out at once, and not when its keep-alive is due.
func (c *call) hurry(k *ask) {
	d := &c.dial
	d.patience.Stop()
	waits := func() bool { return c.phase == dialing && d.run == k && !k.heard }
	if k.to.Conn != 0 {
		c.u.stack.After(doubt, func() {
			if waits() {
				c.u.stack.Probe(k.to.Conn)
			}
		})
	}
	if d.tried+1 >= len(d.targets) && !d.otherwise {
		return
	}
	d.patience = c.u.stack.After(patienceFor(k.to.Transport), func() {
		if !waits() {
			return
		}
		k.stop()
		c.u.stack.Cancel(k.tx) // should it wake up, it must not ring there too
		c.respond(k, nil, stack.ErrTimeout)
	})
}

// hurry has a REGISTER go to the next server if this one is silent and there is one.
func (r *registration) hurry(k *ask) {
	r.waiting.Stop()
	r.waiting = r.acc.u.stack.After(patienceFor(k.to.Transport), func() {
		switch {
		case r.running != k:
		case r.tried+1 < r.choices():
			r.abandon()
			r.outcome(k, nil, stack.ErrTimeout)
		default:
			r.askAgain(k)
			r.giveUp(k)
		}
	})
}

// giveUp ends a REGISTER to the only server on a stream, which repeats for us: who has not answered by then is not there.
func (r *registration) giveUp(k *ask) {
	if k.to.Transport == stack.UDP {
		return
	}
	r.waiting = r.acc.u.stack.After(streamPatience-patienceFor(k.to.Transport), func() {
		if r.running == k {
			r.abandon()
			r.acc.u.stack.Hangup(k.tx.Flow().Conn)
			r.outcome(k, nil, stack.ErrTimeout)
		}
	})
}

// askAgain asks the DNS for the only server, which is silent: on another network it may have another address, and the
// DNS there was slower than our memory of it.
func (r *registration) askAgain(k *ask) {
	a := r.acc
	a.u.stack.Resolve(context.Background(), a.p.server, func(t []stack.Target, err error) {
		here := func(t stack.Target) bool { return t.Addr == k.to.Addr && t.Transport == k.to.Transport }
		if err != nil || r.running != k || slices.ContainsFunc(t, here) {
			return
		}
		r.abandon()
		a.found(t)
		r.at = r.best()
		a.u.retrust()
		r.pass(r.register)
	})
}

// suspect is told that a call found a server dead. A registration that runs on it goes to the next one now, so that
// we are called there and the next call does not wait.
func (a *account) suspect(t stack.Target) {
	for _, r := range a.flows {
		if r.state != Registered || r.running != nil || r.pending || a.targets[r.at].Addr != t.Addr {
			continue
		}
		switch {
		case r.covered():
			r.state = Registering
		case r.choices() > 1:
			r.at = r.next()
		default:
			continue
		}
		r.attempt()
	}
}

// The rhythm of asking whether a better server is back. RFC 3263 has no way back at all; users would
// stay on the second server until the phone is restarted.
const (
	returnEvery = 10 * time.Second
	returnMax   = 10 * time.Minute // for a server that answers and then does not register us
)

// homing brings a registration that had to go to a lesser server back to the best one. Calls that
// stand are not touched: their dialogs keep the way they were made on.
type homing struct {
	r     *registration
	timer *stack.Timer
	vain  int // returns in a row that did not come about
}

// start begins to look out for a better server, if there is one.
func (h *homing) start() {
	h.timer.Stop()
	a := h.r.acc
	if h.r.at == 0 {
		h.vain = 0
	}
	if h.r.at == 0 || len(a.flows) > 1 { // RFC 5626 has its own way: the other flow is the better one, or will be
		return
	}
	h.timer = a.u.stack.After(min(returnEvery<<min(h.vain, 8), returnMax), h.look)
}

func (h *homing) stop() { h.timer.Stop() }

// look asks the better servers. The first to say anything but that it is out of service is taken.
func (h *homing) look() {
	a := h.r.acc
	for _, to := range a.targets[:h.r.at] {
		a.u.stack.Send(a.question(to), to, func(res *stack.Response, err error) {
			if err == nil && res.StatusCode >= 200 && res.StatusCode != 503 && h.r.state == Registered && h.r.running == nil && !h.r.pending {
				h.back(to)
			}
		})
	}
	h.timer = a.u.stack.After(min(returnEvery<<min(h.vain, 8), returnMax), h.look)
}

// back registers with a server that has returned.
func (h *homing) back(to stack.Target) {
	a := h.r.acc
	if at := slices.Index(a.targets[:h.r.at], to); at >= 0 {
		h.r.at = at
		h.vain++ // start sets it right when we are there
		h.r.attempt()
	}
}
