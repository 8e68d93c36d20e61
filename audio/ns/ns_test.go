package ns

import (
	"math"
	"math/rand/v2"
	"testing"

	"opendeskphone/audio"
	"opendeskphone/audio/talker"
)

func noise(frames int, dBov float64) []audio.Frame {
	r := rand.New(rand.NewPCG(7, 8))
	x := make([]audio.Frame, frames)
	for n := range x {
		for i := range x[n] {
			x[n][i] = float32(math.Pow(10, dBov/20) * r.NormFloat64())
		}
	}
	return x
}

// keys are blows of 12 ms, five a second.
func keys(frames int) []audio.Frame {
	x := noise(frames, 0)
	r := rand.New(rand.NewPCG(9, 10))
	next := 0
	for n := range x {
		for i := range x[n] {
			at := n*audio.FrameLen + i - next
			if at > 6000 {
				next += 6000 + r.IntN(6000)
			}
			x[n][i] *= float32(0.3 * math.Exp(-math.Abs(float64(at))/96) * step(at))
		}
	}
	return x
}

func step(at int) float64 {
	if at < 0 {
		return 0
	}
	return 1
}

func clean(x []audio.Frame) []audio.Frame {
	s := NewSuppressor()
	y := make([]audio.Frame, len(x))
	for n := range x {
		y[n] = x[n]
		s.Process(&y[n])
	}
	return y
}

func sum(x, y []audio.Frame) []audio.Frame {
	z := make([]audio.Frame, len(x))
	for n := range x {
		z[n] = x[n]
		z[n].Add(&y[n])
	}
	return z
}

// level is the mean power of the frames for which take says so, in dBov.
func level(x []audio.Frame, take func(n int) bool) float64 {
	total, count := 0.0, 0
	for n := range x {
		if n >= 300 && take(n) {
			total += math.Pow(10, x[n].Level()/10)
			count++
		}
	}
	return 10 * math.Log10(total/float64(count))
}

func pause(n int) bool   { return n%300 > 230 }
func talking(n int) bool { return n%300 < 200 && n%24 > 3 && n%24 < 18 }
func always(int) bool    { return true }

// TestNoiseGoesAndTheVoiceStays: of a room's noise 15 dB under the talker little is left, of the talker nearly all.
func TestNoiseGoesAndTheVoiceStays(t *testing.T) {
	if testing.Short() {
		t.Skip("long sound: the race detector and emulated processors look for other faults")
	}
	v := talker.Say(1500)
	loud := level(v, talking)
	noisy := sum(v, noise(1500, loud-15))
	out := clean(noisy)
	if drop := level(noisy, pause) - level(out, pause); drop < 18 {
		t.Errorf("noise in pauses falls by %.1f dB, want 18", drop)
	}
	if drop := loud - level(out, talking); math.Abs(drop) > 1.5 {
		t.Errorf("the voice falls by %.1f dB", drop)
	}
}

// TestKeysGo: of blows on keys little is left.
func TestKeysGo(t *testing.T) {
	k := keys(1500)
	if drop := level(k, always) - level(clean(k), always); drop < 12 {
		t.Errorf("blows fall by %.1f dB, want 12", drop)
	}
}

// TestACleanVoiceIsLeftAlone: what comes out is what went in, after Delay.
func TestACleanVoiceIsLeftAlone(t *testing.T) {
	if testing.Short() {
		t.Skip("long sound: the race detector and emulated processors look for other faults")
	}
	v := talker.Say(1500)
	out := clean(v)
	delay := NewSuppressor().Delay()
	var signal, change float64
	for i := 300 * audio.FrameLen; i < len(v)*audio.FrameLen; i++ {
		was := v[(i-delay)/audio.FrameLen][(i-delay)%audio.FrameLen]
		is := out[i/audio.FrameLen][i%audio.FrameLen]
		signal += float64(was * was)
		change += float64((is - was) * (is - was))
	}
	if ratio := 10 * math.Log10(signal/change); ratio < 20 {
		t.Errorf("the voice stands %.1f dB over what has been done to it, want 20", ratio)
	}
}

// TestSpeechIsTold: the probability is high while someone talks, and low in pauses.
func TestSpeechIsTold(t *testing.T) {
	x := sum(talker.Say(1500), noise(1500, -55))
	s := NewSuppressor()
	right, wrong, n1, n0 := 0, 0, 0, 0
	for n := range x {
		s.Process(&x[n])
		switch said := s.Speech() > 0.5; {
		case n < 300:
		case talking(n):
			n1++
			if said {
				right++
			}
		case pause(n):
			n0++
			if said {
				wrong++
			}
		}
	}
	if right*10 < n1*9 || wrong*20 > n0 {
		t.Errorf("speech told in %d of %d frames that are, %d of %d that are not", right, n1, wrong, n0)
	}
}

func TestSilenceStaysSilent(t *testing.T) {
	if l := level(clean(make([]audio.Frame, 500)), always); l > -120 {
		t.Errorf("silence comes out at %.1f dBov", l)
	}
}

// TestTheHighBandFollows: hiss above 8 kHz goes with the noise below.
func TestTheHighBandFollows(t *testing.T) {
	var h High
	power, gain := make([]float32, 257), make([]float32, 257)
	for k := range power {
		power[k], gain[k] = 1, 1
	}
	for range 100 {
		h.Gain(0.001, power, gain)
	}
	if g := h.Gain(0.001, power, gain); g > 0.1 {
		t.Errorf("steady hiss passes with %.2f", g)
	}
	if g := h.Gain(0.1, power, gain); g < 0.9 {
		t.Errorf("a sibilant passes with %.2f alone", g)
	}
	clear(gain)
	if g := h.Gain(0.1, power, gain); g > 0.1 {
		t.Errorf("a blow passes with %.2f", g)
	}
}

func TestNoAllocation(t *testing.T) {
	s, f := NewSuppressor(), noise(1, -30)[0]
	if n := testing.AllocsPerRun(20, func() { s.Process(&f) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

// FuzzSuppressor: whatever comes in, be it no number at all, gains stay between 0 and 1, and a second later all is well.
func FuzzSuppressor(f *testing.F) {
	f.Add(uint64(1), uint32(0x7fc00000), uint32(0x3f800000))
	f.Add(uint64(2), uint32(0x7f800000), uint32(0xff800000))
	f.Fuzz(func(t *testing.T, seed uint64, a, b uint32) {
		s, r := NewSuppressor(), rand.New(rand.NewPCG(seed, 1))
		var x audio.Frame
		for n := range 110 {
			for i := range x {
				x[i] = float32(r.NormFloat64() * 0.01)
				if n < 10 && r.IntN(100) == 0 {
					x[i] = math.Float32frombits([]uint32{a, b}[r.IntN(2)])
				}
			}
			s.Process(&x)
			for k, g := range s.gain {
				if !(g >= 0 && g <= 1) {
					t.Fatalf("frame %d, bin %d: gain %g", n, k, g)
				}
			}
		}
		for _, v := range x {
			if !(v > -1 && v < 1) {
				t.Fatalf("a second later a sample is %g", v)
			}
		}
	})
}

func BenchmarkSuppressor(b *testing.B) {
	s, x := NewSuppressor(), noise(1, -30)[0]
	for b.Loop() {
		f := x
		s.Process(&f)
	}
}
