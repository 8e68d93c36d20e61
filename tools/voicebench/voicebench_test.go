package voicebench

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"opendeskphone/tools/voicebench/corpus"
)

// TestMain lets this program stand in for all that are measured: it gives back what it is given, and plays traces with
// fixed figures.
func TestMain(m *testing.M) {
	if os.Getenv("ODP_STAND_IN") == "" {
		os.Exit(m.Run())
	}
	args := os.Args[1:]
	after := func(flag string) string { return args[slices.Index(args, flag)+1] }
	copyTo := func(from string, to ...string) {
		b, err := os.ReadFile(from)
		for _, path := range to {
			err = errors.Join(err, os.WriteFile(path, b, 0o644))
		}
		if err != nil {
			panic(err)
		}
	}
	switch what := args[0]; {
	case what == "jb" && args[1] == "-trace":
		os.Stdout.WriteString("jitter packets 9 net-loss 0.00% concealed 1.25% stretched 0.02% shrunk 0.03% delay mean -0.5 p95 5.7 ms\n")
	case what == "jb":
		os.Stdout.WriteString("20.5 2.5\n")
	case slices.Contains(args, "-linear"):
		copyTo(after("-mic"), after("-out"), after("-linear"))
	case slices.Contains(args, "-in"):
		copyTo(after("-in"), after("-out"))
		if what == "plc" {
			if err := os.WriteFile(after("-json"), []byte(`{"kbps": 47.5, "lost": 0.1}`), 0o644); err != nil {
				panic(err)
			}
		}
	case what == "g711" || what == "g722" || what == "opus":
		copyTo(args[1], args[3])
	default:
		copyTo(args[len(args)-2], args[len(args)-1])
	}
	os.Exit(0)
}

// bench has stand-ins do everything, for two talkers who hum.
func bench(t *testing.T) *Bench {
	t.Helper()
	t.Setenv("ODP_STAND_IN", "1")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"speex", "webrtc", "loss"} {
		if err := os.Symlink(self, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	hum := func(pitch float64) []float64 {
		x := make([]float64, 2*corpus.Rate)
		for i := range x {
			at := float64(i) / corpus.Rate
			for k := 1.0; k < 20; k++ {
				x[i] += math.Sin(2*math.Pi*pitch*k*at+k) / k * (1.1 + math.Sin(2*math.Pi*3*at))
			}
		}
		return x
	}
	return &Bench{Dir: t.TempDir(), DSPBench: self, Anchors: dir, Seeds: []int{1},
		Talkers: corpus.Talkers{{hum(120)}, {hum(190)}}, Say: t.Logf}
}

func is(t *testing.T, v Values, id, system string, want, within float64) {
	t.Helper()
	got, ok := v[id][system]
	if !ok || math.Abs(got-want) > within {
		t.Errorf("%s of %s is %v (%v), not %v", id, system, got, ok, want)
	}
}

func TestWhoDoesNothingCancelsNothing(t *testing.T) {
	b := bench(t)
	var all tally
	for _, c := range corpus.Conditions {
		if !slices.Contains([]string{"st_drift_p100", "st_jump_p30", "dt_near_m10"}, c.Name) {
			continue
		}
		s, err := b.scene(c, 1, t.TempDir())
		if err == nil {
			err = b.cancel(t.Context(), s)
		}
		for _, system := range []string{Ours, "speexdsp", "webrtc"} {
			if err := errors.Join(err, s.judge(&all, system)); err != nil {
				t.Fatal(err)
			}
		}
	}
	v := all.values()
	is(t, v, "aec_erle_converged_db", Ours, 0, 0.01)
	is(t, v, "aec_erle_1s_db", "webrtc", 0, 0.01)
	is(t, v, "aec_drift100_linear_erle_db", "speexdsp", 0, 0.01)
	is(t, v, "aec_recovery_s", Ours, 10, 0.01) // never: the 10 s to the end
	is(t, v, "aec_dt_near_loss_db", "speexdsp", 0, 1)
	if sdr := v["aec_dt_sdr_db"][Ours]; sdr > 0 {
		t.Errorf("%.1f dB of echo louder than the near end", sdr)
	}
}

func TestWhoDoesNothingGainsNothing(t *testing.T) {
	b := bench(t)
	var all tally
	if err := b.noisy(t.Context(), &all, b.Talkers.NoisySet(1)[9], t.TempDir()); err != nil {
		t.Fatal(err)
	}
	for id := range all.values() {
		is(t, all.values(), id, Ours, 0, 0.01)
		is(t, all.values(), id, "webrtc", 0, 0.01)
	}
}

func TestNothingLostIsPerfect(t *testing.T) {
	b := bench(t)
	var all tally
	for _, c := range codecs {
		if err := b.lossy(t.Context(), &all, c, losses[1], 1, t.TempDir(), Ours); err != nil {
			t.Fatal(err)
		}
	}
	is(t, all.values(), "plc_g711_bursty_nsim", Ours, 1, 0.001)
	is(t, all.values(), "plc_opus_bursty_nsim", "libopus", 1, 0.001)
	is(t, all.values(), "plc_opus_bursty_kbps", Ours, 47.5, 0)
}

func TestJitterFiguresAreTakenOver(t *testing.T) {
	v, err := bench(t).Jitter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	is(t, v, "jb_lan_ms", Ours, -0.5, 0)
	is(t, v, "jb_wifi_concealed", Ours, 1.25, 0)
	is(t, v, "jb_drift_ms", "speex_jitter", 20.5, 0)
}

func TestSoundsToHearAreExplained(t *testing.T) {
	dir := t.TempDir()
	var index strings.Builder
	if err := bench(t).listenLoss(t.Context(), dir, &index); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 6*4 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, f := range files {
		if name, found := strings.CutSuffix(f.Name(), "_before.wav"); found && !strings.Contains(index.String(), name+":") {
			t.Errorf("%s is not explained", f.Name())
		}
	}
}

func TestAFailureEndsTheWork(t *testing.T) {
	b := bench(t)
	b.DSPBench = filepath.Join(t.TempDir(), "missing")
	if _, err := b.Jitter(t.Context()); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Error(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := bench(t).Jitter(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestTheWorstIsKept(t *testing.T) {
	var a tally
	for _, v := range []float64{1, 4, 2, math.NaN()} {
		a.add("mean", Ours, v)
		a.add("worst", Ours, v)
	}
	v := a.values("worst")
	is(t, v, "mean", Ours, 7.0/3, 1e-9)
	is(t, v, "worst", Ours, 4, 0)
}
