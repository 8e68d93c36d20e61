// Package kernel is the arithmetic in which the cleaning of the microphone spends its time: Fourier transforms, the loops
// of the echo's filters, short filters and the layers of a network.
//
// All of it stands here in plain Go, and once more in C for the vector unit of ARM processors (NEON), for builds with cgo.
// Both give the same numbers to the last bit but where they are below 1e-37, which the vector unit takes for zero: which
// of them works is a matter of time alone. On a Cortex-A the vector unit is several times as fast as Go, under emulation
// several times as slow; so the two race once, when the program has the time for it (Race). Until then Go works.
package kernel

import "sync/atomic"

// Align is what the lengths of rows are multiples of.
const Align = 8

// set is one way to do it all.
type set struct {
	forward func(t *Transform, re, im, x []float32)
	inverse func(t *Transform, x, re, im []float32)
	cut     func(t *Transform, re, im, x []float32, n int)
	expect  func(yr, yi, doubt, x, w []float32, at []int32)
	learn   func(w, x []float32, at []int32, er, ei, step []float32, share, fade float32)
	fir     func(y, x, h []float32)
	layer   func(y, w, bias, x []float32)
}

var (
	scalar = set{forward, inverse, cut, expect, learn, fir, layer}
	use    atomic.Pointer[set]
)

func init() { use.Store(&scalar) }

// Race finds out which is faster and has it work from now on. It takes some milliseconds, under emulation a hundred.
func Race() { use.Store(fastest()) }

// UseVector lets the vector unit work whatever a race would say, for measurements: under emulation it counts instructions
// that it would lose by. It says whether there is such a unit.
func UseVector() bool {
	if vector != nil {
		use.Store(vector)
	}
	return vector != nil
}

// Expect adds what a filter in partitions expects: to yr and yi the products of the reference's spectra with the
// response's, to doubt those of the reference's power with the variance of the response's error. Rows are as long as
// yr. Partition p has three of them in w, real and imaginary part and variance, from 3·p rows on; in x it finds real and
// imaginary part and power of the spectrum that it filters from at[p] on.
func Expect(yr, yi, doubt, x, w []float32, at []int32) {
	check(len(yr)%Align == 0 && len(yi) == len(yr) && len(doubt) == len(yr), x, w, at, len(yr))
	use.Load().expect(yr, yi, doubt, x, w, at)
}

// Learn is a step of a Kalman filter on the rows that Expect knows: the response moves along the error er and ei by
// variance·step, and the variance becomes less by share of what has been learnt, and more by fade of the response's power.
func Learn(w, x []float32, at []int32, er, ei, step []float32, share, fade float32) {
	check(len(step)%Align == 0 && len(er) == len(step) && len(ei) == len(step), x, w, at, len(step))
	use.Load().learn(w, x, at, er, ei, step, share, fade)
}

// check panics if a row is not where it should be, which is a mistake of the program.
func check(rows bool, x, w []float32, at []int32, row int) {
	ok := rows && len(w) >= 3*row*len(at)
	for _, a := range at {
		ok = ok && a >= 0 && int(a)+3*row <= len(x)
	}
	if !ok {
		panic("kernel: rows of wrong lengths")
	}
}

// FIR writes to y the products of the filter h with x at each place: y[i] = Σ h[j]·x[i+j]. The length of y is a multiple of Align,
// that of h of 2.
func FIR(y, x, h []float32) {
	if len(y)%Align != 0 || len(h)%2 != 0 || len(x) < len(y)+len(h)-1 {
		panic("kernel: a filter of a wrong length")
	}
	use.Load().fir(y, x, h)
}

// Layer writes to y the bias and the products of a matrix with x. In w every Align rows stand together, column by column.
// The lengths of x and y are multiples of Align.
func Layer(y, w, bias, x []float32) {
	if len(y)%Align != 0 || len(x)%Align != 0 || len(bias) != len(y) || len(w) != len(x)*len(y) {
		panic("kernel: a layer of a wrong size")
	}
	use.Load().layer(y, w, bias, x)
}

func expect(yr, yi, doubt, x, w []float32, at []int32) {
	n := len(yr)
	yi, doubt = yi[:n], doubt[:n]
	for p, a := range at {
		x, w := x[a:][:3*n], w[3*n*p:][:3*n]
		xr, xi, power := x[:n], x[n:][:n], x[2*n:][:n]
		wr, wi, v := w[:n], w[n:][:n], w[2*n:][:n]
		for k := range n {
			yr[k] = yr[k] + xr[k]*wr[k] - xi[k]*wi[k]
			yi[k] = yi[k] + xr[k]*wi[k] + xi[k]*wr[k]
			doubt[k] += power[k] * v[k]
		}
	}
}

func learn(w, x []float32, at []int32, er, ei, step []float32, share, fade float32) {
	n := len(step)
	er, ei = er[:n], ei[:n]
	for p, a := range at {
		x, w := x[a:][:3*n], w[3*n*p:][:3*n]
		xr, xi, power := x[:n], x[n:][:n], x[2*n:][:n]
		wr, wi, v := w[:n], w[n:][:n], w[2*n:][:n]
		for k, s := range step {
			mu := v[k] * s
			r := wr[k] + mu*(xr[k]*er[k]+xi[k]*ei[k])
			i := wi[k] + mu*(xr[k]*ei[k]-xi[k]*er[k])
			wr[k], wi[k] = r, i
			v[k] = v[k]*(1-share*mu*power[k]) + fade*(r*r+i*i)
		}
	}
}

// fir keeps four sums and what they share in registers: most of the cost of a filter is fetching.
func fir(y, x, h []float32) {
	for i := 0; i < len(y); i += 4 {
		var s0, s1, s2, s3 float32
		w := x[i:][:len(h)+3]
		x0, x1, x2 := w[0], w[1], w[2]
		for j, v := range w[3:] {
			c := h[j]
			s0 += x0 * c
			s1 += x1 * c
			s2 += x2 * c
			s3 += v * c
			x0, x1, x2 = x1, x2, v
		}
		*(*[4]float32)(y[i:]) = [4]float32{s0, s1, s2, s3}
	}
}

// layer computes eight rows at a time.
func layer(y, w, bias, x []float32) {
	for o := 0; o < len(y); o += 8 {
		s := *(*[8]float32)(bias[o:])
		rows := w[o*len(x):][:8*len(x)]
		for _, v := range x {
			for i, c := range (*[8]float32)(rows) {
				s[i] += c * v
			}
			rows = rows[8:]
		}
		*(*[8]float32)(y[o:]) = s
	}
}
