package live

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"opendeskphone/sip/offer"
	"opendeskphone/sip/stack"
	"opendeskphone/sip/ua"
	"opendeskphone/tools/lab"
)

// keepsAlive tells an answer to a keep-alive: STUN's Binding success, or a single CRLF.
var keepsAlive = map[stack.Transport]func([]byte) bool{
	stack.UDP: func(b []byte) bool { return len(b) >= 20 && b[0] == 1 && b[1] == 1 },
	stack.TCP: func(b []byte) bool { return string(b) == "\r\n" },
}

// TestTwoFlows: a registrar behind two edge proxies (RFC 5626 with Path, RFC 3327). The phone has a flow by each, and keeps it alive; a
// call rings once, and when an edge dies without a word, calls come and go by the other.
func TestTwoFlows(t *testing.T) {
	t.Parallel()
	for _, transport := range []stack.Transport{stack.UDP, stack.TCP} {
		t.Run(string(transport), func(t *testing.T) {
			t.Parallel()
			lan, err := lab.NewLAN(t.TempDir())
			must(t, lan, err)
			t.Cleanup(func() { ok(t, lan.Close()) })
			wire, err := lab.NewCapture(lan.Core, lab.LANDevice)
			must(t, wire, err)
			server := netip.MustParseAddrPort("10.77.0.1:5060")
			kam, err := lab.StartKamailio(soon(t), lan.Core, lab.KamailioConfig{Name: "kam", Domain: domain, Listen: server, Outbound: true})
			must(t, kam, err)
			room := room{addr: phoneAddr}
			var edges [2]*lab.Namespace
			for i := range edges {
				at := netip.AddrPortFrom(lab.LANAddr(2+i).Addr(), 5060)
				edges[i], err = lan.Host(fmt.Sprintf("edge%d", i+1), 2+i)
				must(t, edges[i], err)
				_, err := lab.StartKamailio(soon(t), edges[i], lab.KamailioConfig{Name: "edge", Domain: domain, Listen: at, Edge: server})
				ok(t, err)
				room.srv = append(room.srv, stack.SRV{Priority: uint16(i), Host: at.Addr().String(), Port: 5060})
			}
			bobHost, err := lan.Host("bob", 11)
			must(t, bobHost, err)
			bob := (&world{}).baresip(t, bobHost, 11, lab.BaresipConfig{User: "bob", Automatic: true})
			room.ns, err = lan.Host("phone", 10)
			ok(t, err)
			p := startPhone(t, room)
			p.register(account(transport))
			uris, err := kam.WaitBindings(soon(t), "alice", 2)
			must(t, uris, err)
			p.ringsOnce(t, bob)
			p.talks(t, bob)
			for i := range edges {
				_, err := wire.Wait(soon(t), 0, "answer to a keep-alive", func(k lab.Packet) bool {
					return k.Src.Addr() == lab.LANAddr(2+i).Addr() && k.Dst.Addr() == phoneAddr && keepsAlive[transport](k.Data)
				})
				ok(t, err)
			}

			ok(t, lan.Cable(edges[0], false))
			began := time.Now()
			p.talks(t, bob)                                 // by the other
			if d := time.Since(began); d > 10*time.Second { // a transaction is given up after 32 s
				t.Errorf("a call took %v", d)
			}
			p.ringsOnce(t, bob)
		})
	}
}

// talks calls the peer, who hangs up.
func (p *phone) talks(t *testing.T, bob baresip) {
	t.Helper()
	mark := bob.Mark()
	body, err := session().Offer(offer.SendRecv)
	ok(t, err)
	p.ua.Call(1, "bob", body)
	next[ua.Accepted](p, nil)
	ok(t, bob.WaitTalking(mark))
	ok(t, bob.Hangup())
	next[ua.Ended](p, nil)
}

// ringsOnce is called by the peer, takes the call and is hung up on; no second call may come.
func (p *phone) ringsOnce(t *testing.T, bob baresip) {
	t.Helper()
	mark := bob.Mark()
	ok(t, bob.Dial("sip:alice@"+domain))
	in := next[ua.Incoming](p, nil)
	body, _, err := session().Answer(in.SDP, offer.SendRecv)
	ok(t, err)
	p.ua.Ring(in.Call)
	p.ua.Accept(in.Call, body)
	next[ua.Confirmed](p, nil)
	ok(t, bob.WaitTalking(mark))
	ok(t, bob.Hangup())
	next[ua.Ended](p, nil)
	if n := p.count(func(e ua.Event) bool { _, is := e.(ua.Incoming); return is }); n != 0 {
		t.Errorf("it rang %d times more", n)
	}
}
