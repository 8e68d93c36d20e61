package corpus

import (
	"math"
	"math/rand/v2"
	"slices"

	"opendeskphone/tools/voicebench/dsp"
)

// Condition is what is the same in a scene of every seed.
type Condition struct {
	Name   string
	Single float64 // s for which the far side alone talks
	Double float64 // s for which both do, after that
	Alone  float64 // s for which the near end alone does, at the end

	RT60           float64 // of the room, s
	distance       float64 // of the microphone from the loudspeaker, m
	bend           float64 // overdrive of the loudspeaker, 0 for none
	ppm            float64 // by which the microphone's clock is slow
	Delay          float64 // of the loudspeaker, ms
	loss           float64 // of the echo below the far side's level, dB
	noise          string
	noiseLevel     float64 // dBm0
	nearLevel      float64 // dBm0
	white, Turns   bool    // the far side is noise; the two take turns, with overlaps
	ChangeAt       float64 // s after which the room's response is another, 0 for never
	JumpAt, jumpBy float64 // s after which the delay is another, 0 for never, and by how many ms
	Extra          bool    // is no part of the means
}

func condition(name string, change func(c *Condition)) Condition {
	c := Condition{Name: name, Single: 20, Alone: 5, RT60: .3, distance: .2, Delay: 40, noise: "pink", noiseLevel: -62, nearLevel: -19}
	if change != nil {
		change(&c)
	}
	return c
}

// double is 12 s of the far side alone, then 14 s of both.
func double(loss float64, change func(c *Condition)) func(c *Condition) {
	return func(c *Condition) {
		c.Single, c.Double, c.loss = 12, 14, loss
		if change != nil {
			change(c)
		}
	}
}

func silentFar(c *Condition) { c.Single, c.Double, c.Alone = 0, 0, 14 }

// Conditions are all scenes: st_ with single talk, dt_ with double talk, ne_ with the near end alone.
var Conditions = []Condition{
	condition("st_white", func(c *Condition) { c.white = true }),
	condition("st_linear", nil),
	condition("st_nl_mild", func(c *Condition) { c.bend = .8 }),
	condition("st_nl_hard", func(c *Condition) { c.bend = 2 }),
	condition("st_rt02", func(c *Condition) { c.RT60, c.distance = .2, .15 }),
	condition("st_rt06", func(c *Condition) { c.RT60, c.distance = .6, .3 }),
	condition("st_noise", func(c *Condition) { c.noise, c.noiseLevel = "fan", -45 }),
	condition("st_babble", func(c *Condition) { c.noise, c.noiseLevel = "babble", -42 }),
	condition("st_loud", func(c *Condition) { c.loss, c.bend = -10, 1 }),
	condition("st_drift_p100", func(c *Condition) { c.ppm = 100 }),
	condition("st_drift_m100", func(c *Condition) { c.ppm = -100 }),
	condition("st_drift_p30", func(c *Condition) { c.ppm = 30 }),
	condition("st_jump_p30", func(c *Condition) { c.JumpAt, c.jumpBy = 10, 30 }),
	condition("st_jump_m20", func(c *Condition) { c.Delay, c.JumpAt, c.jumpBy = 60, 10, -20 }),
	condition("st_pathchange", func(c *Condition) { c.ChangeAt = 10 }),
	condition("st_delay200", func(c *Condition) { c.Delay = 200 }),
	condition("dt_near0", double(3, nil)),
	condition("dt_near_p10", double(13, nil)),
	condition("dt_near_m10", double(-2, func(c *Condition) { c.nearLevel = -24 })),
	condition("dt_nl_noise", double(3, func(c *Condition) { c.bend, c.noise, c.noiseLevel = 1, "fan", -48 })),
	condition("dt_cold", double(3, func(c *Condition) { c.Single = 0 })),
	condition("dt_drift_p50", double(3, func(c *Condition) { c.ppm = 50 })),
	condition("dt_rt06", double(3, func(c *Condition) { c.RT60, c.distance = .6, .3 })),
	condition("ne_quiet", silentFar),
	condition("ne_noise", func(c *Condition) { silentFar(c); c.noise, c.noiseLevel = "babble", -40 }),
	condition("dt_pathchange", double(3, func(c *Condition) { c.Double, c.ChangeAt, c.JumpAt, c.jumpBy, c.Extra = 18, 18, 24, 25, true })),
	condition("st_drift_200", func(c *Condition) { c.ppm, c.Extra = 200, true }),
	condition("st_drift_p300", func(c *Condition) { c.ppm, c.Extra = 300, true }),
	condition("st_drift_m300", func(c *Condition) { c.ppm, c.Extra = -300, true }),
	condition("st_delay_300", func(c *Condition) { c.Delay, c.Extra = 300, true }),
	condition("conversation", func(c *Condition) { c.Single, c.Double, c.Alone, c.loss, c.Turns, c.Extra = 0, 48, 6, 3, true, true }),
}

