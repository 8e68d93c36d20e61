package media

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtcp"

	"opendeskphone/audio"
	"opendeskphone/audio/codec"
	"opendeskphone/sip/ice"
	"opendeskphone/sip/offer"
)

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
		before := k.b.tally.received.Load() // the greeting, with the right key
		k.talk(3 * time.Second)
		k.wantSilence(k.b)
		if st := k.b.Stats(); st.Received != before || st.Refused < 90 {
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
	s, err := New(cfg, codec.All(), l.listen, nil, quiet).Open("fuzz", ice.Config{})
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
	extended, _ := rtcp.Marshal([]rtcp.Packet{&rtcp.ReceiverReport{SSRC: 1}, &rtcp.ExtendedReport{SenderSSRC: 1, Reports: []rtcp.ReportBlock{
		&rtcp.VoIPMetricsReportBlock{SSRC: s.far.ours.Load()}, &rtcp.ReceiverReferenceTimeReportBlock{NTPTimestamp: 1 << 60},
		&rtcp.DLRRReportBlock{Reports: []rtcp.DLRRReport{{LastRR: 5}}}, &rtcp.LossRLEReportBlock{Chunks: []rtcp.Chunk{1, 2}}}}})
	f.Add(extended, true)
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
		if q := s.far.says(8000, now.Sub(s.born)); q.Loss < 0 || q.Loss > 1 || q.LQ > 5 || q.RERL < 0 || q.RERL > 126 {
			t.Fatalf("%+v", q)
		}
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
