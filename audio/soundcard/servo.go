package soundcard

import (
	"math"
	"sync/atomic"
)

// servo takes frames out of the capture ring so that what stays behind is neither nothing nor
// delay. Two cards never run at quite the same speed (crystals differ by up to ±100 ppm, emulated
// cards by thousands); instead of a click now and then, a frame is made from a few samples more or
// less than it has, by interpolation.
type servo struct {
	frame   int     // samples in 10 ms
	period  int     // samples in one callback
	low     int     // least left behind in the ring during this window
	takes   int     // frames of this window
	step    int     // samples beside frame, for the whole next window
	drift   float64 // samples a frame that the card is too fast
	least   int     // smallest reserve
	margin  int     // reserve for late callbacks, beyond one period: grows when it was too small
	scratch []int16

	skipped  atomic.Uint64
	adjusted atomic.Int64
}

const (
	window   = 25 // frames over which the low-water mark is taken
	steepest = 4  // samples a frame may be stretched by: less than 1 %, which no ear minds
	// A proportional and an integral part, per window, of samples of reserve too many: what one
	// takes back at once and what the other learns of the clocks' difference makes a loop that is
	// critically damped (both its poles lie at 0.75).
	part = 1.0 / (2 * window)
	sum  = 1.0 / (16 * window)
)

// newServo makes a servo for frames and periods of so many samples, which keeps reserve samples or a
// tenth of a frame, whichever is more.
func newServo(frame, period, reserve int) servo {
	least := max(frame/10, reserve)
	return servo{frame: frame, period: period, low: 1 << 30, least: least, margin: least, scratch: make([]int16, frame+steepest)}
}

// take fills mic with 10 ms out of in and says how many true samples stand in it: less than
// len(mic) when the ring ran dry, and the rest is silence. pending is how many samples the card has
// gathered since its last callback, by the clock: samples come in whole periods, and only with it
// does the reserve move as smoothly as the clocks do.
func (s *servo) take(in *ring, mic []int16, pending int) int {
	pending = min(max(pending, 0), s.period)
	if over := in.fill() - s.frame + pending - s.target(); over > 3*s.frame {
		n := min(over, in.fill())
		in.skip(n)
		s.skipped.Add(uint64(n))
	}
	src := s.scratch[:s.frame+s.step]
	if in.fill() < len(src) {
		got := in.get(mic)
		clear(mic[got:])
		if got < len(mic) {
			s.margin = min(s.margin+s.frame/5, s.least+2*s.frame)
		}
		s.low, s.takes = 1<<30, 0
		return got
	}
	in.get(src)
	stretch(mic, src)
	s.adjusted.Add(int64(-s.step))
	s.watch(in.fill() + pending)
	return len(mic)
}

// target is what the ring shall hold at its lowest, the samples underway included.
func (s *servo) target() int { return s.period + s.margin }

func (s *servo) watch(left int) {
	s.low = min(s.low, left)
	if s.takes++; s.takes < window {
		return
	}
	over := float64(s.low - s.target())
	s.drift = min(max(s.drift+sum*over, -steepest), steepest)
	s.step = int(min(max(math.Round(s.drift+part*over), -steepest), steepest))
	s.margin = max(s.margin-1, s.least) // no need has shown: try with less
	s.low, s.takes = 1<<30, 0
}

// stretch makes dst from src, which is a little shorter or longer, by linear interpolation; the ends
// keep their places.
func stretch(dst, src []int16) {
	if len(dst) == len(src) {
		copy(dst, src)
		return
	}
	ratio := float32(len(src)-1) / float32(len(dst)-1)
	for i := range dst {
		at := float32(i) * ratio
		j := min(int(at), len(src)-2)
		f := at - float32(j)
		dst[i] = int16((1-f)*float32(src[j]) + f*float32(src[j+1]))
	}
}
