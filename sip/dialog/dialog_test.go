package dialog

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"opendeskphone/sip/stack"
)

func invite(routes ...string) *stack.Request {
	req := stack.NewRequest(stack.INVITE, uri("sip:bob@example.com"))
	from := &stack.FromHeader{DisplayName: "Alice", Address: uri("sip:alice@example.com")}
	from.Params.Add("tag", "a")
	id := stack.CallIDHeader("id")
	req.AppendHeader(from)
	req.AppendHeader(&stack.ToHeader{Address: uri("sip:bob@example.com")})
	req.AppendHeader(&id)
	req.AppendHeader(&stack.CSeqHeader{SeqNo: 7, MethodName: stack.INVITE})
	req.AppendHeader(&stack.ContactHeader{Address: uri("sip:alice@10.0.0.1")})
	for _, r := range routes {
		req.AppendHeader(&stack.RecordRouteHeader{Address: uri(r)})
	}
	return req
}

func uri(text string) stack.Uri {
	u, err := stack.ParseURI(text)
	if err != nil {
		panic(err)
	}
	return u
}

func answer(req *stack.Request, code int, tag, contact string, routes ...string) *stack.Response {
	res := stack.NewResponse(code, "")
	res.AppendHeader(stack.CloneHeader(req.From()))
	to := stack.CloneHeader(req.To()).(*stack.ToHeader)
	if tag != "" {
		to.Params.Add("tag", tag)
	}
	res.AppendHeader(to)
	res.AppendHeader(stack.CloneHeader(req.CallID()))
	res.AppendHeader(stack.CloneHeader(req.CSeq()))
	for _, r := range routes {
		res.AppendHeader(&stack.RecordRouteHeader{Address: uri(r)})
	}
	if contact != "" {
		res.AppendHeader(&stack.ContactHeader{Address: uri(contact)})
	}
	return res
}

func routes(req *stack.Request) string {
	var out []string
	for _, h := range req.GetHeaders("Route") {
		out = append(out, h.Value())
	}
	return strings.Join(out, " ")
}

func TestCaller(t *testing.T) {
	req := invite()
	d, err := New(req, answer(req, 180, "b", "sip:bob@10.0.0.2", "sip:p2;lr", "sip:p1;lr"))
	if err != nil || d.State != Early || d.ID != (ID{"id", "a", "b"}) {
		t.Fatalf("%+v %v", d, err)
	}
	hop := d.NextHop()
	bye := d.Request(stack.BYE)
	if hop.Host != "p1" || routes(bye) != "<sip:p1;lr> <sip:p2;lr>" || bye.Recipient.String() != "sip:bob@10.0.0.2" || bye.CSeq().SeqNo != 8 {
		t.Errorf("%s\n%s", hop.String(), bye)
	}
	if to := bye.To(); stack.Tag(to.Params) != "b" || bye.From().DisplayName != "Alice" {
		t.Errorf("%s", bye)
	}
	if ack := d.Ack(7); ack.CSeq().SeqNo != 7 || ack.CSeq().MethodName != stack.ACK {
		t.Errorf("%s", ack)
	}
	// The 2xx sets the route set anew, later ones do not.
	if err := d.Progress(answer(req, 200, "b", "sip:bob@10.0.0.3", "sip:p9;lr")); err != nil || d.State != Confirmed {
		t.Error(err)
	}
	d.Progress(answer(req, 200, "b", "sip:bob@10.0.0.4", "sip:p8;lr"))
	if info := d.Request(stack.INFO); routes(info) != "<sip:p9;lr>" || info.Recipient.Host != "10.0.0.4" {
		t.Errorf("%s", info)
	}
}

func TestStrictRoute(t *testing.T) {
	req := invite()
	d, _ := New(req, answer(req, 200, "b", "sip:bob@10.0.0.2", "sip:p2;lr", "sip:p1"))
	bye := d.Request(stack.BYE)
	if hop := d.NextHop(); hop.Host != "p1" || bye.Recipient.Host != "p1" || routes(bye) != "<sip:p2;lr> <sip:bob@10.0.0.2>" {
		t.Errorf("%s", bye)
	}
}

