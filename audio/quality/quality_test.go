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

func TestListenerIsNotHarmedByDelay(t *testing.T) {
	p := Path{Codec: "PCMU", Delay: 400 * time.Millisecond}
	if p.Listening() != basic || p.R() > basic-20 {
		t.Errorf("R %.1f to listen, %.1f to converse", p.Listening(), p.R())
	}
}

// The points are those of a TELR of 65 dB and 25 dB on the curves of G.107 figure 1 and G.131.
func TestEchoHarmsTheMoreTheLaterItComes(t *testing.T) {
	r := func(delay time.Duration, echo float64) float64 {
		return Path{Codec: "PCMU", Delay: delay, Echo: echo}.R()
	}
	ms := time.Millisecond
	if r(100*ms, 0) != r(0, 0) || r(0, 20) != r(0, 0) {
		t.Error("an echo that is not known, or at once, harms")
	}
	if x := r(100*ms, 55); x < 88 || x > 93.2 {
		t.Errorf("TELR 65 dB at 100 ms: R %.1f", x)
	}
	if x := r(100*ms, 15); x > 50 {
		t.Errorf("TELR 25 dB at 100 ms: R %.1f", x)
	}
	last := 100.0
	for d := 5 * ms; d <= 400*ms; d += 5 * ms {
		if x := r(d, 25); x > last {
			t.Fatalf("R rises at %v", d)
		} else {
			last = x
		}
	}
}

func TestSecondsAreJudgedByWhatWasMadeUp(t *testing.T) {
	var m Meter
	c := Counts{}
	second := func(concealed, gaps uint64) Second {
		c.Frames += 100
		c.Concealed += concealed
		c.Gaps += gaps
		return m.Take(c, 20, Path{Codec: "PCMU", Delay: 60 * time.Millisecond})
	}
	if s := second(0, 0); s.LQ < 4.4 || s.CQ < 4.4 {
		t.Errorf("%+v", s)
	}
	if s := second(20, 2); s.Path.Loss != 0.2 || math.Abs(s.Path.Burst-4) > 0.01 || s.LQ > 2 {
		t.Errorf("%+v", s)
	}
	if s := m.Take(c, 20, Path{Codec: "PCMU"}); s.LQ != 0 || s.CQ != 0 {
		t.Errorf("nothing was played, and it sounds like %+v", s)
	}
	if s := m.Take(Counts{Frames: 10}, 20, Path{Codec: "PCMU"}); s.Path.Loss != 0 || s.LQ < 4.4 {
		t.Errorf("new stream: %+v", s)
	}
}
