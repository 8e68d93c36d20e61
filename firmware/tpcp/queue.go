package tpcp

import (
	"context"
	"sync"
	"time"
)

// queue is what waits to be written to a leg. A notification never waits: when too many stand in line all of
// them go, and the writer sends the whole phone instead. An answer waits for room, and so the leg that asks
// faster than it reads is read slower.
type queue struct {
	mu     sync.Mutex
	frames []queued
	notes  int    // of frames
	behind bool   // notifications were dropped: a resync is due
	last   []byte // what to say before the end
	ended  bool
	wake   chan struct{} // to the writer
	room   chan struct{} // to whoever waits with an answer

	leaving context.Context // ends with end
	leave   context.CancelFunc
}

type queued struct {
	frame  []byte
	answer bool
}

func newQueue() *queue {
	q := &queue{wake: make(chan struct{}, 1), room: make(chan struct{}, 1)}
	q.leaving, q.leave = context.WithCancel(context.Background())
	return q
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// note adds a notification.
func (q *queue) note(b []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended || q.behind {
		return
	}
	if q.notes >= queueLen {
		q.behind = true
		q.keepAnswers()
	} else {
		q.frames = append(q.frames, queued{frame: b})
		q.notes++
	}
	poke(q.wake)
}

func (q *queue) keepAnswers() {
	kept := q.frames[:0]
	for _, f := range q.frames {
		if f.answer {
			kept = append(kept, f)
		}
	}
	q.frames, q.notes = kept, 0
}

// answer adds an answer; it waits while too many stand in line, or until ctx ends.
func (q *queue) answer(ctx context.Context, b []byte) {
	for {
		q.mu.Lock()
		if q.ended || len(q.frames)-q.notes < queueLen || ctx.Err() != nil {
			if !q.ended {
				q.frames = append(q.frames, queued{b, true})
			}
			q.mu.Unlock()
			poke(q.wake)
			poke(q.room) // for the next who waits
			return
		}
		q.mu.Unlock()
		select {
		case <-q.room:
		case <-ctx.Done():
		}
	}
}

// end lets the queue run out: after what stands in line, and last, nothing is said any more.
func (q *queue) end(last []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.ended {
		q.ended, q.last = true, last
		q.leave()
	}
	poke(q.wake)
	poke(q.room)
}

// next gives what to write now. Nothing: wait for wake. resync: send the phone as it is. over: nothing comes
// any more.
func (q *queue) next() (b []byte, resync, over bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case len(q.frames) > 0:
		b = q.frames[0].frame
		if !q.frames[0].answer {
			q.notes--
		}
		q.frames[0] = queued{}
		q.frames = q.frames[1:]
		poke(q.room)
	case q.behind && !q.ended:
		resync = true
	case q.last != nil:
		b, q.last = q.last, nil
	default:
		over = q.ended
	}
	return b, resync, over
}

// caughtUp puts the resync in line; notifications are taken again after it.
func (q *queue) caughtUp(b []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.behind = false
	q.frames = append(q.frames, queued{frame: b})
	q.notes++
}

// bucket is how many requests a leg may send: so many at once, and so many a second for good.
type bucket struct {
	left float64
	at   time.Time
}

const (
	rate  = 20 // requests a second
	burst = 40
)

func (b *bucket) take(now time.Time) bool {
	if b.at.IsZero() {
		b.left = burst
	} else {
		b.left = min(burst, b.left+now.Sub(b.at).Seconds()*rate)
	}
	b.at = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}
