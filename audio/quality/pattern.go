package quality

// Gmin is the number of packets heard in a row that parts two bursts of losses (RFC 3611 §4.7.2).
const Gmin = 16

// Outcome is what became of a packet.
type Outcome uint8

// The outcomes.
const (
	Heard     Outcome = iota
	Lost              // it never came
	Discarded         // it came too late to be played
)

// Pattern tells bursts of losses from the gaps between them, by the definition of RFC 3611 §4.7.2: a
// burst begins and ends with a packet that was not heard, there are others in it, and nowhere are
// Gmin packets heard in a row. Its zero value is ready; it belongs to one goroutine.
type Pattern struct {
	total, lost, discarded uint64
	bursts                 uint64
	in, gone               uint64 // packets of bursts, and of them not heard

	open struct { // since the first packet not heard that may begin a burst
		packets, gone, heard uint64 // heard: in a row, at its end
	}
}

// Metrics are shares of packets, 0..1, and mean lengths in packets, since the stream began.
type Metrics struct {
	Loss, Discard            float64
	BurstDensity, GapDensity float64 // of the packets in bursts, and of those outside, not heard
	Burst, Gap               float64
}

// Add takes the next packet in the order of their numbers.
func (p *Pattern) Add(o Outcome) {
	p.total++
	b := &p.open
	switch o {
	case Heard:
		if b.gone == 0 {
			return
		}
		if b.heard++; b.heard == Gmin {
			in, gone := p.burst()
			if p.in, p.gone = p.in+in, p.gone+gone; gone > 0 {
				p.bursts++
			}
			b.packets, b.gone, b.heard = 0, 0, 0
			return
		}
	case Lost:
		p.lost++
	case Discarded:
		p.discarded++
	}
	if b.packets++; o != Heard {
		b.gone++
		b.heard = 0
	}
}

// burst gives the packets of what has begun, if it is a burst: one packet alone is none.
func (p *Pattern) burst() (in, gone uint64) {
	if p.open.gone < 2 {
		return 0, 0
	}
	return p.open.packets - min(p.open.heard, Gmin-1), p.open.gone
}

// Since gives the numbers since the past one, a copy of the same Pattern; if it is none, those of the whole. A burst that
// went on then counts where it ends.
func (p Pattern) Since(past Pattern) Metrics {
	if past.total > p.total || past.in > p.in {
		past = Pattern{}
	}
	p.total, p.lost, p.discarded = p.total-past.total, p.lost-min(past.lost, p.lost), p.discarded-min(past.discarded, p.discarded)
	p.bursts, p.in, p.gone = p.bursts-min(past.bursts, p.bursts), p.in-past.in, p.gone-min(past.gone, p.gone)
	return p.Metrics()
}

// Metrics gives the numbers so far; a burst that goes on counts as if it ended here.
func (p *Pattern) Metrics() (m Metrics) {
	if p.total == 0 {
		return m
	}
	in, gone := p.burst()
	bursts := p.bursts
	if gone > 0 {
		bursts++
	}
	in, gone = in+p.in, gone+p.gone
	in, gone = min(in, p.total), min(gone, p.lost+p.discarded) // more only Since another, when a burst began before
	share := func(part, of uint64) float64 { return float64(part) / float64(max(of, 1)) }
	m.Loss, m.Discard = share(p.lost, p.total), share(p.discarded, p.total)
	m.BurstDensity, m.GapDensity = share(gone, in), share(p.lost+p.discarded-gone, p.total-in)
	m.Burst, m.Gap = share(in, bursts), share(p.total-in, bursts)
	return m
}
