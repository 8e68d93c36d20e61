package ua

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"opendeskphone/sip/stack"
)

// pulse keeps the way to a registrar open that is reached by datagrams: a NAT
// forgets a silent way within half a minute, and nothing else tells that the
// registrar is gone before the registration has to be renewed. On connections
// the stack's own keep-alive does it (RFC 5626 §3.5.1). A registrar that knows
// flows is asked by STUN (§3.5.2), which also tells when a NAT has given us
// another address; others by OPTIONS, of which any answer will do.
type pulse struct {
	r      *registration
	every  time.Duration  // what the registrar asks for; 0: nothing
	timer  *stack.Timer   // the next beat
	silent *stack.Timer   // the answer is overdue
	heard  bool           // it has answered once, so silence means something
	mapped netip.AddrPort // where it saw us, by STUN
	deaf   bool           // it does not know STUN
}

// start begins to beat after a registration over UDP.
func (p *pulse) start() {
	p.stop()
	u := p.r.acc.u
	if u.cfg.Pulse > 0 && p.r.flow.Transport == stack.UDP {
		p.timer = u.stack.After(p.rest(), p.beat)
	}
}

func (p *pulse) stop() {
	p.timer.Stop()
	p.silent.Stop()
}

// rest is the time between two beats.
func (p *pulse) rest() time.Duration {
	usual := p.r.acc.mirror.every()
	if p.every == 0 {
		return usual
	}
	return min(p.every, usual)
}

// pulseEvery reads how often the registrar wants a sign of life: within its Flow-Timer, of which a fifth is left for
// the way (RFC 5626 §4.4). 0: it says nothing of use.
func pulseEvery(res *stack.Response) time.Duration {
	h := res.GetHeader("Flow-Timer")
	if h == nil {
		return 0
	}
	n, err := strconv.ParseUint(strings.TrimSpace(h.Value()), 10, 16)
	if err != nil || n == 0 {
		return 0
	}
	return max(pulseMin, time.Duration(n)*time.Second*4/5)
}

func (p *pulse) beat() {
	a := p.r.acc
	to := p.r.target()
	p.timer = a.u.stack.After(p.rest(), p.beat)
	if a.outbound && !p.deaf {
		a.u.stack.Bind(to.Addr, p.bound)
		return
	}
	silent := a.u.stack.After(pulseWait, p.missed)
	p.silent = silent
	a.u.stack.Send(a.question(to), to, func(res *stack.Response, err error) {
		if err == nil {
			silent.Stop()
			p.heard = true
			p.r.reflect(res)
		}
	})
}

// missed is told that no answer came in time.
func (p *pulse) missed() {
	if p.heard && p.r.state == Registered {
		p.r.attempt()
	}
}

// bound takes the answer to a Binding request. Another address than before is another flow (RFC 5626 §4.4.2).
func (p *pulse) bound(mapped netip.AddrPort, err error) {
	switch {
	case err != nil && !p.mapped.IsValid():
		p.deaf = true
	case err != nil:
		p.missed()
	case p.mapped.IsValid() && p.mapped != mapped && p.r.state == Registered:
		p.mapped = mapped
		p.r.attempt()
	default:
		p.heard, p.mapped = true, mapped
	}
}

// question asks a server whether it lives.
func (a *account) question(to stack.Target) *stack.Request {
	req := stack.NewRequest(stack.OPTIONS, a.p.home)
	from := &stack.FromHeader{Address: a.p.aor}
	from.Params.Add("tag", stack.NewTag())
	id := stack.CallIDHeader(stack.NewCallID())
	req.AppendHeader(from)
	req.AppendHeader(&stack.ToHeader{Address: a.p.home})
	req.AppendHeader(&id)
	req.AppendHeader(&stack.CSeqHeader{SeqNo: 1, MethodName: stack.OPTIONS})
	req.AppendHeader(a.contact(to))
	return req
}
