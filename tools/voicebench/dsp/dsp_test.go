package dsp

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestTransformOfACosine(t *testing.T) {
	for _, n := range []int{4, 8, 512} {
		f, x := Of(n), make([]float64, n)
		for i := range x {
			x[i] = math.Cos(2 * math.Pi * float64(i) / float64(n))
		}
		b := make([]complex128, n/2+1)
		f.Forward(b, x)
		for k, v := range b {
			want := 0.0
			if k == 1 {
				want = float64(n) / 2
			}
			if math.Hypot(real(v)-want, imag(v)) > 1e-9 {
				t.Errorf("%d samples: bin %d is %v", n, k, v)
			}
		}
		y := make([]float64, n)
		f.Inverse(y, b)
		for i := range x {
			if math.Abs(x[i]-y[i]) > 1e-12 {
				t.Fatalf("%d samples: %v became %v", n, x[i], y[i])
			}
		}
	}
}

func TestConvolveAndCorrelateAsByHand(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	x, h := make([]float64, 100), make([]float64, 7)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	for i := range h {
		h[i] = r.NormFloat64()
	}
	y := Convolve(x, h)
	for n := range x {
		want := 0.0
		for k := range h {
			if n >= k {
				want += h[k] * x[n-k]
			}
		}
		if math.Abs(y[n]-want) > 1e-12 {
			t.Fatalf("sample %d is %v, not %v", n, y[n], want)
		}
	}
	for i, got := range Correlate(y, x, -5, 5) {
		lag, want := i-5, 0.0
		for n := range x {
			if n+lag >= 0 && n+lag < len(y) {
				want += y[n+lag] * x[n]
			}
		}
		if math.Abs(got-want) > 1e-10 {
			t.Errorf("lag %d: %v, not %v", lag, got, want)
		}
	}
}

func TestBandHalvesTwiceAtItsEdges(t *testing.T) {
	const rate = 16000
	for f, want := range map[float64]float64{50: -90, 200: -6, 1000: 0, 7040: -6} {
		x := make([]float64, rate*2)
		for i := range x {
			x[i] = math.Sin(2 * math.Pi * f * float64(i) / rate)
		}
		y := Band(x, rate, 200, 7040)
		got := DB(Energy(y[rate/2:rate]) / Energy(x[rate/2:rate]))
		if math.Abs(got-want) > 0.1 && (want > -90 || got > want) {
			t.Errorf("%v Hz comes out at %.2f dB, not %v", f, got, want)
		}
	}
}
