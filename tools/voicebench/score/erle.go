package score

import (
	"math"

	"opendeskphone/tools/voicebench/dsp"
)

// Return is the course of the echo return loss enhancement while the far side alone talks: how far the microphone's echo is taken
// down (ITU-T G.168), over the pieces of 20 ms with echo.
type Return struct {
	mic, out []float64 // powers of 20 ms
	smooth   []float64 // dB, over 0.3 s
	echo     []bool
	first    int // piece with echo
}

const piece = 0.02 // s

// NewReturn looks at a spell in which the far side alone talks. echo is the microphone's part that has to go.
func NewReturn(echo, mic, out []float64, rate int) Return {
	n := rate / 50
	r := Return{mic: dsp.Powers(mic, n), out: dsp.Powers(out, n), echo: within(dsp.Powers(echo, n), 25)}
	for !r.echo[r.first] {
		r.first++
	}
	r.smooth = make([]float64, len(r.echo))
	for i := range r.smooth {
		var mic, out float64
		for j := max(0, i-7); j <= min(len(r.echo)-1, i+7); j++ {
			if r.echo[j] {
				mic, out = mic+r.mic[j], out+r.out[j]
			}
		}
		r.smooth[i] = dsp.DB(mic) - dsp.DB(out)
	}
	return r
}

// Length is the time in seconds from the first echo to the end.
func (r Return) Length() float64 { return float64(len(r.echo)-1-r.first) * piece }

// Over is the enhancement in dB from one time to another, in seconds after the first echo; NaN if there is no echo then.
func (r Return) Over(from, to float64) float64 {
	var mic, out, n float64
	for i, echo := range r.echo {
		if t := float64(i-r.first) * piece; echo && t >= from && t < to {
			mic, out, n = mic+r.mic[i], out+r.out[i], n+1
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return dsp.DB(mic/n) - dsp.DB(out/n)
}

// Regained is the time in seconds after a moment, counted from the beginning of the spell, from which on 20 dB hold for nine tenths of
// the echo in the next 2 s; +Inf: never.
func (r Return) Regained(after float64) float64 {
	for i, echo := range r.echo {
		t := float64(i) * piece
		if !echo || t < after {
			continue
		}
		good, all := 0.0, 0.0
		for j := i; j < min(i+100, len(r.echo)); j++ {
			if r.echo[j] {
				all++
				if r.smooth[j] >= 20 {
					good++
				}
			}
		}
		if good >= 0.9*all {
			return t - after
		}
	}
	return math.Inf(1)
}
