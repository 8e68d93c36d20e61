package recording

import (
	"sync/atomic"

	"opendeskphone/audio"
)

// slots is how many frames may wait for the disk: 2.56 s. A memory card that tidies up holds writers for a second and more.
const slots = 256

// ring takes frames from the audio goroutine to the one that writes, without either waiting. When it is full frames are
// lost, and counted.
type ring struct {
	frame [slots][channels][audio.FrameLen]int16
	gap   [slots]uint32 // frames lost before this one
	head  atomic.Uint64 // written by the audio goroutine
	tail  atomic.Uint64 // written by the other
	lost  uint32        // since the last frame that found room; of the audio goroutine alone
}

// Hear implements engine.Tap.
func (r *ring) Hear(own, far *audio.Frame) {
	at := r.head.Load()
	if at-r.tail.Load() == slots {
		r.lost++
		return
	}
	i := at % slots
	harden(&r.frame[i][0], own)
	harden(&r.frame[i][1], far)
	r.gap[i], r.lost = r.lost, 0
	r.head.Store(at + 1)
}

// harden rounds to 16 bits; what does not fit is clipped, what is not a number is silence.
func harden(dst *[audio.FrameLen]int16, src *audio.Frame) {
	for i, v := range src {
		s := v * 32768
		switch {
		case s >= 32767:
			dst[i] = 32767
		case s <= -32768:
			dst[i] = -32768
		case s >= 0:
			dst[i] = int16(s + 0.5)
		case s < 0:
			dst[i] = int16(s - 0.5)
		default:
			dst[i] = 0
		}
	}
}

// waiting is how many frames can be taken.
func (r *ring) waiting() uint64 { return r.head.Load() - r.tail.Load() }

// oldest gives the frame that has waited longest, until drop, and how many were lost before it. waiting must not be 0.
func (r *ring) oldest() (f *[channels][audio.FrameLen]int16, lost uint32) {
	i := r.tail.Load() % slots
	return &r.frame[i], r.gap[i]
}

// drop makes room for another frame in the place of the oldest.
func (r *ring) drop() { r.tail.Add(1) }
