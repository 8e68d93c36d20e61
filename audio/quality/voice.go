package quality

import (
	"math"
	"sync/atomic"

	"opendeskphone/audio"
)

// DBm0 is the level in dBm0 of a sound of 0 dBFS: a sine of full scale, 3.01 dB below, has +3.14 dBm0
// (ITU-T G.711 §1).
const DBm0 = 3.14 + 3.01

// Levels are what a Voice has measured. A level that is not known yet is 0.
type Levels struct {
	Now     float64 // of the last tenth of a second, dBFS, audio.Silence at least
	Speech  float64 // while somebody speaks, dBm0; a voice has -15 to -20 (RFC 3611 §4.7.4)
	Noise   float64 // between the words, dBm0
	Clipped float64 // share of the samples at full scale, 0..1, of late
}

const (
	block   = 10   // frames of a measurement
	over    = 9.   // dB above the noise from which on a block is speech
	least   = -55. // dBFS that speech has
	nothing = -90. // dBFS below which there is no sound but digital silence
	creep   = 0.2  // dB a block by which the noise is taken to grow: 2 dB/s
	sure    = 10   // blocks of speech, or of noise, until the level is told
	memory  = 1. / 3 / block
	full    = 0.998 // of full scale: one step of 8 bit companded sound below it
)

// Voice measures the levels of one voice. One goroutine adds frames, which never allocates or waits;
// Levels may be asked from any.
type Voice struct {
	energy  float64
	top     int
	frames  int
	started bool
	noise   float64 // dBFS
	speech  float64 // mean power
	spoken  int     // blocks
	heard   int     // blocks that were no digital silence
	clipped float64

	out [4]atomic.Uint64 // power of the last block, speech, noise, clipped
}

// Add takes the next frame.
func (v *Voice) Add(f *audio.Frame) {
	var sum float32
	top := 0
	for _, s := range f {
		p := s * s
		sum += p
		if p > full*full {
			top++
		}
	}
	v.energy += float64(sum)
	v.top += top
	if v.frames++; v.frames == block {
		v.take(v.energy/(block*audio.FrameLen), float64(v.top)/(block*audio.FrameLen))
		v.energy, v.top, v.frames = 0, 0, 0
	}
}

// take enters a block of some power and share of samples at full scale.
func (v *Voice) take(power, top float64) {
	level := levelOf(power)
	var speech, noise, clipped float64
	if level > nothing {
		v.track(level, power)
		v.clipped += memory * (top - v.clipped)
	}
	if v.spoken >= sure {
		speech, clipped = 10*math.Log10(v.speech)+DBm0, v.clipped
	}
	if v.heard >= sure {
		noise = v.noise + DBm0
	}
	for i, x := range [...]float64{power, speech, noise, clipped} {
		v.out[i].Store(math.Float64bits(x))
	}
}

// track follows the noise, down at once and up slowly, and the speech above it.
func (v *Voice) track(level, power float64) {
	v.heard++
	if !v.started || level < v.noise {
		v.started, v.noise = true, level
	} else {
		v.noise = min(level, v.noise+creep)
	}
	if level < least || level < v.noise+over {
		return
	}
	v.spoken++
	v.speech += max(memory, 1/float64(v.spoken)) * (power - v.speech)
}

// Levels gives the levels as of the last whole tenth of a second.
func (v *Voice) Levels() Levels {
	at := func(i int) float64 { return math.Float64frombits(v.out[i].Load()) }
	return Levels{Now: levelOf(at(0)), Speech: at(1), Noise: at(2), Clipped: at(3)}
}

func levelOf(power float64) float64 {
	if power == 0 {
		return audio.Silence
	}
	return max(audio.Silence, 10*math.Log10(power))
}
