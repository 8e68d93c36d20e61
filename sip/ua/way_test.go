package ua

import (
	"errors"
	"strings"
	"testing"
	"time"

	"opendeskphone/sip/stack"
)

const aCall = "0123456789abcdef0123456789abcdef"

// TestWhereACallMayNotGo: what ends a call's way, by RFC 3261 §16.3, RFC 5393, the token and the history.
func TestWhereACallMayNotGo(t *testing.T) {
	a, b := DomainID("a.test"), DomainID("b.test")
	forks := func(domains ...string) (w Way) {
		for _, d := range domains {
			next, err := w.Fork(d, aCall)
			if err != nil {
				t.Fatal(err)
			}
			w = next
		}
		return w
	}
	fork := func(w Way) error { _, err := w.Fork(a, aCall); return err }
	divert := func(w Way) error {
		_, err := w.Divert("sip:alice@phone.test", "sip:carol@phone.test", "unknown")
		return err
	}
	for _, r := range []struct {
		name string
		do   func(Way) error
		way  Way
		want error
	}{
		{"the first", fork, Way{}, nil},
		{"after another", fork, forks(b), nil},
		{"back to who has forked it", fork, forks(a, b), StopLoop},
		{"a fourth", fork, forks(b, DomainID("c.test"), DomainID("d.test")), StopLoop},
		{"the last hop", fork, Way{Hops: 2}, nil},
		{"no hop left", fork, Way{Hops: 1}, StopHops},
		{"sent on", divert, Way{Targets: []string{"bob@phone.test"}}, nil},
		{"sent on by a domain that has forked it", divert, forks(a), nil},
		{"sent on for the sixth time", divert, Way{Passed: 5}, nil},
		{"sent on once more", divert, Way{Passed: 6}, StopDiverted},
		{"to whom it was for", divert, Way{Targets: []string{"carol@phone.test"}}, StopDiverted},
		{"sent on without a hop left", divert, Way{Hops: 1}, StopHops},
	} {
		if err := r.do(r.way); !errors.Is(err, r.want) {
			t.Errorf("%s: %v, want %v", r.name, err, r.want)
		}
	}
	if got := forks(a, b).Forks[1].String(); got != b+";gen=2;call="+aCall {
		t.Error(got)
	}
}

// TestSentOnInCircles: who sends a call on is told from whom it comes, and gets 480 where it would come back.
func TestSentOnInCircles(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		for _, r := range []struct {
			target  string
			headers []string
			code    int
		}{
			{"carol", nil, 302},
			{"alice", nil, 480},
			{"+4930123", []string{"Diversion: <sip:+4930123@gw.test;user=phone>;reason=no-answer"}, 480}, // whatever the host
			{"carol", []string{"History-Info: <sip:carol@phone.test>;index=1, <sip:alice@phone.test>;index=1.1;mp=1"}, 480},
			{"carol", []string{"Diversion: <sip:1@x>, <sip:2@x>, <sip:3@x>, <sip:4@x>, <sip:5@x>"}, 302},
			{"carol", []string{"Diversion: <sip:1@x>, <sip:2@x>, <sip:3@x>", "Diversion: <sip:4@x>, <sip:5@x>, <sip:6@x>"}, 480},
		} {
			c := b.call(anOffer, r.headers...)
			b.ua.Deflect(take[Incoming](b).Call, r.target, 0)
			b.pass(time.Second)
			if got := c.last.StatusCode; got != r.code {
				t.Errorf("to %s with %q: %d, want %d", r.target, r.headers, got, r.code)
			}
			if by := header(c.last, "Diversion"); c.last.StatusCode == 302 && !strings.HasPrefix(by, "<sip:alice@phone.test>;reason=") {
				t.Errorf("sent on by %q", by)
			}
			take[Ended](b)
		}
	})
}

// TestCallThatComesAgain: a call that rings here, or that we have made for another one, does not ring again when it comes
// back, whoever gave it another Call-ID.
func TestCallThatComesAgain(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		id := "Session-ID: " + aCall + ";remote=" + noSession
		b.call(anOffer, id)
		ref := take[Incoming](b).Call
		if c := b.call(anOffer, id); c.last.StatusCode != 482 {
			t.Errorf("it rings twice: %d", c.last.StatusCode)
		}
		b.ua.Accept(ref, []byte(anAnswer))
		take[Confirmed](b)
		b.call(anOffer, id) // another call of the same conversation
		take[Incoming](b)

		b.far.always(stack.INVITE, 180)
		b.ua.Invite(1, "sip:bob@phone.test", Invitation{SDP: []byte(anOffer), Way: Way{Hops: 9}})
		b.pass(time.Second)
		sent := b.far.all(stack.INVITE)[0]
		var code int
		b.far.s.Post(func() {
			back := sent.Clone()
			for back.RemoveHeader("Via") {
			}
			back.Recipient.User = "alice"
			b.far.s.Send(back, stack.Target{Transport: stack.UDP, Addr: b.at()}, func(res *stack.Response, err error) {
				if err == nil {
					code = res.StatusCode
				}
			})
		})
		b.pass(time.Second)
		if code != 482 {
			t.Errorf("our own call for another came back: %d", code)
		}
	})
}

