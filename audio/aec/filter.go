package aec

import "opendeskphone/audio/kernel"

// history is the spectra of a reference: what the loudspeaker played, or what it may have made of it.
type history struct {
	fourier *kernel.Transform
	hop     int
	x       []float32 // the newest samples, as many as the transform is long
	rows    []float32 // real part, imaginary part and power of each spectrum
	row     int       // length of one of them
	slots   int       // how many spectra there are
	at      int       // of the newest
}

// newHistory makes one for so many partitions.
func newHistory(fourier *kernel.Transform, hop, parts int) *history {
	h := &history{fourier: fourier, hop: hop, x: make([]float32, fourier.Len()), row: rowOf(fourier), slots: 2 * parts}
	h.rows = make([]float32, h.slots*3*h.row)
	return h
}

// rowOf is the length of the rows that hold its spectra.
func rowOf(t *kernel.Transform) int { return (t.Len()/2 + kernel.Align) / kernel.Align * kernel.Align }

// push takes the next hop.
func (h *history) push(x []float32) {
	push(h.x, x)
	if h.at++; h.at == h.slots {
		h.at = 0
	}
	re, im, power := split(h.rows[h.at*3*h.row:], h.row)
	h.fourier.Forward(re, im, h.x)
	for k := range power {
		power[k] = re[k]*re[k] + im[k]*im[k]
	}
}

// split gives the first three rows.
func split(rows []float32, n int) (a, b, c []float32) {
	return rows[:n:n], rows[n:][:n:n], rows[2*n:][:n:n]
}

// place is where the spectrum begins that partition p filters.
func (h *history) place(p int) int32 {
	i := h.at - 2*p
	if i < 0 {
		i += h.slots
	}
	return int32(i * 3 * h.row)
}

// response is what a filter knows of the way from one reference to the microphone, in partitions of two hops' length.
type response struct {
	of    *history
	rows  []float32 // of each partition: real part, imaginary part, variance of the error
	prior []float32 // of each partition: that variance before anything is known
	at    []int32   // of each partition: the place in the history
}

// part gives the rows of a partition.
func (r *response) part(p int) (re, im, variance []float32) {
	return split(r.rows[p*3*r.of.row:], r.of.row)
}

// kalman is a partitioned-block frequency-domain Kalman filter (Kuech, Mabande, Enzner: State-Space Architecture of the
// Partitioned-Block-Based Acoustic Echo Controller, ICASSP 2014). With every bin of every partition it keeps the variance
// of its error, and so learns fast what it does not know, and slowly what it does: talk at the near end is noise to it.
// In a transform of n samples lie a hop and two hops of response, so that 3·hop ≤ n.
type kalman struct {
	fourier   *kernel.Transform
	hop       int
	fade      float32 // share of the response's power that changes with every hop
	cuts      int     // partitions a hop whose circular part is cut off
	young     int     // hops for which much is new
	turn      int
	responses []response
	noise     []float32 // power of what is no echo
	doubt     []float32 // power of the echo that the filter may have missed
	step      []float32
	yr, yi    []float32
	er, ei    []float32
	block     []float32
	impulse   []float32 // scratch of shift
}

const (
	cautious = 0.4  // of the information that a hop brings is taken: the bins of a transform are not as independent as they are taken to be
	surprise = 0.8  // least share of the error's power that is taken to be no echo
	settle   = 0.25 // weight of the newest power in the noise
	rounding = 1e-7 // power below which there is nothing to learn
	youth    = 800  // hops with an echo in which most is learnt
	early    = 4    // times as many partitions are constrained meanwhile
)

func newKalman(fourier *kernel.Transform, hop int, fade float32, cuts int) *kalman {
	f := &kalman{fourier: fourier, hop: hop, fade: fade, cuts: cuts, block: make([]float32, fourier.Len())}
	for _, s := range []*[]float32{&f.noise, &f.doubt, &f.step, &f.yr, &f.yi, &f.er, &f.ei} {
		*s = make([]float32, rowOf(fourier))
	}
	return f
}

// listen adds partitions that filter a history. Their power gain is expected to be gain at first and to fall by decay from
// one to the next.
func (f *kalman) listen(h *history, parts int, gain, decay float32) {
	r := response{of: h, rows: make([]float32, parts*3*h.row), prior: make([]float32, parts), at: make([]int32, parts)}
	for p := range r.prior {
		r.prior[p] = gain
		gain *= decay
	}
	f.responses = append(f.responses, r)
	f.impulse = make([]float32, max(len(f.impulse), 2*f.hop*parts))
	f.wonder()
}

