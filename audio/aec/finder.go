package aec

import (
	"math"

	"opendeskphone/audio/kernel"
)

const (
	quarter  = 4       // the search goes at a quarter of the rate
	slowHop  = Hop / 4 // 40 samples at 4 kHz
	slowSize = 128     // of its transform
	slowTail = 28      // partitions of 20 ms: 560 ms
	slowTaps = 2 * slowHop
	looks    = 4 // partitions a hop whose taps are looked at anew
)

// lowPass is the filter before every fourth sample is taken: 1.8 kHz.
var lowPass = func() (h [32]float32) {
	var sum float64
	for i := range h {
		x := float64(i) - 15.5
		h[i] = float32(math.Sin(math.Pi*x*0.23) / (math.Pi * x) * (0.5 + 0.5*math.Cos(math.Pi*x/16.5)))
		sum += float64(h[i])
	}
	for i := range h {
		h[i] /= float32(sum)
	}
	return h
}()

// decimator gives a stream at a quarter of its rate.
type decimator struct {
	hist [len(lowPass) + Hop]float32
}

func (d *decimator) process(out, x []float32) {
	copy(d.hist[len(lowPass):], x)
	for i := range out {
		var s float32
		for j, v := range d.hist[quarter*(i+1):][:len(lowPass)] {
			s += v * lowPass[j]
		}
		out[i] = s
	}
	copy(d.hist[:], d.hist[Hop:])
}

// finder looks for the echo within 560 ms by a filter of that length, which learns fast and coarsely.
type finder struct {
	far, near  decimator
	hist       *history
	filter     *kalman
	x, mic     [slowHop]float32
	y, e       [slowHop]float32
	h          [slowTail * slowTaps]float32
	mm, my, yy float32 // energies and correlation of the microphone and its estimate
	lag        int     // of the strongest tap, in samples at 16 kHz
	peak       float32 // its energy over the mean of all taps
}

func newFinder() *finder {
	fourier := kernel.NewTransform(slowSize)
	f := &finder{hist: newHistory(fourier, slowHop, slowTail), filter: newKalman(fourier, slowHop, 1e-3, 0)}
	f.filter.listen(f.hist, slowTail, 0.1, 1)
	return f
}

// process takes the next hop of both sides. f.mic is the microphone's at 4 kHz afterwards.
func (f *finder) process(far, mic []float32) {
	f.far.process(f.x[:], far)
	f.near.process(f.mic[:], mic)
	f.hist.push(f.x[:])
	f.filter.estimate(f.y[:])
	f.mm, f.my, f.yy = 0.9*f.mm, 0.9*f.my, 0.9*f.yy
	for i, v := range &f.mic {
		f.mm += v * v
		f.my += v * f.y[i]
		f.yy += f.y[i] * f.y[i]
		f.e[i] = v - f.y[i]
	}
	f.filter.adapt(f.e[:])
	for range looks {
		f.filter.constrain()
		copy(f.h[(f.filter.turn-1)*slowTaps:], f.filter.block[:slowTaps])
	}
	f.look()
}

// look finds the strongest tap.
func (f *finder) look() {
	var best, sum float32
	at := 0
	for i, v := range &f.h {
		v *= v
		sum += v
		if v > best {
			best, at = v, i
		}
	}
	f.lag = quarter * at
	f.peak = best * float32(len(f.h)) / (sum + 1e-20)
}

// sure says whether there is an echo, at f.lag: one tap stands out, and the estimate is like what is heard.
func (f *finder) sure() bool { return f.peak > 60 && f.my > 0.3*root(f.mm*f.yy+1e-12) }

func root(x float32) float32 { return float32(math.Sqrt(float64(x))) }
