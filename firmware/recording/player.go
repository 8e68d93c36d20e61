package recording

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"opendeskphone/audio"
	"opendeskphone/audio/wav"
	"opendeskphone/firmware/phone"
)

// Player plays recordings back, both sides mixed, and voice messages: it is a party of the engine that says them and hears
// nothing.
type Player struct {
	shelves *Shelves
	fetch   Fetch
	post    func(phone.Event)
	log     *slog.Logger
	store   atomic.Pointer[supply] // what is played now; nil: nothing
	paused  atomic.Bool
	opened  atomic.Pointer[Place]
	inbox   chan phone.Effect
}

// Fetch brings a voice message; mine is false for what is none, which lies on a shelf then.
type Fetch func(ctx context.Context, id string) (clip *wav.Clip, mine bool, err error)

// Place is what is being played, and where.
type Place struct {
	ID        string
	At, Lasts time.Duration
	Peaks     []float64 // of a voice message: its loudness over time, 0 to 1; never written again
}

const (
	ready = 50  // frames ahead of what is heard
	peaks = 120 // parts that the loudness of a message is told of
)

// supply takes frames from the goroutine that reads to the one that plays.
type supply struct {
	from       time.Duration // where it begins
	frame      [ready]audio.Frame
	head, tail atomic.Uint64
}

// NewPlayer makes a player of the recordings on the shelves and of what fetch brings. The end of one is posted as phone.Played.
func NewPlayer(shelves *Shelves, fetch Fetch, post func(phone.Event), log *slog.Logger) *Player {
	return &Player{shelves: shelves, fetch: fetch, post: post, log: log, inbox: make(chan phone.Effect, 16)}
}

// Exec takes StartPlaying, HoldPlaying, MovePlaying and EndPlaying; it does not block.
func (p *Player) Exec(e phone.Effect) {
	switch e := e.(type) {
	case phone.HoldPlaying:
		p.paused.Store(e.On)
		return
	case phone.StartPlaying, phone.EndPlaying:
		p.store.Store(nil)
		p.paused.Store(false)
	}
	select {
	case p.inbox <- e:
	default: // somebody presses the key faster than a file is opened: it will be heard that nothing is played
	}
}

// Place tells what is played, and where; false: nothing is, or not yet.
func (p *Player) Place() (Place, bool) {
	what, s := p.opened.Load(), p.store.Load()
	if what == nil || s == nil {
		return Place{}, false
	}
	out := *what
	out.At = min(s.from+time.Duration(s.tail.Load())*frameTime, out.Lasts)
	return out, true
}

const frameTime = 10 * time.Millisecond

// Pull implements engine.Party.
func (p *Player) Pull(f *audio.Frame) {
	s := p.store.Load()
	if s == nil || s.head.Load() == s.tail.Load() || p.paused.Load() {
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

// play plays something to its end (over), or until there is something else to do.
func (p *Player) play(ctx context.Context, what phone.StartPlaying) (next phone.Effect, over bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type opened struct {
		t   track
		err error
	}
	came := make(chan opened, 1)
	go func() {
		t, err := p.open(ctx, what.ID)
		came <- opened{t, err}
	}()
	select {
	case <-ctx.Done():
		return nil, false
	case next := <-p.inbox: // a server may take its time
		cancel()
		if o := <-came; o.t != nil {
			o.t.close()
		}
		return next, false
	case o := <-came:
		if o.err != nil {
			p.log.Error("something cannot be played", "err", bare(o.err))
			return nil, true
		}
		defer o.t.close()
		return p.run(ctx, o.t)
	}
}

// open finds what is to be played.
func (p *Player) open(ctx context.Context, id string) (track, error) {
	clip, mine, err := p.fetch(ctx, id)
	switch {
	case mine && err != nil:
		return nil, err
	case mine:
		p.opened.Store(&Place{ID: id, Lasts: clip.Lasts(), Peaks: clip.Peaks(peaks)})
		return newClipTrack(clip), nil
	}
	f, err := p.shelves.open(id)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	p.opened.Store(&Place{ID: id, Lasts: lasts(whole(info.Size()))})
	t := newFileTrack(f)
	return t, t.seek(0)
}

// run plays a track, until it ends or there is something else to do.
func (p *Player) run(ctx context.Context, t track) (next phone.Effect, over bool) {
	s := &supply{}
	p.store.Store(s)
	defer func() { p.store.CompareAndSwap(s, nil) }()
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for more := true; ; {
		for more && s.head.Load()-s.tail.Load() < ready {
			if more = t.frame(&s.frame[s.head.Load()%ready]); more {
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
			move, ok := next.(phone.MovePlaying)
			if !ok {
				return next, false
			}
			if err := t.seek(move.To); err != nil {
				p.log.Error("something cannot be played", "err", bare(err))
				return nil, true
			}
			anew := &supply{from: move.To}
			p.store.CompareAndSwap(s, anew)
			s, more = anew, true
		case <-tick.C:
		}
	}
}
