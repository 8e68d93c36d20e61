// Package ns takes noise out of the microphone's sound. A small recurrent network, in the way of RNNoise (Valin, A
// Hybrid DSP/Deep Learning Approach to Real-Time Full-Band Speech Enhancement, MMSP 2018), looks at the log powers of
// bands every 10 ms and says how much of each is voice; a gain for every bin follows from that. It has learnt from
// synthetic and recorded voices in steady noise, hum, babble, the blows of keys and what else rustles and rings in an office.
package ns

import "opendeskphone/audio/stft"

// Estimator tells voice from noise in spectra of package stft. It belongs to one goroutine.
type Estimator struct {
	net      *net
	features *features
}

// New makes one that has heard nothing yet.
func New() *Estimator { return &Estimator{net: newNet(), features: newFeatures()} }

// Gains takes the next power spectrum, of stft.Bins, and the stft.Hop samples that are new in it, and writes for every
// bin a factor from 0 to 1.
func (e *Estimator) Gains(gain, power, newest []float32) {
	x, y := &e.net.x, &e.net.y
	e.features.see(x, power, newest)
	e.net.step()
	for b := range bands {
		over := min(max(x[bands+b], 0), 120) // octaves of power over the floor of the band
		y[b] = max(y[b], least*exp2(-over/2))
	}
	for k := range gain[:stft.Bins] {
		b := e.features.band[k]
		gain[k] = y[b] + e.features.share[k]*(y[b+1]-y[b])
	}
}

// Speech is the probability that someone talks in the newest hop, 0 to 1.
func (e *Estimator) Speech() float32 { return e.net.y[bands] }

// least is what is left of a room's steady noise, -25 dB. Louder noise comes down to the same level: the rest is even,
// has the colour of the room and tells that the line is not dead.
const least = 0.056
