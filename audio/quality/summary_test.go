package quality

import (
	"math"
	"testing"
)

func TestSqueezeShowsTheWorst(t *testing.T) {
	seconds := make([]Bar, 1000)
	for i := range seconds {
		seconds[i] = Bar{Heard: -60, Sent: -60, MOS: 4.4}
	}
	seconds[501] = Bar{Heard: -20, Sent: -30, MOS: 1.5, Lost: 0.4, FarLost: 0.1}
	bars, each := Squeeze(seconds, MaxBars)
	if each != 11 || len(bars) != 91 {
		t.Fatalf("%d bars of %d s", len(bars), each)
	}
	if b := bars[501/11]; b != (Bar{Heard: -20, Sent: -30, MOS: 1.5, Lost: 0.4, FarLost: 0.1}) {
		t.Errorf("%+v", b)
	}
	if b := bars[0]; b != seconds[0] {
		t.Errorf("%+v", b)
	}
	if bars, each := Squeeze(seconds[:50], MaxBars); each != 1 || len(bars) != 50 {
		t.Errorf("%d bars of %d s", len(bars), each)
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
