package media

import (
	"math"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtcp"

	"opendeskphone/audio/codec"
	"opendeskphone/audio/quality"
	"opendeskphone/sip/offer"
)

// reported calls f with each compound report that goes from a host.
func (k *call) reported(from netip.Addr, f func(b []byte)) {
	k.lan.seen = func(by, _ netip.AddrPort, b []byte) {
		if by.Addr() == from && isRTCP(b) {
			f(b)
		}
	}
}

// blocks gives the extended blocks of a compound report, which must begin with a sender or receiver report and name its
// sender (RFC 3550 §6.1).
func blocks(t *testing.T, b []byte) (out []rtcp.ReportBlock) {
	t.Helper()
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		t.Fatal(err)
	}
	if err := rtcp.CompoundPacket(packets).Validate(); err != nil {
		t.Fatal(err)
	}
	for _, p := range packets {
		if x, ok := p.(*rtcp.ExtendedReport); ok {
			out = append(out, x.Reports...)
		}
	}
	return out
}

// A peer hears in RFC 3611's terms how its voice arrives, and what it then tells us is told apart from what we hear.
func TestVoIPMetricsTellOfBursts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCall(t, choice{codecs: []codec.Codec{codec.PCMA}})
		n := 0
		k.lan.lose = func(from, to netip.AddrPort, b []byte) bool {
			if from.Addr() != k.a.host || isRTCP(b) {
				return false
			}
			n++
			return n%100 >= 90 && n%2 == 0 // ten packets in two seconds of which every other is lost
		}
		k.b.Room(quality.Room{RERL: 46})
		var got *rtcp.VoIPMetricsReportBlock
		k.reported(k.b.host, func(b []byte) {
			for _, x := range blocks(t, b) {
				if v, ok := x.(*rtcp.VoIPMetricsReportBlock); ok {
					got = v
				}
			}
		})
		k.a.sine, k.b.sine = 440, 440
		k.talk(30 * time.Second)
		if got == nil {
			t.Fatal("no VoIP metrics")
		}
		if r := float64(got.LossRate) / 256; r < 0.04 || r > 0.06 {
			t.Errorf("loss %.3f, want 0.05", r)
		}
		if d := float64(got.BurstDensity) / 256; d < 0.5 || d > 0.6 {
			t.Errorf("burst density %.3f, want 5 of 9", d)
		}
		if got.GapDensity != 0 || got.BurstDuration < 160 || got.BurstDuration > 180 || got.GapDuration < 1700 || got.GapDuration > 2100 {
			t.Errorf("bursts of %d ms in gaps of %d ms with density %d", got.BurstDuration, got.GapDuration, got.GapDensity)
		}
		if got.Gmin != 16 || got.RERL != 46 || got.MOSLQ < 10 || got.MOSLQ > 45 || got.RFactor > 94 || got.JBAbsMax != 400 || got.ExtRFactor != 127 {
			t.Errorf("%+v", got)
		}
		if want := wanted + quality.DBm0; math.Abs(float64(int8(got.SignalLevel))-want) > 1.5 && got.SignalLevel != 127 {
			t.Errorf("signal %d dBm0, want %.0f", int8(got.SignalLevel), want)
		}
		far := k.a.Stats().Far
		if !far.Known || far.LQ == 0 || far.CQ == 0 || far.RERL != 46 || far.Loss == 0 {
			t.Errorf("a knows of b %+v", far)
		}
		if st := k.a.Stats(); st.LQ < 4.3 || st.Gone != 0 {
			t.Errorf("what a hears is %+v", st)
		}
	})
}

// Who only listens sends no sender reports; the round trip is measured all the same (RFC 3611 §4.4, §4.5).
func TestListenerLearnsTheRoundTrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCall(t, choice{codecs: []codec.Codec{codec.PCMA}})
		k.negotiate(k.a, k.b, offer.RecvOnly, offer.SendOnly)
		asks, answers := 0, 0
		k.lan.seen = func(from, _ netip.AddrPort, b []byte) {
			if !isRTCP(b) {
				return
			}
			for _, x := range blocks(t, b) {
				switch x.(type) {
				case *rtcp.ReceiverReferenceTimeReportBlock:
					if asks++; from.Addr() != k.a.host {
						t.Error("the sender asks as well")
					}
				case *rtcp.DLRRReportBlock:
					answers++
				}
			}
		}
		k.talk(30 * time.Second)
		if asks < 3 || answers < 3 {
			t.Errorf("%d reference times, %d answers", asks, answers)
		}
		if rtt := k.a.far.rtt.Load(); rtt < 0 || rtt > int64(20*time.Millisecond) {
			t.Errorf("round trip %v", time.Duration(rtt))
		}
	})
}

