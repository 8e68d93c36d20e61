// Package selftest judges a microphone and a loudspeaker by what the one hears of the other.
package selftest

import (
	"math"

	"opendeskphone/audio"
)

// Verdict is what a test comes to.
type Verdict int

// Verdicts, the worst cause first: a dead microphone hears nothing at all; a clipped one hears more than it can tell; in
// noise nothing can be said; a silent loudspeaker is not heard by a microphone that hears the room.
const (
	Dead Verdict = iota
	Clipped
	TooNoisy
	Silent
	Works
)

// String is the verdict in a word or two, for logs.
func (v Verdict) String() string {
	return [...]string{"dead", "clipped", "too noisy", "silent", "works"}[v]
}

// Result is the verdict and the levels it rests on, in dBov.
type Result struct {
	Verdict Verdict
	Noise   float64 // of the quiet
	Tone    float64 // of the tone
}

const (
	deaf   = -96.0 // dBov; below this a 16-bit converter says nothing
	loud   = -35.0 // dBov of noise in which no test is fair
	clear  = 10.0  // dB by which the tone must stand over what the quiet has at its frequency
	full   = 0.99  // of full scale; samples there count as clipped...
	rarely = 1000  // ...if more than one of so many is
)

// Judge takes a recording of quiet and one, as long and no shorter than 0.1 s, in which the loudspeaker plays a tone of
// so many Hz.
func Judge(quiet, played []audio.Frame, hz float64) Result {
	floor, tone := at(quiet, hz), at(played, hz)
	r := Result{Noise: power(quiet), Tone: tone}
	switch {
	case r.Noise < deaf && power(played) < deaf:
		r.Verdict = Dead
	case clipped(played):
		r.Verdict = Clipped
	case r.Noise > loud:
		r.Verdict = TooNoisy
	case tone < floor+clear:
		r.Verdict = Silent
	default:
		r.Verdict = Works
	}
	return r
}

// power is that of all frames without their mean: an offset is no sound.
func power(frames []audio.Frame) float64 {
	var sum, squares float64
	for i := range frames {
		for _, v := range frames[i] {
			sum += float64(v)
			squares += float64(v) * float64(v)
		}
	}
	n := float64(max(len(frames), 1) * audio.FrameLen)
	return decibels(squares/n - sum/n*sum/n)
}

// at is the level of what the frames hold at a frequency.
func at(frames []audio.Frame, hz float64) float64 {
	var re, im float64
	for i := range frames {
		for j, v := range frames[i] {
			s, c := math.Sincos(2 * math.Pi * hz * float64(i*audio.FrameLen+j) / audio.Rate)
			re, im = re+float64(v)*c, im+float64(v)*s
		}
	}
	n := float64(max(len(frames), 1) * audio.FrameLen)
	return decibels(2 * (re*re + im*im) / (n * n))
}

func clipped(frames []audio.Frame) bool {
	n := 0
	for i := range frames {
		for _, v := range frames[i] {
			if v >= full || v <= -full {
				n++
			}
		}
	}
	return n*rarely > len(frames)*audio.FrameLen
}

func decibels(power float64) float64 { return 10 * math.Log10(max(power, 1e-15)) }
