package score

import (
	"math"

	"opendeskphone/tools/lab"
	"opendeskphone/tools/voicebench/dsp"
)

// The front end of both papers: frames of 25.6 ms at 10 kHz, 15 third-octave bands from 150 Hz on, segments of 384 ms.
const (
	stoiRate    = 10000
	stoiFrame   = 256
	stoiHop     = stoiFrame / 2
	stoiFFT     = 512
	thirds      = 15
	segment     = 30
	quietest    = 40 // dB below the loudest frame: silence, which counts for nothing
	lowestThird = 150.0
)

// ESTOI is the extended short-time objective intelligibility, at best 1 (J. Jensen and C. H. Taal, An Algorithm for Predicting the
// Intelligibility of Speech Masked by Modulated Noise Maskers, IEEE/ACM TASLP 24(11), 2016). deg must be in step with ref. Speech of
// less than 0.4 s has none: it is NaN.
func ESTOI(ref, deg []float64, rate int) float64 {
	return overSegments(ref, deg, rate, func(x, y *patch) float64 {
		x.normalise()
		y.normalise()
		sum := 0.0
		for b := range x {
			sum += dsp.Dot(x[b][:], y[b][:])
		}
		return sum / segment
	})
}

// STOI is the short-time objective intelligibility, at best 1 (C. H. Taal, R. C. Hendriks, R. Heusdens, J. Jensen, An Algorithm for
// Intelligibility Prediction of Time-Frequency Weighted Noisy Speech, IEEE TASLP 19(7), 2011).
func STOI(ref, deg []float64, rate int) float64 {
	worst := 1 + math.Pow(10, 15.0/20) // clipping at -15 dB of signal to distortion
	return overSegments(ref, deg, rate, func(x, y *patch) float64 {
		sum := 0.0
		for b := range x {
			gain := norm(x[b][:]) / (norm(y[b][:]) + 1e-15)
			for i := range y[b] {
				y[b][i] = min(y[b][i]*gain, x[b][i]*worst)
			}
			centre(x[b][:])
			centre(y[b][:])
			sum += dsp.Dot(x[b][:], y[b][:]) / (norm(x[b][:])*norm(y[b][:]) + 1e-15)
		}
		return sum / thirds
	})
}

// patch is a segment in all bands.
type patch [thirds][segment]float64

// normalise takes mean and length out of every band, then of every frame.
func (p *patch) normalise() {
	for b := range p {
		unit(p[b][:])
	}
	var column [thirds]float64
	for i := range segment {
		for b := range p {
			column[b] = p[b][i]
		}
		unit(column[:])
		for b := range p {
			p[b][i] = column[b]
		}
	}
}

func unit(v []float64) {
	centre(v)
	n := norm(v) + 1e-15
	for i := range v {
		v[i] /= n
	}
}

func centre(v []float64) {
	mean := 0.0
	for _, x := range v {
		mean += x / float64(len(v))
	}
	for i := range v {
		v[i] -= mean
	}
}

func norm(v []float64) float64 { return math.Sqrt(dsp.Energy(v)) }

// overSegments is the mean of a measure over all segments of both.
func overSegments(ref, deg []float64, rate int, measure func(x, y *patch) float64) float64 {
	x, y := spoken(at(ref, rate, stoiRate), at(deg, rate, stoiRate))
	a, b := thirdOctaves(x), thirdOctaves(y)
	n := len(a) - segment + 1
	if n < 1 {
		return math.NaN()
	}
	sum := 0.0
	for from := range n {
		sum += measure(cut(a, from), cut(b, from))
	}
	return sum / float64(n)
}

func cut(frames [][thirds]float64, from int) *patch {
	p := new(patch)
	for i := range segment {
		for b := range p {
			p[b][i] = frames[from+i][b]
		}
	}
	return p
}

// at gives a file at another rate.
func at(x []float64, from, to int) []float64 {
	if from == to {
		return x
	}
	c := lab.Clip{Rate: from, Samples: make([]float32, len(x))}
	for i, v := range x {
		c.Samples[i] = float32(v)
	}
	c = c.At(to)
	out := make([]float64, len(c.Samples))
	for i, v := range c.Samples {
		out[i] = float64(v)
	}
	return out
}

// hann is a Hann window without its zeros.
func hann(n int) []float64 {
	w := make([]float64, n)
	for i := range w {
		w[i] = 0.5 - 0.5*math.Cos(2*math.Pi*float64(i+1)/float64(n+1))
	}
	return w
}

// spoken takes out of both what is silence in the first, and puts the rest together by overlapping windows.
func spoken(x, y []float64) (a, b []float64) {
	w := hann(stoiFrame)
	windowed := func(s []float64, at int) []float64 {
		f := make([]float64, stoiFrame)
		for i := range f {
			f[i] = s[at+i] * w[i]
		}
		return f
	}
	var level []float64
	loudest := math.Inf(-1)
	for from := 0; from+stoiFrame <= len(x); from += stoiHop {
		l := 20 * math.Log10(norm(windowed(x, from))/16+1e-12)
		level, loudest = append(level, l), max(loudest, l)
	}
	n := 0
	a, b = make([]float64, len(x)), make([]float64, len(x))
	for i, l := range level {
		if l <= loudest-quietest {
			continue
		}
		add(a[n:], windowed(x, i*stoiHop))
		add(b[n:], windowed(y, i*stoiHop))
		n += stoiHop
	}
	end := min(n+stoiHop, len(x))
	return a[:end], b[:end]
}

func add(to, x []float64) {
	for i, v := range x {
		to[i] += v
	}
}

// thirdOctaves gives the amplitudes of all bands, frame by frame.
func thirdOctaves(x []float64) (out [][thirds]float64) {
	t, w := dsp.Of(stoiFFT), hann(stoiFrame)
	bins, block := make([]complex128, stoiFFT/2+1), make([]float64, stoiFFT)
	bin := func(f float64) int { return int(math.Round(f * stoiFFT / stoiRate)) }
	for from := 0; from+stoiFrame <= len(x); from += stoiHop {
		for i, v := range w {
			block[i] = v * x[from+i]
		}
		t.Forward(bins, block)
		var f [thirds]float64
		for b := range f {
			centre := lowestThird * math.Pow(2, float64(b)/3)
			for _, v := range bins[bin(centre/math.Pow(2, 1.0/6)):bin(centre*math.Pow(2, 1.0/6))] {
				f[b] += real(v)*real(v) + imag(v)*imag(v)
			}
			f[b] = math.Sqrt(f[b])
		}
		out = append(out, f)
	}
	return out
}
