package media

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtcp"

	"opendeskphone/audio"
	"opendeskphone/audio/codec"
	"opendeskphone/audio/engine"
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

// call is two phones on a lan, in a synctest bubble.
type call struct {
	t    *testing.T
	lan  *lan
	a, b *phone
}

// choice is what a test wants of a call.
type choice struct {
	codecs []codec.Codec // of both; All if nil
	cfg    func(*Config)
	srtp   offer.SRTP
	nat    bool // a sits behind a NAT it does not know of
}

func newCall(t *testing.T, c choice) *call {
	t.Helper()
	k := &call{t: t, lan: newLAN()}
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
	s, err := New(cfg, c.codecs, k.lan.listen, notify, quiet).Open(host)
	if err != nil {
		k.t.Fatal(err)
	}
	local := s.Local()
	local.SRTP = c.srtp
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

// talk lets both talk for so long.
func (k *call) talk(d time.Duration) {
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

func TestEveryCodecCarriesBothWays(t *testing.T) {
	for _, c := range codec.All() {
		synctest.Test(t, func(t *testing.T) {
			k := newCall(t, choice{codecs: []codec.Codec{c}})
			k.a.sine, k.b.sine = 440, 1000
			k.talk(500 * time.Millisecond)
			k.forget()
			k.talk(time.Second)
			k.wantHeard(k.a, 1000)
			k.wantHeard(k.b, 440)
			k.talk(time.Second)
			st := k.a.Stats()
			t.Logf("%s: %+v", c.Name, st)
			if st.Codec != c.Name || st.Loss != 0 || st.Refused+st.Foreign+st.Dropped+st.Unsent != 0 || st.Sent < 90 || st.Received < 90 {
				t.Errorf("%s: %+v", c.Name, st)
			}
			if st.Said > -14 || st.Said < -16 {
				t.Errorf("%s: said at %.1f dBFS", c.Name, st.Said)
			}
		})
	}
}

// Each says its own number for the codec; packets bear the number of whoever receives them.
func TestAsymmetricPayloadNumbers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCall(t, choice{codecs: []codec.Codec{codec.L16}})
		mb := k.b.media
		mb.Recv[0].PT, k.a.media.Send.PT = 119, 119
		if err := errors.Join(k.b.Apply(mb), k.a.Apply(k.a.media)); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		numbers := map[byte]int{}
		k.lan.seen = func(from, to netip.AddrPort, b []byte) {
			if to.Addr() == k.b.host && !isRTCP(b) {
				mu.Lock()
				numbers[b[1]&127]++
				mu.Unlock()
			}
		}
		k.a.sine = 440
		k.talk(300 * time.Millisecond)
		k.forget()
		k.talk(time.Second)
		k.wantHeard(k.b, 440)
		if len(numbers) != 1 || numbers[119] == 0 {
			t.Errorf("payload types %v", numbers)
		}
	})
}

func TestKeysAgreedAreUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCall(t, choice{srtp: offer.Required, codecs: []codec.Codec{codec.PCMA}})
		k.lan.seen = func(from, to netip.AddrPort, b []byte) {
			if !isRTCP(b) && len(b) != 12+160+10 {
				t.Errorf("packet of %d octets, want a protected one", len(b))
			}
		}
		k.a.sine, k.b.sine = 440, 1000
		k.talk(300 * time.Millisecond)
		k.forget()
		k.talk(10 * time.Second) // reports are protected too, and must get through
		k.wantHeard(k.a, 1000)
		k.wantHeard(k.b, 440)
		for _, p := range []*phone{k.a, k.b} {
			if st := p.Stats(); st.Suite == "" || st.Refused != 0 || p.far.note.Load() == nil {
				t.Errorf("stats %+v", st)
			}
		}
	})
}

func TestWrongKeyIsUnheard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCall(t, choice{srtp: offer.Required, codecs: []codec.Codec{codec.PCMA}})
		wrong := *k.a.media.Crypto
		wrong.LocalKey = make([]byte, len(wrong.LocalKey))
		m := k.a.media
		m.Crypto = &wrong
		if err := k.a.Apply(m); err != nil {
			t.Fatal(err)
		}
		k.a.sine, k.b.sine = 440, 1000
		k.talk(3 * time.Second)
		k.wantSilence(k.b)
		if st := k.b.Stats(); st.Received != 0 || st.Refused < 90 {
			t.Errorf("stats %+v", st)
		}
	})
}

