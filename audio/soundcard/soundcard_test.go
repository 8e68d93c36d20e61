package soundcard

import (
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"opendeskphone/audio/engine"
)

var _ engine.Device = (*Device)(nil)

func system(t *testing.T, b Backend) *System {
	t.Helper()
	s, err := New(b)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func open(t *testing.T, s *System, cfg Config) *Device {
	t.Helper()
	d, err := s.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// alsa makes a system whose ALSA knows just the PCMs of conf.
func alsa(t *testing.T, conf string) *System {
	t.Helper()
	path := filepath.Join(t.TempDir(), "asound.conf")
	if err := os.WriteFile(path, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ALSA_CONFIG_PATH", path)
	return system(t, ALSA)
}

func TestNullCardKeepsPace(t *testing.T) {
	d := open(t, system(t, Null), Config{Period: 10 * time.Millisecond, Periods: 2})
	if d.Rate() != 48000 {
		t.Fatalf("rate %d", d.Rate())
	}
	mic, spk := make([]int16, 480), make([]int16, 480)
	began := time.Now()
	for range 100 {
		if err := d.Exchange(mic, spk); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(began); took < 700*time.Millisecond || took > 3*time.Second {
		t.Errorf("one second of sound took %v", took)
	}
	t.Logf("%+v in %v", d.Stats(), time.Since(began))
}

func TestEitherDirectionAlone(t *testing.T) {
	s := system(t, Null)
	for _, cfg := range []Config{
		{Playback: None, Period: 10 * time.Millisecond, Periods: 2},
		{Capture: None, Period: 10 * time.Millisecond, Periods: 2},
	} {
		d := open(t, s, cfg)
		mic, spk := make([]int16, 480), make([]int16, 480)
		for range 10 {
			mic[7] = 77
			if err := d.Exchange(mic, spk); err != nil {
				t.Fatalf("%+v: %v", cfg, err)
			}
			if mic[7] != 0 {
				t.Fatalf("%+v: microphone not written", cfg)
			}
		}
	}
}

func TestPlaybackReachesTheCardUnchanged(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out.raw")
	s := alsa(t, `pcm.out { type file slave.pcm "nul" format "raw" file "`+file+`" }
pcm.nul { type null }`)
	d := open(t, s, Config{Playback: "out", Capture: None, Period: 10 * time.Millisecond, Periods: 2})
	n := d.Rate() / 100
	mic, spk := make([]int16, n), make([]int16, n)
	const frames = 50
	for f := range frames {
		for i := range spk {
			spk[i] = int16(1 + (f*n+i)%30000) // never 0: zeros are what the card got while we were away
		}
		if err := d.Exchange(mic, spk); err != nil {
			t.Fatal(err)
		}
	}
	clear(spk)
	for range 3 { // push the last frame through
		if err := d.Exchange(mic, spk); err != nil {
			t.Fatal(err)
		}
	}
	d.Close()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	next := 0
	for i := 0; i+1 < len(raw); i += 2 {
		v := int(int16(binary.LittleEndian.Uint16(raw[i:])))
		if v == 0 {
			continue
		}
		if want := 1 + next%30000; v != want {
			t.Fatalf("sample %d is %d, want %d", next, v, want)
		}
		next++
	}
	if next != frames*n {
		t.Errorf("%d samples reached the card, want %d", next, frames*n)
	}
}

func TestCaptureComesFromTheCard(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "in.raw")
	raw := make([]byte, 48000*2*4)
	for i := 0; i < len(raw)/2; i++ {
		binary.LittleEndian.PutUint16(raw[2*i:], uint16(int16(1000)))
	}
	if err := os.WriteFile(in, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	s := alsa(t, `pcm.in { type file slave.pcm "nul" format "raw" file "/dev/null" infile "`+in+`" }
pcm.nul { type null }`)
	d := open(t, s, Config{Playback: None, Capture: "in", Period: 10 * time.Millisecond, Periods: 2})
	mic, spk := make([]int16, d.Rate()/100), make([]int16, d.Rate()/100)
	if err := d.Exchange(mic, spk); err != nil {
		t.Fatal(err)
	}
	for i, v := range mic {
		if v != 1000 {
			t.Fatalf("sample %d is %d, want 1000", i, v)
		}
	}
}

func TestMissingCardIsNamed(t *testing.T) {
	s := alsa(t, `pcm.nul { type null }`)
	_, err := s.Open(Config{Playback: "hw:CARD=Nowhere", Capture: None, Period: 10 * time.Millisecond, Periods: 2})
	if err == nil || !strings.Contains(err.Error(), "hw:CARD=Nowhere") {
		t.Errorf("opened a card that is not there: %v", err)
	}
	if _, err := s.Open(Config{Playback: strings.Repeat("x", 300), Capture: None, Period: 10 * time.Millisecond, Periods: 2}); err == nil {
		t.Error("took a name longer than the library can hold")
	}
}

func TestListNamesThePCMs(t *testing.T) {
	s := alsa(t, `pcm.desk { type null hint { show on description "The desk card" } }
defaults.namehint.showall on`)
	cards, err := s.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cards {
		if c.ID == "desk" {
			return
		}
	}
	t.Errorf("no card \"desk\" in %+v", cards)
}

func TestCloseEndsAnExchange(t *testing.T) {
	d := open(t, system(t, Null), Config{Period: 10 * time.Millisecond, Periods: 2})
	done := make(chan error)
	go func() {
		mic, spk := make([]int16, 480), make([]int16, 480)
		for {
			if err := d.Exchange(mic, spk); err != nil {
				done <- err
				return
			}
		}
	}()
	d.Close()
	if err := <-done; !errors.Is(err, ErrLost) {
		t.Errorf("Exchange after Close: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestWrongLengthIsRefused(t *testing.T) {
	d := open(t, system(t, Null), Default())
	if err := d.Exchange(make([]int16, 480), make([]int16, 441)); !errors.Is(err, ErrLength) {
		t.Errorf("err = %v", err)
	}
}

// A card whose callbacks cease (unplugged: ALSA then spins without an error) is found out.
func TestSilentCardIsLost(t *testing.T) {
	d := newDevice(nil)
	d.rate = 48000
	d.size(Default())
	mic, spk := make([]int16, 480), make([]int16, 480)
	if err := d.Exchange(mic, spk); !errors.Is(err, ErrLost) {
		t.Errorf("err = %v", err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	for _, c := range []Config{{}, {Period: time.Second, Periods: 2}, {Period: 5 * time.Millisecond, Periods: 1},
		{Playback: None, Capture: None, Period: 5 * time.Millisecond, Periods: 2}} {
		if c.Validate() == nil {
			t.Errorf("accepted %+v", c)
		}
	}
	if _, err := New("gramophone"); err == nil {
		t.Error("made an unknown backend")
	}
}

func TestRingKeepsOrderAcrossItsEnd(t *testing.T) {
	r := newRing(1000) // rounds up to 1024
	var next, want int16
	for step := range 5000 {
		s := make([]int16, step%97)
		for i := range s {
			s[i] = next + int16(i)
		}
		next += int16(r.put(s))
		got := make([]int16, step%89)
		for _, v := range got[:r.get(got)] {
			if v != want {
				t.Fatalf("step %d: read %d, want %d", step, v, want)
			}
			want++
		}
	}
	if r.fill() > len(r.buf) {
		t.Errorf("holds %d of %d", r.fill(), len(r.buf))
	}
}

// Two cards of different speed, callbacks up to 2 ms late: the servo must hold step with no gaps
// and no growing delay.
func TestServoFollowsTheOtherClock(t *testing.T) {
	const exchange, period = 0.010, 480
	for _, ppm := range []float64{-3000, -300, -30, 0, 30, 300, 3000} {
		in, s := newRing(9600), newServo(480, period, 0)
		mic, chunk := make([]int16, 480), make([]int16, period)
		every := exchange / (1 + ppm/1e6) // seconds between callbacks
		next, phase, starved, worst := 0.0037, 0.0, 0, 0
		noise := rand.New(rand.NewPCG(1, 2))
		late := 0.0
		var b beat
		for frame := range 12000 { // two minutes
			now := float64(frame) * exchange
			for next+late <= now {
				for i := range chunk {
					chunk[i] = int16(10000 * math.Sin(phase))
					phase += 2 * math.Pi * 400 / 48000
				}
				in.put(chunk)
				b.heard(seconds(next+late), period*time.Second/48000)
				s.late(int(b.late * 48000 / time.Second))
				next, late = next+every, 0.002*noise.Float64()
			}
			got := s.take(in, mic, int((seconds(now)-b.due)*48000/time.Second))
			if frame < 500 {
				continue // finding its place
			}
			if got < 480 {
				starved++
			}
			worst = max(worst, in.fill())
		}
		if starved > 0 || worst > period+480*3/4 {
			t.Errorf("%+.0f ppm: starved %d times, up to %d samples of delay", ppm, starved, worst)
		}
		if n := s.skipped.Load(); n > 960 {
			t.Errorf("%+.0f ppm: skipped %d samples", ppm, n)
		}
	}
}

// One clock for both directions, as on a phone's own card: whatever the threads are late by, up to 50 ms
// now and then, the sound goes through as it is once the reserve has been found.
func TestServoLeavesOneClockAlone(t *testing.T) {
	const period, stall = 960, 50 * time.Millisecond
	in, s := newRing(9600), newServo(480, period, 0)
	mic, chunk := make([]int16, 480), make([]int16, period)
	var b beat
	var given, heard, taken time.Duration // what the card gave, when that was heard of, what was taken
	adjusted, starved := int64(0), 0
	for now := time.Duration(0); now < 3*time.Minute; now += time.Millisecond {
		late := now%(3*time.Second) < stall
		for ; !late && given+20*time.Millisecond <= now; given += 20 * time.Millisecond {
			in.put(chunk)
			b.heard(now, 20*time.Millisecond)
			s.late(int(b.late * 48000 / time.Second))
			heard = b.due
		}
		late = (now+time.Second)%(7*time.Second) < stall
		for ; !late && taken+10*time.Millisecond <= now; taken += 10 * time.Millisecond {
			if got := s.take(in, mic, int((now-heard)*48000/time.Second)); got < 480 && now > time.Minute {
				starved++
			}
		}
		if now == time.Minute {
			adjusted = s.adjusted.Load()
		}
	}
	if n := s.adjusted.Load() - adjusted; n > 500 || n < -500 || starved > 0 || s.skipped.Load() > 0 {
		t.Errorf("in two minutes %+d samples adjusted, %d skipped, starved %d times", n, s.skipped.Load(), starved)
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func TestStretchKeepsAToneAToneAndItsEnds(t *testing.T) {
	for _, n := range []int{476, 479, 480, 481, 484} {
		src, dst := make([]int16, n), make([]int16, 480)
		for i := range src {
			src[i] = int16(10000 * math.Sin(2*math.Pi*400*float64(i)/48000))
		}
		stretch(dst, src)
		if dst[0] != src[0] || dst[479] != src[n-1] {
			t.Errorf("%d: ends %d %d, want %d %d", n, dst[0], dst[479], src[0], src[n-1])
		}
		for i := 1; i < len(dst); i++ {
			if step := int(dst[i]) - int(dst[i-1]); step > 530 || step < -530 {
				t.Fatalf("%d: click of %d at %d", n, step, i)
			}
		}
	}
}