func TestCallee(t *testing.T) {
	req := invite("sip:p1;lr", "sip:p2;lr")
	d, err := Accept(req, "mine")
	if err != nil {
		t.Fatal(err)
	}
	bye := d.Request(stack.BYE)
	if routes(bye) != "<sip:p1;lr> <sip:p2;lr>" || bye.Recipient.Host != "10.0.0.1" || stack.Tag(bye.From().Params) != "mine" || stack.Tag(bye.To().Params) != "a" {
		t.Errorf("%s", bye)
	}
	for seq, want := range map[uint32]error{7: ErrStale, 6: ErrStale} {
		req.CSeq().SeqNo = seq
		if err := d.Receive(req); !errors.Is(err, want) {
			t.Errorf("%d: %v", seq, err)
		}
	}
	req.CSeq().SeqNo = 9
	if err := d.Receive(req); err != nil {
		t.Error(err)
	}
	d.Refresh(&stack.ContactHeader{Address: uri("sip:alice@example.com;gr=urn:uuid:1")})
	if bye := d.Request(stack.BYE); bye.Recipient.String() != "sip:alice@example.com;gr=urn:uuid:1" {
		t.Errorf("GRUU: %s", bye)
	}
}

func TestUnusable(t *testing.T) {
	req := invite()
	if _, err := New(req, answer(req, 180, "", "sip:b@c")); !errors.Is(err, ErrNoTag) {
		t.Error(err)
	}
	if d, err := New(req, answer(req, 200, "b", "")); d == nil || !errors.Is(err, ErrNoContact) {
		t.Error(d, err)
	}
	if d, err := New(req, answer(req, 180, "b", "")); d == nil || err != nil {
		t.Error(d, err)
	}
	many := make([]string, maxRoutes+1)
	for i := range many {
		many[i] = "sip:p;lr"
	}
	if _, err := Accept(invite(many...), "x"); !errors.Is(err, ErrRoutes) {
		t.Error(err)
	}
}

func TestSet(t *testing.T) {
	var s Set
	req := invite()
	for i, tag := range []string{"x", "y", "x"} {
		_, n, err := s.Take(req, answer(req, 180, tag, "sip:b@c"))
		if err != nil || n != []int{1, 2, 1}[i] {
			t.Errorf("%s: %d %v", tag, n, err)
		}
	}
	for i := range maxDialogs {
		s.Take(req, answer(req, 180, fmt.Sprint(i), "sip:b@c"))
	}
	if _, _, err := s.Take(req, answer(req, 200, "more", "sip:b@c")); !errors.Is(err, ErrFull) {
		t.Error(err)
	}
}

// FuzzDialog runs a dialog through any sequence of responses and requests:
// numbers of ours must rise, and every request must have its tags.
func FuzzDialog(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 200, 180})
	f.Fuzz(func(t *testing.T, script []byte) {
		req := invite()
		var s Set
		last := map[*Dialog]uint32{}
		for i, op := range script {
			tag := string(rune('a' + op%5))
			code := []int{180, 183, 200, 202}[op>>3&3]
			contact := []string{"", "sip:b@c", "sip:d;gr=x", "sips:e@f:5061;transport=tls"}[op>>5&3]
			d, _, err := s.Take(req, answer(req, code, tag, contact, "sip:p;lr", "sip:q"))
			if d == nil {
				if err == nil {
					t.Fatal("no dialog and no error")
				}
				continue
			}
			r := d.Request(stack.INFO)
			if r.CSeq().SeqNo <= last[d] || stack.Tag(r.To().Params) != tag || r.Recipient.Host == "" {
				t.Fatalf("step %d: %s", i, r)
			}
			last[d] = r.CSeq().SeqNo
			if hop := d.NextHop(); hop.Host == "" {
				t.Fatal("no way")
			}
		}
	})
}
