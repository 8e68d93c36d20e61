package resample

import (
	"fmt"
	"math"
	"testing"
)

// play sends a full-scale sine of freq Hz through r for a second, in blocks of 10 ms.
func play(r *Resampler, freq float64) []float32 {
	out := make([]float32, 0, r.Max(r.in)+1000)
	block := make([]float32, r.in/100)
	for n := range 100 {
		for i := range block {
			block[i] = float32(math.Sin(2 * math.Pi * freq * float64(n*len(block)+i) / float64(r.in)))
		}
		out = r.Process(out, block)
	}
	return out
}

// fit gives the amplitude of freq in x and the RMS of all else, both in dB against a full-scale sine.
func fit(x []float32, freq, rate float64) (amplitude, rest float64) {
	var c, s float64
	for i, v := range x {
		sin, cos := math.Sincos(2 * math.Pi * freq * float64(i) / rate)
		c += float64(v) * cos
		s += float64(v) * sin
	}
	c, s = c*2/float64(len(x)), s*2/float64(len(x))
	var e float64
	for i, v := range x {
		sin, cos := math.Sincos(2 * math.Pi * freq * float64(i) / rate)
		d := float64(v) - c*cos - s*sin
		e += d * d
	}
	return 20 * math.Log10(math.Hypot(c, s)), 10 * math.Log10(2*e/float64(len(x))+1e-20)
}

func TestTonesPassUnchangedAndImagesAreGone(t *testing.T) {
	rates := [][2]int{{8000, 48000}, {16000, 48000}, {44100, 48000}, {48000, 44100}, {48000, 16000}, {48000, 8000}, {32000, 48000}, {96000, 48000}, {48000, 48000}}
	for _, q := range rates {
		low := float64(min(q[0], q[1]))
		for _, part := range []float64{0.01, 0.125, 0.3, 0.4, 0.43} {
			freq := math.Round(part*low/100) * 100
			t.Run(fmt.Sprintf("%d-%d/%.0fHz", q[0], q[1], freq), func(t *testing.T) {
				out := play(New(q[0], q[1]), freq)
				if len(out) != q[1] {
					t.Fatalf("%d samples for a second, want %d", len(out), q[1])
				}
				gain, rest := fit(out[q[1]/10:q[1]/10*9], freq, float64(q[1]))
				if math.Abs(gain) > 0.05 || rest > -80 {
					t.Errorf("gain %.3f dB, rest %.1f dB", gain, rest)
				}
			})
		}
	}
}

func TestWhatWouldFoldIsStopped(t *testing.T) {
	for _, q := range [][2]int{{48000, 8000}, {48000, 16000}, {96000, 48000}, {48000, 32000}} {
		for _, part := range []float64{0.5626, 0.6, 0.75, 1} {
			freq := part * float64(q[1])
			if freq >= float64(q[0])/2 {
				continue
			}
			out := play(New(q[0], q[1]), freq)
			_, rest := fit(out[q[1]/10:q[1]/10*9], 0, float64(q[1]))
			if rest > -80 {
				t.Errorf("%d to %d: %.0f Hz folds at %.1f dB", q[0], q[1], freq, rest)
			}
		}
	}
}

func TestEveryBlockOfTenMillisecondsGivesTen(t *testing.T) {
	blocks := 5000
	if testing.Short() {
		blocks = 500
	}
	for _, q := range [][2]int{{8000, 48000}, {44100, 48000}, {48000, 44100}, {22050 * 2, 16000}, {48000, 8000}} {
		r := New(q[0], q[1])
		in, out := make([]float32, q[0]/100), make([]float32, 0, r.Max(q[0]/100))
		for n := range blocks {
			if got := r.Process(out[:0], in); len(got) != q[1]/100 {
				t.Fatalf("%v: block %d gave %d samples", q, n, len(got))
			}
		}
	}
}

