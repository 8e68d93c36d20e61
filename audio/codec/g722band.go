package codec

// subband is the predictor and the quantiser's step size of one band. Encoder and decoder run the
// same one, fed by the bits on the line.
type subband struct {
	s   int // S: predicted sample
	sz  int // SZ: the part of it predicted by zeros
	det int // DET: step size of the quantiser
	nb  int // NB: its logarithm

	a [2]int // AL: poles
	b [6]int // BL: zeros
	r [2]int // RLT: the last reconstructed samples
	p [2]int // PLT: the last partly reconstructed samples
	d [6]int // DLT: the last quantised differences
}

// updateLow takes in the four upper bits of the lower band's code (LOGSCL, SCALEL §6.2.1.3): the
// predictor must not depend on the two that the network may have stolen for data.
func (b *subband) updateLow(il4 int) {
	d := b.det * qm4[il4] >> 15
	b.scaleLow(b.nb*127>>7 + wl[rl42[il4]])
	b.predict(d)
}

// updateHigh takes in the two bits of the upper band (LOGSCH, SCALEH).
func (b *subband) updateHigh(ih int) {
	d := b.det * qm2[ih] >> 15
	b.scaleHigh(b.nb*127>>7 + wh[rh2[ih]])
	b.predict(d)
}

func (b *subband) scaleLow(nb int) {
	b.nb = min(max(nb, 0), 18432)
	b.det = stepSize(b.nb, 8)
}

func (b *subband) scaleHigh(nb int) {
	b.nb = min(max(nb, 0), 22528)
	b.det = stepSize(b.nb, 10)
}

// stepSize is the inverse logarithm: a table for the fraction, a shift for the whole part.
func stepSize(nb, whole int) int {
	v, shift := ilb[nb>>6&31], whole-nb>>11
	if shift < 0 {
		return v << -shift << 2
	}
	return v >> shift << 2
}

// predict is block 4 (§6.2.1.4): it adapts the two poles and six zeros by the signs of what came, and
// predicts the next sample.
func (b *subband) predict(d int) {
	r := saturate(b.s + d)  // RECONS
	p := saturate(b.sz + d) // PARREC
	b.adaptPoles(p)
	b.adaptZeros(d)

	// DELAYA
	b.r[1], b.r[0] = b.r[0], r
	b.p[1], b.p[0] = b.p[0], p
	copy(b.d[1:], b.d[:5])
	b.d[0] = d
	b.filter()
}

// filter predicts the next sample (FILTEP, FILTEZ, PREDIC).
func (b *subband) filter() {
	sp := saturate(b.a[0]*saturate(2*b.r[0])>>15 + b.a[1]*saturate(2*b.r[1])>>15)
	b.sz = 0
	for i, v := range b.d {
		b.sz += b.b[i] * saturate(2*v) >> 15
	}
	b.sz = saturate(b.sz)
	b.s = saturate(sp + b.sz)
}

// adaptPoles is UPPOL2 and UPPOL1.
func (b *subband) adaptPoles(p int) {
	same0, same1 := p < 0 == (b.p[0] < 0), p < 0 == (b.p[1] < 0)

	w := saturate(4 * b.a[0])
	if same0 {
		w = min(-w, 32767)
	}
	w >>= 7
	if same1 {
		w += 128
	} else {
		w -= 128
	}
	a2 := w + b.a[1]*32512>>15

	w = b.a[0] * 32640 >> 15
	if same0 {
		w += 192
	} else {
		w -= 192
	}
	b.poles(w, a2)
}

// poles sets the poles to where the predictor is stable (LIMC, LIMD).
func (b *subband) poles(a1, a2 int) {
	a2 = min(max(a2, -12288), 12288)
	b.a = [2]int{min(max(a1, a2-15360), 15360-a2), a2}
}

// adaptZeros is UPZERO.
func (b *subband) adaptZeros(d int) {
	for i, v := range b.d {
		w := 0
		if d != 0 {
			w = 128
			if d < 0 != (v < 0) {
				w = -128
			}
		}
		b.b[i] = saturate(w + b.b[i]*32640>>15)
	}
}

// Tables of G.722 §6.2: decision levels, code words, output levels, logarithms.
var (
	q6 = [...]int{
		0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650,
		714, 786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
	}
	iln = [...]int{
		0, 63, 62, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19,
		18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4,
	}
	ilp = [...]int{
		0, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47,
		46, 45, 44, 43, 42, 41, 40, 39, 38, 37, 36, 35, 34, 33, 32,
	}
	qm6 = [...]int{
		-136, -136, -136, -136, -24808, -21904, -19008, -16704,
		-14984, -13512, -12280, -11192, -10232, -9360, -8576, -7856,
		-7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576,
		-3168, -2776, -2400, -2032, -1688, -1360, -1040, -728,
		24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192,
		10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456,
		4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032,
		1688, 1360, 1040, 728, 432, 136, -432, -136,
	}
	qm4 = [...]int{
		0, -20456, -12896, -8968, -6288, -4240, -2584, -1200,
		20456, 12896, 8968, 6288, 4240, 2584, 1200, 0,
	}
	qm2  = [...]int{-7408, -1616, 7408, 1616}
	wl   = [...]int{-60, -30, 58, 172, 334, 538, 1198, 3042}
	rl42 = [...]int{0, 7, 6, 5, 4, 3, 2, 1, 7, 6, 5, 4, 3, 2, 1, 0}
	wh   = [...]int{0, -214, 798}
	rh2  = [...]int{2, 1, 2, 1}
	ilb  = [...]int{
		2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
		2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
	}
)
