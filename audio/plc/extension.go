package plc

import "math"

const (
	order     = 16    // of the prediction filter
	bandwidth = 30.0  // Hz by which the filter's resonances are widened, so that it is stable and dies away
	floor     = 1e-3  // white noise added to the spectrum, of its power: -30 dB
	tooQuiet  = 1e-9  // power per sample below which there is nothing to continue
	analysed  = 0.024 // s that the filter is fitted to
	minPitch  = 0.003 // s
	maxPitch  = 0.016 // s
	compared  = 0.015 // s that two periods are looked for in
	prefer    = 0.85  // share of the best likeness from which a fraction of its lag is the period
	unvoiced  = 0.5   // likeness of two periods below which there is no period to be kept
	coarse    = 4000  // samples a second looked at in searches, at first
	fine      = 16000 // and then
	piece     = 64    // samples extended at a time
	longLoop  = 0.012 // s of a sound without pitch repeated at least: less would hum
)

// extension continues a piece of sound: its spectral envelope as a prediction filter (LPC), its
// excitation by repeating the last periods of the residual. The filter starts from the last samples
// heard, so there is no step where the extension begins.
type extension struct {
	rate     int
	res      []float32      // residual of the end of the sound
	a        [order]float32 // weights of the last samples, oldest first
	period   float32        // samples
	loop     float32        // samples repeated: a period, or several where it is none
	likeness float32        // of the last two periods, 0..1

	state

	widen  float32   // moves the filter's poles inwards by bandwidth
	window []float32 // of the analysis
	work   []float32
}

// state is where an extension stands.
type state struct {
	mem [order]float32 // last samples, oldest first
	pos float32        // next sample of the residual, counted back from its end
}

func newExtension(rate int) *extension {
	e := &extension{rate: rate, res: make([]float32, 0, historyOf(rate)), work: make([]float32, samples(rate, analysed))}
	e.widen = float32(math.Exp(-math.Pi * bandwidth / float64(rate)))
	e.window = make([]float32, len(e.work))
	for i := range e.window { // rises slowly and falls fast: the end counts most
		at := (float64(i) + 0.5) / float64(len(e.window))
		const top = 0.85
		if at < top {
			e.window[i] = float32(0.5 - 0.5*math.Cos(math.Pi*at/top))
		} else {
			e.window[i] = float32(math.Cos(math.Pi / 2 * (at - top) / (1 - top)))
		}
	}
	return e
}

// fit looks at the end of h, with a period looked for among lags lo..hi.
func (e *extension) fit(h []float32, lo, hi int) {
	e.predictor(h)
	e.period, e.likeness = e.pitch(h, lo, hi)
	e.loop = e.repeated(len(h) - order - 2*edge)
	e.residual(h)
	e.pos = 0
	copy(e.mem[:], h[len(h)-order:])
}

// repeated is how many samples of the residual are repeated, most at most.
func (e *extension) repeated(most int) float32 {
	loop := e.period
	if e.likeness < unvoiced {
		for loop < longLoop*float32(e.rate) && loop+e.period <= float32(most) {
			loop += e.period
		}
	}
	if e.rate > fine { // whole samples are near enough, and cost no interpolation
		loop = float32(math.Round(float64(loop)))
	}
	return loop
}

// predictor fits the filter by the autocorrelation method.
func (e *extension) predictor(h []float32) {
	n := min(len(h), len(e.work))
	w, x := e.window[len(e.window)-n:], h[len(h)-n:]
	for i, v := range x {
		e.work[i] = v * w[i]
	}
	var r [order + 1]float64
	for lag := range r {
		var sum float32
		b := e.work[:n-lag]
		for i, v := range e.work[lag:n] {
			sum += v * b[i]
		}
		r[lag] = float64(sum)
	}
	r[0] = r[0]*(1+floor) + tooQuiet
	levinson(&r, &e.a)
	g := e.widen
	for i := range e.a {
		e.a[order-1-i] *= g
		g *= e.widen
	}
}

// levinson is the recursion of Levinson and Durbin: a predicts x(t) as the sum of a[k] x(t-order+k).
func levinson(r *[order + 1]float64, a *[order]float32) {
	var c, last [order]float64
	power := r[0]
	for i := range order {
		v := r[i+1]
		for j := range i {
			v -= c[j] * r[i-j]
		}
		v /= power
		last = c
		for j := range i {
			c[j] -= v * last[i-1-j]
		}
		c[i] = v
		power *= 1 - v*v
	}
	for i, v := range c {
		a[order-1-i] = float32(v)
	}
}

// pitch finds the lag in lo..hi at which the end of h resembles itself most, to a fraction of a
// sample, and how much it does.
func (e *extension) pitch(h []float32, lo, hi int) (lag, like float32) {
	hi = min(hi, len(h)*2/3)
	w := min(samples(e.rate, compared), len(h)-hi)
	end := h[len(h)-w:]
	from := len(h) - w // where the last period begins; a lag is counted back from there
	stride := max(1, e.rate/coarse)
	best, at := scan(h, end, from-hi, from-lo, stride, stride)
	if best == 0 {
		return float32(hi), 0
	}
	best, at = shorten(h, end, from-lo, at, stride, best)
	finer := max(1, e.rate/fine)
	best, at = scan(h, end, max(from-hi, at-stride+1), min(from-lo, at+stride-1), 1, finer)
	if best == 0 {
		return float32(hi), 0
	}
	if at == from-hi || at == from-lo {
		return float32(from - at), best
	}
	return float32(from-at) - peak(h, end, at, best, finer), best
}

