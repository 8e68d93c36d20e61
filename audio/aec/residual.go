package aec

import (
	"math"

	"opendeskphone/audio/stft"
)

const (
	bands  = 32 // of 8 bins, 250 Hz
	width  = (bins - 1) / bands
	levels = 5 // of the far side, each three times as loud as the one before: loudspeakers distort more when loud

	hold     = 0.8  // of the echo's power that is still in the room a hop later: at most a reverberation time of 0.6 s
	spread   = 0.05 // of the echo's mean power that distortion may bring to any bin
	quietest = 3e-5 // power of the noise that is expected, before it is known
	first    = 0.01 // share of the echo that is expected to be left, before it is known
	renewed  = 0.03 // and after the path has changed: what was learnt of it in a hurry leaves more
	downward = 0.15 // of the way, in octaves of power, on which what is left less is followed
	upward   = 0.1  // and more
	outlier  = 2    // octaves of power above what is expected where talk begins
	certain  = 0.9  // octaves above what is expected, as a mean over the bands, below which nobody talks
	talking  = 1.9  // and above which somebody does
	onset    = 0.5  // of the way in a hop on which that mean is followed upwards
	linger   = 0.08 // and downwards: talk has gaps, in which nothing may be taken off yet
	gentle   = 0.3  // times the expected power is taken off while somebody talks
	firm     = 10   // and while nobody does
	trust    = 0.2  // of the power that the filter doubts
)

// residual knows how much of the echo is left behind the filter, and whether anybody talks at the near end.
type residual struct {
	energy   float32  // of the analysis window, in hops
	power    spectrum // of what is left, smoothed
	echo     spectrum // of the estimate, with the room's decay
	doubt    spectrum // of what the filter may have missed
	noise    spectrum // that is always there
	expected spectrum // of the echo that is left
	leak     [levels][bands]float32
	usual    float32 // mean power of the echo, over a second
	surprise float32 // octaves of power above what is expected, a mean over the bands
	alone    float32 // how sure it is that the far side alone talks, 0 to 1
	gain     spectrum
}

func newResidual() *residual {
	r := &residual{}
	r.wonder(first)
	for k := range r.noise {
		r.noise[k] = quietest
	}
	for i := range stft.Len {
		w := stft.Window(i)
		r.energy += float32(w * w / stft.Hop)
	}
	return r
}

// wonder says that what is left is not known, but expected to be a share of the echo.
func (r *residual) wonder(share float32) {
	for l := range r.leak {
		for b := range r.leak[l] {
			r.leak[l][b] = share
		}
	}
}

// see takes the power spectra of what is left and of the estimate, and the power that the filter doubts.
func (r *residual) see(e2, y2 *spectrum, doubt []float32) {
	total := hear(&r.power, &r.noise, &r.echo, e2, y2)
	missed := (*spectrum)(doubt)
	for k, d := range &r.doubt {
		r.doubt[k] = larger(missed[k]*r.energy, 0.6*d)
	}
	if total > 1e-3 {
		r.usual += 0.01 * (total - r.usual)
	}
	r.judge(r.leaks(total), spread/bins*total)
}

// hear smooths the power of what is left, follows the noise that is always in it, and holds that of the estimate. It gives
// the sum of the latter.
func hear(power, noise, echo, e2, y2 *spectrum) (total float32) {
	for k, v := range e2 {
		s, n := power[k], noise[k]
		s += 0.4 * (v - s)
		if s < n {
			n += 0.2 * (s - n)
		} else {
			n *= 1.004 // 1.7 dB/s
		}
		y := larger(y2[k], hold*echo[k])
		power[k], noise[k], echo[k] = s, n, y
		total += y
	}
	return total
}

// larger is max for numbers, which is a call on some processors, as there is more than numbers.
func larger(a, b float32) float32 {
	if a > b {
		return a
	}
	return b
}

// leaks gives those of the far side's level.
func (r *residual) leaks(total float32) *[bands]float32 {
	level := 0
	for limit := 0.3 * r.usual; level < levels-1 && total > limit; limit *= 3 {
		level++
	}
	return &r.leak[level]
}

// judge compares every band with what is expected there, learns from it, and decides whether somebody talks.
func (r *residual) judge(leak *[bands]float32, spread float32) {
	var surprise, heard float32
	for b := range leak {
		var e, y, n, d float32
		for k := b * width; k < (b+1)*width; k++ {
			e += r.power[k]
			y += r.echo[k] + spread
			n += r.noise[k]
			d += r.doubt[k]
		}
		if y > n {
			learn(&leak[b], (e-1.5*n)/y)
			surprise += min(max(octaves(e/(leak[b]*y+trust*d+n+1e-12)), 0), 6)
			heard++
		}
		for k := b * width; k < (b+1)*width; k++ {
			r.expected[k] = leak[b] * (r.echo[k] + spread)
		}
	}
	r.expected[bins-1] = r.expected[bins-2]
	r.follow(surprise / max(heard, 1))
	r.alone = min(max((talking-r.surprise)/(talking-certain), 0), 1) * min(heard/(bands/4), 1)
}

// follow smooths the surprise of a hop.
func (r *residual) follow(surprise float32) {
	by := float32(linger)
	if surprise > r.surprise {
		by = onset
	}
	r.surprise += by * (surprise - r.surprise)
}

// learn moves a leak towards the share of the echo that is left now. What is far above is talk, and hardly moves it.
func learn(leak *float32, share float32) {
	if share <= 0 {
		return
	}
	d := octaves(share / *leak)
	switch {
	case d < 0:
		d = downward * max(d, -3)
	case d < outlier:
		d *= upward
	default:
		d = upward * outlier * max(1+outlier-d, 0.02)
	}
	*leak = min(*leak*float32(math.Exp2(float64(d))), 1)
}

func octaves(x float32) float32 { return float32(math.Log2(float64(x))) }

// gains finds what of every bin stays: nearly all while somebody talks, nothing while the far side alone does.
func (r *residual) gains() *spectrum {
	over := gentle + (firm-gentle)*r.alone
	stays := 1 - r.alone
	for k, last := range &r.gain {
		g := 1 - (over*r.expected[k]+trust*r.doubt[k])/(r.power[k]+1e-12)
		r.gain[k] += 0.6 * (larger(g, 0)*stays - last)
	}
	return &r.gain
}
