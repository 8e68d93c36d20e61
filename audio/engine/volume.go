package engine

import (
	"fmt"

	"opendeskphone/audio"
)

// Steps of a volume: 3 dB each. Step UnityStep leaves the samples as they are; above it the limiter
// sees to it that louder does not mean torn. Step 0 of a path is still audible (a voice is never
// lost by the volume key), step 0 of the ringer is silence.
const (
	MaxStep   = 15
	UnityStep = 10
	stepDB    = 3.0
)

// Config holds the volumes at start, in steps 0 to MaxStep.
type Config struct {
	Handset int
	Headset int
	Speaker int
	Ring    int
}

// Default is a voice as it comes, and a ringer a little softer.
func Default() Config {
	return Config{Handset: UnityStep, Headset: UnityStep, Speaker: UnityStep, Ring: 10}
}

// Validate checks that every volume is a step.
func (c Config) Validate() error {
	for _, v := range []struct {
		name string
		step int
	}{{"handset", c.Handset}, {"headset", c.Headset}, {"speaker", c.Speaker}, {"ring", c.Ring}} {
		if v.step != held(v.step) {
			return fmt.Errorf("engine: %s volume %d is not 0 to %d", v.name, v.step, MaxStep)
		}
	}
	return nil
}

func held(step int) int { return min(max(step, 0), MaxStep) }

// gains is the factor of each step, worked out once: the tick has no powers to spare.
var gains = func() (g [MaxStep + 1]float32) {
	for step := range g {
		g[step] = audio.Gain(float64(step-UnityStep) * stepDB)
	}
	return g
}()

func gain(step int) float32 { return gains[held(step)] }

func ringGain(step int) float32 {
	if step <= 0 {
		return 0
	}
	return gain(step)
}

// fader changes a gain without a click: a new value is reached in a straight line over one frame.
type fader struct{ last float32 }

func (g *fader) apply(f *audio.Frame, to float32) {
	if g.last == to {
		if to != 1 {
			f.Scale(to)
		}
		return
	}
	step := (to - g.last) / audio.FrameLen
	for i := range f {
		f[i] *= to - step*float32(audio.FrameLen-1-i)
	}
	g.last = to
}

const (
	swellFrom   = 0.1   // ringing begins 20 dB down
	swellFactor = 1.008 // a tick: full loudness after 2.9 s
)

// swell lets a ringing phone come up softly: nobody jumps, and nobody misses it.
type swell struct {
	ring uint64
	at   float32
}

// next gives the loudness of the next frame, 0.1 to 1, of the ring-th ringing.
func (s *swell) next(ring uint64) float32 {
	if ring != s.ring {
		s.ring, s.at = ring, swellFrom
	}
	at := s.at
	s.at = min(1, s.at*swellFactor)
	return at
}
