package media

import (
	"context"
	"errors"
	"math"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/audio"
	"opendeskphone/audio/codec"
	"opendeskphone/audio/engine"
	"opendeskphone/sip/ice"
	"opendeskphone/sip/offer"
)

var _ engine.Party = (*Session)(nil)

// phone is one end of a test call.
type phone struct {
	*Session
	sdp    *offer.Session
	host   netip.Addr
	mu     sync.Mutex
	events []Event
	sine   float64 // frequency it says, 0 for silence
	phase  float64
	heard  []float32
	ended  chan error
	media  offer.Media
}

// wantEvents wants just these events, of which the first two may come in any order: they are of two goroutines.
func (p *phone) wantEvents(t *testing.T, want ...Kind) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	var got []Kind
	for _, e := range p.events {
		got = append(got, e.Kind)
	}
	slices.Sort(got[:min(2, len(got))])
	if !slices.Equal(got, want) {
		t.Fatalf("events %+v, want the kinds %v", p.events, want)
	}
}

// call is two phones on a lan, in a synctest bubble.
type call struct {
	t    *testing.T
	lan  *lan
	a, b *phone

	apart bool
}

// choice is what a test wants of a call.
type choice struct {
	codecs []codec.Codec // of both; All if nil
	cfg    func(*Config)
	srtp   offer.SRTP
	keys   offer.Keying
	apart  bool // reports have a port of their own, also with DTLS
	nat    bool // a sits behind a NAT it does not know of
}

func newCall(t *testing.T, c choice) *call {
	t.Helper()
	k := &call{t: t, lan: newLAN(), apart: c.apart}
	k.a, k.b = k.phone("192.0.2.1", c), k.phone("192.0.2.2", c)
	if c.nat {
		for i := range uint16(2) {
			port := k.a.port + i
			k.lan.nat[netip.AddrPortFrom(k.a.host, port)] = netip.AddrPortFrom(netip.MustParseAddr("198.51.100.1"), 50000+i)
		}
	}
	k.negotiate(k.a, k.b, offer.SendRecv, offer.SendRecv)
	return k
}

func (k *call) phone(host string, c choice) *phone {
	k.t.Helper()
	p := &phone{host: netip.MustParseAddr(host), ended: make(chan error, 1)}
	cfg := Default()
	cfg.Bind = p.host
	if c.cfg != nil {
		c.cfg(&cfg)
	}
	if c.codecs == nil {
		c.codecs = codec.All()
	}
	notify := func(e Event) { p.mu.Lock(); p.events = append(p.events, e); p.mu.Unlock() }
	s, err := New(cfg, c.codecs, k.lan.listen, notify, quiet).Open(host, ice.Config{})
	if err != nil {
		k.t.Fatal(err)
	}
	local := s.Local(nil)
	local.SRTP, local.Keys = c.srtp, c.keys
	p.Session, p.sdp = s, offer.New(local)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { p.ended <- s.Run(ctx) }()
	k.t.Cleanup(func() { cancel(); s.Close() })
	return p
}

// negotiate makes an offer of x to y, and both put it to work.
func (k *call) negotiate(x, y *phone, xWants, yWants offer.Direction) {
	k.t.Helper()
	body, err := x.sdp.Offer(xWants)
	if err != nil {
		k.t.Fatal(err)
	}
	answer, my, err := y.sdp.Answer(body, yWants)
	if err != nil {
		k.t.Fatal(err)
	}
	mx, err := x.sdp.Accept(answer)
	if err != nil {
		k.t.Fatal(err)
	}
	if k.apart {
		mx.RTCPMux, my.RTCPMux = false, false
		mx.RemoteRTCP, my.RemoteRTCP = netip.AddrPortFrom(y.host, y.port+1), netip.AddrPortFrom(x.host, x.port+1)
	}
	x.media, y.media = mx, my
	if err := errors.Join(y.Apply(my), x.Apply(mx)); err != nil {
		k.t.Fatal(err)
	}
	synctest.Wait()
}

// tick is 10 ms of both audio engines.
func (p *phone) tick() {
	var f audio.Frame
	p.Pull(&f)
	p.mu.Lock()
	p.heard = append(p.heard, f[:]...)
	p.mu.Unlock()
	f.Clear()
	if p.sine != 0 {
		for i := range f {
			f[i] = float32(0.25 * math.Sin(p.phase))
			p.phase += 2 * math.Pi * p.sine / audio.Rate
		}
	}
	p.Push(&f)
}

// talk lets both talk for so long. What the test set before is seen by what runs on the network then.
func (k *call) talk(d time.Duration) {
	k.lan.mu.Lock()
	k.lan.mu.Unlock()
	clock := time.NewTicker(10 * time.Millisecond)
	defer clock.Stop()
	for range d / (10 * time.Millisecond) {
		<-clock.C
		k.a.tick()
		k.b.tick()
		synctest.Wait()
	}
}

// forget starts listening anew.
func (k *call) forget() { k.a.heard, k.b.heard = nil, nil }

// level is the power in dBFS of a sine of the frequency in what was heard (Goertzel).
func (p *phone) level(hz float64) float64 {
	var re, im float64
	for i, v := range p.heard {
		w := 2 * math.Pi * hz * float64(i) / audio.Rate
		re += float64(v) * math.Cos(w)
		im += float64(v) * math.Sin(w)
	}
	n := float64(len(p.heard))
	return 10 * math.Log10((re*re+im*im)*2/(n*n)+1e-13)
}

// wanted is the level of the sine that phones say.
var wanted = 10 * math.Log10(0.25*0.25/2)

func (k *call) wantHeard(p *phone, hz float64) {
	k.t.Helper()
	if l := p.level(hz); math.Abs(l-wanted) > 1.5 {
		k.t.Errorf("%v hears %v Hz at %.1f dBFS, want %.1f", p.host, hz, l, wanted)
	}
}

func (k *call) wantSilence(p *phone) {
	k.t.Helper()
	var f audio.Frame
	for i := 0; i+len(f) <= len(p.heard); i += len(f) {
		copy(f[:], p.heard[i:])
		if l := f.Level(); l > -60 {
			k.t.Errorf("%v hears %.1f dBFS %d ms in, want silence", p.host, l, 10*i/len(f))
			return
		}
	}
}

// wantHeardLate looks at the last half second only.
func (k *call) wantHeardLate(p *phone, hz float64) {
	k.t.Helper()
	p.heard = p.heard[max(0, len(p.heard)-audio.Rate/2):]
	k.wantHeard(p, hz)
}

func isRTCP(b []byte) bool { return protocolOf(b) == rtcpProtocol }
