package quality

import (
	"math"
	"math/rand/v2"
	"testing"

	"opendeskphone/audio"
)

// speak adds so many seconds of noise, and words of 0.6 s in each second, as sines. Levels are in dBFS.
func speak(v *Voice, seconds int, word, noise float64) {
	r := rand.New(rand.NewPCG(1, 2))
	var f audio.Frame
	a, n := float64(audio.Gain(word))*math.Sqrt2, float64(audio.Gain(noise))
	for i := range 100 * seconds {
		for j := range f {
			x := n * r.NormFloat64()
			if i%100 < 60 {
				x += a * math.Sin(float64(i*audio.FrameLen+j)*0.06)
			}
			f[j] = float32(min(max(x, -1), 1))
		}
		v.Add(&f)
	}
}

func TestLevelsOfSpeechAndNoise(t *testing.T) {
	var v Voice
	if l := v.Levels(); l != (Levels{Now: audio.Silence}) {
		t.Errorf("before anything: %+v", l)
	}
	speak(&v, 20, -26, -60)
	l := v.Levels()
	if math.Abs(l.Speech-(-26+DBm0)) > 1 || math.Abs(l.Noise-(-60+DBm0)) > 1.5 || l.Clipped != 0 {
		t.Errorf("speech at -26 dBFS in noise at -60 is %+v dBm0", l)
	}
	var quiet audio.Frame
	for range 500 {
		v.Add(&quiet) // muted
	}
	if now := v.Levels(); now.Noise != l.Noise || now.Speech != l.Speech || now.Now != audio.Silence {
		t.Errorf("digital silence is measured: %+v", now)
	}
}

func TestClippingShows(t *testing.T) {
	var v Voice
	speak(&v, 10, 3, -60)
	if l := v.Levels(); l.Clipped < 0.1 {
		t.Errorf("%+v", l)
	}
}

func TestNoSpeechIsNotKnown(t *testing.T) {
	var v Voice
	speak(&v, 10, -100, -50)
	if l := v.Levels(); l.Speech != 0 || math.Abs(l.Noise-(-50+DBm0)) > 1.5 {
		t.Errorf("%+v", l)
	}
}

func TestVoiceNeverAllocates(t *testing.T) {
	var v Voice
	var f audio.Frame
	f[0] = 1
	if n := testing.AllocsPerRun(1000, func() { v.Add(&f) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
