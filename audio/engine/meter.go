package engine

import (
	"math"
	"sync/atomic"

	"opendeskphone/audio"
)

// meters measure both ends of the path.
type meters struct{ mic, spk meter }

const (
	meterRate = 15  // Hz at which levels are published
	tickRate  = 100 // Hz
)

// meter measures the power of frames and publishes it as a level.
type meter struct {
	energy  float64
	samples int
	phase   int
	dBFS    atomic.Uint64 // bits of a float64; 0 is never published, so that a fresh meter says silence
}

func (m *meter) add(f *audio.Frame) {
	var sum float32
	for _, v := range f {
		sum += v * v
	}
	m.energy += float64(sum)
	m.samples += len(f)
	if m.phase += meterRate; m.phase < tickRate {
		return
	}
	m.phase -= tickRate
	level := float64(audio.Silence)
	if m.energy > 0 {
		level = max(level, 10*math.Log10(m.energy/float64(m.samples)))
	}
	if level == 0 {
		level = -math.SmallestNonzeroFloat64
	}
	m.dBFS.Store(math.Float64bits(level))
	m.energy, m.samples = 0, 0
}

func (m *meter) level() float64 {
	if bits := m.dBFS.Load(); bits != 0 {
		return math.Float64frombits(bits)
	}
	return audio.Silence
}
