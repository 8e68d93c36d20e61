// Package voicebench measures the voice: the phone's audio code, through the program dspbench, and what others' libraries make of
// the same sounds and networks. All values are means over the seeds, unless an id says otherwise.
//
//	make figures-voice    measure it all and print the figures
//	make listen           write sounds before and after, to hear
//	make cost             count instructions on ARM; more than there were is a failure
//
// build/bench --only echo --seeds 8,9 --speech DIR measures a part of it, on other seeds and with recorded voices.
package voicebench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"opendeskphone/tools/lab"
	"opendeskphone/tools/voicebench/corpus"
)

// Ours is the name of the phone among the systems.
const Ours = "odp"

// Bench is where and on what is measured.
type Bench struct {
	Dir      string // for sounds, which go again
	DSPBench string // the program
	Anchors  string // folder of the programs that run others' libraries
	Ticks    string // the program ticks, for ARM
	Sysroot  string // what programs for ARM run in
	Talkers  corpus.Talkers
	Seeds    []int
	Say      func(format string, args ...any) // told how far the work is
}

// Values are what was measured, by the figure's id, then by system.
type Values map[string]map[string]float64

// tally collects measures by id and system.
type tally struct {
	mu  sync.Mutex
	all map[[2]string][]float64
}

func (t *tally) add(id, system string, v float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all == nil {
		t.all = map[[2]string][]float64{}
	}
	if !math.IsNaN(v) {
		t.all[[2]string{id, system}] = append(t.all[[2]string{id, system}], v)
	}
}

// values gives the means; of the ids that are named, the worst, which is the greatest.
func (t *tally) values(worst ...string) Values {
	out := Values{}
	for key, v := range t.all {
		if out[key[0]] == nil {
			out[key[0]] = map[string]float64{}
		}
		slices.Sort(v) // the order in which work was done must not show in the last digits
		sum := 0.0
		for _, x := range v {
			sum += x
		}
		out[key[0]][key[1]] = sum / float64(len(v))
		if slices.Contains(worst, key[0]) {
			out[key[0]][key[1]] = v[len(v)-1]
		}
	}
	return out
}

// each does n pieces of work, as many at a time as there are processors, and says how far it is.
func (b *Bench) each(ctx context.Context, what string, n int, work func(i int, dir string) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var next, done atomic.Int64
	errs := make([]error, runtime.NumCPU())
	var all sync.WaitGroup
	for w := range errs {
		all.Go(func() {
			dir := filepath.Join(b.Dir, fmt.Sprintf("%s%d", what, w))
			errs[w] = os.MkdirAll(dir, 0o755)
			for errs[w] == nil && ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					break
				}
				if errs[w] = work(i, dir); errs[w] != nil {
					stop()
				}
				if d := done.Add(1); d%10 == 0 || int(d) == n {
					b.Say("%s: %d of %d", what, d, n)
				}
			}
			errs[w] = errors.Join(errs[w], os.RemoveAll(dir))
		})
	}
	all.Wait()
	return errors.Join(append(errs, ctx.Err())...)
}

// call runs a program and gives what it printed.
func call(ctx context.Context, program string, args ...string) (string, error) {
	var out, complaint strings.Builder
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", cmd, err, complaint.String())
	}
	return out.String(), nil
}

// anchor runs one of the programs beside us.
func (b *Bench) anchor(ctx context.Context, name string, args ...string) (string, error) {
	return call(ctx, filepath.Join(b.Anchors, name), args...)
}

func write(path string, x []float64, rate int) error {
	c := lab.Clip{Rate: rate, Samples: make([]float32, len(x))}
	for i, v := range x {
		c.Samples[i] = float32(v)
	}
	return c.WriteWAV(path, 1)
}

// read gives the first n samples of a file, filled up with silence.
func read(path string, n int) ([]float64, error) {
	c, err := lab.ReadWAV(path)
	out := make([]float64, n)
	for i := range min(n, len(c.Samples)) {
		out[i] = float64(c.Samples[i])
	}
	return out, err
}
