package ua

import (
	"strings"

	"opendeskphone/sip/cccp"
	"opendeskphone/sip/stack"
)

// Trickled: the far side tells candidates that it found after it had described itself (RFC 8840).
type Trickled struct {
	Call     CallRef
	Fragment []byte // of type application/trickle-ice-sdpfrag
}

func (Trickled) event() {}

// Controlled: the focus of a conference says what has become of an order.
type Controlled struct {
	Call CallRef
	Code int    // of the response to the INFO that bore the order; 0: it comes later, in an INFO of the focus's own
	Text string // the reason phrase
	Body []byte // of type application/cccp+xml; nil: none
}

func (Controlled) event() {}

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

// Control gives the focus of a conference an order of the conference control protocol.
func (u *UA) Control(ref CallRef, order []byte) {
	u.with(ref, func(c *call) {
		if c.phase != talking {
			u.on(Controlled{Call: ref, Code: 481})
			return
		}
		req := c.leg.request(stack.INFO)
		h := stack.ContentTypeHeader(cccp.Type)
		req.AppendHeader(&h)
		req.SetBody(order)
		c.leg.ask(req, func(_ *ask, res *stack.Response, err error) {
			if err != nil {
				u.on(Controlled{Call: ref, Code: 408})
				return
			}
			u.on(Controlled{Call: ref, Code: res.StatusCode, Text: Clean(res.Reason), Body: controlIn(res)})
		})
	})
}

// controlIn gives what a message says in the conference control protocol, nil if it says nothing.
func controlIn(msg interface {
	ContentType() *stack.ContentTypeHeader
	Body() []byte
}) []byte {
	if h := msg.ContentType(); h != nil && strings.EqualFold(strings.TrimSpace(h.Value()), cccp.Type) && len(msg.Body()) > 0 {
		return msg.Body()
	}
	return nil
}

// informed takes an INFO. One without a package is of the old way: it is let be, unless it is of conference control.
func (c *call) informed(tx *stack.ServerTx, req *stack.Request) {
	switch of := strings.TrimSpace(header(req, "Info-Package")); {
	case of == "":
		tx.Respond(stack.Reply(req, 200, ""))
		if body := controlIn(req); body != nil {
			c.u.on(Controlled{Call: c.ref, Body: body})
		}
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
