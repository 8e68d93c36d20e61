package voicebench

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"opendeskphone/tools/voicebench/corpus"
	"opendeskphone/tools/voicebench/dsp"
)

func TestAConstantDelayWaitsForTheNextFrame(t *testing.T) {
	var trace strings.Builder
	for i := range 1000 {
		came := fmt.Sprint(20*i + 30)
		if i%10 == 9 {
			came = ""
		}
		fmt.Fprintf(&trace, "%d,%d,%s\n", i, 20*i, came)
	}
	for _, c := range []struct{ least, delay float64 }{{0, 5}, {0.5, 5.5}, {20, 25}} {
		if delay, made := fixedDelay(trace.String(), c.least); math.Abs(delay-c.delay) > 1e-6 || math.Abs(made-10) > 1e-6 {
			t.Errorf("of %g ms: %.2f ms and %.2f %% made up, not %.2f and 10", c.least, delay, made, c.delay)
		}
	}
}

func TestHindsightFindsTheRoomBehindTheTalk(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	noise := func(n int, level float64) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = level * r.NormFloat64()
		}
		return x
	}
	s := &scene{Scene: corpus.Scene{Condition: corpus.Condition{RT60: 0.1, Delay: 10}, Far: noise(4*corpus.Rate, .1), Near: noise(4*corpus.Rate, .01)}}
	room := noise(1200, .1)
	for k := range room {
		room[k] *= math.Exp(-float64(k) / 200)
		if k < 160 {
			room[k] = 0
		}
	}
	s.Echo = dsp.Convolve(s.Far, room)
	for i, v := range s.Echo {
		s.Mic = append(s.Mic, v+s.Near[i])
	}
	short, long := s.hindsight(1, 1.2).best(s.Near, 3.5), s.hindsight(1, 3).best(s.Near, 3.5)
	if long < 12 || long < short+3 {
		t.Errorf("%.1f dB after 2 s, %.1f after 0.2 s", long, short)
	}
}

func TestCurvesNameWhatTheyCompare(t *testing.T) {
	c, err := bench(t).JitterCurve(t.Context())
	if err != nil || len(c.Rows) != len(constants)+2 {
		t.Fatalf("%v: %v", err, c)
	}
	for _, row := range c.Rows {
		if len(row) != len(c.Head) || strings.Contains(strings.Join(row, ""), "–") {
			t.Errorf("row %q", row)
		}
	}
}
