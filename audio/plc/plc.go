// Package plc makes up speech for lost packets of codecs that have no concealment of their own, in
// the manner of ITU-T G.711 Appendix I: the last pitch periods are repeated and fade out.
//
// It differs from the Appendix in two points. It adds no delay: where the Appendix keeps 3.75 ms back
// to blend into the repetition, the step between the last sample and the repetition is levelled out
// within the first of it. And it fades later, because bursts of three packets are the common case.
package plc

import "math"

const (
	minPitch  = 0.005  // s; a shorter period is found as one of its multiples
	maxPitch  = 0.015  // s
	window    = 0.020  // s compared when the period is looked for
	periods   = 3      // most periods repeated: fewer sound like a buzzer
	hold      = 0.020  // s of gap at full level
	silent    = 0.120  // s of gap after which nothing is left
	crossMin  = 0.004  // s of cross-fade when packets resume after 10 ms
	crossMax  = 0.010  // s of cross-fade at most
	unvoiced  = 0.5    // correlation below which there is no period to be kept
	tooQuiet  = 1e-9   // energy per sample below which there is nothing to repeat
	levelling = 0.0025 // s in which the step at the start of a gap is levelled out
)

// Concealer hides gaps in one stream of samples of one rate. It belongs to one goroutine.
type Concealer struct {
	rate int
	hist []float32 // what was heard last, oldest first

	gap   int       // samples made up since the last good one
	past  []float32 // hist as it was when the gap began
	pitch int       // length of one period in the present gap
	loop  []float32 // what is being repeated: the last periods of past
	at    int       // next sample of loop
	step  float32   // difference to level out at the start of the gap
	tail  []float32 // continuation of the gap for the cross-fade
}

// New makes a concealer for a sample rate, which is held to 8000..48000 Hz.
func New(rate int) *Concealer {
	rate = min(max(rate, 8000), 48000)
	n := samples(rate, periods*maxPitch+maxPitch) // one more period, to blend with
	return &Concealer{
		rate: rate, hist: make([]float32, n), past: make([]float32, n),
		loop: make([]float32, 0, n), tail: make([]float32, samples(rate, crossMax)),
	}
}

func samples(rate int, seconds float64) int { return int(math.Round(float64(rate) * seconds)) }

// Good takes in received samples, and after a gap cross-fades into them in place.
func (c *Concealer) Good(x []float32) {
	if c.gap > 0 {
		lost := float64(c.gap) / float64(c.rate)
		n := samples(c.rate, min(crossMax, max(crossMin, crossMin*lost/0.010)))
		tail := c.tail[:min(n, len(x))]
		c.extend(tail)
		for i, v := range tail {
			w := float32(i+1) / float32(len(tail)+1)
			x[i] = v + w*(x[i]-v)
		}
		c.gap = 0
	}
	c.remember(x)
}

// Conceal fills x with made-up samples.
func (c *Concealer) Conceal(x []float32) {
	if c.gap == 0 {
		c.begin()
	}
	c.extend(x)
	c.remember(x)
}

// remember keeps the newest of what was heard.
func (c *Concealer) remember(x []float32) {
	if len(x) >= len(c.hist) {
		copy(c.hist, x[len(x)-len(c.hist):])
		return
	}
	copy(c.hist, c.hist[len(x):])
	copy(c.hist[len(c.hist)-len(x):], x)
}

// begin looks at the past and makes ready to repeat it.
func (c *Concealer) begin() {
	copy(c.past, c.hist)
	var voiced bool
	c.pitch, voiced = c.period()
	if voiced {
		c.repeat(1)
	} else {
		c.pitch = samples(c.rate, maxPitch)
		c.repeat(periods) // noise repeated at a short period would hum
	}
	n := len(c.past)
	c.step = c.past[n-1] - c.past[n-1-len(c.loop)]
	c.at = 0
}

// period finds the lag at which the end of the history resembles itself most.
func (c *Concealer) period() (lag int, voiced bool) {
	h := c.hist
	w := samples(c.rate, window)
	lo, hi := samples(c.rate, minPitch), samples(c.rate, maxPitch)
	stride := max(1, c.rate/8000)
	best, at := 0.0, hi
	for l := lo; l <= hi; l += stride {
		if r := likeness(h, w, l, stride); r > best {
			best, at = r, l
		}
	}
	lag = at
	for l := max(lo, at-stride+1); l < min(hi+1, at+stride); l++ {
		if r := likeness(h, w, l, 1); r > best {
			best, lag = r, l
		}
	}
	return lag, best > unvoiced
}

// likeness is the normalised correlation of the last w samples of h with those lag earlier, looking
// at every stride-th sample; 0 where there is nothing to compare.
func likeness(h []float32, w, lag, stride int) float64 {
	a := h[len(h)-w:]
	b := h[len(h)-w-lag:]
	var ab, bb, aa float32
	for i := 0; i < w; i += stride {
		ab += a[i] * b[i]
		bb += b[i] * b[i]
		aa += a[i] * a[i]
	}
	if float64(aa*bb) < tooQuiet*tooQuiet*float64(w*w) || ab <= 0 {
		return 0
	}
	return float64(ab) / math.Sqrt(float64(aa)*float64(bb))
}

// repeat makes the last n periods of the past into a loop: its end is blended into what precedes its
// start, so that the wrap is smooth.
func (c *Concealer) repeat(n int) {
	end, quarter := len(c.past), c.pitch/4
	start := end - n*c.pitch
	c.loop = append(c.loop[:0], c.past[start:]...)
	for i, v := range c.past[start-quarter : start] {
		w := float32(i+1) / float32(quarter+1)
		j := len(c.loop) - quarter + i
		c.loop[j] += w * (v - c.loop[j])
	}
}

// extend writes the continuation of the gap.
func (c *Concealer) extend(x []float32) {
	level := samples(c.rate, levelling)
	for i := range x {
		v := c.loop[c.at]
		if c.gap < level {
			v += c.step * (1 + float32(math.Cos(math.Pi*float64(c.gap)/float64(level)))) / 2
		}
		x[i] = v * c.fade()
		c.gap++
		if c.at++; c.at == len(c.loop) {
			c.wrap()
		}
	}
}

// wrap goes back to the start of the loop, and after each 10 ms of gap makes it a period longer. The
// longer loop is entered where the shorter one would have gone on, so that nothing jumps.
func (c *Concealer) wrap() {
	c.at = 0
	n := len(c.loop) / c.pitch
	if n < periods && c.gap >= n*c.rate/100 {
		c.repeat(n + 1)
		c.at = n * c.pitch
	}
}

// fade is the gain at the present length of the gap.
func (c *Concealer) fade() float32 {
	t := float64(c.gap) / float64(c.rate)
	switch {
	case t <= hold:
		return 1
	case t >= silent:
		return 0
	}
	return float32((silent - t) / (silent - hold))
}
