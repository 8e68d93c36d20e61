package ui

import (
	"context"
	"errors"
	"image"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/sip/trace"
	"opendeskphone/ui/screen"
)

// display keeps what was flushed.
type display struct {
	mu    sync.Mutex
	rects []image.Rectangle
	texts []string // what stands on the display
	app   *App
	fail  error
}

func (d *display) Size() image.Point { return image.Pt(800, 480) }
func (d *display) Flush(_ *image.RGBA, r image.Rectangle) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rects = append(d.rects, r)
	if d.app != nil {
		d.texts = nil
		for _, w := range d.app.canvas.Shown().Words() {
			d.texts = append(d.texts, w.Text)
		}
	}
	return d.fail
}
func (d *display) Backlight(int) error { return nil }
func (d *display) Close() error        { return nil }

// flushed gives what was flushed since the last call.
func (d *display) flushed() []image.Rectangle {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.rects
	d.rects = nil
	return r
}

// noBoxes is a server that gives no messages out.
type noBoxes struct{}

func (noBoxes) Box(phone.LineID) (box screen.Box, ok bool) { return box, false }
func (noBoxes) Refresh(phone.LineID)                       {}
func (noBoxes) Mark(string, bool)                          {}
func (noBoxes) Delete(string)                              {}
func (noBoxes) Undelete(string)                            {}
func (noBoxes) Heard() (at screen.Place, ok bool)          { return at, false }

type nothing struct{}

func (nothing) Contacts() []screen.Contact                                { return nil }
func (nothing) AddContact(screen.Contact) error                           { return nil }
func (nothing) DeleteContact(string) error                                { return nil }
func (nothing) Calls() []phone.Record                                     { return nil }
func (nothing) NoteLogged(string, string) error                           { return nil }
func (nothing) DeleteCalls(...string) int                                 { return 0 }
func (nothing) Stats(phone.CallID) screen.Stats                           { return screen.Stats{} }
func (nothing) OfCall(phone.CallID) (l trace.Ladder, ok bool)             { return l, false }
func (nothing) OfRecord(*phone.Record) (l trace.Ladder, ok bool)          { return l, false }
func (nothing) OfAccount(string) (l trace.Ladder, ok bool)                { return l, false }
func (nothing) Account(phone.LineID) screen.Account                       { return screen.Account{} }
func (nothing) SetAccount(phone.LineID, screen.Account) error             { return nil }
func (nothing) Options() screen.Options                                   { return screen.Options{Theme: "dark"} }
func (nothing) SetOptions(screen.Options) error                           { return nil }
func (nothing) SetRules(phone.Rules) error                                { return nil }
func (nothing) RingTones() []string                                       { return nil }
func (nothing) Locations() []string                                       { return nil }
func (nothing) About() screen.About                                       { return screen.About{} }
func (nothing) Record(*phone.State, time.Time, phone.Origin, phone.Input) {}

// bench is a phone with its screens, running.
type bench struct {
	app     *App
	loop    *phone.Loop
	display *display
	mu      sync.Mutex
	effects []phone.Effect
}

func (b *bench) exec(e phone.Effect) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.effects = append(b.effects, e)
}

// start runs a phone with one line that is signed in, inside a bubble.
func start(t *testing.T) *bench {
	t.Helper()
	b := &bench{display: &display{}}
	log := slog.New(slog.DiscardHandler)
	c := phone.DefaultConfig()
	c.Lines = []phone.LineConfig{{AOR: "sip:2417@nordwerk.example", Label: "2417", Display: "Anna Weber"}}
	b.loop = phone.NewLoop(c, b.exec, nothing{}, log)
	n := nothing{}
	app, err := New(b.display, b.loop, screen.Sources{Contacts: n, Log: n, Media: n, Settings: n, Ladders: n, Mailboxes: noBoxes{}}, log)
	if err != nil {
		t.Fatal(err)
	}
	b.app, b.display.app = app, app
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = b.loop.Run(ctx) })
	if err := b.loop.Do(ctx, "store", phone.SetRingVolume{Level: 4}); err != nil { // as a phone remembers it
		t.Fatal(err)
	}
	running.Go(func() {
		if err := app.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); running.Wait() })
	b.loop.Post("test", phone.LineChanged{Line: 0, State: phone.LineRegistered})
	synctest.Wait()
	return b
}

func (b *bench) press(keys ...hal.Key) {
	for _, k := range keys {
		b.app.Key(hal.KeyEvent{Key: k, Pressed: true})
		b.app.Key(hal.KeyEvent{Key: k})
	}
	synctest.Wait()
}

// texts gives what stands on the screen.
func (b *bench) texts() []string {
	b.display.mu.Lock()
	defer b.display.mu.Unlock()
	return b.display.texts
}

// pass lets bubble time go by.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func (b *bench) sent() (target string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.effects {
		if i, ok := e.(phone.SendInvite); ok {
			target = i.Target
		}
	}
	return target
}

func TestDigitsFromHomeMakeACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t)
		b.press(hal.Digit2, hal.Digit4, hal.Digit3, hal.Digit1, hal.Soft1)
		if got := b.sent(); got != "2431" {
			t.Fatalf("the phone called %q, want 2431", got)
		}
	})
}

