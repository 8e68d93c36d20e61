package engine

import (
	"opendeskphone/audio"
	"opendeskphone/audio/agc"
	"opendeskphone/audio/vad"
)

// seat is a party's place in the mix. In a conference each is brought to one level, so that nobody is lost beside a loud
// one; a party by itself is heard as it comes, and the volume keys are there for it.
type seat struct {
	Party
	level *level // nil: as it comes
}

// level brings a party to the level of the others. It belongs to the audio goroutine.
type level struct {
	voice    vad.Detector
	leveller *agc.Leveller
	begun    bool
}

// seats places parties. Who was there before keeps what is known of its level, also when it stays behind alone: a voice
// does not jump because another has left.
func seats(p []Party, before []seat) []seat {
	out := make([]seat, len(p))
	for i := range p {
		out[i].Party = p[i]
		for _, b := range before {
			if b.Party == p[i] {
				out[i].level = b.level
			}
		}
		if out[i].level == nil && len(p) > 1 {
			out[i].level = &level{leveller: agc.New(agc.Range)}
		}
	}
	return out
}

// even brings what the party says to the common level. The first frame fades over, since levelling delays by 1 ms.
func (s *seat) even(f *audio.Frame) {
	l := s.level
	if l == nil {
		return
	}
	speech := float32(0)
	if l.voice.Speech(f) {
		speech = 1
	}
	before := *f
	l.leveller.Process(f, speech)
	if l.begun {
		return
	}
	l.begun = true
	for i := range f {
		f[i] = before[i] + (f[i]-before[i])*float32(i)/audio.FrameLen
	}
}
