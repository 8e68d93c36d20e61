// Package vad tells speech from background noise, by level over a tracked noise floor and by the
// shape of the spectrum.
package vad

import (
	"math"

	"opendeskphone/audio"
)

const (
	margin   = 9.0   // dB over the noise that make speech of any frame
	tonal    = 4.0   // dB over the noise that suffice for a voiced one
	voiced   = 0.6   // share of power below 1 kHz that marks a voiced sound...
	hiss     = 0.35  // ...and share above 4 kHz that marks a fricative
	hangover = 20    // frames for which speech goes on: the ends of words are weak
	rise     = 0.02  // dB per frame by which the noise floor creeps up under speech: 2 dB/s
	least    = -65.0 // dBFS; the noise floor is not taken to be lower
	initial  = -50.0 // dBFS told of the noise before anything is heard
	highest  = -30.0 // dBFS; louder first frames are not taken for noise
)

// Detector decides frame by frame; its zero value is ready. It belongs to one goroutine.
type Detector struct {
	started bool
	noise   float64
	hang    int
	low     float32 // states of the two filters
	high    float32
}

// Speech tells whether the frame belongs to a talk spurt, hangover included.
func (d *Detector) Speech(f *audio.Frame) bool {
	level := f.Level()
	below, above := d.shape(f)
	if !d.started {
		d.started, d.noise = true, min(max(level, least), highest)
	}
	over := level - d.noise
	active := level > least+margin && (over > margin || over > tonal && (below > voiced || above > hiss))
	d.track(level, active)
	if active {
		d.hang = hangover
	} else if d.hang > 0 {
		d.hang--
	}
	return d.hang > 0
}

// Noise is the level of the background in dBFS, at least -65.
func (d *Detector) Noise() float64 {
	if !d.started {
		return initial
	}
	return d.noise
}

// track follows the noise floor: down at once, up slowly, and up slower still while someone talks.
func (d *Detector) track(level float64, active bool) {
	switch {
	case level < d.noise:
		d.noise += 0.3 * (level - d.noise)
	case active:
		d.noise += rise
	default:
		d.noise += 0.05 * (level - d.noise)
	}
	d.noise = math.Max(d.noise, least)
}

// shape gives the shares of power below 1 kHz and above 4 kHz, by filters of one pole.
func (d *Detector) shape(f *audio.Frame) (below, above float64) {
	const a, b = 0.1227, 0.4076 // 1 - exp(-2π·f/48000)
	var all, l, h float32
	for _, v := range f {
		d.low += a * (v - d.low)
		d.high += b * (v - d.high)
		all += v * v
		l += d.low * d.low
		h += (v - d.high) * (v - d.high)
	}
	if all < 1e-12 {
		return 0, 0
	}
	return float64(l / all), float64(h / all)
}
