package tone

import (
	"math"

	"opendeskphone/audio"
)

const (
	maxPartials = 6
	ramp        = int(edge * audio.Rate) // samples
	sineBits    = 11
	inaudible   = 2e-4 // amplitude below which a voice ends
)

// sine is a period of a sine and one value more to interpolate to.
var sine = func() (t [1<<sineBits + 1]float32) {
	for i := range t {
		t[i] = float32(math.Sin(2 * math.Pi * float64(i) / (1 << sineBits)))
	}
	return t
}()

// voice sounds one note.
type voice struct {
	on     bool
	wait   int   // samples into the frame until it starts
	age    int   // samples since it started
	attack int   // samples
	end    int64 // age at which it is silent again
	tail   int   // samples left of a release, 0 if not released
	n      int
	osc    [maxPartials]oscillator
}

type oscillator struct {
	phase, inc uint32 // of a turn of 2^32
	amp, decay float32
}

// start begins a note; a voice still sounding is cut, which happens only when all are in use.
func (v *voice) start(n *note, wait int, gain float64) {
	*v = voice{on: true, wait: wait, attack: max(int(n.attack*audio.Rate), ramp), end: math.MaxInt64}
	if !math.IsInf(n.length, 1) {
		v.end = max(samples(n.length), int64(2*ramp))
	}
	for _, p := range n.partials[:min(len(n.partials), maxPartials)] {
		o := oscillator{
			inc: uint32(p.hz / audio.Rate * (1 << 32)), decay: 1,
			amp: float32(gain * math.Pow(10, p.level/20)),
		}
		if p.half > 0 {
			o.decay = float32(math.Exp2(-1 / (p.half * audio.Rate)))
		}
		v.osc[v.n] = o
		v.n++
	}
}

// release lets the voice fade out, from the place in its own fade where it is.
func (v *voice) release() {
	if v.on && v.tail == 0 {
		v.tail = ramp
	}
}

// add sounds for one frame.
func (v *voice) add(f *audio.Frame) {
	i := v.wait
	v.wait = 0
	for ; i < len(f); i++ {
		var sum float32
		loud := float32(0)
		for k := range v.osc[:v.n] {
			o := &v.osc[k]
			at := o.phase >> (32 - sineBits)
			frac := float32(o.phase<<sineBits) * (1.0 / (1 << 32))
			sum += o.amp * (sine[at] + frac*(sine[at+1]-sine[at]))
			o.phase += o.inc
			o.amp *= o.decay
			loud = max(loud, o.amp)
		}
		f[i] += sum * v.envelope()
		v.age++
		if v.tail > 0 {
			v.tail--
			v.on = v.tail > 0
		}
		if !v.on || int64(v.age) >= v.end || loud < inaudible {
			v.on = false
			return
		}
	}
}

// envelope is the gain at the present age: a rise, a fall before the end, and that of a release.
func (v *voice) envelope() float32 {
	g := float32(1)
	if v.age < v.attack {
		g = bend(float32(v.age) / float32(v.attack))
	}
	if left := v.end - int64(v.age); left < int64(ramp) {
		g *= bend(float32(left) / float32(ramp))
	}
	if v.tail > 0 {
		g *= bend(float32(v.tail) / float32(ramp))
	}
	return g
}

// bend makes a straight ramp an S: 3x²-2x³.
func bend(x float32) float32 { return x * x * (3 - 2*x) }
