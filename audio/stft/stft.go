// Package stft is the short-time Fourier transform on which the microphone's cleaning works: 10 ms hops at 16 kHz,
// windows of 32 ms, and yet only 4 ms of delay. The windows are asymmetric (Mauler and Martin, A Low Delay, Variable
// Resolution, Perfect Reconstruction Spectral Analysis-Synthesis System for Speech Enhancement, EUSIPCO 2007): the
// analysis looks far into the past for its resolution, the synthesis uses the newest samples alone.
package stft

import (
	"math"

	"opendeskphone/audio/kernel"
)

const (
	Rate  = 16000     // sample rate in Hz
	Hop   = 160       // new samples of a step, 10 ms
	Len   = 512       // samples of a window
	Bins  = Len/2 + 1 // of a spectrum, 31.25 Hz apart
	Delay = 64        // samples by which the synthesis lags, 4 ms: the cross-fade of two steps

	span = Hop + Delay // newest samples of a window, which the synthesis uses
)

// Analyzer turns a stream into spectra. It belongs to one goroutine.
type Analyzer struct {
	fourier *kernel.Transform
	window  [Len]float32
	past    [Len]float32
	block   [Len]float32
}

// NewAnalyzer makes one that has heard silence.
func NewAnalyzer() *Analyzer {
	a := &Analyzer{fourier: kernel.NewTransform(Len)}
	for i := range a.window {
		a.window[i] = float32(Window(i))
	}
	return a
}

// Forward takes the next Hop samples of x and writes the spectrum of the newest Len ones to re and im, each of Bins.
// White noise of power 1 has a mean power of about Len/2 a bin.
func (a *Analyzer) Forward(re, im, x []float32) {
	copy(a.past[:], a.past[Hop:])
	copy(a.past[Len-Hop:], x[:Hop])
	for i, v := range &a.past {
		a.block[i] = v * a.window[i]
	}
	a.fourier.Forward(re, im, a.block[:])
}

// Synthesizer turns spectra back into a stream. It belongs to one goroutine.
type Synthesizer struct {
	fourier *kernel.Transform
	window  [span]float32
	tail    [Delay]float32
	block   [Len]float32
}

// NewSynthesizer makes one that has sent silence.
func NewSynthesizer() *Synthesizer {
	s := &Synthesizer{fourier: kernel.NewTransform(Len)}
	for i := range s.window {
		s.window[i] = float32(overlap(i) / Window(Len-span+i))
	}
	return s
}

// Inverse writes the next Hop samples to out. Of spectra as the Analyzer gave them it makes the Analyzer's input,
// Delay samples later.
func (s *Synthesizer) Inverse(out, re, im []float32) {
	s.fourier.Inverse(s.block[:], re, im)
	newest := s.block[Len-span:]
	for i := range newest {
		newest[i] *= s.window[i]
	}
	for i, v := range &s.tail {
		newest[i] += v
	}
	copy(out[:Hop], newest)
	copy(s.tail[:], newest[Hop:])
}

// Window is the analysis window at sample i, the oldest being 0: it rises along a quarter of a sine over its old part and falls along one
// over the last Delay samples.
func Window(i int) float64 {
	if i < Len-Delay {
		return math.Sin(math.Pi / 2 * (float64(i) + 0.5) / (Len - Delay))
	}
	return math.Cos(math.Pi / 2 * (float64(i-(Len-Delay)) + 0.5) / Delay)
}

// overlap is the product of both windows over the newest samples: steps of Hop add up to one.
func overlap(i int) float64 {
	switch {
	case i < Delay:
		s := math.Sin(math.Pi / 2 * (float64(i) + 0.5) / Delay)
		return s * s
	case i < Hop:
		return 1
	}
	c := math.Cos(math.Pi / 2 * (float64(i-Hop) + 0.5) / Delay)
	return c * c
}
