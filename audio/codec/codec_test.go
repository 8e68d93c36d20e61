package codec

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"opendeskphone/audio"
)

// sine gives n frames of a sine of amplitude.
func sine(n int, freq, amplitude float64) []audio.Frame {
	x := make([]audio.Frame, n)
	for i := range n * audio.FrameLen {
		x[i/audio.FrameLen][i%audio.FrameLen] = float32(amplitude * math.Sin(2*math.Pi*freq*float64(i)/audio.Rate))
	}
	return x
}

// through sends x in packets of 20 ms through a fresh encoder and decoder.
func through(t testing.TB, c Codec, x []audio.Frame) []audio.Frame {
	e, d, err := c.New()
	if err != nil {
		t.Fatal(err)
	}
	y := make([]audio.Frame, len(x))
	var b []byte
	for i := 0; i < len(x); i += 2 {
		b = e.Encode(b[:0], x[i:i+2])
		if n, err := d.Decode(audio.Samples(y[i:]), b); n != 2*audio.FrameLen || err != nil {
			t.Fatalf("%s: packet of 20 ms gives %d samples, %v", c.Name, n, err)
		}
	}
	return y
}

// fit gives the amplitude of freq in x and the ratio of it to all else, both in dB.
func fit(x []audio.Frame, freq float64) (level, snr float64) {
	var c, s, all float64
	n := float64(len(x) * audio.FrameLen)
	for i := range len(x) * audio.FrameLen {
		v := float64(x[i/audio.FrameLen][i%audio.FrameLen])
		sin, cos := math.Sincos(2 * math.Pi * freq * float64(i) / audio.Rate)
		c, s, all = c+v*cos, s+v*sin, all+v*v
	}
	tone := 2 * (c*c + s*s) / n // energy of the fitted sine
	return 10 * math.Log10(2*tone/n), 10 * math.Log10(tone/max(all-tone, 1e-12))
}

func TestSineRoundTrip(t *testing.T) {
	cases := []struct {
		c         Codec
		from, to  float64 // Hz, flat within 0.5 dB
		snr       float64 // dB at -10 dBFS
		stop      float64 // Hz that must be gone
		stopLevel float64
	}{
		{PCMA, 100, 3400, 35, 4600, -60},
		{PCMU, 100, 3400, 35, 4600, -60},
		{G722, 100, 6800, 19, 9100, -50},
		{L16, 100, 7000, 75, 9100, -75},
	}
	for _, c := range cases {
		for _, part := range []float64{0, 0.1, 0.3, 0.55, 0.8, 1} {
			freq := math.Round((c.from+(c.to-c.from)*part)/10) * 10
			level, snr := fit(through(t, c.c, sine(60, freq, math.Sqrt(0.1)))[10:], freq)
			if math.Abs(level+10) > 0.5 || snr < c.snr {
				t.Errorf("%s at %.0f Hz: level %.2f dB, SNR %.1f dB", c.c.Name, freq, level, snr)
			}
		}
		out := through(t, c.c, sine(60, c.stop, math.Sqrt(0.1)))
		if l := out[30].Level(); l > c.stopLevel {
			t.Errorf("%s: %.0f Hz comes through at %.1f dB", c.c.Name, c.stop, l)
		}
	}
}

func TestLevelsOfAllLoudnesses(t *testing.T) {
	for _, c := range All() {
		for _, dB := range []float64{-50, -40, -30, -20, -6, -0.5} {
			level, _ := fit(through(t, c, sine(60, 1000, math.Pow(10, dB/20)))[10:], 1000)
			if math.Abs(level-dB) > 0.3 {
				t.Errorf("%s: %.1f dB becomes %.2f", c.Name, dB, level)
			}
		}
	}
}

func TestOverloadIsClippedNotWrapped(t *testing.T) {
	for _, c := range All() {
		y := through(t, c, sine(20, 300, 4))
		for i, f := range y {
			for _, v := range f {
				if math.Abs(float64(v)) > 1.35 { // ringing of the filters at the edges of the clipped wave
					t.Fatalf("%s: sample of %.2f in frame %d", c.Name, v, i)
				}
			}
		}
	}
	if toInt16(float32(math.NaN())) != 0 || toInt16(float32(math.Inf(-1))) != -32768 {
		t.Error("NaN or infinity badly converted")
	}
}

