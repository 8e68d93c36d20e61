package jitter

import (
	"math"

	"opendeskphone/audio"
)

// Time scaling in the manner of WSOLA (Verhelst and Roelands, ICASSP 1993): a frame is cross-faded
// into the sound a pitch period later, which takes the period out, or a period earlier, which plays
// it twice. It is done where the two resemble each other, so that it is not heard.

const (
	window   = audio.FrameLen // samples cross-faded
	shortest = 120            // samples, 2.5 ms: the shortest step worth a cross-fade
	longest  = 960            // samples, 20 ms: two periods of a man's voice
	leap     = 720            // samples left out at once at most, 15 ms
	sparse   = 6              // the search looks at every sixth sample, low-passed
	hush     = 1e-5           // mean power (-50 dBFS) below which any two frames resemble each other

	rest    = 2         // frames between two steps while little is to be done
	much    = 960       // samples, 20 ms, above which that is not so
	urgent  = -2880     // to play what is in hand as slowly as can be
	alike   = 0.95      // likeness asked for at first
	yielded = 0.03      // and given up for each frame of waiting
	hasty   = 0.70      // likeness that is enough when a packet is overdue
	fair    = 0.80      // down to this if it is but a little delay to get rid of
	unlike  = 0.30      // down to this
	bonus   = 0.2 / 480 // likeness that a step may lack for each sample that it is longer
)

// scaler decides where to step.
type scaler struct {
	since   int // frames since the last step
	waiting int // frames since a step was first wanted
	thinned [(window + longest + window) / sparse]float32
	squares [(window+longest+window)/sparse + 1]float32 // sums of the squares before each
}

// shift gives the samples to skip at the play point at (negative: to go back), 0 for none. excess is
// the delay to get rid of; slack of it is left. Going back stays within the last fresh samples.
func (s *scaler) shift(x []float32, at, excess, fresh int) int {
	s.since++
	if excess >= 0 && excess <= slack {
		s.waiting = 0
		return 0
	}
	s.waiting++
	if s.since <= pause(excess) {
		return 0
	}
	lo, hi := min(shortest, excess), min(excess, leap, len(x)-at-window)
	if excess < 0 {
		lo, hi = -min(max(-excess, window), longest, fresh, at), -shortest
	}
	lag, r := s.search(x, at, lo, hi)
	if r < s.wanted(excess) {
		return 0
	}
	s.since, s.waiting = 0, 0
	return lag
}

// pause is the least number of frames between two steps.
func pause(excess int) int {
	switch {
	case excess <= urgent:
		return 0
	case excess > much:
		return 1
	}
	return rest
}

// wanted is the least likeness that is good enough.
func (s *scaler) wanted(excess int) float64 {
	if excess <= urgent {
		return hasty
	}
	least := unlike
	switch {
	case excess > 0 && excess < shortest:
		least = alike
	case excess > 0 && excess < much:
		least = fair
	}
	return max(least, alike-yielded*float64(s.waiting))
}

// search finds the lag in lo..hi (both of one sign) at which the sound resembles the frame at the
// play point most, and prefers the longer of two that are nearly as good.
func (s *scaler) search(x []float32, at, lo, hi int) (lag int, best float64) {
	if hi < lo {
		return 0, 0
	}
	lag = s.coarse(x, at, lo, hi)
	best = -1
	middle := lag
	for l := max(lo, middle-sparse+1); l <= min(hi, middle+sparse-1); l++ {
		if r := compare(x[at:at+window], x[at+l:at+l+window]); r > best {
			best, lag = r, l
		}
	}
	return lag, best
}

// coarse is the search on every sixth sample.
func (s *scaler) coarse(x []float32, at, lo, hi int) (lag int) {
	from := at + min(lo, 0)
	thinned := s.thin(x[from : at+max(hi, 0)+window])
	here := (at - from) / sparse
	frame := thinned[here : here+window/sparse]
	best := math.Inf(-1)
	for length := min(shortest, max(hi, -lo)); length <= max(hi, -lo); length += sparse {
		l := length
		if lo < 0 {
			l = -length
		}
		there := here + l/sparse
		if there < 0 || there+len(frame) > len(thinned) {
			break
		}
		var ab float32
		for i, v := range thinned[there : there+len(frame)] {
			ab += v * frame[i]
		}
		r := likeness(ab, s.energy(here), s.energy(there), len(frame)) + bonus*float64(length)
		if r > best {
			best, lag = r, l
		}
	}
	return lag
}

// thin takes means of six samples, and the sums of their squares.
func (s *scaler) thin(x []float32) []float32 {
	thinned := s.thinned[:len(x)/sparse]
	for i := range thinned {
		var sum float32
		for _, v := range x[i*sparse : (i+1)*sparse] {
			sum += v
		}
		thinned[i] = sum / sparse
		s.squares[i+1] = s.squares[i] + thinned[i]*thinned[i]
	}
	return thinned
}

// energy is that of a frame of thinned samples.
func (s *scaler) energy(at int) float32 { return s.squares[at+window/sparse] - s.squares[at] }

// compare is the likeness of two pieces, by every third sample of them.
func compare(a, b []float32) float64 {
	const stride = 3
	var aa, bb, ab float32
	for i := 0; i < len(a); i += stride {
		aa += a[i] * a[i]
		bb += b[i] * b[i]
		ab += a[i] * b[i]
	}
	return likeness(ab, aa, bb, len(a)/stride)
}

// likeness is the normalised correlation of two pieces of n samples; 1 if both are hushed.
func likeness(ab, aa, bb float32, n int) float64 {
	few := hush * float32(n)
	if aa < few && bb < few {
		return 1
	}
	return float64(ab) / math.Sqrt(float64(aa)*float64(bb)+1e-20)
}
