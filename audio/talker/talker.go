// Package talker makes a voice for tests: what has to know speech from other sound takes it for speech.
package talker

import (
	"math"
	"math/rand/v2"

	"opendeskphone/audio"
)

// Say is a talker of vowels: pulses of a gliding pitch through three resonances that move from syllable to syllable,
// 180 ms of sound and 60 ms of none, and after two seconds one of pause. Its level is -11 dBov over all.
func Say(frames int) []audio.Frame {
	r := rand.New(rand.NewPCG(5, 6))
	vowels := [][3]float64{{730, 1090, 2440}, {270, 2290, 3010}, {570, 840, 2410}, {300, 870, 2240}, {530, 1840, 2480}}
	var state [3][2]float64
	var f [3]float64
	x := make([]audio.Frame, frames)
	phase, pitch, loud, tip := 0.0, 120.0, 0.0, 0.0
	for n := range x {
		if n%24 == 0 {
			f, pitch = vowels[r.IntN(len(vowels))], 100+60*r.Float64()
		}
		goal := 0.0
		if n%300 < 200 && n%24 < 18 {
			goal = 1
		}
		for i := range x[n] {
			loud += (goal - loud) * 0.002
			if phase += (pitch + float64(n%24)) / audio.Rate; phase >= 1 {
				phase--
				tip = 1
			}
			v := loud * tip
			tip *= 0.9
			for k, hz := range f {
				p := math.Exp(-math.Pi * 90 / audio.Rate)
				y := v + 2*p*math.Cos(2*math.Pi*hz/audio.Rate)*state[k][0] - p*p*state[k][1]
				state[k][1], state[k][0] = state[k][0], y
				x[n][i] += float32(0.006 * y / float64(1+k))
			}
		}
	}
	return x
}