func TestTableIsFitForSDP(t *testing.T) {
	static := map[string]uint8{"PCMU": 0, "PCMA": 8, "G722": 9}
	for _, c := range All() {
		if pt, ok := static[c.Name]; ok && (c.PT != pt || c.Clock != 8000) || !ok && c.PT < 96 {
			t.Errorf("%s has payload type %d, clock %d", c.Name, c.PT, c.Clock)
		}
		if c.PacketMS != 20 || c.Channels != 1 || c.New == nil {
			t.Errorf("%s: %+v", c.Name, c)
		}
	}
}

// RFC 3551 §4.5.11: the most significant byte goes first.
func TestL16IsInNetworkByteOrder(t *testing.T) {
	e, d, _ := L16.New()
	down := make([]audio.Frame, 20)
	y := make([]float32, 20*audio.FrameLen)
	for i := range down {
		for j := range down[i] {
			down[i][j] = 0.5
		}
	}
	b := e.Encode(nil, down)
	if mid := b[len(b)/2&^1:]; mid[0] != 0x40 || mid[1] > 8 { // half of the full scale is 0x4000, the filter a little off
		t.Errorf("half of full scale is % x", mid[:2])
	}
	for i := 0; i < len(y); i += audio.FrameLen {
		if n, err := d.Decode(y[i:], bytes.Repeat([]byte{0xC0, 0x00}, 160)); n != audio.FrameLen || err != nil {
			t.Fatal(n, err)
		}
	}
	if v := y[len(y)/2]; math.Abs(float64(v)+0.5) > 1e-3 {
		t.Errorf("0xC000 is heard as %v", v)
	}
}

// Packets may hold 2.5 ms and its multiples: they are heard as one stream, however it is cut.
func TestPacketsOfEveryLengthAreHeardAlike(t *testing.T) {
	x := glide(24)
	for _, c := range All() {
		e, whole, _ := c.New()
		var b []byte
		for i := 0; i < len(x); i += 2 {
			b = e.Encode(b, x[i:i+2])
		}
		quantum := len(b) / len(x) / 4
		var want []float32
		for i := 0; i < len(b); i += 8 * quantum {
			y := make([]float32, MaxSamples)
			n, _ := whole.Decode(y, b[i:i+8*quantum])
			want = append(want, y[:n]...)
		}
		for _, quanta := range []int{1, 2, 3, 6, 12, 48} { // 2.5, 5, 7.5, 15, 30 and 120 ms
			_, d, _ := c.New()
			var got []float32
			for i := 0; i < len(b); i += quanta * quantum {
				y := make([]float32, MaxSamples)
				n, err := d.Decode(y, b[i:i+quanta*quantum])
				if err != nil || n != quanta*Quantum {
					t.Fatalf("%s: %d quanta are %d samples, %v", c.Name, quanta, n, err)
				}
				got = append(got, y[:n]...)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: cut into packets of %d quanta it is heard otherwise", c.Name, quanta)
			}
		}
	}
}

func TestOddPayloadsAreRefused(t *testing.T) {
	for _, c := range All() {
		_, d, _ := c.New()
		dst := make([]float32, 960)
		for _, n := range []int{0, 1, 79, 81, 13 * 320, 1 << 16} {
			if _, err := d.Decode(dst, make([]byte, n)); !errors.Is(err, ErrSize) {
				t.Errorf("%s: %d bytes: %v", c.Name, n, err)
			}
		}
		if _, err := d.Decode(dst[:0], make([]byte, 320)); !errors.Is(err, ErrRoom) {
			t.Errorf("%s: no room: %v", c.Name, err)
		}
	}
}

func TestLossIsConcealedWithoutClicks(t *testing.T) {
	for _, c := range All() {
		e, d, _ := c.New()
		x := sine(200, 440, 0.5)
		var last float32
		var b []byte
		r := rand.New(rand.NewPCG(3, 4))
		for i := 0; i < len(x); i += 2 {
			b = e.Encode(b[:0], x[i:i+2])
			var y [2]audio.Frame
			if r.IntN(10) == 0 {
				d.Conceal(y[0][:])
				d.Conceal(y[1][:])
			} else {
				d.Decode(audio.Samples(y[:]), b)
			}
			for _, f := range y {
				for _, v := range f {
					if math.Abs(float64(v-last)) > 0.06 { // twice the steepest slope of the sine
						t.Fatalf("%s: jump of %.3f in packet %d", c.Name, v-last, i/2)
					}
					last = v
				}
			}
			if l := y[1].Level(); l < -16 {
				t.Fatalf("%s: level %.1f dB in packet %d", c.Name, l, i/2)
			}
		}
	}
}

