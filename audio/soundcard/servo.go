package soundcard

import (
	"math"
	"sync/atomic"
	"time"
)

// servo takes frames out of the capture ring so that what stays behind is neither nothing nor
// delay. Two cards never run at quite the same speed (crystals differ by up to ±100 ppm, emulated
// cards by thousands); instead of a click now and then, a frame is made from a few samples more or
// less than it has, by interpolation. How many is measured, not guessed from the level: callbacks that
// come late, or samples that a card has lost, say nothing of its clock, and one clock for both
// directions leaves every frame as it is.
type servo struct {
	frame    int     // samples in 10 ms
	period   int     // samples in one callback
	low      int     // least left behind during this window, what the card itself holds included
	before   int     // the same of the window before
	known    bool    // before may be compared with
	begun    bool    // the card has given something
	gathers  bool    // it gives silence until the reserve has come together
	takes    int     // frames of this window
	rate     float64 // samples beside frame, for the whole next window
	owed     float64 // of them, until they make a whole one
	drift    float64 // samples a frame that the card is too fast, as measured
	measured int     // windows that speak in drift
	surplus  int     // samples to throw away
	least    int     // smallest reserve
	margin   int     // reserve for late callbacks, beyond one period: grows when it was too small
	scratch  []int16

	skipped  atomic.Uint64
	adjusted atomic.Int64
}

const (
	window   = 25           // frames over which the low-water mark is taken
	memory   = 16           // windows over which the clocks are compared
	steepest = 4            // samples a frame may be stretched by: less than 1 %, which no ear minds
	gentle   = 0.25         // of them, to win or lose reserve; the rest is for the clocks' difference
	part     = 0.1 / window // of the reserve too much or too little, that one frame gives or takes
	excess   = 3            // frames of reserve too many, from which they are delay to be cut off
	spare    = 6            // frames that the reserve may grow by
	forget   = 128          // windows in which most of that is given up again
)

// newServo makes a servo for frames and periods of so many samples, which keeps reserve samples or a
// tenth of a frame, whichever is more.
func newServo(frame, period, reserve int) *servo {
	least := max(frame/10, reserve)
	s := &servo{frame: frame, period: period, least: least, margin: least, scratch: make([]int16, frame+steepest)}
	s.begin()
	return s
}

// take fills mic with 10 ms out of in and says how many true samples stand in it: less than
// len(mic) when the ring ran dry, and the rest is silence. pending is how many samples the card has
// gathered since its last callback was due: samples come in whole periods, and only with it does the
// reserve move as smoothly as the clocks do.
func (s *servo) take(in *ring, mic []int16, pending int) int {
	if n := min(s.surplus, in.fill()); n > 0 {
		in.skip(n)
		s.skipped.Add(uint64(n))
		s.known = false
	}
	s.surplus = 0
	pending = max(pending, 0)
	if s.gathers && in.fill()+pending >= s.frame+s.target() {
		s.gathers = false
	}
	step := s.next(in.fill() - s.frame)
	src := s.scratch[:s.frame+step]
	if s.gathers || in.fill() < len(src) {
		return s.dry(in, mic, pending)
	}
	s.begun = true
	in.get(src)
	stretch(mic, src)
	s.adjusted.Add(int64(-step))
	s.watch(in.fill() + pending)
	return len(mic)
}

// next is how many samples beside a frame are due; not more than there are.
func (s *servo) next(room int) int {
	s.owed += s.rate
	step := int(math.Round(within(s.owed, steepest)))
	step = min(step, max(room, 0))
	s.owed = within(s.owed-float64(step), 1)
	return step
}

// dry gives what there is and silence: what did not come yet comes later, so the silence in its place
// becomes the reserve that was lacking. If more is lacking, the silence lasts until it has come together.
func (s *servo) dry(in *ring, mic []int16, pending int) (got int) {
	if !s.gathers {
		got = in.get(mic)
	}
	clear(mic[got:])
	if s.begun && !s.gathers {
		s.need(s.margin + len(mic) - got)
	}
	s.gathers = s.gathers || in.fill()+pending < s.target()-s.frame
	s.known = false
	s.begin()
	return got
}

// target is what shall be left behind at the lowest, the samples underway included.
func (s *servo) target() int { return s.period + s.margin }

// need makes the margin at least so large, within bounds.
func (s *servo) need(margin int) {
	s.margin = min(max(s.margin, margin), s.least+spare*s.frame)
}

// begin begins a window.
func (s *servo) begin() { s.low, s.takes = math.MaxInt, 0 }

// late tells that a callback came so many samples late. More than the reserve may grow by is a
// machine that stood still, against which nothing helps.
func (s *servo) late(n int) {
	if n <= spare*s.frame {
		s.need(s.least + n)
	}
	if n > s.frame/2 {
		s.known = false // nor is this a time to compare clocks
	}
}

func (s *servo) watch(left int) {
	s.low = min(s.low, left)
	if s.takes++; s.takes < window {
		return
	}
	if s.known {
		s.learn(float64(s.low-s.before)/window + s.rate)
	}
	s.margin -= (s.margin - s.least + forget - 1) / forget // no need has shown: try with less
	over := s.low - s.target()
	if over > excess*s.frame {
		s.surplus = over
	}
	s.rate = within(s.drift+within(part*float64(over), gentle), steepest)
	s.before = s.low
	s.begin()
	s.known = true
}

// learn takes up how fast the card ran in one window. What no clock does is a loss or a stall.
func (s *servo) learn(speed float64) {
	if math.Abs(speed) > 2*steepest {
		return
	}
	s.measured = min(s.measured+1, memory)
	s.drift = within(s.drift+(speed-s.drift)/float64(s.measured), steepest)
}

func within(v, limit float64) float64 { return min(max(v, -limit), limit) }

// beat knows when a card's periods fall due, by its callbacks, of which some come late.
type beat struct{ due, late time.Duration }

// follow is how quickly the beat follows a card that is slower than its rate says.
const follow = 16

// heard takes a callback with so much sound at a time: due is now when it should have come, and late
// by how much it did not.
func (b *beat) heard(now, sound time.Duration) {
	if b.due == 0 { // the first one is on time
		b.due = now
		return
	}
	b.due = min(b.due+sound, now)
	b.late = now - b.due
	b.due += b.late / follow
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
