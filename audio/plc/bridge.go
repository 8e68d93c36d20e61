package plc

import "math"

const (
	matched = 0.010 // s of two sounds compared to bring their periods together
	meets   = 0.7   // likeness from which periods are brought together
)

// MaxBridge is the longest gap that Bridge spans, in seconds.
const MaxBridge = 0.060

// Bridges tells whether a gap of so many samples can be bridged to so many behind it: not if it is longer than
// MaxBridge, or they are less than 10 ms.
func (c *Concealer) Bridges(gap, next int) bool {
	return gap <= samples(c.rate, MaxBridge) && next >= samples(c.rate, matched)
}

// Bridge fills x, what is missing directly before next, out of the sound on both sides, and tells whether it
// could; see Bridges. Nothing is taken as played yet; see Played.
func (c *Concealer) Bridge(x, next []float32) bool {
	n := len(x)
	if !c.Bridges(n, len(next)) {
		return false
	}
	c.begin()
	gap, state := c.gap, c.ahead.state
	c.future(next)
	bend, like := c.meet(n, next)
	c.gap, c.ahead.state = gap, state
	other := float32(0)
	if like > 0 {
		other = (float32(n)+bend)*c.glide() - float32(n)
	}
	c.back.extend(c.hither[:n+int(max(other, 0))+2*edge])
	c.blend(x, bend, other, like)
	return true
}

// Played takes in what Bridge made: the gap ends with it.
func (c *Concealer) Played(x []float32) {
	c.gap = 0
	c.remember(x)
}

// future fits the backward extension to next.
func (c *Concealer) future(next []float32) {
	n := min(len(next), cap(c.turned))
	c.turned = c.turned[:n]
	for i := range c.turned {
		c.turned[i] = next[n-1-i]
	}
	lo, hi := samples(c.rate, minPitch), samples(c.rate, maxPitch)
	if c.ahead.likeness > unvoiced {
		lo, hi = max(lo, int(c.ahead.period*0.75)), min(hi, int(c.ahead.period*1.33))
	}
	c.back.fit(c.turned, lo, hi)
}

// meet extends the past over the gap and gives the number of samples by which the extension must run
// ahead at the end of the gap to be in phase with next, and the likeness of the two there.
func (c *Concealer) meet(n int, next []float32) (bend, like float32) {
	t0 := c.ahead.period
	middle := 2*float32(n)/(1+c.glide()) - float32(n)
	w := min(len(next), samples(c.rate, matched))
	lo, hi := max(int(middle-t0/2), -n/2), int(middle+t0/2)
	most := min(n+hi+w+2*edge, len(c.there))
	hi = most - n - w - 2*edge
	c.extend(c.there[:most])
	next = next[:w]
	stride, finer := max(1, c.rate/coarse), max(1, c.rate/fine)
	_, at := scan(c.there, next, n+lo, n+hi, stride, stride)
	like, at = scan(c.there, next, max(n+lo, at-stride+1), min(n+hi, at+stride-1), 1, finer)
	if like < meets {
		return 0, 0
	}
	bend = float32(at - n)
	if at > n+lo && at < n+hi {
		bend += peak(c.there, next, at, like, finer)
	}
	return bend, like
}

// glide is the ratio of the periods behind and before the gap, 1 where they cannot be compared.
func (c *Concealer) glide() float32 {
	if c.back.likeness < unvoiced || c.ahead.likeness < unvoiced {
		return 1
	}
	r := c.back.period / c.ahead.period
	if r > 1.5 { // one is a multiple
		r /= float32(math.Round(float64(r)))
	} else if r < 0.67 {
		r *= float32(math.Round(float64(1 / r)))
	}
	if r < 0.8 || r > 1.25 {
		return 1
	}
	return r
}

// blend fades one extension into the other. The time of each runs at its own pitch at its own end. The future is known
// better than the past, which the farther it is carried the less is true; of a past that was made up itself little more is
// taken than joins the two.
func (c *Concealer) blend(x []float32, bend, other, like float32) {
	n := float32(len(x))
	for i := range x {
		t := float32(i)
		u := n - 1 - t
		f := sample(c.there, t+bend*(t/n)*(t/n))
		b := sample(c.hither, u+other*(u/n)*(u/n))
		w := (t + 1) / (n + 1)
		if c.gap == 0 {
			w += 0.4 * w * (1 - w)
		} else {
			v := (1 - w) * (1 - w)
			w = 1 - v*v*v
		}
		g := 1 / float32(math.Sqrt(float64(1-2*w*(1-w)*(1-like))))
		x[i] = g * (f + w*(b-f))
	}
}