// inject sends b from a stranger to p.
func (k *call) inject(from string, p *phone, b []byte) {
	k.t.Helper()
	q, err := k.lan.listen(addr(k.t, from))
	if err != nil {
		k.t.Fatal(err)
	}
	defer q.Close()
	q.WriteTo(b, netip.AddrPortFrom(p.host, p.port))
}

func loud(seq uint16, ssrc uint32) []byte {
	b := make([]byte, 12+160)
	b[0], b[1] = 0x80, 8 // PCMA
	binary.BigEndian.PutUint16(b[2:], seq)
	binary.BigEndian.PutUint32(b[4:], uint32(seq)*160)
	binary.BigEndian.PutUint32(b[8:], ssrc)
	for i := range b[12:] {
		b[12+i] = byte(0x2a + 0x80*(i/4%2)) // full scale, 1 kHz
	}
	return b
}

func TestThirdAddressIsUnheard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCall(t, choice{codecs: []codec.Codec{codec.PCMA}})
		k.talk(200 * time.Millisecond) // silence, both latched
		k.forget()
		for i := range uint16(100) {
			k.inject("203.0.113.9:6666", k.b, loud(i, k.a.far.ours.Load())) // with the right SSRC, even
			k.talk(20 * time.Millisecond)
		}
		k.wantSilence(k.b)
		if st := k.b.Stats(); st.Foreign == 0 || st.Remote != netip.AddrPortFrom(k.a.host, k.a.port).String() {
			t.Errorf("stats %+v", st)
		}
	})
}

func TestFarSideBehindNATIsHeardAndAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCall(t, choice{nat: true, codecs: []codec.Codec{codec.PCMA}})
		k.a.sine, k.b.sine = 440, 1000
		k.talk(time.Second)
		k.forget()
		k.talk(time.Second)
		k.wantHeard(k.b, 440)
		k.wantHeard(k.a, 1000)
		k.talk(10 * time.Second)
		if k.a.far.note.Load() == nil {
			t.Error("reports do not find their way back through the NAT")
		}
		if st := k.b.Stats(); st.Remote != "198.51.100.1:50000" {
			t.Errorf("b sends to %s", st.Remote)
		}
	})
}

func TestDigitsArriveOnceAndInOrder(t *testing.T) {
	for _, c := range []codec.Codec{codec.PCMA, codec.L16} {
		synctest.Test(t, func(t *testing.T) {
			k := newCall(t, choice{codecs: []codec.Codec{c}})
			k.talk(200 * time.Millisecond)
			n := 0
			k.lan.lose = func(from, to netip.AddrPort, b []byte) bool { n++; return n%3 == 0 }
			const dialled = "0123456789*#ABCD1199"
			for _, d := range dialled {
				if err := k.a.SendDTMF(d, 80*time.Millisecond); err != nil {
					t.Fatal(err)
				}
			}
			k.talk(time.Duration(len(dialled)) * 250 * time.Millisecond)
			got := ""
			for _, e := range k.b.events {
				if e.Kind == Digit {
					got += string(e.Digit)
				}
			}
			if got != dialled {
				t.Errorf("%s: dialled %s, heard %s", c.Name, dialled, got)
			}
			if st := k.a.Stats(); st.DigitsSent != uint64(len(dialled)) {
				t.Errorf("%s: sent %d digits", c.Name, st.DigitsSent)
			}
		})
	}
}

