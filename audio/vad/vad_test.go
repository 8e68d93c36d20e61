package vad

import (
	"math"
	"math/rand/v2"
	"testing"

	"opendeskphone/audio"
)

// scene is noise at one level with a vowel at another from frame 300 to 400 and 500 to 600.
func scene(noise, speech float64) (x []audio.Frame) {
	r := rand.New(rand.NewPCG(1, 2))
	gain, amp := math.Pow(10, noise/20), math.Pow(10, speech/20)
	for n := range 800 {
		var f audio.Frame
		for i := range f {
			t := float64(n*len(f)+i) / audio.Rate
			f[i] = float32(gain * r.NormFloat64())
			if n >= 300 && n < 400 || n >= 500 && n < 600 {
				for k := 1.0; k < 10; k++ {
					f[i] += float32(amp * 1.1 / k * math.Sin(2*math.Pi*130*k*t))
				}
			}
		}
		x = append(x, f)
	}
	return x
}

func TestFindsSpeechInNoise(t *testing.T) {
	for _, s := range []struct{ noise, speech float64 }{{-70, -30}, {-60, -40}, {-50, -25}, {-40, -20}, {-45, -35}} {
		var d Detector
		hit, wrong := 0, 0
		for n, f := range scene(s.noise, s.speech) {
			speech := d.Speech(&f)
			talking := n >= 300 && n < 400 || n >= 500 && n < 600
			after := n >= 400 && n < 400+hangover+2 || n >= 600 && n < 600+hangover+2
			switch {
			case talking && speech:
				hit++
			case speech && !after && n > 150:
				wrong++
			}
		}
		if hit < 198 || wrong > 5 {
			t.Errorf("noise %v, speech %v dB: %d of 200 frames found, %d wrong", s.noise, s.speech, hit, wrong)
		}
	}
}

func TestNoiseFloorIsMeasured(t *testing.T) {
	for _, noise := range []float64{-60, -45, -35} {
		var d Detector
		for _, f := range scene(noise, noise+20) {
			d.Speech(&f)
		}
		if math.Abs(d.Noise()-noise) > 3 {
			t.Errorf("noise of %v dB measured as %.1f", noise, d.Noise())
		}
	}
}

func TestSilenceIsNoSpeech(t *testing.T) {
	var d Detector
	for range 200 {
		if d.Speech(new(audio.Frame)) {
			t.Fatal("speech in silence")
		}
	}
}

func TestNoAllocations(t *testing.T) {
	var d Detector
	var f audio.Frame
	if n := testing.AllocsPerRun(100, func() { d.Speech(&f) }); n != 0 {
		t.Error(n)
	}
}
