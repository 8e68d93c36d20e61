package corpus

import (
	"crypto/sha256"
	"fmt"
	"math"
	"math/rand/v2"

	"opendeskphone/tools/voicebench/dsp"
)

// draw is the chance of one part of the corpus.
func draw(part string, seed int) *rand.Rand {
	return rand.New(rand.NewChaCha8(sha256.Sum256(fmt.Appendf(nil, "%s %d", part, seed))))
}

// noise of a kind, with a power of 1: white, pink, fan (a hum of blades in pink noise), babble (eight who talk) or keys (typing).
func (t Talkers) noise(r *rand.Rand, kind string, n int) []float64 {
	var x []float64
	switch kind {
	case "white":
		x = white(r, n)
	case "fan":
		x = unit(pink(r, n))
		for i := range x {
			turn := 2 * math.Pi * 117 * float64(i) / Rate
			x[i] += .5*math.Sin(turn) + .3*math.Sin(2*turn) + .2*math.Sin(3*turn)
		}
	case "babble":
		x = make([]float64, n)
		for range 8 {
			for i, v := range speech(r, float64(n)/Rate, 0, .4, t.some(r, 2)...) {
				x[i] += v
			}
		}
	case "keys":
		x = keys(r, n)
	default:
		x = pink(r, n)
	}
	return unit(x)
}

func white(r *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	return x
}

func pink(r *rand.Rand, n int) []float64 {
	return dsp.Shape(white(r, n), Rate, func(hz float64) float64 { return 1 / math.Sqrt(max(hz, 1)) })
}

// keys are clicks of 12 ms, three to twelve a second, over a little pink noise.
func keys(r *rand.Rand, n int) []float64 {
	x := scaled(unit(pink(r, n)), 0.05)
	for at := 0; at < n; at += int(between(r, .08, .35) * Rate) {
		loud := between(r, .5, 2)
		for i := range min(Rate*12/1000, n-at) {
			x[at+i] += loud * r.NormFloat64() * math.Exp(-float64(i)/(.002*Rate))
		}
	}
	return x
}

func unit(x []float64) []float64 {
	return scaled(x, 1/math.Sqrt(dsp.Energy(x)/float64(len(x))))
}

// Noisy is speech in noise.
type Noisy struct {
	Name         string // kind of noise and its distance to the speech in dB
	Clean, Sound []float64
}

// NoisySet gives 20 files of 20 s: five kinds of noise, 0, 5, 10 and 20 dB below speech of -19 dBm0 that begins after 2 s. Only the first
// 3 s are for learning the noise.
func (t Talkers) NoisySet(seed int) (out []Noisy) {
	for _, kind := range []string{"white", "pink", "fan", "babble", "keys"} {
		for _, snr := range []float64{0, 5, 10, 20} {
			r := draw("noisy "+kind, seed) // the same speech and noise at each distance
			clean := append(make([]float64, 2*Rate), speech(r, 18, .3, 1, t.some(r, 4)...)...)
			n := Noisy{Name: fmt.Sprintf("%s_%02.0f", kind, snr), Clean: leveled(clean, -19)}
			n.Sound = plus(n.Clean, scaled(t.noise(r, kind, len(clean)), math.Pow(10, (-19-snr+dBm0)/20)))
			out = append(out, n)
		}
	}
	return out
}

func plus(x ...[]float64) []float64 {
	out := make([]float64, len(x[0]))
	for _, part := range x {
		for i, v := range part {
			out[i] += v
		}
	}
	return out
}
