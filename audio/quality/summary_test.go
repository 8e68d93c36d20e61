package quality

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestSqueezeShowsTheWorst(t *testing.T) {
	seconds := make([]Bar, 1000)
	for i := range seconds {
		seconds[i] = Bar{Heard: -60, Sent: -60, MOS: 4.4}
	}
	seconds[501] = Bar{Heard: -20, Sent: -30, MOS: 1.5, Lost: 0.4, FarLost: 0.1}
	bars := Squeeze(seconds, MaxBars)
	if len(bars) != MaxBars {
		t.Fatalf("%d bars", len(bars))
	}
	if b := bars[501*MaxBars/1000]; b != (Bar{Heard: -20, Sent: -30, MOS: 1.5, Lost: 0.4, FarLost: 0.1}) {
		t.Errorf("%+v", b)
	}
	if b := bars[0]; b != seconds[0] {
		t.Errorf("%+v", b)
	}
	if bars := Squeeze(seconds[:50], MaxBars); len(bars) != 50 {
		t.Errorf("%d bars", len(bars))
	}
	if bars := Squeeze(seconds, 0); len(bars) != 0 {
		t.Errorf("%d bars", len(bars))
	}
}

func TestTimelineIsReadBack(t *testing.T) {
	in := []Bar{{Heard: -30, Sent: -128, MOS: 4.4, Lost: 0.5, FarLost: 1}, {Heard: -128, Sent: -128, Muted: true}, {}}
	out := Pack(in).Bars()
	if len(out) != len(in) {
		t.Fatalf("%d bars", len(out))
	}
	for i, b := range out {
		want := in[i]
		if b.Heard != want.Heard || b.Sent != want.Sent || b.Muted != want.Muted || math.Abs(float64(b.MOS-want.MOS)) > 0.01 || b.Lost != want.Lost || b.FarLost != want.FarLost {
			t.Errorf("%+v became %+v", want, b)
		}
	}
	if n := len(Pack(make([]Bar, 500)).Bars()); n != MaxBars {
		t.Errorf("%d bars", n)
	}
}

func TestSummaryIsReadBack(t *testing.T) {
	var a Account
	for range 300 {
		m := well()
		ailing[LostUp](&m)
		a.Add(m)
	}
	s := a.Summary(a.Whole())
	s.Began, s.Codec, s.Span, s.Timeline = time.Date(2025, 11, 20, 9, 20, 0, 0, time.UTC), "Opus 48 kHz", 300, Pack(make([]Bar, MaxBars))
	if out, ok := ParseSummary(s.String()); !ok || out != s {
		t.Errorf("%+v became %+v", s, out)
	}
	for _, bad := range []string{"", "{", `{"Fault":99}`, `{"LQ":5}`, `{"Span":-1}`, `{"From":9999999999}`, `{"Lost":-0.5}`, `{"Codec":"` + strings.Repeat("x", 33) + `"}`,
		strings.Repeat(" ", MaxSummary) + "{}"} {
		if _, ok := ParseSummary(bad); ok {
			t.Errorf("%.40q is taken for a summary", bad)
		}
	}
}

// What ParseSummary takes is within its bounds, and is written as it was read.
func FuzzSummary(f *testing.F) {
	f.Add(Summary{Seconds: 3, LQ: 4, Fault: LostUp, Timeline: Pack([]Bar{{Heard: -3}})}.String())
	f.Add(`{"Fault":3,"Delay":-5}`)
	f.Fuzz(func(t *testing.T, in string) {
		s, ok := ParseSummary(in)
		if !ok {
			return
		}
		if out, ok := ParseSummary(s.String()); s.String() != "" && (!ok || out.String() != s.String()) {
			t.Fatalf("%+v became %+v", s, out)
		}
		_ = s.Fault.Name()
	})
}

// A timeline of the file is anybody's: what it gives can be drawn.
func FuzzTimeline(f *testing.F) {
	f.Add(string(Pack([]Bar{{Heard: -30, MOS: 4}})))
	f.Add("????")
	f.Fuzz(func(t *testing.T, in string) {
		bars := Timeline(in).Bars()
		if len(bars) > MaxBars {
			t.Fatalf("%d bars", len(bars))
		}
		for _, b := range bars {
			if b.MOS > 4.5 || b.Lost > 1 || b.FarLost > 1 {
				t.Fatalf("%+v", b)
			}
		}
	})
}
