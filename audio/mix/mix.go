// Package mix brings several parties together: each hears all the others and not itself.
package mix

import "opendeskphone/audio"

// MaxParties is the largest number of parties Minus mixes; those beyond hear and say nothing.
const MaxParties = 16

// Minus writes to out[i] the sum of all of in but in[i], without limiting. in and out have the same
// length and no frame in common. It does not allocate.
func Minus(out, in []*audio.Frame) {
	n := min(len(out), len(in), MaxParties)
	// All others are summed, each time: subtracting from a sum would leave a trace of the own voice.
	for a, f := range out[:n] {
		alone := true
		for b, g := range in[:n] {
			switch {
			case a == b:
			case alone:
				*f, alone = *g, false
			default:
				f.Add(g)
			}
		}
		if alone {
			f.Clear()
		}
	}
	for _, f := range out[n:] {
		f.Clear()
	}
}
