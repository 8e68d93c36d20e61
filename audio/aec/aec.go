// Package aec takes the echo of the loudspeaker out of what the microphone hears, at 16 kHz and in steps of 10 ms.
//
//	far ─ reference ─ x ─┬────────────── filters ─ y ─┐
//	       ^    ^        └ distortion ────┘           │
//	     lag   pace                                   v
//	mic ─────────────────────────────────────────── mic−y = e ─ spectrum × gains + comfort noise ─ out
//
// The echo comes late, and sound cards have clocks of their own: a finder sets the lag, a jumper corrects it when a card
// loses samples, and the drift between the two sides sets the pace, so that the filters see an echo that stands still.
// Two filters learn. The slow one gives the estimate; it is not moved by talk at the near end. The fast one is there
// for the moment when the path changes: as soon as it leaves clearly less, the slow one takes over what it knows.
//
// What the filters leave is taken out in frequency. While the far side alone talks, all of it goes, and comfort noise
// fills its place; while somebody talks at the near end, hardly anything does: the filters have done the work.
package aec

import (
	"opendeskphone/audio/kernel"
	"opendeskphone/audio/stft"
)

const (
	Rate  = stft.Rate  // sample rate in Hz
	Hop   = stft.Hop   // samples of a step
	Delay = stft.Delay // samples by which the output lags, 4 ms

	size = stft.Len
	bins = stft.Bins

	tail = 16  // partitions of 20 ms: the room is heard for 320 ms
	main = 12  // of which the fast filter learns the first 240 ms
	bend = 2   // and the loudspeaker's distortion for 40 ms
	lead = 128 // samples of the response before its strongest tap

	inaudible = 1e-7 // power of a far side that says nothing, -70 dBov
)

type spectrum = [bins]float32

// A Shaper has a say in the gains of a spectrum: noise suppression. It is given the power spectrum and the samples that
// are new in it, and writes a gain for every bin.
type Shaper interface {
	Gains(gain, power, newest []float32)
}

// Canceller takes the echo out of one microphone. It belongs to one goroutine.
type Canceller struct {
	ref     reference
	finder  *finder
	jumper  *jumper
	drift   drift
	steady  int  // hops for which the finder has been sure of the same lag
	seen    int  // that lag
	aligned bool // the finder has been believed once
	wait    int  // hops in which the finder is not yet up to date
	silent  int  // hops for which the far side has said nothing
	deaf    deafness

	hist       *history
	distortion distortion
	slow, fast *kalman
	rivalry    rivalry
	x, y, e, z [Hop]float32

	left, model    *stft.Analyzer
	out            *stft.Synthesizer
	er, ei, yr, yi spectrum
	e2, y2         spectrum
	residual       *residual
	shaper         Shaper
	shape          spectrum
	seed           uint32
}

// New makes a Canceller. shaper may be nil.
func New(shaper Shaper) *Canceller {
	fourier := kernel.NewTransform(size)
	c := &Canceller{finder: newFinder(), jumper: newJumper(), hist: newHistory(fourier, Hop, tail),
		left: stft.NewAnalyzer(), model: stft.NewAnalyzer(), out: stft.NewSynthesizer(), residual: newResidual(),
		shaper: shaper, seed: 1}
	c.ref.pos = -reach
	c.distortion = newDistortion(fourier)
	c.slow = newKalman(fourier, Hop, 1e-6, 2)
	c.fast = newKalman(fourier, Hop, 5e-3, 2)
	c.slow.listen(c.hist, tail, 1, 0.4)
	c.fast.listen(c.hist, main, 1, 0.4)
	c.slow.listen(c.distortion.odd, bend, 1e-5, 1)
	c.slow.listen(c.distortion.even, bend, 1e-5, 1)
	for k := range c.shape {
		c.shape[k] = 1
	}
	return c
}

// Process takes the next Hop samples that went to the loudspeaker and those that the microphone heard meanwhile, and
// puts the clean ones in the place of the latter.
func (c *Canceller) Process(far, mic []float32) {
	sane(far)
	sane(mic)
	c.ref.write(far)
	played := energy(far)
	if c.silent++; played > inaudible*Hop {
		c.silent = 0
	}
	c.deaf.see(played/Hop, energy(mic)/Hop)
	switch {
	case c.silent > kept/Hop:
		c.rest(mic)
	case c.deaf.is:
		c.listen(far, mic)
	default:
		c.follow(far, mic)
	}
	c.finish(mic)
}

// resting says whether there is no echo: all that is kept of the far side is silence, or the microphone does not hear it.
func (c *Canceller) resting() bool { return c.silent > kept/Hop || c.deaf.is }

