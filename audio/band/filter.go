package band

import "opendeskphone/audio/resample"

// taps is the length of each of the two filters that are not trivial.
const taps = 30

// oneThird gives what lies one third of the way from the sample in the middle to the next, twoThirds what lies two thirds
// of it. Together with the samples themselves they are a low-pass of 89 taps that lets 7 kHz pass and takes 60 dB off 9.
var oneThird, twoThirds = design()

func design() (one, two [taps]float32) {
	const beta = 5.65 // 60 dB
	var h [taps]float64
	var sum float64
	for i := range h {
		at := float64(i) - early - 1.0/third // low samples from the middle
		h[i] = resample.Kaiser(at, 0.5, late, beta)
		sum += h[i]
	}
	for i, v := range h {
		one[i] = float32(v / sum)
		two[taps-1-i] = one[i]
	}
	return one, two
}
