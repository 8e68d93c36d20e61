package lab

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// The score works at telephone bandwidth, which every codec carries, in short windows, so that
// neither the drift of two clocks nor the moves of a jitter buffer spoil the correlation.
const (
	scoreRate   = 8000
	scoreWindow = scoreRate / 5  // 200 ms: several syllable parts, yet short against drift
	scoreHop    = scoreRate / 10 // 100 ms
	envFrame    = scoreRate / 100
	nearSearch  = scoreRate * 12 / 1000 // around the delay of the window before
	farSearch   = scoreRate * 60 / 1000 // where a jitter buffer may have moved to
	lostSearch  = scoreRate * 3 / 2     // where sound may be after a stall of the far machine
	lostWindow  = scoreRate * 4 / 5     // with so long a window chance does not find such a place
	heardAt     = 0.5                   // correlation from which a window counts as heard
	minOverlap  = 150                   // envelope frames of common sound that a placement needs
)

// Score says how a reference was heard in a recording.
type Score struct {
	Delay       time.Duration // place of the reference's start in the recording; negative: before it
	Correlation float64       // median of the windows' waveform correlation, 1 is identical
	Envelope    float64       // correlation of the loudness curves over the whole overlap
	Level       float64       // recording against reference over the heard windows, dB
	Missing     float64       // share of the spoken windows that were not heard
	Gaps        float64       // share of 20 ms pieces within heard windows that fell silent
	Spoken      time.Duration // how much speech of the reference fell into the recording
	Jumps       int           // how often the delay changed by more than 60 ms: sound lost or stood still
	Wander      time.Duration // between the 5th and 95th percentile of the windows' delays
	Drift       float64       // how much slower the recording runs, parts in a million
}