// wonder says that nothing is sure: what was learnt may be wrong by all of it.
func (f *kalman) wonder() {
	f.young = youth
	for _, r := range f.responses {
		for p, v := range r.prior {
			_, _, variance := r.part(p)
			for k := range variance {
				variance[k] = v
			}
		}
	}
}

// estimate writes the echo that the filter expects in the newest hop.
func (f *kalman) estimate(y []float32) {
	clear(f.yr)
	clear(f.yi)
	clear(f.doubt)
	for _, r := range f.responses {
		for p := range r.at {
			r.at[p] = r.of.place(p)
		}
		kernel.Expect(f.yr, f.yi, f.doubt, r.of.rows, r.rows, r.at)
	}
	f.fourier.Inverse(f.block, f.yr, f.yi)
	copy(y, f.block[len(f.block)-f.hop:])
}

// adapt learns from the error that was left of the newest hop; settled says that hardly any was.
func (f *kalman) adapt(e []float32, settled bool) {
	f.learn(e)
	for range f.due(settled) {
		f.constrain()
	}
}

// due is the number of partitions to be constrained in a hop.
func (f *kalman) due(settled bool) int {
	if f.young--; f.young > 0 && !settled {
		return early * f.cuts
	}
	return f.cuts
}

// learn is adapt without any constraint.
func (f *kalman) learn(e []float32) {
	f.hear(e)
	for _, r := range f.responses {
		kernel.Learn(r.rows, r.of.rows, r.at, f.er, f.ei, f.step, cautious*f.share(), f.fade)
	}
}

// share is the part of a block that is new: an error of one hop is that much of a whole block's.
func (f *kalman) share() float32 { return float32(f.hop) / float32(len(f.block)) }

// hear takes the error of a hop and finds how much of it may be echo.
func (f *kalman) hear(e []float32) {
	clear(f.block[:len(f.block)-f.hop])
	copy(f.block[len(f.block)-f.hop:], e)
	f.fourier.Forward(f.er, f.ei, f.block)
	f.weigh()
}

// rest hears what is no echo, as the far side is silent.
func (f *kalman) rest(e []float32) {
	clear(f.doubt)
	f.hear(e)
}

// weigh parts the error's power into echo and noise, and sets the step.
func (f *kalman) weigh() {
	n, share := len(f.doubt), f.share()
	doubt, noise, step, er, ei := f.doubt[:n], f.noise[:n], f.step[:n], f.er[:n], f.ei[:n]
	for k := range doubt {
		d, s := doubt[k]*share, noise[k]
		e2 := er[k]*er[k] + ei[k]*ei[k]
		s += settle * (larger(e2-d, surprise*e2) - s)
		doubt[k], noise[k], step[k] = d, s, 1/(d+s+rounding)
	}
}

// constrain cuts the partition whose turn it is to its own taps, and leaves them in f.block. What Learn adds goes in a
// circle about the transform; that hardly matters once most is known.
func (f *kalman) constrain() {
	p := f.turn
	for _, r := range f.responses {
		if p < len(r.at) {
			re, im, _ := r.part(p)
			f.fourier.Cut(re, im, f.block, 2*f.hop)
			f.turn++
			return
		}
		p -= len(r.at)
	}
	f.turn = 0
	f.constrain()
}

// shift moves the response to the first history earlier by some samples, or later if by is negative.
func (f *kalman) shift(by int) {
	n, h, r := 2*f.hop, f.impulse[:0], &f.responses[0]
	for p := range r.at {
		re, im, _ := r.part(p)
		f.fourier.Inverse(f.block, re, im)
		h = append(h, f.block[:n]...)
	}
	for p := range r.at {
		clear(f.block)
		for i := range n {
			if j := n*p + i + by; j >= 0 && j < len(h) {
				f.block[i] = h[j]
			}
		}
		re, im, _ := r.part(p)
		f.fourier.Forward(re, im, f.block)
	}
}

// take takes over the first response of another filter, and its doubts too if all that was known is void.
func (f *kalman) take(g *kalman, doubts bool) {
	if doubts {
		f.young = youth
	}
	a, b := &f.responses[0], &g.responses[0]
	for p := range min(len(a.at), len(b.at)) {
		toRe, toIm, toVariance := a.part(p)
		re, im, variance := b.part(p)
		copy(toRe, re)
		copy(toIm, im)
		if doubts {
			copy(toVariance, variance)
		}
	}
}
