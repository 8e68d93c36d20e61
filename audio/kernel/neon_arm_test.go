//go:build cgo && arm.7

package kernel

import (
	"math"
	"slices"
	"testing"
)

// TestTheVectorUnitIsExact: all kernels give the numbers that the Go code gives, bit for bit.
func TestTheVectorUnitIsExact(t *testing.T) {
	same := func(what string, f func(s *set) []float32) {
		t.Helper()
		a, b := f(&scalar), f(vector)
		for i := range a {
			if math.Float32bits(a[i]) != math.Float32bits(b[i]) {
				t.Errorf("%s: number %d is %g, want %g", what, i, b[i], a[i])
				return
			}
		}
	}
	for _, n := range []int{128, 512, 2048} {
		p := NewTransform(n)
		same("forward", func(s *set) []float32 {
			re, im := make([]float32, n/2+1), make([]float32, n/2+1)
			s.forward(p, re, im, noise(n, 1))
			return append(re, im...)
		})
		same("inverse", func(s *set) []float32 {
			x := make([]float32, n)
			s.inverse(p, x, noise(n/2+1, 1), noise(n/2+1, 2))
			return x
		})
	}
	const n, parts = 264, 5
	x, w, at := noise(3*n*parts, 3), noise(3*n*parts, 4), []int32{3 * n, 0, 12 * n, 9 * n, 6 * n}
	same("expect", func(s *set) []float32 {
		yr, yi, doubt := noise(n, 5), noise(n, 6), noise(n, 7)
		s.expect(yr, yi, doubt, x, w, at)
		return slices.Concat(yr, yi, doubt)
	})
	same("learn", func(s *set) []float32 {
		w := slices.Clone(w)
		s.learn(w, x, at, noise(n, 8), noise(n, 9), noise(n, 10), 0.3, 1e-3)
		return w
	})
	same("fir", func(s *set) []float32 {
		y := make([]float32, 160)
		s.fir(y, x, w[:30])
		return y
	})
	same("layer", func(s *set) []float32 {
		y := make([]float32, 48)
		s.layer(y, w[:48*80], x[:48], x[100:180])
		return y
	})
}

func BenchmarkKernels(b *testing.B) {
	p, x, w, y := NewTransform(512), noise(780*20, 1), noise(780*20, 2), make([]float32, 1024)
	at := make([]int32, 20)
	for i := range at {
		at[i] = int32(i * 780)
	}
	for name, s := range map[string]*set{"go": &scalar, "neon": vector} {
		b.Run("forward/"+name, func(b *testing.B) {
			for b.Loop() {
				s.forward(p, y[:257], y[300:557], x[:512])
			}
		})
		b.Run("inverse/"+name, func(b *testing.B) {
			for b.Loop() {
				s.inverse(p, y[:512], x[:257], x[300:557])
			}
		})
		b.Run("expect20/"+name, func(b *testing.B) {
			for b.Loop() {
				s.expect(y[:260], y[260:520], y[520:780], x, w, at)
			}
		})
		b.Run("learn20/"+name, func(b *testing.B) {
			for b.Loop() {
				s.learn(w, x, at, y[:260], y[260:520], y[520:780], 1e-3, 1e-6)
			}
		})
		b.Run("fir/"+name, func(b *testing.B) {
			for b.Loop() {
				s.fir(y[:160], x, w[:30])
			}
		})
		b.Run("layer/"+name, func(b *testing.B) {
			for b.Loop() {
				s.layer(y[:144], w[:144*104], x[:144], x[200:304])
			}
		})
	}
}