func TestSkewChangesTheNumberOfSamplesAndKeepsTheSound(t *testing.T) {
	skews := []float64{-300, -20, 20, 300}
	if testing.Short() {
		skews = skews[:1]
	}
	for _, ppm := range skews {
		r := New(48000, 48000)
		r.Skew(ppm)
		n := 0
		in, out := make([]float32, 480), make([]float32, 0, r.Max(480))
		for range 10_000 {
			n += len(r.Process(out[:0], in))
		}
		if want := 48000 * 100 * (1 + ppm*1e-6); math.Abs(float64(n)-want) > 2 {
			t.Errorf("%v ppm: %d samples, want %.0f", ppm, n, want)
		}
		r.Reset()
		x := play(r, 1000*(1+ppm*1e-6))
		gain, rest := fit(x[4800:43200], 1000, 48000)
		if math.Abs(gain) > 0.05 || rest > -80 {
			t.Errorf("%v ppm: gain %.3f dB, rest %.1f dB", ppm, gain, rest)
		}
	}
}

func TestDelayIsAsTold(t *testing.T) {
	for _, q := range [][2]int{{8000, 48000}, {48000, 8000}, {16000, 48000}, {44100, 48000}} {
		r := New(q[0], q[1])
		out := r.Process(nil, append([]float32{1}, make([]float32, q[0]/20)...))
		at := 0
		for i, v := range out {
			if v > out[at] {
				at = i
			}
		}
		got := float64(at) / float64(q[1])
		if math.Abs(got-r.Delay()) > 1.5/float64(min(q[0], q[1])) {
			t.Errorf("%v: peak at %.2f ms, Delay says %.2f", q, got*1e3, r.Delay()*1e3)
		}
		if r.Delay() > 0.0032 {
			t.Errorf("%v: delay of %.2f ms", q, r.Delay()*1e3)
		}
	}
}

func TestHostileArgumentsAndLongBlocks(t *testing.T) {
	r := New(-1, 1<<30)
	r.Skew(math.Inf(1))
	r.Process(nil, make([]float32, 100))
	a, b := New(44100, 48000), New(44100, 48000)
	x := make([]float32, 44100)
	for i := range x {
		x[i] = float32(math.Sin(float64(i)))
	}
	whole := a.Process(nil, x)
	var parts []float32
	for i := 0; i < len(x); {
		n := min(1+i%700, len(x)-i)
		parts = b.Process(parts, x[i:i+n])
		i += n
	}
	if len(whole) != len(parts) {
		t.Fatalf("%d samples in one block, %d in many", len(whole), len(parts))
	}
	for i := range whole {
		if whole[i] != parts[i] {
			t.Fatalf("sample %d differs", i)
		}
	}
}

func TestProcessDoesNotAllocate(t *testing.T) {
	r := New(44100, 48000)
	r.Skew(13)
	in, out := make([]float32, 441), make([]float32, 0, r.Max(441))
	if n := testing.AllocsPerRun(200, func() { r.Process(out[:0], in) }); n != 0 {
		t.Fatal(n, "allocations")
	}
}

func BenchmarkProcess(b *testing.B) {
	for _, q := range [][2]int{{8000, 48000}, {48000, 8000}, {44100, 48000}} {
		b.Run(fmt.Sprint(q), func(b *testing.B) {
			r := New(q[0], q[1])
			in, out := make([]float32, q[0]/100), make([]float32, 0, r.Max(q[0]/100))
			for b.Loop() {
				r.Process(out[:0], in)
			}
		})
	}
}

// Between the samples that go in, a rising rate puts others; those that go in come out as they were.
func TestSamplesOfTheLowerRatePassUntouched(t *testing.T) {
	for _, rate := range []int{8000, 16000, 48000} {
		r := New(rate, 48000)
		x := make([]float32, 200)
		for i := range x {
			x[i] = float32(math.Sin(float64(i * i)))
		}
		y := r.Process(nil, x)
		delay := int(math.Round(r.Delay() * float64(rate)))
		for i := range x[:len(x)-delay] {
			if got := y[(i+delay)*48000/rate]; got != x[i] {
				t.Fatalf("%d Hz: sample %d is %v, was %v", rate, i, got, x[i])
			}
		}
	}
}
