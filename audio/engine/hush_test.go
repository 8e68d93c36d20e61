package engine

import (
	"testing"

	"opendeskphone/audio"
	"opendeskphone/audio/tone"
)

// a path that is changed while all is hushed begins softly and with its own volume: nothing of the other path's is left.
func TestHushedNothingComesOutAndNothingBursts(t *testing.T) {
	e := newEngine()
	e.SetParties([]Party{&voice{says: 0.05}})
	e.SetPath(Speaker)
	e.SetVolume(Speaker, MaxStep)
	e.SetVolume(Handset, 4)
	e.StartRing(tone.Rings()[0])
	var mic, spk audio.Frame
	for range 100 {
		e.tick(&mic, &spk)
	}
	e.Hush(true)
	e.tick(&mic, &spk) // fades
	e.tick(&mic, &spk) // the limiter's millisecond
	for range 5 {
		if e.tick(&mic, &spk); spk != (audio.Frame{}) {
			t.Fatalf("hushed: %.4f", spk[0])
		}
	}
	e.StopRing()
	e.tick(&mic, &spk)
	e.SetPath(Handset)
	e.Hush(false)
	want, last := 0.05*audio.Gain(-18), float32(0)
	for range 10 {
		e.tick(&mic, &spk)
		for _, v := range spk {
			if v > 1.01*want || v-last > want/100 {
				t.Fatalf("after %.4f comes %.4f, want no more than %.4f", last, v, want)
			}
			last = v
		}
	}
	if !near(last, want) {
		t.Errorf("in the end %.4f, want %.4f", last, want)
	}
}
