package opus

import (
	"errors"
	"math"
	"math/rand/v2"
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
			if got, err := d.Decode(audio.Samples(y[i:]), p); got != n*audio.FrameLen || err != nil {
				t.Fatalf("%d ms: %d samples, %v", ms, got, err)
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
	e.(codec.Tuner).Loss(20, true)
	x := vowel(200)
	whole, mended, made := make([]audio.Frame, 200), make([]audio.Frame, 200), make([]audio.Frame, 200)
	_, ref := open(t)
	var packets [][]byte
	for i := 0; i < 200; i += 2 {
		packets = append(packets, e.Encode(nil, x[i:i+2]))
	}
	recovered := 0
	for i, p := range packets {
		ref.Decode(audio.Samples(whole[2*i:]), p)
		if i%5 != 4 || i+1 == len(packets) {
			d.Decode(audio.Samples(mended[2*i:]), p)
			plain.Decode(audio.Samples(made[2*i:]), p)
			continue
		}
		plain.Conceal(made[2*i][:])
		plain.Conceal(made[2*i+1][:])
		if d.Recover(audio.Samples(mended[2*i:2*i+2]), packets[i+1]) > 0 {
			recovered++
		} else {
			d.Conceal(mended[2*i][:])
			d.Conceal(mended[2*i+1][:])
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

// The speech is worth less than its protection when much is lost, and all of it when nothing is.
func TestBitsFollowTheLoss(t *testing.T) {
	rate := func(loss int, copies, single bool) (kbps float64, back int) {
		e, _ := open(t)
		r := e.(codec.Repeater)
		r.Repeat(copies)
		r.Loss(loss, single)
		x := vowel(400)
		for i := 0; i < len(x); i += 2 {
			kbps += float64(len(e.Encode(nil, x[i:i+2]))) * 8 / 1000 / 4
		}
		return kbps, r.Back()
	}
	calm, _ := rate(0, true, false)
	some, none := rate(10, false, false)
	half, back := rate(10, true, false)
	if _, b := rate(1, true, false); b != 0 || none != 0 || back == 0 {
		t.Errorf("copies %d packets back at 1 %%, %d where they cannot be sent, %d at 10 %%", b, none, back)
	}
	if fec, b := rate(10, true, true); b != 0 || fec != some {
		t.Errorf("copies %d packets back for single losses, %.1f kbit/s", b, fec)
	}
	if some < 1.15*calm || half > 0.65*some || 2*half > 60 {
		t.Errorf("%.1f kbit/s without loss, %.1f at 10 %%, twice %.1f with copies", calm, some, half)
	}
	e, _ := open(t)
	r := e.(codec.Repeater)
	r.Repeat(true)
	r.Loss(10, false)
	for frames, want := range map[int]int{1: 6, 2: 3, 4: 1, 6: 1} {
		if e.Encode(nil, vowel(frames)); r.Back() != want {
			t.Errorf("copies %d packets of %d ms back", r.Back(), 10*frames)
		}
	}
}

func TestABridgeLeadsOn(t *testing.T) {
	e, d := open(t)
	_, whole := open(t)
	_, theirs := open(t)
	x := vowel(400)
	var packets [][]byte
	for i := 0; i < len(x); i += 2 {
		packets = append(packets, e.Encode(nil, x[i:i+2]))
	}
	y, want, made := make([]audio.Frame, len(x)), make([]audio.Frame, len(x)), make([]audio.Frame, len(x))
	for i, p := range packets {
		whole.Decode(audio.Samples(want[2*i:]), p)
		if i%8 != 7 || i+1 == len(packets) {
			d.Decode(audio.Samples(y[2*i:]), p)
			theirs.(*decoder).decode(audio.Samples(made[2*i:]), p)
			continue
		}
		if n := d.(codec.Bridger).Bridge(audio.Samples(y[2*i:2*i+2]), packets[i+1]); n != 960 {
			t.Fatal("not bridged")
		}
		theirs.(*decoder).invent(made[2*i][:])
		theirs.(*decoder).invent(made[2*i+1][:])
	}
	// A steady vowel is what their concealment is best at, and what errs most is the decoder behind the gap.
	if a, b := snr(want, y), snr(want, made); a < b-0.5 {
		t.Errorf("%.1f dB bridged, %.1f as libopus conceals", a, b)
	}
}

// A sender that stops in a pause (DTX) leaves its background noise behind, which goes on for as long.
func TestThePauseOfASenderIsNotSilent(t *testing.T) {
	e, d := open(t)
	r := rand.New(rand.NewPCG(1, 2))
	var x, y [2]audio.Frame
	for range 100 {
		for j := range x {
			for k := range x[j] {
				x[j][k] = float32(0.01 * r.NormFloat64())
			}
		}
		d.Decode(audio.Samples(y[:]), e.Encode(nil, x[:]))
	}
	for i := range 100 {
		d.Conceal(y[0][:])
		if l := y[0].Level(); l < -56 {
			t.Fatalf("%d ms into the pause noise of -40 dB is heard at %.1f dB", 10*i, l)
		}
	}
}

func TestNoLossNoRedundancy(t *testing.T) {
	e, d := open(t)
	dst := make([]float32, 2*audio.FrameLen)
	for i := range 30 {
		if n := d.Recover(dst, e.Encode(nil, vowel(60)[2*i:2*i+2])); n != 0 {
			t.Fatal("redundancy sent without loss")
		}
	}
}

func TestOddPacketsAreRefused(t *testing.T) {
	_, d := open(t)
	dst := make([]float32, 2*audio.FrameLen)
	if _, err := d.Decode(dst, nil); !errors.Is(err, codec.ErrSize) {
		t.Error(err)
	}
	if _, err := d.Decode(dst[:audio.FrameLen], []byte{0x08, 1, 2, 3}); !errors.Is(err, codec.ErrRoom) {
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
		d.Decode(audio.Samples(x), b)
		d.Conceal(x[0][:])
		d.Recover(audio.Samples(x), b)
		d.(codec.Bridger).Bridge(audio.Samples(x), b)
		e.(codec.Tuner).Loss(len(b)%3, false)
	}); n != 0 {
		t.Error(n, "allocations")
	}
}

func FuzzDecode(f *testing.F) {
	e, _ := open(f)
	e.(codec.Tuner).Loss(20, true)
	for i := range 5 {
		f.Add(e.Encode(nil, vowel(20)[2*i:2*i+2]))
	}
	f.Add([]byte{0x4B, 0x41, 0xFF})
	f.Add([]byte{0xE0, 1, 2, 3})                         // 2.5 ms
	f.Add([]byte{0xE3, 0xC3, 2, 1, 1, 1, 2, 3, 4, 0, 0}) // three of them, with lengths and padding
	_, d := open(f)
	f.Fuzz(func(t *testing.T, p []byte) {
		dst := make([]float32, codec.MaxSamples)
		if n, err := d.Decode(dst, p); (err == nil) != (n > 0) || n%codec.Quantum != 0 {
			t.Fatal(n, err)
		}
		d.Recover(dst[:960], p)
		d.Conceal(dst[:codec.Quantum])
		d.(codec.Bridger).Bridge(dst[:960], p)
		n, _ := d.Decode(dst, p)
		for _, v := range dst[:n] {
			if v != v {
				t.Fatal("not a number")
			}
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
