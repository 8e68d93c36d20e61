package ns

import (
	"math"

	"opendeskphone/audio"
	"opendeskphone/audio/band"
	"opendeskphone/audio/stft"
)

// Suppressor takes noise out of the phone's frames. Below 8 kHz an Estimator decides; what lies above follows.
type Suppressor struct {
	split      *band.Splitter
	analyze    *stft.Analyzer
	synthesize *stft.Synthesizer
	estimator  *Estimator
	high       High

	low                 [band.Len]float32
	re, im, power, gain [stft.Bins]float32
}

// NewSuppressor makes one that has heard silence.
func NewSuppressor() *Suppressor {
	return &Suppressor{split: band.New(stft.Delay), analyze: stft.NewAnalyzer(), synthesize: stft.NewSynthesizer(), estimator: New()}
}

// Delay is the time from input to output in samples of 48 kHz: 279, 5.8 ms.
func (s *Suppressor) Delay() int { return s.split.Delay() }

// Speech is the probability that someone talks, 0 to 1.
func (s *Suppressor) Speech() float32 { return s.estimator.Speech() }

// Process cleans the frame in place.
func (s *Suppressor) Process(f *audio.Frame) {
	s.split.Split(&s.low, f)
	s.analyze.Forward(s.re[:], s.im[:], s.low[:])
	for k, v := range &s.re {
		s.power[k] = v*v + s.im[k]*s.im[k]
	}
	s.estimator.Gains(s.gain[:], s.power[:], s.low[:])
	high := s.high.Gain(s.split.High(), s.power[:], s.gain[:])
	for k, g := range &s.gain {
		s.re[k] *= g
		s.im[k] *= g
	}
	s.synthesize.Inverse(s.low[:], s.re[:], s.im[:])
	s.split.Join(f, &s.low, high)
}

// High is the gain of what lies above 8 kHz. The zero value is ready.
type High struct {
	floor float32
}

const (
	top     = 160  // first bin of those that the high band follows: from 5 kHz on, where sibilants are
	excess  = 2    // floors of noise that are taken off a power
	sink    = 0.1  // of the distance by which the floor goes down in a hop
	swell   = 1.01 // by which it goes up: 4 dB/s
	nothing = 1e-9 // power of what is not worth a thought, -90 dBov
)

// Gain takes the power above 8 kHz of the next frame, and the power and the gains of the bins below. The high band gets
// the gain of the top bins together, and no more than its own noise floor allows.
func (h *High) Gain(high float32, power, gain []float32) float32 {
	var before, after float32
	for k := top; k < stft.Bins; k++ {
		before += power[k]
		after += power[k] * gain[k] * gain[k]
	}
	high += nothing
	switch {
	case !(h.floor > 0 && h.floor < 1):
		h.floor = high
	case high < h.floor:
		h.floor += sink * (high - h.floor)
	default:
		h.floor *= swell
	}
	share := min(1-excess*h.floor/high, (after+nothing)/(before+nothing))
	share = max(share, least*least*min(h.floor/high, 1))
	if !(share >= 0) { // no number: what came in was none
		return least
	}
	return float32(math.Sqrt(float64(share)))
}
