package aec

import "opendeskphone/audio/fft"

// history is the spectra of a reference: what the loudspeaker played, or what it may have made of it.
type history struct {
	plan   *fft.Plan
	hop    int
	x      []float32 // the newest samples, as many as the transform is long
	re, im [][]float32
	power  [][]float32
	at     int // of the newest
}

// newHistory makes one for so many partitions.
func newHistory(plan *fft.Plan, hop, parts int) *history {
	h := &history{plan: plan, hop: hop, x: make([]float32, plan.Len())}
	h.re, h.im, h.power = matrix(2*parts, plan.Bins()), matrix(2*parts, plan.Bins()), matrix(2*parts, plan.Bins())
	return h
}

func matrix(rows, columns int) [][]float32 {
	m := make([][]float32, rows)
	for i := range m {
		m[i] = make([]float32, columns)
	}
	return m
}

// push takes the next hop.
func (h *history) push(x []float32) {
	copy(h.x, h.x[h.hop:])
	copy(h.x[len(h.x)-h.hop:], x)
	if h.at++; h.at == len(h.re) {
		h.at = 0
	}
	power := h.power[h.at]
	re, im := h.re[h.at][:len(power)], h.im[h.at][:len(power)]
	h.plan.Forward(re, im, h.x)
	for k := range power {
		power[k] = re[k]*re[k] + im[k]*im[k]
	}
}

// index is where the spectrum stands that partition p filters.
func (h *history) index(p int) int {
	i := h.at - 2*p
	if i < 0 {
		i += len(h.re)
	}
	return i
}

// partition is two hops' length of an impulse response, in frequency.
type partition struct {
	of       *history
	place    int       // which of the partitions of that history
	re, im   []float32 // the response
	variance []float32 // of its error
	prior    float32   // that variance before anything is known
}

// kalman is a partitioned-block frequency-domain Kalman filter (Kuech, Mabande, Enzner: State-Space Architecture of the
// Partitioned-Block-Based Acoustic Echo Controller, ICASSP 2014). With every bin of every partition it keeps the variance
// of its error, and so learns fast what it does not know, and slowly what it does: talk at the near end is noise to it.
// In a transform of n samples lie a hop and two hops of response, so that 3·hop ≤ n.
type kalman struct {
	plan    *fft.Plan
	hop     int
	fade    float32 // share of the response's power that changes with every hop
	turns   int     // partitions a hop whose circular part is cut off
	turn    int
	parts   []partition
	noise   []float32 // power of what is no echo
	doubt   []float32 // power of the echo that the filter may have missed
	step    []float32
	yr, yi  []float32
	er, ei  []float32
	block   []float32
	impulse []float32 // scratch of shift
}

const (
	cautious = 0.4  // of the information that a hop brings is taken: the bins of a transform are not as independent as they are taken to be
	surprise = 0.8  // least share of the error's power that is taken to be no echo
	settle   = 0.25 // weight of the newest power in the noise
	rounding = 1e-7 // power below which there is nothing to learn
)

func newKalman(plan *fft.Plan, hop int, fade float32, turns int) *kalman {
	f := &kalman{plan: plan, hop: hop, fade: fade, turns: turns, block: make([]float32, plan.Len())}
	for _, s := range []*[]float32{&f.noise, &f.doubt, &f.step, &f.yr, &f.yi, &f.er, &f.ei} {
		*s = make([]float32, plan.Bins())
	}
	return f
}

// listen adds partitions that filter a history. Their power gain is expected to be gain at first and to fall by decay from
// one to the next.
func (f *kalman) listen(h *history, parts int, gain, decay float32) {
	for place := range parts {
		p := partition{of: h, place: place, prior: gain}
		p.re, p.im, p.variance = make([]float32, f.plan.Bins()), make([]float32, f.plan.Bins()), make([]float32, f.plan.Bins())
		gain *= decay
		f.parts = append(f.parts, p)
	}
	f.wonder()
	f.impulse = make([]float32, 2*f.hop*len(f.parts))
}

// wonder says that nothing is sure: what was learnt may be wrong by all of it.
func (f *kalman) wonder() {
	for p := range f.parts {
		p := &f.parts[p]
		for k := range p.variance {
			p.variance[k] = p.prior
		}
	}
}

