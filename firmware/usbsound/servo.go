package usbsound

import (
	"math"
	"sync/atomic"
)

// servo trims one direction by how full its ring stands. Both sides come in pieces of 10 ms, so the level swings by a
// piece; it is smoothed over seconds, and the trim follows by a proportional and an integral part: the one brings the
// level back, the other learns the difference of the clocks and stays.
type servo struct {
	smooth   float64
	learned  float64 // ppm
	begun    bool
	restarts atomic.Uint32
	seen     uint32
	trim     atomic.Uint64 // bits of the last ppm, for whoever asks
}

const (
	smoothing = 1.0 / 200  // of a piece: about two seconds
	push      = 0.6        // ppm for each sample of difference: a tenth of the reserve in about a minute
	learn     = 0.6 / 6000 // of it, each piece, that is learned
	most      = 1000       // ppm: beyond any pair of crystals
)

// restart forgets the level, not the clocks: the same PC comes back with the same crystal.
func (s *servo) restart() { s.restarts.Add(1) }

// next gives the trim in ppm for the next piece, with so many samples in the ring before it.
func (s *servo) next(fill int) float64 {
	if r := s.restarts.Load(); r != s.seen || !s.begun {
		s.seen, s.begun, s.smooth = r, true, target
	}
	if fill > tooFull { // nobody takes it, and it will be cut off: that tells nothing of the clocks
		s.smooth = target
		return s.learned
	}
	s.smooth += (float64(fill) - s.smooth) * smoothing
	over := s.smooth - target
	s.learned = within(s.learned-over*learn*push, most)
	ppm := within(s.learned-over*push, most)
	s.trim.Store(math.Float64bits(ppm))
	return ppm
}

func (s *servo) skew() float64 { return math.Float64frombits(s.trim.Load()) }

func within(v, limit float64) float64 { return min(max(v, -limit), limit) }
