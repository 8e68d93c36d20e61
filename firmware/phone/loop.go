package phone

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

const (
	keptChanges = 256 // changes a watcher may be behind before it gets a Gap
	inboxLen    = 256 // inputs that may wait for the loop
)

// Recorder keeps what went into Step, so that a bug of the field can be run again.
type Recorder interface {
	Record(s *State, now time.Time, by Origin, in Input)
}

// Loop runs Step on one goroutine and implements Control. Waits point one way: everybody may wait
// for the Loop, the Loop waits for nobody. exec must therefore only put effects into inboxes.
type Loop struct {
	exec     func(Effect)
	recorder Recorder
	log      *slog.Logger
	inbox    chan request
	stopped  chan struct{}
	state    atomic.Pointer[State]
	steps    atomic.Uint64

	mu      sync.Mutex // guards what watchers read beside the state
	changes []Change   // the last keptChanges
	wake    chan struct{}

	timers map[TimerID]*time.Timer // of the loop goroutine alone
}

type request struct {
	by   Origin
	in   Input
	done chan error // nil: an event, nobody waits
}

// NewLoop makes the loop of a phone with settings c; nothing moves until Run.
func NewLoop(c Config, exec func(Effect), recorder Recorder, log *slog.Logger) *Loop {
	l := &Loop{
		exec: exec, recorder: recorder, log: log, inbox: make(chan request, inboxLen), stopped: make(chan struct{}),
		wake: make(chan struct{}), timers: map[TimerID]*time.Timer{},
	}
	s := New(c)
	l.state.Store(&s)
	return l
}

// Run takes inputs until ctx ends. It panics if Step does: a broken invariant ends the process.
func (l *Loop) Run(ctx context.Context) error {
	defer close(l.stopped)
	l.exec(SetSound{Sound: l.State().sound()})
	for {
		select {
		case <-ctx.Done():
			for _, t := range l.timers {
				t.Stop()
			}
			return nil
		case r := <-l.inbox:
			err := l.step(r.by, r.in)
			if r.done != nil {
				r.done <- err
			}
		}
	}
}

func (l *Loop) step(by Origin, in Input) error {
	l.steps.Add(1)
	now, old := time.Now(), l.State()
	l.recorder.Record(old, now, by, in)
	s, changes, effects, err := Step(*old, now, by, in)
	if err != nil {
		return err
	}
	if len(changes) > 0 {
		l.publish(&s, changes)
	}
	for _, e := range effects {
		switch e := e.(type) {
		case StartTimer:
			l.startTimer(e.ID, e.After)
		case StopTimer:
			l.stopTimer(e.ID)
		default:
			l.exec(e)
		}
	}
	return nil
}

func (l *Loop) publish(s *State, changes []Change) {
	for _, c := range changes {
		l.log.Info("change", "seq", c.Seq, "what", c.What, "call", c.Call, "from", c.From, "to", c.To, "cause", c.Cause, "line", c.Line, "by", c.By)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state.Store(s)
	l.changes = append(l.changes, changes...)
	if n := len(l.changes) - keptChanges; n > 0 {
		l.changes = append(l.changes[:0], l.changes[n:]...)
	}
	close(l.wake)
	l.wake = make(chan struct{})
}

func (l *Loop) startTimer(id TimerID, after time.Duration) {
	l.stopTimer(id)
	l.timers[id] = time.AfterFunc(after, func() { l.Post("timer", TimerFired{ID: id}) })
}

func (l *Loop) stopTimer(id TimerID) {
	if t := l.timers[id]; t != nil {
		t.Stop()
		delete(l.timers, id)
	}
}

// Post gives an event to the loop; it waits only while the inbox is full. After the loop has
// stopped events vanish.
func (l *Loop) Post(by Origin, e Event) {
	select {
	case l.inbox <- request{by: by, in: e}:
	case <-l.stopped:
	}
}

// Do implements Control.
func (l *Loop) Do(ctx context.Context, by Origin, c Command) error {
	done := make(chan error, 1)
	select {
	case l.inbox <- request{by, c, done}:
	case <-l.stopped:
		return Stopped
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-done:
		return err
	case <-l.stopped:
		return Stopped
	case <-ctx.Done():
		return ctx.Err()
	}
}

// State implements Control.
func (l *Loop) State() *State { return l.state.Load() }

// Watch implements Control.
func (l *Loop) Watch(ctx context.Context, after Seq) (Update, error) {
	for {
		l.mu.Lock()
		wake, s := l.wake, l.State()
		if s.Seq > after {
			u := l.since(s, after)
			l.mu.Unlock()
			return u, nil
		}
		l.mu.Unlock()
		select {
		case <-wake:
		case <-l.stopped:
			return Update{}, Stopped
		case <-ctx.Done():
			return Update{}, ctx.Err()
		}
	}
}

// since gathers the changes after a number; the caller holds mu.
func (l *Loop) since(s *State, after Seq) Update {
	missing := int(s.Seq - after)
	if missing > len(l.changes) {
		return Update{State: s, Gap: true}
	}
	return Update{State: s, Changes: append([]Change(nil), l.changes[len(l.changes)-missing:]...)}
}

// Steps counts the inputs taken so far; a watchdog sees by it that the loop moves.
func (l *Loop) Steps() uint64 { return l.steps.Load() }
