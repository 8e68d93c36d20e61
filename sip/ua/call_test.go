package ua

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/sip/stack"
)

// branch is a response as one phone of a fork gives it.
func (f *far) branch(req *stack.Request, code int, tag, sdp string, headers ...string) *stack.Response {
	res := reply(req, code, headers...)
	res.To().Params.Add("tag", tag)
	c := f.contact()
	c.Address.User = tag // so that requests name the phone they are for
	res.AppendHeader(c)
	if sdp != "" {
		setSDP(res, []byte(sdp))
	}
	return res
}

// registered is the usual start: a line that is up.
func registered(b *bench) {
	b.Helper()
	b.far.always(stack.REGISTER, 200, "Expires: 600")
	b.line()
	if b.last().State != Registered {
		b.Fatalf("%+v", b.last())
	}
}

// to are the users the requests of a method went to.
func (f *far) to(m stack.Method) string {
	var out []string
	for _, r := range f.all(m) {
		out = append(out, r.Recipient.User)
	}
	return strings.Join(out, " ")
}

func TestCallAndHangup(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		b.far.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			tx.Respond(b.far.branch(req, 180, "x", ""))
			tx.Respond(b.far.branch(req, 200, "x", anAnswer))
		})
		ref := b.ua.Call(1, "1234", []byte(anOffer))
		if p := take[Progress](b); p.Call != ref || p.Code != 180 || p.Dialog != 1 {
			t.Errorf("%+v", p)
		}
		if a := take[Accepted](b); a.Call != ref || string(a.SDP) != anAnswer {
			t.Errorf("%+v", a)
		}
		invite := b.far.all(stack.INVITE)[0]
		if invite.Recipient.String() != "sip:1234@phone.test;user=phone" || string(invite.Body()) != anOffer {
			t.Errorf("INVITE %s", invite)
		}
		b.pass(time.Second)
		if n := len(b.far.all(stack.ACK)); n != 1 {
			t.Errorf("%d ACKs", n)
		}
		b.ua.Hangup(ref)
		if e := take[Ended](b); e.ByRemote {
			t.Errorf("%+v", e)
		}
		b.pass(time.Second)
		bye := b.far.all(stack.BYE)
		if len(bye) != 1 || bye[0].Recipient.User != "x" || bye[0].CSeq().SeqNo != invite.CSeq().SeqNo+1 {
			t.Errorf("BYE %v", bye)
		}
	})
}

func sorted(words string) string {
	f := strings.Fields(words)
	slices.Sort(f)
	return strings.Join(f, " ")
}

// twoServers gives the domain a second server, which is asked when the first is silent.
func twoServers(b *bench, t stack.Transport) (second *far) {
	b.Helper()
	second = b.newFar(farAddr2)
	for _, f := range []*far{b.far, second} {
		f.always(stack.REGISTER, 200, "Expires: 600")
	}
	b.net.SetSRV("_sip._"+string(t)+".phone.test",
		stack.SRV{Priority: 1, Host: "a.phone.test", Port: 5060}, stack.SRV{Priority: 2, Host: "b.phone.test", Port: 5060})
	b.net.SetAddr("a.phone.test", farAddr)
	b.net.SetAddr("b.phone.test", farAddr2)
	b.line(func(a *Account) { a.Registrar, a.Transport = "", t })
	if b.last().State != Registered {
		b.Fatalf("%+v", b.last())
	}
	return second
}

