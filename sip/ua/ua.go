package ua

import (
	"context"
	"log/slog"
	"net/netip"
	"sync/atomic"
	"time"

	"opendeskphone/sip/cccp"
	"opendeskphone/sip/stack"
)

// Config of a UA.
type Config struct {
	Peers     []netip.Prefix // who may call besides the servers of the accounts
	Strangers bool           // everybody may
	MaxCalls  int            // incoming calls beyond this number get 486
	Grace     time.Duration  // for BYE and un-REGISTER when Run ends
	Session   time.Duration  // session timer we ask for and grant (RFC 4028), at least 90 s; 0 is off
	Pulse     time.Duration  // how often a registrar on UDP is asked whether it lives; 0 is never
}

// Default is a Config for a phone.
func Default() Config {
	return Config{MaxCalls: 16, Grace: 2 * time.Second, Session: 30 * time.Minute, Pulse: 20 * time.Second}
}

// Rules tell the stack which requests this package understands.
func Rules() stack.Rules {
	return stack.Rules{
		Methods: []stack.Method{stack.INVITE, stack.ACK, stack.CANCEL, stack.BYE, stack.OPTIONS,
			stack.INFO, stack.NOTIFY, stack.REFER, stack.UPDATE, stack.PRACK},
		Extensions: []string{"100rel", "timer", "outbound", "path", "gruu", "replaces", "join", "norefersub", "trickle-ice", "eventlist"},
		Bodies:     []string{sdpType, trickleType, cccp.Type},
	}
}

const sdpType = "application/sdp"

// UA is the user agent. All methods may be called from any goroutine.
type UA struct {
	cfg   Config
	stack *stack.Stack
	on    Handler
	log   *slog.Logger
	refs  atomic.Uint64
	trust atomic.Pointer[guests]

	allowed, supported string // what the stack takes, for Allow and Supported

	// Of the loop alone.
	accounts map[AccountID]*account
	calls    map[CallRef]*call
	past     []*call // those of them that are over, oldest first
	dialogs  map[callKey]*call
	asked    map[ReferRef]*asked
	watches  map[SubRef]*watch
	watched  map[callKey]*watch // by the dialog they have or are about to have
	posts    map[postKey]*post
	closing  bool
	idle     func() // called once nothing is under way while closing
}

// callKey finds the call of a message: a phone that calls itself has two calls
// with the same Call-ID, but with different tags.
type callKey struct{ callID, tag string }

// New makes a UA on a stack that has not run yet. Events go to on.
func New(cfg Config, s *stack.Stack, on Handler, log *slog.Logger) *UA {
	u := &UA{cfg: cfg, stack: s, on: on, log: log, allowed: s.Rules().Allow(), supported: s.Rules().Supported(),
		accounts: map[AccountID]*account{}, calls: map[CallRef]*call{}, dialogs: map[callKey]*call{}, asked: map[ReferRef]*asked{},
		watches: map[SubRef]*watch{}, watched: map[callKey]*watch{}, posts: map[postKey]*post{}}
	u.retrust()
	if !cfg.Strangers {
		s.Trust(func(from stack.Source) bool { return u.trust.Load().admits(from.Addr.Addr()) })
	}
	return u
}

// Run runs the stack and the user agent until ctx ends, then ends calls and
// registrations, for at most Config.Grace. The error is the stack's.
func (u *UA) Run(ctx context.Context) error {
	inner, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-ctx.Done():
		case <-done:
			return
		}
		if !u.stack.Post(func() { u.close(stop) }) {
			stop()
		}
	}()
	return u.stack.Run(inner, (*intake)(u))
}

// close ends everything and calls stop when it is done or Grace is over.
func (u *UA) close(stop func()) {
	u.closing, u.idle = true, stop
	u.stack.After(u.cfg.Grace, stop)
	for _, c := range u.calls {
		c.hangup()
	}
	for id := range u.accounts {
		u.remove(id)
	}
	u.settle()
}

