package score

import (
	"math"
	"slices"

	"opendeskphone/tools/voicebench/dsp"
)

// gammatones are the power responses of a bank of filters over the bins of a transform.
type gammatones struct {
	centre []float64 // Hz
	weight [][]float64
}

// bank has one filter an equivalent rectangular bandwidth from 100 Hz to 7.5 kHz, or to 0.45 of the rate (B. R. Glasberg and B. C. J.
// Moore, Derivation of auditory filter shapes from notched-noise data, Hearing Research 47, 1990); each a gammatone of 4th order
// (R. D. Patterson et al., Complex sounds and auditory images, 1992).
func bank(rate, length int) gammatones {
	number := func(f float64) float64 { return 21.4 * math.Log10(1+0.00437*f) } // of bandwidths below f
	lo, hi := number(100), number(min(7500, 0.45*float64(rate)))
	n := int(math.Round(hi - lo))
	g := gammatones{make([]float64, n), make([][]float64, n)}
	for i := range n {
		e := lo + (hi-lo)*float64(i)/float64(n-1)
		c := (math.Pow(10, e/21.4) - 1) / 0.00437
		width := 1.019 * 24.7 * (0.00437*c + 1)
		g.centre[i], g.weight[i] = c, make([]float64, length/2+1)
		for k := range g.weight[i] {
			away := (float64(k)*float64(rate)/float64(length) - c) / width
			g.weight[i][k] = math.Pow(1+away*away, -4)
		}
	}
	return g
}

// spectrogram holds powers by band, then by frame: windows of 32 ms, 16 ms apart.
type spectrogram [][]float64

func (g gammatones) of(x []float64, length int) spectrogram {
	hop := length / 2
	frames := max(0, (len(x)-length)/hop+1)
	s := make(spectrogram, len(g.centre))
	for b := range s {
		s[b] = make([]float64, frames)
	}
	window, total := make([]float64, length), 0.0
	for i := range window {
		window[i] = 0.54 - 0.46*math.Cos(2*math.Pi*float64(i)/float64(length))
		total += window[i] * window[i]
	}
	t := dsp.Of(length)
	bins, block := make([]complex128, length/2+1), make([]float64, length)
	power := make([]float64, length/2+1)
	for f := range frames {
		for i, w := range window {
			block[i] = w * x[f*hop+i]
		}
		t.Forward(bins, block)
		for k, v := range bins {
			power[k] = (real(v)*real(v) + imag(v)*imag(v)) / total
		}
		for b, w := range g.weight {
			s[b][f] = dsp.Dot(w, power)
		}
	}
	return s
}

// loudness of every frame: the sum over the bands.
func (s spectrogram) sums() []float64 {
	out := make([]float64, len(s[0]))
	for _, band := range s {
		for f, p := range band {
			out[f] += p
		}
	}
	return out
}

func (s spectrogram) scale(by float64) {
	for _, band := range s {
		for f := range band {
			band[f] *= by
		}
	}
}

// over is the sum of those frames that are chosen.
func over(frames []float64, chosen []bool) (sum float64) {
	for f, v := range frames {
		if chosen[f] {
			sum += v
		}
	}
	return sum
}

// within says which frames lie less than so many dB below the loudest.
func within(frames []float64, db float64) []bool {
	least := slices.Max(frames) * math.Pow(10, -db/10)
	out := make([]bool, len(frames))
	for f, p := range frames {
		out[f] = p > least
	}
	return out
}
