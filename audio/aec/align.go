package aec

import "math"

const (
	soon    = 6   // hops for which the finder must be sure before it is believed the first time
	later   = 20  // and when the filters know the echo already
	stale   = 200 // hops after a jump in which the finder has not forgotten the old lag
	useless = 0.7 // share of what is heard that the filters leave when they look in the wrong place
	wobble  = 16  // samples by which its lag may vary

	earliest, latest = 16, 320 // samples of the response between which the strongest tap may lie
)

// align puts the strongest part of the echo near the front of the filters.
func (c *Canceller) align() {
	if c.wait > 0 {
		c.wait--
		return
	}
	if d := c.finder.lag - c.seen; !c.finder.sure() || d < -wobble || d > wobble {
		c.seen, c.steady = c.finder.lag, 0
		return
	}
	c.seen = c.finder.lag
	c.steady++
	if c.seen <= lead+reach {
		return
	}
	tap := float64(c.seen) - (c.ref.lag() - Hop)
	astray := (tap < earliest || tap > latest) && c.rivalry.slow > useless*c.rivalry.heard
	if !c.aligned && c.steady >= soon || astray && c.steady >= later {
		c.aligned = true
		c.move(math.Round(tap - lead))
	}
}

// move takes the window of the filters later by some samples, and what they know with it.
func (c *Canceller) move(by float64) {
	c.ref.pos -= by
	c.rebuild()
	for _, f := range [...]*kalman{c.slow, c.fast} {
		f.shift(int(by))
		if by >= 2*Hop*tail { // it had waited for the echo in vain, and was sure that there was none
			f.wonder()
		}
	}
}

// jump follows an echo that comes later than before, but else the same: what the slow filter knows is right again, and the fast one
// has begun to learn what is no longer so.
func (c *Canceller) jump(by int) {
	c.ref.pos -= float64(by)
	c.rebuild()
	c.fast.take(c.slow, false)
	c.rivalry = rivalry{}
	c.jumper.forget()
	c.finder.filter.wonder()
	c.wait = stale
}

// rebuild gives the filters the past as it is heard at the present lag.
func (c *Canceller) rebuild() {
	hops := c.hist.slots + size/Hop + 1
	pos := c.ref.pos - float64(hops*Hop)*c.ref.pace()
	for range hops {
		c.ref.at(c.z[:], pos)
		pos += Hop * c.ref.pace()
		c.hist.push(c.z[:])
		c.distortion.push(c.z[:])
	}
}

// keepPace follows a drift between the clocks of both sides by the lag that it leaves.
func (c *Canceller) keepPace(lag float64) {
	c.ref.pos += follow * lag
	c.ref.ppm = min(max(c.ref.ppm+trim*lag, -mostDrift), mostDrift)
}