// lossy sends x in packets of 20 ms of which every fifth is lost, and hears it with or without a look at the packet
// behind the gap.
func lossy(t *testing.T, c Codec, x []audio.Frame, ahead bool) []audio.Frame {
	e, d, err := c.New()
	if err != nil {
		t.Fatal(err)
	}
	var packets [][]byte
	for i := 0; i+1 < len(x); i += 2 {
		packets = append(packets, e.Encode(nil, x[i:i+2]))
	}
	y := make([]audio.Frame, len(x))
	for i, p := range packets {
		f := y[2*i : 2*i+2]
		switch {
		case i%5 != 4 || i+1 == len(packets):
			d.Decode(audio.Samples(f), p)
		case ahead && d.(Bridger).Bridge(audio.Samples(f), packets[i+1]) > 0:
		default:
			d.Conceal(f[0][:])
			d.Conceal(f[1][:])
		}
	}
	return y
}

// distance is the power of the difference below that of x, in dB.
func distance(x, y []audio.Frame) float64 {
	var s, e float64
	for i := range x {
		for j, v := range x[i] {
			s += float64(v) * float64(v)
			e += float64(v-y[i][j]) * float64(v-y[i][j])
		}
	}
	return 10 * math.Log10(s/e)
}

// glide gives n frames of a voice whose pitch goes up and down.
func glide(n int) []audio.Frame {
	x := make([]audio.Frame, n)
	phase := 0.0
	for i := range n * audio.FrameLen {
		phase += 2 * math.Pi * (130 + 20*math.Sin(float64(i)/audio.Rate*5)) / audio.Rate
		for k := 1.0; k < 20; k++ {
			x[i/audio.FrameLen][i%audio.FrameLen] += float32(0.15 / k * math.Sin(k*phase+k))
		}
	}
	return x
}

func TestAPacketAheadHelps(t *testing.T) {
	frames := 400
	if testing.Short() {
		frames = 100
	}
	for _, c := range []Codec{PCMA, PCMU, L16} {
		x := glide(frames)
		whole := through(t, c, x)
		with, without := distance(whole, lossy(t, c, x, true)), distance(whole, lossy(t, c, x, false))
		if with < without+5 {
			t.Errorf("%s: %.1f dB with the packet behind the gap, %.1f dB without", c.Name, with, without)
		}
	}
}

// The packet behind a bridge is decoded once: what follows is as if it had been decoded in its time.
func TestABridgeIsCrossedOnce(t *testing.T) {
	for _, c := range []Codec{PCMA, L16} {
		e, d, _ := c.New()
		_, plain, _ := c.New()
		x := glide(12)
		var packets [][]byte
		for i := 0; i < len(x); i += 2 {
			packets = append(packets, e.Encode(nil, x[i:i+2]))
		}
		y, want, gap := make([]audio.Frame, 2), make([]audio.Frame, 2), make([]audio.Frame, 2)
		for i, p := range packets {
			plain.Decode(audio.Samples(want), p)
			if i == 2 {
				d.(Bridger).Bridge(audio.Samples(gap), packets[3])
				continue
			}
			if n, err := d.Decode(audio.Samples(y), p); n != 960 || err != nil {
				t.Fatal(c.Name, n, err)
			}
			if i > 3 && distance(want, y) < 80 {
				t.Errorf("%s: packet %d differs by %.1f dB", c.Name, i, distance(want, y))
			}
		}
	}
}

func TestNoBridgeWithoutAPier(t *testing.T) {
	for _, c := range All() {
		_, d, _ := c.New()
		dst := make([]float32, 7*audio.FrameLen)
		next := make([]byte, 640)
		if d.(Bridger).Bridge(dst, next) != 0 || d.(Bridger).Bridge(dst[:0], next) != 0 || d.(Bridger).Bridge(dst[:960], next[:7]) != 0 {
			t.Errorf("%s: bridged what cannot be", c.Name)
		}
	}
	_, d, _ := G722.New()
	if n := d.(Bridger).Bridge(make([]float32, 480), make([]byte, 80)); n != 0 {
		t.Errorf("G722: %d samples bridged to 10 ms, of which the first is in doubt", n)
	}
}

