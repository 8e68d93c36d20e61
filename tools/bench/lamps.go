package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"opendeskphone/tools/lamps"
)

// restarts are how long the server of the lamps is away; one so short that nobody misses it is the worst over UDP.
var restarts = []time.Duration{time.Millisecond, 3 * time.Second}

const calm = 12 * time.Second

// measureLamps kills the server that tells who is in a call, and takes the worst of the times until the keys are right.
func measureLamps(ctx context.Context, b *bench) error {
	var worst time.Duration
	for _, transport := range []string{"udp", "tcp"} {
		took, err := recovery(ctx, filepath.Join(b.dir, "lamps-"+transport), transport)
		if err != nil {
			return fmt.Errorf("%s: %w", transport, err)
		}
		worst = max(worst, took)
	}
	b.ours("blf_recovery_s", "%.1f", worst.Seconds())
	return nil
}

func recovery(ctx context.Context, dir, transport string) (worst time.Duration, err error) {
	s, err := lamps.NewStage(ctx, dir, transport, false)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for _, away := range restarts {
		select { // a server that restarts again and again is registered with no faster than the pace allows
		case <-time.After(calm):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		took, err := s.Recovery(ctx, away)
		if err != nil {
			return 0, err
		}
		worst = max(worst, took)
	}
	return worst, nil
}
