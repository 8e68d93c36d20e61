package ua

import (
	"strings"
	"testing"
	"time"

	"opendeskphone/sip/stack"
)

const md5Challenge = `WWW-Authenticate: Digest realm="phone.test", nonce="n1", algorithm=MD5, qop="auth"`

func TestRegisters(t *testing.T) {
	onNet(t, func(b *bench) {
		b.far.when(stack.REGISTER, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			if req.GetHeader("Authorization") == nil {
				tx.Respond(reply(req, 401,
					`WWW-Authenticate: Digest realm="phone.test", nonce="n0", algorithm=MD5, qop="auth"`,
					`WWW-Authenticate: Basic realm="phone.test"`,
					`WWW-Authenticate: Digest realm="phone.test", nonce="n1", algorithm=SHA-512-256, qop="auth,auth-int"`,
					`WWW-Authenticate: Digest realm="phone.test", nonce="n2", algorithm=SHA-256, qop="auth"`))
				return
			}
			tx.Respond(reply(req, 200, "Expires: 600"))
		})
		b.line(func(a *Account) { a.Instance = "urn:uuid:00000000-0000-1000-8000-000A95A0E128" })
		if s := b.last(); s.State != Registered || s.Expires != 10*time.Minute {
			t.Fatalf("%+v", s)
		}
		all := b.far.all(stack.REGISTER)
		auth := all[1].GetHeader("Authorization").Value()
		if len(all) != 2 || !strings.Contains(auth, "SHA-512-256") || !strings.Contains(auth, `nonce="n1"`) || !strings.Contains(auth, "nc=00000001") {
			t.Errorf("%d requests, %s", len(all), auth)
		}
		if c := all[1].Contact().Value(); !strings.Contains(c, "+sip.instance") || !strings.Contains(c, "reg-id=1") {
			t.Error(c)
		}
		if all[0].CallID().Value() != all[1].CallID().Value() || all[1].CSeq().SeqNo != all[0].CSeq().SeqNo+1 {
			t.Error("a repeat must be the same registration with the next number")
		}
		b.pass(10 * time.Minute) // refreshed once with the nonce at hand
		all = b.far.all(stack.REGISTER)
		if n := len(all); n != 3 && n != 4 || !strings.Contains(all[2].GetHeader("Authorization").Value(), "nc=00000002") {
			t.Errorf("%d requests after the refresh", n)
		}
		b.cancel()
		<-b.ended
		all = b.far.all(stack.REGISTER)
		if e := all[len(all)-1].GetHeader("Expires"); e.Value() != "0" {
			t.Errorf("last REGISTER: Expires %s", e.Value())
		}
	})
}

func TestRetryAfter(t *testing.T) {
	for _, seconds := range []int{20, 120} {
		onNet(t, func(b *bench) {
			b.far.always(stack.REGISTER, 503, "Retry-After: "+itoa(seconds)+" (in maintenance);duration=5")
			b.line()
			b.pass(time.Duration(seconds+6) * time.Second)
			b.far.mu.Lock()
			defer b.far.mu.Unlock()
			if len(b.far.at) != 2 {
				t.Fatalf("%d requests", len(b.far.at))
			}
			if d := b.far.at[1].Sub(b.far.at[0]).Seconds() - float64(seconds); d < 0 || d > 5 {
				t.Errorf("retried %.1f s after the time", d)
			}
		})
	}
}

// TestRegistrarReturns: however long it was away, it is found within 5 s.
func TestRegistrarReturns(t *testing.T) {
	for _, transport := range []stack.Transport{stack.UDP, stack.TCP} {
		for _, away := range []time.Duration{3 * time.Second, 31 * time.Second, 33 * time.Second, 47 * time.Second, 5 * time.Minute} {
			onNet(t, func(b *bench) {
				b.far.when(stack.REGISTER, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
					if req.GetHeader("Authorization") == nil {
						tx.Respond(reply(req, 401, md5Challenge))
						return
					}
					tx.Respond(reply(req, 200, "Expires: 600"))
				})
				b.net.SetDown(farAddr, true)
				b.line(func(a *Account) { a.Transport = transport })
				b.pass(away)
				if b.last().State == Registered {
					t.Fatal("registered with nobody")
				}
				b.net.SetDown(farAddr, false)
				b.pass(5 * time.Second)
				if s := b.last(); s.State != Registered {
					t.Errorf("%s, away %v: %+v", transport, away, s)
				}
			})
		}
	}
}

