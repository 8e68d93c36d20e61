package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"opendeskphone/tools/voicebench"
)

// section is one of the page of curves: what is to be said, and the table that follows.
type section struct {
	text    string
	measure func(*voicebench.Bench, context.Context) (*voicebench.Table, error)
	silent  bool // voices do not matter
}

const curvesHead = `# The voice: where a goal is not met

FIGURES.md has goals of the voice and what is reached. This page has, for each goal that is missed, what else could be had and at what price, with others' libraries
beside us on the same sounds and networks. ` + "`make curves`" + ` measures and writes it; nothing is written in by hand. Figures are means over seeds %s of the corpus
(tools/voicebench)%s. The decisions are in [0013](adr/0013-echo.md) and [0014](adr/0014-g722-behind-a-gap.md).
`

var sections = []section{{`
## Delay of the jitter buffer: lan 5 ms, no more made up than speex_jitter
The sound card takes a frame every 10 ms, and when packets come between two of its frames is chance. A packet waits for the next frame, so that even on a network without
any jitter the delay is 5 ms as a mean over all that chance can bring. The buffer that never changes its delay, chosen in hindsight, shows what remains: on a lan it too
is above 5 ms before it makes up as little as the anchor. Only shorter frames of the card would help.
`, (*voicebench.Bench).JitterCurve, true}, {`
## Loss: G.722, NSIM .968 and ESTOI .970 at random, .950 and .942 in bursts
One packet of 20 ms in ten is lost, by itself (random) or in runs of three on average (bursty). "As it is" holds one packet behind a gap to bridge it from both sides.

What is lost of the codec itself stands in "nothing lost". G.722 predicts from what it decoded, and behind a gap its filters and step sizes are not the encoder's for some 20 ms:
L16 with the very same concealment meets its goals, and [0014](adr/0014-g722-behind-a-gap.md) shows that three of the four are missed even by who is told the
encoder's state. A copy of each packet (RFC 2198) buys most of the rest at twice the bit rate, on a network that already has too much to carry: the phone does not send it.
`, (*voicebench.Bench).LossCurve, false}, {`
## A room that changes in the middle of double talk: back within 0.5 s
SDR of the near end in dB, over spells since the change; before it, over 2 s. The goal asks to be within 3 dB of what was before. Who was poor before is back at once: webrtc
takes the near end away with the echo, before as after.

Least squares in hindsight are what a linear filter could know: told the moment of the change, the lag of the echo and the decay of the room, it gets all that
was heard from the change to the beginning of a spell, and in each spell the best of six weights of that knowledge and of two emphases is taken afterwards. What
half a second of speech tells of a room, with a near end as loud as the echo over it, is not enough for the goal. Ours, which learns on within a spell, is where that
estimate is.
`, (*voicebench.Bench).ChangeCurve, false}}

// of says what recordings there are.
func of(speech string) string {
	if speech == "" {
		return ""
	}
	return ", with recorded voices of the first alone"
}

// curves writes the page of what is missed.
func curves(ctx context.Context, b *bench, path string) error {
	var page strings.Builder
	fmt.Fprintf(&page, curvesHead, strings.Trim(strings.Join(strings.Fields(fmt.Sprint(cli.Seeds)), ", "), "[]"), of(cli.Speech))
	synthetic, err := b.voiceBench("")
	if err != nil {
		return err
	}
	voices := []*voicebench.Bench{synthetic}
	if cli.Speech != "" {
		recorded, err := b.voiceBench(cli.Speech)
		if err != nil {
			return err
		}
		recorded.Seeds = recorded.Seeds[:1]
		voices = append(voices, recorded)
	}
	for _, s := range sections {
		page.WriteString(s.text)
		for i, v := range voices {
			if i > 0 && s.silent {
				break
			}
			t, err := s.measure(v, ctx)
			if err != nil {
				return err
			}
			if !s.silent {
				page.WriteString([]string{"\nSynthetic voices:\n", "\nRecorded voices:\n"}[i])
			}
			page.WriteString(tableOf(t))
		}
	}
	return os.WriteFile(path, []byte(page.String()), 0o644)
}

func tableOf(t *voicebench.Table) string {
	out := "\n" + rowOf(t.Head) + strings.Repeat("|---", len(t.Head)) + "|\n"
	for _, r := range t.Rows {
		out += rowOf(r)
	}
	return out
}

func rowOf(cells []string) string { return "| " + strings.Join(cells, " | ") + " |\n" }
