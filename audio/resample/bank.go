package resample

import (
	"math"
	"sync"
)

const (
	stopBand = 90.0  // attenuation designed for, in dB, so that 80 dB hold after all rounding
	width    = 0.125 // of the transition band over the lower of the two sample rates
)

// bank is a low-pass filter cut into phases: row p is the filter for a sample p/phases of the way
// from one input sample to the next. One more row than phases lets the last be interpolated.
type bank struct {
	taps, phases int
	rows         []float32
	through      bool // phase 0 is a pulse: the zeros of a sinc cut at half the input's rate are its samples
}

// at filters x at phase p and a fraction of 1<<fine.
func (b *bank) at(p int, frac uint32, x []float32) float32 {
	if p == 0 && frac == 0 && b.through {
		return x[b.taps/2-1]
	}
	h := b.rows[p*b.taps : (p+1)*b.taps]
	if frac == 0 {
		return dot(h, x)
	}
	g := b.rows[(p+1)*b.taps : (p+2)*b.taps]
	u := dot(h, x)
	return u + float32(frac)/(1<<fine)*(dot(g, x)-u)
}

// dot has four sums so that the processor need not wait for one addition to end before the next, and takes arrays,
// whose bounds need no check. len(h) is a multiple of four.
func dot(h, x []float32) float32 {
	const lane = 16
	x = x[:len(h)]
	var a, b, c, d float32
	i := 0
	for ; i+lane <= len(h); i += lane {
		g, y := (*[lane]float32)(h[i:]), (*[lane]float32)(x[i:])
		a = a + g[0]*y[0] + g[4]*y[4] + g[8]*y[8] + g[12]*y[12]
		b = b + g[1]*y[1] + g[5]*y[5] + g[9]*y[9] + g[13]*y[13]
		c = c + g[2]*y[2] + g[6]*y[6] + g[10]*y[10] + g[14]*y[14]
		d = d + g[3]*y[3] + g[7]*y[7] + g[11]*y[11] + g[15]*y[15]
	}
	for ; i < len(h); i += 4 {
		g, y := (*[4]float32)(h[i:]), (*[4]float32)(x[i:])
		a, b, c, d = a+g[0]*y[0], b+g[1]*y[1], c+g[2]*y[2], d+g[3]*y[3]
	}
	return a + b + (c + d)
}

type ratio struct{ in, out int }

var (
	banksMu sync.Mutex
	banks   = map[ratio]*bank{}
)

// bankOf gives the filter for a reduced ratio; filters are made once and shared.
func bankOf(in, out int) *bank {
	banksMu.Lock()
	defer banksMu.Unlock()
	k := ratio{in, out}
	b := banks[k]
	if b == nil {
		b = newBank(in, out)
		banks[k] = b
	}
	return b
}

// newBank designs a Kaiser-windowed sinc (Oppenheim and Schafer, Discrete-Time Signal Processing,
// §7.5). Frequencies are in units of the input rate. The transition band reaches as far above half
// the lower rate as below it: only what lies above the telephone band may fold.
func newBank(in, out int) *bank {
	low := min(1, float64(out)/float64(in))
	cut, trans := low/2, low*width
	taps := int(math.Ceil((stopBand-7.95)/(2.285*2*math.Pi*trans))) + 1
	taps = (taps + 3) &^ 3
	// A whole multiple of the output's phases makes an unskewed ratio exact, without interpolation.
	phases := out
	if phases < minPhases {
		phases *= (minPhases + out - 1) / out
	}
	phases = min(phases, 2048)
	b := &bank{taps: taps, phases: phases, rows: make([]float32, (phases+1)*taps), through: low == 1}
	beta := 0.1102 * (stopBand - 8.7)
	half := float64(taps) / 2
	for p := range phases + 1 {
		row := b.rows[p*taps : (p+1)*taps]
		var sum float64
		for i := range row {
			t := float64(i) + 1 - half - float64(p)/float64(phases)
			v := Kaiser(t, cut, half, beta)
			row[i] = float32(v)
			sum += v
		}
		for i := range row {
			row[i] = float32(float64(row[i]) / sum) // unit gain at 0 Hz in every phase
		}
	}
	return b
}

// Kaiser is a sinc under a Kaiser window at t samples from its middle, not scaled: a low-pass to cut, in units of the sample
// rate, that is nothing from half samples on. beta sets the attenuation: 0.1102·(A - 8.7) for A dB above 50.
func Kaiser(t, cut, half, beta float64) float64 {
	u := t / half
	if u <= -1 || u >= 1 {
		return 0
	}
	return sinc(2*cut*t) * bessel(beta*math.Sqrt(1-u*u))
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// bessel is the modified Bessel function of the first kind and order zero.
func bessel(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > 1e-12*sum; k++ {
		term *= x / (2 * k) * (x / (2 * k))
		sum += term
	}
	return sum
}
