package voicebench

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"

	"opendeskphone/tools/voicebench/corpus"
)

// counted is what count.c prints.
var counted = regexp.MustCompile(`(\d+) spells, mean (\d+), most (\d+) instructions`)

// Cost counts instructions of the phone's processor, in millions a spell of 10 ms: on average for cleaning the microphone and for the whole
// of a call in Opus, and of the costliest spell in which the jitter buffer makes up sound. speexdsp's canceller with its preprocessor works
// at 16 kHz, and so on a third of the samples.
func (b *Bench) Cost(ctx context.Context) (Values, error) {
	s, err := b.scene(corpus.Named("dt_cold"), b.Seeds[0], b.Dir)
	if err != nil {
		return nil, err
	}
	works := [][]string{{b.Ticks, "clean"}, {b.Ticks, "call"}, {b.Ticks, "bridge-pcma"}, {b.Ticks, "bridge-g722"},
		{filepath.Join(b.Anchors, "speex-arm"), "aec", s.file("far"), s.file("mic"), s.file("out")}}
	mean, most := make([]float64, len(works)), make([]float64, len(works))
	err = b.each(ctx, "cost", len(works), func(i int, _ string) (err error) {
		mean[i], most[i], err = b.count(ctx, works[i])
		return err
	})
	return Values{
		"aec_ns_arm_instr_per_10ms":    {Ours: mean[0], "speexdsp": mean[4]},
		"tick_opus_arm_instr_per_10ms": {Ours: mean[1]},
		"jb_bridge_arm_instr_worst":    {Ours: max(most[2], most[3])},
	}, err
}

// count has the work of an ARM program counted, in millions of instructions.
func (b *Bench) count(ctx context.Context, work []string) (mean, most float64, err error) {
	cmd := exec.CommandContext(ctx, "qemu-arm", append([]string{"-L", b.Sysroot, "-plugin", filepath.Join(b.Anchors, "count.so")}, work...)...)
	out, err := cmd.CombinedOutput()
	m := counted.FindSubmatch(out)
	if err != nil {
		return 0, 0, fmt.Errorf("%s: %w: %s", cmd, err, out)
	}
	if m == nil {
		return 0, 0, fmt.Errorf("%s: no count: %s", cmd, out)
	}
	spells, _ := strconv.Atoi(string(m[1]))
	if mean, _ = strconv.ParseFloat(string(m[2]), 64); spells == 0 || mean == 0 {
		return 0, 0, fmt.Errorf("%s: nothing was counted: %s", cmd, out)
	}
	most, err = strconv.ParseFloat(string(m[3]), 64)
	return mean / 1e6, most / 1e6, err
}
