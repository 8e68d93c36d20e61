package aec

const (
	memory  = 0.9  // of the energies from hop to hop
	better  = 0.6  // of the slow filter's error must the fast one undercut, if the slow one does more harm than good
	best    = 0.25 // and if it does not, for some time
	long    = 50   // hops
	deep    = 0.05 // of what is heard may be left then: with a talker at the near end it is never that little
	between = 5    // hops between two changes
	audible = 0.2  // least share of the echo in what is heard, for anything to be told
)

// rivalry compares the two filters.
type rivalry struct {
	heard, echo float32 // energies of the microphone and the slow filter's estimate
	slow, fast  float32 // of the two errors
	since, won  int
}

// compete lets the fast filter learn, and the better of the two teach the other.
func (c *Canceller) compete(mic []float32) {
	c.fast.estimate(c.z[:])
	subtract(c.z[:], mic, c.z[:])
	c.fast.adapt(c.z[:])
	r := &c.rivalry
	r.heard = memory*r.heard + energy(mic)
	r.echo = memory*r.echo + energy(c.y[:])
	r.slow = memory*r.slow + energy(c.e[:])
	r.fast = memory*r.fast + energy(c.z[:])
	r.since++
	r.won++
	if r.fast > best*r.slow || r.fast > deep*r.heard || r.echo < audible*r.heard {
		r.won = 0
	}
	if r.since <= between {
		return
	}
	changed := r.fast < better*r.slow && r.slow > 0.9*r.heard && r.echo > audible*r.heard && r.echo > 1e-4
	switch {
	case changed:
		c.slow.take(c.fast, true)
		c.residual.wonder()
		r.since = 0
	case r.won > long:
		c.slow.take(c.fast, false)
		r.since = 0
	case r.fast > r.slow:
		c.fast.take(c.slow, false)
	}
}
