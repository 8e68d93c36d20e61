// Package send cleans our own voice on its way from the microphone to the far side: the loudspeaker's echo goes, and the
// room's noise, and what is left comes to one level (docs/adr/0013-echo.md).
package send

import (
	"opendeskphone/audio"
	"opendeskphone/audio/aec"
	"opendeskphone/audio/band"
	"opendeskphone/audio/ns"
	"opendeskphone/audio/stft"
)

// Cleaner takes echo, and if wanted noise, out of the phone's frames. It belongs to one goroutine.
type Cleaner struct {
	mic, far   *band.Splitter
	echo       *aec.Canceller
	gain       recorder
	top        ns.High
	high       high
	howl       howl
	near, away [band.Len]float32
}

// NewCleaner makes one. quiet says whether noise goes too.
func NewCleaner(quiet bool) *Cleaner {
	if quiet {
		return newCleaner(quiet, ns.New())
	}
	return newCleaner(quiet, nil)
}

func newCleaner(quiet bool, estimator *ns.Estimator) *Cleaner {
	c := &Cleaner{mic: band.New(aec.Delay), far: band.New(0), gain: recorder{quiet: quiet, estimator: estimator}}
	c.echo = aec.New(&c.gain)
	return c
}

// Delay is the time from input to output in samples of 48 kHz: 279, 5.8 ms.
func (c *Cleaner) Delay() int { return c.mic.Delay() }

// Drift is by how many parts in a million the loudspeaker's clock is slower than the microphone's.
func (c *Cleaner) Drift() float64 { return c.echo.Drift() }

// Alone says how sure it is that the far side alone talks, 0 to 1.
func (c *Cleaner) Alone() float32 { return c.echo.Alone() }

// Speech is the probability that somebody at the near end talked in the last frame, 0 to 1; 0 without an estimator.
func (c *Cleaner) Speech() float32 {
	if c.gain.estimator == nil {
		return 0
	}
	return c.gain.estimator.Speech() * (1 - c.echo.Alone())
}

// Linear is what the canceller's filters alone left of the last frame, at 16 kHz: valid until the next.
func (c *Cleaner) Linear() []float32 { return c.echo.Linear() }

// Process cleans what the microphone heard while the loudspeaker played far.
func (c *Cleaner) Process(mic, far *audio.Frame) {
	c.far.Split(&c.away, far)
	c.howl.listen(mic, c.away[:])
	c.mic.Split(&c.near, mic)
	c.echo.Process(c.away[:], c.near[:])
	g := c.high.gain(c.mic.High(), c.far.High(), c.echo.Alone())
	if c.gain.quiet {
		g *= c.top.Gain(c.mic.High(), c.gain.power[:], c.gain.gain[:])
	}
	c.mic.Join(mic, &c.near, g)
	c.howl.hush(mic)
}

// recorder is the canceller's Shaper; what it saw decides on the high band too.
type recorder struct {
	quiet       bool          // else noise stays
	estimator   *ns.Estimator // nil: nobody asks for it
	power, gain [stft.Bins]float32
}

func (r *recorder) Gains(gain, power, newest []float32) {
	if r.estimator != nil {
		r.estimator.Gains(gain, power, newest)
	}
	copy(r.power[:], power)
	if !r.quiet {
		for k := range gain {
			gain[k] = 1
		}
	}
	copy(r.gain[:], gain)
}

// high takes the echo above 8 kHz down. No filter models it there: its share of what was played is learnt while the far
// side alone talks.
type high struct {
	share  float32 // of the loudspeaker's power that comes back
	played float32 // power of what was played, as long as rooms hold it
	last   float32
}

// gain is that of the high band: mic and far are its powers on both sides, alone is the canceller's.
func (h *high) gain(mic, far, alone float32) float32 {
	h.played = max(far, 0.9*h.played) // 0.46 dB a hop and 100 ms of lag: no echo is missed
	if alone > 0.5 && h.played > 1e-8 {
		h.share += 0.1 * (min(mic/h.played, 1) - h.share)
	}
	g := max(1-2*h.share*h.played/(mic+1e-10), 0) * (1 - alone)
	h.last += 0.5 * (g - h.last)
	return h.last
}