func TestNothingAllocates(t *testing.T) {
	for _, c := range All() {
		e, d, _ := c.New()
		x := sine(2, 440, 0.5)
		b := make([]byte, 0, 2000)
		if n := testing.AllocsPerRun(100, func() {
			b = e.Encode(b[:0], x)
			d.Decode(audio.Samples(x), b)
			d.Conceal(x[0][:])
			d.Recover(audio.Samples(x), b)
			d.(Bridger).Bridge(audio.Samples(x), b)
		}); n != 0 {
			t.Errorf("%s: %v allocations", c.Name, n)
		}
	}
	e, p := NewNoiseEncoder(), NewNoise()
	x := sine(4, 440, 0.5)
	b := make([]byte, 0, 100)
	if n := testing.AllocsPerRun(100, func() { b = e.Encode(b[:0], x); p.Set(b); p.Play(&x[0]) }); n != 0 {
		t.Errorf("comfort noise: %v allocations", n)
	}
}

func TestComfortNoiseKeepsLevelAndColour(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	levels := []float64{-30, -45, -60}
	if testing.Short() {
		levels = levels[:1]
	}
	for _, dB := range levels {
		x := make([]audio.Frame, 100)
		low, gain := 0.0, math.Pow(10, dB/20)
		for i := range x {
			for j := range x[i] {
				low += 0.06 * (r.NormFloat64() - low) // a room rumbles: 3 dB down at 470 Hz
				x[i][j] = float32(5.6 * low * gain)
			}
		}
		e, p := NewNoiseEncoder(), NewNoise()
		if err := p.Set(e.Encode(nil, x)); err != nil {
			t.Fatal(err)
		}
		y := make([]audio.Frame, 200)
		for i := range y {
			p.Play(&y[i])
		}
		want, got := bands(x[50:]), bands(y[150:])
		for i := range want {
			if math.Abs(want[i]-got[i]) > 4.5 { // twenty bins of noise scatter by 1.4 dB
				t.Errorf("%.0f dB: octave %d is %.1f dB, want %.1f", dB, i, got[i], want[i])
			}
		}
	}
	if NewNoise().Set(nil) == nil {
		t.Error("an empty description was taken")
	}
}

// bands measures noise around 250, 500, 1000, 2000 and 3000 Hz, in dB.
func bands(x []audio.Frame) (b [5]float64) {
	for i, freq := range []float64{250, 500, 1000, 2000, 3000} {
		for f := freq * 0.9; f < freq*1.1; f += freq / 100 {
			level, _ := fit(x, f)
			b[i] += math.Pow(10, level/10) / 20
		}
		b[i] = 10 * math.Log10(b[i])
	}
	return b
}

func FuzzDecoders(f *testing.F) {
	f.Add(uint8(0), make([]byte, 160))
	f.Add(uint8(3), make([]byte, 641))
	f.Fuzz(func(t *testing.T, which uint8, payload []byte) {
		c := All()[int(which)%len(All())]
		_, d, _ := c.New()
		dst := make([]float32, MaxSamples)
		n, err := d.Decode(dst, payload)
		if (err == nil) != (n > 0) || n%Quantum != 0 {
			t.Fatal(n, err)
		}
		d.Conceal(dst[:Quantum])
		d.(Bridger).Bridge(dst[:960], payload)
		d.Decode(dst, payload)
		var f audio.Frame
		p := NewNoise()
		p.Set(payload)
		for range 5 {
			p.Play(&f)
			if l := f.Level(); !(l < 20) {
				t.Fatalf("noise of %v dB from % x", l, payload)
			}
		}
	})
}

func BenchmarkCodecs(b *testing.B) {
	for _, c := range All() {
		e, d, _ := c.New()
		x := sine(2, 440, 0.5)
		y := audio.Samples(x)
		buf := e.Encode(nil, x)
		b.Run(fmt.Sprint(c.Name, "/encode20ms"), func(b *testing.B) {
			for b.Loop() {
				buf = e.Encode(buf[:0], x)
			}
		})
		b.Run(fmt.Sprint(c.Name, "/decode20ms"), func(b *testing.B) {
			for b.Loop() {
				d.Decode(y, buf)
			}
		})
		b.Run(fmt.Sprint(c.Name, "/decode20msConceal10ms"), func(b *testing.B) {
			for b.Loop() {
				d.Decode(y, buf)
				d.Conceal(y[:audio.FrameLen])
			}
		})
		b.Run(fmt.Sprint(c.Name, "/decode20msBridge20ms"), func(b *testing.B) {
			for b.Loop() {
				d.(Bridger).Bridge(y, buf)
				d.Decode(y, buf)
			}
		})
	}
}
