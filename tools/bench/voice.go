package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"opendeskphone/tools/voicebench"
	"opendeskphone/tools/voicebench/corpus"
)

// prefixed are the ids of the figures that begin so, but for those of instructions.
func prefixed(with string) (ids []string) {
	for _, f := range figures {
		if strings.HasPrefix(f.id, with) && !strings.Contains(f.id, "_arm_instr_") {
			ids = append(ids, f.id)
		}
	}
	return ids
}

func measureEcho(ctx context.Context, b *bench) error {
	return b.voice(func(v *voicebench.Bench) (voicebench.Values, error) { return v.Echo(ctx) })
}

func measureNoise(ctx context.Context, b *bench) error {
	return b.voice(func(v *voicebench.Bench) (voicebench.Values, error) { return v.Noise(ctx) })
}

func measureLoss(ctx context.Context, b *bench) error {
	return b.voice(func(v *voicebench.Bench) (voicebench.Values, error) { return v.Loss(ctx) })
}

func measureJitter(ctx context.Context, b *bench) error {
	return b.voice(func(v *voicebench.Bench) (voicebench.Values, error) { return v.Jitter(ctx) })
}

func measureCost(ctx context.Context, b *bench) error {
	return b.voice(func(v *voicebench.Bench) (voicebench.Values, error) { return v.Cost(ctx) })
}

// listen writes sounds for a person to hear.
func listen(ctx context.Context, b *bench, dir string) error {
	v, err := b.voiceBench(cli.Speech)
	if err != nil {
		return err
	}
	if err := v.Listen(ctx, dir); err != nil {
		return err
	}
	fmt.Println("sounds to hear are in", dir, "and README.txt there says what they are")
	return nil
}

// voiceBench is the bench of the voice, with recordings if there is a folder of them.
func (b *bench) voiceBench(speech string) (*voicebench.Bench, error) {
	say := func(format string, args ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...) }
	v := &voicebench.Bench{Dir: filepath.Join(b.dir, "voice"), DSPBench: cli.DSPBench, Anchors: cli.Anchors,
		Ticks: cli.Ticks, Sysroot: cli.Sysroot, Seeds: cli.Seeds, Say: say}
	err := os.MkdirAll(v.Dir, 0o755)
	if err == nil && speech != "" {
		v.Talkers, err = corpus.Recorded(speech)
	} else if err == nil {
		v.Talkers, err = corpus.Synthetic()
	}
	return v, err
}

// voice measures a part of the voice and keeps its figures.
func (b *bench) voice(measure func(*voicebench.Bench) (voicebench.Values, error)) error {
	v, err := b.voiceBench(cli.Speech)
	if err != nil {
		return err
	}
	values, err := measure(v)
	if err != nil {
		return err
	}
	var above []error
	for _, f := range figures {
		b.take(f, values[f.id])
		if ours := values[f.id][voicebench.Ours]; f.limit > 0 && ours > f.limit {
			above = append(above, fmt.Errorf("%s is %.3f and must not be above %.3f", f.id, ours, f.limit))
		}
	}
	return errors.Join(above...)
}

// take keeps what systems reached in one figure.
func (b *bench) take(f row, by map[string]float64) {
	var anchors []string
	for system, v := range by {
		if system == voicebench.Ours {
			b.ours(f.id, f.format, v)
		} else {
			anchors = append(anchors, system+" "+fmt.Sprintf(f.format, v))
		}
	}
	if slices.Sort(anchors); anchors != nil {
		b.anchor(f.id, "%s", strings.Join(anchors, ", "))
	}
}
