package aec

import "math"

const (
	firstBin, lastBin = 4, 208 // 125 Hz to 6.5 kHz: what says when the echo comes
	follow            = 0.12   // of the lag is made up for in a hop
	trim              = 10     // ppm by which a lag of a sample turns the clock in a hop
	mostDrift         = 400    // ppm
	radian            = math.Pi / (bins - 1)
)

// drift watches whether the echo comes later than the filter says, by the phase between the two: what is left is then
// the derivative of the estimate times the lag, and talk at the near end has no part in it.
type drift struct {
	num, den float32
}

// lag gives the lag in samples from the spectra of what is left and of the estimate, and the usual power of the former.
func (d *drift) lag(er, ei, yr, yi, usual *spectrum) float64 {
	var num, den float32
	for k := firstBin; k < lastBin; k++ {
		w := float32(k) * radian
		y2, e2 := yr[k]*yr[k]+yi[k]*yi[k], er[k]*er[k]+ei[k]*ei[k]
		g := w / (e2 + usual[k] + 1e-6)
		num += g * (yr[k]*ei[k] - yi[k]*er[k])
		den += g * w * (y2 + 0.1*e2)
	}
	d.num += 0.1 * (num - d.num)
	d.den += 0.1 * (den - d.den)
	return float64(d.num / (d.den + 1))
}
