package engine

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/audio"
	"opendeskphone/audio/tone"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// voice says a constant and remembers what it heard; constants make sums easy to check.
type voice struct {
	says  float32
	heard audio.Frame
	n     int
}

func (v *voice) Pull(f *audio.Frame) {
	for i := range f {
		f[i] = v.says
	}
}
func (v *voice) Push(f *audio.Frame) { v.heard = *f; v.n++ }

func frame(v float32) (f audio.Frame) {
	for i := range f {
		f[i] = v
	}
	return f
}

func near(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-4 }

func newEngine() *Engine { return New(Default(), nil, nil, quiet) }

func TestEverybodyHearsAllOthers(t *testing.T) {
	e := newEngine()
	a, b, c := &voice{says: 0.01}, &voice{says: 0.02}, &voice{says: 0.04}
	e.SetParties([]Party{a, b, c})
	mic, spk := frame(0.08), audio.Frame{}
	for range 5 {
		e.tick(&mic, &spk)
	}
	for _, w := range []struct {
		who  string
		got  float32
		want float32
	}{{"we", spk[479], 0.07}, {"a", a.heard[479], 0.14}, {"b", b.heard[479], 0.13}, {"c", c.heard[479], 0.11}} {
		if !near(w.got, w.want) {
			t.Errorf("%s heard %v, want %v", w.who, w.got, w.want)
		}
	}
	if a.n != 5 || e.Ticks() != 5 {
		t.Errorf("%d pushes, %d ticks", a.n, e.Ticks())
	}
}

func TestMuteSilencesOnlyUs(t *testing.T) {
	e := newEngine()
	a := &voice{says: 0.1}
	e.SetParties([]Party{a})
	mic, spk := frame(0.5), audio.Frame{}
	e.tick(&mic, &spk)
	e.SetMuted(true)
	e.tick(&mic, &spk) // fades
	if a.heard[0] == 0 || a.heard[479] != 0 {
		t.Errorf("mute did not fade: %v … %v", a.heard[0], a.heard[479])
	}
	e.tick(&mic, &spk)
	if a.heard != (audio.Frame{}) || !near(spk[0], 0.1) {
		t.Errorf("muted: party heard %v, we heard %v", a.heard[0], spk[0])
	}
	e.SetMuted(false)
	e.tick(&mic, &spk)
	e.tick(&mic, &spk)
	if !near(a.heard[0], 0.5) {
		t.Errorf("unmuted: party heard %v", a.heard[0])
	}
}

func TestEachPathHasItsVolume(t *testing.T) {
	e := newEngine()
	e.SetParties([]Party{&voice{says: 0.1}})
	e.SetVolume(Handset, UnityStep)
	e.SetVolume(Speaker, UnityStep-2)
	e.SetVolume(Headset, -5) // held to 0
	for _, w := range []struct {
		path Path
		want float32
	}{{Handset, 0.1}, {Speaker, 0.1 * audio.Gain(-6)}, {Headset, 0.1 * audio.Gain(-30)}, {200, 0.1 * audio.Gain(-6)}} {
		e.SetPath(w.path)
		var mic, spk audio.Frame
		for range 5 {
			e.tick(&mic, &spk)
		}
		if !near(spk[0], w.want) {
			t.Errorf("path %d: %v, want %v", w.path, spk[0], w.want)
		}
	}
}

func TestVolumeChangesWithoutAClick(t *testing.T) {
	e := newEngine()
	e.SetParties([]Party{&voice{says: 0.5}})
	var mic, spk audio.Frame
	e.tick(&mic, &spk)
	last := spk[479]
	e.SetVolume(Handset, 0)
	for range 3 {
		e.tick(&mic, &spk)
		for i, v := range spk {
			if d := math.Abs(float64(v - last)); d > 0.002 {
				t.Fatalf("step of %v at %d", d, i)
			}
			last = v
		}
	}
}

func TestLoudPartiesAreLimited(t *testing.T) {
	e := newEngine()
	e.SetVolume(Handset, MaxStep)
	e.SetParties([]Party{&voice{says: 0.9}, &voice{says: 0.9}})
	var mic, spk audio.Frame
	for range 20 {
		e.tick(&mic, &spk)
		for _, v := range spk {
			if v > 1 || v < -1 {
				t.Fatalf("sample of %v", v)
			}
		}
	}
}

