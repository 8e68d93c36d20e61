package ua

import (
	"testing"

	"opendeskphone/sip/stack"
)

// TestCandidatesByINFO: a fragment comes and goes within a call, and of another package nothing is taken (RFC 8840, 6086).
func TestCandidatesByINFO(t *testing.T) {
	onNet(t, func(b *bench) {
		b.line()
		c, ref := b.answered()
		if got := c.fragment("a=ice-ufrag:abcd\r\n", "trickle-ice"); got != 200 {
			t.Errorf("answered %d", got)
		}
		if e := take[Trickled](b); e.Call != ref || string(e.Fragment) != "a=ice-ufrag:abcd\r\n" {
			t.Errorf("%+v", e)
		}
		if got := c.fragment("a=ice-ufrag:abcd\r\n", "weather"); got != 469 {
			t.Errorf("another package is answered %d", got)
		}
		if got := c.within(stack.INFO, ""); got != 200 {
			t.Errorf("one without a package is answered %d", got)
		}
		none[Trickled](b)
		b.ua.Trickle(ref, []byte("a=ice-ufrag:efgh\r\n"))
		b.pass(0)
		all := b.far.all(stack.INFO)
		if len(all) != 1 || header(all[0], "Info-Package") != "trickle-ice" || string(all[0].Body()) != "a=ice-ufrag:efgh\r\n" ||
			all[0].ContentType().Value() != trickleType {
			t.Fatalf("sent %v", all)
		}
	})
}

// fragment sends an INFO of a package within the call.
func (c *caller) fragment(body, of string) (code int) {
	c.f.s.Post(func() {
		req := c.d.Request(stack.INFO)
		req.AppendHeader(stack.NewHeader("Info-Package", of))
		h := stack.ContentTypeHeader(trickleType)
		req.AppendHeader(&h)
		req.SetBody([]byte(body))
		c.f.s.Send(req, stack.Target{Transport: stack.UDP, Addr: c.b.at()}, func(res *stack.Response, _ error) { code = res.StatusCode })
	})
	c.b.pass(0)
	return code
}
