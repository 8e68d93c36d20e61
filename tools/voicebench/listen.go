package voicebench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"opendeskphone/tools/voicebench/corpus"
)

// examples of echo, and what is to be heard in them.
var examples = []struct{ scene, say string }{
	{"dt_near0", "Double talk: 12 s of the far side alone, then both, as loud as each other; at the end the near end alone."},
	{"dt_drift_p50", "The same with the clocks of loudspeaker and microphone 50 ppm apart."},
	{"st_drift_m100", "The far side alone, the clocks 100 ppm apart; the near end follows."},
	{"dt_pathchange", "In double talk the room changes after 18 s, and the delay after 24 s."},
	{"conversation", "A conversation in turns that overlap."},
	{"dt_rt06", "Double talk in a room that reverberates for 0.6 s."},
}

// Listen writes sounds before and after into a folder, for a person to hear, and a README.txt that says what they are.
func (b *Bench) Listen(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var index strings.Builder
	index.WriteString(head)
	for _, part := range []func(context.Context, string, *strings.Builder) error{b.listenEcho, b.listenNoise, b.listenLoss} {
		if err := part(ctx, dir, &index); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "README.txt"), []byte(index.String()), 0o644)
}

const head = `Sounds to hear: what comes in, and what the phone (odp) and others' libraries make of it. One channel, 16 bits.

Files that belong together begin alike. *_before.wav is what the microphone hears, or what the network leaves; *_odp.wav is the phone.

`

func (b *Bench) listenEcho(ctx context.Context, dir string, index *strings.Builder) error {
	for i, e := range examples {
		s, err := b.scene(corpus.Named(e.scene), b.Seeds[0], b.Dir)
		if err == nil {
			err = b.cancel(ctx, s)
		}
		for _, to := range [][2]string{{"mic", "before"}, {Ours, Ours}, {"speexdsp", "speexdsp"}, {"webrtc", "webrtc"}} {
			err = errors.Join(err, move(s.file(to[0]), filepath.Join(dir, "echo_"+e.scene+"_"+to[1]+".wav")))
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(index, "echo_%s: %s\n", e.scene, e.say)
		b.Say("listen: %d of %d echoes", i+1, len(examples))
	}
	return nil
}

func (b *Bench) listenNoise(ctx context.Context, dir string, index *strings.Builder) error {
	for _, n := range b.Talkers.NoisySet(b.Seeds[0]) {
		if !strings.HasSuffix(n.Name, "_05") {
			continue
		}
		name := filepath.Join(dir, "noise_"+n.Name+"_")
		err := write(name+"before.wav", n.Sound, corpus.Rate)
		for _, system := range []string{Ours, "speexdsp", "webrtc"} {
			if err == nil {
				err = b.quieten(ctx, system, name+"before.wav", name+system+".wav")
			}
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(index, "noise_%s: speech 5 dB above noise, %s.\n", n.Name, strings.TrimSuffix(n.Name, "_05"))
	}
	b.Say("listen: noise is done")
	return nil
}

func (b *Bench) listenLoss(ctx context.Context, dir string, index *strings.Builder) error {
	lost := filepath.Join(b.Dir, "loss.txt")
	for _, c := range codecs {
		clean := resampled(b.Talkers.Talk(b.Seeds[0], 0), c.rate)
		for _, l := range losses {
			which := corpus.Loss(b.Seeds[0], corpus.TalkSeconds*50, share, l.run)
			name := filepath.Join(dir, "loss_"+c.name+"_"+l.name+"_")
			err := errors.Join(os.WriteFile(lost, digits(which), 0o644), write(name+"sent.wav", clean, c.rate),
				write(name+"before.wav", silenced(clean, which, c.rate/50), c.rate))
			for _, system := range []string{Ours, c.anchor} {
				if err == nil {
					_, err = b.send(ctx, c, system, name+"sent.wav", lost, name+system+".wav")
				}
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(index, "loss_%s_%s: one packet of 20 ms in ten is lost, %s; *_sent.wav is what was said.\n", c.name, l.name, l.name)
		}
	}
	b.Say("listen: loss is done")
	return nil
}

// silenced has silence in place of the packets that are lost.
func silenced(x []float64, lost []bool, n int) []float64 {
	out := slices.Clone(x)
	for i, l := range lost {
		if l && (i+1)*n <= len(out) {
			clear(out[i*n : (i+1)*n])
		}
	}
	return out
}

// move moves a file, also to another file system.
func move(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(to, b, 0o644), os.Remove(from))
}
