package ua

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"opendeskphone/sip/stack"
)

// reliable acknowledges a reliable provisional response with PRACK
// (RFC 3262 §4) and tells whether the response is new and in order.
func (l *leg) reliable(k *ask, res *stack.Response) bool {
	if !has(res, "Require", "100rel") {
		return true
	}
	h := res.GetHeader("RSeq")
	if h == nil {
		return true
	}
	n, err := strconv.ParseUint(strings.TrimSpace(h.Value()), 10, 32)
	if err != nil || n == 0 || l.rseq != 0 && uint32(n) != l.rseq+1 {
		return false
	}
	l.rseq = uint32(n)
	req := l.request(stack.PRACK)
	req.AppendHeader(stack.NewHeader("RAck", strconv.FormatUint(n, 10)+" "+strconv.FormatUint(uint64(k.req.CSeq().SeqNo), 10)+" INVITE"))
	l.ask(req, func(*ask, *stack.Response, error) {})
	return true
}

// provisional is a reliable 18x of ours that waits for its PRACK.
type provisional struct {
	rseq     uint32
	again    *stack.Timer
	deadline *stack.Timer
}

func (p *provisional) stop() {
	if p != nil {
		p.again.Stop()
		p.deadline.Stop()
	}
}

// respondReliably sends a 18x with an RSeq and repeats it until the PRACK is
// in; without one in 64*T1 the call is refused (RFC 3262 §3).
func (c *call) respondReliably(res *stack.Response) {
	p := &provisional{rseq: 1 + rand.Uint32N(1<<20)}
	if c.prov != nil {
		p.rseq = c.prov.rseq + 1
	}
	c.prov.stop()
	c.prov = p
	res.AppendHeader(stack.NewHeader("Require", "100rel"))
	res.AppendHeader(stack.NewHeader("RSeq", strconv.FormatUint(uint64(p.rseq), 10)))
	var repeat func(time.Duration)
	repeat = func(d time.Duration) {
		c.tx.Respond(res)
		p.again = c.u.stack.After(d, func() { repeat(2 * d) })
	}
	repeat(t1)
	p.deadline = c.u.stack.After(64*t1, func() {
		p.stop()
		if c.phase == ringing {
			c.reject(504, "")
			c.end(Ended{Call: c.ref, ByRemote: true, Cause: 504, Text: "no PRACK"})
		}
	})
}

// pracked takes a PRACK of the peer.
func (c *call) pracked(tx *stack.ServerTx, req *stack.Request) {
	h := req.GetHeader("RAck")
	f := []string{}
	if h != nil {
		f = strings.Fields(h.Value())
	}
	if c.prov == nil || len(f) != 3 || f[0] != strconv.FormatUint(uint64(c.prov.rseq), 10) {
		tx.Respond(stack.Reply(req, 481, ""))
		return
	}
	c.prov.stop()
	tx.Respond(stack.Reply(req, 200, ""))
}

func itoa(n int) string { return strconv.Itoa(n) }