// The packets of one key press, as RFC 4733 §2.5.1 wants them.
func TestDigitPackets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCall(t, choice{codecs: []codec.Codec{codec.PCMU}})
		k.a.sine = 440
		k.talk(200 * time.Millisecond)
		type packet struct {
			marker   bool
			seq      uint16
			ts       uint32
			event    byte
			end      bool
			duration uint16
		}
		var mu sync.Mutex
		var press []packet
		var voice []uint32
		k.lan.seen = func(from, to netip.AddrPort, b []byte) {
			mu.Lock()
			defer mu.Unlock()
			if to.Addr() != k.b.host || isRTCP(b) {
				return
			}
			ts := binary.BigEndian.Uint32(b[4:])
			if b[1]&127 == k.a.media.DTMF[0].SendPT {
				press = append(press, packet{b[1]&128 != 0, binary.BigEndian.Uint16(b[2:]), ts, b[12], b[13]&128 != 0, binary.BigEndian.Uint16(b[14:])})
			} else {
				voice = append(voice, ts)
			}
		}
		if err := k.a.SendDTMF('7', 100*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		k.talk(400 * time.Millisecond)
		if len(press) != 7 {
			t.Fatalf("%d packets: %+v", len(press), press)
		}
		for i, p := range press {
			want := packet{i == 0, press[0].seq + uint16(i), press[0].ts, 7, i >= 4, uint16(min(i+1, 5)) * 160}
			if p != want {
				t.Errorf("packet %d: %+v, want %+v", i, p, want)
			}
		}
		if after := voice[len(voice)-1]; (after-press[0].ts)%160 != 0 || after <= press[0].ts {
			t.Errorf("voice goes on at %d after a press at %d", after, press[0].ts)
		}
	})
}

func TestDigitsThatCannotBeSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCall(t, choice{codecs: []codec.Codec{codec.PCMU}})
		if err := k.a.SendDTMF('x', 0); !errors.Is(err, ErrDigit) {
			t.Error(err)
		}
		for range maxDigits {
			if err := k.a.SendDTMF('1', 0); err != nil {
				t.Fatal(err)
			}
		}
		if err := k.a.SendDTMF('1', 0); !errors.Is(err, ErrTooFast) {
			t.Error(err)
		}
		m := k.b.media
		m.DTMF = nil
		if err := k.b.Apply(m); err != nil {
			t.Fatal(err)
		}
		if err := k.b.SendDTMF('1', 0); !errors.Is(err, ErrNoDTMF) {
			t.Error(err)
		}
		k.negotiate(k.a, k.b, offer.Inactive, offer.SendRecv)
		if err := k.a.SendDTMF('1', 0); !errors.Is(err, ErrHeld) {
			t.Error(err)
		}
	})
}

func TestHoldStopsTheVoiceAndKeepsTheReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCall(t, choice{codecs: []codec.Codec{codec.PCMA}})
		var mu sync.Mutex
		voice, reports := map[netip.Addr]int{}, map[netip.Addr]int{}
		k.lan.seen = func(from, to netip.AddrPort, b []byte) {
			mu.Lock()
			defer mu.Unlock()
			if isRTCP(b) {
				reports[from.Addr()]++
			} else {
				voice[from.Addr()]++
			}
		}
		k.a.sine, k.b.sine = 440, 1000
		for _, c := range []struct {
			name           string
			wants          offer.Direction
			aSends, bSends bool
		}{
			{"talk", offer.SendRecv, true, true}, {"hold", offer.SendOnly, true, false}, {"resume", offer.SendRecv, true, true},
			{"listen", offer.RecvOnly, false, true}, {"inactive", offer.Inactive, false, false}, {"resume", offer.SendRecv, true, true},
		} {
			k.negotiate(k.a, k.b, c.wants, offer.SendRecv)
			k.talk(300 * time.Millisecond)
			k.forget()
			clear(voice)
			clear(reports)
			k.talk(10 * time.Second)
			if (voice[k.a.host] > 0) != c.aSends || (voice[k.b.host] > 0) != c.bSends {
				t.Errorf("%s: %d and %d packets", c.name, voice[k.a.host], voice[k.b.host])
			}
			if reports[k.a.host] == 0 || reports[k.b.host] == 0 {
				t.Errorf("%s: %d and %d reports", c.name, reports[k.a.host], reports[k.b.host])
			}
			if c.bSends {
				k.wantHeard(k.a, 1000)
			} else {
				k.wantSilence(k.a)
			}
			if c.aSends {
				k.wantHeard(k.b, 440)
			} else {
				k.wantSilence(k.b)
			}
		}
		for _, e := range append(k.a.events, k.b.events...) {
			t.Errorf("event %+v", e)
		}
	})
}

func TestOldHoldByZeroAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCall(t, choice{codecs: []codec.Codec{codec.PCMA}})
		m := k.a.media
		m.Remote = netip.AddrPortFrom(netip.IPv4Unspecified(), m.Remote.Port())
		if err := k.a.Apply(m); err != nil {
			t.Fatal(err)
		}
		before := k.a.tally.sent.Load()
		k.talk(time.Second)
		if n := k.a.tally.sent.Load() - before; n != 0 {
			t.Errorf("%d packets sent to nowhere", n)
		}
	})
}

func TestLostAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCall(t, choice{codecs: []codec.Codec{codec.PCMA}, cfg: func(c *Config) { c.LostAfter = 3 * time.Second }})
		k.talk(2 * time.Second)
		k.lan.lose = func(from, to netip.AddrPort, b []byte) bool { return from.Addr() == k.a.host }
		k.talk(10 * time.Second)
		k.lan.lose = nil
		k.talk(2 * time.Second)
		if len(k.b.events) != 2 || k.b.events[0].Kind != Lost || k.b.events[1].Kind != Back || k.b.events[0].Call != "192.0.2.2" {
			t.Errorf("events %+v", k.b.events)
		}
		if len(k.a.events) != 0 {
			t.Errorf("the other side: %+v", k.a.events)
		}
	})
}

func TestSilenceIsComfortNoiseWhereAgreed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCall(t, choice{codecs: []codec.Codec{codec.PCMA}, cfg: func(c *Config) { c.ComfortNoise = true }})
		var mu sync.Mutex
		types := map[byte]int{}
		k.lan.seen = func(from, to netip.AddrPort, b []byte) {
			mu.Lock()
			defer mu.Unlock()
			if from.Addr() == k.a.host && !isRTCP(b) {
				types[b[1]&127]++
			}
		}
		k.talk(2 * time.Second)
		clear(types)
		k.talk(4 * time.Second)
		if types[13] < 10 || types[13] > 40 || types[8] != 0 {
			t.Errorf("packets of four seconds of silence: %v", types)
		}
		k.a.sine = 440
		clear(types)
		k.talk(300 * time.Millisecond)
		k.forget()
		k.talk(time.Second)
		if types[8] < 50 {
			t.Errorf("packets of speech: %v", types)
		}
		k.wantHeard(k.b, 440)
	})
}

func TestPacketTimeIsHonoured(t *testing.T) {
	for _, w := range []struct{ ptime, size int }{{10, 80}, {20, 160}, {30, 160}, {40, 320}, {60, 480}} {
		synctest.Test(t, func(t *testing.T) {
			k := newCall(t, choice{codecs: []codec.Codec{codec.PCMU}})
			m := k.a.media
			m.Ptime = w.ptime
			if err := k.a.Apply(m); err != nil {
				t.Fatal(err)
			}
			k.lan.seen = func(from, to netip.AddrPort, b []byte) {
				if from.Addr() == k.a.host && !isRTCP(b) && len(b) != 12+w.size {
					t.Errorf("ptime %d: packet of %d", w.ptime, len(b)-12)
				}
			}
			k.a.sine = 440
			k.talk(300 * time.Millisecond)
			k.forget()
			k.talk(time.Second)
			k.wantHeard(k.b, 440)
		})
	}
}

func TestReportsMeasureTheWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCall(t, choice{codecs: []codec.Codec{codec.PCMA}})
		n := 0
		k.lan.lose = func(from, to netip.AddrPort, b []byte) bool {
			if from.Addr() != k.a.host || isRTCP(b) {
				return false
			}
			n++
			return n%10 == 0
		}
		k.talk(30 * time.Second)
		if st := k.a.Stats(); st.FarLoss < 8 || st.FarLoss > 12 {
			t.Errorf("a is told of %.1f %% loss, want 10", st.FarLoss)
		}
		if st := k.b.Stats(); st.Loss < 8 || st.Loss > 12 {
			t.Errorf("b sees %.1f %% loss, want 10", st.Loss)
		}
	})
}

func TestByeAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCall(t, choice{codecs: []codec.Codec{codec.PCMA}})
		k.talk(time.Second)
		if err := k.a.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-k.a.ended; err != nil {
			t.Fatal(err)
		}
		k.talk(2 * time.Second) // and the engine may still have hold of it
		if !k.b.Stats().FarLeft {
			t.Error("no BYE")
		}
		if k.lan.ports[netip.AddrPortFrom(k.a.host, k.a.port)] != nil {
			t.Error("port still bound")
		}
	})
}

