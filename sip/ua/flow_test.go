package ua

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"opendeskphone/sip/stack"
)

const instance = "urn:uuid:00000000-0000-1000-8000-000A95A0E128"

// outbound makes a server one that knows flows.
func (f *far) outbound() {
	f.always(stack.REGISTER, 200, "Expires: 600", "Require: outbound")
	f.when(stack.INVITE, func(tx *stack.ServerTx, req *stack.Request, _ stack.Source) {
		tx.Respond(f.branch(req, 200, f.addr.String(), anAnswer))
	})
}

// twoFlows registers account 1 with two servers that know flows.
func twoFlows(b *bench, t stack.Transport) (second *far) {
	b.Helper()
	second = twoServers(b, t)
	b.far.outbound()
	second.outbound()
	b.line(func(a *Account) { a.Registrar, a.Transport, a.Instance = "", t, instance })
	b.pass(time.Second)
	return second
}

// contacts are the Contacts of a server's REGISTERs.
func (f *far) contacts() (list []string) {
	for _, r := range f.all(stack.REGISTER) {
		list = append(list, r.Contact().Value())
	}
	return list
}

// TestTwoFlows: where the registrar knows flows there is one to each of two servers. When one dies, calls go by the
// other and the line works all the time; the dead one is tried ever more rarely and taken up again.
func TestTwoFlows(t *testing.T) {
	for _, transport := range []stack.Transport{stack.UDP, stack.TCP} {
		t.Run(string(transport), func(t *testing.T) {
			onNet(t, func(b *bench) {
				second := twoFlows(b, transport)
				first, other := b.far.contacts(), second.contacts()
				if len(other) != 1 || !strings.Contains(first[len(first)-1], "reg-id=1") || !strings.Contains(other[0], "reg-id=2") ||
					!strings.Contains(other[0], instance) {
					t.Fatalf("%v and %v", first, other)
				}
				b.pass(time.Minute)
				b.net.SetDown(farAddr, true)
				began := time.Now()
				b.ua.Call(1, "bob", []byte(anOffer)) // finds the dead flow out
				take[Accepted](b)
				if took := time.Since(began); took > patienceFor(transport)+100*time.Millisecond {
					t.Errorf("it took %v", took)
				}
				began = time.Now()
				ref := b.ua.Call(1, "bob", []byte(anOffer))
				take[Accepted](b)
				if took := time.Since(began); took > 100*time.Millisecond {
					t.Errorf("the next call waited %v", took)
				}
				if c := second.all(stack.INVITE)[1].Contact().Address; !c.UriParams.Has("ob") {
					t.Errorf("Contact %s", c.String())
				}
				b.pass(time.Hour)
				if s := b.last(); s.State != Registered {
					t.Errorf("%+v", s)
				}
				for _, e := range b.events {
					if s, ok := e.(LineState); ok && s.State == Failing {
						t.Errorf("%+v", s)
					}
				}
				n := len(b.far.all(stack.REGISTER))
				b.net.SetDown(farAddr, false)
				took := b.until("the flow is back", recoverMax, b.far.registers(n))
				if took < 10*time.Second {
					t.Errorf("back after %v: it was tried too often", took)
				}
				b.pass(time.Second)
				b.ua.Call(1, "bob", []byte(anOffer))
				take[Accepted](b)
				if n := len(b.far.all(stack.INVITE)); n != 1 {
					t.Errorf("%d calls by the better flow", n)
				}
				b.ua.Hangup(ref)
				b.ua.RemoveAccount(1)
				b.pass(time.Second)
				for _, f := range []*far{b.far, second} {
					all := f.all(stack.REGISTER)
					if e := all[len(all)-1].GetHeader("Expires").Value(); e != "0" {
						t.Errorf("last REGISTER at %v: Expires %s", f.addr, e)
					}
				}
			})
		})
	}
}

// TestOneFlow: without a word of flows, or without a second server, there is no second registration: each call would
// ring twice.
func TestOneFlow(t *testing.T) {
	onNet(t, func(b *bench) {
		second := twoServers(b, stack.UDP)
		b.line(func(a *Account) { a.Registrar, a.Transport, a.Instance = "", stack.UDP, instance })
		b.pass(time.Minute)
		if n := len(second.all(stack.REGISTER)); n != 0 {
			t.Errorf("%d REGISTERs at the second server", n)
		}
	})
	onNet(t, func(b *bench) {
		b.far.outbound()
		b.line(func(a *Account) { a.Instance = instance })
		b.pass(time.Minute)
		if n := len(b.far.all(stack.REGISTER)); n != 1 {
			t.Errorf("%d REGISTERs", n)
		}
	})
}

// TestBothFlowsDead: then the line fails, and the server that returns first has it, within seconds.
func TestBothFlowsDead(t *testing.T) {
	for _, returns := range []int{0, 1} {
		onNet(t, func(b *bench) {
			second := twoFlows(b, stack.UDP)
			b.pass(time.Minute)
			b.net.SetDown(farAddr, true)
			b.net.SetDown(farAddr2, true)
			b.pass(5 * time.Minute)
			if s := b.last(); s.State != Failing {
				t.Errorf("%+v", s)
			}
			f := []*far{b.far, second}[returns]
			b.net.SetDown(f.addr, false)
			b.until("registered", 5*time.Second, func() bool { return b.last().State == Registered })
		})
	}
}

// TestRecoverAfter: RFC 5626 §4.5 with its recommended times.
func TestRecoverAfter(t *testing.T) {
	for n, low := range map[int]time.Duration{1: 90 * time.Second, 2: 180 * time.Second, 4: 720 * time.Second, 5: 15 * time.Minute, 99: 15 * time.Minute} {
		for _, random := range []float64{0, 0.5, 0.999} {
			if d := recoverAfter(n, random); d < low || d > 2*low {
				t.Errorf("after %d failures %v", n, d)
			}
		}
	}
}

// TestAnotherMappedAddress: a NAT that gives us another address has made another flow, which is registered.
func TestAnotherMappedAddress(t *testing.T) {
	onNet(t, func(b *bench) {
		b.far.outbound()
		b.line(func(a *Account) { a.Instance = instance })
		sees := func(addr string) int {
			b.ua.stack.Post(func() { b.ua.accounts[1].flows[0].pulse.bound(netip.MustParseAddrPort(addr), nil) })
			b.pass(time.Second)
			return len(b.far.all(stack.REGISTER))
		}
		if n := sees("203.0.113.1:40000"); n != 1 {
			t.Errorf("%d REGISTERs", n)
		}
		if n := sees("203.0.113.1:40000"); n != 1 {
			t.Errorf("the same address: %d REGISTERs", n)
		}
		if n := sees("203.0.113.1:50000"); n != 2 {
			t.Errorf("another address: %d REGISTERs", n)
		}
	})
}

// TestFlowTimer: a registrar that wants to hear of us more often is obeyed, within reason.
func TestFlowTimer(t *testing.T) {
	for timer, most := range map[string]int{"10": 8, "1": 12, "3600": 3, "0": 3, "x": 3, "99999999999": 3} {
		onNet(t, func(b *bench) {
			b.far.always(stack.REGISTER, 200, "Expires: 600", "Flow-Timer: "+timer)
			b.line()
			b.pass(time.Minute)
			if n := len(b.far.all(stack.OPTIONS)); n > most || n < most-1 {
				t.Errorf("Flow-Timer %s: %d signs of life in a minute, want %d", timer, n, most)
			}
		})
	}
}
