package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"opendeskphone/tools/voicebench"
	"opendeskphone/tools/voicebench/corpus"
)

// prefixed are the ids of the figures that begin so.
func prefixed(with string) (ids []string) {
	for _, f := range figures {
		if strings.HasPrefix(f.id, with) {
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

// voice measures a part of the voice and keeps its figures.
func (b *bench) voice(measure func(*voicebench.Bench) (voicebench.Values, error)) error {
	say := func(format string, args ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...) }
	v := &voicebench.Bench{Dir: filepath.Join(b.dir, "voice"), DSPBench: cli.DSPBench, Anchors: cli.Anchors, Seeds: cli.Seeds, Say: say}
	var err error
	if cli.Speech != "" {
		v.Talkers, err = corpus.Recorded(cli.Speech)
	} else {
		v.Talkers, err = corpus.Synthetic()
	}
	if err != nil {
		return err
	}
	values, err := measure(v)
	if err != nil {
		return err
	}
	for _, f := range figures {
		b.take(f, values[f.id])
	}
	return nil
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
