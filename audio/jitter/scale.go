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
	longest  = 720            // samples, 15 ms: a deep voice's period
	thin     = 6              // the search looks at every sixth sample, low-passed
	hush     = 1e-5           // mean power (-50 dBFS) below which any two frames resemble each other

	rest    = 4    // frames between two steps while little is to be done
	alike   = 0.95 // likeness asked for at first
	yielded = 0.03 // and given up for each frame of waiting
	unlike  = 0.30 // down to this
	much    = audio.Rate * 60 / 1000
)

// scaler decides where to step.
type scaler struct {
	since   int // frames since the last step
	waiting int // frames since a step was first wanted
	thinned [(window + 2*longest + window) / thin]float32
}

// shift gives the samples to skip at the play point at (negative: to go back), 0 for none. excess is
// the delay to get rid of; slack of it is left.
func (s *scaler) shift(x []float32, at, excess int) int {
	s.since++
	if excess >= 0 && excess <= slack {
		s.waiting = 0
		return 0
	}
	s.waiting++
	pause := rest
	if excess > much || excess < -much/2 {
		pause = 1
	}
	if s.since <= pause {
		return 0
	}
	lo, hi := shortest, min(excess, longest, len(x)-at-window)
	if excess < 0 {
		lo, hi = -min(slack-excess, longest, at), -shortest
	}
	lag, r := s.search(x, at, lo, hi)
	if r < max(unlike, alike-yielded*float64(s.waiting)) {
		return 0
	}
	s.since, s.waiting = 0, 0
	return lag
}

// search finds the lag in lo..hi (both of one sign) at which the sound resembles the frame at the
// play point most; of hushed ones the longest.
func (s *scaler) search(x []float32, at, lo, hi int) (lag int, likeness float64) {
	if hi < lo {
		return 0, 0
	}
	from := at + min(lo, 0)
	thinned := s.thinned[:(at+max(hi, 0)+window-from)/thin]
	for i := range thinned {
		var sum float32
		for _, v := range x[from+i*thin : from+(i+1)*thin] {
			sum += v
		}
		thinned[i] = sum / thin
	}
	here := (at - from) / thin
	frame := thinned[here : here+window/thin]
	best := -1.0
	for length := shortest; length <= max(hi, -lo); length += thin {
		l := length
		if lo < 0 {
			l = -length
		}
		there := here + l/thin
		if there < 0 || there+len(frame) > len(thinned) {
			break
		}
		if r := compare(frame, thinned[there:there+len(frame)], 1); r > best || r == 1 {
			best, lag = r, l
		}
	}
	if best < 0 || best == 1 {
		return lag, best
	}
	best = -1
	middle := lag
	for l := max(lo, middle-thin+1); l <= min(hi, middle+thin-1); l++ {
		if r := compare(x[at:at+window], x[at+l:at+l+window], 3); r > best {
			best, lag = r, l
		}
	}
	return lag, best
}

// compare is the normalised correlation of two pieces, every stride-th sample of them; 1 if both are hushed.
func compare(a, b []float32, stride int) float64 {
	var aa, bb, ab float32
	for i := 0; i < len(a); i += stride {
		aa += a[i] * a[i]
		bb += b[i] * b[i]
		ab += a[i] * b[i]
	}
	few := hush * float32(len(a)/stride)
	if aa < few && bb < few {
		return 1
	}
	return float64(ab) / math.Sqrt(float64(aa)*float64(bb)+1e-20)
}