// shorten gives a fraction of the lag where h resembles itself nearly as much: the true period. Lags are counted
// back from the end of h, and its end begins there.
func shorten(h, end []float32, shortest, at, stride int, like float32) (float32, int) {
	from := len(h) - len(end)
	for k := 4; k > 1; k-- {
		middle := from - (from-at)/k
		best, near := scan(h, end, middle-stride, min(shortest, middle+stride), stride, stride)
		if best > prefer*like {
			return best, near
		}
	}
	return like, at
}

// scan finds the place in lo..hi, of every step-th, from which x resembles y most, looking at every stride-th sample.
func scan(x, y []float32, lo, hi, step, stride int) (best float32, at int) {
	yy := dot(y, y, stride)
	for l := lo; l <= hi; l += step {
		z := x[l : l+len(y)]
		if r := correlation(dot(z, y, stride), dot(z, z, stride), yy, len(y)/stride); r > best {
			best, at = r, l
		}
	}
	return best, at
}

// dot is the sum of products of every stride-th sample of y with that of x.
func dot(x, y []float32, stride int) (sum float32) {
	x = x[:len(y)]
	for i := 0; i < len(y); i += stride {
		sum += x[i] * y[i]
	}
	return sum
}

// peak is how far from at, between -1/2 and 1/2, the likeness has its top, which is like at at.
func peak(x, y []float32, at int, like float32, stride int) float32 {
	before, _ := scan(x, y, at-1, at-1, 1, stride)
	after, _ := scan(x, y, at+1, at+1, 1, stride)
	return vertex(before, like, after)
}

// vertex is where the parabola through three values at -1, 0, 1 has its top.
func vertex(a, b, c float32) float32 {
	d := a - 2*b + c
	if d >= 0 {
		return 0
	}
	return min(max((a-c)/(2*d), -0.5), 0.5)
}

// correlation normalises a sum of n products.
func correlation(ab, aa, bb float32, n int) float32 {
	if quiet := float32(tooQuiet) * float32(n); ab <= 0 || aa < quiet || bb < quiet {
		return 0
	}
	return ab / float32(math.Sqrt(float64(aa)*float64(bb)))
}

// residual filters the end of h, as much as is repeated, by the inverse of the filter.
func (e *extension) residual(h []float32) {
	n := min(int(e.loop)+2*edge, len(h)-order)
	e.res = e.res[:n]
	x := h[len(h)-n-order:]
	for i := range e.res {
		e.res[i] = x[i+order] - e.predict((*[order]float32)(x[i:]))
	}
}

// predict is what the filter expects after past.
func (e *extension) predict(past *[order]float32) (v float32) {
	for k, a := range e.a {
		v += a * past[k]
	}
	return v
}

// extend writes the next samples.
func (e *extension) extend(x []float32) {
	var line [order + piece]float32
	for len(x) > 0 {
		n := min(piece, len(x))
		copy(line[:], e.mem[:])
		for i := range n {
			line[order+i] = e.excitation() + e.predict((*[order]float32)(line[i:]))
		}
		copy(x, line[order:order+n])
		copy(e.mem[:], line[n:])
		x = x[n:]
	}
}

// excitation gives the next sample of the residual, whose end goes round.
func (e *extension) excitation() float32 {
	for e.pos > -edge {
		e.pos -= e.loop
	}
	v := sample(e.res, float32(len(e.res))+e.pos)
	e.pos++
	return v
}

const (
	edge   = 4        // samples that interpolation looks to either side
	taps   = 2 * edge // of its filter
	phases = 64       // to which a place between two samples is rounded
)

// sinc is the filter that reads between samples, by phase: a sinc under a squared cosine.
var sinc = func() (t [phases][taps]float32) {
	for p := range t {
		var sum float64
		for k := range taps {
			x := float64(k-edge+1) - float64(p)/phases
			v := 1.0
			if x != 0 {
				v = math.Sin(math.Pi*x) / (math.Pi * x)
			}
			c := math.Cos(math.Pi * x / 2 / (edge + 0.5))
			v *= c * c
			t[p][k] = float32(v)
			sum += v
		}
		for k := range taps {
			t[p][k] /= float32(sum)
		}
	}
	return t
}()

// sample reads x between its samples; near its ends, the nearest one.
func sample(x []float32, at float32) float32 {
	fine := int(at*phases + 0.5)
	i, p := fine/phases, fine%phases
	if p == 0 && i >= 0 && i < len(x) {
		return x[i]
	}
	if i < edge-1 || i+edge >= len(x) {
		return x[min(max(int(at+0.5), 0), len(x)-1)]
	}
	var v float32
	for k, h := range sinc[p] {
		v += h * x[i-edge+1+k]
	}
	return v
}