// estimate writes the echo that the filter expects in the newest hop.
func (f *kalman) estimate(y []float32) {
	clear(f.yr)
	clear(f.yi)
	n := len(f.yr)
	yr, yi := f.yr[:n], f.yi[:n]
	for p := range f.parts {
		p := &f.parts[p]
		i := p.of.index(p.place)
		xr, xi, wr, wi := p.of.re[i][:n], p.of.im[i][:n], p.re[:n], p.im[:n]
		for k := range yr {
			yr[k] += xr[k]*wr[k] - xi[k]*wi[k]
			yi[k] += xr[k]*wi[k] + xi[k]*wr[k]
		}
	}
	f.plan.Inverse(f.block, yr, yi)
	copy(y, f.block[len(f.block)-f.hop:])
}

// adapt learns from the error that was left of the newest hop.
func (f *kalman) adapt(e []float32) {
	clear(f.block[:len(f.block)-f.hop])
	copy(f.block[len(f.block)-f.hop:], e)
	f.plan.Forward(f.er, f.ei, f.block)
	f.weigh()
	for p := range f.parts {
		f.learn(&f.parts[p])
	}
	for range f.turns {
		f.constrain(&f.parts[f.turn])
		if f.turn++; f.turn == len(f.parts) {
			f.turn = 0
		}
	}
}

// share is the part of a block that is new: an error of one hop is that much of a whole block's.
func (f *kalman) share() float32 { return float32(f.hop) / float32(len(f.block)) }

// weigh finds how much of the error may be echo, and sets the step.
func (f *kalman) weigh() {
	n := len(f.doubt)
	doubt, noise, step, er, ei := f.doubt[:n], f.noise[:n], f.step[:n], f.er[:n], f.ei[:n]
	clear(doubt)
	for p := range f.parts {
		p := &f.parts[p]
		power, v := p.of.power[p.of.index(p.place)][:n], p.variance[:n]
		for k := range doubt {
			doubt[k] += power[k] * v[k]
		}
	}
	share := f.share()
	for k := range doubt {
		doubt[k] *= share
		e2 := er[k]*er[k] + ei[k]*ei[k]
		noise[k] += settle * (max(e2-doubt[k], surprise*e2) - noise[k])
		step[k] = 1 / (doubt[k] + noise[k] + rounding)
	}
}

func (f *kalman) learn(p *partition) {
	i, n := p.of.index(p.place), len(f.step)
	xr, xi, power := p.of.re[i][:n], p.of.im[i][:n], p.of.power[i][:n]
	wr, wi, v := p.re[:n], p.im[:n], p.variance[:n]
	er, ei, step := f.er[:n], f.ei[:n], f.step[:n]
	share, fade := cautious*f.share(), f.fade
	for k := range step {
		mu := v[k] * step[k]
		wr[k] += mu * (xr[k]*er[k] + xi[k]*ei[k])
		wi[k] += mu * (xr[k]*ei[k] - xi[k]*er[k])
		v[k] = v[k]*(1-share*mu*power[k]) + fade*(wr[k]*wr[k]+wi[k]*wi[k])
	}
}

// constrain cuts a partition to its own taps, which stay in f.block.
func (f *kalman) constrain(p *partition) {
	f.plan.Inverse(f.block, p.re, p.im)
	clear(f.block[2*f.hop:])
	f.plan.Forward(p.re, p.im, f.block)
}

// shift moves the response to the first history earlier by some samples, or later if by is negative.
func (f *kalman) shift(by int) {
	n, h := 2*f.hop, f.impulse[:0]
	first := f.parts[0].of
	for p := range f.parts {
		if p := &f.parts[p]; p.of == first {
			f.plan.Inverse(f.block, p.re, p.im)
			h = append(h, f.block[:n]...)
		}
	}
	for p := range len(h) / n {
		clear(f.block)
		for i := range n {
			if j := n*p + i + by; j >= 0 && j < len(h) {
				f.block[i] = h[j]
			}
		}
		f.plan.Forward(f.parts[p].re, f.parts[p].im, f.block)
	}
}

// take takes over the responses of another filter, and its doubts too if all that was known is void.
func (f *kalman) take(g *kalman, doubts bool) {
	for p := range min(len(f.parts), len(g.parts)) {
		copy(f.parts[p].re, g.parts[p].re)
		copy(f.parts[p].im, g.parts[p].im)
		if doubts {
			copy(f.parts[p].variance, g.parts[p].variance)
		}
	}
}
