package stft

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestThereAndBack: with gains of one the output is the input, 4 ms late.
func TestThereAndBack(t *testing.T) {
	a, s := NewAnalyzer(), NewSynthesizer()
	r := rand.New(rand.NewPCG(1, 2))
	in := make([]float32, 20*Hop)
	for i := range in {
		in[i] = r.Float32()*2 - 1
	}
	out := make([]float32, len(in))
	re, im := make([]float32, Bins), make([]float32, Bins)
	for i := 0; i < len(in); i += Hop {
		a.Forward(re, im, in[i:i+Hop])
		s.Inverse(out[i:], re, im)
	}
	for i := range out {
		want := float32(0)
		if i >= Delay {
			want = in[i-Delay]
		}
		if d := math.Abs(float64(out[i] - want)); d > 1e-6 {
			t.Fatalf("sample %d: %g, want %g", i, out[i], want)
		}
	}
}

// TestHarmonicsAreTold: the partials of a voice of 125 Hz, 4 bins apart, stand 9 dB and more over the gaps between them, and
// far from a loud tone its leakage is lost in any room's noise.
func TestHarmonicsAreTold(t *testing.T) {
	power := spectrum(func(n int) float64 {
		v := 0.0
		for k := 1.0; k < 20; k++ {
			v += math.Cos(2*math.Pi*125*k*float64(n)/Rate + k*k)
		}
		return v
	})
	for k := 4; k < 72; k += 4 {
		if gap := 10 * math.Log10(power[k]/power[k+2]); gap < 9 {
			t.Errorf("partial at bin %d only %.1f dB over the gap", k, gap)
		}
	}
	power = spectrum(func(n int) float64 { return math.Cos(2 * math.Pi * 500 * float64(n) / Rate) })
	for k := 64; k < Bins; k++ {
		if leak := 10 * math.Log10(power[k]/power[16]); leak > -55 {
			t.Errorf("a tone of 500 Hz leaks to bin %d at %.1f dB", k, leak)
		}
	}
}

// spectrum is the power spectrum of the newest block of a signal.
func spectrum(f func(n int) float64) (power [Bins]float64) {
	a := NewAnalyzer()
	re, im, x := make([]float32, Bins), make([]float32, Bins), make([]float32, Hop)
	for h := range 5 {
		for i := range x {
			x[i] = float32(f(h*Hop + i))
		}
		a.Forward(re, im, x)
	}
	for k := range power {
		power[k] = float64(re[k]*re[k] + im[k]*im[k])
	}
	return power
}

func TestNoAllocation(t *testing.T) {
	a, s := NewAnalyzer(), NewSynthesizer()
	x, re, im := make([]float32, Hop), make([]float32, Bins), make([]float32, Bins)
	if n := testing.AllocsPerRun(10, func() { a.Forward(re, im, x); s.Inverse(x, re, im) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

func BenchmarkBothWays(b *testing.B) {
	a, s := NewAnalyzer(), NewSynthesizer()
	x, re, im := make([]float32, Hop), make([]float32, Bins), make([]float32, Bins)
	for b.Loop() {
		a.Forward(re, im, x)
		s.Inverse(x, re, im)
	}
}