// TestWayIsTold: what an INVITE says of the way of the call that it is made for, in each dialect; and who is sent on to says
// who has sent it.
func TestWayIsTold(t *testing.T) {
	for _, d := range []Dialect{RFC, OCS} {
		onNet(t, func(b *bench) {
			b.far.always(stack.REGISTER, 200, "Expires: 600")
			b.line(func(a *Account) { a.Dialect = d })
			b.last()
			in := b.call(anOffer, "Fork-Origin: "+Fork{DomainID("a.test"), 1, aCall}.String(), "Diversion: <sip:201@phone.test>;reason=no-answer", "ms-call-source: non-ms-rtc")
			e := take[Incoming](b)
			way, err := e.Way.Fork(DomainID("b.test"), e.Conversation)
			if err != nil || !e.Way.Gateway {
				t.Fatalf("%+v, %v", e.Way, err)
			}
			b.far.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
				if req.Recipient.User == "bob" {
					tx.Respond(reply(req, 302, "Contact: <sip:carol@phone.test>", "Diversion: <sip:bob@phone.test>;reason=unknown"))
					return
				}
				tx.Respond(reply(req, 486))
			})
			b.ua.Invite(1, "sip:bob@phone.test", Invitation{SDP: []byte(anOffer), Way: way, From: "sip:+4989123@gw.test"})
			take[Failed](b)
			sent := b.far.all(stack.INVITE)
			first, second := sent[0], sent[len(sent)-1]
			if want := in.invite.MaxForwards().Val() - 1; first.MaxForwards().Val() != want {
				t.Errorf("%v hops left, want %v", first.MaxForwards().Val(), want)
			}
			if forks := header(first, forkOrigin); !strings.Contains(forks, DomainID("a.test")+";gen=1") || !strings.Contains(forks, DomainID("b.test")+";gen=2;call="+e.Conversation) {
				t.Error(forks)
			}
			if first.From().Address.User != "+4989123" {
				t.Errorf("calls as %v", first.From())
			}
			if (header(first, callSource) != "") != (d == OCS) {
				t.Errorf("%s: %q", d, header(first, callSource))
			}
			if by := values(second, "Diversion"); len(by) != 2 || !strings.HasPrefix(by[0], "<sip:bob@phone.test>") {
				t.Errorf("sent on by %q", by)
			}
			b.ua.Reject(e.Call, 486)
		})
	}
}

// TestOnlyTheTrustedSayWhoForked: a phone that may call us, but is no server, could keep calls from being forked.
func TestOnlyTheTrustedSayWhoForked(t *testing.T) {
	req := stack.NewRequest(stack.INVITE, stack.Uri{Scheme: "sip", User: "alice", Host: "phone.test"})
	req.AppendHeader(&stack.ToHeader{Address: req.Recipient})
	req.AppendHeader(stack.NewHeader(forkOrigin, Fork{DomainID("a.test"), 1, aCall}.String()+", x, "+DomainID("b.test")+";gen=0;call="+aCall))
	if w := wayOf(req, false); len(w.Forks) != 0 {
		t.Errorf("believed: %+v", w.Forks)
	}
	if w := wayOf(req, true); len(w.Forks) != 1 || !w.ForkedBy(DomainID("A.test")) {
		t.Errorf("%+v", w.Forks)
	}
}

// TestGatewaysAreKnown: by their Contact, or because they take no REFER.
func TestGatewaysAreKnown(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		for _, r := range []struct {
			headers []string
			want    Able
		}{
			{[]string{"Allow: INVITE, ACK, CANCEL, BYE, REFER", "Supported: replaces"}, Able{Refers: true, Replaces: true}},
			{[]string{"Allow: INVITE, ACK, CANCEL, BYE", "Supported: replaces"}, Able{Gateway: true}},
			{[]string{"Allow: INVITE, ACK, CANCEL, BYE, REFER", "Contact: <sip:mediation@phone.test;transport=tls>;isGateway"}, Able{Gateway: true}},
			{nil, Able{Refers: true}},
		} {
			req := stack.NewRequest(stack.INVITE, stack.Uri{Scheme: "sip", Host: "phone.test"})
			for _, h := range r.headers {
				name, value, _ := strings.Cut(h, ": ")
				if name == "Contact" {
					_, uri, params, err := stack.ParseAddress(value)
					ok(b, err)
					req.AppendHeader(&stack.ContactHeader{Address: uri, Params: params})
					continue
				}
				req.AppendHeader(stack.NewHeader(name, value))
			}
			if got := ableIn(req); got != r.want {
				t.Errorf("%q: %+v, want %+v", r.headers, got, r.want)
			}
		}
	})
}

// FuzzWay: whatever the headers say, the way is bounded, and a call is not forked more than three times.
func FuzzWay(f *testing.F) {
	f.Add(Fork{DomainID("a.test"), 1, aCall}.String(), "<sip:201@phone.test>;reason=no-answer", "<sip:201@phone.test>;index=1")
	f.Add(";gen=99999999999;call=", "<<<,", `"a" <sip:b@c?Reason=SIP%3Bcause%3D302>;index=1.1;mp=1,,,`)
	f.Fuzz(func(t *testing.T, forks, diversion, history string) {
		req := stack.NewRequest(stack.INVITE, stack.Uri{Scheme: "sip", User: "alice", Host: "phone.test"})
		req.AppendHeader(&stack.ToHeader{Address: req.Recipient})
		req.AppendHeader(stack.NewHeader(forkOrigin, forks))
		req.AppendHeader(stack.NewHeader("Diversion", diversion))
		req.AppendHeader(stack.NewHeader("History-Info", history))
		w := wayOf(req, true)
		if len(w.Forks) > maxValues || len(w.Targets) > 2*maxValues+2 {
			t.Fatalf("%+v", w)
		}
		next, err := w.Fork(DomainID("b.test"), aCall)
		if err == nil && (len(next.Forks) > maxGenerations || next.Forks[len(next.Forks)-1].Generation != len(next.Forks)) {
			t.Fatalf("%+v", next)
		}
		if _, err := w.Divert("sip:alice@phone.test", "sip:alice@phone.test", "unknown"); err == nil {
			t.Fatal("sent on to itself")
		}
	})
}
