package e2e

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"opendeskphone/tools/lab"
	"opendeskphone/tools/laptop/wire"
)

// TestSoundDevice has a laptop use the phone as its sound card and as the telephone of a softphone, with the
// laptop's own drivers and nothing of ours on it.
func TestSoundDevice(t *testing.T) {
	d := newDesktop(t, mainSettings(""))
	d.settled(t)
	d.plugIn(t)
	t.Run("full-band", d.fullBand)
	t.Run("volumes", d.volumes)
	t.Run("both-ways", d.soundBothWays)
	t.Run("softphones", d.softphones)
}

// settled waits until the laptop has done what it does after it was switched on: sound is not for a machine whose
// processor has other work.
func (d *desktop) settled(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	// Its exit code says whether all services are well, which is not our matter.
	state, err := d.pc.Run(ctx, "", "sh", "-c", "systemctl is-system-running --wait || true")
	must(t, err)
	t.Logf("laptop %s", strings.TrimSpace(state))
}

// Where the laptop keeps sound, in memory.
const (
	toPlay   = "/dev/shm/play.wav"
	recorded = "/dev/shm/recorded.wav"
)

// load puts a clip on the laptop, to be played.
func (d *desktop) load(t *testing.T, c lab.Clip) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "play.wav")
	must(t, c.WriteWAV(path, 1))
	data, err := os.ReadFile(path)
	must(t, err)
	must(t, d.pc.Put(soon(t), toPlay, data, 0o644))
}

// playing is a laptop that plays what is loaded.
func (d *desktop) playing(t *testing.T, script string) (wait func() string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	p, err := d.pc.Start(ctx, wire.Command{Argv: []string{"sh", "-c", script}})
	must(t, err)
	return func() string {
		defer cancel()
		if err := p.Wait(ctx); err != nil {
			t.Fatalf("%v\n%s", err, p.Log.Since(0))
		}
		return p.Log.Since(0)
	}
}

// soundBothWays plays speech on the laptop, which arrives in the phone's speaker, and speaks into the phone's
// microphone meanwhile, which the laptop records. As with calls, it is done again where the machine kept the phone waiting. Where it
// had no time left for a phone and a laptop, nothing is said of either.
func (d *desktop) soundBothWays(t *testing.T) {
	for n := 1; ; n++ {
		idle := lab.WatchIdle()
		faults, waited := d.soundOnce(t)
		if len(faults) > 0 && n < tries && waited > busy {
			t.Logf("the machine kept the phone waiting for %v: once more (%v)", waited, faults)
			continue
		}
		if share := idle(); len(faults) > 0 && share < lab.Spent {
			t.Skipf("this machine is too slow to emulate a phone and a laptop in real time: only %.0f %% of it were idle, %d are wanted; %v", 100*share, int(100*lab.Spent), faults)
		}
		for _, f := range faults {
			t.Errorf("%v (longest wait for the machine %v)", f, waited)
		}
		return
	}
}

// soundOnce is one try of soundBothWays; it gives what was wrong, and how long the machine kept the phone waiting.
func (d *desktop) soundOnce(t *testing.T) (faults []error, waited time.Duration) {
	t.Helper()
	const length = 20 * time.Second
	theirs, ours := theirVoice(t).Cut(0, length), ourVoice(t).Cut(0, length)
	d.load(t, theirs)
	d.volume(t, unity)
	speaker := d.tape(t, d.phone.Speaker())
	defer speaker.Close()
	watch := lab.WatchStalls(d.phone.PID())
	began := speaker.Length()
	wait := d.playing(t, fmt.Sprintf("arecord -q -D plughw:0 -t wav -f S16_LE -r 48000 -c 1 -d %d %s & aplay -q -D plughw:0 %s; wait", 2+int(length.Seconds()), recorded, toPlay))
	settle(t, time.Second)
	_, err := d.phone.Say(soon(t), ours)
	must(t, err)
	said := wait()
	waited = watch.Worst()
	heard, err := speaker.Cut(began, speaker.Length())
	must(t, err)
	data, err := d.pc.Get(soon(t), recorded)
	must(t, err)
	got, err := lab.ParseWAV(data)
	must(t, err)
	t.Logf("laptop says %q; longest wait for the machine %v", said, waited)
	d.keep(t, "speaker", heard)
	d.keep(t, "laptop", got)
	if _, err := d.score(t, "the phone's speaker", theirs, heard, 0.8, 0); err != nil {
		faults = append(faults, err)
	}
	if _, err := d.score(t, "the laptop", ours, got, 0.8, 0); err != nil {
		faults = append(faults, err)
	}
	return faults, waited
}

// unity is where the laptop's mixer stands when the phone plays sound as loud as it is sent.
const unity = "67%"

// volume sets the laptop's mixer.
func (d *desktop) volume(t *testing.T, what string) {
	t.Helper()
	d.run(t, "amixer", "-q", "-c", "0", "sset", "Playback Volume", what)
}

// fullBand plays 1 kHz and 14 kHz after one another at the same level.
func (d *desktop) fullBand(t *testing.T) {
	low, high := tone(1000, 3*time.Second), tone(14000, 3*time.Second)
	d.load(t, lab.Clip{Rate: low.Rate, Samples: append(low.Samples, high.Samples...)})
	speaker := d.tape(t, d.phone.Speaker())
	defer speaker.Close()
	began := speaker.Length()
	d.playing(t, "aplay -q -D plughw:0 "+toPlay)()
	heard, err := speaker.Cut(began, speaker.Length()+time.Second)
	must(t, err)
	d.keep(t, "speaker", heard)
	at := [2]float64{loudest(heard, 1000), loudest(heard, 14000)}
	t.Logf("1 kHz arrives with %.1f dB, 14 kHz with %.1f dB", at[0], at[1])
	if math.Abs(at[1]-at[0]) > 3 || at[0] < toneLevel-6 {
		t.Errorf("1 kHz arrives with %.1f dB, 14 kHz with %.1f dB; %v dB was played", at[0], at[1], toneLevel)
	}
}

// toneLevel is how loud tones are played, in dB of a full-scale sine.
const toneLevel = -12.0

func tone(hz float64, d time.Duration) lab.Clip {
	c := lab.Clip{Rate: 48000, Samples: make([]float32, int(d.Seconds()*48000))}
	for i := range c.Samples {
		c.Samples[i] = float32(math.Pow(10, toneLevel/20) * math.Sin(2*math.Pi*hz*float64(i)/48000))
	}
	return c
}

// loudest gives the level of a tone where it is loudest for a tenth of a second, in dB of a full-scale sine. Where
// two clocks meet, the tone may be off by as much as the phone trims sound, 0.5 %.
func loudest(c lab.Clip, hz float64) float64 {
	best, n := 0.0, c.Rate/10
	for from := 0; from+n <= len(c.Samples); from += n {
		for f := hz * 0.995; f <= hz*1.005; f += 5 {
			re, im := 0.0, 0.0
			for i, v := range c.Samples[from : from+n] {
				sin, cos := math.Sincos(2 * math.Pi * f * float64(i) / float64(c.Rate))
				re, im = re+float64(v)*cos, im+float64(v)*sin
			}
			best = max(best, math.Hypot(re, im)*2/float64(n))
		}
	}
	return 20 * math.Log10(max(best, 1e-6))
}
