package send

import (
	"math"
	"math/rand/v2"
	"testing"

	"opendeskphone/audio"
	"opendeskphone/audio/agc"
	"opendeskphone/audio/talker"
)

// TestEveryTalkerArrivesAtOneLevel: a talker far from the microphone and one close to it are equally loud at the far
// side, also while that talks; an echo alone is never made louder.
func TestEveryTalkerArrivesAtOneLevel(t *testing.T) {
	if testing.Short() {
		t.Skip("long sound: the race detector and emulated processors look for other faults")
	}
	const frames = 1800
	far, silence := talk(frames, 1), make([]audio.Frame, frames)
	arrives := func(gain float32, spk []audio.Frame) float64 {
		near, back := talker.Say(frames), echo(spk, 30*48, 0.3)
		v := NewVoice(Profile{Noise: true, Level: true, Lift: agc.Range})
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

// TestTheRoomIsTold: a talker at -31 dBov in a room of -60 dBov with an echo 10 dB below what is played.
func TestTheRoomIsTold(t *testing.T) {
	if testing.Short() {
		t.Skip("long sound: the race detector and emulated processors look for other faults")
	}
	const frames = 3000
	far, near := talk(frames, 1), talker.Say(frames)
	back := echo(far, 30*48, 0.3)
	r := rand.New(rand.NewPCG(1, 2))
	v := NewVoice(Profile{Noise: true, Level: true, Lift: agc.Range})
	var silence audio.Frame
	for i := range near {
		spk := &silence
		near[i].Scale(0.1)
		if i < 1000 {
			near[i], spk = back[i], &far[i]
		} else if i > 2000 {
			near[i] = silence
		}
		for j := range near[i] {
			near[i][j] += float32(r.NormFloat64()) * 0.001
		}
		v.Process(&near[i], spk)
	}
	room := v.Room()
	if math.Abs(room.Speech-(-31+dBm0)) > 3 || math.Abs(room.Noise-(-60+dBm0)) > 2 || room.ERLE < 30 || math.Abs(room.RERL-room.ERLE-10) > 3 {
		t.Errorf("%+v", room)
	}
}

func TestVoiceDoesNotAllocate(t *testing.T) {
	far := talk(260, 1)
	mic := echo(far, 40*48, 0.5)
	v := NewVoice(Profile{Noise: true, Level: true, Lift: agc.Range})
	i := 0
	if n := testing.AllocsPerRun(250, func() { v.Process(&mic[i], &far[i]); i++ }); n != 0 {
		t.Errorf("%g allocations a frame", n)
	}
}

// TestAColleagueStaysBehindTheWearer: while the wearer of a headset listens, the voice of somebody farther away, 25 dB below
// his, is not brought up to his level, as it would be before a microphone for the whole room; his own voice is.
func TestAColleagueStaysBehindTheWearer(t *testing.T) {
	if testing.Short() {
		t.Skip("long sound: the race detector and emulated processors look for other faults")
	}
	arrives := func(lift float64) (wearer, colleague float64) {
		voice := talker.Say(2400)
		v := NewVoice(Profile{Noise: true, Level: true, Lift: lift})
		var silence audio.Frame
		for i := range voice {
			if i < 1200 {
				voice[i].Scale(0.3)
			} else {
				voice[i].Scale(0.3 / 18)
			}
			v.Process(&voice[i], &silence)
		}
		level := func(f []audio.Frame) float64 {
			return 10 * math.Log10(loudness(f)/float64(len(f)*audio.FrameLen))
		}
		return level(voice[800:1200]), level(voice[2000:])
	}
	wearer, colleague := arrives(Close)
	room, far := arrives(agc.Range)
	t.Logf("at the mouth %.1f and %.1f, in the room %.1f and %.1f dBov", wearer, colleague, room, far)
	if math.Abs(wearer-room) > 1 {
		t.Errorf("the wearer arrives with %.1f dBov, before a room's microphone with %.1f", wearer, room)
	}
	if colleague > wearer-10 {
		t.Errorf("the wearer arrives with %.1f dBov, a colleague with %.1f", wearer, colleague)
	}
	if far < colleague+6 {
		t.Errorf("a room's microphone brings the far talker to %.1f dBov, one at the mouth to %.1f", far, colleague)
	}
}
