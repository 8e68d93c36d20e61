package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// writeTrace writes a trace of packets of 20 ms with up to 15 ms of jitter, every 50th lost.
func writeTrace(t *testing.T) string {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for n := range 1000 {
		fmt.Fprintf(&b, "%d,%d,", n, n*20)
		if n%50 != 49 {
			fmt.Fprintf(&b, "%.3f", float64(n*20)+30+15*r.Float64())
		}
		b.WriteByte('\n')
	}
	path := filepath.Join(t.TempDir(), "trace.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func bench(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs strings.Builder
	if status := run(args, &out, &errs); status != 0 {
		t.Fatalf("%v: status %d, %s", args, status, errs.String())
	}
	return out.String()
}

func TestJitterBufferIsMeasured(t *testing.T) {
	path := writeTrace(t)
	out := bench(t, "jb", "-trace", path)
	m := regexp.MustCompile(`^jitter packets 1000 net-loss 2\.00% concealed (\S+)% stretched \S+% shrunk \S+% delay mean (\S+) p95 (\S+) ms\n$`).FindStringSubmatch(out)
	if m == nil {
		t.Fatal(out)
	}
	concealed, _ := strconv.ParseFloat(m[1], 64)
	mean, _ := strconv.ParseFloat(m[2], 64)
	if concealed < 1 || concealed > 3.5 || mean < 10 || mean > 35 {
		t.Error(out)
	}
	if again := bench(t, "jb", "-trace", path); again != out {
		t.Errorf("%q, then %q", out, again)
	}
}

func TestJitterBufferWritesWhatHappened(t *testing.T) {
	path, dir := writeTrace(t), t.TempDir()
	csv, wav := filepath.Join(dir, "play.csv"), filepath.Join(dir, "heard.wav")
	bench(t, "jb", "-trace", path, "-phase", "3", "-csv", csv, "-out", wav)
	b, err := os.ReadFile(csv)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	if lines[0] != "time_ms,stream_ms,delay_ms,target_ms,concealed,stretched,shrunk" || len(lines) < 1995 || len(lines) > 2010 {
		t.Errorf("%d lines, the first %q", len(lines), lines[0])
	}
	f, clip, err := load(wav)
	if err != nil || clip.Rate != 48000 || len(f) != len(lines)-1 {
		t.Errorf("%d frames of %d Hz heard, %d lines: %v", len(f), clip.Rate, len(lines), err)
	}
}

func TestBadTracesAreRefused(t *testing.T) {
	for _, content := range []string{"", "0,0,\n", "0,0\n", "x,0,1\n", "0,0,soon\n", "0,then,1\n"} {
		path := filepath.Join(t.TempDir(), "bad.csv")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, errs strings.Builder
		if status := run([]string{"jb", "-trace", path}, &out, &errs); status != 1 || !strings.Contains(errs.String(), "bad.csv") {
			t.Errorf("%q: status %d, %s", content, status, errs.String())
		}
	}
}
