package main

import (
	"context"
	"path/filepath"

	"opendeskphone/tools/handover"
	"opendeskphone/tools/lab"
)

// escalations is how many calls are moved.
const escalations = 11

// measureEscalation measures how long the far side hears nothing while its call moves from the phone
// to a program on a computer.
func measureEscalation(ctx context.Context, b *bench) error {
	gaps, err := handover.Escalations(ctx, filepath.Join(b.dir, "escalation"), escalations)
	if err != nil {
		return err
	}
	b.ours("escalation_gap_ms", "%.0f", ms(lab.Percentile(gaps, 50)))
	return nil
}
