// Package resample changes the sample rate of a stream by a polyphase filter, with any ratio and a
// ratio that may be trimmed while it runs, as clocks of two sound cards need.
package resample

// Resampler converts one stream.
type Resampler struct{}

// New makes a resampler from in to out Hz (4000..192000, ratio at most 24).
func New(in, out int) *Resampler { return &Resampler{} }

// Skew trims the ratio: ppm > 0 makes more output, for a consumer whose clock runs fast (-5000..5000).
func (r *Resampler) Skew(ppm float64) {}

// Process appends what src yields to dst. With no skew and a src of 10 ms, it is exactly 10 ms.
// It does not allocate when dst has room for Max(len(src)) more.
func (r *Resampler) Process(dst, src []float32) []float32 { return dst }

// Max is the largest number of samples that n input samples can yield.
func (r *Resampler) Max(n int) int { return 0 }

// Reset forgets the past.
func (r *Resampler) Reset() {}
