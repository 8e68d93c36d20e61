package score

import (
	"math"

	"opendeskphone/tools/voicebench/dsp"
)

// NearBand is what the measures of the near end look at: high-pass filters are no fault.
func NearBand(x []float64, rate int) []float64 { return dsp.Band(x, rate, 200, 0.44*float64(rate)) }

// Latency is the number of samples, up to 120 ms, by which out lags ref, and 0 if ref is hardly in it.
func Latency(out, ref []float64, rate int) int {
	c := dsp.Correlate(out, ref, 0, rate*12/100-1)
	best := 0
	for lag, v := range c {
		if math.Abs(v) > math.Abs(c[best]) {
			best = lag
		}
	}
	if math.Abs(c[best]) < 0.2*math.Sqrt(dsp.Energy(out)*dsp.Energy(ref)+1e-20) {
		return 0
	}
	return best
}

// Advance gives x without its first n samples, as long as before.
func Advance(x []float64, n int) []float64 {
	out := make([]float64, len(x))
	copy(out, x[n:])
	return out
}

// taps of the filter between reference and output that counts as no distortion: linear colouring of 4 ms either way at 16 kHz.
const taps = 128

// SDR is the ratio in dB of what in out comes of ref, through the best short filter, to the rest.
func SDR(out, ref []float64) float64 {
	t := Fit(out, ref)
	return ratio(t, out)
}

func ratio(part, whole []float64) float64 {
	rest := 0.0
	for i, v := range whole {
		rest += (v - part[i]) * (v - part[i])
	}
	return 10 * math.Log10((dsp.Energy(part)+1e-20)/(rest+1e-20))
}

// Fit is the part of out that a short filter makes of ref.
func Fit(out, ref []float64) []float64 {
	early := Advance(ref, taps/2)
	r := dsp.Correlate(early, early, 0, taps-1)
	r[0] *= 1 + 1e-6
	return dsp.Convolve(early, levinson(r, dsp.Correlate(out, early, 0, taps-1)))
}

// levinson solves the symmetric Toeplitz system whose first row is r (N. Levinson 1946).
func levinson(r, y []float64) []float64 {
	n := len(r)
	x, b := make([]float64, n), make([]float64, n)
	b[0] = 1 / r[0]
	x[0] = y[0] / r[0]
	for m := 1; m < n; m++ {
		// b solves for the first unit vector, its mirror image for the last.
		miss, wrong := 0.0, 0.0
		for i := range m {
			miss += r[m-i] * b[i]
			wrong += r[m-i] * x[i]
		}
		scale := 1 / (1 - miss*miss)
		next := make([]float64, m+1)
		for i := range next {
			if i < m {
				next[i] += scale * b[i]
			}
			if i > 0 {
				next[i] -= scale * miss * b[m-i]
			}
		}
		copy(b, next)
		for i := range m + 1 {
			x[i] += (y[m] - wrong) * b[m-i]
		}
	}
	return x
}

// NearLoss is the loss of the near end in dB in each piece of 50 ms in which it speaks within 20 dB of its loudest: the projection of out
// on near.
func NearLoss(out, near []float64, rate int) []float64 {
	n := rate / 20
	var loss []float64
	for i, speaks := range within(dsp.Powers(near, n), 20) {
		if speaks {
			x, y := near[i*n:(i+1)*n], out[i*n:(i+1)*n]
			loss = append(loss, -20*math.Log10(max(math.Abs(dsp.Dot(x, y)/dsp.Energy(x)), 1e-4)))
		}
	}
	return loss
}

// Event is what became of the near end when the echo changed while both talked.
type Event struct {
	SDR      float64 // over the 2 s that follow, dB
	Loss     float64 // of the near end, over the same, dB
	Recovery float64 // seconds until the SDR over 0.5 s is within 3 dB of its median before, for 1 s; +Inf: never
}

// After measures the event at a time in seconds.
func After(out, near []float64, rate int, at float64) Event {
	from, to := int(at*float64(rate)), min(int((at+2)*float64(rate)), len(out))
	e := Event{SDR(out[from:to], near[from:to]), Median(NearLoss(out[from:to], near[from:to], rate)), math.Inf(1)}
	level, speaks := course(out, near, rate)
	event := int(10 * at)
	var before []float64
	for i := max(0, event-45); i < event-5; i++ {
		if speaks[i] {
			before = append(before, level[i])
		}
	}
	wanted := Median(before) - 3
	for i := event; i+10 < len(level); i++ {
		if holds(level[i:i+10], speaks[i:i+10], wanted) {
			e.Recovery = (float64(i) - 10*at) / 10
			break
		}
	}
	return e
}

// course is the SDR over the next 0.5 s, every tenth of a second, and whether the near end speaks in it.
func course(out, near []float64, rate int) (level []float64, speaks []bool) {
	t := Fit(out, near)
	rest := make([]float64, len(out))
	for i := range rest {
		rest[i] = out[i] - t[i]
	}
	sum := func(p []float64) []float64 {
		s := make([]float64, len(p))
		for i := range s {
			for _, v := range p[i:min(i+5, len(p))] {
				s[i] += v * float64(rate/10)
			}
		}
		return s
	}
	wanted, wrong := sum(dsp.Powers(t, rate/10)), sum(dsp.Powers(rest, rate/10))
	for i := range wanted {
		level = append(level, dsp.DB(wanted[i])-dsp.DB(wrong[i]))
	}
	return level, within(wanted, 20)
}

func holds(level []float64, speaks []bool, wanted float64) bool {
	any := false
	for i, l := range level {
		if speaks[i] && l < wanted {
			return false
		}
		any = any || speaks[i]
	}
	return any
}
