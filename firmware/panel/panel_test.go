package panel

import (
	"context"
	"image"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
)

// bench is a panel with the centre behind it and recorders around it.
type bench struct {
	*phone.Loop
	keys    chan hal.KeyEvent
	touches chan hal.Touch

	mu       sync.Mutex
	effects  []phone.Effect
	screen   []hal.Key
	lit      map[hal.Lamp]bool
	switched map[hal.Lamp]int
	light    int
}

func (b *bench) Keys() <-chan hal.KeyEvent { return b.keys }
func (b *bench) Touches() <-chan hal.Touch { return b.touches }
func (b *bench) Close() error              { return nil }
func (b *bench) Key(e hal.KeyEvent)        { b.screen = append(b.screen, e.Key) }
func (b *bench) Touch(hal.Touch)           {}
func (b *bench) Size() image.Point         { return image.Pt(800, 480) }
func (b *bench) Backlight(percent int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.light = percent
	return nil
}
func (b *bench) Flush(*image.RGBA, image.Rectangle) error { return nil }
func (b *bench) Set(l hal.Lamp, on bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lit[l] = on
	b.switched[l]++
	return nil
}
func (b *bench) Record(*phone.State, time.Time, phone.Origin, phone.Input) {}

// lamp tells whether a lamp is lit and how often it was switched.
func (b *bench) lamp(l hal.Lamp) (on bool, switched int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lit[l], b.switched[l]
}

func (b *bench) backlight() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.light
}

func (b *bench) press(k hal.Key) {
	b.keys <- hal.KeyEvent{Key: k, Pressed: true}
	b.keys <- hal.KeyEvent{Key: k}
	synctest.Wait()
}

// with runs a test inside a bubble with a panel and one registered line.
func with(t *testing.T, f func(t *testing.T, b *bench)) {
	synctest.Test(t, func(t *testing.T) {
		b := &bench{keys: make(chan hal.KeyEvent), touches: make(chan hal.Touch), lit: map[hal.Lamp]bool{}, switched: map[hal.Lamp]int{}}
		cfg := phone.DefaultConfig()
		cfg.Lines = []phone.LineConfig{{AOR: "sip:100@example.com", Label: "100"}}
		b.Loop = phone.NewLoop(cfg, func(e phone.Effect) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.effects = append(b.effects, e)
		}, b, slog.New(slog.DiscardHandler))
		p := New(Config{Brightness: 80, Dim: time.Minute, Off: 10 * time.Minute}, b, hal.Devices{Keys: b, Lamps: b, Display: b}, b, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { b.Loop.Run(ctx) })
		wg.Go(func() { p.Run(ctx) })
		b.Post("test", phone.LineChanged{Line: 0, State: phone.LineRegistered})
		synctest.Wait()
		f(t, b)
		cancel()
		wg.Wait()
	})
}

func ring(b *bench) {
	b.Post("test", phone.Invited{Ref: 1, Remote: phone.Peer{Number: "200", URI: "sip:200@example.com"}})
	synctest.Wait()
}

func TestHookAnswersAndHangsUp(t *testing.T) {
	with(t, func(t *testing.T, b *bench) {
		ring(b)
		b.keys <- hal.KeyEvent{Key: hal.Hook, Pressed: true}
		synctest.Wait()
		if got := b.State().Calls[0].State; got != phone.Answering {
			t.Fatalf("lifting the handset left the call %v", got)
		}
		b.keys <- hal.KeyEvent{Key: hal.Hook}
		synctest.Wait()
		if n := len(b.State().Calls); n != 0 {
			t.Fatalf("putting the handset down left %d calls", n)
		}
	})
}

func TestAHeadsetTakesTheVoice(t *testing.T) {
	with(t, func(t *testing.T, b *bench) {
		for _, in := range []bool{true, false} {
			b.keys <- hal.KeyEvent{Key: hal.Jack, Pressed: in}
			synctest.Wait()
			if s := b.State(); s.Jack != in || (s.Path == phone.Headset) != in {
				t.Errorf("plugged in %v: state says %v, the voice is on the %v", in, s.Jack, s.Path)
			}
		}
	})
}

