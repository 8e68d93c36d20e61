package aec

import (
	"math"
	"math/rand/v2"
	"testing"
)

// talk is a talker: voiced and unvoiced sounds with pauses, at about -26 dBov, different with every seed.
func talk(seconds float64, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	x := make([]float32, int(seconds*Rate))
	pitch := 90 + 120*r.Float64()
	for at := 0; at < len(x); {
		n := Rate/12 + r.IntN(Rate/6)
		voiced, formant, f := r.Float64() < 0.75, 300+2500*r.Float64(), pitch*(0.8+0.4*r.Float64())
		level, glide, phase, last := 0.03+0.1*r.Float64(), 0.3*r.Float64()-0.15, 0.0, 0.0
		for i := range min(n, len(x)-at) {
			e := math.Sin(math.Pi * float64(i) / float64(n))
			phase += 2 * math.Pi * f * (1 + glide*float64(i)/float64(n)) / Rate
			v := 0.0
			if voiced {
				for k := 1.0; k*f < 7000; k++ {
					d := (k*f - formant) / 400
					v += math.Sin(k*phase+k*k) * (1/(1+d*d) + 0.5/k)
				}
				v = v/2 + 0.03*r.NormFloat64()
			} else {
				w := r.NormFloat64()
				v, last = w-0.5*last, w
			}
			x[at+i] = float32(level * e * v)
		}
		at += n
		if r.Float64() < 0.15 {
			at += Rate / 4
		}
	}
	return x
}

// room is an impulse response that comes after a delay and fades by 60 dB in 300 ms; one with a short tail is what an
// emulated processor can compute in time.
func room(delay int, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 2))
	tail := Rate / 5
	if testing.Short() {
		tail = Rate / 20
	}
	h := make([]float32, delay+tail)
	h[delay] = 0.6
	for i := delay + 30; i < len(h); i++ {
		h[i] = float32(0.06 * r.NormFloat64() * math.Pow(10, -3*float64(i-delay)/(0.3*Rate)))
	}
	return h
}

// through is what a room makes of a sound.
func through(x, h []float32) []float32 {
	y := make([]float32, len(x))
	for j, g := range h {
		if g == 0 {
			continue
		}
		for i := j; i < len(x); i++ {
			y[i] += g * x[i-j]
		}
	}
	return y
}

// paced is x read by a clock that is off by ppm.
func paced(x []float32, ppm float64) []float32 {
	r := &reference{ppm: ppm}
	y := make([]float32, len(x)/Hop*Hop)
	for i := 0; i+Hop <= len(y); i += Hop {
		r.write(x[i : i+Hop])
		if i > 0 { // a hop late, so that a fast clock has something to read
			r.read(y[i : i+Hop])
		}
	}
	return y
}

func noise(n int, level float64) []float32 {
	r := rand.New(rand.NewPCG(9, 9))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(level * r.NormFloat64())
	}
	return x
}

func add(x ...[]float32) []float32 {
	y := make([]float32, len(x[0]))
	for _, x := range x {
		for i := range min(len(x), len(y)) {
			y[i] += x[i]
		}
	}
	return y
}

func run(c *Canceller, far, mic []float32) []float32 {
	out := append([]float32(nil), mic...)
	for i := 0; i+Hop <= min(len(far), len(mic)); i += Hop {
		c.Process(far[i:i+Hop], out[i:i+Hop])
	}
	return out
}

// dB is the ratio of energies of two sounds between two times in seconds.
func dB(a, b []float32, from, to float64) float64 {
	i, j := int(from*Rate), int(to*Rate)
	return 10 * math.Log10(float64(energy(a[i:j]))/(float64(energy(b[i:j]))+1e-12))
}