func TestNoExtendedReportsUnlessAgreed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCall(t, choice{codecs: []codec.Codec{codec.PCMA}})
		m := k.a.media
		m.XR = offer.XR{}
		if err := k.a.Apply(m); err != nil {
			t.Fatal(err)
		}
		reports := 0
		k.reported(k.a.host, func(b []byte) {
			reports++
			if x := blocks(t, b); len(x) > 0 {
				t.Errorf("%T", x[0])
			}
		})
		k.talk(20 * time.Second)
		if reports < 2 {
			t.Errorf("%d reports", reports)
		}
	})
}

// Metrics that are none, or of another stream, are as good as nothing.
func TestHostileMetricsSayNothing(t *testing.T) {
	var f far
	f.ours.Store(7)
	f.heard.Store(int64(time.Second))
	report := func(x rtcp.VoIPMetricsReportBlock) quality.Far {
		f.take(&rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: 7, FractionLost: 128}}}, 1, time.Now())
		f.take(&rtcp.ExtendedReport{Reports: []rtcp.ReportBlock{&x}}, 1, time.Now())
		return f.says(8000, 2*time.Second)
	}
	if q := report(rtcp.VoIPMetricsReportBlock{SSRC: 8, MOSLQ: 40}); q.LQ != 0 || q.Loss != 0.5 {
		t.Errorf("of another stream: %+v", q)
	}
	if q := report(rtcp.VoIPMetricsReportBlock{SSRC: 7, MOSLQ: 255, MOSCQ: 9, SignalLevel: 127, NoiseLevel: 127, RERL: 127}); q != (quality.Far{Known: true, Loss: 0.5}) {
		t.Errorf("unknown: %+v", q)
	}
	if q := report(rtcp.VoIPMetricsReportBlock{SSRC: 7, MOSLQ: 41, MOSCQ: 39, SignalLevel: 0xec, NoiseLevel: 0xc9, RERL: 40}); q.LQ != 4.1 || q.CQ != 3.9 || q.Signal != -20 || q.Noise != -55 || q.RERL != 40 {
		t.Errorf("known: %+v", q)
	}
	if q := f.says(8000, time.Second+reportOK+1); q.Known {
		t.Error("an old report still counts")
	}
}

// A second in which nothing comes has no quality, good or bad.
func TestSilenceHasNoQuality(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCall(t, choice{codecs: []codec.Codec{codec.PCMA}})
		k.talk(3 * time.Second)
		if st := k.a.Stats(); st.LQ < 4.3 || st.CQ < 4.3 || st.Seconds < 2 {
			t.Errorf("before: %+v", st)
		}
		k.lan.lose = func(netip.AddrPort, netip.AddrPort, []byte) bool { return true }
		k.talk(3 * time.Second)
		if st := k.a.Stats(); st.LQ != 0 || st.CQ != 0 {
			t.Errorf("nothing comes: %+v", st)
		}
		k.lan.lose = nil
		k.talk(3 * time.Second)
		if st := k.a.Stats(); st.LQ < 4 {
			t.Errorf("after: %+v", st)
		}
	})
}

func TestOutcomesOfPackets(t *testing.T) {
	var o outcomes
	o.begin(65530)
	seq := uint16(65530)
	for range 200 {
		seq++
		o.note(seq, false)
	}
	if m := o.metrics(); m.Loss != 0 || m.Discard != 0 {
		t.Fatalf("%+v", m)
	}
	o.note(seq+2, false) // seq+1 is on its way
	if m := o.metrics(); m.Loss == 0 {
		t.Error("a hole is no loss")
	}
	o.note(seq+1, false) // and was overtaken
	o.note(seq-199, false)
	if m := o.metrics(); m.Loss != 0 {
		t.Errorf("a packet that was overtaken is lost: %+v", m)
	}
	o.note(seq+1, true)
	if m := o.metrics(); m.Discard == 0 {
		t.Error("a late packet counts as heard")
	}
}
