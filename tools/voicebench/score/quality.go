// Package score measures sound against what it ought to be: speech quality and intelligibility, echo, and what became of
// the near end. It is written from the papers named at each measure and needs no licensed scorer.
package score

import (
	"math"
	"slices"

	"opendeskphone/tools/voicebench/dsp"
)

// Speech says how well speech came through.
type Speech struct {
	ESTOI float64 // intelligibility, at best 1
	NSIM  float64 // likeness of the spectrograms where the reference speaks, at best 1
	LD    float64 // loudness disturbance, at best 0; pauses count
	LDA   float64 // of it, sound that was added
}

// Compare measures deg, which must be in step with ref and is taken at the same level. rate is 8000 or 16000 Hz; results of
// different rates do not compare. Sound of less than 0.5 s has no measures: they are NaN.
func Compare(ref, deg []float64, rate int) Speech {
	n := min(len(ref), len(deg))
	ref, deg = ref[:n], slices.Clone(deg[:n])
	if n < rate/2 || dsp.Energy(ref) == 0 {
		return Speech{math.NaN(), math.NaN(), math.NaN(), math.NaN()}
	}
	if dsp.Energy(deg) == 0 {
		deg[n/2] = 1e-9 // silence has no level to be brought to
	}
	length := rate * 32 / 1000
	g := bank(rate, length)
	r, d := g.of(ref, length), g.of(deg, length)
	sums := r.sums()
	act := within(sums, 30)
	d.scale(over(sums, act) / (over(d.sums(), act) + 1e-20))
	s := Speech{ESTOI: ESTOI(ref, deg, rate), NSIM: nsim(r, d, act)}
	s.LD, s.LDA = disturbance(g.centre, r, d, act)
	return s
}

// depth is the range in dB of the spectrograms that are compared.
const depth = 45

// nsim is the neurogram similarity of two spectrograms in dB, of equal level, over the frames chosen: luminance and structure of SSIM in
// patches of 3 x 3 (A. Hines and N. Harte, Speech intelligibility prediction using a Neurogram Similarity Index Measure, Speech
// Communication 54(2), 2012; A. Hines et al., ViSQOL: an objective speech quality model, EURASIP JASMP 2015:13).
func nsim(r, d spectrogram, act []bool) float64 {
	a, b := images(r, d, act)
	const c1, c3 = (0.01 * depth) * (0.01 * depth), (0.03 * depth) * (0.03 * depth) / 2
	ma, mb := blur(a, nil), blur(b, nil)
	aa, bb, ab := blur(a, a), blur(b, b), blur(a, b)
	sum, n := 0.0, 0
	for i := range a {
		for f := range a[i] {
			if !act[f] {
				continue
			}
			x, y := ma[i][f], mb[i][f]
			vx, vy, vxy := max(aa[i][f]-x*x, 0), max(bb[i][f]-y*y, 0), ab[i][f]-x*y
			sum += (2*x*y + c1) / (x*x + y*y + c1) * (vxy + c3) / (math.Sqrt(vx*vy) + c3)
			n++
		}
	}
	return sum / float64(n)
}

// images are the spectrograms in dB above a floor that lies 60 dB under the loudest parts of the reference, and 45 dB under the
// loudest band of the frame.
func images(r, d spectrogram, act []bool) (a, b spectrogram) {
	a, b = decibels(r), decibels(d)
	var all []float64
	for _, band := range a {
		for f, v := range band {
			if act[f] {
				all = append(all, v)
			}
		}
	}
	top := percentile(all, 99.5)
	base := top - depth - 15
	for f := range act {
		peak := top - 35
		for i := range a {
			peak = max(peak, a[i][f])
		}
		floor := max(base, peak-depth)
		for i := range a {
			a[i][f], b[i][f] = max(a[i][f], floor)-base, max(b[i][f], floor)-base
		}
	}
	return a, b
}

func decibels(s spectrogram) spectrogram {
	out := make(spectrogram, len(s))
	for i, band := range s {
		out[i] = make([]float64, len(band))
		for f, p := range band {
			out[i][f] = 10 * math.Log10(p+1e-14)
		}
	}
	return out
}

