package voicebench

import (
	"context"
	"path/filepath"

	"opendeskphone/tools/voicebench/corpus"
	"opendeskphone/tools/voicebench/score"
)

// Noise measures noise suppression, by what it gains over the noisy sound. The first 3 s do not count.
func (b *Bench) Noise(ctx context.Context) (Values, error) {
	var t tally
	sets := make([][]corpus.Noisy, len(b.Seeds))
	for i, seed := range b.Seeds {
		sets[i] = b.Talkers.NoisySet(seed)
	}
	files := len(sets[0])
	err := b.each(ctx, "noise", files*len(sets), func(i int, dir string) error {
		return b.noisy(ctx, &t, sets[i/files][i%files], dir)
	})
	return t.values(), err
}

// noisy measures what all make of one file.
func (b *Bench) noisy(ctx context.Context, t *tally, n corpus.Noisy, dir string) error {
	in, out := filepath.Join(dir, "noisy.wav"), filepath.Join(dir, "out.wav")
	if err := write(in, n.Sound, corpus.Rate); err != nil {
		return err
	}
	before := score.Compare(cut(n.Clean, 3, 20), cut(n.Sound, 3, 20), corpus.Rate)
	for _, system := range []string{Ours, "speexdsp", "webrtc"} {
		if err := b.quieten(ctx, system, in, out); err != nil {
			return err
		}
		y, err := read(out, len(n.Clean))
		if err != nil {
			return err
		}
		y = score.Advance(y, score.Latency(cut(y, 3, 20), cut(n.Clean, 3, 20), corpus.Rate))
		after := score.Compare(cut(n.Clean, 3, 20), cut(y, 3, 20), corpus.Rate)
		t.add("ns_ld_drop", system, before.LD-after.LD)
		t.add("ns_lda_drop", system, before.LDA-after.LDA)
		t.add("ns_nsim_gain", system, after.NSIM-before.NSIM)
		t.add("ns_estoi_gain", system, after.ESTOI-before.ESTOI)
	}
	return nil
}

// quieten has a system take noise out of a file.
func (b *Bench) quieten(ctx context.Context, system, in, out string) (err error) {
	switch system {
	case "speexdsp":
		_, err = b.anchor(ctx, "speex", "ns", in, out)
	case "webrtc":
		_, err = b.anchor(ctx, "webrtc", "ns", in, out)
	default:
		_, err = call(ctx, b.DSPBench, "ns", "-in", in, "-out", out)
	}
	return err
}
