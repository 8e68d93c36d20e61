// Package agc brings a talker to one level, whoever talks and however far away, without making the room's noise louder.
package agc

import (
	"math"

	"opendeskphone/audio"
	"opendeskphone/audio/mix"
)

const (
	// Target is the active speech level in dBov that the Leveller aims at: -19 dBm0 (ITU-T G.100.1: 0 dBm0 is -6.15 dBov).
	Target = -25.15
	// Range is the most by which a Leveller may amplify, and the most by which it attenuates, in dB.
	Range = 15.0
	// Quiet is the level in dBov up to which noise may be amplified, and no further.
	Quiet = -55.0

	margin  = 15.9 // dB under the active level that still count as speech (ITU-T P.56)
	few     = 20   // frames of speech before the level is believed at all
	memory  = 150  // frames of speech over which the level is averaged in the end, 1.5 s
	loudest = 4    // power of a frame that is taken for sound and not for a mistake
	brief   = 50   // frames of speech over which the recent level is averaged
	other   = 3    // ratio of powers, 5 dB, at which the recent level tells of another talker
	calm    = 0.05 // of a new frame in the average of the noise

	up   = 0.1  // dB by which the gain goes up in a frame of speech, 10 dB/s
	down = 0.16 // and down
)

// Leveller moves the gain while someone talks and holds it in pauses. A limiter behind it takes what the gain makes too
// loud. It delays by the limiter's 1 ms and belongs to one goroutine.
type Leveller struct {
	lift    float64 // dB by which it amplifies at the most
	level   float64 // mean power of speech, before the gain
	recent  float64 // the same, of late and with the gaps between syllables
	noise   float64 // mean power of pauses
	frames  int     // of speech that level is made of, up to memory
	gain    float64 // dB
	last    float32 // factor at the end of the last frame, less one
	limiter mix.Limiter
}

// New makes one that amplifies by lift dB at the most, up to Range.
func New(lift float64) *Leveller { return &Leveller{lift: min(max(lift, 0), Range)} }

// Gain is the amplification now, in dB.
func (l *Leveller) Gain() float64 { return l.gain }

// Process levels the frame in place. It takes the probability that the frame holds speech, 0 to 1.
func (l *Leveller) Process(f *audio.Frame, speech float32) {
	var sum float32
	for _, v := range f {
		sum += v * v
	}
	l.hear(float64(sum)/audio.FrameLen, speech)
	next := audio.Gain(l.gain) - 1
	step, g := (next-l.last)/audio.FrameLen, l.last+1
	for i := range f {
		g += step
		f[i] *= g
	}
	l.last = next
	l.limiter.Process(f)
}

// hear takes the power of a frame into account.
func (l *Leveller) hear(power float64, speech float32) {
	if !(power <= loudest) {
		return
	}
	if speech < 0.5 {
		l.noise += calm * (power - l.noise)
		return
	}
	l.recent += (power - l.recent) / brief
	if l.frames >= brief && (l.recent < l.level/other || l.recent > l.level*other) {
		l.level, l.frames = l.recent, few
	}
	if power < l.level*fraction {
		return
	}
	l.frames = min(l.frames+1, memory)
	l.level += (power - l.level) / float64(l.frames)
	if l.frames >= few {
		l.gain += min(max(l.wanted()-l.gain, -down), up)
	}
}

// fraction is margin as a ratio of powers.
var fraction = math.Pow(10, -margin/10)

// wanted is the gain in dB that brings the talker to Target, as far as its range and the noise allow.
func (l *Leveller) wanted() float64 {
	want := Target - decibels(l.level)
	if want > 0 {
		want = min(want, max(Quiet-decibels(l.noise), 0))
	}
	return min(max(want, -Range), l.lift)
}

func decibels(power float64) float64 { return 10 * math.Log10(power+1e-12) }
