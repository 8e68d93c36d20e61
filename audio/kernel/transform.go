package kernel

import "math"

// Transform is the discrete Fourier transform of blocks of one length. It holds scratch space: it serves one goroutine.
//
// The samples go in pairs through a complex transform of half the length (Stockham's in radix 4: it sorts as it goes, so
// that there is no bit reversal), and the spectra of even and odd samples are parted afterwards.
type Transform struct {
	half    int
	twiddle []float32 // of the passes, in the order in which they are used
	cos     []float32 // halves of the cosines and sines of πk/half, k = 1..half/2
	sin     []float32
	scratch []float32 // two complex blocks, real and imaginary parts apart
}

// NewTransform makes one for blocks of n samples: 128, 512, 2048 or 8192; it panics at any other, which is a mistake
// of the program.
func NewTransform(n int) *Transform {
	m := n / 2
	if m < 64 || m > 1<<12 || m&(m-1) != 0 || m&0x5555 == 0 || n != 2*m {
		panic("kernel: the length of a transform is not twice a power of four")
	}
	t := &Transform{half: m, scratch: make([]float32, 4*m)}
	turn := func(i, n int) (cos, sin float32) {
		s, c := math.Sincos(-2 * math.Pi * float64(i) / float64(n))
		return float32(c), float32(s)
	}
	for p := 0; p < m/4; p += 4 { // the first pass takes four places at a time
		for k := 1; k <= 3; k++ {
			var c, s [4]float32
			for l := range 4 {
				c[l], s[l] = turn((p+l)*k, m)
			}
			t.twiddle = append(append(t.twiddle, c[:]...), s[:]...)
		}
	}
	for l := m / 4; l > 4; l /= 4 { // the last pass has none
		for p := range l / 4 {
			for k := 1; k <= 3; k++ {
				c, s := turn(p*k, l)
				t.twiddle = append(t.twiddle, c, s)
			}
		}
	}
	for k := 1; k <= m/2; k++ {
		c, s := turn(k, n)
		t.cos, t.sin = append(t.cos, c/2), append(t.sin, -s/2)
	}
	return t
}

// Len is the number of samples of a block.
func (t *Transform) Len() int { return 2 * t.half }

// Forward writes the spectrum of x, Len() samples, to re and im, each of Len()/2 + 1. There is no scaling: a full-scale
// cosine of bin k has re[k] = Len()/2.
func (t *Transform) Forward(re, im, x []float32) {
	use.Load().forward(t, re[:t.half+1], im[:t.half+1], x[:2*t.half])
}

// Inverse writes to x the block whose spectrum is re and im: what Forward had.
func (t *Transform) Inverse(x, re, im []float32) {
	use.Load().inverse(t, x[:2*t.half], re[:t.half+1], im[:t.half+1])
}

// Cut takes the block whose spectrum is re and im, silences it from sample n on, and leaves the spectrum of that in re and im
// and the block in x.
func (t *Transform) Cut(re, im, x []float32, n int) {
	use.Load().cut(t, re[:t.half+1], im[:t.half+1], x[:2*t.half], min(max(n, 0), 2*t.half))
}

func cut(t *Transform, re, im, x []float32, n int) {
	inverse(t, x, re, im)
	clear(x[n:])
	forward(t, re, im, x)
}

func forward(t *Transform, re, im, x []float32) {
	m := t.half
	zr, zi := t.complex(x)
	zr, zi = zr[:m], zi[:m]
	re[0], im[0] = zr[0]+zi[0], 0
	re[m], im[m] = zr[0]-zi[0], 0
	for k := 1; k <= m/2; k++ {
		er, ei := (zr[k]+zr[m-k])*0.5, (zi[k]-zi[m-k])*0.5
		or, oi := zi[k]+zi[m-k], zr[m-k]-zr[k]
		c, s := t.cos[k-1], t.sin[k-1]
		tr, ti := or*c+oi*s, oi*c-or*s
		re[k], im[k] = er+tr, ei+ti
		re[m-k], im[m-k] = er-tr, ti-ei
	}
}

// inverse exchanges real and imaginary parts before and after: that makes the inverse of the transform.
func inverse(t *Transform, x, re, im []float32) {
	m := t.half
	scale := 1 / float32(m)
	z := x
	z[1], z[0] = (re[0]+re[m])*(scale*0.5), (re[0]-re[m])*(scale*0.5)
	for k := 1; k <= m/2; k++ {
		er, ei := (re[k]+re[m-k])*(scale*0.5), (im[k]-im[m-k])*(scale*0.5)
		tr, ti := (re[k]-re[m-k])*scale, (im[k]+im[m-k])*scale
		c, s := t.cos[k-1], t.sin[k-1]
		or, oi := tr*c-ti*s, ti*c+tr*s
		z[2*k+1], z[2*k] = er-oi, ei+or
		z[2*(m-k)+1], z[2*(m-k)] = er+oi, or-ei
	}
	zr, zi := t.complex(z)
	zr, zi = zr[:m], zi[:m]
	for i := range zr {
		x[2*i], x[2*i+1] = zi[i], zr[i]
	}
}

