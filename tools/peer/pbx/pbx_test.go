package pbx

import (
	"context"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/sip/siptest"
	"opendeskphone/sip/stack"
	"opendeskphone/sip/ua"
)

const anOffer = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\na="

// party is a user agent that takes every call and answers every offer.
type party struct {
	agent *ua.UA

	mu   sync.Mutex
	last ua.CallRef
	said []string
}

// call is the last one that came.
func (p *party) call() ua.CallRef {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

func (p *party) handle(e ua.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := e.(type) {
	case ua.Incoming:
		p.last = e.Call
		p.agent.Accept(e.Call, []byte(anOffer+"sendrecv\r\n"))
	case ua.Accepted:
		p.said = append(p.said, "accepted")
	case ua.Failed:
		p.said = append(p.said, "failed "+stack.Phrase(e.Code))
	case ua.ReOffer:
		p.agent.AnswerOffer(e.Call, e.SDP)
	case ua.OfferAnswered:
		p.said = append(p.said, "agreed")
	case ua.OfferRefused:
		p.said = append(p.said, "refused "+stack.Phrase(e.Code))
	case ua.Referral:
		p.said = append(p.said, "referral "+stack.Phrase(e.Code))
	case ua.Ended:
		p.said = append(p.said, "ended")
	}
}

// heard gives what a party was told since it was asked last.
func (p *party) heard() string {
	synctest.Wait()
	time.Sleep(time.Second)
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	out := strings.Join(p.said, ", ")
	p.said = nil
	return out
}

// world runs an exchange, a caller and a called.
func world(t *testing.T, body func(p *PBX, caller, called *party)) {
	synctest.Test(t, func(t *testing.T) {
		n := siptest.NewNet(1)
		ctx, stop := context.WithCancel(t.Context())
		var all sync.WaitGroup
		at := func(s string) netip.AddrPort { return netip.AddrPortFrom(netip.MustParseAddr(s), 5060) }
		log := slog.New(slog.DiscardHandler)
		exchange := New(Config{Local: at("192.0.2.40"), Plan: map[string][]string{"4200": {"sip:700@192.0.2.2"}}, Codes: map[string]int{"9": 484}}, n.Host(at("192.0.2.40").Addr()), log)
		all.Go(func() { exchange.Run(ctx) })
		end := func(addr string) *party {
			sc := stack.Default()
			sc.Local, sc.Rules = at(addr), ua.Rules()
			p, uc := &party{}, ua.Default()
			uc.Peers = []netip.Prefix{netip.PrefixFrom(at("192.0.2.40").Addr(), 32)}
			p.agent = ua.New(uc, stack.New(sc, n.Host(at(addr).Addr()), log), p.handle, log)
			p.agent.AddAccount(1, ua.Account{AOR: "sip:700@" + addr, Direct: true})
			all.Go(func() { p.agent.Run(ctx) })
			return p
		}
		body(exchange, end("192.0.2.1"), end("192.0.2.2"))
		stop()
		all.Wait()
	})
}

// TestHoldIsAllThereIs: within a call the exchange takes hold by a=inactive and the way back, and refuses all else.
func TestHoldIsAllThereIs(t *testing.T) {
	world(t, func(p *PBX, caller, called *party) {
		ref := caller.agent.Call(1, "sip:4200@192.0.2.40", []byte(anOffer+"sendrecv\r\n"))
		if got := caller.heard(); got != "accepted" {
			t.Fatal(got)
		}
		for _, step := range []struct {
			what string
			do   func()
			want string
			held int
		}{
			{"sendonly", func() { caller.agent.Offer(ref, []byte(anOffer+"sendonly\r\n")) }, "refused Not Acceptable Here", 0},
			{"other media", func() { caller.agent.Offer(ref, []byte(anOffer+"sendrecv\r\n")) }, "refused Not Acceptable Here", 0},
			{"hold", func() { caller.agent.Offer(ref, []byte(anOffer+"inactive\r\n")) }, "agreed", 1},
			{"resume", func() { caller.agent.Offer(ref, []byte(anOffer+"sendrecv\r\n")) }, "agreed", 0},
			{"REFER", func() { caller.agent.Refer(ref, "sip:300@192.0.2.40") }, "referral Method Not Allowed", 0},
			{"hold by the called", func() { called.agent.Offer(called.call(), []byte(anOffer+"inactive\r\n")) }, "", 1},
		} {
			step.do()
			if got := caller.heard(); got != step.want {
				t.Errorf("%s: %q, want %q", step.what, got, step.want)
			}
			if _, held, _ := p.Counts(); held != step.held {
				t.Errorf("%s: %d held", step.what, held)
			}
		}
		caller.agent.Hangup(ref)
		caller.heard()
		if got := called.heard(); got != "agreed, ended" {
			t.Errorf("the called was told %q", got)
		}
		if calls, _, _ := p.Counts(); calls != 0 {
			t.Errorf("%d calls are left", calls)
		}
	})
}

// TestNumbersThatAreNotCalled are refused as the exchange's plan says.
func TestNumbersThatAreNotCalled(t *testing.T) {
	world(t, func(p *PBX, caller, _ *party) {
		for number, want := range map[string]string{"9": "failed Address Incomplete", "1": "failed Not Found"} {
			caller.agent.Call(1, "sip:"+number+"@192.0.2.40", []byte(anOffer+"sendrecv\r\n"))
			if got := caller.heard(); got != want {
				t.Errorf("%s: %q, want %q", number, got, want)
			}
		}
	})
}

// FuzzOrders has both sides do anything in any order: in the end no call is left.
func FuzzOrders(f *testing.F) {
	f.Add([]byte{0, 3, 4, 7, 8, 1})
	f.Add([]byte{0, 0, 3, 6, 4, 7, 2, 5})
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 24 {
			script = script[:24]
		}
		world(t, func(p *PBX, caller, called *party) {
			var refs []ua.CallRef
			for _, op := range script {
				last := ua.CallRef(0)
				if len(refs) > 0 {
					last = refs[len(refs)-1]
				}
				switch op % 9 {
				case 0:
					refs = append(refs, caller.agent.Call(1, "sip:4200@192.0.2.40", []byte(anOffer+"sendrecv\r\n")))
				case 1:
					caller.agent.Hangup(last)
				case 2:
					called.agent.Hangup(called.call())
				case 3:
					caller.agent.Offer(last, []byte(anOffer+"inactive\r\n"))
				case 4:
					called.agent.Offer(called.call(), []byte(anOffer+"inactive\r\n"))
				case 5:
					caller.agent.Offer(last, []byte(anOffer+"sendrecv\r\n"))
				case 6:
					called.agent.Offer(called.call(), []byte(anOffer+"sendrecv\r\n"))
				case 7:
					time.Sleep(time.Duration(op) * time.Millisecond)
				case 8:
					caller.agent.Refer(last, "sip:300@192.0.2.40")
				}
			}
			time.Sleep(time.Minute)
			for _, ref := range refs {
				caller.agent.Hangup(ref)
			}
			time.Sleep(time.Minute)
			if calls, _, _ := p.Counts(); calls != 0 {
				t.Errorf("%d calls are left after %v", calls, script)
			}
		})
	})
}