func TestEchoGoesWhereverItBegins(t *testing.T) {
	far := talk(10, 1)
	delays := []int{450, 15, 40, 200}
	if testing.Short() { // under emulation and the race detector
		delays = delays[:1]
	}
	for _, ms := range delays {
		mic := add(through(far, room(ms*Rate/1000, 3)), noise(len(far), 1e-4))
		out := run(New(nil), far, mic)
		if soon, late := dB(mic, out, 1.5, 2.5), dB(mic, out, 6, 10); soon < 25 || late < 35 {
			t.Errorf("%d ms of delay: %.1f dB after 2 s, %.1f dB in the end", ms, soon, late)
		}
	}
}

// TestBothTalk: of the near talker nothing is lost, and of the far one nothing is heard.
func TestBothTalk(t *testing.T) {
	if testing.Short() {
		t.Skip("long sound: the race detector and emulated processors look for other faults")
	}
	far, near := talk(14, 1), talk(14, 2)
	clear(near[:6*Rate])
	echo := through(far, room(640, 3))
	out := run(New(nil), far, add(echo, near, noise(len(far), 1e-4)))
	late := append(make([]float32, Delay), near...)[:len(near)]
	rest := make([]float32, len(out))
	subtract(rest, out, late)
	var xy, xx float64
	for i := 6 * Rate; i < 14*Rate; i++ {
		xy += float64(out[i]) * float64(late[i])
		xx += float64(late[i]) * float64(late[i])
	}
	if loss := -20 * math.Log10(xy/xx); loss > 0.3 {
		t.Errorf("the near talker lost %.2f dB", loss)
	}
	if in, sdr := dB(near, echo, 6, 14), dB(late, rest, 6, 14); sdr < 20 {
		t.Errorf("the near talker stands %.1f dB above all else, was %.1f dB above the echo", sdr, in)
	}
}

func TestClocksThatRunApart(t *testing.T) {
	clocks := []float64{100, -300, -100, 0, 300}
	if testing.Short() {
		clocks = clocks[:1]
	}
	for _, ppm := range clocks {
		far := talk(14, 4)
		mic := add(through(paced(far, ppm), room(640, 5)), noise(len(far), 1e-4))
		c := New(nil)
		out := run(c, far, mic)
		if d := c.Drift() - ppm; math.Abs(d) > 3 {
			t.Errorf("%g ppm were taken for %g", ppm, c.Drift())
		}
		least := 30.0
		if math.Abs(ppm) > 200 {
			least = 20
		}
		if erle := dB(mic, out, 9, 14-0.1); erle < least {
			t.Errorf("%g ppm: %.1f dB", ppm, erle)
		}
	}
}

// TestRecovery: a jump of the delay, even while both talk, is over in half a second, a new path of the echo in a second.
func TestRecovery(t *testing.T) {
	if testing.Short() {
		t.Skip("long sound: the race detector and emulated processors look for other faults")
	}
	far, quiet := talk(9, 6), make([]float32, 9*Rate)
	near := talk(9, 7)
	clear(near[:5*Rate])
	all := []struct {
		what          string
		before, after []float32
		near          []float32
		least, within float64
	}{
		{"30 ms later", room(640, 8), room(1120, 8), quiet, 30, 0.5},
		{"20 ms earlier", room(640, 8), room(320, 8), quiet, 30, 0.5},
		{"30 ms later in double talk", room(640, 8), room(1120, 8), near, 10, 0.5},
		{"a new path", room(640, 8), room(640, 9), quiet, 18, 1},
	}
	for _, x := range all {
		echo := append(through(far, x.before)[:6*Rate:6*Rate], through(far, x.after)[6*Rate:]...)
		out := run(New(nil), far, add(echo, x.near, noise(len(far), 1e-4)))
		late := append(make([]float32, Delay), x.near...)[:len(out)]
		subtract(out, out, late)
		if erle := dB(echo, out, 6+x.within, 8.5); erle < x.least {
			t.Errorf("%s: %.1f dB", x.what, erle)
		}
	}
}

