package ua

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/sip/stack"
)

// TestPreloadedRoutes: outbound proxy, then the Service-Route of the registrar.
func TestPreloadedRoutes(t *testing.T) {
	onNet(t, func(b *bench) {
		b.far.always(stack.REGISTER, 200, "Expires: 600")
		b.line(func(a *Account) { a.Registrar, a.Proxy = "sip:phone.test", "sip:10.0.0.2:5060" })
		reg := b.far.all(stack.REGISTER)[0]
		if r := reg.Route(); r == nil || r.Address.Host != "10.0.0.2" || !r.Address.UriParams.Has("lr") || reg.Recipient.String() != "sip:phone.test" {
			t.Errorf("%s", reg)
		}
		b.ua.Call(1, "bob", []byte(anOffer))
		b.pass(time.Second)
		if r := b.far.all(stack.INVITE)[0].Route(); r == nil || r.Address.Host != "10.0.0.2" {
			t.Errorf("%v", r)
		}
		b.far.always(stack.REGISTER, 200, "Expires: 600", "Service-Route: <sip:10.0.0.2;lr>, <sip:core.test;lr>")
		b.ua.Renew()
		b.pass(time.Second)
		b.ua.Call(1, "bob", []byte(anOffer))
		b.pass(time.Second)
		if got := b.far.all(stack.INVITE)[1].GetHeaders("Route"); len(got) != 2 || got[1].Value() != "<sip:core.test;lr>" {
			t.Errorf("%v", got)
		}
	})
}

func TestGRUU(t *testing.T) {
	for _, use := range []bool{false, true} {
		onNet(t, func(b *bench) {
			b.far.when(stack.REGISTER, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
				res := reply(req, 200)
				c := stack.CloneHeader(req.Contact()).(*stack.ContactHeader)
				c.Params.Add("pub-gruu", `"sip:alice@phone.test;gr=urn:uuid:1"`)
				c.Params.Add("expires", "600")
				res.AppendHeader(c)
				tx.Respond(res)
			})
			b.line(func(a *Account) { a.UseGRUU = use })
			b.ua.Call(1, "bob", []byte(anOffer))
			b.pass(time.Second)
			if c := b.far.all(stack.INVITE)[0].Contact().Address; c.UriParams.Has("gr") != use {
				t.Errorf("use %v: %s", use, c.String())
			}
		})
	}
}

func TestIntervalTooBrief(t *testing.T) {
	onNet(t, func(b *bench) {
		b.far.when(stack.REGISTER, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			if req.GetHeader("Expires").Value() == "600" {
				tx.Respond(reply(req, 423, "Min-Expires: 1800"))
				return
			}
			tx.Respond(reply(req, 200, "Expires: 1800"))
		})
		b.line()
		if s := b.last(); s.State != Registered || s.Expires != 30*time.Minute {
			t.Errorf("%+v", s)
		}
	})
}

func TestNoOutboundAtTheEdge(t *testing.T) {
	onNet(t, func(b *bench) {
		b.far.when(stack.REGISTER, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			if req.Contact().Params.Has("reg-id") {
				tx.Respond(reply(req, 439))
				return
			}
			tx.Respond(reply(req, 200, "Expires: 600"))
		})
		b.line(func(a *Account) { a.Instance = "urn:uuid:1" })
		if s := b.last(); s.State != Registered {
			t.Errorf("%+v", s)
		}
	})
}

// TestNewPassword: a wrong password waits, a new one does not.
func TestNewPassword(t *testing.T) {
	onNet(t, func(b *bench) {
		b.far.when(stack.REGISTER, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			if a := req.GetHeader("Authorization"); a != nil && strings.Contains(a.Value(), `username="right"`) {
				tx.Respond(reply(req, 200, "Expires: 600"))
				return
			}
			tx.Respond(reply(req, 401, md5Challenge))
		})
		b.line()
		if s := b.last(); s.Fault != WrongPassword || time.Until(s.Retry) < 5*time.Minute {
			t.Fatalf("%+v", s)
		}
		b.line(func(a *Account) { a.User = "right" })
		if s := b.last(); s.State != Registered {
			t.Errorf("%+v", s)
		}
		for range 50 { // typing new passwords all the time is no storm either
			b.line(func(a *Account) { a.User = "wrong" })
		}
		if most := b.far.densest(stack.REGISTER); most > 5 {
			t.Errorf("%d REGISTERs in 10 s", most)
		}
		b.ua.RemoveAccount(1)
		b.pass(time.Second)
		if s := b.last(); s.State != Off {
			t.Errorf("%+v", s)
		}
	})
}