// settle ends Run once the last farewell is answered.
func (u *UA) settle() {
	if !u.closing || u.idle == nil || len(u.accounts) > 0 {
		return
	}
	for _, c := range u.calls {
		if c.farewell {
			return
		}
	}
	u.idle()
	u.idle = nil
}

// AddAccount adds an account and registers it, or changes the one with this
// ID. What becomes of it comes as LineState.
func (u *UA) AddAccount(id AccountID, a Account) {
	u.stack.Post(func() { u.add(id, a) })
}

// RemoveAccount un-registers an account. Its calls go on.
func (u *UA) RemoveAccount(id AccountID) {
	u.stack.Post(func() { u.remove(id) })
}

// Offline has all registrations rest until Renew: there is no network. What would be sent now would only make the
// kernel look for neighbours in vain, and it would go on with that, once a second, when the link is back.
func (u *UA) Offline() {
	u.stack.Post(func() {
		for _, a := range u.accounts {
			for _, r := range a.flows {
				r.rest()
			}
		}
	})
}

// Renew registers all accounts anew at once: the network has changed.
func (u *UA) Renew() {
	u.stack.Post(func() {
		u.stack.Renew()
		for _, a := range u.accounts {
			for _, r := range a.flows {
				r.renew()
			}
		}
	})
}

func (u *UA) add(id AccountID, a Account) {
	if u.closing {
		return
	}
	past, small, notes := newPace(burst, burstWindow), newPace(smallBurst, smallWindow), newPace(noteBurst, burstWindow)
	if old := u.accounts[id]; old != nil {
		past, small, notes = old.pace, old.small, old.notes // new words do not make a storm lawful
		u.remove(id)
	}
	p, err := a.read()
	if err != nil {
		u.on(LineState{Account: id, State: Failing, Fault: BadAccount, Text: err.Error()})
		return
	}
	acc := &account{u: u, id: id, p: p, cred: newCredentials(p), pace: past, small: small, notes: notes}
	acc.mirror.acc = acc
	acc.flows = []*registration{newRegistration(acc)}
	u.accounts[id] = acc
	acc.flows[0].start()
}

func (u *UA) remove(id AccountID) {
	acc := u.accounts[id]
	if acc == nil {
		return
	}
	if !u.closing { // while closing it counts until its farewell is said
		delete(u.accounts, id)
	}
	acc.stop(func() {
		if u.accounts[id] == acc {
			delete(u.accounts, id)
		}
		u.retrust()
		u.settle()
	})
	u.lapse(acc, true)
	u.on(LineState{Account: id, State: Off})
}

// guests are the addresses that may speak to us.
type guests struct {
	servers map[netip.Addr]struct{} // of accounts
	parties map[netip.Addr]struct{} // of calls that stand: they may speak within them
	peers   []netip.Prefix
}

// admits tells whether a source gets any answer at all.
func (g *guests) admits(a netip.Addr) bool {
	a = a.Unmap()
	_, party := g.parties[a]
	return party || g.welcome(a)
}

// welcome tells whether a source may begin something.
func (g *guests) welcome(a netip.Addr) bool {
	a = a.Unmap()
	if _, ok := g.servers[a]; ok {
		return true
	}
	for _, p := range g.peers {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// retrust publishes the guests anew.
func (u *UA) retrust() {
	g := &guests{servers: map[netip.Addr]struct{}{}, parties: map[netip.Addr]struct{}{}, peers: u.cfg.Peers}
	for _, a := range u.accounts {
		for _, t := range a.targets {
			g.servers[t.Addr.Addr().Unmap()] = struct{}{}
		}
	}
	for _, c := range u.calls {
		for _, l := range c.legs {
			if l.hop.Addr.IsValid() {
				g.parties[l.hop.Addr.Addr().Unmap()] = struct{}{}
			}
		}
	}
	for _, w := range u.watches {
		if w.hop.Addr.IsValid() {
			g.parties[w.hop.Addr.Addr().Unmap()] = struct{}{}
		}
	}
	u.trust.Store(g)
}
