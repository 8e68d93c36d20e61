package voicebench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"opendeskphone/tools/voicebench/corpus"
	"opendeskphone/tools/voicebench/score"
)

// Table is a trade-off, or what a figure is made of.
type Table struct {
	Head []string
	Rows [][]string
}

// add appends a row of names and then values.
func (c *Table) add(names []string, format string, values ...float64) {
	row := append([]string(nil), names...)
	for _, v := range values {
		if math.IsNaN(v) {
			row = append(row, "–")
		} else {
			row = append(row, fmt.Sprintf(format, v))
		}
	}
	c.Rows = append(c.Rows, row)
}

// of is what was measured, or nothing.
func (v Values) of(id, system string) float64 {
	if x, ok := v[id][system]; ok {
		return x
	}
	return math.NaN()
}

// constants are delays, in ms, of a buffer that never changes its own.
var constants = []float64{0, 0.25, 0.5, 1, 2, 5}

// JitterCurve sets delay against what is made up on the network whose goal is not met: of a buffer that never changes its delay, of ours,
// and of the anchor.
func (b *Bench) JitterCurve(ctx context.Context) (*Table, error) {
	const delayed, made = "delay", "made"
	var t tally
	err := b.each(ctx, "jitter curve", len(b.Seeds), func(i int, dir string) error {
		path := filepath.Join(dir, "trace.csv")
		trace := corpus.NetworkNamed("lan").Trace(b.Seeds[i], packets)
		for _, c := range constants {
			d, m := fixedDelay(trace, c)
			t.add(delayed, fixedName(c), d)
			t.add(made, fixedName(c), m)
		}
		err := os.WriteFile(path, []byte(trace), 0o644)
		for _, system := range []string{Ours, "speex_jitter"} {
			var d, m float64
			if err == nil {
				d, m, err = b.play(ctx, system, path)
			}
			t.add(delayed, system, d)
			t.add(made, system, m)
		}
		return err
	})
	var systems []string
	for _, c := range constants {
		systems = append(systems, fixedName(c))
	}
	v, out := t.values(), &Table{Head: []string{"buffer", "delay ms", "made up %"}}
	for _, s := range append(systems, Ours, "speex_jitter") {
		out.add([]string{s}, "%.2f", v.of(delayed, s), v.of(made, s))
	}
	return out, err
}

func fixedName(delay float64) string { return fmt.Sprintf("constant, %g ms or the next frame", delay) }

// fixedDelay plays a trace with a delay above the fastest packet that is chosen in hindsight and never changes: the least that is not below
// what is asked for and falls on a frame of the sound card, as a mean over a hundred phases of its frames.
func fixedDelay(trace string, least float64) (delay, made float64) {
	const frame, phases = 10.0, 100
	var sent, came []float64
	fastest := math.Inf(1)
	for line := range strings.Lines(trace) {
		row := strings.Split(strings.TrimSpace(line), ",")
		s, _ := strconv.ParseFloat(row[1], 64)
		a, err := strconv.ParseFloat(row[2], 64)
		if err != nil {
			a = math.Inf(1)
		}
		sent, came = append(sent, s), append(came, a)
		fastest = min(fastest, a-s)
	}
	for phase := range phases {
		on := (float64(phase)+0.5)/phases*frame - fastest // a frame is played when its sound is as late as this, or by whole frames more
		d := on + frame*math.Ceil((least-on)/frame)
		late := 0
		for i := range sent {
			for half := range 2 {
				if came[i] > sent[i]+fastest+d+frame*float64(half) {
					late++
				}
			}
		}
		delay += d / phases
		made += 50 * float64(late) / float64(len(sent)) / phases
	}
	return delay, made
}

// variant is another way to send by the codec whose goals are not met.
type variant struct {
	name  string
	args  []string // of dspbench plc
	whole bool     // nothing is lost
}

var variants = []variant{
	{name: "as it is"},
	{name: "no packet held behind a gap", args: []string{"-wait", "0"}},
	{name: "with a copy of each packet, one later", args: []string{"-back", "1"}},
	{name: "in place of G.722: L16, which remembers nothing", args: []string{"-codec", "l16"}},
	{name: "nothing lost", whole: true},
}

