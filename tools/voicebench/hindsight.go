package voicebench

import (
	"math"

	"opendeskphone/tools/voicebench/corpus"
	"opendeskphone/tools/voicebench/dsp"
	"opendeskphone/tools/voicebench/score"
)

const (
	lags   = 4096 // samples of response, of 256 ms
	rounds = 40   // of conjugate gradients
)

// hindsight is an estimate of the echo that no canceller can know: of all that was heard of a path in a spell, by regularised least squares
// that are told when the path changed, when its echo comes and how fast the room decays, and of which the best for what follows is taken.
type hindsight struct {
	far, mic []float64
	from, to int       // the spell
	envelope []float64 // expected of the response
}

func (s *scene) hindsight(from, to float64) *hindsight {
	h := &hindsight{far: s.Far, mic: s.Mic, from: int(from * corpus.Rate), to: int(to * corpus.Rate), envelope: make([]float64, lags)}
	begin := int(s.Delay * corpus.Rate / 1000)
	for k := begin; k < lags; k++ {
		h.envelope[k] = math.Pow(10, -3*float64(k-begin)/(s.RT60*corpus.Rate))
	}
	return h
}

// best gives the greatest SDR over the time from the spell's end to another that any weight of what is expected, with or without
// emphasis on treble, leads to.
func (h *hindsight) best(near []float64, until float64) float64 {
	best, end := math.Inf(-1), int(until*corpus.Rate)
	for _, emphasis := range []float64{0, 0.9} {
		far, mic := emphasised(h.far, emphasis), emphasised(h.mic, emphasis)
		for weight := 1e-4; weight < 20; weight *= 10 {
			y := dsp.Convolve(h.far[:end], h.solve(far, mic, weight))
			left := make([]float64, end)
			for i := range left {
				left[i] = h.mic[i] - y[i]
			}
			best = max(best, score.SDR(score.NearBand(left, corpus.Rate)[h.to:], near[h.to:end]))
		}
	}
	return best
}

func emphasised(x []float64, by float64) []float64 {
	out := make([]float64, len(x))
	for i := range x {
		out[i] = x[i]
		if i > 0 {
			out[i] -= by * x[i-1]
		}
	}
	return out
}

// solve finds the response by conjugate gradients (Hestenes and Stiefel 1952) on the normal equations.
func (h *hindsight) solve(far, mic []float64, weight float64) []float64 {
	x := far[h.from-lags : h.to] // what was played before still sounds
	weight *= dsp.Energy(x) / 100
	back := func(e []float64) []float64 {
		g := dsp.Correlate(e, x, 0, lags-1)
		return times(g, h.envelope)
	}
	forth := func(g []float64) []float64 {
		y := dsp.Convolve(x, times(g, h.envelope))
		clear(y[:lags])
		return y
	}
	heard := make([]float64, len(x))
	copy(heard[lags:], mic[h.from:h.to])
	g := make([]float64, lags)
	r := back(heard)
	p := append([]float64(nil), r...)
	rr := dsp.Energy(r)
	for range rounds {
		q := back(forth(p))
		for i := range q {
			q[i] += weight * p[i]
		}
		step := rr / (dsp.Dot(p, q) + 1e-30)
		for i := range g {
			g[i] += step * p[i]
			r[i] -= step * q[i]
		}
		last := rr
		rr = dsp.Energy(r)
		for i := range p {
			p[i] = r[i] + rr/(last+1e-30)*p[i]
		}
	}
	return times(g, h.envelope)
}

func times(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] * b[i]
	}
	return out
}
