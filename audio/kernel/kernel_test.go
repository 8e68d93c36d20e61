package kernel

import (
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"
)

func noise(n int, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	x := make([]float32, n)
	for i := range x {
		x[i] = r.Float32()*2 - 1
	}
	return x
}

// TestTransform: the spectrum is that of the definition, and the way back gives the block again.
func TestTransform(t *testing.T) {
	for _, n := range []int{128, 512} {
		p, x := NewTransform(n), noise(n, 2)
		re, im := make([]float32, n/2+1), make([]float32, n/2+1)
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

func TestFIRAndLayerAreSumsOfProducts(t *testing.T) {
	const taps, n, columns = 30, 160, 24
	x, h, y := noise(n+taps-1, 1), noise(taps, 2), make([]float32, n)
	FIR(y, x, h)
	for i := range y {
		want := 0.0
		for j, c := range h {
			want += float64(c) * float64(x[i+j])
		}
		if math.Abs(want-float64(y[i])) > 1e-5 {
			t.Fatalf("sample %d: %g, want %g", i, y[i], want)
		}
	}
	w, bias, rows := noise(8*columns, 3), noise(8, 4), make([]float32, 8)
	Layer(rows, w, bias, x[:columns])
	for o := range rows {
		want := float64(bias[o])
		for i := range columns {
			want += float64(w[(o/Align*columns+i)*Align+o%Align]) * float64(x[i])
		}
		if math.Abs(want-float64(rows[o])) > 1e-5 {
			t.Fatalf("row %d: %g, want %g", o, rows[o], want)
		}
	}
}

// TestALearntResponseIsExpected: of a response that is one number in each bin of each partition, the filter knows the
// number in the end, and is surer of it.
func TestALearntResponseIsExpected(t *testing.T) {
	const n, parts = 8, 3
	w, er, ei, step := make([]float32, 3*n*parts), make([]float32, n), make([]float32, n), make([]float32, n)
	truth := noise(2*n*parts, 5)
	for p := range parts {
		for k := range n {
			w[(3*p+2)*n+k] = 1
		}
	}
	at := []int32{3 * n, 0, 6 * n}
	for round := range 400 {
		x := noise(9*n, uint64(round))
		for p := range parts {
			for k := range n {
				re, im := x[3*n*p+k], x[3*n*p+n+k]
				x[3*n*p+2*n+k] = re*re + im*im
			}
		}
		yr, yi, doubt := make([]float32, n), make([]float32, n), make([]float32, n)
		Expect(yr, yi, doubt, x, w, at)
		for k := range n {
			var want complex128
			for p, a := range at {
				want += complex(float64(x[int(a)+k]), float64(x[int(a)+n+k])) * complex(float64(truth[2*p*n+k]), float64(truth[(2*p+1)*n+k]))
			}
			er[k], ei[k] = float32(real(want))-yr[k], float32(imag(want))-yi[k]
			step[k] = 1 / (doubt[k] + 1e-3)
		}
		Learn(w, x, at, er, ei, step, 0.9, 1e-9)
	}
	for p := range parts {
		for k := range n {
			r, i, v := w[3*p*n+k], w[(3*p+1)*n+k], w[(3*p+2)*n+k]
			if d := math.Hypot(float64(r-truth[2*p*n+k]), float64(i-truth[(2*p+1)*n+k])); d > 0.01 || v > 0.1 {
				t.Errorf("partition %d, bin %d: off by %g, variance %g", p, k, d, v)
			}
		}
	}
}

func TestWrongLengthsArePanics(t *testing.T) {
	x := make([]float32, 96)
	for what, f := range map[string]func(){
		"a transform of 256":     func() { NewTransform(256) },
		"a row of 6":             func() { Expect(x[:6], x[:6], x[:6], x, x, []int32{0}) },
		"a place before the row": func() { Expect(x[:8], x[:8], x[:8], x, x, []int32{-1}) },
		"a place behind it":      func() { Learn(x, x, []int32{73}, x[:8], x[:8], x[:8], 1, 1) },
		"too short a filter":     func() { FIR(x[:40], x[:40], x[:30]) },
		"a layer of wrong size":  func() { Layer(x[:8], x[:40], x[:8], x[:4]) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s is taken", what)
				}
			}()
			f()
		}()
	}
}

func TestNoAllocation(t *testing.T) {
	p, x, re, im := NewTransform(512), noise(512, 1), make([]float32, 264), make([]float32, 264)
	w, at, y := noise(3*264*2, 2), []int32{0, 792}, make([]float32, 160)
	if n := testing.AllocsPerRun(10, func() {
		p.Forward(re, im, x)
		p.Inverse(x, re, im)
		Expect(re, im, x[:264], w, w, at)
		Learn(w, w, at, re, im, x[:264], 0.1, 0.1)
		FIR(y, x, w[:30])
		Layer(y[:8], w[:64], x[:8], x[:8])
	}); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

func BenchmarkForward512(b *testing.B) {
	p, x, re, im := NewTransform(512), noise(512, 1), make([]float32, 257), make([]float32, 257)
	for b.Loop() {
		p.Forward(re, im, x)
	}
}