func TestLongZeroIsPlus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t)
		b.app.Key(hal.KeyEvent{Key: hal.Digit0, Pressed: true})
		pass(700 * time.Millisecond)
		b.app.Key(hal.KeyEvent{Key: hal.Digit0})
		b.press(hal.Digit4, hal.Digit9)
		if c := b.loop.State().Foreground(); c == nil || c.Digits != "+49" {
			t.Fatalf("typed %+v, want +49", c)
		}
	})
}

func TestNothingChangedNothingFlushed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t)
		b.display.flushed()
		b.app.Refresh()
		synctest.Wait()
		if r := b.display.flushed(); len(r) > 0 {
			t.Fatalf("flushed %v though nothing changed", r)
		}
	})
}

func TestASecondOfACallDamagesLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t)
		b.press(hal.Digit2, hal.Digit4, hal.Digit3, hal.Digit1, hal.Soft1)
		id := b.loop.State().Foreground().ID
		b.loop.Post("test", phone.Accepted{Call: id})
		synctest.Wait()
		pass(2500 * time.Millisecond)
		b.display.flushed()
		pass(time.Second)
		area := 0
		for _, r := range b.display.flushed() {
			area += r.Dx() * r.Dy()
		}
		if area == 0 || area > 800*480/8 {
			t.Fatalf("a second of a call flushed %d px", area)
		}
	})
}

func TestScreenOfAnEndedCallAndHomeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t)
		b.press(hal.Digit2, hal.Digit4, hal.Digit3, hal.Digit1, hal.Soft1)
		id := b.loop.State().Foreground().ID
		b.loop.Post("test", phone.Accepted{Call: id})
		b.loop.Post("test", phone.Byed{Call: id, Cause: phone.RemoteHangup})
		synctest.Wait()
		if !slices.Contains(b.texts(), "Call ended") {
			t.Fatalf("the screen says %q", b.texts())
		}
		pass(4 * time.Second)
		if slices.Contains(b.texts(), "Call ended") {
			t.Fatal("the ended call stays on the screen")
		}
	})
}

func TestVolumeShowsWhenItIsTurnedAndNotBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t)
		shown := func() bool {
			return slices.ContainsFunc(b.texts(), func(s string) bool { return strings.HasPrefix(s, "Ringer volume") })
		}
		if shown() {
			t.Error("what was set before the screen came is shown as news")
		}
		b.press(hal.VolumeUp)
		if !shown() {
			t.Error("the key's volume is not shown")
		}
	})
}

func TestRefusalIsASentence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t)
		b.loop.Post("test", phone.LineChanged{Line: 0, State: phone.LineFailing, Fault: phone.RegistrarUnreachable})
		synctest.Wait()
		b.press(hal.Digit2, hal.Soft1)
		if want := "This line is not signed in."; !slices.Contains(b.texts(), want) {
			t.Fatalf("the screen says %q, want %q", b.texts(), want)
		}
	})
}

func TestTouchIsAKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t)
		b.app.Touch(hal.Touch{At: image.Pt(80, 450), Pressed: true}) // New call
		synctest.Wait()
		if c := b.loop.State().Foreground(); c == nil || c.State != phone.Dialing {
			t.Fatal("touching the first soft key of the home screen did not begin a call")
		}
	})
}

func TestMenuFallsBackToHome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t)
		b.press(hal.Soft3)
		if !slices.Contains(b.texts(), "Contacts") {
			t.Fatalf("the screen says %q", b.texts())
		}
		pass(121 * time.Second)
		if !slices.Contains(b.texts(), "Anna Weber") {
			t.Fatalf("after 121 s the screen says %q", b.texts())
		}
	})
}

func TestBrokenDisplayEndsRun(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	n, d := nothing{}, &display{fail: errors.New("gone")}
	loop := phone.NewLoop(phone.DefaultConfig(), func(phone.Effect) {}, n, log)
	app, err := New(d, loop, screen.Sources{Contacts: n, Log: n, Media: n, Settings: n, Ladders: n, Mailboxes: noBoxes{}}, log)
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Run(t.Context()); err == nil {
		t.Fatal("Run ended without an error")
	}
}

// flushes tells each flush of the display.
type flushes struct {
	display
	c chan struct{}
}

func (f *flushes) Flush(*image.RGBA, image.Rectangle) error {
	select {
	case f.c <- struct{}{}:
	default:
	}
	return nil
}

// BenchmarkKeyToPixels is the time from a key to its picture on the display: the command goes to the phone and back, and
// another screen is painted whole.
func BenchmarkKeyToPixels(b *testing.B) {
	log := slog.New(slog.DiscardHandler)
	n, d := nothing{}, &flushes{c: make(chan struct{}, 1)}
	c := phone.DefaultConfig()
	c.Lines = []phone.LineConfig{{AOR: "sip:2417@nordwerk.example", Label: "2417", Display: "Anna Weber"}}
	loop := phone.NewLoop(c, func(phone.Effect) {}, n, log)
	app, err := New(d, loop, screen.Sources{Contacts: n, Log: n, Media: n, Settings: n, Ladders: n, Mailboxes: noBoxes{}}, log)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = loop.Run(ctx) })
	running.Go(func() { _ = app.Run(ctx) })
	<-d.c
	keys := []hal.Key{hal.Soft1, hal.Soft5} // New call, and Back
	for i := 0; b.Loop(); i++ {
		app.Key(hal.KeyEvent{Key: keys[i%2], Pressed: true})
		<-d.c
	}
	cancel()
	running.Wait()
}
