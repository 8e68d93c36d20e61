package opus

import (
	"errors"
	"math"
	"testing"

	"opendeskphone/audio"
	"opendeskphone/audio/codec"
)

// vowel gives n frames of harmonics of 140 Hz that come and go like syllables.
func vowel(n int) []audio.Frame {
	x := make([]audio.Frame, n)
	for i := range n * audio.FrameLen {
		t := float64(i) / audio.Rate
		v := 0.0
		for k := 1.0; k < 25; k++ {
			v += math.Sin(2*math.Pi*140*k*t+k) / k
		}
		x[i/audio.FrameLen][i%audio.FrameLen] = float32(0.2 * v * (1 + math.Sin(2*math.Pi*4*t)) / 2)
	}
	return x
}

func open(t testing.TB) (codec.Encoder, codec.Decoder) {
	e, d, err := Codec.New()
	if err != nil {
		t.Fatal(err)
	}
	return e, d
}

// snr compares y with x, delayed by the algorithmic delay that fits best (at most 15 ms).
func snr(x, y []audio.Frame) (best float64) {
	at := func(f []audio.Frame, i int) float64 { return float64(f[i/audio.FrameLen][i%audio.FrameLen]) }
	best = math.Inf(-1)
	for d := 0; d < 720; d += 4 {
		var s, e float64
		for i := 720; i < len(x)*audio.FrameLen; i += 3 {
			a, b := at(x, i-d), at(y, i)
			s, e = s+a*a, e+(a-b)*(a-b)
		}
		best = max(best, 10*math.Log10(s/e))
	}
	return best
}

func TestVoiceRoundTrip(t *testing.T) {
	for _, ms := range []int{10, 20, 40, 60} {
		e, d := open(t)
		x := vowel(120)
		y := make([]audio.Frame, len(x))
		bytes, n := 0, ms/10
		for i := 0; i+n <= len(x); i += n {
			p := e.Encode(nil, x[i:i+n])
			bytes += len(p)
			if got, err := d.Decode(y[i:], p); got != n || err != nil {
				t.Fatalf("%d ms: %d frames, %v", ms, got, err)
			}
		}
		if q := snr(x, y); q < 4 { // Opus keeps the sound, not the wave
			t.Errorf("%d ms: SNR %.1f dB", ms, q)
		}
		if rate := bytes * 8 * 100 / len(x); rate < 12000 || rate > 45000 {
			t.Errorf("%d ms: %d bit/s", ms, rate)
		}
	}
}

func TestRedundancyBringsTheLostPacketBack(t *testing.T) {
	e, d := open(t)
	_, plain := open(t)
	e.(codec.Tuner).Loss(20)
	x := vowel(200)
	whole, mended, made := make([]audio.Frame, 200), make([]audio.Frame, 200), make([]audio.Frame, 200)
	_, ref := open(t)
	var packets [][]byte
	for i := 0; i < 200; i += 2 {
		packets = append(packets, e.Encode(nil, x[i:i+2]))
	}
	recovered := 0
	for i, p := range packets {
		ref.Decode(whole[2*i:], p)
		if i%5 != 4 || i+1 == len(packets) {
			d.Decode(mended[2*i:], p)
			plain.Decode(made[2*i:], p)
			continue
		}
		plain.Conceal(&made[2*i])
		plain.Conceal(&made[2*i+1])
		if d.Recover(mended[2*i:2*i+2], packets[i+1]) == 2 {
			recovered++
		} else {
			d.Conceal(&mended[2*i])
			d.Conceal(&mended[2*i+1])
		}
	}
	if recovered < 10 {
		t.Fatalf("%d of 19 packets recovered", recovered)
	}
	with, without := snr(whole, mended), snr(whole, made)
	if with < without+1 {
		t.Errorf("SNR %.1f dB with redundancy, %.1f without", with, without)
	}
	t.Logf("20 %% loss: %.1f dB with redundancy, %.1f dB with concealment alone", with, without)
}

func TestNoLossNoRedundancy(t *testing.T) {
	e, d := open(t)
	dst := make([]audio.Frame, 2)
	for i := range 30 {
		if n := d.Recover(dst, e.Encode(nil, vowel(60)[2*i:2*i+2])); n != 0 {
			t.Fatal("redundancy sent without loss")
		}
	}
}

func TestOddPacketsAreRefused(t *testing.T) {
	_, d := open(t)
	dst := make([]audio.Frame, 2)
	if _, err := d.Decode(dst, nil); !errors.Is(err, codec.ErrSize) {
		t.Error(err)
	}
	if _, err := d.Decode(dst[:1], []byte{0x08, 1, 2, 3}); !errors.Is(err, codec.ErrRoom) {
		t.Error(err)
	}
	if _, err := d.Decode(dst, []byte{0xE0}); !errors.Is(err, codec.ErrSize) { // CELT, 2.5 ms
		t.Error(err)
	}
	if _, err := d.Decode(dst, []byte{0x0B, 0xFF, 0xFF, 0xFF}); err == nil {
		t.Error("broken packet taken")
	}
	e, _ := open(t)
	if b := e.Encode(nil, vowel(3)); len(b) != 0 {
		t.Error("30 ms packet made, which Opus does not know")
	}
}

func TestNothingAllocates(t *testing.T) {
	e, d := open(t)
	x := vowel(2)
	b := make([]byte, 0, 2000)
	if n := testing.AllocsPerRun(100, func() {
		b = e.Encode(b[:0], x)
		d.Decode(x, b)
		d.Conceal(&x[0])
		d.Recover(x, b)
		e.(codec.Tuner).Loss(len(b) % 3)
	}); n != 0 {
		t.Error(n, "allocations")
	}
}

func FuzzDecode(f *testing.F) {
	e, _ := open(f)
	e.(codec.Tuner).Loss(20)
	for i := range 5 {
		f.Add(e.Encode(nil, vowel(20)[2*i:2*i+2]))
	}
	f.Add([]byte{0x4B, 0x41, 0xFF})
	_, d := open(f)
	f.Fuzz(func(t *testing.T, p []byte) {
		dst := make([]audio.Frame, codec.MaxFrames)
		if n, err := d.Decode(dst, p); (err == nil) != (n > 0) {
			t.Fatal(n, err)
		}
		d.Recover(dst[:2], p)
		d.Conceal(&dst[0])
		if l := dst[0].Level(); math.IsNaN(l) {
			t.Fatal("not a number")
		}
	})
}

func BenchmarkEncode20ms(b *testing.B) {
	e, _ := open(b)
	x := vowel(100)
	buf := make([]byte, 0, 2000)
	i := 0
	for b.Loop() {
		buf = e.Encode(buf[:0], x[i%50*2:i%50*2+2])
		i++
	}
}
