package corpus

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"opendeskphone/audio"
	"opendeskphone/audio/codec"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/voicebench/dsp"
)

// hummers are two talkers who hum, so that no speaking program is needed.
func hummers() Talkers {
	hum := func(pitch, seconds float64) []float64 {
		x := make([]float64, int(seconds*Rate))
		for i := range x {
			at := float64(i) / Rate
			for k := 1.0; k < 20; k++ {
				x[i] += math.Sin(2*math.Pi*pitch*k*at+k) / k * (1.1 + math.Sin(2*math.Pi*3*at))
			}
		}
		return x
	}
	return Talkers{{hum(120, 1.5), hum(140, 2)}, {hum(210, 1.7), hum(190, 1.1)}}
}

func level(x []float64) float64 {
	p, n := 0.0, 0.0
	powers := dsp.Powers(x, Rate/50)
	for i, on := range active(x, 35) {
		if on {
			p, n = p+powers[i], n+1
		}
	}
	return 10*math.Log10(p/n) - dBm0
}

func TestASceneIsTheSameForASeedAndAnotherForAnother(t *testing.T) {
	c, who := Named("dt_drift_p50"), hummers()
	a, b, other := who.Scene(c, 1), who.Scene(c, 1), who.Scene(c, 2)
	if !slices.Equal(a.Mic, b.Mic) || !slices.Equal(a.Far, b.Far) {
		t.Error("one seed, two scenes")
	}
	if slices.Equal(a.Mic, other.Mic) || slices.Equal(a.Far, other.Far) {
		t.Error("two seeds, one scene")
	}
}

func TestLevelsAreAsTheConditionSays(t *testing.T) {
	for _, name := range []string{"st_linear", "st_loud", "dt_near_m10", "ne_quiet"} {
		c := Named(name)
		s := hummers().Scene(c, 3)
		if got := level(s.Near); math.Abs(got-c.nearLevel) > 0.1 {
			t.Errorf("%s: near end of %.2f dBm0", name, got)
		}
		if c.Single+c.Double == 0 {
			if dsp.Energy(s.Far)+dsp.Energy(s.Echo) > 0 {
				t.Errorf("%s: the far side talks", name)
			}
			continue
		}
		if got := level(s.Echo); math.Abs(got-(-16-c.loss)) > 0.1 {
			t.Errorf("%s: echo of %.2f dBm0", name, got)
		}
		if got := dsp.Energy(s.Near[:int(c.Single*Rate)]); got > 1e-9 {
			t.Errorf("%s: the near end talks too early", name)
		}
	}
}

func TestTheEchoComesWhenItShould(t *testing.T) {
	for name, want := range map[string]float64{"st_white": 40, "st_delay200": 200} {
		s := hummers().Scene(Named(name), 1)
		c := dsp.Correlate(s.Echo, s.Far, 0, Rate/2)
		best := 0
		for i, v := range c {
			if math.Abs(v) > math.Abs(c[best]) {
				best = i
			}
		}
		if late := float64(best) / Rate * 1000; late < want || late > want+3 {
			t.Errorf("%s: the echo comes after %.1f ms", name, late)
		}
	}
}

func TestADriftedClockHearsAnotherPitch(t *testing.T) {
	x := make([]float64, 2*Rate)
	for i := range x {
		x[i] = math.Sin(2 * math.Pi * 500 * float64(i) / Rate)
	}
	y := drifted(x, 300)
	for _, i := range []int{Rate / 2, Rate, 3 * Rate / 2} {
		if want := math.Sin(2 * math.Pi * 500 * float64(i) * (1 + 300e-6) / Rate); math.Abs(y[i]-want) > 1e-3 {
			t.Errorf("sample %d is %v, not %v", i, y[i], want)
		}
	}
}

func TestNobodyTalksToHimself(t *testing.T) {
	r := draw("test", 1)
	for range 20 {
		if who := hummers().some(r, 2); &who[0][0][0] == &who[1][0][0] {
			t.Fatal("one talker is at both ends")
		}
	}
	if who := hummers()[:1].some(r, 3); len(who) != 3 {
		t.Errorf("%d talkers of one", len(who))
	}
}

func TestBothTalkForAQuarterOfAConversation(t *testing.T) {
	far, near := hummers().turns(draw("test", 1), 30)
	if got := together(far, near); got < .2 || got > .3 {
		t.Errorf("%.2f of the talk", got)
	}
}

