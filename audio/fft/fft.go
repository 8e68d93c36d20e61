// Package fft is the discrete Fourier transform of real signals, for the filters of the audio loop.
// Spectra are two slices, real and imaginary parts: Go computes complex64 products in double
// precision, which costs a small processor twice the time.
package fft

import "math"

// Plan transforms blocks of one length. It holds scratch space: a plan serves one goroutine.
type Plan struct {
	n      int
	stages []stage   // of the complex transform of half the length
	ar, ai []float32 // scratch
	br, bi []float32
	cos    []float32 // of 2πk/n, k = 0..n/4, to part the even samples from the odd
	sin    []float32
}

// stage is one pass of Stockham's transform in radix 4 (or 2, when three twiddles are missing): it
// sorts as it goes, so that there is no bit reversal.
type stage struct {
	radix, len, stride int
	w                  []float32 // for each p: cos and sin of the three twiddles
}

// New makes a plan for blocks of n samples, a power of two from 8 to 65536; it panics at any other,
// which is a mistake of the program.
func New(n int) *Plan {
	if n < 8 || n > 1<<16 || n&(n-1) != 0 {
		panic("fft: the length is no power of two from 8 to 65536")
	}
	m := n / 2
	p := &Plan{n: n, ar: make([]float32, m), ai: make([]float32, m), br: make([]float32, m), bi: make([]float32, m)}
	for l, s := m, 1; l > 1; {
		st := stage{radix: 4, len: l, stride: s}
		if l == 2 {
			st.radix = 2
		} else {
			for q := range l / 4 {
				for k := 1; k <= 3; k++ {
					sin, cos := math.Sincos(-2 * math.Pi * float64(q*k) / float64(l))
					st.w = append(st.w, float32(cos), float32(sin))
				}
			}
		}
		p.stages = append(p.stages, st)
		l, s = l/st.radix, s*st.radix
	}
	for k := range n/4 + 1 {
		sin, cos := math.Sincos(2 * math.Pi * float64(k) / float64(n))
		p.cos, p.sin = append(p.cos, float32(cos)), append(p.sin, float32(sin))
	}
	return p
}

// Len is the number of samples of a block.
func (p *Plan) Len() int { return p.n }

// Bins is the number of bins of a spectrum: Len()/2 + 1, from 0 to half the sample rate.
func (p *Plan) Bins() int { return p.n/2 + 1 }

// Forward writes the spectrum of x, Len() samples, to re and im, each of Bins(). There is no scaling:
// a full-scale cosine of bin k has re[k] = Len()/2.
func (p *Plan) Forward(re, im, x []float32) {
	m := p.n / 2
	x, re, im = x[:2*m], re[:m+1], im[:m+1]
	ar, ai := p.ar[:m], p.ai[:m]
	for i := range ar {
		ar[i], ai[i] = x[2*i], x[2*i+1]
	}
	zr, zi := p.complex()
	zr, zi = zr[:m], zi[:m]
	re[0], im[0] = zr[0]+zi[0], 0
	re[m], im[m] = zr[0]-zi[0], 0
	for k := 1; k <= m/2; k++ {
		// even and odd samples' spectra out of the one of the pairs
		er, ei := (zr[k]+zr[m-k])/2, (zi[k]-zi[m-k])/2
		or, oi := (zi[k]+zi[m-k])/2, (zr[m-k]-zr[k])/2
		c, s := p.cos[k], p.sin[k]
		tr, ti := or*c+oi*s, oi*c-or*s
		re[k], im[k] = er+tr, ei+ti
		re[m-k], im[m-k] = er-tr, ti-ei
	}
}

// Inverse writes to x the block whose spectrum is re and im: what Forward had.
func (p *Plan) Inverse(x, re, im []float32) {
	m := p.n / 2
	x, re, im = x[:2*m], re[:m+1], im[:m+1]
	ar, ai := p.ar[:m], p.ai[:m]
	// The transform of exchanged parts is the inverse one of exchanged parts.
	ai[0], ar[0] = (re[0]+re[m])/2, (re[0]-re[m])/2
	for k := 1; k <= m/2; k++ {
		er, ei := (re[k]+re[m-k])/2, (im[k]-im[m-k])/2
		tr, ti := (re[k]-re[m-k])/2, (im[k]+im[m-k])/2
		c, s := p.cos[k], p.sin[k]
		or, oi := tr*c-ti*s, ti*c+tr*s
		ai[k], ar[k] = er-oi, ei+or
		ai[m-k], ar[m-k] = er+oi, or-ei
	}
	zr, zi := p.complex()
	zr, zi = zr[:m], zi[:m]
	scale := 1 / float32(m)
	for i := range zr {
		x[2*i], x[2*i+1] = zi[i]*scale, zr[i]*scale
	}
}

