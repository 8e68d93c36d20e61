package aec

const (
	span   = 60   // hops in which an echo comes, if there is one
	plain  = 1e-4 // power of what was played, -40 dBov, from which on an echo would be noticed
	unlike = 1e-4 // share of it, -40 dB, that is no echo to speak of
)

// deafness notices that the microphone does not hear the loudspeaker: a headset, a handset at the ear, a loudspeaker turned
// down. Then there is nothing to cancel, and it costs less than half.
type deafness struct {
	is        bool
	hops      int
	played    float32 // most power of a hop in this span
	heard     float32
	before    float32 // of what was played in the span before this
	heardThen float32
}

// see takes the powers of a hop.
func (d *deafness) see(far, mic float32) {
	d.played, d.heard = max(d.played, far), max(d.heard, mic)
	if d.hops++; d.hops < span {
		return
	}
	if d.before > plain && max(d.heardThen, d.heard) < unlike*d.before {
		d.is = true
	}
	d.before, d.heardThen = d.played, d.heard
	d.hops, d.played, d.heard = 0, 0, 0
}
