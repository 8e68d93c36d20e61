package fft

import (
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"
)

// TestAgainstTheDefinition: the spectrum is that of the definition, and the way back gives the block again.
func TestAgainstTheDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{8, 16, 32, 64, 128, 256, 512, 1024} {
		p := New(n)
		x := make([]float32, n)
		for i := range x {
			x[i] = r.Float32()*2 - 1
		}
		re, im := make([]float32, p.Bins()), make([]float32, p.Bins())
		p.Forward(re, im, x)
		for k := range re {
			var want complex128
			for i, v := range x {
				want += complex(float64(v), 0) * cmplx.Rect(1, -2*math.Pi*float64(i*k%n)/float64(n))
			}
			if d := cmplx.Abs(want - complex(float64(re[k]), float64(im[k]))); d > 1e-5*float64(n) {
				t.Fatalf("length %d, bin %d: %g, %g, want %v", n, k, re[k], im[k], want)
			}
		}
		y := make([]float32, n)
		p.Inverse(y, re, im)
		for i := range x {
			if math.Abs(float64(x[i]-y[i])) > 1e-6 {
				t.Fatalf("length %d: sample %d came back as %g, was %g", n, i, y[i], x[i])
			}
		}
	}
}

func TestNoAllocation(t *testing.T) {
	p := New(512)
	x, re, im := make([]float32, 512), make([]float32, 257), make([]float32, 257)
	if n := testing.AllocsPerRun(10, func() { p.Forward(re, im, x); p.Inverse(x, re, im) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

func BenchmarkForward512(b *testing.B) {
	p := New(512)
	x, re, im := make([]float32, 512), make([]float32, 257), make([]float32, 257)
	for b.Loop() {
		p.Forward(re, im, x)
	}
}
