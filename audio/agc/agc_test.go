package agc

import (
	"math"
	"math/rand/v2"
	"testing"

	"opendeskphone/audio"
)

// talk is a talker of syllables: 150 ms of a vowel whose loudness varies, 50 ms of nothing; after 1.4 s 0.6 s of pause.
// Over it all lies noise. Levels are in dBov, the talker's while active.
type talk struct {
	level, noise float64
	random       *rand.Rand
	vary         float64
}

// frame gives frame n and whether it is speech.
func (t *talk) frame(n int) (f audio.Frame, speech bool) {
	if t.random == nil {
		t.random = rand.New(rand.NewPCG(7, 8))
	}
	if n%20 == 0 {
		t.vary = 4*t.random.Float64() - 2
	}
	speech = n%200 < 140
	amp := 0.0
	if speech && n%20 < 15 {
		amp = math.Pow(10, (t.level+t.vary)/20) * math.Sqrt2 / math.Sqrt(1+1.0/4+1.0/9+1.0/16)
	}
	for i := range f {
		at := float64(n*audio.FrameLen+i) / audio.Rate
		v := 0.0
		for k := 1.0; k <= 4; k++ {
			v += math.Sin(2*math.Pi*140*k*at) / k
		}
		f[i] = float32(amp*v + math.Pow(10, t.noise/20)*t.random.NormFloat64())
	}
	return f, speech
}

// run levels seconds of talk and gives the active level and the noise in pauses over the last two seconds, in dBov.
func run(l *Leveller, t *talk, seconds int) (active, pause float64) {
	var a, p power
	for n := range 100 * seconds {
		f, speech := t.frame(n)
		if speech {
			l.Process(&f, 0.9)
		} else {
			l.Process(&f, 0.1)
		}
		switch {
		case n < 100*(seconds-2):
		case speech && n%20 > 0 && n%20 < 15:
			a.add(&f)
		case !speech && n%200 > 145:
			p.add(&f)
		}
	}
	return a.level(), p.level()
}

type power struct {
	sum float64
	n   int
}

func (p *power) add(f *audio.Frame) {
	p.sum += math.Pow(10, f.Level()/10)
	p.n++
}
func (p *power) level() float64 { return 10 * math.Log10(p.sum/float64(p.n)) }

// TestEveryTalkerComesToTheTarget: within 3 s and 2 dB, whether near or far.
func TestEveryTalkerComesToTheTarget(t *testing.T) {
	step := 5.0
	if testing.Short() {
		step = 15
	}
	for level := -40.0; level <= -10; level += step {
		active, _ := run(New(Range), &talk{level: level, noise: -75}, 5)
		if math.Abs(active-Target) > 2 {
			t.Errorf("a talker at %.0f dBov comes out at %.1f, want %.1f", level, active, Target)
		}
	}
}

// TestANewTalkerComesToTheTarget: the same for one who takes over the microphone.
func TestANewTalkerComesToTheTarget(t *testing.T) {
	l := New(Range)
	run(l, &talk{level: -15, noise: -75}, 10)
	if active, _ := run(l, &talk{level: -32, noise: -75}, 6); math.Abs(active-Target) > 2 {
		t.Errorf("the second talker comes out at %.1f", active)
	}
}

// TestNoiseIsNotRaised: loud noise keeps its level though a faint talker would need amplification.
func TestNoiseIsNotRaised(t *testing.T) {
	if testing.Short() {
		t.Skip("long sound: the race detector and emulated processors look for other faults")
	}
	for _, noise := range []float64{-70, -60, -50} {
		_, pause := run(New(Range), &talk{level: -38, noise: noise}, 10)
		if limit := max(noise, Quiet) + 1; pause > limit {
			t.Errorf("noise of %.0f dBov comes out at %.1f, at most %.1f", noise, pause, limit)
		}
	}
}

// TestPausesDoNotPump: whatever the noise does in a pause, the gain stays.
func TestPausesDoNotPump(t *testing.T) {
	l := New(Range)
	run(l, &talk{level: -35, noise: -75}, 5)
	before := l.Gain()
	for n := range 1000 {
		f := audio.Frame{0: float32(n) / 1000}
		l.Process(&f, 0.2)
	}
	if l.Gain() != before {
		t.Errorf("the gain went from %.2f to %.2f dB in a pause", before, l.Gain())
	}
}

// TestNothingClips: a shout into a gain set for a whisper stays within full scale.
func TestNothingClips(t *testing.T) {
	l := New(Range)
	run(l, &talk{level: -40, noise: -80}, 5)
	loud := &talk{level: -8, noise: -80}
	for n := range 100 {
		f, _ := loud.frame(n)
		l.Process(&f, 0.9)
		for _, v := range f {
			if v > 1 || v < -1 {
				t.Fatalf("sample of %g", v)
			}
		}
	}
}

func TestNoAllocation(t *testing.T) {
	l := New(Range)
	f, _ := (&talk{level: -20, noise: -60}).frame(1)
	if n := testing.AllocsPerRun(100, func() { l.Process(&f, 0.9) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

// FuzzLeveller: whatever comes in, be it no number at all, samples stay within full scale and the gain within Range.
func FuzzLeveller(f *testing.F) {
	f.Add(uint64(1), uint32(0x7fc00000), float32(0.9))
	f.Add(uint64(2), uint32(0x7f800000), float32(0.1))
	f.Add(uint64(3), uint32(0x41200000), float32(math.NaN()))
	f.Fuzz(func(t *testing.T, seed uint64, bits uint32, speech float32) {
		l, r := New(Range), rand.New(rand.NewPCG(seed, 1))
		for n := range 100 {
			var x audio.Frame
			for i := range x {
				x[i] = float32(r.NormFloat64() * 0.1)
				if r.IntN(100) == 0 {
					x[i] = math.Float32frombits(bits)
				}
			}
			l.Process(&x, speech)
			for _, v := range x {
				if !(v >= -1 && v <= 1) {
					t.Fatalf("frame %d: sample of %g", n, v)
				}
			}
			if g := l.Gain(); !(g >= -Range && g <= Range) {
				t.Fatalf("frame %d: gain %g dB", n, g)
			}
		}
	})
}
