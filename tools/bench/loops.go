package main

import (
	"context"
	"path/filepath"

	"opendeskphone/tools/handover"
)

// measureLoops has an old exchange fork calls back to where they came from, in every way it can, and counts the INVITEs too
// many, as tshark saw them. The worst counts.
func measureLoops(ctx context.Context, b *bench) error {
	worst, err := handover.WorstLoop(ctx, filepath.Join(b.dir, "loops"))
	if err != nil {
		return err
	}
	b.ours("loop_extra_invites", "%d", worst)
	return nil
}
