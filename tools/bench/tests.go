package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
)

// twoClocks is the phone's and the PC's sound with clocks 300 ppm apart, for ten minutes of their time.
var twoClocks = []string{"test", "-v", "-run", "^TestTenMinutesWithTwoClocks$", "./firmware/usbsound"}

// mouth is the way of a voice from one phone's sound card to another's.
var mouth = []string{"test", "-count=1", "-v", "-run", "^TestMouthToEar$", "./firmware/media"}

// orders are all orders of three things that may be done with three calls, and long random lives.
var orders = []string{"test", "-timeout", "30m", "-v", "-run", "ThreeCalls", "./firmware/lines", "-depth", "3", "-lives", "10000", "-loss", "0.03"}

// figureTests are the tests that hold a figure themselves, and how it stands in their output.
var figureTests = []struct {
	id   string
	args []string
	find string
}{
	{"audio_tick_allocs", []string{"test", "-run", "^$", "-bench", "Tick", "-benchmem", "-benchtime", "2000x", "./audio/engine"}, `(\d+) allocs/op`},
	{"torture_udp_conforming", []string{"test", "-count=1", "-v", "-run", "^TestTorture$", "./sip/ua"}, `udp: (\d+) of 61`},
	{"torture_tcp_conforming", []string{"test", "-count=1", "-v", "-run", "^TestTorture$", "./sip/ua"}, `tcp: (\d+) of 61`},
	{"tls_faults_passed", []string{"test", "-count=1", "-v", "-run", "^TestTLSFaults$", "./sip/ua"}, `bad TLS servers survived: (\d+) of 24`},
	{"registrar_faults_passed", []string{"test", "-count=1", "-v", "-run", "^TestRegistrarFaults$", "./sip/ua"}, `passed: (\d+) of 50`},
	{"sip_fuzz_cases", []string{"test", "-count=1", "-v", "-run", "^TestBrokenMessages$", "./sip/ua", "-args", "-broken=100000"}, `survived: (\d+)`},
	{"usb_audio_gaps", twoClocks, `worst of all: (\d+) gaps`},
	{"usb_drift_ms_10min", twoClocks, `worst of all: \d+ gaps, drift ([0-9.]+) ms`},
	{"mouth_to_ear_10ms_packets_ms", mouth, `mouth to ear, Opus 10 ms: ([0-9.]+) ms`},
	{"call_orders_passed", orders, `orders of three calls: (\d+)`},
	{"call_lives_passed", orders, `(\d+) lives: `},
	{"rules_cases_passed", []string{"test", "-count=1", "-v", "-run", "^TestTheRules$", "./firmware/phone", "-every", "1"}, `rules: (\d+) cases passed`},
	{"t9_search_ms", []string{"test", "-run", "^$", "-bench", "^BenchmarkSearch$", "-benchtime", "20x", "./ui/screen"}, `([0-9.]+) p99-ms`},
	{"features_proven", []string{"test", "-count=1", "-v", "-run", "^TestFeaturesAreProven$", "."}, `features proven: (\d+)`},
	{"mouth_to_ear_g711_ms", mouth, `mouth to ear, PCMA 20 ms: ([0-9.]+) ms`},
}

// readTests runs those that hold these figures.
func readTests(ids ...string) func(context.Context, *bench) error {
	return func(ctx context.Context, b *bench) error {
		for _, f := range figureTests {
			if !slices.Contains(ids, f.id) {
				continue
			}
			if err := b.readTest(ctx, f.id, f.args, f.find); err != nil {
				return err
			}
		}
		return nil
	}
}

func (b *bench) readTest(ctx context.Context, id string, args []string, find string) error {
	out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", id, err, out)
	}
	m := regexp.MustCompile("(?i)" + find).FindSubmatch(out)
	if m == nil {
		return fmt.Errorf("%s: no figure in the output of go %v: %s", id, args, out)
	}
	b.ours(id, "%s", string(m[1]))
	return nil
}
