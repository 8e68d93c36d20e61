package selftest

import (
	"testing"

	"opendeskphone/audio"
)

// TestProbeInARoom: the microphone hears the loudspeaker 60 ms late, or not at all.
func TestProbeInARoom(t *testing.T) {
	for gain, want := range map[float32]Verdict{0.2: Works, 0: Silent} {
		p := NewProbe()
		noise := room(-65, none, 0)
		var played []audio.Frame
		for i := 0; ; i++ {
			var f audio.Frame
			p.Pull(&f)
			played = append(played, f)
			mic := noise[i%len(noise)]
			if i >= 6 {
				echo := played[i-6]
				echo.Scale(gain)
				mic.Add(&echo)
			}
			p.Push(&mic)
			select {
			case <-p.Done():
				if got := p.Judge(); got.Verdict != want {
					t.Errorf("gain %v: %+v", gain, got)
				}
			default:
				if i < 300 {
					continue
				}
				t.Error("it never ends")
			}
			break
		}
	}
}

func TestProbeDoesNotAllocate(t *testing.T) {
	p := NewProbe()
	var f audio.Frame
	if n := testing.AllocsPerRun(250, func() { p.Pull(&f); p.Push(&f) }); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}
