package engine

import (
	"math"
	"sync/atomic"

	"opendeskphone/audio"
)

// nominal is the STMR in dB of a handset of nominal loudness whose microphone is heard in its earpiece as it comes: SLR 8 dB
// and RLR 2 dB, less 1 dB (ITU-T G.121, after which STMR = SLR + RLR + loss - 1 dB).
const nominal = 8 + 2 - 1

// sidetone is what one hears of the own voice in the handset or headset: without it a line sounds dead and people shout.
// It comes from the microphone as it is, so that nothing cleans or levels it, and is not turned by the volume. It is as
// late as the sound card: 10 ms of a frame, and what the card keeps in store.
type sidetone struct {
	gain  atomic.Uint32 // bits of a float32
	fader fader
	voice audio.Frame
}

// set takes an STMR in dB; 0 is none.
func (s *sidetone) set(stmr int) {
	gain := float32(0)
	if stmr > 0 {
		gain = audio.Gain(nominal - float64(stmr))
	}
	s.gain.Store(math.Float32bits(gain))
}

// add lets the ear hear the microphone.
func (s *sidetone) add(spk, mic *audio.Frame, open bool) {
	gain := float32(0)
	if open {
		gain = math.Float32frombits(s.gain.Load())
	}
	if gain == 0 && s.fader.last == 0 {
		return
	}
	s.voice = *mic
	s.fader.apply(&s.voice, gain)
	spk.Add(&s.voice)
}

// SetSidetone sets how loud we hear ourselves in handset and headset during a call, as sidetone masking rating in dB (STMR,
// ITU-T P.79) of a handset of nominal loudness: 18 is what ETSI ES 202 737 wants, more is softer, 0 is none. The speaker has
// none, and a muted microphone is not heard.
func (e *Engine) SetSidetone(stmr int) { e.side.set(stmr) }

// hearsItself tells whether there is a sidetone now.
func (e *Engine) hearsItself(parties int) bool {
	return parties > 0 && Path(e.path.Load()) != Speaker && !e.muted.Load() && !e.hushed.Load()
}
