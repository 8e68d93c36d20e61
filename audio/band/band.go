// Package band parts the phone's 48 kHz sound at 8 kHz: voices are worked on at 16 kHz, at a third of the cost, and
// what lies above follows with a gain.
//
// The filter is a third-band one (every third tap but the middle one is zero: Vaidyanathan, Multirate Systems and
// Filter Banks, §4.6.1), so that a third of the samples of the way up are those of the low band themselves. The high
// band is what the low one leaves of the input: with all gains at one the output is the input, whatever the filter.
package band

import (
	"math"

	"opendeskphone/audio"
)

const (
	// Rate is the sample rate of the low band in Hz.
	Rate = 16000
	// Len is the number of samples of the low band in a frame: 10 ms.
	Len = 160

	third = 3  // samples of the input to one of the low band
	pairs = 15 // taps of the filter on either side that are not zero, in twos
	reach = third*pairs - 1
	up    = 2 * pairs // low samples that one sample of the way up looks at
	down  = 2*reach + 1

	early = reach - third + 1 // the way down lags by so many samples of the input: whole ones of the low band
	late  = third * pairs     // and the way up by these
)

// kernel are the taps of the low-pass at 1, 2, 4, 5, ... samples from its middle: 7 kHz pass, 9 kHz are 60 dB down.
var kernel = design()

// sum and diff are half the sum and difference of the two taps by which a sample and its mirror image enter the two new
// ones between two samples of the low band.
var sum, diff [pairs]float32

func init() {
	for i := range pairs {
		a, b := tap(third*i-(reach-1)), tap(third*i-reach)
		sum[i], diff[i] = (a+b)/2*third, (a-b)/2*third
	}
}

// tap is the filter at so many samples from its middle, which is no multiple of three.
func tap(at int) float32 {
	at = max(at, -at)
	return kernel[at/third*2+at%third-1]
}

// design is a Kaiser-windowed sinc (Oppenheim and Schafer, Discrete-Time Signal Processing, §7.5).
func design() (h [2 * pairs]float32) {
	const beta = 5.65 // 60 dB
	var total float64
	taps := [2 * pairs]float64{}
	for i := range taps {
		at := float64(i/2*third + i%2 + 1)
		u := at / (reach + 1)
		taps[i] = math.Sin(math.Pi*at/third) / (math.Pi * at) * bessel(beta*math.Sqrt(1-u*u)) / bessel(beta)
		total += 2 * taps[i]
	}
	for i := range taps {
		h[i] = float32(taps[i] / total * (1 - 1.0/third)) // the middle tap is a third
	}
	return h
}

// bessel is the modified Bessel function of the first kind and order zero.
func bessel(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > 1e-12*sum; k++ {
		term *= x / (2 * k) * (x / (2 * k))
		sum += term
	}
	return sum
}

// Splitter parts one stream and joins it again. It belongs to one goroutine.
type Splitter struct {
	lag   int
	in    [down - third + audio.FrameLen]float32 // for the way down
	whole []float32                              // the input and its low band, until the low band has been worked on
	low   []float32
	rest  [late + audio.FrameLen]float32 // input times the gain...
	rise  [up - 1 + Len]float32          // ...and what the way up adds to it
	gain  float32
	power float32
}

// New makes a Splitter whose low band comes back lag of its samples late, 62.5 µs each.
func New(lag int) *Splitter {
	return &Splitter{lag: lag, gain: 1, whole: make([]float32, third*lag+audio.FrameLen), low: make([]float32, lag+Len)}
}

// Delay is the time from Split's input to Join's output in samples of 48 kHz: 87 (1.8 ms) and what the work on the low
// band takes. The low band itself lags by 42 of them.
func (s *Splitter) Delay() int { return early + late + third*s.lag }

// Split takes the next frame and writes its low band.
func (s *Splitter) Split(low *[Len]float32, f *audio.Frame) {
	copy(s.in[:], s.in[audio.FrameLen:])
	copy(s.in[down-third:], f[:])
	mid := s.in[reach:]
	s.power = 0
	for m := range low {
		low[m] = decimate((*[down]float32)(s.in[third*m:]))
		high := mid[third*m] - low[m]
		s.power += high * high
	}
	copy(s.whole, s.whole[audio.FrameLen:])
	copy(s.whole[third*s.lag:], mid[:audio.FrameLen])
	copy(s.low, s.low[Len:])
	copy(s.low[s.lag:], low[:])
}

// High is the power of what lies above 8 kHz in the frame that was split last; that of a full-scale square wave is 1.
func (s *Splitter) High() float32 { return s.power / Len }

// Join puts a frame together of the low band as it has become and the high band times gain. From one frame to the next
// the gain moves in a straight line.
func (s *Splitter) Join(f *audio.Frame, low *[Len]float32, gain float32) {
	copy(s.rest[:], s.rest[audio.FrameLen:])
	copy(s.rise[:], s.rise[Len:])
	rest, rise := s.rest[late:], s.rise[up-1:]
	step := (gain - s.gain) / Len
	for m, v := range low {
		s.gain += step
		// high = whole - low, so gain·high + new low = gain·whole + (new low - gain·low)
		rise[m] = v - s.gain*s.low[m]
		for r := third * m; r < third*m+third; r++ {
			rest[r] = s.gain * s.whole[r]
		}
	}
	s.gain = gain
	for m := range Len {
		w := (*[up]float32)(s.rise[m:])
		a, b := interpolate(w)
		r := third * m
		f[r], f[r+1], f[r+2] = s.rest[r]+w[pairs-1], s.rest[r+1]+a, s.rest[r+2]+b
	}
}

// decimate is the low-pass at the middle of w.
func decimate(w *[down]float32) float32 {
	sum := w[reach] / third
	l, r := w[:reach], w[reach+1:]
	for i := range pairs {
		a, b := third*i, third*i+1
		sum += kernel[2*i]*(l[reach-1-a]+r[a]) + kernel[2*i+1]*(l[reach-1-b]+r[b])
	}
	return sum
}

// interpolate gives the two samples between the two in the middle of w.
func interpolate(w *[up]float32) (a, b float32) {
	var even, odd float32
	for i := range pairs {
		l, r := w[i], w[up-1-i]
		even += (l + r) * sum[i]
		odd += (l - r) * diff[i]
	}
	return even + odd, even - odd
}
