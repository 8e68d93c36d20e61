package quality

import "time"

// Counts are totals since the start of a stream, as the jitter buffer keeps them.
type Counts struct {
	Frames    uint64 // frames of 10 ms played
	Concealed uint64 // of them made up
	Gaps      uint64 // runs of frames made up
}

// Second is the quality of one second.
type Second struct {
	Path    Path
	R       float64
	MOS     float64
	Verdict Verdict
}

const (
	fall = 0.6 // weight of a worse second: trouble shows at once
	rise = 0.2 // weight of a better one: a lamp that flickers tells nothing
)

// Meter turns totals, read about once a second, into the quality of each second and a steady verdict
// for the screen. Its zero value is ready; it belongs to one goroutine.
type Meter struct {
	last   Counts
	known  bool
	steady float64
}

// Take takes in the totals and what else is known. packetMS is the length of a packet, by which
// losses are counted. Totals that went back, as they do when a stream is new, start it afresh.
func (m *Meter) Take(c Counts, codec string, packetMS int, delay time.Duration) Second {
	if c.Frames < m.last.Frames || c.Concealed < m.last.Concealed || c.Gaps < m.last.Gaps {
		m.last = Counts{}
	}
	d := Counts{c.Frames - m.last.Frames, c.Concealed - m.last.Concealed, c.Gaps - m.last.Gaps}
	m.last = c
	p := Path{Codec: codec, Burst: 1, Delay: delay}
	if d.Frames > 0 {
		p.Loss = min(1, float64(d.Concealed)/float64(d.Frames))
	}
	if d.Gaps > 0 && p.Loss < 1 {
		run := float64(d.Concealed) / float64(d.Gaps) * 10 / float64(max(packetMS, 10))
		p.Burst = max(1, run*(1-p.Loss)) // random loss has runs of 1/(1-loss)
	}
	s := Second{Path: p, R: p.R()}
	s.MOS, s.Verdict = MOS(s.R), Judge(s.R)
	switch {
	case !m.known:
		m.known, m.steady = true, s.R
	case s.R < m.steady:
		m.steady += fall * (s.R - m.steady)
	default:
		m.steady += rise * (s.R - m.steady)
	}
	return s
}

// Verdict is the steady verdict for the screen, 0 before the first Take.
func (m *Meter) Verdict() Verdict {
	if !m.known {
		return 0
	}
	return Judge(m.steady)
}
