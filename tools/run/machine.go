package main

import (
	"bytes"
	"context"
	"image"
	"image/draw"
	"log/slog"
	"sync"
	"time"

	"opendeskphone/hal"
	"opendeskphone/tools/qemu"
)

// bench is the phone in QEMU as the front panel sees it.
type bench struct {
	*qemu.Machine
	log *slog.Logger

	mu        sync.Mutex
	pic       *image.RGBA
	changed   chan struct{}
	lamps     map[string]bool
	listeners map[chan []byte]bool
	rest      []byte // of the speaker's sound, less than a piece
}

const (
	looks = 100 * time.Millisecond // between two looks at QEMU's screen
	piece = 2 * 480                // bytes of 10 ms
)

func newBench(log *slog.Logger) *bench {
	return &bench{log: log, changed: make(chan struct{}), lamps: map[string]bool{}, listeners: map[chan []byte]bool{}, pic: image.NewRGBA(image.Rect(0, 0, 800, 480))}
}

// run looks at the screen and the lamps until ctx ends; then it switches the machine off.
func (b *bench) run(ctx context.Context) error {
	defer b.Stop()
	tick := time.NewTicker(looks)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case l, ok := <-b.Machine.Lamps():
			if ok {
				b.mu.Lock()
				b.lamps[l.Lamp.String()] = l.On
				b.mu.Unlock()
			}
		case <-tick.C:
			if !b.watched() {
				continue
			}
			if err := b.look(); err != nil {
				b.log.Debug("no picture", "err", err)
			}
		}
	}
}

// watched tells whether a browser looks on; each listens too.
func (b *bench) watched() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.listeners) > 0
}

func (b *bench) look() error {
	shot, err := b.Screenshot()
	if err != nil {
		return err
	}
	pic := image.NewRGBA(image.Rectangle{Max: shot.Bounds().Size()})
	draw.Draw(pic, pic.Rect, shot, shot.Bounds().Min, draw.Src)
	b.mu.Lock()
	defer b.mu.Unlock()
	if bytes.Equal(pic.Pix, b.pic.Pix) {
		return nil
	}
	b.pic = pic
	close(b.changed)
	b.changed = make(chan struct{})
	return nil
}

// Picture implements panel.Phone.
func (b *bench) Picture() (*image.RGBA, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pic, nil // never written again
}

// Changed implements panel.Phone.
func (b *bench) Changed() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.changed
}

// Press implements panel.Phone.
func (b *bench) Press(k hal.Key, down bool) {
	if err := b.Key(k, down); err != nil {
		b.log.Warn("key", "key", k, "err", err)
	}
}

// Touch implements panel.Phone.
func (b *bench) Touch(at image.Point, down bool) {
	if err := b.Machine.Touch(at, down); err != nil {
		b.log.Warn("touch", "err", err)
	}
}

// Lamps implements panel.Phone.
func (b *bench) Lamps() map[string]bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[string]bool{}
	for l, on := range b.lamps {
		out[l] = on
	}
	return out
}

// Speak implements panel.Phone.
func (b *bench) Speak(pcm []byte) {
	if _, err := b.Mic().Write(pcm); err != nil {
		b.log.Debug("microphone", "err", err)
	}
}

// Listen implements panel.Phone.
func (b *bench) Listen(ctx context.Context) <-chan []byte {
	out := make(chan []byte, 50)
	b.mu.Lock()
	b.listeners[out] = true
	b.mu.Unlock()
	context.AfterFunc(ctx, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.listeners, out)
		close(out)
	})
	return out
}

// Write takes what the phone plays and hands it on in pieces of 10 ms.
func (b *bench) Write(pcm []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rest = append(b.rest, pcm...)
	for len(b.rest) >= piece {
		sound := bytes.Clone(b.rest[:piece])
		b.rest = append(b.rest[:0], b.rest[piece:]...)
		for l := range b.listeners {
			select {
			case l <- sound:
			default: // a browser that is too slow loses sound, not the phone
			}
		}
	}
	return len(pcm), nil
}