// listen looks for an echo where there was none, and wakes the filters when one comes.
func (c *Canceller) listen(far, mic []float32) {
	nothing := energy(mic)/Hop < unlike*c.deaf.before
	c.finder.process(far, mic, nothing)
	if c.steady++; nothing || !c.finder.sure() {
		c.steady = 0
	}
	c.rest(mic)
	c.residual.alone = 0
	if c.steady >= soon {
		c.deaf, c.aligned, c.steady = deafness{}, false, 0
		c.rebuild()
		for _, f := range [...]*kalman{c.slow, c.fast} {
			f.wonder()
		}
	}
}

// rest is what is left to do while there is no echo: the filters listen to the near end, that they know what it is when
// the far side talks again.
func (c *Canceller) rest(mic []float32) {
	c.ref.skip(Hop)
	clear(c.y[:])
	clear(c.y2[:])
	copy(c.e[:], mic)
	c.slow.rest(c.e[:])
	copy(c.fast.noise, c.slow.noise)
	c.jumper.forget()
}

// follow takes off what the filters expect, and lets all learn.
func (c *Canceller) follow(far, mic []float32) {
	c.finder.process(far, mic, c.aligned && c.rivalry.settled())
	c.align()
	c.ref.read(c.x[:])
	c.hist.push(c.x[:])
	c.distortion.push(c.x[:])

	c.slow.estimate(c.y[:])
	subtract(c.e[:], mic, c.y[:])
	c.slow.adapt(c.e[:], c.rivalry.settled())
	c.compete(mic)
	c.jumper.push(c.y[:], mic, c.finder.mic[:])
	if c.rivalry.slow < useful*c.rivalry.heard {
		return
	}
	if by := c.jumper.look(); by != 0 && c.ref.lag()+float64(by) > Hop+reach {
		c.jump(by)
	}
}

// sane silences what is no sound: it would stay in the filters for good.
func sane(x []float32) {
	if e := energy(x); !(e < 4*Hop) {
		clear(x)
	}
}

func subtract(d, a, b []float32) {
	for i := range d {
		d[i] = a[i] - b[i]
	}
}

// finish takes out what is left.
func (c *Canceller) finish(out []float32) {
	c.left.Forward(c.er[:], c.ei[:], c.e[:])
	power(&c.e2, &c.er, &c.ei)
	if !c.resting() {
		c.model.Forward(c.yr[:], c.yi[:], c.y[:])
		power(&c.y2, &c.yr, &c.yi)
	}
	if !c.deaf.is {
		c.residual.see(&c.e2, &c.y2, c.slow.doubt)
	}
	if !c.resting() {
		c.keepPace(c.drift.lag(&c.er, &c.ei, &c.yr, &c.yi, &c.residual.power))
	}
	if c.shaper != nil {
		c.shaper.Gains(c.shape[:], c.e2[:], c.e[:])
	}
	gain := &whole
	if !c.deaf.is {
		gain = c.residual.gains()
	}
	c.apply(gain)
	c.out.Inverse(out, c.er[:], c.ei[:])
}

// whole are the gains where nothing is to be taken out.
var whole = func() (g spectrum) {
	for k := range g {
		g[k] = 1
	}
	return g
}()

func power(p, re, im *spectrum) {
	for k, r := range re {
		p[k] = r*r + im[k]*im[k]
	}
}

// apply takes the gains, and puts comfort noise in the place of what goes. Its random numbers, between -1 and 1, are
// Numerical Recipes' linear congruences.
func (c *Canceller) apply(gain *spectrum) {
	er, ei, shape, noise, seed := &c.er, &c.ei, &c.shape, &c.residual.noise, c.seed
	for k, g := range gain {
		s := shape[k]
		n := s * root(noise[k]*(1-g*g)) * (1.0 / (1 << 31))
		g *= s
		a := seed*1664525 + 1013904223
		seed = a*1664525 + 1013904223
		er[k] = er[k]*g + n*float32(int32(a))
		ei[k] = ei[k]*g + n*float32(int32(seed))
	}
	c.seed = seed
}

// Linear is what the filters left of the last step, before anything was suppressed: without Delay, valid until the next.
func (c *Canceller) Linear() []float32 { return c.e[:] }

// Alone says how sure it is that the far side alone talks, 0 to 1.
func (c *Canceller) Alone() float32 { return c.residual.alone }

// Drift is by how many parts in a million the loudspeaker's clock is slower than the microphone's.
func (c *Canceller) Drift() float64 { return c.ref.ppm }
