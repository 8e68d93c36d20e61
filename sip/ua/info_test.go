package ua

import (
	"strings"
	"testing"

	"opendeskphone/sip/cccp"
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

// TestAFocusIsGivenOrders: an order goes by INFO, and what the focus says to it comes with the response, or in an INFO of its own.
func TestAFocusIsGivenOrders(t *testing.T) {
	onNet(t, func(b *bench) {
		b.line()
		c, ref := b.answered()
		b.ua.Control(ref, []byte("<request/>"))
		b.pass(0)
		all := b.far.all(stack.INFO)
		if len(all) != 1 || string(all[0].Body()) != "<request/>" || all[0].ContentType().Value() != cccp.Type || header(all[0], "Info-Package") != "" {
			t.Fatalf("sent %v", all)
		}
		if e := take[Controlled](b); e.Call != ref || e.Code != 200 || e.Body != nil {
			t.Errorf("%+v", e)
		}
		c.f.s.Post(func() {
			req := c.d.Request(stack.INFO)
			h := stack.ContentTypeHeader(cccp.Type)
			req.AppendHeader(&h)
			req.SetBody([]byte("<response/>"))
			c.f.s.Send(req, stack.Target{Transport: stack.UDP, Addr: c.b.at()}, func(*stack.Response, error) {})
		})
		b.pass(0)
		if e := take[Controlled](b); e.Call != ref || e.Code != 0 || string(e.Body) != "<response/>" {
			t.Errorf("%+v", e)
		}
		b.ua.Hangup(ref)
		b.pass(0)
		b.ua.Control(ref, []byte("<request/>"))
		b.pass(0)
		none[Controlled](b) // there is no call any more
	})
}

// TestWhatAFocusSaysOfItself: its whole address, and that it takes orders, by its Accept or by its address.
func TestWhatAFocusSaysOfItself(t *testing.T) {
	for _, c := range []struct {
		contact, accept, focus string
		controls               bool
	}{
		{"<sip:conf-1@10.0.0.9>;isfocus", "application/sdp, application/cccp+xml", "sip:conf-1@10.0.0.9", true},
		{"<sip:conf-1@10.0.0.9>;isfocus", "application/sdp", "sip:conf-1@10.0.0.9", false},
		{"<sip:anna@x.example;gruu;opaque=app:conf:focus:id:AB12>;isfocus", "", "sip:anna@x.example;gruu;opaque=app:conf:focus:id:AB12", true},
		{"<sip:anna@x.example;gr=urn:uuid:49ca0a3f-f8da-007d-87ad-7915c175badc;conf-id=j1e3i>;isfocus", "", "sip:anna@x.example;gr=urn:uuid:49ca0a3f-f8da-007d-87ad-7915c175badc;conf-id=j1e3i", false},
		{"<sip:" + strings.Repeat("a", 300) + "@x.example>;isfocus", "application/cccp+xml", "", false},
		{"<sip:anna@10.0.0.9>", "application/cccp+xml", "", false},
	} {
		res := stack.NewResponse(200, "OK")
		display, uri, params, err := stack.ParseAddress(c.contact)
		if err != nil {
			t.Fatal(err)
		}
		res.AppendHeader(&stack.ContactHeader{DisplayName: display, Address: uri, Params: params})
		if c.accept != "" {
			res.AppendHeader(stack.NewHeader("Accept", c.accept))
		}
		if a := ableIn(res); a.Focus != c.focus || a.Controls != c.controls {
			t.Errorf("%s, %s: %+v", c.contact, c.accept, a)
		}
	}
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
