package selftest

import (
	"math"
	"math/rand/v2"
	"testing"

	"opendeskphone/audio"
)

const hz = 1000

// room records half a second of noise and of a tone, with gains in dB; what goes beyond full scale is cut off.
func room(noise, tone, offset float64) []audio.Frame {
	r := rand.New(rand.NewPCG(3, 4))
	x := make([]audio.Frame, 50)
	for n := range x {
		for i := range x[n] {
			at := float64(n*audio.FrameLen+i) / audio.Rate
			v := offset + math.Pow(10, noise/20)*r.NormFloat64() + math.Pow(10, tone/20)*math.Sqrt2*math.Sin(2*math.Pi*hz*at)
			x[n][i] = float32(min(max(v, -1), 1))
		}
	}
	return x
}

const none = -300

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		name          string
		quiet, played []audio.Frame
		want          Verdict
	}{
		{"a phone on a desk", room(-65, none, 0), room(-65, -30, 0), Works},
		{"a soft tone in a still room", room(-80, none, 0), room(-80, -60, 0), Works},
		{"a pulled loudspeaker", room(-65, none, 0), room(-65, none, 0), Silent},
		{"a pulled microphone", room(none, none, 0), room(none, none, 0), Dead},
		{"a microphone that gives its bias alone", room(none, none, 0.1), room(none, none, 0.1), Dead},
		{"a drill next door", room(-20, none, 0), room(-20, -30, 0), TooNoisy},
		{"a gain set too high", room(-60, none, 0), room(-60, 3, 0), Clipped},
		{"no recording", nil, nil, Dead},
	} {
		if got := Judge(c.quiet, c.played, hz).Verdict; got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestLevels(t *testing.T) {
	r := Judge(room(-60, none, 0), room(-60, -25, 0), hz)
	if math.Abs(r.Noise+60) > 0.5 || math.Abs(r.Tone+25) > 0.5 {
		t.Errorf("noise %.1f, tone %.1f dBov, want -60 and -25", r.Noise, r.Tone)
	}
}
