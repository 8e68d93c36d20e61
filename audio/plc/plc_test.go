package plc

import (
	"math"
	"math/rand/v2"
	"testing"
)

// voice is a crude vowel: harmonics of a gliding pitch below 3 kHz, peak about 0.5.
func voice(n, rate int, pitch float64) []float32 {
	x := make([]float32, n)
	phase := 0.0
	for i := range x {
		t := float64(i) / float64(rate)
		f := pitch * (1 + 0.05*math.Sin(2*math.Pi*2*t))
		phase += 2 * math.Pi * f / float64(rate)
		for k := 1.0; k*f < 3000; k++ {
			x[i] += float32(0.2 / k * math.Sin(k*phase+k))
		}
	}
	return x
}

// pass sends x through a concealer in blocks of 10 ms; lost(n) tells whether block n is lost.
func pass(c *Concealer, x []float32, rate int, lost func(int) bool) []float32 {
	y := append([]float32(nil), x...)
	for n, i := 0, 0; i+rate/100 <= len(y); n, i = n+1, i+rate/100 {
		b := y[i : i+rate/100]
		if lost(n) {
			c.Conceal(b)
		} else {
			c.Good(b)
		}
	}
	return y
}

func jump(x []float32) (m float64) {
	for i := 1; i < len(x); i++ {
		m = max(m, math.Abs(float64(x[i]-x[i-1])))
	}
	return m
}

func snr(want, got []float32) float64 {
	var s, e float64
	for i, v := range want {
		s += float64(v) * float64(v)
		e += float64(v-got[i]) * float64(v-got[i])
	}
	return 10 * math.Log10(s/(e+1e-20))
}

func TestVowelGoesOnThroughALostPacket(t *testing.T) {
	for _, rate := range []int{8000, 16000, 48000} {
		for _, pitch := range []float64{80, 110, 190, 260} {
			x := voice(rate, rate, pitch)
			y := pass(New(rate), x, rate, func(n int) bool { return n%10 == 7 || n%10 == 8 })
			if got := snr(x, y); got < 8 {
				t.Errorf("%d Hz, voice of %.0f Hz: 20%% loss leaves %.1f dB", rate, pitch, got)
			}
			silent := append([]float32(nil), x...)
			for n := range 100 {
				if n%10 == 7 || n%10 == 8 {
					clear(silent[n*rate/100 : (n+1)*rate/100])
				}
			}
			if snr(x, y) < snr(x, silent)+2 {
				t.Errorf("%d Hz, voice of %.0f Hz: hardly better than silence", rate, pitch)
			}
		}
	}
}

func TestNothingClicks(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, rate := range []int{8000, 16000} {
		x := voice(10*rate, rate, 123)
		y := pass(New(rate), x, rate, func(int) bool { return r.IntN(5) == 0 })
		if a, b := jump(x), jump(y); b > 1.3*a {
			t.Errorf("%d Hz: largest jump %.3f, of the original %.3f", rate, b, a)
		}
	}
}

func TestNoLossChangesNothing(t *testing.T) {
	x := voice(8000, 8000, 100)
	y := pass(New(8000), x, 8000, func(int) bool { return false })
	for i := range x {
		if x[i] != y[i] {
			t.Fatal("sample", i, "changed")
		}
	}
}

func TestLongGapFadesToSilence(t *testing.T) {
	x := voice(8000, 8000, 100)
	y := pass(New(8000), x, 8000, func(n int) bool { return n >= 50 })
	energy := func(fromMS, toMS int) (e float64) {
		for _, v := range y[4000+fromMS*8 : 4000+toMS*8] {
			e += float64(v) * float64(v) / float64(toMS-fromMS)
		}
		return e
	}
	if energy(0, 20) < 0.5*energy(-40, 0) {
		t.Error("the first packet is already weaker")
	}
	if e := energy(50, 70) / energy(0, 20); e < 0.1 || e > 0.6 {
		t.Errorf("after 60 ms %.2f of the power is left", e)
	}
	if energy(125, 200) != 0 {
		t.Error("after 125 ms it is not silent")
	}
}

func TestNoiseDoesNotBecomeATone(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	x := make([]float32, 8000)
	for i := range x {
		x[i] = 0.1 * float32(r.NormFloat64())
	}
	c := New(8000)
	c.Good(x)
	if _, voiced := c.period(); voiced {
		t.Error("white noise taken for a voice")
	}
	y := make([]float32, 160)
	c.Conceal(y)
	var power float64
	for _, v := range y {
		power += float64(v) * float64(v) / 160
	}
	if power < 0.006 || power > 0.016 {
		t.Errorf("noise of power 0.01 goes on with %.4f", power)
	}
}

func TestSilenceAndStartStaySilent(t *testing.T) {
	c := New(16000)
	y := make([]float32, 160)
	for range 20 {
		c.Conceal(y)
		for _, v := range y {
			if v != 0 {
				t.Fatal("sound out of nothing")
			}
		}
	}
}

func TestNoAllocations(t *testing.T) {
	c := New(16000)
	x := voice(160, 16000, 100)
	if n := testing.AllocsPerRun(100, func() { c.Good(x); c.Conceal(x); c.Conceal(x) }); n != 0 {
		t.Fatal(n, "allocations")
	}
}

func BenchmarkStartOfGap(b *testing.B) {
	c := New(16000)
	x := voice(160, 16000, 100)
	for b.Loop() {
		c.Good(x)
		c.Conceal(x)
	}
}