// String gives the score in one line, for logs and failures.
func (s Score) String() string {
	return fmt.Sprintf("correlation %.3f, envelope %.3f, level %+.1f dB, missing %.1f %%, gaps %.1f %%, spoken %.1f s, delay %.1f ms, wander %.1f ms, jumps %d, drift %+.0f ppm",
		s.Correlation, s.Envelope, s.Level, 100*s.Missing, 100*s.Gaps, s.Spoken.Seconds(), ms(s.Delay), ms(s.Wander), s.Jumps, s.Drift)
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// ErrNotFound means that no place of the recording sounds like the reference.
var ErrNotFound = errors.New("lab: the reference is not in the recording")

// Find searches a reference in a recording of any rate and scores it over their whole overlap: cut
// the recording to the time in which the reference was being played.
func Find(ref, rec Clip) (Score, error) {
	a, b := prepare(ref), prepare(rec)
	ea, eb := envelope(a), envelope(b)
	if min(len(ea), len(eb)) < minOverlap {
		return Score{}, fmt.Errorf("lab: score needs 1.5 s of sound, not %v against %v", ref.Duration(), rec.Duration())
	}
	var best placement
	for _, lag := range candidates(ea, eb) {
		if p := sample(a, b, lag*envFrame); p.upperHalf() > best.upperHalf() {
			best = p
		}
	}
	var full placement
	if best.upperHalf() > heardAt { // else it is not worth the search for lost sound
		full = place(a, b, best.lag())
	}
	if full.quality() < heardAt {
		return Score{}, fmt.Errorf("%w: best correlation %.2f in %v", ErrNotFound, max(full.quality(), best.quality()), rec.Duration().Round(time.Millisecond))
	}
	s := full.score()
	s.Gaps = full.heard().gaps(a, b)
	s.Envelope = correlateAt(ea, eb, int(math.Round(float64(full.lag())/envFrame)))
	return s, nil
}

// prepare brings a clip to telephone bandwidth and takes rumble and DC out.
func prepare(c Clip) []float64 {
	in := c.At(scoreRate).Samples
	out := make([]float64, len(in))
	// Second-order Butterworth high pass at 150 Hz, by the bilinear transform.
	k := math.Tan(math.Pi * 150 / scoreRate)
	n := 1 / (1 + math.Sqrt2*k + k*k)
	a1, a2 := 2*(k*k-1)*n, (1-math.Sqrt2*k+k*k)*n
	var x1, x2, y1, y2 float64
	for i, s := range in {
		x := float64(s)
		y := n*(x-2*x1+x2) - a1*y1 - a2*y2
		x1, x2, y1, y2 = x, x1, y, y1
		out[i] = y
	}
	return out
}

func envelope(s []float64) []float64 {
	out := make([]float64, len(s)/envFrame)
	for i := range out {
		out[i] = math.Sqrt(energy(s[i*envFrame : (i+1)*envFrame]))
	}
	return out
}

func energy(s []float64) (sum float64) {
	for _, x := range s {
		sum += x * x
	}
	return sum
}

// candidates gives the lags, in envelope frames, at which the loudness curves agree best.
func candidates(a, b []float64) []int {
	lo, hi := minOverlap-len(a), len(b)-minOverlap
	curve := make([]float64, hi-lo+1)
	for i := range curve {
		curve[i] = correlateAt(a, b, lo+i)
	}
	var peaks []int
	for i, v := range curve {
		if v > 0.2 && (i == 0 || v >= curve[i-1]) && (i == len(curve)-1 || v > curve[i+1]) {
			peaks = append(peaks, i)
		}
	}
	slices.SortFunc(peaks, func(x, y int) int {
		if curve[x] > curve[y] {
			return -1
		}
		return 1
	})
	peaks = peaks[:min(len(peaks), 12)]
	for i := range peaks {
		peaks[i] += lo
	}
	return peaks
}

// correlateAt is the normalised correlation of a with b read lag later, over their overlap.
func correlateAt(a, b []float64, lag int) float64 {
	from, to := max(0, -lag), min(len(a), len(b)-lag)
	if to-from < minOverlap {
		return 0
	}
	x, y := a[from:to], b[from+lag:to+lag]
	var sx, sy, sxx, syy, sxy float64
	for i, v := range x {
		w := y[i]
		sx += v
		sy += w
		sxx += v * v
		syy += w * w
		sxy += v * w
	}
	n := float64(len(x))
	d := (sxx - sx*sx/n) * (syy - sy*sy/n)
	if d <= 1e-18 {
		return 0
	}
	return (sxy - sx*sy/n) / math.Sqrt(d)
}

// window is the comparison of one piece of the reference with its place in the recording.
type window struct {
	at    int // in the reference
	lag   int
	corr  float64
	ratio float64 // energy of the recording's piece over the reference's
}

// placement is the reference laid over the recording, window by window.
type placement []window

// spoken gives the starts of a's windows that hold speech and fall into b at this lag.
func spoken(a, b []float64, lag int) (at []int) {
	from, to := max(0, -lag), min(len(a), len(b)-lag)
	// Windows below a tenth of the reference's mean energy are pauses between words.
	floor := 0.1 * energy(a) / float64(len(a)) * scoreWindow
	for n := from; n+scoreWindow <= to; n += scoreHop {
		if energy(a[n:n+scoreWindow]) > floor {
			at = append(at, n)
		}
	}
	return at
}

// sample lays some windows of a over b near a rough lag.
func sample(a, b []float64, lag int) (p placement) {
	all := spoken(a, b, lag)
	for i := 0; i < len(all); i += max(1, len(all)/16) {
		p = append(p, bestNear(a[all[i]:all[i]+scoreWindow], b, all[i], lag, farSearch))
	}
	return p
}

// place lays all spoken windows of a over b, following the delay as it moves: by little from window
// to window, further where a jitter buffer moved, and far after a stall.
func place(a, b []float64, lag int) (p placement) {
	lost := 0
	for _, at := range spoken(a, b, lag) {
		x := a[at : at+scoreWindow]
		w := bestNear(x, b, at, lag, nearSearch)
		if w.corr < 0.8 {
			if far := bestNear(x, b, at, lag, farSearch); far.corr > w.corr+0.15 {
				w = far
			}
		}
		if w.corr >= heardAt {
			lost = 0
		} else if lost++; lost%3 == 2 && at+lostWindow <= len(a) {
			if found := bestNear(a[at:at+lostWindow], b, at, lag, lostSearch); found.corr > 0.6 {
				w = bestNear(x, b, at, found.lag, nearSearch)
			}
		}
		p = append(p, w)
		if w.corr > 0.7 {
			lag = w.lag
		}
	}
	return p
}

// bestNear finds the lag within reach of a guess at which x agrees best with b.
func bestNear(x, b []float64, at, guess, reach int) window {
	best := window{at: at, lag: guess}
	ex := energy(x)
	for lag := guess - reach; lag <= guess+reach; lag++ {
		start := at + lag
		if start < 0 || start+len(x) > len(b) {
			continue
		}
		y := b[start : start+len(x)]
		var xy, yy float64
		for i, v := range x {
			xy += v * y[i]
			yy += y[i] * y[i]
		}
		if yy < 1e-12 {
			continue
		}
		if c := xy / math.Sqrt(ex*yy); c > best.corr {
			best.lag, best.corr, best.ratio = lag, c, yy/ex
		}
	}
	return best
}

// upperHalf is the mean correlation of the better half: what a right lag has even where the delay
// jumps later on.
func (p placement) upperHalf() float64 {
	if len(p) == 0 {
		return 0
	}
	v := make([]float64, len(p))
	for i, w := range p {
		v[i] = w.corr
	}
	slices.Sort(v)
	v = v[len(v)/2:]
	sum := 0.0
	for _, c := range v {
		sum += c
	}
	return sum / float64(len(v))
}

// jumps counts the steps of the delay that are wider than a jitter buffer's.
func (p placement) jumps() (n int) {
	for i := 1; i < len(p); i++ {
		if d := p[i].lag - p[i-1].lag; d > farSearch || -d > farSearch {
			n++
		}
	}
	return n
}

func (p placement) quality() float64 {
	return median(p, func(w window) float64 { return w.corr })
}

func (p placement) lag() int {
	return int(median(p.heard(), func(w window) float64 { return float64(w.lag) }))
}

func (p placement) heard() placement {
	return slices.DeleteFunc(slices.Clone(p), func(w window) bool { return w.corr < heardAt })
}

func (p placement) score() Score {
	heard := p.heard()
	lags := make([]float64, len(heard))
	for i, w := range heard {
		lags[i] = float64(w.lag)
	}
	slices.Sort(lags)
	return Score{
		Delay:       samples(float64(p.lag())),
		Correlation: p.quality(),
		Level:       10 * math.Log10(median(heard, func(w window) float64 { return w.ratio })+1e-20),
		Missing:     1 - float64(len(heard))/float64(max(len(p), 1)),
		Spoken:      samples(float64(len(p) * scoreHop)),
		Jumps:       heard.jumps(),
		Wander:      samples(quantile(lags, 0.95) - quantile(lags, 0.05)),
		Drift:       1e6 * heard.slope(),
	}
}

// gaps looks at each heard window in pieces of the usual packet length: a piece that is loud in the
// reference and 13 dB below its due level in the recording was lost and not concealed.
func (p placement) gaps(a, b []float64) float64 {
	const piece = scoreWindow / 10
	var loud, silent int
	for _, w := range p {
		due := 0.3 * energy(a[w.at:w.at+scoreWindow]) / 10
		for at := w.at; at+piece <= w.at+scoreWindow; at += piece {
			e := energy(a[at : at+piece])
			if e < due {
				continue
			}
			loud++
			if energy(b[at+w.lag:at+w.lag+piece]) < 0.05*e*w.ratio {
				silent++
			}
		}
	}
	return float64(silent) / float64(max(loud, 1))
}

// slope is the median slope of lag over time (Theil and Sen), which outliers do not move.
func (p placement) slope() float64 {
	var slopes []float64
	for i := range p {
		for j := i + 1; j < len(p); j++ {
			if p[j].at-p[i].at >= scoreRate {
				slopes = append(slopes, float64(p[j].lag-p[i].lag)/float64(p[j].at-p[i].at))
			}
		}
	}
	slices.Sort(slopes)
	return quantile(slopes, 0.5)
}

func samples(n float64) time.Duration {
	return time.Duration(n / scoreRate * float64(time.Second))
}

func median(p placement, of func(window) float64) float64 {
	v := make([]float64, len(p))
	for i, w := range p {
		v[i] = of(w)
	}
	slices.Sort(v)
	return quantile(v, 0.5)
}

// quantile reads a sorted list; an empty one gives 0.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
