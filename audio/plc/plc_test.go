package plc

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// pitches are those of low and high voices; the race detector and emulated processors look for other faults.
func pitches() []float64 {
	if testing.Short() {
		return []float64{80, 260}
	}
	return []float64{80, 110, 190, 260}
}

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
		for _, pitch := range pitches() {
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
	c.begin()
	if c.ahead.likeness > unvoiced {
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
	next := voice(320, 16000, 100)
	if n := testing.AllocsPerRun(100, func() {
		c.Good(x)
		c.Conceal(x)
		c.Guess(x, next[:22])
		c.Ahead(next[:22])
		c.Bridge(x, next)
		c.Played(x)
	}); n != 0 {
		t.Fatal(n, "allocations")
	}
}

// The three ways to make up sound, each behind 20 ms received: the first 10 ms of a gap, 10 ms more, and a bridge of 20 ms.
func BenchmarkGap(b *testing.B) {
	for _, rate := range []int{8000, 16000, 48000} {
		c := New(rate)
		x := voice(rate/50, rate, 100)
		gap := make([]float32, rate/50)
		ways := map[string]func(){
			"none":   func() {},
			"begin":  func() { c.Conceal(gap[:rate/100]) },
			"longer": func() { c.Conceal(gap[:rate/100]); c.Conceal(gap[:rate/100]) },
			"bridge": func() { c.Bridge(gap, x); c.Played(gap) },
		}
		for name, way := range ways {
			b.Run(fmt.Sprint(rate, "/", name), func(b *testing.B) {
				for range b.N {
					c.Good(x)
					way()
				}
			})
		}
	}
}

// bridged is pass where the packet behind a gap is at hand: the last block of a gap is bridged.
func bridged(c *Concealer, x []float32, rate int, lost func(int) bool) []float32 {
	y := append([]float32(nil), x...)
	size := rate / 50
	for n, i := 0, 0; i+2*size <= len(y); n, i = n+1, i+size {
		b := y[i : i+size]
		switch {
		case !lost(n):
			c.Good(b)
		case !lost(n+1) && c.Bridge(b, x[i+size:i+2*size]):
			c.Played(b)
		default:
			c.Conceal(b)
		}
	}
	return y
}

func TestABridgeMeetsBothSides(t *testing.T) {
	for _, rate := range []int{8000, 16000, 48000} {
		for _, pitch := range pitches() {
			x := voice(2*rate, rate, pitch)
			lost := func(n int) bool { return n > 5 && n%10 == 7 }
			alone := append([]float32(nil), x...)
			c := New(rate)
			for n, i := 0, 0; i+rate/50 <= len(alone); n, i = n+1, i+rate/50 {
				if b := alone[i : i+rate/50]; lost(n) {
					c.Conceal(b)
				} else {
					c.Good(b)
				}
			}
			y := bridged(New(rate), x, rate, lost)
			with, without := snr(x, y), snr(x, alone)
			if with < 24 || with < without+3 {
				t.Errorf("%d Hz, voice of %.0f Hz: %.1f dB with both sides, %.1f with the past alone", rate, pitch, with, without)
			}
			if a, b := jump(x), jump(y); b > 1.3*a {
				t.Errorf("%d Hz, voice of %.0f Hz: largest jump %.3f, of the original %.3f", rate, pitch, b, a)
			}
		}
	}
}

func TestABridgeChangesNothingUntilPlayed(t *testing.T) {
	x := voice(8000, 8000, 100)
	c := New(8000)
	c.Good(x[:4000])
	var first, second, guess, ahead [160]float32
	c.Bridge(first[:], x[4160:4320])
	c.Guess(guess[:], ahead[:])
	c.Bridge(second[:], x[4160:4320])
	if first != second {
		t.Error("the second bridge over one gap is another")
	}
	if c.Left() != 1 {
		t.Error("the gap has begun")
	}
	if c.Bridge(make([]float32, 481), x[4481:]) || c.Bridge(first[:], x[4160:4239]) {
		t.Error("bridged too long a gap, or on too short a pier")
	}
}

// Where a word begins or ends in the gap, it neither bursts out nor is left out.
func TestABridgeBetweenSoundAndSilence(t *testing.T) {
	x := voice(8000, 8000, 120)
	silence := make([]float32, 160)
	for _, fromSilence := range []bool{true, false} {
		c := New(8000)
		before, after := x[:4000], silence
		if fromSilence {
			before, after = make([]float32, 4000), x[4160:4320]
		}
		c.Good(append([]float32(nil), before...))
		var gap [160]float32
		c.Bridge(gap[:], after)
		var power, loudest float64
		for _, v := range gap {
			power += float64(v) * float64(v) / 160
			loudest = max(loudest, math.Abs(float64(v)))
		}
		if power < 0.002 || loudest > 0.9 {
			t.Errorf("from silence %v: power %.4f, peak %.2f", fromSilence, power, loudest)
		}
	}
}

func FuzzConcealer(f *testing.F) {
	f.Add(uint8(0), []byte{0, 1, 2, 0, 2})
	f.Fuzz(func(t *testing.T, kind uint8, data []byte) {
		rate := []int{8000, 16000, 48000}[kind%3]
		c := New(rate)
		block := make([]float32, rate/100)
		next := make([]float32, 2*len(block))
		for i, b := range data {
			for j := range next {
				next[j] = float32(int8(data[(i+j*int(b))%len(data)])) / 128
			}
			copy(block, next)
			switch b % 3 {
			case 0:
				c.Good(block)
			case 1:
				c.Conceal(block)
			case 2:
				if c.Bridge(block, next) {
					c.Played(block)
				}
			}
			for _, v := range block {
				if !(v > -100 && v < 100) {
					t.Fatalf("sample of %v", v)
				}
			}
		}
	})
}
