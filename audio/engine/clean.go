package engine

import (
	"context"
	"sync"
	"sync/atomic"

	"opendeskphone/audio"
	"opendeskphone/audio/quality"
)

// Cleaner takes echo and noise out of our own voice. It is used by the audio goroutine, once a tick: it must not block,
// allocate or log.
type Cleaner interface {
	// Process cleans, in place, what the microphone heard while the loudspeaker played spk.
	Process(mic, spk *audio.Frame)
	// Room tells what it has seen of echo and noise; it may be called from any goroutine.
	Room() quality.Room
}

// cleaning keeps a Cleaner at work while somebody hears us. Each path is a room of its own and each call may be held
// somewhere else, so each begins with a new one: it finds an echo sooner than an old one unlearns what has changed.
type cleaning struct {
	now  atomic.Pointer[Cleaner] // of the tick; nil: the voice goes as it is
	news chan struct{}           // capacity 1: what follows has changed

	mu    sync.Mutex
	make  func(Path) Cleaner
	path  Path
	heard bool // somebody hears us
}

// SetCleaner says who cleans the voice of a path; from now on make is asked for a new Cleaner at each call and each
// change of path. nil leaves the voice as it is.
func (e *Engine) SetCleaner(make func(Path) Cleaner) {
	e.cleaning.change(func(c *cleaning) bool { c.make = make; return true })
}

// change tells prepare if f has changed something.
func (c *cleaning) change(f func(*cleaning) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !f(c) {
		return
	}
	select {
	case c.news <- struct{}{}:
	default: // told already
	}
}

// prepare makes cleaners, which takes longer than whoever takes a call may wait, until ctx ends.
func (c *cleaning) prepare(ctx context.Context) {
	for {
		select {
		case <-c.news:
			c.renew()
		case <-ctx.Done():
			return
		}
	}
}

func (c *cleaning) renew() {
	c.mu.Lock()
	fresh, path, heard := c.make, c.path, c.heard
	c.mu.Unlock()
	if fresh == nil || !heard {
		c.now.Store(nil)
		return
	}
	made := fresh(path)
	c.now.Store(&made)
}

// room tells what the cleaner at work has seen.
func (c *cleaning) room() quality.Room {
	if now := c.now.Load(); now != nil {
		return (*now).Room()
	}
	return quality.Room{}
}

// clean cleans our own voice.
func (c *cleaning) clean(mic, spk *audio.Frame) {
	if now := c.now.Load(); now != nil {
		(*now).Process(mic, spk)
	}
}
