package ua

import (
	"strings"

	"opendeskphone/sip/stack"
)

// Trickled: the far side tells candidates that it found after it had described itself (RFC 8840).
type Trickled struct {
	Call     CallRef
	Fragment []byte // of type application/trickle-ice-sdpfrag
}

func (Trickled) event() {}

const (
	tricklePackage = "trickle-ice"
	trickleType    = "application/trickle-ice-sdpfrag"
)

// Trickle tells the far side candidates by INFO; whether it takes them its description has said.
func (u *UA) Trickle(ref CallRef, fragment []byte) {
	u.with(ref, func(c *call) {
		if c.leg == nil {
			return
		}
		req := c.leg.request(stack.INFO)
		req.AppendHeader(stack.NewHeader("Info-Package", tricklePackage))
		req.AppendHeader(stack.NewHeader("Content-Disposition", "Info-Package"))
		h := stack.ContentTypeHeader(trickleType)
		req.AppendHeader(&h)
		req.SetBody(fragment)
		c.leg.ask(req, func(*ask, *stack.Response, error) {}) // without it the checks take longer, or find less
	})
}

// informed takes an INFO. One without a package is of the old way, and is let be.
func (c *call) informed(tx *stack.ServerTx, req *stack.Request) {
	switch of := strings.TrimSpace(header(req, "Info-Package")); {
	case of == "":
		tx.Respond(stack.Reply(req, 200, ""))
	case !strings.EqualFold(of, tricklePackage): // RFC 6086 §4.2.2
		res := stack.Reply(req, 469, "Bad Info Package")
		res.AppendHeader(stack.NewHeader("Recv-Info", tricklePackage))
		tx.Respond(res)
	default:
		tx.Respond(stack.Reply(req, 200, ""))
		if h := req.ContentType(); h != nil && strings.EqualFold(strings.TrimSpace(h.Value()), trickleType) && len(req.Body()) > 0 {
			c.u.on(Trickled{Call: c.ref, Fragment: req.Body()})
		}
	}
}
