// Package mix brings several parties together: each hears all the others and not itself.
package mix

import "opendeskphone/audio"

// MaxParties is the largest number of parties Minus mixes; those beyond hear and say nothing.
const MaxParties = 16

// Minus writes to out[i] the sum of all of in but in[i], without limiting. in and out have the same
// length; out[i] may be the same frame as in[i]. It does not allocate.
func Minus(out, in []*audio.Frame) {
	n := min(len(out), len(in), MaxParties)
	// Small numbers of parties are summed directly: subtracting from a sum would leave a trace of the own voice.
	var sums [MaxParties]float32
	for i := range audio.FrameLen {
		for a := range n {
			sums[a] = 0
			for b := range n {
				if a != b {
					sums[a] += in[b][i]
				}
			}
		}
		for a := range n {
			out[a][i] = sums[a]
		}
	}
	for _, f := range out[n:] {
		f.Clear()
	}
}
