package send

import (
	"math"
	"math/rand/v2"
	"testing"

	"opendeskphone/audio"
	"opendeskphone/audio/agc"
	"opendeskphone/audio/talker"
)

// TestALoopFallsSilent: somebody talks for 5 s into a microphone that the loudspeaker drives into its limits, and the far
// side hands back what it hears, louder. When he is done the loop does not go on by itself, also when the room
// changes then.
func TestALoopFallsSilent(t *testing.T) {
	loops := []struct {
		name       string
		room, back float32 // gain from loudspeaker to microphone, and of the far side
		quiet      bool
	}{
		{"a loud phone", 4, 1, false},
		{"a loud far side", 2, 16, false},
		{"both loud, noise suppressed", 4, 2, true},
	}
	if testing.Short() {
		loops = loops[2:]
	}
	for _, c := range loops {
		far := newLoop(c.room, c.back, c.quiet).run(900)
		if l := 10 * math.Log10(loudness(far[600:700])/(100*audio.FrameLen)); l > -35 {
			t.Errorf("%s: a second after the last word the loudspeaker plays at %.0f dBov", c.name, l)
		}
		if l := 10 * math.Log10(loudness(far[800:])/(100*audio.FrameLen)); l > -35 {
			t.Errorf("%s: a second after the room changed the loudspeaker plays at %.0f dBov", c.name, l)
		}
	}
}

// loop is a phone, its room and a far side that is a loudspeaker before a microphone, 80 ms away.
type loop struct {
	voice      *Voice
	room, back float32
	near       []audio.Frame
	far        []float32
	noise      *rand.Rand
}

func newLoop(room, back float32, quiet bool) *loop {
	return &loop{voice: NewVoice(Profile{Noise: quiet, Level: true, Lift: agc.Range}), room: room, back: back, near: talker.Say(500),
		noise: rand.New(rand.NewPCG(1, 2))}
}

// run gives what the loudspeaker played.
func (l *loop) run(frames int) []audio.Frame {
	played, sent := make([]audio.Frame, frames), make([]audio.Frame, frames)
	for i := range played {
		if i >= 8 {
			for j, v := range sent[i-8] {
				played[i][j] = min(max(l.back*v, -0.7), 0.7)
			}
		}
		l.far = append(l.far, played[i][:]...)
		sent[i] = l.hear(i)
		l.voice.Process(&sent[i], &played[i])
	}
	return played
}

// hear is what the microphone hears in a frame; after 7 s the room is another.
func (l *loop) hear(i int) (mic audio.Frame) {
	late, taps := 960, [3]float32{1, 0.4, -0.3}
	if i >= 700 {
		late, taps = 1100, [3]float32{0.7, -0.6, 0.5}
	}
	for j := range mic {
		at := i*audio.FrameLen + j - late
		v := float32(l.noise.NormFloat64()) * 0.002
		for k, gain := range taps {
			if d := at - 400*k; d >= 0 {
				v += l.room * gain * l.far[d]
			}
		}
		if i < len(l.near) {
			v += 0.3 * l.near[i][j]
		}
		mic[j] = min(max(v, -1), 1)
	}
	return mic
}
