package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"opendeskphone/tools/lab"
)

// talker writes four seconds of a voice that glides and pauses, at 16 kHz.
func talker(t *testing.T, path string) lab.Clip {
	t.Helper()
	c := lab.Clip{Rate: 16000, Samples: make([]float32, 64000)}
	phase := 0.0
	for i := range c.Samples {
		at := float64(i) / 16000
		f := 120 + 30*math.Sin(2*math.Pi*0.7*at)
		phase += 2 * math.Pi * f / 16000
		for k := 1.0; k < 25; k++ {
			c.Samples[i] += float32(0.15 / k * math.Sin(k*phase+k*at))
		}
		if math.Mod(at, 1.6) > 1.2 {
			c.Samples[i] = 0
		}
	}
	if err := c.WriteWAV(path, 1); err != nil {
		t.Fatal(err)
	}
	return c
}

// over sends the talker over a network and gives what is heard, and the figures.
func over(t *testing.T, loss string, args ...string) (lab.Clip, string) {
	t.Helper()
	dir := t.TempDir()
	in, out, file := filepath.Join(dir, "in.wav"), filepath.Join(dir, "out.wav"), filepath.Join(dir, "loss.txt")
	said := talker(t, in)
	if err := os.WriteFile(file, []byte(loss+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	figures := filepath.Join(dir, "figures.json")
	if status := run(append([]string{"plc", "-in", in, "-out", out, "-loss", file, "-json", figures}, args...), &stdout, &stderr); status != 0 {
		t.Fatalf("status %d: %s", status, stderr.String())
	}
	told, err := os.ReadFile(figures)
	if err != nil {
		t.Fatal(err)
	}
	heard, err := lab.ReadWAV(out)
	if err != nil || len(heard.Samples) != len(said.Samples) || heard.Rate != said.Rate {
		t.Fatal(err, len(heard.Samples), heard.Rate)
	}
	return heard, string(told)
}

// likeness is the power of the difference below that of a, in dB.
func likeness(a, b lab.Clip) float64 {
	var s, e float64
	for i, v := range a.Samples {
		d := float64(v - b.Samples[i])
		s, e = s+float64(v)*float64(v), e+d*d
	}
	return 10 * math.Log10(s/(e+1e-9))
}

const (
	singles = "0000000001000000000100000010000000010000000000100000001000000000100000000010000000001"
	bursts  = "000000000000000000000000011100000000000000000000000000000000000000000000000001110000000000000"
)

func TestAPacketHeldMendsSingleLosses(t *testing.T) {
	for codec, least := range map[string]float64{"pcma": 5, "pcmu": 5, "l16": 5} {
		whole, _ := over(t, "", "-codec", codec)
		held, line := over(t, singles, "-codec", codec)
		unheld, _ := over(t, singles, "-codec", codec, "-wait", "0")
		if a, b := likeness(whole, held), likeness(whole, unheld); a < b+least {
			t.Errorf("%s: %.1f dB with a packet held, %.1f without", codec, a, b)
		}
		if !strings.Contains(line, `"held_ms":20,`) {
			t.Error(line)
		}
	}
}

func TestCopiesMakeABurstUndone(t *testing.T) {
	whole, _ := over(t, strings.Repeat("0", len(bursts)), "-codec", "opus", "-back", "0")
	with, line := over(t, bursts, "-codec", "opus")
	without, _ := over(t, bursts, "-codec", "opus", "-back", "0")
	if !strings.Contains(line, `"held_ms":60,"kbps":`) || !strings.Contains(line, `"left":0,`) {
		t.Error(line)
	}
	if a, b := likeness(whole, with), likeness(whole, without); a < b+0.5 {
		t.Errorf("%.1f dB with copies, %.1f without", a, b)
	}
	pcma, _ := over(t, "", "-codec", "pcma")
	if again, _ := over(t, bursts, "-codec", "pcma", "-back", "3"); likeness(pcma, again) < 80 {
		t.Errorf("%.1f dB of PCMA with copies", likeness(pcma, again))
	}
}

func TestTheSameTwice(t *testing.T) {
	for _, codec := range []string{"g711", "g722", "opus"} {
		a, _ := over(t, singles, "-codec", codec)
		b, _ := over(t, singles, "-codec", codec)
		for i := range a.Samples {
			if a.Samples[i] != b.Samples[i] {
				t.Fatalf("%s: sample %d differs", codec, i)
			}
		}
	}
}

func TestPLCStatus(t *testing.T) {
	var out, errs bytes.Buffer
	if status := run([]string{"plc", "-in", "x.wav"}, &out, &errs); status != 2 {
		t.Errorf("status %d without what is needed", status)
	}
	if status := run([]string{"plc", "-in", "x.wav", "-loss", "x", "-out", "y"}, &out, &errs); status != 1 {
		t.Errorf("status %d for a file that is not there", status)
	}
	if status := run([]string{"plc", "--help"}, &out, &errs); status != 0 || !strings.Contains(out.String(), "packets of 20 ms") {
		t.Errorf("help: status %d\n%s", status, out.String())
	}
}