// TestFailover: a silent first server costs seconds, not a transaction.
func TestFailover(t *testing.T) {
	onNet(t, func(b *bench) {
		second := b.newFar(farAddr2)
		second.always(stack.REGISTER, 200, "Expires: 600")
		b.far.when(stack.REGISTER, func(*stack.ServerTx, *stack.Request, stack.Source) {})
		b.net.SetSRV("_sip._udp.phone.test",
			stack.SRV{Priority: 1, Host: "a.phone.test", Port: 5060}, stack.SRV{Priority: 2, Host: "b.phone.test", Port: 5060})
		b.net.SetAddr("a.phone.test", farAddr)
		b.net.SetAddr("b.phone.test", farAddr2)
		b.line(func(a *Account) { a.Registrar = "" })
		b.pass(9 * time.Second)
		if s := b.last(); s.State != Registered || len(second.all(stack.REGISTER)) != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestFlowLost(t *testing.T) {
	onNet(t, func(b *bench) {
		b.far.always(stack.REGISTER, 200, "Expires: 600")
		b.line(func(a *Account) { a.Transport = stack.TCP })
		if b.last().State != Registered {
			t.Fatal("not registered")
		}
		b.pass(25 * time.Second) // long enough for a keep-alive and its answer
		b.net.SetDown(farAddr, true)
		b.pass(20 * time.Second)
		b.net.SetDown(farAddr, false)
		b.pass(31 * time.Second)
		if n := len(b.far.all(stack.REGISTER)); n < 2 || b.last().State != Registered {
			t.Errorf("%d REGISTERs, %+v", n, b.last())
		}
	})
}

// TestPulse: a registrar on UDP that vanished is noticed long before the
// registration must be renewed; one that never answers OPTIONS is not suspected.
func TestPulse(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		b.pass(25 * time.Second)
		b.net.SetDown(farAddr, true)
		b.pass(65 * time.Second)
		if s := b.last(); s.State != Failing || s.Fault != Unreachable {
			t.Errorf("%+v", s)
		}
		b.net.SetDown(farAddr, false)
		b.pass(5 * time.Second)
		if s := b.last(); s.State != Registered {
			t.Errorf("%+v", s)
		}
	})
	onNet(t, func(b *bench) {
		b.far.when(stack.OPTIONS, func(*stack.ServerTx, *stack.Request, stack.Source) {})
		registered(b)
		b.pass(4 * time.Minute)
		if n := len(b.far.all(stack.REGISTER)); n != 1 {
			t.Errorf("%d REGISTERs", n)
		}
	})
}

func TestBadAccount(t *testing.T) {
	onNet(t, func(b *bench) {
		b.ua.AddAccount(1, Account{AOR: "sip:phone.test"})
		if s := take[LineState](b); s.State != Failing || s.Fault != BadAccount {
			t.Errorf("%+v", s)
		}
	})
}

// TestStrangers: who is not our server gets not a byte and rings nothing.
func TestStrangers(t *testing.T) {
	onNet(t, func(b *bench) {
		b.far.always(stack.REGISTER, 200, "Expires: 600")
		b.line()
		stranger := b.newFar(farAddr2)
		for _, m := range []stack.Method{stack.INVITE, stack.OPTIONS, stack.REGISTER} {
			stranger.ask(b, m, func(res *stack.Response, err error) {
				if res != nil {
					t.Errorf("%s of a stranger got %d", m, res.StatusCode)
				}
			})
		}
		b.far.ask(b, stack.OPTIONS, func(res *stack.Response, err error) {
			if res == nil || res.StatusCode != 200 {
				t.Errorf("OPTIONS of the registrar: %v %v", res, err)
			}
		})
		b.pass(40 * time.Second)
		none[Incoming](b)
	})
}

// ask sends a plain request to the UA.
func (f *far) ask(b *bench, m stack.Method, on func(*stack.Response, error)) {
	f.s.Post(func() {
		f.s.Send(f.request(m), stack.Target{Transport: stack.UDP, Addr: b.at()}, on)
	})
}

// TestBindingsLeftBehind: bindings under former Contacts are taken away as soon as the pace allows.
func TestBindingsLeftBehind(t *testing.T) {
	onNet(t, func(b *bench) {
		b.far.always(stack.REGISTER, 200, "Expires: 600")
		b.line()
		b.ua.stack.Post(func() {
			r := b.ua.accounts[1].flows[0]
			for _, host := range []string{"192.0.2.61", "192.0.2.62", "192.0.2.63", "192.0.2.64", "192.0.2.65", "192.0.2.66", "192.0.2.67", "192.0.2.68"} {
				r.leave(stack.Uri{Scheme: "sip", Host: host})
			}
		})
		b.pass(30 * time.Second)
		gone := map[string]bool{}
		for _, q := range b.far.all(stack.REGISTER) {
			if c := q.Contact(); c.Params.GetOr("expires", "") == "0" {
				gone[c.Address.Host] = true
			}
		}
		for _, host := range []string{"192.0.2.61", "192.0.2.64", "192.0.2.65", "192.0.2.66", "192.0.2.67"} {
			if !gone[host] {
				t.Errorf("%s is still bound", host)
			}
		}
		if n := b.far.densest(stack.REGISTER); n > burst {
			t.Errorf("%d REGISTERs in %v", n, burstWindow)
		}
	})
}
