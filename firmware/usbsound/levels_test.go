package usbsound

import (
	"math"
	"testing"

	"opendeskphone/audio"
)

// The screen is told how loud the PC plays and what it hears: -6 dBFS there, and nothing of a microphone the PC has muted.
func TestLevels(t *testing.T) {
	p := NewParty()
	p.begin(audio.Rate)
	played, heard := make([]int16, audio.FrameLen), make([]int16, audio.FrameLen)
	for i := range played {
		played[i] = int16(16384 * (1 - 2*(i/24%2))) // a square wave of 1 kHz
	}
	var f, loud audio.Frame
	for i := range loud {
		loud[i] = 0.25
	}
	run := func() {
		for range 50 {
			p.exchange(played, heard)
			p.Pull(&f)
			p.Push(&loud)
		}
	}
	run()
	if ear, mouth, on := p.Levels(); !on || math.Abs(ear+6) > 1 || math.Abs(mouth+12) > 0.5 {
		t.Errorf("played %.1f dBFS, heard %.1f, streams %v", ear, mouth, on)
	}
	p.mute(false, true)
	run()
	if _, mouth, _ := p.Levels(); mouth != audio.Silence {
		t.Errorf("the PC hears %.1f dBFS of a muted microphone", mouth)
	}
	p.end()
	if _, _, on := p.Levels(); on {
		t.Error("it streams after its end")
	}
}
