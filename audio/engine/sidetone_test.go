package engine

import (
	"math"
	"testing"

	"opendeskphone/audio"
)

// hearOurselves says a constant and gives how loud it comes out of the ear, in dB.
func hearOurselves(e *Engine) float64 {
	mic, spk := frame(0.1), audio.Frame{}
	for range 4 {
		e.tick(&mic, &spk)
	}
	return 20 * math.Log10(float64(spk[479])/0.1+1e-9)
}

func TestSidetone(t *testing.T) {
	e := newEngine()
	silent := func(when string) {
		t.Helper()
		if l := hearOurselves(e); l > -100 {
			t.Errorf("%s: we hear ourselves with %.1f dB", when, l)
		}
	}
	e.SetParties([]Party{&voice{}})
	silent("not set")
	e.SetSidetone(18)
	for _, p := range []Path{Handset, Headset} {
		e.SetPath(p)
		for _, step := range []int{0, UnityStep, MaxStep} {
			e.SetVolume(p, step)
			if l := hearOurselves(e); math.Abs(l+9) > 0.1 {
				t.Errorf("path %d at volume %d: we hear ourselves with %.1f dB, want -9", p, step, l)
			}
		}
	}
	e.SetSidetone(24)
	if l := hearOurselves(e); math.Abs(l+15) > 0.1 {
		t.Errorf("STMR 24 dB: %.1f dB", l)
	}
	e.SetMuted(true)
	silent("muted")
	e.SetMuted(false)
	e.SetPath(Speaker)
	silent("speaker")
	e.SetPath(Handset)
	e.SetParties(nil)
	silent("no call")
	e.SetParties([]Party{&voice{}})
	e.SetSidetone(0)
	silent("switched off")
}

// the sidetone comes and goes with the path without a click.
func TestSidetoneFades(t *testing.T) {
	e := newEngine()
	e.SetParties([]Party{&voice{}})
	e.SetSidetone(10)
	mic, spk := frame(0.5), audio.Frame{}
	last := float32(0)
	for _, p := range []Path{Handset, Handset, Speaker, Speaker, Headset, Headset} {
		e.SetPath(p)
		e.tick(&mic, &spk)
		for _, v := range spk {
			if d := math.Abs(float64(v - last)); d > 0.002 {
				t.Fatalf("path %d: a step of %.4f", p, d)
			}
			last = v
		}
	}
}