// complex transforms pairs and gives the scratch in which the result is.
func (t *Transform) complex(x []float32) (re, im []float32) {
	m := t.half
	xr, xi, yr, yi := t.scratch[:m], t.scratch[m:2*m], t.scratch[2*m:3*m], t.scratch[3*m:]
	w := first(t.twiddle, x, xr, xi)
	for s := 4; s < m/4; s *= 4 {
		w = pass(w, s, xr, xi, yr, yi)
		xr, xi, yr, yi = yr, yi, xr, xi
	}
	last(xr, xi, yr, yi)
	return yr, yi
}

// first is the pass of stride 1. It gives the twiddles that are left.
func first(w, x, yr, yi []float32) []float32 {
	n := len(x) / 8
	a, b, c, d := x[:2*n], x[2*n:][:2*n], x[4*n:][:2*n], x[6*n:][:2*n]
	for p := range n {
		i, l := 2*p, p&3
		sr, si, tr, ti := a[i]+c[i], a[i+1]+c[i+1], a[i]-c[i], a[i+1]-c[i+1]
		ur, ui, vr, vi := b[i]+d[i], b[i+1]+d[i+1], b[i]-d[i], b[i+1]-d[i+1]
		or, oi, w := (*[4]float32)(yr[4*p:]), (*[4]float32)(yi[4*p:]), (*[21]float32)(w[p/4*24+l:])
		or[0], oi[0] = sr+ur, si+ui
		er, ei := tr+vi, ti-vr
		or[1], oi[1] = er*w[0]-ei*w[4], er*w[4]+ei*w[0]
		er, ei = sr-ur, si-ui
		or[2], oi[2] = er*w[8]-ei*w[12], er*w[12]+ei*w[8]
		er, ei = tr-vi, ti+vr
		or[3], oi[3] = er*w[16]-ei*w[20], er*w[20]+ei*w[16]
	}
	return w[6*n:]
}

// pass is one of a longer stride s: the twiddles are the same for all of it.
func pass(w []float32, s int, xr, xi, yr, yi []float32) []float32 {
	n := len(xr) / 4
	for p := 0; p < n; p += s {
		t := (*[6]float32)(w)
		w = w[6:]
		w1r, w1i, w2r, w2i, w3r, w3i := t[0], t[1], t[2], t[3], t[4], t[5]
		ar, br, cr, dr := xr[p:][:s], xr[p+n:][:s], xr[p+2*n:][:s], xr[p+3*n:][:s]
		ai, bi, ci, di := xi[p:][:s], xi[p+n:][:s], xi[p+2*n:][:s], xi[p+3*n:][:s]
		or, oi := yr[4*p:][:4*s], yi[4*p:][:4*s]
		o0r, o1r, o2r, o3r := or[:s], or[s:][:s], or[2*s:][:s], or[3*s:][:s]
		o0i, o1i, o2i, o3i := oi[:s], oi[s:][:s], oi[2*s:][:s], oi[3*s:][:s]
		for q := range s {
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
	return w
}

// last is the pass of the longest stride: all its twiddles are one.
func last(xr, xi, yr, yi []float32) {
	n := len(xr) / 4
	ar, br, cr, dr := xr[:n], xr[n:][:n], xr[2*n:][:n], xr[3*n:][:n]
	ai, bi, ci, di := xi[:n], xi[n:][:n], xi[2*n:][:n], xi[3*n:][:n]
	o0r, o1r, o2r, o3r := yr[:n], yr[n:][:n], yr[2*n:][:n], yr[3*n:][:n]
	o0i, o1i, o2i, o3i := yi[:n], yi[n:][:n], yi[2*n:][:n], yi[3*n:][:n]
	for q := range n {
		sr, si, tr, ti := ar[q]+cr[q], ai[q]+ci[q], ar[q]-cr[q], ai[q]-ci[q]
		ur, ui, vr, vi := br[q]+dr[q], bi[q]+di[q], br[q]-dr[q], bi[q]-di[q]
		o0r[q], o0i[q] = sr+ur, si+ui
		o1r[q], o1i[q] = tr+vi, ti-vr
		o2r[q], o2i[q] = sr-ur, si-ui
		o3r[q], o3i[q] = tr-vi, ti+vr
	}
}
