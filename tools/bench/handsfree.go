package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
)

// handsFree is what the end-to-end test says of each of its tries.
var handsFree = regexp.MustCompile(`10m0s of talk with \d+ pictures drawn and \d+ questions answered: (\d+) gaps at the loudspeaker; \d+ packets of voice, (\d+) missing`)

// measureHandsFree has the image talk hands-free for ten minutes, drawn and asked all the while. Of the tries that the test
// allows itself on a machine that others use, the last one counts.
func measureHandsFree(ctx context.Context, b *bench) error {
	c := exec.CommandContext(ctx, cli.E2E, "-test.v", "-test.timeout", "60m", "-test.run", "^TestRealTime$", "-handsfree", "10m",
		"-out", filepath.Join(b.dir, "handsfree"), "-image", b.image)
	c.Dir, c.Stderr = "tools/e2e", os.Stderr
	out, err := c.Output()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	all := handsFree.FindAllSubmatch(out, -1)
	if len(all) == 0 {
		return fmt.Errorf("no figure in what the test says: %s", out)
	}
	last := all[len(all)-1]
	b.ours("handsfree_qemu_gaps", "%s", last[1])
	b.ours("handsfree_qemu_lost", "%s", last[2])
	return nil
}