// Named gives the condition of a name that is known to be there.
func Named(name string) Condition {
	return Conditions[slices.IndexFunc(Conditions, func(c Condition) bool { return c.Name == name })]
}

// Scene is what there was to be heard. Far is what the line sends to the loudspeaker, at -16 dBm0, Mic what the microphone hears; the
// others are its parts.
type Scene struct {
	Condition
	Far, Mic, Near, Echo []float64
}

// Scene draws one.
func (t Talkers) Scene(c Condition, seed int) Scene {
	r := draw("echo "+c.Name, seed)
	s := Scene{Condition: c}
	n := int((c.Single + c.Double + c.Alone) * Rate)
	talk := t.talk(c, r, n, &s)
	path := room(r, c.RT60, c.distance)
	s.Echo = leveled(c.echo(r, s.Far, path), -16-c.loss)
	mouth := room(r, c.RT60, .5)
	s.Near = leveled(dsp.Convolve(talk, mouth), c.nearLevel)
	s.Mic = plus(s.Near, s.Echo, scaled(t.noise(r, c.noise, n), math.Pow(10, (c.noiseLevel+dBm0)/20)))
	clip(s.Mic)
	return s
}

// talk fills in what the far side says, and gives what the near end does.
func (t Talkers) talk(c Condition, r *rand.Rand, n int, s *Scene) []float64 {
	s.Far = make([]float64, n)
	both := int((c.Single + c.Double) * Rate)
	near := make([]float64, n)
	begin := both
	if c.Double > 0 {
		begin = int(c.Single * Rate)
	}
	begin += Rate * 3 / 10
	who := t.some(r, 4)
	copy(near[begin:], speech(r, float64(n-begin)/Rate, .2, .7, who[:2]...))
	switch {
	case both == 0:
	case c.white:
		copy(s.Far, white(r, both))
	case c.Turns:
		far, own := t.turns(r, float64(both)/Rate)
		copy(s.Far, far)
		copy(near, own)
	default:
		copy(s.Far, speech(r, float64(both)/Rate, .1, .5, who[2:]...))
	}
	s.Far = leveled(s.Far, -16)
	clip(s.Far)
	return near
}

func clip(x []float64) {
	for i, v := range x {
		x[i] = min(max(v, -.99997), .99997)
	}
}

// echo is what comes back of far, before its level is set.
func (c Condition) echo(r *rand.Rand, far, path []float64) []float64 {
	played := loudspeaker(far, c.bend)
	y := dsp.Convolve(played, path)
	if c.ChangeAt > 0 { // within 20 ms
		other := dsp.Convolve(played, room(r, c.RT60, 1.3*c.distance))
		at := int(c.ChangeAt * Rate)
		for i := at; i < len(y); i++ {
			share := min(float64(i-at)/(Rate/50), 1)
			y[i] += share * (other[i] - y[i])
		}
	}
	late := delayed(y, c.Delay)
	if c.JumpAt > 0 {
		at := int(c.JumpAt * Rate)
		copy(late[at:], delayed(y, c.Delay+c.jumpBy)[at:])
	}
	return drifted(late, c.ppm)
}

func delayed(x []float64, ms float64) []float64 {
	out := make([]float64, len(x))
	copy(out[int(ms*Rate/1000):], x)
	return out
}

// turns of 2 to 5 s, each beginning before the other side ends, drawn again until both talk for 20 to 30 % of the talk.
func (t Talkers) turns(r *rand.Rand, seconds float64) (far, near []float64) {
	who := t.some(r, 2)
	for {
		side := [2][]float64{make([]float64, int(seconds*Rate)), make([]float64, int(seconds*Rate))}
		overlap := between(r, .2, .26)
		for at, turn := .3, 0; at < seconds-1.5; turn = 1 - turn {
			length := min(between(r, 2, 5), seconds-at-.2)
			said := faded(speech(r, length, .05, .2, who[turn]))
			for i, v := range said[:min(len(said), len(side[turn])-int(at*Rate))] {
				side[turn][int(at*Rate)+i] += v
			}
			at += length * (1 - overlap*between(r, .8, 1.2))
		}
		if share := together(side[0], side[1]); share >= .2 && share <= .3 {
			return side[0], side[1]
		}
	}
}

// together is the share of the talk in which both do; pauses of up to 0.3 s belong to it.
func together(a, b []float64) float64 {
	x, y := talking(a), talking(b)
	both, any := 0.0, 0.0
	for i := range x {
		if x[i] && y[i] {
			both++
		}
		if x[i] || y[i] {
			any++
		}
	}
	return both / max(any, 1)
}

func talking(x []float64) []bool {
	on, last := active(x, 35), -100
	for i, now := range on {
		if !now {
			continue
		}
		if i-last < 15 {
			for j := last; j < i; j++ {
				on[j] = true
			}
		}
		last = i
	}
	return on
}
