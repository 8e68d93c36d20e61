package quality

import (
	"math/rand/v2"
	"testing"
)

// reports gives n reports on 250 packets each of which share is lost in runs of mean length run (1/(1-share): at random).
func reports(r *rand.Rand, n int, share, run float64) (out []float64) {
	bad := false
	for range n {
		lost := 0
		for range 250 {
			if bad {
				bad = r.Float64() >= 1/run
			} else {
				bad = r.Float64() < share/run/(1-share)
			}
			if bad {
				lost++
			}
		}
		out = append(out, float64(lost*256/250)/256)
	}
	return out
}

func TestRunsAreToldFromSingleLosses(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		share, run float64
		from, to   int // of 200 calls in which losses pass as single after 16 reports
	}{{0.10, 1 / 0.9, 185, 200}, {0.04, 1 / 0.96, 185, 200}, {0.10, 3, 0, 20}, {0.05, 3, 0, 20}, {0.10, 5, 0, 6}} {
		single := 0
		for range 200 {
			var runs Runs
			for _, lost := range reports(r, 16, c.share, c.run) {
				runs.Report(250, lost)
			}
			if runs.Single() {
				single++
			}
		}
		t.Logf("%.0f %% lost in runs of %.1f: single in %d of 200 calls", 100*c.share, c.run, single)
		if single < c.from || single > c.to {
			t.Errorf("%.0f %% lost in runs of %.1f: single in %d of 200 calls", 100*c.share, c.run, single)
		}
	}
}

func TestFewReportsSayNothing(t *testing.T) {
	var runs Runs
	for range 7 {
		runs.Report(250, 0.1)
	}
	for range 20 {
		runs.Report(20, 0.1)
		runs.Report(250, 0.9)
	}
	if runs.Single() {
		t.Error("a verdict on seven reports")
	}
	if runs.Report(250, 0.1); !runs.Single() {
		t.Error("even losses are not single ones")
	}
}