// TestNextServer: a call does not wait for a silent server while there is another; one that says
// anything, and be it a challenge, is waited for.
func TestNextServer(t *testing.T) {
	for transport, most := range map[stack.Transport]time.Duration{stack.UDP: 4 * time.Second, stack.TCP: 2 * time.Second} {
		t.Run(string(transport), func(t *testing.T) {
			onNet(t, func(b *bench) {
				second := twoServers(b, transport)
				b.net.SetDown(farAddr, true)
				second.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
					tx.Respond(second.branch(req, 200, "y", anAnswer))
				})
				began := time.Now()
				ref := b.ua.Call(1, "bob", []byte(anOffer))
				if a := take[Accepted](b); a.Call != ref {
					t.Errorf("%+v", a)
				}
				if took := time.Since(began); took > most+300*time.Millisecond {
					t.Errorf("it took %v", took)
				}
				b.pass(time.Minute)
				if n := len(second.all(stack.BYE)); n != 0 {
					t.Errorf("%d BYEs", n)
				}
			})
		})
	}
	t.Run("slow", func(t *testing.T) {
		onNet(t, func(b *bench) {
			second := twoServers(b, stack.UDP)
			b.far.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
				if req.GetHeader("Proxy-Authorization") == nil {
					tx.Respond(reply(req, 407, `Proxy-Authenticate: Digest realm="phone.test", nonce="1"`))
					return
				}
				b.far.s.After(6*time.Second, func() { tx.Respond(b.far.branch(req, 200, "x", anAnswer)) })
			})
			b.ua.Call(1, "bob", []byte(anOffer))
			b.pass(7 * time.Second)
			take[Accepted](b)
			if n := len(second.all(stack.INVITE)); n != 0 {
				t.Errorf("the second server was asked %d times", n)
			}
		})
	})
}

// TestServerWakesUp: the server that was given up answers after all; nothing may be left standing there.
func TestServerWakesUp(t *testing.T) {
	onNet(t, func(b *bench) {
		second := twoServers(b, stack.UDP)
		b.net.SetDown(farAddr, true)
		b.far.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			tx.Respond(b.far.branch(req, 200, "x", anAnswer))
		})
		second.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			tx.Respond(second.branch(req, 180, "y", ""))
			second.s.After(10*time.Second, func() { tx.Respond(second.branch(req, 200, "y", anAnswer)) })
		})
		ref := b.ua.Call(1, "bob", []byte(anOffer))
		b.pass(5 * time.Second)
		b.net.SetDown(farAddr, false)
		b.pass(10 * time.Second)
		if a := take[Accepted](b); a.Call != ref || a.Dialog == 0 {
			t.Errorf("%+v", a)
		}
		if got := b.far.to(stack.BYE); got != "x" {
			t.Errorf("BYE went to %q, want the one that was late", got)
		}
		if n := len(b.far.all(stack.ACK)); n == 0 {
			t.Error("the late 200 got no ACK")
		}
		b.ua.Hangup(ref)
		take[Ended](b)
		b.pass(time.Second)
		if got := second.to(stack.BYE); got != "y" {
			t.Errorf("BYE went to %q, want the one that talked", got)
		}
	})
}

// TestForking: two phones ring, both answer; the first has the call, the
// second gets ACK and BYE.
func TestForking(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		b.far.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			tx.Respond(b.far.branch(req, 180, "x", ""))
			tx.Respond(b.far.branch(req, 183, "y", anAnswer))
			tx.Respond(b.far.branch(req, 180, "x", ""))
			tx.Respond(b.far.branch(req, 200, "y", anAnswer))
			tx.Respond(b.far.branch(req, 200, "x", anAnswer))
			tx.Respond(b.far.branch(req, 200, "x", anAnswer)) // repeated
			tx.Respond(b.far.branch(req, 200, "y", anAnswer))
		})
		b.ua.Call(1, "sip:bob@phone.test", []byte(anOffer))
		for _, want := range []int{1, 2, 1} {
			if p := take[Progress](b); p.Dialog != want || (p.SDP != nil) != (want == 2) {
				t.Errorf("%+v, want dialog %d", p, want)
			}
		}
		if a := take[Accepted](b); a.Dialog != 2 {
			t.Errorf("%+v", a)
		}
		b.pass(time.Second)
		if acks, byes := b.far.to(stack.ACK), b.far.to(stack.BYE); sorted(acks) != "x x y y" || byes != "x" {
			t.Errorf("ACK to %q, BYE to %q", acks, byes)
		}
		none[Accepted](b)
		none[Ended](b)
	})
}

// TestLateBranch: a 2xx after the transaction is long over is released too.
func TestLateBranch(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		var late *stack.ServerTx
		b.far.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			late = tx
			tx.Respond(b.far.branch(req, 200, "x", anAnswer))
		})
		b.ua.Call(1, "sip:bob@phone.test", []byte(anOffer))
		take[Accepted](b)
		b.pass(31900 * time.Millisecond)
		b.far.s.Post(func() { late.Respond(b.far.branch(late.Request(), 200, "z", anAnswer)) })
		b.pass(time.Second)
		if acks, byes := b.far.to(stack.ACK), b.far.to(stack.BYE); acks != "x z" || byes != "z" {
			t.Errorf("ACK to %q, BYE to %q", acks, byes)
		}
	})
}