func TestTonesGoToTheEarAndRingingToTheSpeaker(t *testing.T) {
	e := newEngine()
	a := &voice{}
	e.SetParties([]Party{a})
	loudest := func(ticks int) float64 {
		level := audio.Silence
		for range ticks {
			var mic, spk audio.Frame
			e.tick(&mic, &spk)
			level = max(level, spk.Level())
			if a.heard != (audio.Frame{}) {
				t.Fatal("the party hears our tones")
			}
		}
		return level
	}
	e.StartTone(tone.PlanOf("DE").Dial)
	if l := loudest(50); l < -40 {
		t.Errorf("dial tone at %.1f dBFS", l)
	}
	e.StopTone()
	loudest(5)
	if l := loudest(5); l > -80 {
		t.Errorf("tone stopped and still %.1f dBFS", l)
	}

	e.SetVolume(Handset, 0) // must not matter
	e.SetRingVolume(UnityStep)
	e.StartRing(tone.Rings()[0])
	soft, loud := loudest(20), loudest(600)
	if loud < -30 || loud < soft+6 {
		t.Errorf("ringing swells from %.1f to %.1f dBFS", soft, loud)
	}
	e.SetRingVolume(0)
	loudest(3)
	if l := loudest(300); l > audio.Silence {
		t.Errorf("silent ringer at %.1f dBFS", l)
	}
	e.SetRingVolume(UnityStep)
	e.StopRing()
	loudest(5)
	if l := loudest(200); l > -80 {
		t.Errorf("ringing stopped and still %.1f dBFS", l)
	}
}

func TestMetersPublishFifteenTimesASecond(t *testing.T) {
	e := newEngine()
	if mic, spk := e.Levels(); mic != audio.Silence || spk != audio.Silence {
		t.Errorf("fresh meters: %v %v", mic, spk)
	}
	e.SetParties([]Party{&voice{says: 0.01}})
	seen, last := 0, e.meters.mic.dBFS.Load()
	for i := range 100 {
		mic, spk := frame(0.1+float32(i)/1000), audio.Frame{}
		e.tick(&mic, &spk)
		if now := e.meters.mic.dBFS.Load(); now != last {
			seen, last = seen+1, now
		}
	}
	if seen != 15 {
		t.Errorf("published %d times in a second", seen)
	}
	if mic, spk := e.Levels(); mic < -15 || mic > -13 || spk < -40.5 || spk > -39.5 {
		t.Errorf("levels %.1f and %.1f dBFS", mic, spk)
	}
}

func TestTooManyPartiesAreCut(t *testing.T) {
	e := newEngine()
	e.SetParties(make([]Party, MaxParties+3))
	if n := e.Stats().Parties; n != MaxParties {
		t.Errorf("%d parties", n)
	}
}

func TestTickDoesNotAllocate(t *testing.T) {
	e := newEngine()
	e.SetParties([]Party{&voice{says: 0.1}, &voice{says: 0.2}, &voice{says: 0.3}})
	e.StartTone(tone.PlanOf("US").Ringback)
	e.StartRing(tone.Rings()[0])
	e.SetTap(&ear{}, true)
	mic, spk := frame(0.1), audio.Frame{}
	if n := testing.AllocsPerRun(200, func() { e.tick(&mic, &spk) }); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
	for _, rate := range []int{44100, 48000, 16000} {
		c, err := newCard(&echo{rate: rate})
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(200, func() {
			if c.exchange(&mic, &spk) != nil {
				t.Fatal("exchange failed")
			}
		}); n != 0 {
			t.Errorf("%d Hz: %v allocations an exchange", rate, n)
		}
	}
}

// echo is a card whose speaker is its microphone, one exchange later.
type echo struct {
	rate int
	held []int16
}

func (e *echo) Rate() int    { return e.rate }
func (e *echo) Close() error { return nil }
func (e *echo) Exchange(mic, spk []int16) error {
	if len(mic) != e.rate/100 || len(spk) != e.rate/100 {
		return errors.New("wrong length")
	}
	copy(mic, e.held)
	e.held = append(e.held[:0], spk...)
	return nil
}