// TestAuthenticatedCall: 407, then credentials on INVITE, ACK and BYE.
func TestAuthenticatedCall(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		const challenge = `Proxy-Authenticate: Digest realm="phone.test", nonce="p", qop="auth"`
		b.far.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			if req.GetHeader("Proxy-Authorization") == nil {
				tx.Respond(reply(req, 407, challenge))
				return
			}
			tx.Respond(b.far.branch(req, 200, "x", anAnswer))
		})
		b.far.when(stack.BYE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			if strings.Contains(req.GetHeader("Proxy-Authorization").Value(), "nc=00000002") {
				tx.Respond(reply(req, 407, strings.Replace(challenge, `"p"`, `"q"`, 1)+", stale=true"))
				return
			}
			tx.Respond(reply(req, 200))
		})
		ref := b.ua.Call(1, "bob", []byte(anOffer))
		take[Accepted](b)
		b.pass(time.Second)
		invites, acks := b.far.all(stack.INVITE), b.far.all(stack.ACK)
		if len(invites) != 2 || invites[1].CSeq().SeqNo != invites[0].CSeq().SeqNo+1 || len(acks) != 1 ||
			acks[0].CSeq().SeqNo != invites[1].CSeq().SeqNo || acks[0].GetHeader("Proxy-Authorization") == nil {
			t.Errorf("%d INVITEs, ACKs %v", len(invites), acks)
		}
		b.ua.Hangup(ref)
		b.pass(time.Second)
		byes := b.far.all(stack.BYE)
		if len(byes) != 2 || byes[1].CSeq().SeqNo <= invites[1].CSeq().SeqNo+1 || !strings.Contains(byes[1].GetHeader("Proxy-Authorization").Value(), `nonce="q"`) {
			t.Errorf("%v", byes)
		}
	})
}

// TestGlareOfCaller: who owns the Call-ID waits 2.1 to 4 s.
func TestGlareOfCaller(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		b.far.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			if stack.Tag(req.To().Params) == "" {
				tx.Respond(b.far.branch(req, 200, "x", anAnswer))
				return
			}
			tx.Respond(reply(req, 491))
		})
		ref := b.ua.Call(1, "bob", []byte(anOffer))
		take[Accepted](b)
		b.ua.Offer(ref, []byte(anOffer))
		take[OfferRefused](b)
		began := time.Now()
		take[OfferDue](b)
		if d := time.Since(began); d < 2*time.Second || d > 4100*time.Millisecond {
			t.Errorf("due after %v", d)
		}
		b.ua.Offer(ref, []byte(anOffer))
		synctest.Wait()
		b.ua.Offer(ref, []byte(anOffer)) // while one is out
		if e := take[OfferRefused](b); e.Code != 491 {
			t.Errorf("%+v", e)
		}
	})
}

// TestTwoLines: a call finds its line by the mark in our Contact, by the server
// it comes from, or by the user.
func TestTwoLines(t *testing.T) {
	onNet(t, func(b *bench) {
		other := b.newFar(farAddr2)
		other.always(stack.REGISTER, 200, "Expires: 600")
		registered(b)
		b.ua.AddAccount(2, Account{AOR: "sip:alice@other.test", Registrar: "sip:10.0.0.3"})
		b.pass(time.Second)
		for _, f := range []struct {
			from *far
			line string
			want AccountID
		}{{b.far, "", 1}, {other, "", 2}, {b.far, "2", 2}, {other, "1", 1}, {other, "77", 2}} {
			f.from.s.Post(func() {
				req := f.from.request(stack.INVITE)
				if f.line != "" {
					req.Recipient.UriParams.Add("line", f.line)
				}
				setSDP(req, []byte(anOffer))
				f.from.s.Send(req, stack.Target{Transport: stack.UDP, Addr: b.at()}, func(*stack.Response, error) {})
			})
			if in := take[Incoming](b); in.Account != f.want {
				t.Errorf("line %q from %v: account %d", f.line, f.from.addr, in.Account)
			}
		}
	})
}

// TestPartyIsNoGuest: the far side of a call may speak within it, but not ring us anew.
func TestPartyIsNoGuest(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		party := b.newFar(farAddr2)
		b.far.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			res := party.branch(req, 200, "x", anAnswer)
			tx.Respond(res)
		})
		b.ua.Call(1, "bob", []byte(anOffer))
		take[Accepted](b)
		b.pass(time.Second)
		code := 0
		party.ask(b, stack.INVITE, func(res *stack.Response, _ error) {
			if res != nil {
				code = res.StatusCode
			}
		})
		b.pass(time.Second)
		none[Incoming](b)
		if code != 403 {
			t.Errorf("a party's own INVITE got %d", code)
		}
	})
}
