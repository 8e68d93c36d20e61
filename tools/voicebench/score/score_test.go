package score

import (
	"math"
	"math/rand/v2"
	"testing"
)

const rate = 16000

// talk is a voice of so many seconds: a gliding pitch with harmonics, syllables and pauses.
func talk(seconds int) []float64 {
	x := make([]float64, seconds*rate)
	phase := 0.0
	for i := range x {
		at := float64(i) / rate
		phase += 2 * math.Pi * (130 + 30*math.Sin(2*math.Pi*0.7*at)) / rate
		if math.Mod(at, 1.6) < 0.4 {
			continue
		}
		for k := 1.0; k < 30; k++ {
			x[i] += 0.1 * math.Sin(k*phase+k*at) / k
		}
		x[i] *= 1.1 + math.Sin(2*math.Pi*3*at)
	}
	return x
}

func noisy(x []float64, snr float64) []float64 {
	r := rand.New(rand.NewPCG(3, 4))
	p := 0.0
	for _, v := range x {
		p += v * v / float64(len(x))
	}
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = v + r.NormFloat64()*math.Sqrt(p)*math.Pow(10, -snr/20)
	}
	return out
}

func scaled(x []float64, by float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = v * by
	}
	return out
}

func TestTheSameSoundIsPerfectAtAnyLevel(t *testing.T) {
	x := talk(6)
	for _, level := range []float64{1, 0.3} {
		s := Compare(x, scaled(x, level), rate)
		if s.ESTOI < 0.9999 || s.NSIM < 0.9999 || s.LD > 0.01 || s.LDA > 0.01 || STOI(x, scaled(x, level), rate) < 0.9999 {
			t.Errorf("at %v: %+v", level, s)
		}
	}
}

func TestMoreNoiseIsWorseByEveryMeasure(t *testing.T) {
	x := talk(6)
	last, lastSDR, lastSTOI := Compare(x, x, rate), 100.0, 1.0
	for _, snr := range []float64{30, 20, 10, 0} {
		y := noisy(x, snr)
		s, sdr, stoi := Compare(x, y, rate), SDR(y, x), STOI(x, y, rate)
		if s.ESTOI >= last.ESTOI || s.NSIM >= last.NSIM || s.LD <= last.LD || s.LDA <= last.LDA || stoi >= lastSTOI {
			t.Errorf("%v dB: %+v after %+v", snr, s, last)
		}
		if math.Abs(sdr-snr) > 0.3 || sdr >= lastSDR {
			t.Errorf("%v dB of noise measure as %.2f", snr, sdr)
		}
		last, lastSDR, lastSTOI = s, sdr, stoi
	}
}

func TestNoSoundIsMeasured(t *testing.T) {
	x := talk(2)
	if s := Compare(x, make([]float64, len(x)), rate); s.ESTOI > 0.1 || s.NSIM > 0.5 || math.IsNaN(s.LD) {
		t.Errorf("silence: %+v", s)
	}
	for _, ref := range [][]float64{nil, x[:100], make([]float64, rate)} {
		if s := Compare(ref, ref, rate); !math.IsNaN(s.NSIM) {
			t.Errorf("%d samples without speech: %+v", len(ref), s)
		}
	}
}

func TestSDRForgivesColourAndDelay(t *testing.T) {
	x := talk(4)
	y := make([]float64, len(x))
	for i := 30; i < len(x); i++ {
		y[i] = 0.5*x[i-30] + 0.2*x[i-7]
	}
	if sdr := SDR(y, x); sdr < 40 {
		t.Errorf("%.1f dB for a filtered copy", sdr)
	}
}

func TestLatency(t *testing.T) {
	x := talk(3)
	y := append(make([]float64, 93), x...)[:len(x)]
	if got := Latency(noisy(y, 20), x, rate); got != 93 {
		t.Errorf("%d samples, not 93", got)
	}
	if got := Latency(noisy(make([]float64, len(x)), 0), x, rate); got != 0 {
		t.Errorf("%d samples in silence", got)
	}
}

func TestNearLoss(t *testing.T) {
	x := talk(3)
	for _, loss := range []float64{0, 1, 12} {
		if got := Median(NearLoss(noisy(scaled(x, math.Pow(10, -loss/20)), 40), x, rate)); math.Abs(got-loss) > 0.1 {
			t.Errorf("%.2f dB lost, not %v", got, loss)
		}
	}
}

func TestReturnLossAndWhenItIsRegained(t *testing.T) {
	mic := talk(12)
	out := make([]float64, len(mic))
	for i, v := range mic { // 30 dB, but nothing from second 5 to 7
		out[i] = v * math.Pow(10, -1.5)
		if at := float64(i) / rate; at >= 5 && at < 7 {
			out[i] = v
		}
	}
	r := NewReturn(mic, mic, out, rate)
	if got := r.Over(0, 4.5); math.Abs(got-30) > 0.1 {
		t.Errorf("%.2f dB, not 30", got)
	}
	if got := r.Over(4.7, 6.5); math.Abs(got) > 0.1 {
		t.Errorf("%.2f dB, not 0", got)
	}
	if got := r.Regained(5); math.Abs(got-1.9) > 0.2 {
		t.Errorf("regained after %.2f s, not about 1.9", got)
	}
	if got := NewReturn(mic, mic, mic, rate).Regained(0); !math.IsInf(got, 1) {
		t.Errorf("regained after %.2f s without any loss", got)
	}
}

func TestAnEventInTalkIsSeen(t *testing.T) {
	x := talk(16)
	rough := func(share float64) []float64 { // noise as loud as the talk it lies in
		r, y := rand.New(rand.NewPCG(5, 6)), make([]float64, len(x))
		for i, v := range x {
			y[i] = v * (1 + share*r.NormFloat64())
		}
		return y
	}
	y, bad := rough(0.03), rough(0.7)
	copy(y[8*rate:9*rate], bad[8*rate:])
	e := After(y, x, rate, 8)
	if e.SDR > 10 || e.Recovery < 0.8 || e.Recovery > 1.2 || math.Abs(e.Loss) > 0.3 {
		t.Errorf("a second of noise: %+v", e)
	}
	copy(y[8*rate:], bad[8*rate:])
	if e = After(y, x, rate, 8); !math.IsInf(e.Recovery, 1) {
		t.Errorf("noise that stays: %+v", e)
	}
}