func TestOtherRatesKeepTheLevel(t *testing.T) {
	for _, rate := range []int{8000, 16000, 32000, 44100, 48000, 96000} {
		c, err := newCard(&echo{rate: rate})
		if err != nil {
			t.Fatal(err)
		}
		var phase float64
		var mic, spk audio.Frame
		for range 20 {
			for i := range spk {
				spk[i] = float32(0.5 * math.Sin(phase))
				phase += 2 * math.Pi * 1000 / audio.Rate
			}
			if err := c.exchange(&mic, &spk); err != nil {
				t.Fatal(err)
			}
		}
		if d := mic.Level() - spk.Level(); math.Abs(d) > 0.3 {
			t.Errorf("%d Hz: level changes by %.2f dB", rate, d)
		}
	}
	for _, rate := range []int{0, 11025, 4000, 400000} {
		if _, err := newCard(&echo{rate: rate}); err == nil {
			t.Errorf("took a card of %d Hz", rate)
		}
	}
}

// cardOf paces like a real card and dies after so many exchanges.
type cardOf struct {
	pacer
	life   int
	closed *int
}

var errUnplugged = errors.New("unplugged")

func (c *cardOf) Exchange(mic, spk []int16) error {
	if c.life--; c.life < 0 {
		return errUnplugged
	}
	return c.pacer.Exchange(mic, spk)
}
func (c *cardOf) Close() error { *c.closed++; return nil }

func TestCallGoesOnWithoutACard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var news []error
		opened, closed := 0, 0
		open := func() (Device, error) {
			opened++
			if opened == 1 || opened == 3 {
				return nil, errors.New("no such card")
			}
			return &cardOf{pacer: pacer{sleep: time.Sleep}, life: 1000, closed: &closed}, nil
		}
		e := New(Default(), open, func(err error) { mu.Lock(); news = append(news, err); mu.Unlock() }, quiet)
		e.sleep = time.Sleep // the bubble's clock
		a := &voice{}
		e.SetParties([]Party{a})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- e.Run(ctx) }()

		<-time.After(time.Minute)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if a.n < 5990 || a.n > 6010 {
			t.Errorf("%d ticks in a minute", a.n)
		}
		if opened < 4 || closed != opened-2 {
			t.Errorf("%d cards opened, %d closed", opened, closed)
		}
		if st := e.Stats(); st.Faults == 0 || st.Cards != uint64(opened-2) {
			t.Errorf("stats %+v", st)
		}
		mu.Lock()
		defer mu.Unlock()
		if len(news) < 4 || news[0] == nil || news[1] != nil || !errors.Is(news[2], errUnplugged) {
			t.Errorf("told %v", news)
		}
	})
}

func TestOpeningACardDoesNotHoldUpTheSound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := func() (Device, error) {
			<-time.After(3 * time.Second) // a slow driver
			return nil, errors.New("busy")
		}
		e := New(Default(), open, nil, quiet)
		e.sleep = time.Sleep
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if err := e.Run(ctx); err != nil {
			t.Error(err)
		}
		if n := e.Ticks(); n < 298 || n > 302 {
			t.Errorf("%d ticks in three seconds", n)
		}
	})
}

func TestPhoneWithoutAnyCardIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var news []error
		e := New(Default(), nil, func(err error) { news = append(news, err) }, quiet)
		e.sleep = time.Sleep
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		e.Run(ctx)
		if len(news) != 1 || !errors.Is(news[0], ErrNoDevice) {
			t.Errorf("told %v", news)
		}
	})
}

func TestConfigIsChecked(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	for _, c := range []Config{{Handset: 16}, {Headset: -1}, {Speaker: 99}, {Ring: 16}} {
		if c.Validate() == nil {
			t.Errorf("accepted %+v", c)
		}
	}
}

func BenchmarkTick(b *testing.B) {
	e := newEngine()
	e.SetParties([]Party{&voice{says: 0.1}, &voice{says: 0.2}, &voice{says: 0.3}})
	mic, spk := frame(0.1), audio.Frame{}
	b.ReportAllocs()
	for range b.N {
		e.tick(&mic, &spk)
	}
}
