package quality

// Counts are totals since the start of a stream, as the jitter buffer keeps them.
type Counts struct {
	Frames    uint64 // frames of 10 ms played
	Concealed uint64 // of them made up
	Gaps      uint64 // runs of frames made up
}

// Second is the quality of one second.
type Second struct {
	Path   Path
	R      float64 // of the conversation
	LQ, CQ float64 // MOS of who listens, and of who converses; 0: nothing was played
}

// Meter turns totals, read about once a second, into the quality of each second. Its zero value is
// ready; it belongs to one goroutine.
type Meter struct{ last Counts }

// Take takes in the totals and what else is known of the path; its Loss and Burst are found here.
// packetMS is the length of a packet, by which losses are counted. Totals that went back, as they do
// when a stream is new, start it afresh.
func (m *Meter) Take(c Counts, packetMS int, p Path) Second {
	if c.Frames < m.last.Frames || c.Concealed < m.last.Concealed || c.Gaps < m.last.Gaps {
		m.last = Counts{}
	}
	d := Counts{c.Frames - m.last.Frames, c.Concealed - m.last.Concealed, c.Gaps - m.last.Gaps}
	m.last = c
	p.Loss, p.Burst = 0, 1
	if d.Frames == 0 {
		return Second{Path: p}
	}
	p.Loss = min(1, float64(d.Concealed)/float64(d.Frames))
	if d.Gaps > 0 && p.Loss < 1 {
		run := float64(d.Concealed) / float64(d.Gaps) * 10 / float64(max(packetMS, 10))
		p.Burst = max(1, run*(1-p.Loss)) // random loss has runs of 1/(1-loss)
	}
	return Second{Path: p, R: p.R(), LQ: MOS(p.Listening()), CQ: MOS(p.R())}
}
