// Package resample changes the sample rate of a stream by a polyphase filter, with any ratio and a
// ratio that may be trimmed while it runs, as the clocks of two sound cards need.
package resample

import "math"

const (
	// fine is the number of bits to which a position between two phases of the filter is known; it
	// bounds Skew's resolution to far below a part in a billion.
	fine = 32
	// minPhases keeps the error of interpolating linearly between two phases of the filter below
	// (π/256)²/8, that is -94 dB.
	minPhases = 256
)

// Resampler converts one stream. It is linear-phase: all frequencies are delayed by Delay.
type Resampler struct {
	in, out int
	bank    *bank

	unit uint64 // one input sample: phases << fine
	step uint64 // from one output sample to the next, with skew, in the same units
	pos  uint64 // of the next output sample, relative to the history's first

	hist []float32 // the newest samples; the filter looks at taps of them
	fill int
}

// New makes a resampler from in to out Hz. Rates are held to 4000..192000.
func New(in, out int) *Resampler {
	in, out = min(max(in, 4000), 192000), min(max(out, 4000), 192000)
	g := gcd(in, out)
	r := &Resampler{in: in, out: out, bank: bankOf(in/g, out/g)}
	r.unit = uint64(r.bank.phases) << fine
	// room for the filter and a block of the caller's; longer blocks are taken in pieces
	r.hist = make([]float32, r.bank.taps+in/50+8)
	r.Skew(0)
	r.Reset()
	return r
}

// Skew trims the ratio: ppm > 0 makes more output, for a consumer whose clock runs fast. It is held
// to ±5000.
func (r *Resampler) Skew(ppm float64) {
	ppm = min(max(ppm, -5000), 5000)
	r.step = uint64(math.Round(float64(r.unit) * float64(r.in) / float64(r.out) / (1 + ppm*1e-6)))
}

// Delay is the time by which the output lags, in seconds.
func (r *Resampler) Delay() float64 { return float64(r.bank.taps) / 2 / float64(r.in) }

// Reset forgets the past: the stream begins anew out of silence.
func (r *Resampler) Reset() {
	clear(r.hist)
	// A full filter of silence lies before the first sample, so that n input samples yield n·out/in at once.
	r.fill, r.pos = r.bank.taps-1, 0
}

// Max is the largest number of samples that n input samples can yield.
func (r *Resampler) Max(n int) int {
	return int(float64(n)*float64(r.out)/float64(r.in)*1.006) + 2
}

// Process appends what src yields to dst. With no skew, 10 ms of src (if that is a whole number of
// samples) yield exactly 10 ms. It does not allocate when dst has room for Max(len(src)) more.
func (r *Resampler) Process(dst, src []float32) []float32 {
	for len(src) > 0 {
		n := copy(r.hist[r.fill:], src)
		src = src[n:]
		r.fill += n
		dst = r.drain(dst)
	}
	return dst
}

// drain makes all output that the history allows, and moves what is still needed to its front.
func (r *Resampler) drain(dst []float32) []float32 {
	taps := r.bank.taps
	base := 0
	for {
		for r.pos >= r.unit {
			r.pos -= r.unit
			base++
		}
		if base+taps > r.fill {
			break
		}
		dst = append(dst, r.bank.at(int(r.pos>>fine), uint32(r.pos), r.hist[base:base+taps]))
		r.pos += r.step
	}
	base = min(base, r.fill)
	copy(r.hist, r.hist[base:r.fill])
	r.fill -= base
	return dst
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