func TestOnePortForBoth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCall(t, choice{codecs: []codec.Codec{codec.PCMA}, srtp: offer.Optional, cfg: func(c *Config) { c.RTCPMux = true }})
		k.lan.seen = func(from, to netip.AddrPort, b []byte) {
			if to.Port()%2 != 0 {
				t.Errorf("packet to %v", to)
			}
		}
		k.a.sine = 440
		k.talk(10 * time.Second)
		k.wantHeardLate(k.b, 440)
		if k.a.far.note.Load() == nil {
			t.Error("no report arrived")
		}
	})
}

// wantHeardLate looks at the last half second only.
func (k *call) wantHeardLate(p *phone, hz float64) {
	k.t.Helper()
	p.heard = p.heard[max(0, len(p.heard)-audio.Rate/2):]
	k.wantHeard(p, hz)
}

func TestCodecMayChangeInMidCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCall(t, choice{codecs: []codec.Codec{codec.PCMA, codec.PCMU, codec.G722}})
		k.a.sine, k.b.sine = 440, 1000
		k.talk(500 * time.Millisecond)
		// a switches to another agreed codec without asking anybody
		m := k.a.media
		m.Send = m.Recv[2]
		if err := k.a.Apply(m); err != nil {
			t.Fatal(err)
		}
		k.talk(500 * time.Millisecond)
		k.forget()
		k.talk(time.Second)
		k.wantHeard(k.b, 440)
		k.wantHeard(k.a, 1000)
	})
}

func TestFarSideMayMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCall(t, choice{codecs: []codec.Codec{codec.PCMA}})
		k.talk(500 * time.Millisecond)
		c := k.phone("192.0.2.3", choice{codecs: []codec.Codec{codec.PCMA}})
		m := k.b.media
		m.Remote = netip.AddrPortFrom(c.host, c.port)
		m.RemoteRTCP = netip.AddrPortFrom(c.host, c.port+1)
		back := k.a.media
		if err := errors.Join(k.b.Apply(m), c.Apply(back)); err != nil {
			t.Fatal(err)
		}
		c.sine, k.b.sine = 700, 1000
		old := k.a
		k.a = c
		k.talk(500 * time.Millisecond)
		k.forget()
		k.talk(time.Second)
		k.wantHeard(k.b, 700)
		k.wantHeard(c, 1000)
		old.Close()
	})
}

func TestUnknownCodecIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCall(t, choice{codecs: []codec.Codec{codec.PCMA}})
		m := k.a.media
		m.Send.Name = "EVS"
		if err := k.a.Apply(m); !errors.Is(err, ErrCodec) {
			t.Error(err)
		}
		k.a.sine = 440
		k.talk(time.Second)
		k.wantHeardLate(k.b, 440) // the former agreement stays
	})
}

// The audio goroutine's part of three calls, one a codec, with packets in their buffers.
func TestTickNeverAllocates(t *testing.T) {
	l := newLAN()
	cfg := Default()
	cfg.Bind = netip.MustParseAddr("192.0.2.1")
	f := New(cfg, codec.All(), l.listen, nil, quiet)
	far := netip.MustParseAddrPort("192.0.2.2:4000")
	now := time.Now()
	var sessions []*Session
	for i, c := range []codec.Codec{codec.PCMA, codec.G722, codec.L16} {
		s, err := f.Open(c.Name)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		o := offer.Codec{Name: c.Name, PT: c.PT, Clock: c.Clock, Channels: c.Channels}
		if err := s.Apply(offer.Media{Remote: far, RemoteRTCP: far, Send: o, Recv: []offer.Codec{o}, Ptime: 20}); err != nil {
			t.Fatal(err)
		}
		r := &receiver{s: s}
		for seq := range uint16(10) {
			b := loud(seq, uint32(i))
			b[1] = c.PT
			if c.Name == "L16" {
				b = append(b, make([]byte, 480)...)
				binary.BigEndian.PutUint32(b[4:], uint32(seq)*320)
			}
			r.packet(b, far, now.Add(time.Duration(seq)*20*time.Millisecond))
		}
		if s.tally.received.Load() != 10 {
			t.Fatalf("%s: %d packets taken", c.Name, s.tally.received.Load())
		}
		sessions = append(sessions, s)
	}
	var frame audio.Frame
	if n := testing.AllocsPerRun(100, func() {
		for _, s := range sessions {
			s.Pull(&frame)
			s.Push(&frame)
		}
	}); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
	for _, s := range sessions {
		if st := s.plan.Load().buffer.Stats(); st.Frames == 0 || st.Rejected != 0 {
			t.Errorf("%s: played nothing: %+v", s.call, st)
		}
	}
}

