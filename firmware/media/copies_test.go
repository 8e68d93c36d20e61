package media

import (
	"math/rand/v2"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtcp"

	"opendeskphone/audio/codec"
)

// twice is an encoder that asks for copies three packets back once it is told of loss.
type twice struct {
	codec.Encoder
	can  bool
	loss int
}

func (e *twice) Loss(percent int, _ bool) { e.loss = percent }
func (e *twice) Repeat(can bool)          { e.can = can }
func (e *twice) Back() int {
	if e.can && e.loss > 2 {
		return 3
	}
	return 0
}

// repeating is a codec whose packets may carry copies.
var repeating = codec.Codec{Name: "X", PT: 110, Clock: 48000, Channels: 1, PacketMS: 20, Repeats: true,
	New: func() (codec.Encoder, codec.Decoder, error) {
		e, d, err := codec.L16.New()
		return &twice{Encoder: e}, d, err
	}}

// Three packets of thirty are lost together: copies bring them back, a fifteenth of a second late, and the reports
// go on telling how the network is.
func TestCopiesBringLostPacketsBack(t *testing.T) {
	if testing.Short() {
		t.Skip("long sound: the race detector and emulated processors look for other faults")
	}
	synctest.Test(t, func(t *testing.T) {
		k := newCall(t, choice{codecs: []codec.Codec{repeating}})
		var n, plain, copied atomic.Int64
		var lossy atomic.Bool
		k.lan.lose = func(from, to netip.AddrPort, b []byte) bool {
			if from.Addr() != k.a.host || isRTCP(b) {
				return false
			}
			if b[1]&127 == k.a.media.Red.SendPT {
				copied.Add(1)
			} else {
				plain.Add(1)
			}
			return n.Add(1)%30 < 3 && lossy.Load()
		}
		k.a.sine = 440
		k.talk(10 * time.Second)
		if k.a.media.Red.SendPT == 0 || copied.Load() != 0 {
			t.Fatalf("%d copies sent without loss; agreed %+v", copied.Load(), k.a.media.Red)
		}
		lossy.Store(true)
		k.talk(20 * time.Second)
		before := k.b.Stats().Jitterbuffer
		plain.Store(0)
		k.forget()
		k.talk(20 * time.Second)
		st := k.b.Stats()
		if plain.Load() != 0 {
			t.Errorf("%d packets without a copy while a tenth is lost", plain.Load())
		}
		if lost := st.Jitterbuffer.Lost - before.Lost; lost > 2 || st.Jitterbuffer.Concealed-before.Concealed > 6 {
			t.Errorf("%d packets lost and %d frames made up in spite of copies", lost, st.Jitterbuffer.Concealed-before.Concealed)
		}
		if st.Jitterbuffer.Delay < 55*time.Millisecond || st.Jitterbuffer.Delay > 90*time.Millisecond {
			t.Errorf("delay of %v, want the 60 ms that copies take to come", st.Jitterbuffer.Delay)
		}
		if far := 100 * k.a.Stats().Far.Loss; far < 8 || far > 12 {
			t.Errorf("a is told of %.1f %% loss, want 10", far)
		}
		k.wantHeard(k.b, 440)
	})
}

// The reports say how many packets are lost, not which; after a minute and a half they tell single losses from runs
// all the same. Those about other streams do not count.
func TestReportsTellRunsFromSingleLosses(t *testing.T) {
	for _, run := range []float64{1 / 0.9, 3} {
		r := rand.New(rand.NewPCG(1, 5))
		var f far
		f.ours.Store(7)
		bad := false
		for report := range uint32(18) {
			lost := 0
			for range 250 {
				if bad {
					bad = r.Float64() >= 1/run
				} else {
					bad = r.Float64() < 0.1/0.9/run
				}
				if bad {
					lost++
				}
			}
			f.blocks([]rtcp.ReceptionReport{
				{SSRC: 7, LastSequenceNumber: 0xfff0 + 250*report, FractionLost: uint8(lost * 256 / 250)},
				{SSRC: 8, LastSequenceNumber: 9, FractionLost: 255}}, time.Now())
		}
		if single := f.single.Load(); single != (run < 2) {
			t.Errorf("runs of %.1f: single %v", run, single)
		}
	}
}
