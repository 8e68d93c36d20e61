package codec

import "math"

// settling is the number of codes behind a gap, 20 ms, that tell how the encoder stood at its end.
const settling = 160

// settle corrects what invent left, before the first payload behind a gap is decoded. The encoder's step sizes and
// filters are not known there, but three things speak of them: how they were before the gap, what the made-up sound
// made of them, and the codes behind the gap. All of them leak: whatever x began with, n codes take it to
// leak^n·x plus what the codes add, so that it would stay at (xn - leak^n·x)/(1 - leak^n) if the codes went on so.
// Each is taken as a mean of all, weighted by least squares over speech of ten voices in five languages of which a
// tenth was lost, where the encoder's own were known.
func (d *g722Decoder) settle(payload []byte) {
	if !d.invented || len(payload) < settling {
		d.invented = false
		return
	}
	d.invented = false
	half := d.g722Bands
	for _, b := range payload[:settling/2] {
		half.follow(int(b))
	}
	end := half
	for _, b := range payload[settling/2 : settling] {
		end.follow(int(b))
	}
	low, high := &d.low, &d.high
	low.scaleLow(low.settle(&settleLow, &d.before.low, &half.low, &end.low))
	high.scaleHigh(high.settle(&settleHigh, &d.before.high, &half.high, &end.high))
}

// settle sets the filters, and gives the logarithm of the step size.
func (b *subband) settle(w *settleWeights, before, half, end *subband) (nb int) {
	nb = w.nb.mean(127./128, before.nb, b.nb, half.nb, end.nb)
	for i := range b.b {
		b.b[i] = saturate(w.zeros.mean(255./256, before.b[i], b.b[i], half.b[i], end.b[i]))
	}
	b.poles(w.pole1.mean(255./256, before.a[0], b.a[0], half.a[0], end.a[0]),
		w.pole2.mean(127./128, before.a[1], b.a[1], half.a[1], end.a[1]))
	b.filter()
	return nb
}

// settleWeights are those of the means of a band.
type settleWeights struct{ nb, pole1, pole2, zeros settleWeight }

// settleWeight weighs what it was before the gap, what the made-up sound made of it, and where the first 10 and 20 ms
// behind the gap would take it; one is added.
type settleWeight struct{ before, invented, half, end, one float64 }

func (w *settleWeight) mean(leak float64, before, invented, half, end int) int {
	goal := func(x, n int) float64 {
		left := math.Pow(leak, float64(n))
		return (float64(x) - left*float64(invented)) / (1 - left)
	}
	return int(math.Round(w.before*float64(before) + w.invented*float64(invented) +
		w.half*goal(half, settling/2) + w.end*goal(end, settling) + w.one))
}

var (
	settleLow = settleWeights{
		nb:    settleWeight{0.334, 0.214, 0.189, 0.197, 872},
		pole1: settleWeight{0.506, 0.017, 0.101, -0.089, 5915},
		pole2: settleWeight{0.255, 0.237, 0.056, -0.026, -1824},
		zeros: settleWeight{0.418, 0.304, 0.090, 0.084, 416},
	}
	settleHigh = settleWeights{
		nb:    settleWeight{0.350, 0.224, 0.187, 0.119, 1039},
		pole1: settleWeight{0.603, -0.008, 0.096, 0.178, -1505},
		pole2: settleWeight{0.422, -0.030, 0.088, 0.234, -1065},
		zeros: settleWeight{0.509, 0.154, 0.104, 0.061, 8},
	}
)
