package aec

import "opendeskphone/audio/kernel"

// distortion is what a loudspeaker adds to what it is given: the cube of it, which stands for its stiffness, and the
// square, for its asymmetry, both without the part that the plain signal explains already. They are filters' references
// like the plain signal (a Hammerstein model: Stenger, Kellermann: Adaptation of a Memoryless Preprocessor for Nonlinear
// Acoustic Echo Cancelling, Signal Processing 80, 2000).
type distortion struct {
	odd, even      *history
	second, fourth float32 // moments of the plain signal
	o, e           [Hop]float32
}

func newDistortion(fourier *kernel.Transform) distortion {
	return distortion{odd: newHistory(fourier, Hop, bend), even: newHistory(fourier, Hop, bend)}
}

// push takes the next hop of the plain signal.
func (d *distortion) push(x []float32) {
	for _, v := range x {
		v *= v
		d.second += 1e-4 * (v - d.second) // over 0.6 s
		d.fourth += 1e-4 * (v*v - d.fourth)
	}
	plain := d.fourth / (d.second + 1e-9)
	scale := 1 / root(d.second+1e-6)
	for i, v := range x {
		d.o[i] = (v*v*v - plain*v) * scale * scale
		d.e[i] = (v*v - d.second) * scale
	}
	d.odd.push(d.o[:])
	d.even.push(d.e[:])
}
