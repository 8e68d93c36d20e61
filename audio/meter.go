package audio

import (
	"math"
	"sync/atomic"
)

// Meter measures the level of a sound over tenths of a second. One goroutine adds frames; Level may be asked from any.
type Meter struct {
	energy float64
	frames int
	bits   atomic.Uint64
}

// Add takes the next frame.
func (m *Meter) Add(f *Frame) {
	var sum float32
	for _, v := range f {
		sum += v * v
	}
	m.energy += float64(sum)
	if m.frames++; m.frames == 10 {
		m.bits.Store(math.Float64bits(m.energy / (10 * FrameLen)))
		m.energy, m.frames = 0, 0
	}
}

// Level is the power of the last whole tenth of a second in dBFS, never below Silence.
func (m *Meter) Level() float64 {
	power := math.Float64frombits(m.bits.Load())
	if power == 0 {
		return Silence
	}
	return max(Silence, 10*math.Log10(power))
}
