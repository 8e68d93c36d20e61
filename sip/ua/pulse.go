package ua

import (
	"opendeskphone/sip/stack"
)

// pulse keeps the way to a registrar open that is reached by datagrams: a NAT
// forgets a silent way within half a minute, and nothing else tells that the
// registrar is gone before the registration has to be renewed. On connections
// the stack's own keep-alive does it (RFC 5626 §3.5.1). An OPTIONS is asked,
// because few registrars answer STUN; any answer will do.
type pulse struct {
	r      *registration
	timer  *stack.Timer // the next beat
	silent *stack.Timer // the answer is overdue
	heard  bool         // it has answered once, so silence means something
}

// start begins to beat after a registration over UDP.
func (p *pulse) start() {
	p.stop()
	u := p.r.acc.u
	if u.cfg.Pulse > 0 && p.r.acc.flow.Transport == stack.UDP {
		p.timer = u.stack.After(p.r.acc.mirror.every(), p.beat)
	}
}

func (p *pulse) stop() {
	p.timer.Stop()
	p.silent.Stop()
}

func (p *pulse) beat() {
	a := p.r.acc
	to := a.target()
	req := stack.NewRequest(stack.OPTIONS, a.p.home)
	from := &stack.FromHeader{Address: a.p.aor}
	from.Params.Add("tag", stack.NewTag())
	id := stack.CallIDHeader(stack.NewCallID())
	req.AppendHeader(from)
	req.AppendHeader(&stack.ToHeader{Address: a.p.home})
	req.AppendHeader(&id)
	req.AppendHeader(&stack.CSeqHeader{SeqNo: 1, MethodName: stack.OPTIONS})
	req.AppendHeader(a.contact(to))
	silent := a.u.stack.After(pulseWait, func() {
		if p.heard && p.r.state == Registered {
			p.r.attempt()
		}
	})
	p.silent = silent
	a.u.stack.Send(req, to, func(res *stack.Response, err error) {
		if err == nil {
			silent.Stop()
			p.heard = true
			a.mirror.answered(res, a.flow)
		}
	})
	p.timer = a.u.stack.After(a.mirror.every(), p.beat)
}
