package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"opendeskphone/tools/nat"
)

// measureNAT calls across NATs of each kind in each way, and counts the calls in which both hear each other. The cells
// stand below the figures.
func measureNAT(ctx context.Context, b *bench) error {
	cells, err := nat.All(ctx, filepath.Join(b.dir, "nat"), func(c nat.Cell) {
		fmt.Fprintln(os.Stderr, "bench:", c)
	})
	if err != nil {
		return err
	}
	n, of := nat.Count(cells)
	b.ours("nat_cells_two_way", "%s", fmt.Sprintf("%d of %d", n, of))
	b.below += "\n## Calls across NATs\nVoice between the phone behind a NAT and baresip 1.0.0, by Kamailio and coturn, of `nat_cells_two_way`. " +
		"Where it says ours the far side is a second phone; without a relay some cells are impossible whatever one does.\n\n" + nat.Table(cells)
	return nil
}