func TestCancel(t *testing.T) {
	rows := []struct {
		name        string
		answer      func(f *far, tx *stack.ServerTx)
		acks, byes  string
		cancelled   bool
		beforeFirst bool
	}{
		{name: "487", cancelled: true, answer: func(f *far, tx *stack.ServerTx) {
			tx.OnCancel(func(*stack.Request) { tx.Respond(reply(tx.Request(), 487)) })
			tx.Respond(f.branch(tx.Request(), 180, "x", ""))
		}},
		{name: "before any response", cancelled: true, beforeFirst: true, answer: func(f *far, tx *stack.ServerTx) {
			tx.OnCancel(func(*stack.Request) { tx.Respond(reply(tx.Request(), 487)) })
			f.s.After(3*time.Second, func() { tx.Respond(f.branch(tx.Request(), 180, "x", "")) })
		}},
		{name: "200 crosses", cancelled: true, acks: "x", byes: "x", answer: func(f *far, tx *stack.ServerTx) {
			tx.OnCancel(func(*stack.Request) { tx.Respond(f.branch(tx.Request(), 200, "x", anAnswer)) })
			tx.Respond(f.branch(tx.Request(), 180, "x", ""))
		}},
		{name: "two 200 cross", cancelled: true, acks: "x y", byes: "x y", answer: func(f *far, tx *stack.ServerTx) {
			tx.OnCancel(func(*stack.Request) {
				tx.Respond(f.branch(tx.Request(), 200, "x", anAnswer))
				tx.Respond(f.branch(tx.Request(), 200, "y", anAnswer))
			})
			tx.Respond(f.branch(tx.Request(), 180, "x", ""))
		}},
		{name: "200 without a 18x", acks: "x", byes: "x", beforeFirst: true, answer: func(f *far, tx *stack.ServerTx) {
			f.s.After(150*time.Millisecond, func() { tx.Respond(f.branch(tx.Request(), 200, "x", anAnswer)) })
		}},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			onNet(t, func(b *bench) {
				registered(b)
				b.far.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) { r.answer(b.far, tx) })
				ref := b.ua.Call(1, "sip:bob@phone.test", []byte(anOffer))
				if !r.beforeFirst {
					take[Progress](b)
				}
				synctest.Wait()
				b.ua.Hangup(ref)
				take[Ended](b)
				b.pass(10 * time.Second)
				if acks, byes := b.far.to(stack.ACK), b.far.to(stack.BYE); sorted(acks) != r.acks || sorted(byes) != r.byes {
					t.Errorf("ACK to %q, BYE to %q", acks, byes)
				}
				none[Accepted](b)
				none[Failed](b)
				none[Ended](b)
			})
		})
	}
}

