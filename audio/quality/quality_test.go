package quality

import (
	"math"
	"testing"
	"time"
)

func TestRatingOfKnownPaths(t *testing.T) {
	ms := time.Millisecond
	for _, c := range []struct {
		p    Path
		r, e float64
	}{
		{Path{Codec: "PCMU"}, 93.2, 0.01},                         // G.107: default
		{Path{Codec: "pcma", Delay: 100 * ms}, 93.2, 0.01},        // no harm up to 100 ms
		{Path{Codec: "PCMU", Delay: 200 * ms}, 93.2 - 3.0, 0.3},   // Idd(200) of (7-27)
		{Path{Codec: "PCMU", Delay: 400 * ms}, 93.2 - 24, 3},      // G.131's curve of 400 ms
		{Path{Codec: "PCMU", Loss: 0.01}, 93.2 - 95/26.1, 0.01},   // 95·1/(1+25.1)
		{Path{Codec: "PCMU", Loss: 0.05}, 93.2 - 95*5/30.1, 0.01}, // 95·5/(5+25.1)
		{Path{Codec: "PCMU", Loss: 0.05, Burst: 2}, 76, 0.8},      // bursts are worse
		{Path{Codec: "unheard of"}, 82.2, 0.01},
		{Path{Codec: "PCMU", Loss: 1, Delay: 2 * time.Second}, 0, 0}, // never below 0
	} {
		if got := c.p.R(); math.Abs(got-c.r) > c.e {
			t.Errorf("%+v: R %.2f, want %.2f", c.p, got, c.r)
		}
	}
}

func TestScoreOfRating(t *testing.T) { // G.107 Annex B, table B.1
	for r, mos := range map[float64]float64{0: 1, 50: 2.58, 60: 3.10, 70: 3.60, 80: 4.03, 90: 4.34, 93.2: 4.41, 100: 4.5, 120: 4.5, -5: 1} {
		if got := MOS(r); math.Abs(got-mos) > 0.01 {
			t.Errorf("MOS(%v) = %.3f, want %.2f", r, got, mos)
		}
	}
	for r := 0.0; r < 100; r += 0.1 {
		if MOS(r+0.1) < MOS(r) {
			t.Fatal("score falls at", r)
		}
	}
}

func TestVerdicts(t *testing.T) {
	for r, v := range map[float64]Verdict{93: Excellent, 90: Excellent, 85: Good, 75: Fair, 65: Poor, 30: Bad} {
		if Judge(r) != v {
			t.Errorf("%v is %v", r, Judge(r))
		}
	}
	if Verdict(0).String() != "unknown" || Excellent.String() != "excellent" || Verdict(200).String() == "" {
		t.Error("names")
	}
}

func TestMeterFallsFastAndRisesSlowly(t *testing.T) {
	var m Meter
	if m.Verdict() != 0 {
		t.Error("a verdict out of nothing")
	}
	c := Counts{}
	second := func(concealed, gaps uint64) Second {
		c.Frames += 100
		c.Concealed += concealed
		c.Gaps += gaps
		return m.Take(c, "PCMU", 20, 60*time.Millisecond)
	}
	if s := second(0, 0); s.Verdict != Excellent || m.Verdict() != Excellent {
		t.Errorf("%+v", s)
	}
	s := second(20, 2)
	if s.Path.Loss != 0.2 || math.Abs(s.Path.Burst-4) > 0.01 || s.Verdict != Bad {
		t.Errorf("%+v", s)
	}
	if m.Verdict() > Poor {
		t.Error("trouble does not show")
	}
	n := 0
	for ; m.Verdict() < Good; n++ {
		second(0, 0)
	}
	if n < 3 || n > 12 {
		t.Errorf("good again after %d s", n)
	}
	if s := m.Take(Counts{Frames: 10}, "PCMU", 20, 0); s.Path.Loss != 0 || s.Verdict != Excellent {
		t.Errorf("new stream: %+v", s)
	}
}