func TestPortsComeFromTheRange(t *testing.T) {
	l := newLAN()
	cfg := Default()
	cfg.Bind, cfg.PortMin, cfg.PortMax = netip.MustParseAddr("192.0.2.1"), 20001, 20010
	f := New(cfg, codec.All(), l.listen, nil, quiet)
	seen := map[uint16]bool{}
	for range 4 {
		s, err := f.Open("x")
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		p := s.Local().Port
		if p < 20002 || p > 20009 || p%2 != 0 || seen[p] {
			t.Errorf("port %d", p)
		}
		seen[p] = true
	}
	if _, err := f.Open("y"); !errors.Is(err, ErrPorts) {
		t.Errorf("a fifth call: %v", err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Config){
		"port_min": func(c *Config) { c.PortMin = 80 }, "port_max": func(c *Config) { c.PortMax = c.PortMin },
		"dscp": func(c *Config) { c.DSCP = 64 }, "ptime": func(c *Config) { c.Ptime = 25 }, "lost_after": func(c *Config) { c.LostAfter = 0 },
	} {
		c := Default()
		change(&c)
		if c.Validate() == nil {
			t.Errorf("accepted a bad %s", name)
		}
	}
}

// Whatever a datagram holds, the session survives, and an unauthentic one is not heard.
func FuzzPacket(f *testing.F) {
	f.Add(loud(1, 2), true)
	report, _ := rtcp.Marshal([]rtcp.Packet{&rtcp.SenderReport{SSRC: 1, Reports: []rtcp.ReceptionReport{{SSRC: 2}}}, &rtcp.Goodbye{Sources: []uint32{2}}})
	f.Add(report, false)
	f.Add([]byte{0x80, 101, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 5, 0x8a, 1, 64}, true)
	f.Add([]byte{0xb0, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0xbe, 0xde, 0, 1, 0x10, 0xff, 0, 9}, true)
	l := newLAN()
	cfg := Default()
	cfg.Bind = netip.MustParseAddr("192.0.2.1")
	s, err := New(cfg, codec.All(), l.listen, nil, quiet).Open("fuzz")
	if err != nil {
		f.Fatal(err)
	}
	far := netip.MustParseAddrPort("192.0.2.2:4000")
	m := offer.Media{Remote: far, RemoteRTCP: netip.MustParseAddrPort("192.0.2.2:4001"), Send: offer.Codec{Name: "PCMA", PT: 8, Clock: 8000, Channels: 1},
		DTMF: []offer.Event{{SendPT: 101, RecvPT: 101, Clock: 8000}}, CN: 13, Ptime: 20, RTCPMux: true}
	for _, c := range codec.All() {
		m.Recv = append(m.Recv, offer.Codec{Name: c.Name, PT: c.PT, Clock: c.Clock, Channels: c.Channels})
	}
	if err := s.Apply(m); err != nil {
		f.Fatal(err)
	}
	r := &receiver{s: s}
	now := time.Now()
	f.Fuzz(func(t *testing.T, b []byte, known bool) {
		if len(b) > mtu {
			return
		}
		from := far
		if !known {
			from = netip.MustParseAddrPort("203.0.113.1:5")
		}
		before := s.tally.received.Load()
		now = now.Add(20 * time.Millisecond)
		r.packet(b, from, now)
		s.report(s.plan.Load(), b, from, now)
		var frame audio.Frame
		s.Pull(&frame)
		for _, v := range frame {
			if v != v || v > 2 || v < -2 {
				t.Fatalf("sample %v", v)
			}
		}
		if !known && r.latch.taken == far && s.tally.received.Load() != before {
			t.Fatal("a stranger was heard")
		}
	})
}
