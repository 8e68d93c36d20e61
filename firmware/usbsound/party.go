// Package usbsound is the phone as the PC's sound device and telephone: what the PC plays and hears is a party of
// the audio engine, its softphone's lamps and the phone's keys are carried over the HID interfaces, and the volumes
// of both go together.
//
//	PC plays   -> card (PC's clock) -> skew -> ring -> Pull -> engine (phone's clock)
//	PC records <- card              <- ring <- skew <- Push <-
//
// Two clocks meet in the rings: crystals differ by up to some 100 ppm, and what one side makes too much would pile
// up or run dry within minutes. How full each ring stands tells the difference; a resampler makes a little more or
// less of the sound, so that nothing is ever dropped or repeated.
package usbsound

import (
	"sync/atomic"

	"opendeskphone/audio"
	"opendeskphone/audio/resample"
)

const (
	// target is what a ring holds between the clocks, in samples: 25 ms, so that neither side's jitter empties it.
	target = 1200
	// tooFull is what is cut off: more than this is delay that came at once, such as a stall of the PC.
	tooFull = 4 * target
)

// Party is the PC's sound as a party of the engine. Pull and Push come from the audio goroutine, play and record from the
// goroutine of the PC's card.
type Party struct {
	toEar, toPC way
	on          atomic.Bool // the PC streams
	deaf, dumb  atomic.Bool // muted on the PC: its playback, its recording
	ear, mouth  audio.Meter // of what it plays, and of what it hears

	// Of the card's goroutine: its rate, if that is not ours.
	up, down  *resample.Resampler
	piece     audio.Frame
	atRate    []float32
	converted []float32
}

// way is one direction between the clocks. The writer trims, so that the reader's side is a plain copy.
type way struct {
	ring   ring
	trim   *resample.Resampler
	out    []float32
	servo  servo
	primed atomic.Bool // the reserve has come together

	gaps atomic.Uint64 // times the reader found less than it needed, once primed
	cuts atomic.Uint64 // times delay was cut off
}

// NewParty makes the party; it is silent until the PC streams.
func NewParty() *Party { return &Party{} }

// Stats says how the clocks meet.
type Stats struct {
	GapsToEar, GapsToPC uint64  // times a frame was not whole
	Cuts                uint64  // times delay was cut off
	DriftPPM            float64 // by which the PC's clock is faster, as trimmed
	DelayMs             float64 // of what the PC plays, in the ring
}

// Stats gives the figures since the start.
func (p *Party) Stats() Stats {
	return Stats{GapsToEar: p.toEar.gaps.Load(), GapsToPC: p.toPC.gaps.Load(), Cuts: p.toEar.cuts.Load() + p.toPC.cuts.Load(),
		DriftPPM: -p.toEar.servo.skew(), DelayMs: float64(p.toEar.ring.fill()) / audio.Rate * 1000}
}

// Pull implements engine.Party.
func (p *Party) Pull(f *audio.Frame) {
	p.toEar.take(f[:], p.on.Load())
	if p.deaf.Load() {
		f.Clear()
	}
	p.ear.Add(f)
}

// Levels tells how loud the PC plays, and what it hears, in dBFS; false: it does not stream.
func (p *Party) Levels() (played, heard float64, streams bool) {
	return p.ear.Level(), p.mouth.Level(), p.on.Load()
}

// Push implements engine.Party.
func (p *Party) Push(f *audio.Frame) {
	if !p.on.Load() {
		return
	}
	if p.dumb.Load() {
		f = &silence
	}
	p.mouth.Add(f)
	p.toPC.give(f[:])
}

var silence audio.Frame

// exchange is 10 ms of the card at the PC's clock: it takes what the PC plays, and fills what it is to hear.
func (p *Party) exchange(played, heard []int16) {
	n := toFloat(p.atRate, played)
	in := p.atRate[:n]
	if p.up != nil {
		in = p.up.Process(p.converted[:0], in)
	}
	p.toEar.give(in)
	p.toPC.take(p.piece[:], true)
	out := p.piece[:]
	if p.down != nil {
		out = p.down.Process(p.converted[:0], out)
	}
	toInt(heard, out)
}

// begin begins to stream with a card of so many Hz; end ends it. Both belong to the goroutine of the card.
func (p *Party) begin(rate int) {
	p.up, p.down, p.atRate = nil, nil, make([]float32, rate/100)
	if rate != audio.Rate {
		p.up, p.down = resample.New(rate, audio.Rate), resample.New(audio.Rate, rate)
		p.converted = make([]float32, 0, max(p.up.Max(rate/100), p.down.Max(audio.FrameLen)))
	}
	for _, w := range []*way{&p.toEar, &p.toPC} {
		if w.trim == nil { // many a phone has no PC
			w.trim = resample.New(audio.Rate, audio.Rate)
			w.out = make([]float32, 0, w.trim.Max(2*audio.FrameLen)+8)
		}
		w.primed.Store(false)
		w.servo.restart()
	}
	p.on.Store(true)
}

func (p *Party) end() { p.on.Store(false) }

// mute follows the PC's switches of loudspeaker and microphone.
func (p *Party) mute(speaker, microphone bool) {
	p.deaf.Store(speaker)
	p.dumb.Store(microphone)
}

// give puts sound in, a little more or less of it than it is.
func (w *way) give(s []float32) {
	w.trim.Skew(w.servo.next(w.ring.fill()))
	w.ring.put(w.trim.Process(w.out[:0], s))
}

// take fills s. Until the reserve has come together, and where too little is there, it is silent.
func (w *way) take(s []float32, on bool) {
	fill := w.ring.fill()
	switch {
	case !on:
		w.ring.skip(fill)
		clear(s)
		return
	case fill > tooFull:
		w.ring.skip(fill - target)
		w.cuts.Add(1)
	case !w.primed.Load() && fill < target:
		clear(s)
		return
	}
	w.primed.Store(true)
	if n := w.ring.get(s); n < len(s) {
		clear(s[n:])
		w.gaps.Add(1)
		w.primed.Store(false)
	}
}

func toFloat(dst []float32, src []int16) int {
	n := min(len(dst), len(src))
	for i, v := range src[:n] {
		dst[i] = float32(v) / 32768
	}
	return n
}

func toInt(dst []int16, src []float32) {
	for i := range dst {
		v := float32(0)
		if i < len(src) {
			v = src[i] * 32768
		}
		switch {
		case v >= 32767:
			dst[i] = 32767
		case v <= -32768:
			dst[i] = -32768
		case v >= 0:
			dst[i] = int16(v + 0.5)
		default:
			dst[i] = int16(v - 0.5)
		}
	}
}
