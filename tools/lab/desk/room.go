package desk

import (
	"math"
	"math/rand/v2"
)

// room is what lies between speaker and microphone on a desk: the sound comes back 12 ms later at a third of its level,
// and again from walls and table top for 150 ms; and it is never quite still.
type room struct {
	taps  []tap
	past  []float32 // what was played, newest last
	noise *rand.Rand
}

type tap struct {
	late int // samples
	gain float32
}

func newRoom() *room {
	r := &room{noise: rand.New(rand.NewPCG(1, 2)), taps: []tap{{576, 0.35}}}
	for range 80 {
		late := 600 + r.noise.IntN(twinRate*150/1000)
		r.taps = append(r.taps, tap{late, float32(0.1 * r.noise.NormFloat64() * math.Exp(-float64(late)/(0.04*twinRate)))})
	}
	return r
}

// echo adds to what the microphone hears.
func (r *room) echo(mic, spk []int16) {
	const reach = twinRate / 5
	for _, v := range spk {
		r.past = append(r.past, float32(v))
	}
	if n := len(r.past) - reach - len(spk); n > 0 {
		r.past = append(r.past[:0], r.past[n:]...)
	}
	first := len(r.past) - len(spk)
	for i := range mic {
		v := float32(mic[i]) + 8*float32(r.noise.NormFloat64())
		for _, t := range r.taps {
			if at := first + i - t.late; at >= 0 {
				v += t.gain * r.past[at]
			}
		}
		mic[i] = int16(min(max(v, -32768), 32767))
	}
}
