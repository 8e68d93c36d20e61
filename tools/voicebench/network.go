package voicebench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"opendeskphone/tools/lab"
	"opendeskphone/tools/voicebench/corpus"
	"opendeskphone/tools/voicebench/score"
)

// loss is what becomes of packets: one in ten is lost.
type loss struct {
	name string
	run  float64 // how many in a row, on average
}

var losses = []loss{{"random", 1}, {"bursty", 3}}

const (
	share = 0.1
	talks = 5 // spells of speech a seed and codec
)

// codec is one that is sent over networks that lose packets.
type codec struct {
	name, anchor string
	rate         int
	more         []string // arguments of the anchor's
}

var codecs = []codec{
	{"g711", "spandsp", 8000, nil},
	{"g722", "repeating", 16000, nil},
	{"opus", "libopus", 16000, []string{"10"}},
}

// Loss measures what is heard of speech of which a tenth of the packets is lost.
func (b *Bench) Loss(ctx context.Context) (Values, error) {
	var t tally
	each := len(codecs) * len(losses)
	err := b.each(ctx, "loss", each*len(b.Seeds), func(i int, dir string) error {
		return b.lossy(ctx, &t, codecs[i%len(codecs)], losses[i%each/len(codecs)], b.Seeds[i/each], dir, Ours)
	})
	return t.values(), err
}

// lossy measures what the anchor and other systems make of one kind of loss.
func (b *Bench) lossy(ctx context.Context, t *tally, c codec, l loss, seed int, dir string, others ...string) error {
	clean := b.talk(seed, c.rate)
	lost, in, out := filepath.Join(dir, "loss.txt"), filepath.Join(dir, "in.wav"), filepath.Join(dir, "out.wav")
	err := errors.Join(write(in, clean, c.rate), os.WriteFile(lost, digits(corpus.Loss(seed, talks*corpus.TalkSeconds*50, share, l.run)), 0o644))
	id := "plc_" + c.name + "_" + l.name
	for _, system := range append(others, c.anchor) {
		kbps := math.NaN()
		if err == nil {
			kbps, err = b.send(ctx, c, system, in, lost, out)
		}
		if !math.IsNaN(kbps) {
			t.add(id+"_kbps", system, kbps)
		}
		if err == nil {
			err = t.heard(clean, out, c, id, system)
		}
	}
	return err
}

// talk is what is said of a seed.
func (b *Bench) talk(seed, rate int) (x []float64) {
	for n := range talks {
		x = append(x, resampled(b.Talkers.Talk(seed, n), rate)...)
	}
	return x
}

func resampled(x []float64, rate int) []float64 {
	c := lab.Clip{Rate: corpus.Rate, Samples: make([]float32, len(x))}
	for i, v := range x {
		c.Samples[i] = float32(v)
	}
	c = c.At(rate)
	out := make([]float64, len(c.Samples))
	for i, v := range c.Samples {
		out[i] = float64(v)
	}
	return out
}

func digits(lost []bool) []byte {
	out := make([]byte, len(lost))
	for i, l := range lost {
		out[i] = '0'
		if l {
			out[i] = '1'
		}
	}
	return out
}

// send has a system send a file over a network that loses packets, and gives the bit rate of ours in kbit/s.
func (b *Bench) send(ctx context.Context, c codec, system, in, lost, out string, more ...string) (kbps float64, err error) {
	if system != Ours {
		_, err = b.anchor(ctx, "loss", append([]string{c.name, in, lost, out}, c.more...)...)
		return math.NaN(), err
	}
	stats := strings.TrimSuffix(out, ".wav") + ".json"
	defer os.Remove(stats)
	_, err = call(ctx, b.DSPBench, append([]string{"plc", "-in", in, "-loss", lost, "-out", out, "-json", stats, "-codec", c.name}, more...)...)
	if err != nil {
		return math.NaN(), err
	}
	text, err := os.ReadFile(stats)
	if err != nil {
		return math.NaN(), err
	}
	var figures struct{ Kbps float64 }
	err = json.Unmarshal(text, &figures)
	return figures.Kbps, err
}

// heard measures spell by spell.
func (t *tally) heard(clean []float64, path string, c codec, id, system string) error {
	out, err := read(path, len(clean))
	if err != nil {
		return err
	}
	out = score.Advance(out, score.Latency(out, clean, c.rate))
	n := len(clean) / talks
	for at := 0; at+n <= len(clean); at += n {
		q := score.Compare(clean[at:at+n], out[at:at+n], c.rate)
		t.add(id+"_nsim", system, q.NSIM)
		t.add(id+"_estoi", system, q.ESTOI)
	}
	return nil
}

// played is the line of dspbench jb.
var played = regexp.MustCompile(`concealed ([0-9.]+)% .* delay mean (-?[0-9.]+) `)

// packets of a trace: two minutes.
const packets = 6000

// Jitter measures the jitter buffer: the delay that it adds, and the share of the time for which it makes sound up.
func (b *Bench) Jitter(ctx context.Context) (Values, error) {
	var t tally
	err := b.each(ctx, "jitter", len(corpus.Networks)*len(b.Seeds), func(i int, dir string) error {
		w := corpus.Networks[i%len(corpus.Networks)]
		trace := filepath.Join(dir, "trace.csv")
		err := os.WriteFile(trace, []byte(w.Trace(b.Seeds[i/len(corpus.Networks)], packets)), 0o644)
		for _, system := range []string{Ours, "speex_jitter"} {
			var delay, made float64
			if err == nil {
				delay, made, err = b.play(ctx, system, trace)
			}
			t.add("jb_"+w.Name+"_ms", system, delay)
			t.add("jb_"+w.Name+"_concealed", system, made)
		}
		return err
	})
	return t.values(), err
}

// play has a system play a trace, and gives delay in ms and concealment in percent.
func (b *Bench) play(ctx context.Context, system, trace string, more ...string) (delay, made float64, err error) {
	if system != Ours {
		line, err := b.anchor(ctx, "speex", "jb", trace)
		if err == nil {
			_, err = fmt.Sscan(line, &delay, &made)
		}
		return delay, made, err
	}
	line, err := call(ctx, b.DSPBench, append([]string{"jb", "-trace", trace}, more...)...)
	if err != nil {
		return 0, 0, err
	}
	m := played.FindStringSubmatch(line)
	if m == nil {
		return 0, 0, errors.New("dspbench jb says " + line)
	}
	made, err1 := strconv.ParseFloat(m[1], 64)
	delay, err2 := strconv.ParseFloat(m[2], 64)
	return delay, made, errors.Join(err1, err2)
}
