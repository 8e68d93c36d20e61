// Package pbx is an old exchange for tests, between the telephone network, its own sets and the exchange of the phones:
// a back-to-back user agent that knows three states of a call and one thing to do in it.
//
//	Idle -- INVITE, 200 --> Active <-- re-INVITE a=inactive, a=sendrecv --> OnHold
//	       BYE from either side in either state          --> Idle
//
// It refuses REFER, UPDATE, INFO, PRACK and Replaces, an INVITE without a description of the session, and every re-INVITE that
// is no hold. Voice passes it by. An extension of it may fork: to a set of its own and to a user of the phones' exchange.
package pbx

import (
	"bytes"
	"context"
	"log/slog"
	"net/netip"
	"sync"

	"opendeskphone/sip/stack"
	"opendeskphone/sip/ua"
)

// Config of an exchange.
type Config struct {
	Local netip.AddrPort      // where it listens, UDP and TCP
	Plan  map[string][]string // number -> the SIP URIs that ring when it is called
	Keeps Keeps               // of a call that passes
	Codes map[string]int      // number -> what it is refused with
}

// Keeps is what a call keeps of its headers as it passes. The zero Keeps is that of an exchange which knows nothing of the
// call's way: each leg is a new call.
type Keeps struct {
	Fork      bool // Fork-Origin
	Session   bool // Session-ID
	Hops      bool // Max-Forwards, one less
	Diversion bool
	// Honours has it know what the headers say: it forks no call back to a domain that has forked it.
	Honours bool
}

// State is that of a call.
type State uint8

// The states.
const (
	Idle State = iota
	Active
	OnHold
)

// domain is its name in Fork-Origin.
const domain = "pbx.test"

// PBX is a running exchange.
type PBX struct {
	cfg   Config
	agent *ua.UA
	stack *stack.Stack

	mu    sync.Mutex
	calls map[ua.CallRef]*call // by each of their legs
	held  int                  // holds that went through
}

// call is one call through the exchange.
type call struct {
	state State
	in    ua.CallRef
	out   ua.CallRef // who has answered; 0 while it rings
	rings map[ua.CallRef]bool
	asker ua.CallRef // whose re-INVITE waits for the other side; 0 for none
	to    State      // what it leads to
	code  int        // the best refusal so far
}

// account is the exchange's one account.
const account = ua.AccountID(1)

// New makes an exchange on a network; nothing runs yet.
func New(cfg Config, n stack.Network, log *slog.Logger) *PBX {
	sc := stack.Default()
	sc.Local = cfg.Local
	sc.Rules = stack.Rules{Methods: []stack.Method{stack.INVITE, stack.ACK, stack.CANCEL, stack.BYE, stack.OPTIONS}, Bodies: []string{"application/sdp"}}
	p := &PBX{cfg: cfg, stack: stack.New(sc, n, log), calls: map[ua.CallRef]*call{}}
	uc := ua.Default()
	uc.Peers, uc.Session, uc.MaxCalls = []netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0)}, 0, 64
	p.agent = ua.New(uc, p.stack, p.handle, log)
	p.agent.AddAccount(account, ua.Account{AOR: "sip:pbx@" + cfg.Local.String(), Direct: true, Whole: true})
	return p
}

// Run works until ctx ends.
func (p *PBX) Run(ctx context.Context) error { return p.agent.Run(ctx) }

// Keep changes what calls from now on keep.
func (p *PBX) Keep(k Keeps) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cfg.Keeps = k
}

// Route changes what rings when a number is called; none: it is not known any more.
func (p *PBX) Route(number string, targets ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cfg.Plan[number] = targets
}

// Counts tells how many calls there are, how many of them on hold, and how often one has been put on hold so far.
func (p *PBX) Counts() (calls, onHold, holds int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for leg, c := range p.calls {
		if leg == c.in {
			calls++
			if c.state == OnHold {
				onHold++
			}
		}
	}
	return calls, onHold, p.held
}

func (p *PBX) handle(e ua.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := e.(type) {
	case ua.Incoming:
		p.incoming(e)
	case ua.Progress:
		p.with(e.Call, func(c *call) { p.progress(c, e) })
	case ua.Accepted:
		p.with(e.Call, func(c *call) { p.accepted(c, e) })
	case ua.Failed:
		p.with(e.Call, func(c *call) { p.failed(c, e) })
	case ua.Ended:
		p.with(e.Call, func(c *call) { p.ended(c, e.Call) })
	case ua.ReOffer:
		p.with(e.Call, func(c *call) { p.reOffer(c, e) })
	case ua.OfferAnswered:
		p.with(e.Call, func(c *call) { p.settled(c, e.SDP, 0) })
	case ua.OfferRefused:
		p.with(e.Call, func(c *call) { p.settled(c, nil, e.Code) })
	}
}

