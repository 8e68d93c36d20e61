// Package soundtest measures a sound card from both ends: it plays short sweeps, listens meanwhile, and
// tells how loud they come back, above what noise, and how long they are on their way. With the phone as
// the card that is the way through the cable, the phone's loudspeaker, the air, its microphone and back.
package soundtest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"
)

// The sound of the test. Everything is 48 kHz mono in frames of 10 ms.
const (
	rate   = 48000
	frame  = rate / 100
	down   = 4 // the search for the sweep works on every fourth sample
	sweeps = 4
	lead   = 500 * time.Millisecond // of silence before the first sweep, to measure the noise in
	gap    = time.Second            // from sweep to sweep; a longer way is not found
	sweep  = 200 * time.Millisecond
	low    = 300.0 // Hz
	high   = 3400.0
	level  = 0.35 // of full scale
	sure   = 0.35 // correlation that counts as the sweep
)

// Card is a sound card: one call plays and records 10 ms.
type Card interface {
	Rate() int
	Exchange(mic, spk []int16) error
}

// Result is what was measured. Levels are in dB of full scale, -100 for digital silence.
type Result struct {
	Frames    int           `json:"frames"` // of 10 ms
	Took      time.Duration `json:"tookNs"` // real time for them; a card that runs keeps pace
	Noise     float64       `json:"noiseDB"`
	Peak      float64       `json:"peakDB"` // loudest sample of the recording
	Heard     int           `json:"heard"`  // sweeps that came back
	Played    int           `json:"played"`
	Level     float64       `json:"levelDB"`     // of the sweeps that came back
	RoundTrip time.Duration `json:"roundTripNs"` // median
	Spread    time.Duration `json:"spreadNs"`    // between the quickest and the slowest
}

// Run plays and records for about five seconds; progress is called now and then with 0 to 1.
func Run(ctx context.Context, card Card, progress func(float64)) (Result, error) {
	if card.Rate() != rate {
		return Result{}, fmt.Errorf("soundtest: the card runs at %d Hz, want %d", card.Rate(), rate)
	}
	play := signal()
	heard := make([]int16, len(play))
	began := time.Now()
	for i := 0; i+frame <= len(play); i += frame {
		if err := ctx.Err(); err != nil {
			return Result{}, err
		}
		if err := card.Exchange(heard[i:i+frame], play[i:i+frame]); err != nil {
			return Result{}, fmt.Errorf("soundtest: %w", err)
		}
		if i/frame%25 == 0 {
			progress(float64(i) / float64(len(play)))
		}
	}
	progress(1)
	r := analyse(heard)
	r.Frames, r.Took = len(play)/frame, time.Since(began)
	return r, nil
}

func samples(d time.Duration) int { return int(d * rate / time.Second) }

// signal is what is played: silence, then the sweeps, each with a second for its way.
func signal() []int16 {
	out := make([]int16, samples(lead)+sweeps*samples(gap))
	one := probe()
	for i := range sweeps {
		for j, v := range one {
			out[samples(lead)+i*samples(gap)+j] = int16(v * level * math.MaxInt16)
		}
	}
	return out
}

// probe is one sweep of amplitude 1, faded in and out so that it does not click.
func probe() []float64 {
	n := samples(sweep)
	out := make([]float64, n)
	t, k := sweep.Seconds(), math.Log(high/low)
	for i := range out {
		x := float64(i) / float64(n)
		fade := min(1, 10*min(x, 1-x))
		out[i] = fade * math.Sin(2*math.Pi*low*t/k*(math.Exp(x*k)-1))
	}
	return out
}

// analyse looks for the sweeps in what was heard while signal was played.
func analyse(heard []int16) Result {
	x := thin(floats(heard))
	p := thin(probe())
	r := Result{Played: sweeps, Noise: decibel(rms(x[:samples(lead)/down])), Peak: decibel(peak(heard)), Level: decibel(0)}
	var delays []time.Duration
	power := 0.0
	for i := range sweeps {
		from := (samples(lead) + i*samples(gap)) / down
		part := x[from:min(len(x), from+samples(gap)/down)]
		at, c := find(part, p)
		if c < sure {
			continue
		}
		delays = append(delays, time.Duration(at*down)*time.Second/rate)
		v := rms(part[at : at+len(p)])
		power += v * v
	}
	if r.Heard = len(delays); r.Heard > 0 {
		slices.Sort(delays)
		r.Level = decibel(math.Sqrt(power / float64(r.Heard)))
		r.RoundTrip, r.Spread = delays[len(delays)/2], delays[len(delays)-1]-delays[0]
	}
	return r
}

// find gives where p lies in x, and how alike they are there: 0 not at all, 1 the same but for loudness.
func find(x, p []float64) (at int, likeness float64) {
	own := 0.0
	for _, v := range p {
		own += v * v
	}
	energy := 0.0
	for i, v := range x {
		energy += v * v
		if i >= len(p) {
			energy -= x[i-len(p)] * x[i-len(p)]
		}
		start := i - len(p) + 1
		if start < 0 || energy < 1e-9 {
			continue
		}
		dot := 0.0
		for j, w := range p {
			dot += w * x[start+j]
		}
		if c := math.Abs(dot) / math.Sqrt(own*energy); c > likeness {
			at, likeness = start, c
		}
	}
	return at, likeness
}

// thin keeps the mean of every four samples, enough for a sweep up to 3.4 kHz.
func thin(x []float64) []float64 {
	out := make([]float64, len(x)/down)
	for i := range out {
		for j := range down {
			out[i] += x[i*down+j] / down
		}
	}
	return out
}

func floats(x []int16) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v) / math.MaxInt16
	}
	return out
}

func rms(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum / float64(max(1, len(x))))
}

func peak(x []int16) float64 {
	most := 0.0
	for _, v := range x {
		most = max(most, math.Abs(float64(v))/math.MaxInt16)
	}
	return most
}

func decibel(v float64) float64 { return max(-100, 20*math.Log10(max(v, 1e-9))) }

// Words says what a result means.
func (r Result) Words() []string {
	pace := "The card keeps pace."
	if ideal := time.Duration(r.Frames) * 10 * time.Millisecond; r.Took > ideal*11/10 || r.Took < ideal*9/10 {
		pace = fmt.Sprintf("The card does not keep pace: %.1f s of sound took %.1f s.", ideal.Seconds(), r.Took.Seconds())
	}
	out := []string{pace}
	switch {
	case r.Peak <= -90:
		return append(out, "The microphone gives digital silence: it is muted, or it is not the phone's.")
	case r.Heard == 0:
		return append(out, fmt.Sprintf("The microphone works (noise %.0f dB), but hears nothing of what is played.", r.Noise), "Turn the phone's volume up, and see that it plays on its loudspeaker.")
	case r.Heard < r.Played:
		out = append(out, fmt.Sprintf("Only %d of %d sweeps came back: there are gaps, or much noise.", r.Heard, r.Played))
	default:
		out = append(out, "All sweeps came back.")
	}
	out = append(out, fmt.Sprintf("Level %.0f dB, noise %.0f dB.", r.Level, r.Noise),
		fmt.Sprintf("Round trip %d ms, %d ms between the quickest and the slowest.", r.RoundTrip.Milliseconds(), r.Spread.Milliseconds()))
	if r.Peak >= -0.5 {
		out = append(out, "It is so loud that it is cut off: turn the volume down.")
	}
	return out
}
