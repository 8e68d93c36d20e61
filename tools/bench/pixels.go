package main

import (
	"context"
	"path/filepath"
	"slices"
	"time"

	"opendeskphone/hal"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
)

// measurePixels presses digits and Back on the home screen: each press changes most of the screen.
func measurePixels(ctx context.Context, b *bench) error {
	lan, err := lab.NewLAN(filepath.Join(b.dir, "pixels"))
	if err != nil {
		return err
	}
	defer lan.Close()
	twin, err := desk.StartTwin(ctx, desk.Setup{Name: "ours", LAN: lan, Host: oursHost, Settings: oursSettings()})
	if err != nil {
		return err
	}
	defer twin.Close()
	if err := pause(ctx, time.Second); err != nil {
		return err
	}
	var took []time.Duration
	for range 20 {
		for _, k := range []hal.Key{hal.Digit5, hal.Digit7, hal.Soft5} {
			pressed, changed, err := twin.NextPicture(k)
			if err != nil {
				return err
			}
			took = append(took, changed.Sub(pressed))
			if err := pause(ctx, 150*time.Millisecond); err != nil { // pressed keys flash
				return err
			}
		}
	}
	slices.Sort(took)
	b.ours("key_to_pixels_ms", "%.2f", ms(lab.Percentile(took, 50)))
	return nil
}
