package recording

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"opendeskphone/audio"
	"opendeskphone/audio/resample"
	"opendeskphone/firmware/phone"
)

// Player plays recordings back, both sides mixed: it is a party of the engine that says them and hears nothing.
type Player struct {
	shelf *Shelf
	post  func(phone.Event)
	log   *slog.Logger
	store atomic.Pointer[supply] // what is played now; nil: nothing
	inbox chan phone.Effect
}

const ready = 50 // frames ahead of what is heard

// supply takes frames from the goroutine that reads to the one that plays.
type supply struct {
	frame      [ready]audio.Frame
	head, tail atomic.Uint64
}

// NewPlayer makes a player of the recordings on a shelf. The end of one is posted as phone.Played.
func NewPlayer(shelf *Shelf, post func(phone.Event), log *slog.Logger) *Player {
	return &Player{shelf: shelf, post: post, log: log, inbox: make(chan phone.Effect, 16)}
}

// Exec takes StartPlaying and EndPlaying; it does not block.
func (p *Player) Exec(e phone.Effect) {
	p.store.Store(nil)
	select {
	case p.inbox <- e:
	default: // somebody presses the key faster than a file is opened: it will be heard that nothing is played
	}
}

// Pull implements engine.Party.
func (p *Player) Pull(f *audio.Frame) {
	s := p.store.Load()
	if s == nil || s.head.Load() == s.tail.Load() {
		f.Clear()
		return
	}
	*f = s.frame[s.tail.Load()%ready]
	s.tail.Add(1)
}

// Push implements engine.Party.
func (*Player) Push(*audio.Frame) {}

// Run plays until ctx ends.
func (p *Player) Run(ctx context.Context) error {
	var next phone.Effect
	for {
		if next == nil {
			select {
			case <-ctx.Done():
				return nil
			case next = <-p.inbox:
			}
		}
		start, ok := next.(phone.StartPlaying)
		if next = nil; !ok {
			continue
		}
		over := true
		if next, over = p.play(ctx, start); over {
			p.post(phone.Played{No: start.No})
		}
	}
}

// play plays a recording to its end (over), or until there is something else to do.
func (p *Player) play(ctx context.Context, what phone.StartPlaying) (next phone.Effect, over bool) {
	f, err := os.Open(filepath.Join(p.shelf.dir, filepath.Base(what.ID)))
	if err != nil {
		p.log.Error("a recording cannot be played", "err", bare(err))
		return nil, true
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, full)
	if _, err := in.Discard(head); err != nil {
		return nil, true
	}
	s, r := &supply{}, reader{in: in, up: resample.New(rate, audio.Rate)}
	p.store.Store(s)
	defer p.store.CompareAndSwap(s, nil)
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for more := true; ; {
		for more && s.head.Load()-s.tail.Load() < ready {
			if more = r.frame(&s.frame[s.head.Load()%ready]); more {
				s.head.Add(1)
			}
		}
		if !more && s.head.Load() == s.tail.Load() {
			return nil, true
		}
		select {
		case <-ctx.Done():
			return nil, false
		case next := <-p.inbox:
			return next, false
		case <-tick.C:
		}
	}
}

// reader makes frames of the samples of a file.
type reader struct {
	in   io.Reader
	up   *resample.Resampler
	raw  [rate / 100 * block]byte
	slim [rate / 100]float32
	wide []float32
}

// frame reads the next 10 ms; false: there is no more.
func (r *reader) frame(f *audio.Frame) bool {
	n, err := io.ReadFull(r.in, r.raw[:])
	if n < block || err != nil && err != io.ErrUnexpectedEOF {
		return false
	}
	clear(r.raw[n/block*block:])
	for i := range r.slim {
		for c := range channels {
			r.slim[i] += float32(int16(binary.LittleEndian.Uint16(r.raw[i*block+2*c:]))) / 32768
		}
	}
	r.wide = r.up.Process(r.wide[:0], r.slim[:])
	clear(r.slim[:])
	clear(f[copy(f[:], r.wide):])
	return true
}
