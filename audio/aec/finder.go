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
)

// lowPass is the filter before every fourth sample is taken, 1.8 kHz, in four rows: one for every fourth sample.
var lowPass = func() (rows [quarter][8]float32) {
	var h [quarter * len(rows[0])]float64
	var sum float64
	for i := range h {
		x := float64(i) - 15.5
		h[i] = math.Sin(math.Pi*x*0.23) / (math.Pi * x) * (0.5 + 0.5*math.Cos(math.Pi*x/16.5))
		sum += h[i]
	}
	for i, v := range h {
		rows[i%quarter][i/quarter] = float32(v / sum)
	}
	return rows
}()

// decimator gives a stream at a quarter of its rate.
type decimator struct {
	rows [quarter][len(lowPass[0]) - 1 + slowHop]float32
	y    [slowHop]float32
}

func (d *decimator) process(out, x []float32) {
	clear(out)
	for p := range d.rows {
		row := &d.rows[p]
		copy(row[:], row[slowHop:])
		for i, new := 0, row[len(row)-slowHop:]; i < len(new); i++ {
			new[i] = x[quarter*i+p]
		}
		kernel.FIR(d.y[:], row[:], lowPass[p][:])
		for i, v := range &d.y {
			out[i] += v
		}
	}
}

// finder looks for the echo within 560 ms by a filter of that length, which learns fast and coarsely.
type finder struct {
	far, near  decimator
	hist       *history
	filter     *kalman
	x, mic     [slowHop]float32
	y, e       [slowHop]float32
	found      [slowTail]tap
	mm, my, yy float32 // energies and correlation of the microphone and its estimate
	lag        int     // of the strongest tap, in samples at 16 kHz
	peak       float32 // its energy over the mean of all taps
}

// tap is the strongest one of a partition.
type tap struct {
	at          int     // in samples at 4 kHz
	energy, all float32 // its own, and that of all taps of the partition
}

func newFinder() *finder {
	fourier := kernel.NewTransform(slowSize)
	f := &finder{hist: newHistory(fourier, slowHop, slowTail), filter: newKalman(fourier, slowHop, 1e-3, 1)}
	f.filter.listen(f.hist, slowTail, 0.1, 1)
	return f
}

// process takes the next hop of both sides; found says that there is nothing to look for. f.mic is the microphone's at
// 4 kHz afterwards.
func (f *finder) process(far, mic []float32, found bool) {
	f.far.process(f.x[:], far)
	f.near.process(f.mic[:], mic)
	f.hist.push(f.x[:])
	if found {
		return
	}
	f.filter.estimate(f.y[:])
	f.mm, f.my, f.yy = 0.9*f.mm, 0.9*f.my, 0.9*f.yy
	for i, v := range &f.mic {
		f.mm += v * v
		f.my += v * f.y[i]
		f.yy += f.y[i] * f.y[i]
		f.e[i] = v - f.y[i]
	}
	f.filter.learn(f.e[:])
	for range f.filter.due(false) {
		f.filter.constrain()
		f.note(f.filter.turn-1, f.filter.block[:slowTaps])
	}
	f.look()
}

// note looks at the taps of a partition.
func (f *finder) note(p int, taps []float32) {
	t := tap{}
	for i, v := range taps {
		v *= v
		t.all += v
		if v > t.energy {
			t.energy, t.at = v, p*slowTaps+i
		}
	}
	f.found[p] = t
}

// look finds the strongest tap.
func (f *finder) look() {
	var best tap
	for _, t := range &f.found {
		best.all += t.all
		if t.energy > best.energy {
			best.energy, best.at = t.energy, t.at
		}
	}
	f.lag = quarter * best.at
	f.peak = best.energy * slowTail * slowTaps / (best.all + 1e-20)
}

// sure says whether there is an echo, at f.lag: one tap stands out, and the estimate is like what is heard.
func (f *finder) sure() bool { return f.peak > 60 && f.my > 0.3*root(f.mm*f.yy+1e-12) }

func root(x float32) float32 { return float32(math.Sqrt(float64(x))) }
