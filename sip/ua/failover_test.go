package ua

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/sip/stack"
)

// until waits for something and gives how long it took.
func (b *bench) until(what string, most time.Duration, done func() bool) time.Duration {
	b.Helper()
	for began := time.Now(); ; b.pass(10 * time.Millisecond) {
		synctest.Wait()
		took := time.Since(began)
		if done() {
			return took
		}
		if took > most {
			b.Fatalf("%s: not within %v; %+v", what, most, b.last())
		}
	}
}

// registers tells whether a server was sent a REGISTER with a binding since a number of them.
func (f *far) registers(since int) func() bool {
	return func() bool {
		for _, r := range f.all(stack.REGISTER)[since:] {
			if r.GetHeader("Expires").Value() != "0" {
				return true
			}
		}
		return false
	}
}

// TestFailBack: a phone that went to the second server is back at the first within a minute of its return, and the
// call that was made meanwhile goes on.
func TestFailBack(t *testing.T) {
	for _, transport := range []stack.Transport{stack.UDP, stack.TCP} {
		t.Run(string(transport), func(t *testing.T) {
			onNet(t, func(b *bench) {
				second := twoServers(b, transport)
				b.pass(30 * time.Second)
				b.net.SetDown(farAddr, true)
				second.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
					tx.Respond(second.branch(req, 200, "y", anAnswer))
				})
				ref := b.ua.Call(1, "bob", []byte(anOffer))
				take[Accepted](b)
				b.until("registered with the second", time.Second, second.registers(0)) // the call has found out
				began := time.Now()
				b.ua.Call(1, "bob", []byte(anOffer))
				take[Accepted](b)
				if took := time.Since(began); took > 200*time.Millisecond {
					t.Errorf("the next call waited %v for the dead server too", took)
				}
				b.pass(10 * time.Minute)
				n := len(b.far.all(stack.REGISTER))
				b.net.SetDown(farAddr, false)
				b.until("back at the first", time.Minute, b.far.registers(n))
				if s := b.last(); s.State != Registered {
					t.Errorf("%+v", s)
				}
				b.pass(5 * time.Minute)
				if n := len(second.all(stack.BYE)); n != 0 {
					t.Errorf("%d BYEs", n)
				}
				b.ua.Hangup(ref)
				b.pass(time.Second)
				if got := second.to(stack.BYE); got != "y" {
					t.Errorf("BYE went to %q, want the call's own way", got)
				}
			})
		})
	}
}

// TestNoWayBack: a server that answers questions but registers nobody is not run after.
func TestNoWayBack(t *testing.T) {
	onNet(t, func(b *bench) {
		second := twoServers(b, stack.UDP)
		b.far.always(stack.REGISTER, 503)
		b.ua.Renew()
		b.pass(time.Hour)
		if s := b.last(); s.State != Registered {
			t.Errorf("%+v", s)
		}
		if n := len(b.far.all(stack.REGISTER)); n > 20 {
			t.Errorf("%d REGISTERs at the one that refuses", n)
		}
		if n := len(second.all(stack.REGISTER)); n < 6 || n > 30 {
			t.Errorf("%d REGISTERs at the other", n)
		}
	})
}

// TestLinkLoss: registered within a second of the link's return, however long it was away, also where the DNS is
// slower to return; over TCP by a new connection, for the old one may be half open.
func TestLinkLoss(t *testing.T) {
	for _, transport := range []stack.Transport{stack.UDP, stack.TCP} {
		for _, away := range []time.Duration{time.Second, 5 * time.Second, time.Minute, 10 * time.Minute} {
			for way := range 4 { // one server or two, and whether the phone knows that the link is gone
				onNet(t, func(b *bench) {
					second := b.far
					if way&1 != 0 {
						second = twoServers(b, transport)
					} else {
						b.net.SetAddr("phone.test", farAddr)
						b.far.always(stack.REGISTER, 200, "Expires: 3600")
						b.line(func(a *Account) { a.Registrar, a.Transport = "", transport })
					}
					b.pass(3 * time.Minute)
					b.net.SetDown(ourAddr, true)
					b.net.SetDeaf(true)
					if way&2 != 0 {
						b.ua.Offline()
					}
					b.pass(away)
					if s := b.last(); way&2 != 0 && (s.State != Failing || s.Fault != Unreachable) {
						t.Errorf("without a network: %+v", s)
					}
					n, m := len(b.far.all(stack.REGISTER)), len(second.all(stack.REGISTER))
					b.net.SetDown(ourAddr, false)
					b.ua.Renew()
					b.until("registered after "+away.String(), time.Second, func() bool {
						return b.last().State == Registered && (b.far.registers(n)() || second.registers(m)())
					})
					if most := b.far.densest(stack.REGISTER); most > 5 {
						t.Errorf("%d REGISTERs in 10 s", most)
					}
				})
			}
		}
	}
}

