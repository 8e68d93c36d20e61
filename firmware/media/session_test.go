package media

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/audio"
	"opendeskphone/audio/codec"
	"opendeskphone/sip/ice"
	"opendeskphone/sip/offer"
)

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
			if st.SaidLevels.Now > -14 || st.SaidLevels.Now < -16 {
				t.Errorf("%s: said at %.1f dBFS", c.Name, st.SaidLevels.Now)
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
			if !isRTCP(b) && len(b) != 12+160+16 {
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

func TestHoldStopsTheVoiceAndKeepsTheReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCall(t, choice{codecs: []codec.Codec{codec.PCMA}})
		var mu sync.Mutex
		voice, reports := map[netip.Addr]int{}, map[netip.Addr]int{}
		k.lan.seen = func(from, to netip.AddrPort, b []byte) {
			mu.Lock()
			defer mu.Unlock()
			switch protocolOf(b) {
			case rtcpProtocol:
				reports[from.Addr()]++
			case rtpProtocol:
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
		for _, p := range []*phone{k.a, k.b} {
			p.wantEvents(k.t, Heard, Sent) // nothing is lost while nothing is to come
		}
	})
}

func TestFirstPacketDoesNotWaitForTheEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCall(t, choice{codecs: []codec.Codec{codec.PCMA}})
		if a, b := k.a.tally.sent.Load(), k.b.tally.sent.Load(); a != 1 || b != 1 {
			t.Errorf("sent %d and %d", a, b)
		}
		if n := k.b.tally.received.Load(); n != 1 { // a may have had no plan yet when b greeted
			t.Errorf("received %d", n)
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
		k.b.wantEvents(k.t, Heard, Sent, Lost, Back)
		k.a.wantEvents(k.t, Heard, Sent)
		if e := k.b.events[slices.IndexFunc(k.b.events, func(e Event) bool { return e.Kind == Heard })]; e.Call != "192.0.2.2" || e.From != netip.AddrPortFrom(k.a.host, k.a.port) {
			t.Errorf("heard %+v", e)
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
		if st := k.a.Stats(); !st.Far.Known || st.Far.Loss < 0.08 || st.Far.Loss > 0.12 {
			t.Errorf("a is told of %.1f %% loss, want 10", 100*st.Far.Loss)
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
		s, err := f.Open(c.Name, ice.Config{})
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
		s, err := f.Open("x", ice.Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		p := s.Local(nil).Port
		if p < 20002 || p > 20009 || p%2 != 0 || seen[p] {
			t.Errorf("port %d", p)
		}
		seen[p] = true
	}
	if _, err := f.Open("y", ice.Config{}); !errors.Is(err, ErrPorts) {
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

// TestExpectedSoundIsTold: word is given of the next packet from each address that is waited for, once, also of one that
// is not listened to, and of nobody else.
func TestExpectedSoundIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCall(t, choice{codecs: []codec.Codec{codec.PCMA}})
		far, other := k.a.media.Remote, netip.MustParseAddrPort("192.0.2.3:4000")
		told := func() (out []netip.AddrPort) {
			synctest.Wait()
			k.a.mu.Lock()
			defer k.a.mu.Unlock()
			for _, e := range k.a.events {
				if e.Kind == Expected {
					out = append(out, e.From)
				}
			}
			k.a.events = nil
			return out
		}
		k.talk(100 * time.Millisecond)
		if got := told(); got != nil {
			t.Errorf("nothing was expected, and told was %v", got)
		}
		for range 2 { // asking anew begins anew
			k.a.Expect([]netip.AddrPort{far, other})
			k.talk(100 * time.Millisecond)
			for seq := range uint16(3) {
				k.inject(other.String(), k.a, loud(seq, 7))
				k.inject("192.0.2.4:4000", k.a, loud(seq, 8))
			}
			if got := told(); !slices.Equal(got, []netip.AddrPort{far, other}) {
				t.Errorf("told %v", got)
			}
		}
	})
}
