package send

import "opendeskphone/audio"

const (
	clipped = 0.98 // of full scale; a converter gives no more
	several = 3    // samples there make a clipped frame
	often   = 5    // clipped frames make a loop...
	fades   = 0.98 // ...where one counts for half a second: loud syllables do not
	heard   = 1e-4 // power, -40 dBov, from which on the loudspeaker may be what clips the microphone
	hushed  = 0.01 // -40 dB: gain while it does...
	linger  = 15   // ...and for so many frames after it: the room has to fall silent
)

// howl is the guard against a loop that sings: our loudspeaker, our microphone, the far loudspeaker, the far microphone.
// As long as the microphone is not driven into its limits the canceller breaks the loop itself, whatever the gain at the
// far side; beyond them the echo is not what any filter expects, and the loop would hold itself there. Then we are
// hardly heard for a moment, which is what ends it.
type howl struct {
	count  float32 // of clipped frames
	left   int     // frames for which it hushes
	played float32 // power of the loudspeaker, as long as rooms hold it
	last   float32 // gain at the end of the last frame, less one
}

// listen sees what the microphone heard, and what the loudspeaker played meanwhile.
func (h *howl) listen(mic *audio.Frame, far []float32) {
	h.played = max(0.9*h.played, energy(far)/float32(len(far)))
	n := 0
	for _, v := range mic {
		if v >= clipped || v <= -clipped {
			n++
		}
	}
	h.count *= fades
	if n >= several && h.played > heard {
		if h.count++; h.count >= often {
			h.left = linger
		}
	}
}

// hush takes our voice down while it has to be.
func (h *howl) hush(out *audio.Frame) {
	next := float32(0)
	if h.left > 0 {
		h.left--
		next = hushed - 1
	}
	if next == 0 && h.last == 0 {
		return
	}
	step := (next - h.last) / audio.FrameLen
	for i := range out {
		h.last += step
		out[i] *= 1 + h.last
	}
	h.last = next
}

func energy(x []float32) (sum float32) {
	for _, v := range x {
		sum += v * v
	}
	return sum
}