// TestLinkFlaps: a link that cannot make up its mind is no reason to storm a registrar.
func TestLinkFlaps(t *testing.T) {
	onNet(t, func(b *bench) {
		registered(b)
		for range 100 {
			b.ua.Renew()
			b.pass(300 * time.Millisecond)
		}
		if most := b.far.densest(stack.REGISTER); most > 5 {
			t.Errorf("%d REGISTERs in 10 s", most)
		}
		if s := b.last(); s.State != Registered {
			t.Errorf("%+v", s)
		}
	})
}

// TestLinkFlapsWhileItRings: a call that is being made outlives a change of the network.
func TestLinkFlapsWhileItRings(t *testing.T) {
	onNet(t, func(b *bench) {
		b.far.always(stack.REGISTER, 200, "Expires: 600")
		b.line(func(a *Account) { a.Transport = stack.TCP })
		b.far.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			tx.Respond(b.far.branch(req, 180, "x", ""))
			b.far.s.After(20*time.Second, func() { tx.Respond(b.far.branch(req, 200, "x", anAnswer)) })
		})
		ref := b.ua.Call(1, "bob", []byte(anOffer))
		b.pass(time.Second)
		b.ua.Renew()
		if a := take[Accepted](b); a.Call != ref {
			t.Errorf("%+v", a)
		}
		b.pass(time.Minute)
		b.ua.Hangup(ref)
		b.pass(time.Second)
		if got := b.far.to(stack.BYE); got != "x" {
			t.Errorf("BYE went to %q", got)
		}
	})
}

// TestHalfOpen: a connection whose far side is gone without a word costs a call two seconds and not the call.
func TestHalfOpen(t *testing.T) {
	onNet(t, func(b *bench) {
		b.far.always(stack.REGISTER, 200, "Expires: 600")
		b.line(func(a *Account) { a.Transport = stack.TCP })
		b.pass(5 * time.Second)
		b.net.SetDown(farAddr, true) // as a NAT that forgot: what is written now is lost, and all after it
		b.ua.Call(1, "bob", []byte(anOffer))
		b.pass(100 * time.Millisecond)
		b.net.SetDown(farAddr, false)
		b.far.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
			tx.Respond(b.far.branch(req, 200, "x", anAnswer))
		})
		b.until("the INVITE at the server", 2*time.Second, func() bool { return len(b.far.all(stack.INVITE)) > 0 })
		take[Accepted](b)
		b.until("a new flow", time.Second, func() bool { return len(b.far.all(stack.REGISTER)) > 1 })
	})
}

// TestPoisonedDNS: whatever the DNS says of a server that served us, we stay with it as long as it does.
func TestPoisonedDNS(t *testing.T) {
	nobody := netip.MustParseAddr("10.0.0.99")
	for name, poison := range map[string]func(b *bench){
		"gone":           func(b *bench) { b.net.SetAddr("phone.test") },
		"somewhere else": func(b *bench) { b.net.SetAddr("phone.test", nobody) },
		"everywhere":     func(b *bench) { b.net.SetAddr("phone.test", netip.MustParseAddr("224.0.0.1"), netip.IPv4Unspecified()) },
		"dead":           func(b *bench) { b.net.SetDeaf(true) },
		"a service of nobody": func(b *bench) {
			b.net.SetSRV("_sip._udp.phone.test", stack.SRV{Host: "x.phone.test", Port: 5060})
			b.net.SetAddr("x.phone.test", nobody)
		},
	} {
		t.Run(name, func(t *testing.T) {
			onNet(t, func(b *bench) {
				b.net.SetAddr("phone.test", farAddr)
				b.far.always(stack.REGISTER, 200, "Expires: 600")
				b.far.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
					tx.Respond(b.far.branch(req, 200, "x", anAnswer))
				})
				b.line(func(a *Account) { a.Registrar = "" })
				poison(b)
				for range 3 {
					n := len(b.far.all(stack.REGISTER))
					b.ua.Renew()
					b.until("registered", 5*time.Second, func() bool { return b.far.registers(n)() && b.last().State == Registered })
					began := time.Now()
					ref := b.ua.Call(1, "bob", []byte(anOffer))
					take[Accepted](b)
					if took := time.Since(began); took > 4*time.Second {
						t.Errorf("a call took %v", took)
					}
					b.ua.Hangup(ref)
					b.pass(20 * time.Minute)
				}
			})
		})
	}
}

// TestOtherNetwork: the phone comes into a network where the server has another address, of which the DNS tells late.
func TestOtherNetwork(t *testing.T) {
	onNet(t, func(b *bench) {
		second := b.newFar(farAddr2)
		for _, f := range []*far{b.far, second} {
			f.always(stack.REGISTER, 200, "Expires: 600")
		}
		b.net.SetAddr("phone.test", farAddr)
		b.line(func(a *Account) { a.Registrar = "" })
		b.dns.Store(int64(time.Second))
		b.net.SetAddr("phone.test", farAddr2)
		b.net.SetDown(farAddr, true)
		b.ua.Renew()
		b.until("registered where the server is now", 5*time.Second, second.registers(0))
	})
}
