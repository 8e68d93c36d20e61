package aec

const (
	memory  = 0.9  // of the energies from hop to hop
	better  = 0.5  // of the slow filter's error must the fast one undercut: talk at the near end is in both
	long    = 7    // hops
	right   = 0.8  // of the slow filter's estimate is in what is heard, as long as it is right, whoever talks over it
	worse   = 1.1  // times the slow filter's error may the fast one leave before it begins anew from what that knows
	between = 5    // hops between two changes
	audible = 0.2  // least share of the echo in what is heard, for anything to be told
	useful  = 0.5  // share of what is heard that the slow filter may leave for there to be no question of a jump
	enough  = 0.03 // and for there to be nothing for anybody else to do
)

// rivalry compares the two filters.
type rivalry struct {
	heard, echo float32 // energies of the microphone and the slow filter's estimate
	slow, fast  float32 // of the two errors
	since, won  int     // hops since the last change, and for which the fast filter has been clearly better
	asleep      bool    // the fast filter
}

// settled tells whether the slow filter leaves so little that nobody else need do anything.
func (r *rivalry) settled() bool { return r.slow < enough*r.heard }

// like is how much of the slow filter's estimate is in what is heard: their correlation over the energy of the former. Talk at the near
// end has no part in it, which the fast filter may take for an echo, where both sides' voices have the same pitch.
func (r *rivalry) like() float32 { return (r.heard + r.echo - r.slow) / (2*r.echo + 1e-9) }

// compete lets the fast filter learn unless there is nothing to win, and the better of the two teach the other.
func (c *Canceller) compete(mic []float32) {
	r := &c.rivalry
	r.heard = memory*r.heard + energy(mic)
	r.echo = memory*r.echo + energy(c.y[:])
	r.slow = memory*r.slow + energy(c.e[:])
	if r.settled() {
		r.asleep = true
		return
	}
	if r.asleep {
		r.asleep, r.fast, r.won = false, r.slow, 0
		c.fast.take(c.slow, false)
		copy(c.fast.noise, c.slow.noise)
	}
	c.fast.estimate(c.z[:])
	subtract(c.z[:], mic, c.z[:])
	c.fast.adapt(c.z[:], false)
	r.fast = memory*r.fast + energy(c.z[:])
	r.since++
	r.won++
	if r.fast > better*r.slow || r.like() > right || r.echo < audible*r.heard || r.echo < 1e-4 {
		r.won = 0
	}
	switch {
	case r.since <= between:
	case r.won > long:
		c.slow.take(c.fast, true)
		c.residual.wonder(renewed)
		r.since = 0
	case r.fast > worse*r.slow:
		c.fast.take(c.slow, false)
	}
}
