package send

import (
	"math"
	"testing"

	"opendeskphone/audio"
	"opendeskphone/audio/talker"
)

// TestEveryTalkerArrivesAtOneLevel: a talker far from the microphone and one close to it are equally loud at the far
// side, also while that talks; an echo alone is never made louder.
func TestEveryTalkerArrivesAtOneLevel(t *testing.T) {
	const frames = 1800
	far, silence := talk(frames, 1), make([]audio.Frame, frames)
	arrives := func(gain float32, spk []audio.Frame) float64 {
		near, back := talker.Say(frames), echo(spk, 30*48, 0.3)
		v := NewVoice(Profile{Noise: true, Level: true})
		for i := range near {
			near[i].Scale(gain)
			near[i].Add(&back[i])
			v.Process(&near[i], &spk[i])
		}
		return 10 * math.Log10(loudness(near[1200:])/(600*audio.FrameLen))
	}
	soft, loud, against := arrives(0.1, silence), arrives(0.5, silence), arrives(0.1, far)
	if math.Abs(soft-loud) > 2 || math.Abs(soft-against) > 3 {
		t.Errorf("soft %.1f, loud %.1f, soft while the far side talks %.1f dBov", soft, loud, against)
	}
	if alone := arrives(0, far); alone > soft-30 {
		t.Errorf("the echo alone arrives with %.1f dBov, a talker with %.1f", alone, soft)
	}
}

func TestVoiceDoesNotAllocate(t *testing.T) {
	far := talk(260, 1)
	mic := echo(far, 40*48, 0.5)
	v := NewVoice(Profile{Noise: true, Level: true})
	i := 0
	if n := testing.AllocsPerRun(250, func() { v.Process(&mic[i], &far[i]); i++ }); n != 0 {
		t.Errorf("%g allocations a frame", n)
	}
}
