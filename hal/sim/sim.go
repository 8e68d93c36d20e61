// Package sim is the twin of the hardware that ships beside it: a panel in memory, keys that are
// pressed by calling Press, lamps to look at, a virtual sound card, and a USB port with a PC's hands
// on the other end. It serves the desktop simulator, the small exchange's extensions and every test
// of a whole phone; its clock is plain time, so in a testing/synctest bubble the whole twin runs on
// virtual time.
package sim

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"strings"
	"sync"

	"opendeskphone/hal"
)

// Twin is one simulated phone. Its methods may be called from any goroutine.
type Twin struct {
	Card *Card
	USB  *USB

	keys    chan hal.KeyEvent
	touches chan hal.Touch
	closed  chan struct{}
	once    sync.Once

	mu      sync.Mutex
	pic     *image.RGBA
	light   int
	lamps   map[hal.Lamp]bool
	changed chan struct{}
}

// New makes a twin with a panel of the given size in pixels.
func New(size image.Point) *Twin {
	return &Twin{
		Card: newCard(), USB: newUSB(), keys: make(chan hal.KeyEvent, 64), touches: make(chan hal.Touch, 64), closed: make(chan struct{}),
		pic: image.NewRGBA(image.Rectangle{Max: size}), lamps: map[hal.Lamp]bool{}, changed: make(chan struct{}),
	}
}

// Devices gives the twin as the hardware of a phone.
func (t *Twin) Devices() hal.Devices {
	return hal.Devices{Display: display{t}, Keys: keys{t}, Lamps: lamps{t}, OpenSound: t.Card.open, OpenUSB: t.USB.open}
}

// Press presses a key, or lets it go.
func (t *Twin) Press(k hal.Key, down bool) {
	select {
	case t.keys <- hal.KeyEvent{Key: k, Pressed: down}:
	case <-t.closed:
	}
}

// Tap presses a key and lets it go.
func (t *Twin) Tap(k hal.Key) {
	t.Press(k, true)
	t.Press(k, false)
}

// Touch touches the panel, or lets go of it.
func (t *Twin) Touch(at image.Point, down bool) {
	select {
	case t.touches <- hal.Touch{At: at, Pressed: down}:
	case <-t.closed:
	}
}

// Type taps keys by name, "1 2 3 soft1"; "lift" and "cradle" move the handset, "plug" and "pull"
// a headset.
func (t *Twin) Type(script string) error {
	for word := range strings.FieldsSeq(script) {
		switch k, ok := hal.KeyByName(word); {
		case word == "lift" || word == "cradle":
			t.Press(hal.Hook, word == "lift")
		case word == "plug" || word == "pull":
			t.Press(hal.Jack, word == "plug")
		case ok:
			t.Tap(k)
		default:
			return fmt.Errorf("sim: no key is called %q", word)
		}
	}
	return nil
}

// Picture gives what the panel shows; the copy is the caller's.
func (t *Twin) Picture() (*image.RGBA, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := image.NewRGBA(t.pic.Bounds())
	copy(out.Pix, t.pic.Pix)
	return out, nil
}

// Changed is closed when the panel has changed since the call.
func (t *Twin) Changed() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.changed
}

// Light gives the backlight in percent.
func (t *Twin) Light() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.light
}

// Lamps gives the lamps by name, true for lit ones.
func (t *Twin) Lamps() map[string]bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := map[string]bool{}
	for l, on := range t.lamps {
		out[l.String()] = on
	}
	return out
}

// Listen delivers what the speaker plays, see Card.Listen.
func (t *Twin) Listen(ctx context.Context) <-chan []byte { return t.Card.Listen(ctx) }

// Speak puts sound before the microphone, see Card.Speak.
func (t *Twin) Speak(pcm []byte) { t.Card.Speak(pcm) }

type display struct{ *Twin }

// Size implements hal.Display.
func (d display) Size() image.Point { return d.pic.Bounds().Size() }

// Flush implements hal.Display.
func (d display) Flush(pic *image.RGBA, damage image.Rectangle) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !damage.In(d.pic.Bounds()) {
		return errors.New("sim: damage reaches beyond the panel")
	}
	draw.Draw(d.pic, damage, pic, damage.Min, draw.Src)
	close(d.changed)
	d.changed = make(chan struct{})
	return nil
}

// Backlight implements hal.Display.
func (d display) Backlight(percent int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.light = percent
	return nil
}

// Close implements hal.Display.
func (d display) Close() error { return nil }

type keys struct{ *Twin }

// Keys implements hal.Keys.
func (k keys) Keys() <-chan hal.KeyEvent { return k.keys }

// Touches implements hal.Keys.
func (k keys) Touches() <-chan hal.Touch { return k.touches }

// Close implements hal.Keys. The channels stay open: a press after Close goes nowhere.
func (k keys) Close() error {
	k.once.Do(func() { close(k.closed) })
	return nil
}

type lamps struct{ *Twin }

// Set implements hal.Lamps.
func (l lamps) Set(lamp hal.Lamp, on bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lamps[lamp] = on
	return nil
}
