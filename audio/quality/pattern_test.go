package quality

import (
	"math"
	"math/rand/v2"
	"testing"
)

// outcomes reads a pattern: . is heard, x lost, d discarded.
func outcomes(s string) (p Pattern) {
	for _, c := range s {
		p.Add(map[rune]Outcome{'.': Heard, 'x': Lost, 'd': Discarded}[c])
	}
	return p
}

func TestBurstsByTheirDefinition(t *testing.T) {
	const good = "................" // Gmin packets
	for _, c := range []struct {
		in   string
		want Metrics
	}{
		{good + good, Metrics{Gap: 32}},
		{good + "x" + good, Metrics{Loss: 1. / 33, GapDensity: 1. / 33, Gap: 33}},
		{good + "x.x" + good, Metrics{Loss: 2. / 35, BurstDensity: 2. / 3, Burst: 3, Gap: 32}},
		{good + "x" + good[1:] + "d" + good, Metrics{Loss: 1. / 49, Discard: 1. / 49, BurstDensity: 2. / 17, Burst: 17, Gap: 32}}, // 15 heard between
		{good + "x" + good + "d" + good, Metrics{Loss: 1. / 50, Discard: 1. / 50, GapDensity: 2. / 50, Gap: 50}},                  // 16 part them
		{good + "xx" + good + "xxxx" + good, Metrics{Loss: 6. / 54, BurstDensity: 1, Burst: 3, Gap: 24}},
		{good + "xx..", Metrics{Loss: 2. / 20, BurstDensity: 1, Burst: 2, Gap: 18}}, // it goes on
		{"", Metrics{}},
	} {
		p := outcomes(c.in)
		got := p.Metrics()
		for _, d := range []float64{got.Loss - c.want.Loss, got.Discard - c.want.Discard, got.BurstDensity - c.want.BurstDensity, got.GapDensity - c.want.GapDensity,
			got.Burst - c.want.Burst, got.Gap - c.want.Gap} {
			if math.Abs(d) > 1e-9 {
				t.Errorf("%q: %+v, want %+v", c.in, got, c.want)
				break
			}
		}
	}
}

// counted is the estimate by transition counts of RFC 3611 A.2, from the counts of a chain of four states.
func counted(lost []bool) (burstDensity, gapDensity, burst, gap float64) {
	var c11, c13, c14, c22, c23, c33 float64
	run, row := 0, 1
	for _, l := range lost {
		if !l {
			run++
			continue
		}
		switch {
		case run >= Gmin:
			if row == 1 {
				c14++
			} else {
				c13++
			}
			row = 1
			c11 += float64(run)
		case run == 0:
			row++
			c33++
		default:
			row++
			c23++
			c22 += float64(run - 1)
		}
		run = 0
	}
	all := c11 + c14 + c13 + c22 + c23 + c13 + c23 + c33
	p32 := c23 / (c13 + c23 + c33)
	p23 := 1 - c22/(c22+c23)
	gap = (c11 + c14 + c13) / c13
	return p23 / (p23 + p32), c14 / (c11 + c14), all/c13 - gap, gap
}

func TestBurstsAgreeWithTheCountsOfRFC3611(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var p Pattern
	lost := make([]bool, 200_000)
	bad := false
	for i := range lost {
		if bad = bad && r.Float64() < 0.98 || !bad && r.Float64() < 0.002; bad {
			lost[i] = r.Float64() < 0.4
		} else {
			lost[i] = r.Float64() < 0.002
		}
		if lost[i] {
			p.Add(Lost)
		} else {
			p.Add(Heard)
		}
	}
	m := p.Metrics()
	density, gaps, burst, gap := counted(lost)
	t.Logf("%+v; by counts %.4f %.5f %.2f %.2f", m, density, gaps, burst, gap)
	for _, c := range []struct{ got, want, within float64 }{{m.BurstDensity, density, 0.05}, {m.GapDensity, gaps, 0.002}, {m.Burst, burst, 0.1 * burst}, {m.Gap, gap, 0.05 * gap}} {
		if math.Abs(c.got-c.want) > c.within {
			t.Errorf("%.4f, by the counts %.4f", c.got, c.want)
		}
	}
}

// Whatever comes, shares are shares and no burst is longer than the stream.
func FuzzPattern(f *testing.F) {
	f.Add([]byte("..............x.x................x"))
	f.Add([]byte{1, 2, 1, 0, 0, 1})
	f.Fuzz(func(t *testing.T, in []byte) {
		var p Pattern
		for _, b := range in {
			p.Add(Outcome(b % 3))
		}
		m := p.Metrics()
		for _, x := range []float64{m.Loss, m.Discard, m.BurstDensity, m.GapDensity} {
			if !(x >= 0 && x <= 1) {
				t.Fatalf("%+v", m)
			}
		}
		if n := float64(len(in)); !(m.Burst >= 0 && m.Burst <= n) || !(m.Gap >= 0 && m.Gap <= n) {
			t.Fatalf("%+v of %d packets", m, len(in))
		}
	})
}
