package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"opendeskphone/tools/siege"
)

const (
	attacked = 20 * time.Second // each attack
	soaked   = 10_000           // calls
	soakWarm = 6_000            // calls before: the call log is full then, and tables and the heap, with its holes, as large as they get
)

// measureSiege attacks the phone, and baresip in its place, while they talk.
func measureSiege(ctx context.Context, b *bench) error {
	if err := besiege(ctx, filepath.Join(b.dir, "siege-of-baresip"), true, b.anchor); err != nil {
		return fmt.Errorf("baresip: %w", err)
	}
	return besiege(ctx, filepath.Join(b.dir, "siege"), false, b.ours)
}

func besiege(ctx context.Context, dir string, anchor bool, put func(id, format string, v any)) error {
	s, err := siege.New(ctx, dir, anchor)
	if err != nil {
		return err
	}
	defer s.Close()
	c, err := s.Call(ctx, false)
	if err != nil {
		return err
	}
	flood, err := c.Under(ctx, attacked, s.Flood(5_000))
	if err != nil {
		return err
	}
	put("flood_gap_ms", "%.1f", ms(flood.Gap))
	put("flood_answered_percent", "%.0f", 100*float64(flood.Answered)/float64(flood.Asked))
	put("flood_rss_growth_mb", "%.1f", float64(flood.Grown)/1e6)
	if flood, err = c.Under(ctx, attacked, s.Flood(20_000)); err != nil {
		return err
	}
	put("flood_20000_gap_ms", "%.1f", ms(flood.Gap))
	put("flood_20000_pps", "%.2f", flood.PPS)
	blast, err := c.Under(ctx, attacked, c.Blast(2_000, 1, false))
	if err != nil {
		return err
	}
	put("blast_gap_ms", "%.1f", ms(blast.Gap))
	put("blast_pps", "%.2f", blast.PPS)
	if anchor { // nobody hears what baresip plays
		return nil
	}
	put("blast_heard", "%.4f", blast.Foe)
	if err := c.End(ctx); err != nil {
		return err
	}
	if c, err = s.Call(ctx, true); err != nil {
		return err
	}
	if blast, err = c.Under(ctx, attacked, c.Blast(2_000, 2, true)); err != nil {
		return err
	}
	put("blast_srtp_heard", "%.4f", blast.Foe)
	return nil
}

// measureSoak has sipp make calls without end.
func measureSoak(ctx context.Context, b *bench) error {
	s, err := siege.New(ctx, filepath.Join(b.dir, "soak"), false)
	if err != nil {
		return err
	}
	defer s.Close()
	before, after, err := s.Soak(ctx, soakWarm, soaked, siege.Forgets)
	if err != nil {
		return err
	}
	b.ours("soak_calls", "%d", soaked)
	b.ours("soak_rss_growth_mb", "%.1f", float64(after.RSS-before.RSS)/1e6)
	b.ours("soak_leaks", "%d", after.Goroutines-before.Goroutines+after.Descriptors-before.Descriptors)
	return nil
}
