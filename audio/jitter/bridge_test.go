package jitter

import (
	"math/rand/v2"
	"testing"
	"time"

	"opendeskphone/audio"
	"opendeskphone/audio/codec"
)

// engineer is a decoder that counts the frames it bridges and those it makes up out of the past alone.
type engineer struct {
	tape
	bridged, alone int
}

func (e *engineer) Conceal(dst []float32) { e.alone++; e.tape.Conceal(dst) }
func (e *engineer) Bridge(dst []float32, _ []byte) int {
	e.bridged += len(dst) / audio.FrameLen
	return len(dst)
}

var _ codec.Bridger = (*engineer)(nil)

// A network that loses packets and has no jitter: where much is lost, the buffer holds the packet behind the one it
// plays, so that gaps are bridged; where little is, it keeps its short delay.
func TestGapsAreBridgedWhereMuchIsLost(t *testing.T) {
	for _, c := range []struct {
		loss     float64
		least    float64 // share of the frames lost singly that is bridged
		from, to time.Duration
	}{{0.10, 0.95, 20 * time.Millisecond, 45 * time.Millisecond}, {0.005, 0, 0, 21 * time.Millisecond}} {
		r := rand.New(rand.NewPCG(3, 3))
		e := &engineer{}
		b := New(Config{}, e)
		var f audio.Frame
		var gone [6000]bool
		var delay time.Duration
		single := 0
		for n := range gone {
			gone[n] = r.Float64() < c.loss
			if n > 2 && gone[n-1] && !gone[n] {
				single += 2 // the last packet of a gap
			}
			if n == 1000 {
				e.bridged, e.alone, single, delay = 0, 0, 0, 0
			}
			if !gone[n] {
				b.Put(Packet{Seq: uint16(n), TS: uint32(n * 160), Payload: number(n), Arrival: time.UnixMilli(int64(n) * 20)})
			}
			for range 2 {
				b.Get(&f)
				delay += b.Stats().Delay / 10000
			}
		}
		s := b.Stats()
		t.Logf("%.1f %% lost: %d of %d frames bridged, %d made up alone, delay %v", 100*c.loss, e.bridged, single, e.alone, delay)
		if float64(e.bridged) < c.least*float64(single) || delay < c.from || delay > c.to {
			t.Errorf("%.1f %% lost: %d of %d frames bridged, delay %v", 100*c.loss, e.bridged, single, delay)
		}
		if s.Recovered != 0 || s.Concealed < uint64(e.bridged+e.alone)*9/10 {
			t.Errorf("made up %d frames, counted %d as such and %d as recovered", e.bridged+e.alone, s.Concealed, s.Recovered)
		}
	}
}
