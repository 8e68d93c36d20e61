// Package audio is the vocabulary of samples: one frame format for the whole phone, and the
// measures that speak about it. It knows nothing of calls, networks or sound cards.
package audio

import (
	"math"
	"unsafe"
)

const (
	// Rate is the sample rate of every Frame in Hz. Full band, so that Opus and the PC's music keep their treble.
	Rate = 48000
	// FrameLen is the number of samples of a Frame: 10 ms.
	FrameLen = 480
)

// Frame is 10 ms of mono sound at 48 kHz; full scale is ±1. It is an array: it has no length to
// check, no format to negotiate, cannot be nil and is not aliased by assignment.
type Frame [FrameLen]float32

// Samples is frames as one run of samples; nothing is copied.
func Samples(f []Frame) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(f))), len(f)*FrameLen)
}

// Node changes a frame in place. It never blocks and never allocates.
type Node interface{ Process(f *Frame) }

// Silence is the level of a frame of zeros, in dBFS.
const Silence = -127.0

// Level gives the root mean square of a frame in dBFS (a full-scale square wave is 0 dBFS), not
// below Silence.
func (f *Frame) Level() float64 {
	var sum float64
	for _, v := range f {
		sum += float64(v) * float64(v)
	}
	if sum == 0 {
		return Silence
	}
	return math.Max(Silence, 10*math.Log10(sum/FrameLen))
}

// Clear makes the frame silent.
func (f *Frame) Clear() { *f = Frame{} }

// Add mixes g into f without limiting; whoever leaves the float domain limits.
func (f *Frame) Add(g *Frame) {
	for i := range f {
		f[i] += g[i]
	}
}

// Scale multiplies the frame by gain.
func (f *Frame) Scale(gain float32) {
	for i := range f {
		f[i] *= gain
	}
}

// Gain turns decibels into a factor.
func Gain(dB float64) float32 { return float32(math.Pow(10, dB/20)) }