func TestNoiseLiesAsFarBelowSpeechAsItsNameSays(t *testing.T) {
	set := hummers().NoisySet(1)
	if len(set) != 20 {
		t.Fatalf("%d files", len(set))
	}
	for _, n := range set {
		noise := make([]float64, len(n.Clean))
		for i := range noise {
			noise[i] = n.Sound[i] - n.Clean[i]
		}
		snr, _ := strconv.ParseFloat(n.Name[len(n.Name)-2:], 64)
		power := 10*math.Log10(dsp.Energy(noise)/float64(len(noise))) - dBm0
		if math.Abs(power-(-19-snr)) > 0.1 || math.Abs(level(n.Clean)+19) > 0.1 {
			t.Errorf("%s: noise of %.2f dBm0 and speech of %.2f", n.Name, power, level(n.Clean))
		}
	}
}

func TestLossIsAsOftenAndAsLongAsAsked(t *testing.T) {
	for _, run := range []float64{1, 3} {
		lost, runs := 0.0, 0.0
		all := Loss(1, 200000, 0.1, run)
		for i, l := range all {
			if l {
				lost++
				if i == 0 || !all[i-1] {
					runs++
				}
			}
		}
		want := run
		if run == 1 {
			want = 1 / 0.9 // neighbours by chance
		}
		if share := lost / 200000; math.Abs(share-.1) > .005 || math.Abs(lost/runs-want) > 0.1 {
			t.Errorf("%.3f lost in runs of %.2f, not of %v", share, lost/runs, want)
		}
	}
}

func TestTracesHaveTheirNetworksFaults(t *testing.T) {
	for _, w := range Networks {
		lines := strings.Split(strings.TrimSpace(w.Trace(1, 3000)), "\n")
		lost := 0
		for i, l := range lines {
			if f := strings.Split(l, ","); len(f) != 3 || f[0] != strconv.Itoa(i) {
				t.Fatalf("%s: line %q", w.Name, l)
			} else if f[2] == "" {
				lost++
			} else if at, err := strconv.ParseFloat(f[2], 64); err != nil || at < float64(20*i)+w.base {
				t.Fatalf("%s: line %q comes too early", w.Name, l)
			}
		}
		if share := float64(lost) / 3000; len(lines) != 3000 || math.Abs(share-w.lost) > .005+w.lost/2 {
			t.Errorf("%s: %d packets, %.4f lost", w.Name, len(lines), share)
		}
		if w.Trace(1, 50) != w.Trace(1, 50) || w.Trace(1, 50) == w.Trace(2, 50) {
			t.Errorf("%s: the seed does not decide", w.Name)
		}
	}
}

func TestRecordingsAreTakenByTalker(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, c lab.Clip) {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := c.WriteWAV(p, 1); err != nil {
			t.Fatal(err)
		}
	}
	clip := func(seconds float64, loud float32) lab.Clip {
		c := lab.Clip{Rate: 22050, Samples: make([]float32, int((seconds+2)*22050))}
		for i := 22050; i < len(c.Samples)-22050; i++ { // a second of silence at both ends
			c.Samples[i] = loud * float32(math.Sin(float64(i)*.1))
		}
		return c
	}
	write("anna/1.wav", clip(2, .3))
	write("anna/2.WAV", clip(20, .3))
	write("ben/1.wav", clip(1, .3))
	write("ben/short.wav", clip(.3, .3))
	write("carl/overdriven.wav", clip(2, 2))
	if err := os.WriteFile(filepath.Join(dir, "ben/no.wav"), []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	enc, _, err := codec.G722.New()
	if err != nil {
		t.Fatal(err)
	}
	hum, codes := make([]audio.Frame, 350), []byte(nil)
	copy(audio.Samples(hum), clip(1.5, .3).At(audio.Rate).Samples)
	for ; len(hum) > 0; hum = hum[2:] {
		codes = enc.Encode(codes, hum[:2])
	}
	if err := os.WriteFile(filepath.Join(dir, "ben/prompt.g722"), codes, 0o600); err != nil {
		t.Fatal(err)
	}
	who, err := Recorded(dir)
	if err != nil || len(who) != 2 || len(who[0]) != 2 || len(who[1]) != 2 {
		t.Fatalf("%d talkers: %v", len(who), err)
	}
	if n := len(who[0][0]); n < 2*Rate-800 || n > 2*Rate+800 {
		t.Errorf("%d samples of two seconds", n)
	}
	if n := len(who[0][1]); n != longest {
		t.Errorf("%d samples of a long file", n)
	}
	if _, err := Recorded(t.TempDir()); err == nil {
		t.Error("an empty folder is taken")
	}
}
