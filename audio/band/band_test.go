package band

import (
	"math"
	"math/rand/v2"
	"testing"

	"opendeskphone/audio"
)

// through sends a signal through the Splitter; work changes the low band, which comes back lag samples late.
func through(lag int, gain float32, in []float32, work func(low []float32)) (out []float32, high float64) {
	s := New(lag)
	queue := make([]float32, lag)
	for i := 0; i+audio.FrameLen <= len(in); i += audio.FrameLen {
		var f audio.Frame
		var low [Len]float32
		copy(f[:], in[i:])
		s.Split(&low, &f)
		work(low[:])
		queue = append(queue, low[:]...)
		copy(low[:], queue)
		queue = queue[Len:]
		s.Join(&f, &low, gain)
		out = append(out, f[:]...)
		high = float64(s.High())
	}
	return out, high
}

func untouched([]float32) {}

func tone(hz float64) []float32 {
	x := make([]float32, 20*audio.FrameLen)
	for i := range x {
		x[i] = float32(math.Sin(2 * math.Pi * hz * float64(i) / audio.Rate))
	}
	return x
}

// level is the power of the second half of a signal, in dB under that of a full-scale sine.
func level(x []float32) float64 {
	x = x[len(x)/2:]
	var sum float64
	for _, v := range x {
		sum += float64(v * v)
	}
	return 10 * math.Log10(2*sum/float64(len(x))+1e-20)
}

// TestTransparent: with gains of one and a low band that is only late, the output is the input, later.
func TestTransparent(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	in := make([]float32, 20*audio.FrameLen)
	for i := range in {
		in[i] = r.Float32()*2 - 1
	}
	for _, lag := range []int{0, 7, 64, 200} {
		out, _ := through(lag, 1, in, untouched)
		delay := New(lag).Delay()
		for i := delay; i < len(in); i++ {
			if d := math.Abs(float64(out[i] - in[i-delay])); d > 1e-6 {
				t.Fatalf("lag %d, sample %d: off by %g", lag, i, d)
			}
		}
	}
}

// TestEachBandIsItsOwn: what lies below 7 kHz obeys the low band alone, what lies above 9 kHz the gain alone.
func TestEachBandIsItsOwn(t *testing.T) {
	silent := func(low []float32) { clear(low) }
	for _, c := range []struct {
		hz   float64
		gain float32
		work func([]float32)
		want bool
	}{
		{300, 0, untouched, true}, {3000, 0, untouched, true}, {7000, 0, untouched, true},
		{300, 1, silent, false}, {3000, 1, silent, false}, {7000, 1, silent, false},
		{9000, 0, untouched, false}, {12000, 0, untouched, false}, {20000, 0, untouched, false},
		{9000, 1, silent, true}, {12000, 1, silent, true}, {20000, 1, silent, true},
	} {
		out, _ := through(64, c.gain, tone(c.hz), c.work)
		switch l := level(out); {
		case c.want && math.Abs(l) > 0.1:
			t.Errorf("%g Hz, gain %g: %.2f dB, want 0", c.hz, c.gain, l)
		case !c.want && l > -55:
			t.Errorf("%g Hz, gain %g: %.1f dB, want none", c.hz, c.gain, l)
		}
	}
}

// TestHighIsThePowerAbove8kHz: half the square of a sine's amplitude, of tones above alone.
func TestHighIsThePowerAbove8kHz(t *testing.T) {
	if _, p := through(0, 1, tone(12500), untouched); math.Abs(p-0.5) > 0.02 {
		t.Errorf("12.5 kHz: power %g", p)
	}
	if _, p := through(0, 1, tone(1000), untouched); p > 1e-6 {
		t.Errorf("1 kHz: power %g", p)
	}
}

func TestNoAllocation(t *testing.T) {
	s := New(64)
	var f audio.Frame
	var low [Len]float32
	if n := testing.AllocsPerRun(10, func() { s.Split(&low, &f); s.Join(&f, &low, 0.5) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

func BenchmarkSplitAndJoin(b *testing.B) {
	s := New(64)
	var f audio.Frame
	var low [Len]float32
	for b.Loop() {
		s.Split(&low, &f)
		s.Join(&f, &low, 0.5)
	}
}
