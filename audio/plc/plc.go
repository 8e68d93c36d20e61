// Package plc makes up speech for lost packets of codecs that have no concealment of their own.
//
// Out of the past alone the sound is continued: a prediction filter keeps the spectral envelope, and the
// last pitch period of its residual is repeated, as in ITU-T G.722 Appendix IV, and it fades out when the
// loss lasts. Where the packet behind the gap is at hand already, the gap is bridged: the past is continued
// forwards and the future backwards, both are bent in time until their periods meet, and one is faded
// into the other, which is waveform interpolation (Kleijn, ICASSP 1991) in the time domain.
package plc

import "math"

const (
	hold     = 0.010 // s of gap at full level
	silent   = 0.120 // s of gap after which nothing is left
	crossMin = 0.004 // s of cross-fade when packets resume after 10 ms
	crossMax = 0.010 // s of cross-fade at most
)

// Concealer hides gaps in one stream of samples of one rate. It belongs to one goroutine and never allocates.
type Concealer struct {
	rate int
	hist []float32 // what was heard last, oldest first

	gap   int        // samples made up since the last good one
	ahead *extension // of the past
	back  *extension // of the future, time running backwards

	turned []float32 // the future backwards
	there  []float32 // extension of the past across the gap
	hither []float32 // extension of the future across the gap, backwards
}

// New makes a concealer for a sample rate, which is held to 8000..48000 Hz.
func New(rate int) *Concealer {
	rate = min(max(rate, 8000), 48000)
	most := samples(rate, MaxBridge+2*maxPitch+matched) + 2*edge
	return &Concealer{
		rate: rate, hist: make([]float32, historyOf(rate)), ahead: newExtension(rate), back: newExtension(rate),
		turned: make([]float32, 0, historyOf(rate)), there: make([]float32, most), hither: make([]float32, most),
	}
}

func samples(rate int, seconds float64) int { return int(math.Round(float64(rate) * seconds)) }

// historyOf is what must be kept to repeat the longest periods.
func historyOf(rate int) int { return samples(rate, compared+2*maxPitch) + order }

// Good takes in received samples, and after a gap cross-fades into them in place.
func (c *Concealer) Good(x []float32) {
	if c.gap > 0 {
		c.merge(x)
		c.gap = 0
	}
	c.remember(x)
}

// merge fades the extension of the past into what was received.
func (c *Concealer) merge(x []float32) {
	lost := float64(c.gap) / float64(c.rate)
	n := min(samples(c.rate, min(crossMax, max(crossMin, crossMin*lost/0.010))), len(x))
	tail := c.there[:n]
	c.extend(tail)
	for i, v := range tail {
		w := float32(i+1) / float32(n+1)
		x[i] = v + w*(x[i]-v)
	}
}

// Conceal fills x with made-up samples out of the past alone.
func (c *Concealer) Conceal(x []float32) {
	c.begin()
	c.extend(x)
	c.remember(x)
}

// begin looks at the past, at the start of a gap.
func (c *Concealer) begin() {
	if c.gap == 0 {
		c.ahead.fit(c.hist, samples(c.rate, minPitch), samples(c.rate, maxPitch))
	}
}

// Ahead writes how what was concealed would go on, without going on.
func (c *Concealer) Ahead(x []float32) {
	c.begin()
	gap, state := c.gap, c.ahead.state
	c.extend(x)
	c.gap, c.ahead.state = gap, state
}

// Guess is Conceal that goes back to where it began: x is what would be played in a gap, and ahead how it
// would go on.
func (c *Concealer) Guess(x, ahead []float32) {
	c.begin()
	gap, state := c.gap, c.ahead.state
	c.extend(x)
	c.extend(ahead)
	c.gap, c.ahead.state = gap, state
}

// Left is the gain that the present gap has faded to, 1 where there is none.
func (c *Concealer) Left() float32 { return c.fade(c.gap) }

// fade is the gain after so many samples of gap.
func (c *Concealer) fade(gap int) float32 {
	const slope = 1 / (silent - hold)
	return min(max(1-slope*(float32(gap)/float32(c.rate)-hold), 0), 1)
}

// extend writes the continuation of the past, fading.
func (c *Concealer) extend(x []float32) {
	c.ahead.extend(x)
	g, end := c.fade(c.gap), c.fade(c.gap+len(x))
	if g < 1 || end < 1 {
		step := (end - g) / float32(len(x))
		for i := range x {
			x[i] *= g + step*float32(i)
		}
	}
	c.gap += len(x)
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
