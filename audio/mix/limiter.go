package mix

import (
	"math"

	"opendeskphone/audio"
)

const (
	ceiling = 0.98  // of full scale: the largest sample that leaves the limiter
	ahead   = 48    // samples looked ahead, 1 ms: the gain is down before the peak comes
	release = 0.999 // of the missing gain is left after each sample: back within 100 ms
	trace   = 1e-6  // reduction that nobody hears: it has recovered
)

// Limiter keeps samples within full scale without the harshness of clipping: its gain goes down
// smoothly before a peak and recovers after it. It delays by 1 ms. The zero value is ready.
type Limiter struct {
	delay [ahead]float32
	peak  [ahead]float32 // gain each delayed sample needs, as reduction: 1 - gain
	at    int
	cut   float32 // reduction now
	glide float32 // reduction per sample on the way down
	goal  float32
	calm  int // samples since one needed a reduction
}

// Process limits in place. What is not a number becomes silence.
func (l *Limiter) Process(f *audio.Frame) {
	if l.cut < trace && l.calm >= ahead && fits(f) {
		l.pass(f)
		return
	}
	for i, v := range f {
		if v != v || math.IsInf(float64(v), 0) {
			v = 0
		}
		need := float32(0)
		l.calm++
		if a := max(v, -v); a > ceiling {
			need = 1 - ceiling/a
			l.calm = 0
		}
		if need > l.goal {
			l.goal = need
			l.glide = max(l.glide, (need-l.cut)/ahead)
		}
		out := l.delay[l.at]
		l.delay[l.at], l.peak[l.at] = v, need
		if l.at++; l.at == ahead {
			l.at = 0
		}
		l.follow()
		f[i] = min(max(out*(1-l.cut), -1), 1)
	}
}

// fits tells whether no sample needs a reduction, nor is anything but a number. The bits of numbers
// without their sign have the order of the numbers, and infinity and what is no number are the greatest:
// integers tell it, and a processor with slow floating point has almost nothing to do for sound that is not too loud.
func fits(f *audio.Frame) bool {
	const sign = 1 << 31
	most := math.Float32bits(ceiling)
	for _, v := range f {
		if math.Float32bits(v)&^sign > most {
			return false
		}
	}
	return true
}

// pass delays what needs no reduction.
func (l *Limiter) pass(f *audio.Frame) {
	var out audio.Frame
	n := copy(out[:], l.delay[l.at:])
	n += copy(out[n:], l.delay[:l.at])
	copy(out[n:], f[:])
	copy(l.delay[:], f[audio.FrameLen-ahead:])
	*f = out
	l.peak = [ahead]float32{}
	l.at, l.cut, l.goal, l.glide = 0, 0, 0, 0
	l.calm = ahead // as good as any more
}

// follow moves the reduction towards its goal, or lets it recover.
func (l *Limiter) follow() {
	if l.cut < l.goal {
		l.cut = min(l.cut+l.glide, l.goal)
		return
	}
	l.glide = 0
	l.goal = 0
	if l.calm < ahead { // else nothing that is delayed needs any
		for _, p := range l.peak {
			l.goal = max(l.goal, p)
		}
	}
	l.cut = max(l.cut*release, l.goal)
	l.goal = l.cut
}