func TestRingLampBlinksOnlyWhileItRings(t *testing.T) {
	with(t, func(t *testing.T, b *bench) {
		_, before := b.lamp(hal.LampRing)
		ring(b)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if _, n := b.lamp(hal.LampRing); n-before < 19 || n-before > 21 { // 250 ms on, 250 ms off
			t.Errorf("the lamp switched %d times in 5 s of ringing, want 20", n-before)
		}
		if err := b.Do(t.Context(), "test", phone.Reject{Call: 1}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		_, at := b.lamp(hal.LampRing)
		time.Sleep(time.Minute)
		synctest.Wait()
		if on, n := b.lamp(hal.LampRing); on || n > at+1 {
			t.Errorf("after the call the lamp is lit=%v and switched %d times more", on, n-at)
		}
	})
}

func TestKeysReachTheScreenAndPathsLight(t *testing.T) {
	with(t, func(t *testing.T, b *bench) {
		b.press(hal.Soft1)
		if len(b.screen) != 2 || b.screen[0] != hal.Soft1 {
			t.Errorf("the screen got %v", b.screen)
		}
		for _, c := range []phone.Command{phone.PressPath{Path: phone.Speaker}, phone.Mute{On: true}} {
			if err := b.Do(t.Context(), "test", c); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		for _, l := range []hal.Lamp{hal.LampSpeaker, hal.LampMute, hal.LampLine1} {
			if on, _ := b.lamp(l); !on {
				t.Errorf("dialling hands-free and muted, the lamp %v is dark", l)
			}
		}
	})
}

func TestScreenDimsAndWakes(t *testing.T) {
	with(t, func(t *testing.T, b *bench) {
		for _, step := range []struct {
			wait time.Duration
			want int
		}{{0, 80}, {61 * time.Second, dimmed}, {9 * time.Minute, 0}} {
			time.Sleep(step.wait)
			synctest.Wait()
			if b.backlight() != step.want {
				t.Errorf("after %v more: backlight %d %%, want %d", step.wait, b.backlight(), step.want)
			}
		}
		b.press(hal.OK)
		if b.backlight() != 80 {
			t.Errorf("a key left the backlight at %d %%", b.backlight())
		}
		time.Sleep(20 * time.Minute)
		if err := b.Do(t.Context(), "test", phone.PlayRecording{ID: "message"}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if b.backlight() != 80 {
			t.Errorf("what is played left the backlight at %d %%", b.backlight())
		}
		b.Post("test", phone.LineChanged{State: phone.LineFailing, Fault: phone.WrongPassword})
		time.Sleep(20 * time.Minute)
		synctest.Wait()
		if b.backlight() != 80 {
			t.Error("the screen went out over a fault its user must see")
		}
	})
}

func TestLampsOfOtherPeople(t *testing.T) {
	s := phone.New(phone.Config{Lines: []phone.LineConfig{{}}, Watch: []phone.WatchConfig{{Number: "1"}, {Number: "2"}, {Number: "3"}, {Number: "4"}}})
	for i, want := range []blink{dark, dark, ringing, steady} {
		s.Watched[i].Lamp = []phone.Lamp{phone.LampUnknown, phone.LampFree, phone.LampRinging, phone.LampBusy}[i]
		if got := rhythms(&s)[hal.LampLine2+hal.Lamp(i)]; got != want {
			t.Errorf("%v: %v, want %v", s.Watched[i].Lamp, got, want)
		}
	}
}

func TestLampsOfASharedLine(t *testing.T) {
	s := phone.New(phone.Config{Lines: []phone.LineConfig{{Appearances: 4}}})
	for i, want := range []blink{dark, ringing, steady, held} {
		s.Appearances[i].State = []phone.AppearanceState{phone.AppearanceFree, phone.AppearanceRinging, phone.AppearanceBusy, phone.AppearanceHeld}[i]
		if got := rhythms(&s)[hal.LampLine2+hal.Lamp(i)]; got != want {
			t.Errorf("%v: %v, want %v", s.Appearances[i].State, got, want)
		}
	}
	s.Calls = []phone.Call{{Appearance: 1, State: phone.Held}}
	if got := rhythms(&s)[hal.LampLine2]; got != held {
		t.Errorf("our own held call: %v", got)
	}
}