func TestCallFails(t *testing.T) {
	rows := []struct {
		name   string
		answer func(f *far, tx *stack.ServerTx)
		code   int
		fault  Fault
	}{
		{"busy", func(f *far, tx *stack.ServerTx) { tx.Respond(reply(tx.Request(), 486)) }, 486, NoFault},
		{"silence", func(*far, *stack.ServerTx) {}, 408, Unreachable},
		{"401 for ever", func(f *far, tx *stack.ServerTx) {
			tx.Respond(reply(tx.Request(), 407, `Proxy-Authenticate: Digest realm="phone.test", nonce="x"`))
		}, 407, WrongPassword},
		{"foreign realm", func(f *far, tx *stack.ServerTx) {
			tx.Respond(reply(tx.Request(), 407, `Proxy-Authenticate: Digest realm="evil.test", nonce="x"`))
		}, 407, NoFault},
		{"redirected in a ring", func(f *far, tx *stack.ServerTx) {
			tx.Respond(reply(tx.Request(), 302, "Contact: <sip:bob@phone.test>"))
		}, 302, NoFault},
		{"redirected for ever", func(f *far, tx *stack.ServerTx) {
			tx.Respond(reply(tx.Request(), 302, "Contact: <sip:u"+stack.NewTag()+"@phone.test>"))
		}, 302, NoFault},
		{"200 without SDP", func(f *far, tx *stack.ServerTx) { tx.Respond(f.branch(tx.Request(), 200, "x", "")) }, 488, NoFault},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			onNet(t, func(b *bench) {
				b.far.always(stack.REGISTER, 200, "Expires: 600")
				b.line(func(a *Account) { a.Realm = "phone.test" })
				b.far.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
					r.answer(b.far, tx)
				})
				b.net.SetDown(farAddr, r.name == "silence")
				b.ua.Call(1, "sip:bob@phone.test", []byte(anOffer))
				if f := take[Failed](b); f.Code != r.code || f.Fault != r.fault {
					t.Errorf("%+v", f)
				}
				if n := len(b.far.all(stack.INVITE)); n > 6 {
					t.Errorf("%d INVITEs", n)
				}
				for _, q := range b.far.all(stack.INVITE) {
					if r.name == "foreign realm" && q.GetHeader("Proxy-Authorization") != nil {
						t.Error("digest leaked to a foreign realm")
					}
				}
			})
		})
	}
}

func TestRedirected(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		b.far.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			switch req.Recipient.User {
			case "bob":
				tx.Respond(reply(req, 302, "Contact: <sip:low@phone.test>;q=0.1, <sip:high@phone.test>;q=0.9"))
			case "high":
				tx.Respond(reply(req, 486))
			default:
				tx.Respond(b.far.branch(req, 200, "x", anAnswer))
			}
		})
		b.ua.Call(1, "sip:bob@phone.test", []byte(anOffer))
		for _, want := range []string{"high", "low"} {
			if r := take[Redirected](b); r.To.User != want {
				t.Errorf("sent on to %+v", r.To)
			}
		}
		take[Accepted](b)
		if to := b.far.to(stack.INVITE); to != "bob high low" {
			t.Error(to)
		}
	})
}

func TestPrack(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		b.far.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			first := b.far.branch(req, 183, "x", anAnswer, "Require: 100rel", "RSeq: 17")
			tx.Respond(first)
			tx.Respond(first) // a repeat
			tx.Respond(b.far.branch(req, 180, "x", "", "Require: 100rel", "RSeq: 19"))
			tx.Respond(b.far.branch(req, 180, "x", "", "Require: 100rel", "RSeq: 18"))
		})
		b.far.when(stack.PRACK, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			tx.Respond(reply(req, 200))
		})
		b.ua.Call(1, "sip:bob@phone.test", []byte(anOffer))
		if p := take[Progress](b); p.Code != 183 || p.SDP == nil {
			t.Errorf("%+v", p)
		}
		if p := take[Progress](b); p.Code != 180 {
			t.Errorf("%+v", p)
		}
		b.pass(time.Second)
		none[Progress](b)
		var acks []string // datagrams may overtake each other
		for _, r := range b.far.all(stack.PRACK) {
			acks = append(acks, r.GetHeader("RAck").Value())
		}
		slices.Sort(acks)
		if !slices.Equal(acks, []string{"17 1 INVITE", "18 1 INVITE"}) {
			t.Error(acks)
		}
	})
}

// TestEarlyMediaGate: we say that we know the header, and tell what the network says by it (RFC 5009).
func TestEarlyMediaGate(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		said := []string{"", "sendrecv", "sendonly", "recvonly, gated", "supported, INACTIVE", "nonsense"}
		b.far.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			if !has(req, "P-Early-Media", "supported") {
				t.Errorf("%s", req)
			}
			for _, s := range said {
				res := b.far.branch(req, 183, "x", "")
				if s != "" {
					res.AppendHeader(stack.NewHeader("P-Early-Media", s))
				}
				tx.Respond(res)
			}
		})
		b.ua.Call(1, "sip:bob@phone.test", []byte(anOffer))
		for i, want := range []Gate{GateUnsaid, GateOpen, GateBackward, GateForward, GateShut, GateUnsaid} {
			if p := take[Progress](b); p.Gate != want {
				t.Errorf("%q: %+v, want gate %d", said[i], p, want)
			}
		}
	})
}
