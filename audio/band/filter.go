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

// fir writes to y the products of the filter with x, which begins taps-1 samples before y. Four sums and five taps at a
// time keep what they share in registers: most of the cost of a filter is fetching.
func fir(y *[Len]float32, x []float32, h *[taps]float32) {
	for m := 0; m < Len; m += 4 {
		var s0, s1, s2, s3 float32
		for j := 0; j < taps; j += 5 {
			w, h := (*[8]float32)(x[m+j:]), (*[5]float32)(h[j:])
			h0, h1, h2, h3, h4 := h[0], h[1], h[2], h[3], h[4]
			s0 += w[0]*h0 + w[1]*h1 + w[2]*h2 + w[3]*h3 + w[4]*h4
			s1 += w[1]*h0 + w[2]*h1 + w[3]*h2 + w[4]*h3 + w[5]*h4
			s2 += w[2]*h0 + w[3]*h1 + w[4]*h2 + w[5]*h3 + w[6]*h4
			s3 += w[3]*h0 + w[4]*h1 + w[5]*h2 + w[6]*h3 + w[7]*h4
		}
		*(*[4]float32)(y[m:]) = [4]float32{s0, s1, s2, s3}
	}
}