// complex transforms what stands in a and gives the scratch in which the result is.
func (p *Plan) complex() (re, im []float32) {
	xr, xi, yr, yi := p.ar, p.ai, p.br, p.bi
	for i := range p.stages {
		switch st := &p.stages[i]; {
		case st.radix == 2:
			radix2(xr, xi, yr, yi)
		case st.stride == 1:
			st.first(xr, xi, yr, yi)
		default:
			st.pass(xr, xi, yr, yi)
		}
		xr, xi, yr, yi = yr, yi, xr, xi
	}
	return xr, xi
}

// first is the pass of stride 1.
func (st *stage) first(xr, xi, yr, yi []float32) {
	n := st.len / 4
	ar, br, cr, dr := xr[:n], xr[n:2*n], xr[2*n:3*n], xr[3*n:4*n]
	ai, bi, ci, di := xi[:n], xi[n:2*n], xi[2*n:3*n], xi[3*n:4*n]
	w := st.w
	for p := range n {
		w := w[6*p:][:6:6]
		or, oi := yr[4*p:][:4:4], yi[4*p:][:4:4]
		sr, si, tr, ti := ar[p]+cr[p], ai[p]+ci[p], ar[p]-cr[p], ai[p]-ci[p]
		ur, ui, vr, vi := br[p]+dr[p], bi[p]+di[p], br[p]-dr[p], bi[p]-di[p]
		or[0], oi[0] = sr+ur, si+ui
		er, ei := tr+vi, ti-vr
		or[1], oi[1] = er*w[0]-ei*w[1], er*w[1]+ei*w[0]
		er, ei = sr-ur, si-ui
		or[2], oi[2] = er*w[2]-ei*w[3], er*w[3]+ei*w[2]
		er, ei = tr-vi, ti+vr
		or[3], oi[3] = er*w[4]-ei*w[5], er*w[5]+ei*w[4]
	}
}

// pass is one of a longer stride: the twiddles are the same for all of it.
func (st *stage) pass(xr, xi, yr, yi []float32) {
	n, s := st.len/4, st.stride
	for p := range n {
		w := st.w[6*p:][:6:6]
		w1r, w1i, w2r, w2i, w3r, w3i := w[0], w[1], w[2], w[3], w[4], w[5]
		a, b, c, d := s*p, s*(p+n), s*(p+2*n), s*(p+3*n)
		ar, br, cr, dr := xr[a:a+s], xr[b:b+s], xr[c:c+s], xr[d:d+s]
		ai, bi, ci, di := xi[a:a+s], xi[b:b+s], xi[c:c+s], xi[d:d+s]
		o := 4 * s * p
		o0r, o1r, o2r, o3r := yr[o:o+s], yr[o+s:o+2*s], yr[o+2*s:o+3*s], yr[o+3*s:o+4*s]
		o0i, o1i, o2i, o3i := yi[o:o+s], yi[o+s:o+2*s], yi[o+2*s:o+3*s], yi[o+3*s:o+4*s]
		for q := range ar {
			sr, si, tr, ti := ar[q]+cr[q], ai[q]+ci[q], ar[q]-cr[q], ai[q]-ci[q]
			ur, ui, vr, vi := br[q]+dr[q], bi[q]+di[q], br[q]-dr[q], bi[q]-di[q]
			o0r[q], o0i[q] = sr+ur, si+ui
			er, ei := tr+vi, ti-vr
			o1r[q], o1i[q] = er*w1r-ei*w1i, er*w1i+ei*w1r
			er, ei = sr-ur, si-ui
			o2r[q], o2i[q] = er*w2r-ei*w2i, er*w2i+ei*w2r
			er, ei = tr-vi, ti+vr
			o3r[q], o3i[q] = er*w3r-ei*w3i, er*w3i+ei*w3r
		}
	}
}

// radix2 is the last pass of a length that is no power of four.
func radix2(xr, xi, yr, yi []float32) {
	h := len(xr) / 2
	ar, br, ai, bi := xr[:h], xr[h:2*h], xi[:h], xi[h:2*h]
	or, oi, pr, pi := yr[:h], yi[:h], yr[h:2*h], yi[h:2*h]
	for q := range ar {
		or[q], oi[q] = ar[q]+br[q], ai[q]+bi[q]
		pr[q], pi[q] = ar[q]-br[q], ai[q]-bi[q]
	}
}
