// Package dsp is the arithmetic of the voice bench: Fourier transforms of any size in double precision,
// convolution, correlation and a band filter without phase, over whole files.
package dsp

import (
	"math"
	"math/bits"
	"sync"
)

// Transform is the discrete Fourier transform of real blocks of one length. It may be shared.
type Transform struct {
	n       int
	twiddle []complex128 // e^(-2πik/n), k < n/2
}

var made sync.Map // by length

// Of gives the transform of blocks of n samples, a power of two from 4 on.
func Of(n int) *Transform {
	if t, ok := made.Load(n); ok {
		return t.(*Transform)
	}
	t := &Transform{n, make([]complex128, n/2)}
	for k := range t.twiddle {
		sin, cos := math.Sincos(-2 * math.Pi * float64(k) / float64(n))
		t.twiddle[k] = complex(cos, sin)
	}
	made.Store(n, t)
	return t
}

// Len is the length of a block.
func (t *Transform) Len() int { return t.n }

// Forward writes the n/2+1 bins of x, which is n samples long.
func (t *Transform) Forward(bins []complex128, x []float64) {
	m := t.n / 2
	z := bins[:m]
	for i := range z {
		z[i] = complex(x[2*i], x[2*i+1])
	}
	t.half(z)
	first := z[0]
	bins[m] = complex(real(first)-imag(first), 0)
	bins[0] = complex(real(first)+imag(first), 0)
	for k := 1; k <= m/2; k++ {
		a, b := bins[k], conj(bins[m-k])
		even, odd := (a+b)/2, (a-b)/2*complex(0, -1)*t.twiddle[k]
		bins[k], bins[m-k] = even+odd, conj(even-odd)
	}
}

// Inverse writes the n samples whose bins are given, and destroys those.
func (t *Transform) Inverse(x []float64, bins []complex128) {
	m := t.n / 2
	first, last := real(bins[0]), real(bins[m])
	for k := 1; k <= m/2; k++ {
		a, b := bins[k], conj(bins[m-k])
		even, odd := (a+b)/2, (a-b)/2*conj(t.twiddle[k])*complex(0, 1)
		bins[k], bins[m-k] = conj(even+odd), even-odd
	}
	bins[0] = complex((first+last)/2, -(first-last)/2)
	z := bins[:m]
	t.half(z) // of conjugates: the inverse, conjugated
	for i, v := range z {
		x[2*i], x[2*i+1] = real(v)/float64(m), -imag(v)/float64(m)
	}
}

func conj(v complex128) complex128 { return complex(real(v), -imag(v)) }

// half is the complex transform of n/2 points, in place, by decimation in time.
func (t *Transform) half(z []complex128) {
	m := len(z)
	shift := 64 - bits.Len(uint(m-1))
	for i := range z {
		if j := int(bits.Reverse64(uint64(i)) >> shift); m > 1 && j > i {
			z[i], z[j] = z[j], z[i]
		}
	}
	for size := 2; size <= m; size *= 2 {
		step := t.n / size
		for at := 0; at < m; at += size {
			low, high := z[at:at+size/2], z[at+size/2:at+size]
			for k, a := range low {
				b := high[k] * t.twiddle[k*step]
				low[k], high[k] = a+b, a-b
			}
		}
	}
}

// above gives the least power of two that is no less than n.
func above(n int) int {
	return 1 << max(2, bits.Len(uint(n-1)))
}

// bins gives the spectrum of x, filled up with silence.
func bins(t *Transform, x []float64) []complex128 {
	out, block := make([]complex128, t.n/2+1), make([]float64, t.n)
	copy(block, x)
	t.Forward(out, block)
	return out
}

// Convolve gives the first len(x) samples of x filtered by h.
func Convolve(x, h []float64) []float64 {
	t := Of(above(len(x) + len(h)))
	a, b := bins(t, x), bins(t, h)
	for i := range a {
		a[i] *= b[i]
	}
	out := make([]float64, t.n)
	t.Inverse(out, a)
	return out[:len(x)]
}

// Correlate gives the sums of y[n+lag]·x[n] for the lags from lo to hi.
func Correlate(y, x []float64, lo, hi int) []float64 {
	t := Of(above(len(x) + len(y)))
	a, b := bins(t, y), bins(t, x)
	for i := range a {
		a[i] *= conj(b[i])
	}
	all, out := make([]float64, t.n), make([]float64, hi-lo+1)
	t.Inverse(all, a)
	for i := range out {
		out[i] = all[(lo+i+t.n)%t.n]
	}
	return out
}

// Shape gives x with a gain at every frequency in Hz, without phase.
func Shape(x []float64, rate int, gain func(hz float64) float64) []float64 {
	t := Of(above(len(x) + rate/5)) // what rings on must not come round to the beginning
	b := bins(t, x)
	for k := range b {
		b[k] *= complex(gain(float64(k)*float64(rate)/float64(t.n)), 0)
	}
	out := make([]float64, t.n)
	t.Inverse(out, b)
	return out[:len(x)]
}

// Band gives what lies from lo to hi Hz, without phase: forwards and backwards through a digital Butterworth
// band-pass of 8th order.
func Band(x []float64, rate int, lo, hi float64) []float64 {
	warp := func(f float64) float64 { return math.Tan(math.Pi * f / float64(rate)) }
	l, h := warp(lo), warp(hi)
	return Shape(x, rate, func(hz float64) float64 {
		w := warp(hz)
		v := (w*w - l*h) / ((h-l)*w + 1e-300)
		v *= v
		v *= v
		return 1 / (1 + v*v)
	})
}

// Energy is the sum of squares.
func Energy(x []float64) (sum float64) {
	for _, v := range x {
		sum += v * v
	}
	return sum
}

// Dot is the sum of products.
func Dot(x, y []float64) (sum float64) {
	for i, v := range x {
		sum += v * y[i]
	}
	return sum
}

// DB is a power in decibels, no less than -140.
func DB(power float64) float64 { return 10 * math.Log10(max(power, 1e-14)) }

// Powers gives the mean power of each whole block of n samples.
func Powers(x []float64, n int) []float64 {
	out := make([]float64, len(x)/n)
	for i := range out {
		out[i] = Energy(x[i*n:(i+1)*n]) / float64(n)
	}
	return out
}
