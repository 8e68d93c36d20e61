// Package linux is the phone's hardware as the Linux kernel shows it: keys and touch by evdev, the
// panel by DRM/KMS or fbdev, lamps by LED classes, GPIO lines or a virtio port, the mixer by the
// sound card's control device, the watchdog. It uses plain system calls and no cgo. Which device is
// what, the board says.
package linux

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"opendeskphone/boards"
	"opendeskphone/hal"
)

// patience is how long Open waits for a display: its driver may still be looking for the panel.
const patience = 5 * time.Second

// Hardware is a board's opened hardware.
type Hardware struct {
	hal.Devices
	open []io.Closer
}

// Open opens all that the board has. A part that cannot be opened is left out with a log line: a
// phone without its lamps still calls. Sound is not opened here; it is the sound card package's.
func Open(ctx context.Context, b *boards.Board, log *slog.Logger) *Hardware {
	h := &Hardware{}
	if d, err := openDisplay(ctx, b.Display, log); err != nil {
		log.Error("no display", "err", err)
	} else {
		h.Display = d
		h.open = append(h.open, d)
	}
	panel := b.Display.Size
	if h.Display != nil {
		panel = h.Display.Size()
	}
	k := OpenKeys(b, panel, log)
	h.Keys = k
	h.open = append(h.open, k)
	l := openLamps(b.Lamps, log)
	h.Lamps = l
	h.open = append(h.open, l)
	if b.Sound.Mixer.Card != "" {
		m := OpenMixer(b.Sound.Mixer, log)
		h.Mixer = m
		h.open = append(h.open, m)
	}
	if b.Watchdog != "" {
		if w, err := OpenWatchdog(b.Watchdog); err != nil {
			log.Error("no watchdog", "err", err)
		} else {
			h.Watchdog = w
			h.open = append(h.open, w)
		}
	}
	return h
}

// Close closes everything Open opened.
func (h *Hardware) Close() error {
	var errs []error
	for _, c := range h.open {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// openDisplay tries the DRM device, then the frame buffer, until one is there or patience ends.
func openDisplay(ctx context.Context, d boards.Display, log *slog.Logger) (hal.Display, error) {
	light, err := openBacklight(d.Backlight)
	if err != nil {
		log.Warn("no backlight", "err", err)
	}
	for end := time.Now().Add(patience); ; {
		kms, err := OpenKMS(d.Card, d.Size, light)
		if err == nil {
			log.Info("display", "size", kms.Size(), "flips", !kms.dirty)
			return kms, nil
		}
		fb, fbErr := OpenFramebuffer(d.Framebuffer, light)
		if fbErr == nil {
			log.Warn("the display has no DRM device; using the frame buffer", "err", err)
			return fb, nil
		}
		if time.Now().After(end) {
			return nil, errors.Join(err, fbErr)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("linux: open display: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
