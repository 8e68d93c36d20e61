package send

import (
	"opendeskphone/audio"
	"opendeskphone/audio/agc"
	"opendeskphone/audio/ns"
	"opendeskphone/audio/quality"
)

// Profile says what is done to our voice beside taking out the echo.
type Profile struct {
	Noise bool    // the room's noise goes
	Level bool    // the talker comes to agc.Target
	Lift  float64 // dB by which a quiet talker is amplified for that at the most, up to agc.Range
}

// Close is the Lift of a microphone at the mouth, in dB. It is enough for a quiet voice and a mouthpiece that slipped; who talks
// farther away is no part of the call, and is not brought up to its level when the talker pauses.
const Close = 6

// Voice is all that happens between the microphone and the far side. It belongs to one goroutine.
type Voice struct {
	profile Profile
	cleaner *Cleaner
	level   *agc.Leveller
	witness witness
}

// NewVoice makes one.
func NewVoice(p Profile) *Voice {
	v := &Voice{profile: p, level: agc.New(p.Lift)}
	if p.Noise || p.Level {
		v.cleaner = newCleaner(p.Noise, ns.New())
	} else {
		v.cleaner = newCleaner(false, nil)
	}
	return v
}

// Room tells what has been seen of echo and noise since; any goroutine may ask.
func (v *Voice) Room() quality.Room { return v.witness.room() }

// Process makes of what the microphone heard, while the loudspeaker played spk, what the far side shall hear.
func (v *Voice) Process(mic, spk *audio.Frame) {
	heard, played := power(mic), power(spk)
	v.cleaner.Process(mic, spk)
	v.witness.see(heard, played, power(mic), v.cleaner.Speech(), v.cleaner.Alone())
	if v.profile.Level {
		v.level.Process(mic, v.cleaner.Speech())
	}
}
