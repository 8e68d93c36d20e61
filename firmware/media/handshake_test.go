package media

import (
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/audio/codec"
	"opendeskphone/sip/dtls"
	"opendeskphone/sip/offer"
)

// watched is a call by DTLS in which everything on the wire is looked at: not one packet of voice or reports may be
// plain, at no time.
func watched(t *testing.T, c choice) *call {
	c.srtp, c.keys, c.codecs = offer.Required, offer.ByDTLS, []codec.Codec{codec.PCMA}
	k := &call{t: t, lan: newLAN(), apart: c.apart}
	var mu sync.Mutex
	k.lan.seen = func(from, to netip.AddrPort, b []byte) {
		mu.Lock()
		defer mu.Unlock()
		if !shakes(b) && !isRTCP(b) && len(b) != 12+160+16 {
			t.Errorf("packet of %d octets, want a protected one", len(b))
		}
	}
	k.a, k.b = k.phone("192.0.2.1", c), k.phone("192.0.2.2", c)
	if c.nat {
		for i := range uint16(2) {
			k.lan.nat[netip.AddrPortFrom(k.a.host, k.a.port+i)] = netip.AddrPortFrom(netip.MustParseAddr("198.51.100.1"), 50000+i)
		}
	}
	k.negotiate(k.a, k.b, offer.SendRecv, offer.SendRecv)
	return k
}

// keyings are what was told of handshakes.
func (p *phone) keyings() []Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(p.events), func(e Event) bool { return e.Kind != Keyed && e.Kind != Unkeyed })
}

func (k *call) wantKeyed() {
	k.t.Helper()
	for _, p := range []*phone{k.a, k.b} {
		if e := p.keyings(); len(e) != 1 || e[0].Kind != Keyed {
			k.t.Errorf("%v: events %+v", p.host, e)
		}
		if st := p.Stats(); st.Suite != "AEAD_AES_128_GCM" || st.Refused != 0 || p.far.note.Load() == nil {
			k.t.Errorf("%v: suite %q, %d refused, reports %v", p.host, st.Suite, st.Refused, p.far.note.Load())
		}
	}
}

// TestHandshakeOnThePathOfTheVoice: voice and reports both ways, on one port and on two, and behind a NAT, through
// hold and resume with one handshake.
func TestHandshakeOnThePathOfTheVoice(t *testing.T) {
	for name, c := range map[string]choice{"one port": {}, "two ports": {apart: true}, "NAT": {nat: true}} {
		if testing.Short() && !c.nat { // minutes of sound take a while on an emulated processor
			continue
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := watched(t, c)
				k.a.sine, k.b.sine = 440, 1000
				k.talk(300 * time.Millisecond)
				k.forget()
				k.talk(10 * time.Second)
				k.wantHeard(k.a, 1000)
				k.wantHeard(k.b, 440)
				k.wantKeyed()
				k.negotiate(k.a, k.b, offer.SendOnly, offer.SendRecv)
				k.talk(time.Second)
				k.negotiate(k.b, k.a, offer.SendRecv, offer.SendRecv)
				k.talk(300 * time.Millisecond)
				k.forget()
				k.talk(time.Second)
				k.wantHeard(k.a, 1000)
				k.wantHeard(k.b, 440)
				k.wantKeyed()
			})
		})
	}
}

// TestHandshakeBeforeTheAnswer: a far side that begins before its answer has arrived does not wait a second for it.
func TestHandshakeBeforeTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := choice{srtp: offer.Required, keys: offer.ByDTLS, codecs: []codec.Codec{codec.PCMA}}
		k := &call{t: t, lan: newLAN()}
		k.a, k.b = k.phone("192.0.2.1", c), k.phone("192.0.2.2", c)
		body, _ := k.a.sdp.Offer(offer.SendRecv)
		answer, mb, err := k.b.sdp.Answer(body, offer.SendRecv)
		if err != nil || k.b.Apply(mb) != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
		ma, err := k.a.sdp.Accept(answer)
		if err != nil || k.a.Apply(ma) != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
		synctest.Wait()
		if e := k.b.keyings(); len(e) != 1 || e[0].Kind != Keyed {
			t.Errorf("20 ms after the answer: %+v", e)
		}
	})
}

// TestHandshakeWithAStranger: a certificate that was not announced gives no voice, and the call is told why.
func TestHandshakeWithAStranger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := choice{srtp: offer.Required, keys: offer.ByDTLS, codecs: []codec.Codec{codec.PCMA}}
		k := &call{t: t, lan: newLAN()}
		k.a, k.b = k.phone("192.0.2.1", c), k.phone("192.0.2.2", c)
		sent := 0
		k.lan.seen = func(_, _ netip.AddrPort, b []byte) {
			if !shakes(b) {
				sent++
			}
		}
		body, _ := k.a.sdp.Offer(offer.SendRecv)
		answer, mb, err := k.b.sdp.Answer(body, offer.SendRecv)
		if err != nil {
			t.Fatal(err)
		}
		ma, err := k.a.sdp.Accept(answer)
		if err != nil {
			t.Fatal(err)
		}
		other, err := dtls.NewIdentity()
		if err != nil {
			t.Fatal(err)
		}
		ma.DTLS.Remote = other.Fingerprint() // the far side is somebody else
		if k.a.Apply(ma) != nil || k.b.Apply(mb) != nil {
			t.Fatal("apply")
		}
		k.a.sine, k.b.sine = 440, 1000
		k.talk(20 * time.Second)
		k.wantSilence(k.a)
		k.wantSilence(k.b)
		if e := k.a.keyings(); len(e) < 1 || e[0].Kind != Unkeyed || e[0].Why == "" || sent != 0 {
			t.Errorf("%d packets sent; events %+v", sent, e)
		}
	})
}