func (p *PBX) with(leg ua.CallRef, do func(*call)) {
	if c := p.calls[leg]; c != nil {
		do(c)
	}
}

// incoming calls on: all that ring for the number at once.
func (p *PBX) incoming(e ua.Incoming) {
	number := e.Called[1]
	targets := p.cfg.Plan[number]
	switch code := p.cfg.Codes[number]; {
	case code != 0:
		p.agent.Reject(e.Call, code)
		return
	case e.SDP == nil:
		p.agent.Reject(e.Call, 488)
		return
	case len(targets) == 0:
		p.agent.Reject(e.Call, 404)
		return
	}
	c := &call{in: e.Call, rings: map[ua.CallRef]bool{}, code: 480}
	p.calls[e.Call] = c
	for _, to := range targets {
		in := ua.Invitation{SDP: e.SDP, From: e.From.URI, Way: p.way(e)}
		if p.cfg.Keeps.Session {
			in.Conversation = e.Conversation
		}
		if p.cfg.Keeps.Honours && len(targets) > 1 {
			way, err := e.Way.Fork(ua.DomainID(domain), e.Conversation)
			if err != nil || len(e.Way.Forks) > 0 && to != targets[0] { // who has forked it has rung its own phones
				continue
			}
			in.Way = way
		}
		ref := p.agent.Invite(account, to, in)
		c.rings[ref] = true
		p.calls[ref] = c
	}
}

// way is what is left of a call's way.
func (p *PBX) way(e ua.Incoming) (w ua.Way) {
	k := p.cfg.Keeps
	if k.Fork {
		w.Forks = e.Way.Forks
	}
	if k.Hops {
		w.Hops = max(e.Way.Hops-1, 1)
	}
	if k.Diversion {
		w.Diverted = e.Way.Diverted
	}
	return w
}

// progress tells that somebody rings, and where nobody else does lets his sound through.
func (p *PBX) progress(c *call, e ua.Progress) {
	switch {
	case e.Code < 180 || c.out != 0:
	case e.SDP != nil && len(c.rings) == 1:
		p.agent.Early(c.in, e.SDP)
	default:
		p.agent.Ring(c.in)
	}
}

// accepted takes the first that answers; the others stop ringing.
func (p *PBX) accepted(c *call, e ua.Accepted) {
	delete(c.rings, e.Call)
	if c.out != 0 || c.state != Idle {
		delete(p.calls, e.Call)
		p.agent.Hangup(e.Call)
		return
	}
	c.out, c.state = e.Call, Active
	p.agent.Accept(c.in, e.SDP)
	for other := range c.rings {
		p.agent.Release(other)
	}
}

// failed takes one that cannot be had. The best of the refusals goes back when all are in (RFC 3261 §16.7).
func (p *PBX) failed(c *call, e ua.Failed) {
	delete(c.rings, e.Call)
	delete(p.calls, e.Call)
	if c.code == 480 || e.Code < c.code {
		c.code = e.Code
	}
	if len(c.rings) == 0 && c.out == 0 {
		p.agent.Reject(c.in, c.code)
	}
}

// ended ends the other side, too.
func (p *PBX) ended(c *call, leg ua.CallRef) {
	delete(p.calls, leg)
	if c.rings[leg] {
		delete(c.rings, leg)
		return
	}
	for other := range c.rings {
		p.agent.Hangup(other)
	}
	for _, other := range []ua.CallRef{c.in, c.out} {
		if other != leg && other != 0 {
			p.agent.Hangup(other)
		}
	}
	c.state = Idle
}

// reOffer takes a re-INVITE: hold, or the way back.
func (p *PBX) reOffer(c *call, e ua.ReOffer) {
	other := c.in
	if e.Call == c.in {
		other = c.out
	}
	to := Active
	if bytes.Contains(e.SDP, []byte("a=inactive")) {
		to = OnHold
	}
	lame := bytes.Contains(e.SDP, []byte("a=sendonly")) || bytes.Contains(e.SDP, []byte("a=recvonly"))
	if e.SDP == nil || lame || c.asker != 0 || to == Active && c.state == Active {
		p.agent.RefuseOffer(e.Call, 488)
		return
	}
	c.asker, c.to = e.Call, to
	p.agent.Offer(other, e.SDP)
}

// settled takes what the other side says to a re-INVITE.
func (p *PBX) settled(c *call, sdp []byte, code int) {
	asker := c.asker
	c.asker = 0
	switch {
	case asker == 0:
	case code != 0:
		p.agent.RefuseOffer(asker, code)
	default:
		if c.to == OnHold && c.state == Active {
			p.held++
		}
		c.state = c.to
		p.agent.AnswerOffer(asker, sdp)
	}
}
