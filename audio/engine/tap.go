package engine

import (
	"opendeskphone/audio"
	"opendeskphone/audio/tone"
)

// Tap overhears a conversation: what we say, after muting, and all that we hear of the far sides, before tones and volume.
// Hear comes from the audio goroutine once a tick while there are parties: it must not block, allocate or log. Frames are
// valid during the call.
type Tap interface{ Hear(own, far *audio.Frame) }

// SetTap has t overhear from now on; nil: nobody. With announced, everybody but we ourselves hears the tone of recorded
// calls (tone.Recorded), also while we are muted.
func (e *Engine) SetTap(t Tap, announced bool) {
	if t == nil {
		e.tap.Store(nil)
	} else {
		e.tap.Store(&t)
	}
	if announced && t != nil {
		e.announcer.Start(tone.Recorded())
	} else {
		e.announcer.Stop()
	}
}

// overhear gives the tap what both sides say.
func (e *Engine) overhear(own, far *audio.Frame, parties int) {
	if t := e.tap.Load(); t != nil && parties > 0 {
		(*t).Hear(own, far)
	}
}
