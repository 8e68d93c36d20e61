package mix

import (
	"math"
	"testing"

	"opendeskphone/audio"
)

func TestEachHearsTheOthersOnly(t *testing.T) {
	for n := 1; n <= MaxParties; n++ {
		in, out := make([]*audio.Frame, n), make([]*audio.Frame, n)
		for i := range in {
			in[i], out[i] = new(audio.Frame), new(audio.Frame)
			in[i][7] = float32(int(1) << i)
		}
		all := float32(int(1)<<n - 1)
		want := make([]float32, n)
		for i := range in {
			want[i] = all - in[i][7]
		}
		Minus(out, in)
		for i := range in {
			if out[i][7] != want[i] || out[i][8] != 0 {
				t.Errorf("party %d of %d hears %v, want %v", i, n, out[i][7], want[i])
			}
		}
	}
}

func TestOwnVoiceLeavesNoTrace(t *testing.T) {
	loud, soft, heard := new(audio.Frame), new(audio.Frame), new(audio.Frame)
	for i := range loud {
		loud[i], soft[i] = 1000, 1e-4
	}
	Minus([]*audio.Frame{heard, new(audio.Frame)}, []*audio.Frame{loud, soft})
	if heard[100] != 1e-4 {
		t.Errorf("%v", heard[100])
	}
}

func sine(l *Limiter, amplitude float64, frames int) (peak, jump float64, last audio.Frame) {
	var before float32
	for n := range frames {
		var f audio.Frame
		for i := range f {
			f[i] = float32(amplitude * math.Sin(2*math.Pi*440*float64(n*len(f)+i)/audio.Rate))
		}
		l.Process(&f)
		if n == 0 {
			before = f[0]
		}
		for _, v := range f {
			peak = max(peak, math.Abs(float64(v)))
			jump = max(jump, math.Abs(float64(v-before)))
			before = v
		}
		last = f
	}
	return peak, jump, last
}

func TestQuietSoundPassesUntouchedOneMillisecondLater(t *testing.T) {
	var l Limiter
	var f audio.Frame
	f[0], f[1] = 0.97, -0.5
	l.Process(&f)
	if f[48] != 0.97 || f[49] != -0.5 || f[0] != 0 {
		t.Errorf("%v %v", f[48], f[49])
	}
}

// Once a peak is over and its reduction recovered, sound passes untouched again, sample by sample, and
// nothing is lost or doubled where the next peak comes.
func TestSoundBetweenPeaksPassesUntouched(t *testing.T) {
	var l Limiter
	var in, out []float32
	for n := range 300 {
		var f audio.Frame
		for i := range f {
			f[i] = float32((n*audio.FrameLen+i)*7919%1000)/1000 - 0.5
		}
		if n%100 == 50 {
			f[n] = 1.4
		}
		in = append(in, f[:]...)
		l.Process(&f)
		out = append(out, f[:]...)
	}
	for n := range 300 {
		touched := n%100 >= 49 && n%100 < 85 // from just before the peak until the reduction is gone
		for i := n * audio.FrameLen; i < (n+1)*audio.FrameLen && i+48 < len(out); i++ {
			if d := out[i+48] - in[i]; d != 0 && !touched || math.Abs(float64(d)) > 0.5 {
				t.Fatalf("sample %d of frame %d: %v became %v", i%audio.FrameLen, n, in[i], out[i+48])
			}
		}
	}
}

func TestLoudSoundIsBroughtDownSmoothly(t *testing.T) {
	for _, amplitude := range []float64{1.01, 1.5, 3, 20} {
		var l Limiter
		sine(&l, 0.5, 10)
		peak, jump, last := sine(&l, amplitude, 100)
		if peak > 0.995 {
			t.Errorf("amplitude %v: peak %.3f", amplitude, peak)
		}
		if jump > 0.12 && amplitude < 4 { // a full-scale sine of 440 Hz has 0.058
			t.Errorf("amplitude %v: jump %.3f", amplitude, jump)
		}
		if level := last.Level(); level < -4 {
			t.Errorf("amplitude %v: level %.1f dB", amplitude, level)
		}
		sine(&l, 0.5, 100)
		if peak, _, _ := sine(&l, 0.5, 10); peak < 0.499 {
			t.Errorf("a second later the gain is still down: %.3f", peak)
		}
	}
}

func TestNotANumberBecomesSilence(t *testing.T) {
	var l Limiter
	f := audio.Frame{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))}
	for range 3 {
		l.Process(&f)
	}
	for _, v := range f {
		if v != 0 {
			t.Fatal(v)
		}
	}
}

func TestNothingAllocates(t *testing.T) {
	var l Limiter
	a, b, c := new(audio.Frame), new(audio.Frame), new(audio.Frame)
	p := []*audio.Frame{a, b, c}
	if n := testing.AllocsPerRun(100, func() { Minus(p, p); l.Process(a) }); n != 0 {
		t.Error(n, "allocations")
	}
}

func BenchmarkMinusOfThree(b *testing.B) {
	p := []*audio.Frame{new(audio.Frame), new(audio.Frame), new(audio.Frame)}
	for b.Loop() {
		Minus(p, p)
	}
}

func BenchmarkLimiter(b *testing.B) {
	var l Limiter
	var f audio.Frame
	for b.Loop() {
		l.Process(&f)
	}
}