// TestADistortingLoudspeaker: what it adds goes too.
func TestADistortingLoudspeaker(t *testing.T) {
	if testing.Short() {
		t.Skip("long sound: the race detector and emulated processors look for other faults")
	}
	far := talk(14, 10)
	bent := make([]float32, len(far))
	for i, v := range far {
		v *= 4
		bent[i] = float32(math.Tanh(float64(v+0.15*v*v))) / 4
	}
	mic := add(through(bent, room(640, 11)), noise(len(far), 1e-4))
	if erle := dB(mic, run(New(nil), far, mic), 9, 14); erle < 23 {
		t.Errorf("%.1f dB", erle)
	}
}

// TestTheNearTalkerAlone comes out as he went in, Delay later, whether the loudspeaker never spoke or fell silent.
func TestTheNearTalkerAlone(t *testing.T) {
	near := talk(6, 12)
	out := run(New(nil), make([]float32, len(near)), near)
	rest := make([]float32, len(out))
	late := append(make([]float32, Delay), near...)[:len(near)]
	subtract(rest, out, late)
	if sdr := dB(late, rest, 0.5, 6); sdr < 40 {
		t.Errorf("%.1f dB", sdr)
	}
}

func TestNoAllocation(t *testing.T) {
	c := New(nil)
	far := talk(3, 1)
	mic := through(far, room(640, 3))
	i := 0
	if n := testing.AllocsPerRun(250, func() { c.Process(far[i:i+Hop], mic[i:i+Hop]); i += Hop }); n != 0 {
		t.Errorf("%g allocations a hop", n)
	}
}

// FuzzProcess: whatever either side holds, be it no number at all, what comes out is a sound, and later all is well.
func FuzzProcess(f *testing.F) {
	f.Add([]byte{0, 1, 2, 255}, uint8(3))
	f.Add([]byte{127, 128}, uint8(200))
	f.Fuzz(func(t *testing.T, b []byte, odd uint8) {
		if len(b) == 0 {
			return
		}
		c := New(nil)
		far, mic := make([]float32, Hop), make([]float32, Hop)
		for h := range 60 {
			for i := range far {
				far[i] = float32(int8(b[(h*Hop+i)%len(b)])) / 128
				mic[i] = float32(int8(b[(h*7+i*3)%len(b)])) / 128
			}
			switch uint8(h) {
			case odd % 60:
				far[3] = float32(math.NaN())
			case odd % 59:
				mic[5] = float32(math.Inf(1))
			case odd % 53:
				far[7] = 1e30
			}
			c.Process(far, mic)
			for _, v := range mic {
				if !(v > -8 && v < 8) {
					t.Fatalf("hop %d: %g", h, v)
				}
			}
		}
		near := talk(2, 3)
		out := run(c, make([]float32, len(near)), near)[Rate:]
		near = near[Rate:]
		if e := energy(out); !(e < 4*energy(near)) || e < energy(near)/4 {
			t.Fatalf("a talker of energy %g came out with %g", energy(near), e)
		}
	})
}

// TestTheFarSideFallsSilent: after seconds of silence, in which somebody spoke at the near end, the echo is still known.
func TestTheFarSideFallsSilent(t *testing.T) {
	if testing.Short() {
		t.Skip("long sound: the race detector and emulated processors look for other faults")
	}
	far, near := talk(10, 1), talk(10, 2)
	clear(far[5*Rate : 8*Rate])
	clear(near[:5*Rate+Rate/2])
	clear(near[8*Rate-Rate/2:])
	echo := through(far, room(640, 3))
	out := run(New(nil), far, add(echo, near, noise(len(far), 1e-4)))
	if erle := dB(echo, out, 8.05, 8.6); erle < 30 {
		t.Errorf("%.1f dB when the far side speaks again", erle)
	}
	late := append(make([]float32, Delay), near...)[:len(near)]
	rest := make([]float32, len(out))
	subtract(rest, out, late)
	if sdr := dB(late, rest, 6, 7.4); sdr < 35 {
		t.Errorf("the near talker stands %.1f dB above all else meanwhile", sdr)
	}
}