// blur is the image, or its product with another, weighted over 3 x 3 points as 1 2 1 in both directions; at the borders it is mirrored.
func blur(a, times spectrogram) spectrogram {
	n, frames := len(a), len(a[0])
	point := func(i, f int) float64 {
		i, f = min(max(i, 0), n-1), min(max(f, 0), frames-1)
		if times == nil {
			return a[i][f]
		}
		return a[i][f] * times[i][f]
	}
	out := make(spectrogram, n)
	for i := range out {
		out[i] = make([]float64, frames)
		for f := range out[i] {
			for di := -1; di <= 1; di++ {
				out[i][f] += float64(2-di*di) * (point(i+di, f-1) + 2*point(i+di, f) + point(i+di, f+1)) / 16
			}
		}
	}
	return out
}

// percentile of values, between two of them in proportion.
func percentile(values []float64, percent float64) float64 {
	slices.Sort(values)
	at := percent / 100 * float64(len(values)-1)
	i := int(at)
	if i+1 >= len(values) {
		return values[len(values)-1]
	}
	return values[i] + (at-float64(i))*(values[i+1]-values[i])
}

// Median is the middle value; NaN of none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	return percentile(slices.Clone(values), 50)
}

// disturbance compares loudness: compressed, with a dead zone, what was added counting more than what is missing (J. G. Beerends and
// J. A. Stemerdink, A Perceptual Audio Quality Measure Based on a Psychoacoustic Sound Representation, JAES 40(12), 1992; S. Wang,
// A. Sekey, A. Gersho, An Objective Measure for Predicting Subjective Quality of Speech Coders, IEEE JSAC 10(5), 1992). Speech is taken
// to be heard at 79 dB SPL; slow changes of level do not count. The first result is the whole, the second what was added.
func disturbance(centre []float64, r, d spectrogram, act []bool) (whole, added float64) {
	const heard = 7.9 // bel
	sums := r.sums()
	n := 0
	for _, a := range act {
		if a {
			n++
		}
	}
	scale := math.Pow(10, heard) / (over(sums, act) / float64(n))
	dsums := d.sums()
	ear := newListener(centre)
	symmetric, extra := make([]float64, len(act)), make([]float64, len(act))
	follow := 0.0
	for f := range act {
		rs, ds := sums[f]*scale, dsums[f]*scale
		follow = 0.8*min(max((rs+5e3)/(ds+5e3), 3e-4), 5) + 0.2*follow
		for b := range centre {
			s, a := ear.compare(b, r[b][f]*scale, d[b][f]*scale*follow)
			symmetric[f] += s * s / float64(len(centre))
			extra[f] += a / float64(len(centre))
		}
		weight := math.Pow((rs+1e5)/1e7, 0.04)
		symmetric[f], extra[f] = math.Sqrt(symmetric[f])/weight, extra[f]/weight
	}
	added = pooled(extra)
	return pooled(symmetric) + 0.1*added, added
}

// listener holds the threshold in quiet, as a power, band by band.
type listener []float64

// newListener takes the threshold of E. Terhardt (Calculating virtual pitch, Hearing Research 1, 1979).
func newListener(centre []float64) listener {
	out := make(listener, len(centre))
	for b, c := range centre {
		k := c / 1000
		out[b] = math.Pow(10, (3.64*math.Pow(k, -0.8)-6.5*math.Exp(-0.6*(k-3.3)*(k-3.3))+1e-3*k*k*k*k)/10)
	}
	return out
}

// loudness grows with the 0.23rd power (E. Zwicker and H. Fastl, Psychoacoustics, 1990).
func (l listener) loudness(b int, p float64) float64 {
	return max(math.Pow(l[b]/0.5, 0.23)*(math.Pow(0.5+0.5*p/l[b], 0.23)-1), 0)
}

// compare gives the difference in loudness beyond a quarter of the softer, and how much of it counts as added sound.
func (l listener) compare(b int, ref, deg float64) (difference, added float64) {
	x, y := l.loudness(b, ref), l.loudness(b, deg)
	difference = max(math.Abs(y-x)-0.25*min(x, y), 0)
	ratio := math.Pow((deg+50)/(ref+50), 1.2)
	if ratio >= 3 {
		added = difference * min(ratio, 12)
	}
	return difference, added
}

// pooled is the root mean square over the file of the 6-norm over 320 ms: the worst moments count most.
func pooled(v []float64) float64 {
	const window, step = 20, 10
	sum, n := 0.0, 0
	for from := 0; from < max(1, len(v)-window+1); from += step {
		part, six := v[from:min(from+window, len(v))], 0.0
		for _, x := range part {
			six += math.Pow(x, 6) / float64(len(part))
		}
		sum, n = sum+math.Cbrt(six), n+1
	}
	return math.Sqrt(sum / float64(n))
}
