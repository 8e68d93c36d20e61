package send

import (
	"math"
	"math/rand/v2"
	"testing"

	"opendeskphone/audio"
)

// talk is talk-like sound up to 20 kHz: noise of all colours in syllables of 150 ms, with a hum of voice below.
func talk(frames int, seed uint64) []audio.Frame {
	r := rand.New(rand.NewPCG(seed, 1))
	f := make([]audio.Frame, frames)
	var phase, low float64
	pitch := 100 + 80*r.Float64()
	for i := range f {
		if i%15 == 0 {
			pitch = 90 + 120*r.Float64()
		}
		e := math.Abs(math.Sin(math.Pi*float64(i)/15)) * 0.1
		for j := range f[i] {
			phase += 2 * math.Pi * pitch / audio.Rate
			n := r.NormFloat64()
			low += 0.3 * (n - low)
			v := 0.3*n + low
			for k := 1.0; k < 12; k++ {
				v += math.Sin(k*phase) / k
			}
			f[i][j] = float32(e * v)
		}
	}
	return f
}

// echo is f late by delay samples and softer by gain, with some room behind it.
func echo(f []audio.Frame, delay int, gain float32) []audio.Frame {
	flat := make([]float32, 0, len(f)*audio.FrameLen)
	for i := range f {
		flat = append(flat, f[i][:]...)
	}
	out := make([]audio.Frame, len(f))
	at := func(i int) float32 {
		if i < 0 {
			return 0
		}
		return flat[i]
	}
	for i := range flat {
		d := i - delay
		out[i/audio.FrameLen][i%audio.FrameLen] = gain * (at(d) + 0.4*at(d-331) - 0.3*at(d-1093) + 0.2*at(d-2777))
	}
	return out
}

func loudness(f []audio.Frame) (sum float64) {
	for i := range f {
		for _, v := range f[i] {
			sum += float64(v) * float64(v)
		}
	}
	return sum + 1e-9
}

func TestEchoGoesInAllBands(t *testing.T) {
	far := talk(1000, 1)
	mic := echo(far, 40*48, 0.5)
	c := NewCleaner(false)
	before := loudness(mic[600:])
	for i := range mic {
		c.Process(&mic[i], &far[i])
	}
	if erle := 10 * math.Log10(before/loudness(mic[600:])); erle < 30 {
		t.Errorf("%.1f dB", erle)
	}
}

// TestOurOwnVoicePasses: nobody else talks, and all that we say goes through, up to the top.
func TestOurOwnVoicePasses(t *testing.T) {
	near := talk(400, 2)
	c := NewCleaner(false)
	var silence audio.Frame
	out := make([]audio.Frame, len(near))
	for i := range near {
		out[i] = near[i]
		c.Process(&out[i], &silence)
	}
	var rest, whole float64
	late := c.Delay()
	for i := 100 * audio.FrameLen; i < 399*audio.FrameLen; i++ {
		want := float64(near[(i-late)/audio.FrameLen][(i-late)%audio.FrameLen])
		d := want - float64(out[i/audio.FrameLen][i%audio.FrameLen])
		whole, rest = whole+want*want, rest+d*d
	}
	if sdr := 10 * math.Log10(whole/rest); sdr < 30 {
		t.Errorf("%.1f dB", sdr)
	}
}

func TestNoAllocation(t *testing.T) {
	far := talk(260, 1)
	mic := echo(far, 40*48, 0.5)
	c := NewCleaner(true)
	i := 0
	if n := testing.AllocsPerRun(250, func() { c.Process(&mic[i], &far[i]); i++ }); n != 0 {
		t.Errorf("%g allocations a frame", n)
	}
}
