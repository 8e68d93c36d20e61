package lab

import (
	"errors"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// voice gives 15 s of a voice at 8 kHz, spoken once for all tests.
var voice = sync.OnceValues(func() (Clip, error) { return Speech("en-us", 8000, 15*time.Second) })

func mustVoice(t *testing.T) Clip {
	t.Helper()
	c, err := voice()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// delayed puts silence in front and noise under all of a clip.
func delayed(c Clip, by time.Duration, noise float64) Clip {
	rng := rand.New(rand.NewPCG(1, 2))
	lead := int(by.Seconds() * float64(c.Rate))
	out := Clip{c.Rate, make([]float32, lead+len(c.Samples))}
	copy(out.Samples[lead:], c.Samples)
	for i := range out.Samples {
		out.Samples[i] += float32(noise * rng.NormFloat64())
	}
	return out
}

// stretched resamples a clip as a sound card with a wrong clock would.
func stretched(c Clip, ppm float64) Clip {
	out := Clip{c.Rate, make([]float32, len(c.Samples))}
	for i := range out.Samples {
		pos := float64(i) / (1 + ppm*1e-6)
		n := int(pos)
		if n+1 < len(c.Samples) {
			f := float32(pos - float64(n))
			out.Samples[i] = c.Samples[n]*(1-f) + c.Samples[n+1]*f
		}
	}
	return out
}

// muted silences the pieces that drop names.
func muted(c Clip, piece time.Duration, drop func(i int) bool) Clip {
	out := Clip{c.Rate, append([]float32(nil), c.Samples...)}
	n := int(piece.Seconds() * float64(c.Rate))
	for i := 0; i*n < len(out.Samples); i++ {
		if drop(i) {
			clear(out.Samples[i*n : min((i+1)*n, len(out.Samples))])
		}
	}
	return out
}

// stalled loses a piece of sound for good, as a sound card does when its machine stands still.
func stalled(c Clip, at, lost time.Duration) Clip {
	head, tail := c.Cut(0, at), c.Cut(at+lost, c.Duration())
	return Clip{c.Rate, append(append([]float32(nil), head.Samples...), tail.Samples...)}
}

// coarse quantises to 6 bits, worse than any codec of the phone.
func coarse(c Clip) Clip {
	out := Clip{c.Rate, make([]float32, len(c.Samples))}
	for i, s := range c.Samples {
		out.Samples[i] = float32(math.Round(float64(s)*32) / 32)
	}
	return out
}

func TestFindKnownCases(t *testing.T) {
	ref := mustVoice(t)
	rng := rand.New(rand.NewPCG(3, 4))
	for _, c := range []struct {
		name    string
		rec     Clip
		delay   time.Duration
		corr    float64 // at least
		level   float64 // within 1 dB
		missing float64 // within 4 %
		gaps    float64 // within 2 %
		drift   float64 // within 30 ppm
	}{
		{"itself", ref, 0, 0.999, 0, 0, 0, 0},
		{"delayed, quieter, noisy", delayed(ref.Gain(-12), 1234*time.Millisecond, 0.001), 1234 * time.Millisecond, 0.97, -12, 0, 0, 0},
		{"another rate", delayed(ref, 500*time.Millisecond, 0).At(48000), 500 * time.Millisecond, 0.98, 0, 0, 0, 0},
		{"44.1 kHz", delayed(ref, 500*time.Millisecond, 0).At(44100), 500 * time.Millisecond, 0.98, 0, 0, 0, 0},
		{"starting in the middle", ref.Cut(4*time.Second, 11*time.Second), -4 * time.Second, 0.999, 0, 0, 0, 0},
		{"coarse samples", coarse(delayed(ref, 300*time.Millisecond, 0)), 300 * time.Millisecond, 0.9, 0, 0, 0, 0},
		{"a second lost in five", muted(ref, time.Second, func(i int) bool { return i%5 == 2 }), 0, 0.98, 0, 0.2, 0, 0},
		{"5 % of packets lost", muted(ref, 20*time.Millisecond, func(int) bool { return rng.Float64() < 0.05 }), 0, 0.93, 0, 0, 0.05, 0},
		{"slow clock", stretched(ref, 200), 0, 0.95, 0, 0, 0, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := Find(ref, c.rec)
			if err != nil {
				t.Fatal(err)
			}
			t.Log(s)
			if d := s.Delay - c.delay; d < -2*time.Millisecond || d > 2*time.Millisecond {
				t.Errorf("delay %v, want %v", s.Delay, c.delay)
			}
			if s.Correlation < c.corr || math.Abs(s.Level-c.level) > 1 || math.Abs(s.Missing-c.missing) > 0.04 || math.Abs(s.Gaps-c.gaps) > 0.02 || math.Abs(s.Drift-c.drift) > 30 {
				t.Errorf("want correlation >= %.3f, level %.1f, missing %.2f, gaps %.2f, drift %.0f", c.corr, c.level, c.missing, c.gaps, c.drift)
			}
		})
	}
}

// TestFindAcrossStalls: sound that was lost for good, or that stood still, moves the delay for good.
func TestFindAcrossStalls(t *testing.T) {
	ref := mustVoice(t)
	rec := stalled(ref, 4*time.Second, 350*time.Millisecond)
	head, tail := rec.Cut(0, 9*time.Second), rec.Cut(9*time.Second, rec.Duration())
	pause := make([]float32, 8000*8/10)
	rec = Clip{8000, append(append(append([]float32(nil), head.Samples...), pause...), tail.Samples...)}
	s, err := Find(ref, rec)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(s)
	if s.Jumps != 2 || s.Missing > 0.12 || s.Correlation < 0.99 {
		t.Error("want two jumps, and little missing")
	}
}

func TestFindRefuses(t *testing.T) {
	ref := mustVoice(t)
	other, err := Speech("en-gb", 8000, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	tone := Clip{8000, make([]float32, 80000)}
	for i := range tone.Samples {
		tone.Samples[i] = float32(0.3 * math.Sin(2*math.Pi*440*float64(i)/8000))
	}
	for name, rec := range map[string]Clip{
		"another voice": other, "a tone": tone, "silence": {8000, make([]float32, 80000)},
		"noise": delayed(Clip{8000, make([]float32, 80000)}, 0, 0.1),
	} {
		if s, err := Find(ref, rec); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: found with %v, error %v", name, s, err)
		}
	}
	if _, err := Find(ref, ref.Cut(0, time.Second)); err == nil || errors.Is(err, ErrNotFound) {
		t.Errorf("a second of sound: %v, want a complaint about its length", err)
	}
}

func TestSpeechIsTheSame(t *testing.T) {
	a, b := mustVoice(t), Clip{}
	b, err := Speech("en-us", 8000, 15*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Samples) != len(b.Samples) || a.RMS() != b.RMS() {
		t.Errorf("two runs differ: %d samples at %.3f dB, %d at %.3f dB", len(a.Samples), a.RMS(), len(b.Samples), b.RMS())
	}
}

func TestWAVReadsBack(t *testing.T) {
	want := mustVoice(t)
	for _, channels := range []int{1, 2} {
		path := t.TempDir() + "/a.wav"
		if err := want.WriteWAV(path, channels); err != nil {
			t.Fatal(err)
		}
		got, err := ReadWAV(path)
		if err != nil {
			t.Fatal(err)
		}
		if got.Rate != want.Rate || len(got.Samples) != len(want.Samples) {
			t.Fatalf("%d channels: %d Hz, %d samples", channels, got.Rate, len(got.Samples))
		}
		for i := range got.Samples {
			if math.Abs(float64(got.Samples[i]-want.Samples[i])) > 1.0/16000 {
				t.Fatalf("%d channels: sample %d is %f, want %f", channels, i, got.Samples[i], want.Samples[i])
			}
		}
	}
}

func FuzzParseWAV(f *testing.F) {
	f.Add([]byte("RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\x04\x00\x00\x00\x01\x00\x02\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseWAV(b)
		if err == nil && (c.Rate == 0 || len(c.Samples) > len(b)) {
			t.Errorf("%d samples at %d Hz from %d bytes", len(c.Samples), c.Rate, len(b))
		}
	})
}
