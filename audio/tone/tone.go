// Package tone makes the sounds of the phone itself: the tones of national networks, ring tones,
// DTMF and the small sounds of keys; and it detects DTMF, for tests and gateways.
package tone

import "math"

// Tone is a score: notes, repeated with a period. The zero Tone is silent. Tones are made by this
// package; see PlanOf, Rings, DTMF, Key and Refused.
type Tone struct {
	Name   string
	notes  []note  // in the order of their starts
	period float64 // s until the notes begin again; 0 = played once
	swell  float64 // s in which the tone grows from half amplitude to full
}

// note is one sound of a score.
type note struct {
	at       float64 // s from the start of the period
	length   float64 // s; forever if infinite
	attack   float64 // s, at least edge
	partials []partial
}

// partial is one sine of a note.
type partial struct {
	hz    float64
	level float64 // dBFS at the start; a full-scale sine is 0 here
	half  float64 // s in which the amplitude halves; 0 = it does not
}

var forever = math.Inf(1)

// edge is the shortest rise and fall of any sound, in s: shorter ones click.
const edge = 0.005

// steady is a note of sines of one level.
func steady(at, length, level float64, hz ...float64) note {
	n := note{at: at, length: length, attack: edge}
	for _, f := range hz {
		n.partials = append(n.partials, partial{hz: f, level: level})
	}
	return n
}

// continuous is a tone without cadence.
func continuous(name string, level float64, hz ...float64) Tone {
	return Tone{Name: name, notes: []note{steady(0, forever, level, hz...)}}
}

// cadence is a tone interrupted by pauses: seconds of sound and of silence in turn.
func cadence(name string, level float64, hz []float64, onOff ...float64) Tone {
	t := Tone{Name: name}
	for i := 0; i+1 < len(onOff); i += 2 {
		t.notes = append(t.notes, steady(t.period, onOff[i], level, hz...))
		t.period += onOff[i] + onOff[i+1]
	}
	return t
}
