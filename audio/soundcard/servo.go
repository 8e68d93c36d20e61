package soundcard

import "sync/atomic"

// servo takes frames out of the capture ring so that what stays behind is neither nothing nor
// delay. Two cards never run at quite the same speed (crystals differ by up to ±100 ppm, an
// emulated card by far more); instead of a click now and then, a frame is made from one sample
// more or less than it has, by interpolation.
type servo struct {
	frame   int // samples in 10 ms
	period  int // samples in one callback
	low     int // least left behind in the ring during this window
	takes   int // frames of this window
	step    int // -1, 0 or +1 samples beside frame, for the whole next window
	scratch []int16

	skipped  atomic.Uint64
	adjusted atomic.Int64
}

const window = 50 // frames over which the low-water mark is taken

func newServo(frame, period int) servo {
	return servo{frame: frame, period: period, low: 1 << 30, scratch: make([]int16, frame+1)}
}

// take fills mic with 10 ms out of in and says how many true samples stand in it: less than
// len(mic) when the ring ran dry, and the rest is silence. pending is how many samples the card has
// gathered since its last callback, by the clock: samples come in whole periods, and only with it
// does the reserve move as smoothly as the clocks do.
func (s *servo) take(in *ring, mic []int16, pending int) int {
	pending = min(max(pending, 0), s.period)
	if left := in.fill() - s.frame + pending; left > s.ceiling()+s.frame {
		n := min(left-s.floor(), in.fill())
		in.skip(n)
		s.skipped.Add(uint64(n))
	}
	src := s.scratch[:s.frame+s.step]
	if in.fill() < len(src) {
		got := in.get(mic)
		clear(mic[got:])
		s.low, s.takes, s.step = 1<<30, 0, 0 // what was missing has become the reserve
		return got
	}
	in.get(src)
	stretch(mic, src)
	s.adjusted.Add(int64(-s.step))
	s.watch(in.fill() + pending)
	return len(mic)
}

// floor and ceiling bound the low-water mark. Below the floor the next callback could come too late
// for a frame; above the ceiling is needless delay.
func (s *servo) floor() int   { return s.period + s.frame/20 }
func (s *servo) ceiling() int { return s.period + s.frame/5 }

func (s *servo) watch(left int) {
	s.low = min(s.low, left)
	if s.takes++; s.takes < window {
		return
	}
	switch {
	case s.low < s.floor():
		s.step = -1
	case s.low > s.ceiling():
		s.step = 1
	default:
		s.step = 0
	}
	s.low, s.takes = 1<<30, 0
}

// stretch makes dst from src, which is one sample shorter, equal or longer, by linear
// interpolation; the ends keep their places.
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
