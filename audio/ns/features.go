package ns

import (
	"math"

	"opendeskphone/audio/kernel"
	"opendeskphone/audio/stft"
)

const (
	bands    = len(centres)
	quarters = 4 // of a hop, for what comes and goes within it
	groups   = len(edges) - 1
	inputs   = (2*bands + 2*quarters + groups + 7) / 8 * 8 // as tools/nstrain rounds it
	outputs  = (bands + kernel.Align) / kernel.Align * kernel.Align

	faint = 1e-7 // power below which nothing is told apart, of ±1 full scale

	drop  = 0.15  // of the distance by which the floor of a band goes down in a hop...
	climb = 0.05  // ...and up...
	crawl = 0.012 // ...by no more than so many octaves of power, 3.6 dB/s
)

// centres are the middles of the bands in bins of 31.25 Hz: close enough at the bottom to part a voice's partials, and
// a critical band apart at the top.
var centres = [...]int{1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 34, 37, 40, 44, 48, 53, 58, 64, 71, 79,
	88, 98, 110, 124, 140, 158, 178, 200, 224, 251}

// edges part the bins over which flatness is measured: low where partials stand out.
var edges = [...]int{3, 16, 32, 48, 64, 96, 128}

// features is what the network sees of a sound.
type features struct {
	share  [stft.Bins]float32 // of a bin's power that belongs to the band above it; the rest belongs to the one below
	band   [stft.Bins]uint8   // the band below it
	width  [bands]float32     // one over the sum of a band's shares
	floor  [bands]float32
	heard  bool
	before float32 // last sample of the hop before
}

func newFeatures() *features {
	f := new(features)
	var sum [bands]float64
	for k, b := 0, 0; k < stft.Bins; k++ {
		for b < bands-2 && k >= centres[b+1] {
			b++
		}
		at := float64(k-centres[b]) / float64(centres[b+1]-centres[b])
		at = min(max(at, 0), 1)
		f.band[k], f.share[k] = uint8(b), float32(at)
		sum[b] += 1 - at
		sum[b+1] += at
	}
	for b := range f.width {
		f.width[b] = float32(1 / sum[b])
	}
	return f
}

// see writes the features of a hop: the log power of each band, the same over the band's floor, the power of quarters
// of the hop and of their differences, and the flatness of groups of bins.
func (f *features) see(x *[inputs]float32, power, newest []float32) {
	var sum [bands]float32
	for k, p := range power[:stft.Bins] {
		b, up := f.band[k], f.share[k]*p
		sum[b] += p - up
		sum[b+1] += up
	}
	for b, p := range sum {
		l := log2(p*f.width[b] + faint)
		x[b] = l
		x[bands+b] = l - f.track(b, l)
	}
	f.heard = true
	f.quarters(x[2*bands:], newest)
	for g := range groups {
		x[2*bands+2*quarters+g] = flatness(power[edges[g]:edges[g+1]])
	}
}

// track follows the floor of a band: down fast, up slowly.
func (f *features) track(b int, l float32) float32 {
	d := l - f.floor[b]
	switch {
	case !f.heard:
		f.floor[b] = l
	case d < 0:
		f.floor[b] += drop * d
	default:
		f.floor[b] += min(crawl, climb*d)
	}
	return f.floor[b]
}

// quarters tells a blow from a voice that sets in: the window of the spectrum is too long for that.
func (f *features) quarters(x []float32, newest []float32) {
	const n = stft.Hop / quarters
	last := f.before
	for q := range quarters {
		var whole, steps float32
		for _, v := range newest[q*n : (q+1)*n] {
			whole += v * v
			steps += (v - last) * (v - last)
			last = v
		}
		x[q], x[quarters+q] = log2(whole+faint), log2(steps+faint)
	}
	f.before = last
}

// flatness is the log of the mean of powers less the mean of their logs: 0 of equal ones, the more the more one stands out.
func flatness(power []float32) float32 {
	var sum, logs float32
	for _, p := range power {
		sum += p
		logs += log2(p + faint)
	}
	over := 1 / float32(len(power))
	return log2(sum*over+faint) - logs*over
}

// mantissas are the logs of 1 to 2 in 256 steps, taken in their middle.
var mantissas = func() (t [256]float32) {
	for i := range t {
		t[i] = float32(math.Log2(1 + (float64(i)+0.5)/256))
	}
	return t
}()

// log2 is the binary logarithm of a positive number, right to 0.003.
func log2(v float32) float32 {
	b := math.Float32bits(v)
	return float32(int(b>>23)-127) + mantissas[b>>15&0xff]
}

// exp2 is two to the power of v, from -126 to 0, right to 6 %: between powers of two it is a straight line.
func exp2(v float32) float32 { return math.Float32frombits(uint32((v + 127) * (1 << 23))) }
