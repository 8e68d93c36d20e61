package stack

import (
	"context"
	"sync"
	"time"
)

// loop runs functions one after the other. Its queue has no bound of its own:
// what comes from the net is bounded by Stack.slots, and what we post
// ourselves is bounded by what we do.
type loop struct {
	mu     sync.Mutex
	queue  []func()
	closed bool
	wake   chan struct{} // capacity 1
	gone   chan struct{} // closed with the loop
}

func newLoop() *loop { return &loop{wake: make(chan struct{}, 1), gone: make(chan struct{})} }

// post appends fn and reports false after the loop has ended.
func (l *loop) post(fn func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.queue = append(l.queue, fn)
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return true
}

// do appends fn and returns when it has run, or never will.
func (l *loop) do(fn func()) {
	done := make(chan struct{})
	if !l.post(func() { fn(); close(done) }) {
		return
	}
	select {
	case <-done:
	case <-l.gone:
	}
}

// take empties the queue.
func (l *loop) take() []func() {
	l.mu.Lock()
	defer l.mu.Unlock()
	q := l.queue
	l.queue = nil
	return q
}

// run runs until ctx ends; what is queued then is dropped.
func (l *loop) run(ctx context.Context) {
	for {
		for _, fn := range l.take() {
			if ctx.Err() != nil {
				return
			}
			fn()
		}
		select {
		case <-ctx.Done():
			return
		case <-l.wake:
		}
	}
}

func (l *loop) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed, l.queue = true, nil
	close(l.gone)
}

// Timer is a pending After. It is used on the loop only.
type Timer struct {
	t       *time.Timer
	stopped bool
}

// Stop prevents the function from running, even when the time has passed but
// its turn on the loop has not come. A nil or spent Timer may be stopped. On
// the loop.
func (t *Timer) Stop() {
	if t != nil {
		t.stopped = true
		t.t.Stop()
	}
}

// After runs fn on the loop once d has passed. On the loop.
func (s *Stack) After(d time.Duration, fn func()) *Timer {
	t := &Timer{}
	t.t = time.AfterFunc(d, func() {
		s.loop.post(func() {
			if !t.stopped {
				fn()
			}
		})
	})
	return t
}

// Post runs fn on the loop, in the order of the calls. Before Run it is kept;
// after Run it is dropped and Post returns false. It never blocks. Any
// goroutine.
func (s *Stack) Post(fn func()) bool { return s.loop.post(fn) }

// Do runs fn on the loop and returns when it has, or the loop has ended. Not on the loop.
func (s *Stack) Do(fn func()) { s.loop.do(fn) }
