// Package band parts the phone's 48 kHz sound at 8 kHz: voices are worked on at 16 kHz, at a third of the cost, and
// what lies above follows with a gain.
//
// The filter is a third-band one (every third tap but the middle one is zero: Vaidyanathan, Multirate Systems and
// Filter Banks, §4.6.1), so that a third of the samples of the way up are those of the low band themselves. The high
// band is what the low one leaves of the input: with all gains at one the output is the input, whatever the filter.
package band

import (
	"opendeskphone/audio"
	"opendeskphone/audio/kernel"
)

const (
	// Rate is the sample rate of the low band in Hz.
	Rate = 16000
	// Len is the number of samples of the low band in a frame: 10 ms.
	Len = 160

	third = 3          // samples of the input to one of the low band
	early = taps/2 - 1 // low samples by which the way down lags
	late  = taps / 2   // and the way up
)

// rows are the samples of a stream at 48 kHz, every third in one row.
type rows [third][]float32

func newRows(n int) (r rows) {
	for p := range r {
		r[p] = make([]float32, n)
	}
	return r
}

// Splitter parts one stream and joins it again. It belongs to one goroutine.
type Splitter struct {
	lag   int
	in    rows // for the way down
	whole rows // the input and its low band, until the low band has been worked on
	low   []float32
	rest  rows      // input times the gain...
	rise  []float32 // ...and what the way up adds to it
	gain  float32
	power float32
	a, b  [Len]float32 // scratch
}

// New makes a Splitter whose low band comes back lag of its samples late, 62.5 µs each.
func New(lag int) *Splitter {
	return &Splitter{lag: lag, gain: 1, in: newRows(taps - 1 + Len), whole: newRows(lag + Len), low: make([]float32, lag+Len),
		rest: newRows(late + Len), rise: make([]float32, taps-1+Len)}
}

// Delay is the time from Split's input to Join's output in samples of 48 kHz: 87 (1.8 ms) and what the work on the low
// band takes. The low band itself lags by 42 of them.
func (s *Splitter) Delay() int { return third * (early + late + s.lag) }

// Split takes the next frame and writes its low band.
func (s *Splitter) Split(low *[Len]float32, f *audio.Frame) {
	for p, row := range s.in {
		copy(row, row[Len:])
		for m, new := 0, row[taps-1:]; m < len(new); m++ {
			new[m] = f[third*m+p]
		}
	}
	kernel.FIR(s.a[:], s.in[1], twoThirds[:])
	kernel.FIR(s.b[:], s.in[2], oneThird[:])
	s.power = 0
	for m, v := range s.in[0][late:][:Len] {
		low[m] = (v + s.a[m] + s.b[m]) / third
		high := v - low[m]
		s.power += high * high
	}
	for p, row := range s.whole {
		push(row, s.in[p][late:][:Len])
	}
	push(s.low, low[:])
}

// push puts the newest samples at the end of a row.
func push(row, newest []float32) {
	copy(row, row[len(newest):])
	copy(row[len(row)-len(newest):], newest)
}

// High is the power of what lies above 8 kHz in the frame that was split last; that of a full-scale square wave is 1.
func (s *Splitter) High() float32 { return s.power / Len }

// Join puts a frame together of the low band as it has become and the high band times gain. From one frame to the next
// the gain moves in a straight line.
func (s *Splitter) Join(f *audio.Frame, low *[Len]float32, gain float32) {
	for _, row := range s.rest {
		copy(row, row[Len:])
	}
	copy(s.rise, s.rise[Len:])
	s.mix(low, gain)
	kernel.FIR(s.a[:], s.rise, oneThird[:])
	kernel.FIR(s.b[:], s.rise, twoThirds[:])
	c, r0, r1, r2 := s.rise[early:][:Len], s.rest[0][:Len], s.rest[1][:Len], s.rest[2][:Len]
	for m, c := range c {
		o := f[third*m:][:third:third]
		o[0], o[1], o[2] = r0[m]+c, r1[m]+s.a[m], r2[m]+s.b[m]
	}
}

// mix prepares the way up: gain·high + new low = gain·whole + (new low - gain·low).
func (s *Splitter) mix(low *[Len]float32, gain float32) {
	step := (gain - s.gain) / Len
	rise, r0, r1, r2 := s.rise[taps-1:][:Len], s.rest[0][late:][:Len], s.rest[1][late:][:Len], s.rest[2][late:][:Len]
	old, w0, w1, w2 := s.low[:Len], s.whole[0][:Len], s.whole[1][:Len], s.whole[2][:Len]
	g := s.gain
	for m, v := range low {
		g += step
		rise[m] = v - g*old[m]
		r0[m], r1[m], r2[m] = g*w0[m], g*w1[m], g*w2[m]
	}
	s.gain = gain
}