// LossCurve sets bit rate and waiting against what is heard.
func (b *Bench) LossCurve(ctx context.Context) (*Table, error) {
	c := codecs[slices.IndexFunc(codecs, func(c codec) bool { return c.name == "g722" })]
	var t tally
	err := b.each(ctx, "loss curve", len(losses)*len(b.Seeds), func(i int, dir string) error {
		l, seed := losses[i%len(losses)], b.Seeds[i/len(losses)]
		err := b.lossy(ctx, &t, c, l, seed, dir)
		for _, v := range variants {
			if err == nil {
				err = b.vary(ctx, &t, c, v, l, seed, dir)
			}
		}
		return err
	})
	v, out := t.values(), &Table{Head: []string{"how", "kbit/s", "random NSIM", "random ESTOI", "bursty NSIM", "bursty ESTOI"}}
	for _, w := range variants {
		lossRow(out, v, c, w.name)
	}
	lossRow(out, v, c, c.anchor)
	return out, err
}

func lossRow(out *Table, v Values, c codec, name string) {
	id := func(l loss, what string) float64 { return v.of("plc_"+c.name+"_"+l.name+"_"+what, name) }
	kbps := "–"
	if rate := v.of("kbps", name); !math.IsNaN(rate) {
		kbps = fmt.Sprintf("%.0f", rate)
	}
	out.add([]string{name, kbps}, "%.3f", id(losses[0], "nsim"), id(losses[0], "estoi"), id(losses[1], "nsim"), id(losses[1], "estoi"))
}

// vary measures one variant on the files that lossy left.
func (b *Bench) vary(ctx context.Context, t *tally, c codec, v variant, l loss, seed int, dir string) error {
	lost, out := filepath.Join(dir, "loss.txt"), filepath.Join(dir, "out.wav")
	if v.whole {
		lost = os.DevNull
	}
	kbps, err := b.send(ctx, c, Ours, filepath.Join(dir, "in.wav"), lost, out, v.args...)
	if err != nil {
		return err
	}
	t.add("kbps", v.name, kbps)
	return t.heard(b.talk(seed, c.rate), out, c, "plc_"+c.name+"_"+l.name, v.name)
}

// after are spells in s after the path has changed.
var after = [][2]float64{{0, 0.5}, {0.5, 1}, {1, 2}, {2, 4}, {4, 6}}

// ChangeCurve sets the time since the room changed in the middle of double talk against what is left of the echo then.
func (b *Bench) ChangeCurve(ctx context.Context) (*Table, error) {
	const knowing = "least squares in hindsight"
	var t tally
	err := b.each(ctx, "change curve", len(b.Seeds), func(i int, dir string) error {
		s, err := b.scene(corpus.Named("dt_pathchange"), b.Seeds[i], dir)
		if err == nil {
			err = b.cancel(ctx, s)
		}
		for _, system := range []string{Ours, Ours + " linear", "speexdsp", "webrtc"} {
			out, err1 := read(s.file(system), len(s.Mic))
			if err = errors.Join(err, err1); err != nil {
				return err
			}
			out = s.aligned(out)
			t.add("before", system, sdrOf(s, out, -2, 0))
			for _, a := range after {
				t.add(fmt.Sprint(a), system, sdrOf(s, out, a[0], a[1]))
			}
		}
		for _, a := range after[1:] {
			t.add(fmt.Sprint(a), knowing, s.hindsight(s.ChangeAt+0.02, s.ChangeAt+a[0]).best(s.near, s.ChangeAt+a[1]))
		}
		return nil
	})
	v, out := t.values(), &Table{Head: []string{"system", "before"}}
	for _, a := range after {
		out.Head = append(out.Head, fmt.Sprintf("%g to %g s", a[0], a[1]))
	}
	for _, system := range []string{knowing, Ours, Ours + " linear", "speexdsp", "webrtc"} {
		row := []float64{v.of("before", system)}
		for _, a := range after {
			row = append(row, v.of(fmt.Sprint(a), system))
		}
		out.add([]string{system}, "%.1f", row...)
	}
	return out, err
}

// sdrOf is the near end's SDR in a spell about the change.
func sdrOf(s *scene, out []float64, from, to float64) float64 {
	return score.SDR(cut(out, s.ChangeAt+from, s.ChangeAt+to), cut(s.near, s.ChangeAt+from, s.ChangeAt+to))
}
