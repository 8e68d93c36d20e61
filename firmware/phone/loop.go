package phone

import (
	"context"
	"log/slog"
	"runtime"
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

	mu      sync.Mutex // guards what watchers read beside the state
	changes []Change   // the last keptChanges
	wake    chan struct{}

	timers map[TimerID]*timer // of the loop goroutine alone
}

type request struct {
	by    Origin
	in    Input      // nil: a ping
	done  chan error // nil: an event, nobody waits
	timer *timer     // the timer that fired, if it is one
}

// timer is told from an older one of its name: that may have fired and wait in the inbox when Step
// stops it or starts it anew.
type timer struct{ *time.Timer }

// NewLoop makes the loop of a phone with settings c; nothing moves until Run.
func NewLoop(c Config, exec func(Effect), recorder Recorder, log *slog.Logger) *Loop {
	l := &Loop{
		exec: exec, recorder: recorder, log: log, inbox: make(chan request, inboxLen), stopped: make(chan struct{}),
		wake: make(chan struct{}), timers: map[TimerID]*timer{},
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
			l.take(r)
		}
	}
}

func (l *Loop) take(r request) {
	if fired, ok := r.in.(TimerFired); ok && r.timer != nil {
		if l.timers[fired.ID] != r.timer {
			return
		}
		delete(l.timers, fired.ID)
	}
	var err error
	if r.in != nil {
		err = l.step(r.by, r.in)
	}
	if r.done != nil {
		r.done <- err
	}
}

func (l *Loop) step(by Origin, in Input) error {
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
		if _, ours := e.(SetSound); ours {
			runtime.Gosched() // the far side of a call is served before our own ear
		}
		l.carryOut(e)
	}
	if len(changes) > 0 { // the far side of a call is served before those who look on, and these before the log
		l.tell()
		l.note(changes)
	}
	return nil
}

func (l *Loop) carryOut(e Effect) {
	switch e := e.(type) {
	case StartTimer:
		l.startTimer(e.ID, e.After)
	case StopTimer:
		l.stopTimer(e.ID)
	default:
		l.exec(e)
	}
}

// publish makes a state the one that everybody is given who asks.
func (l *Loop) publish(s *State, changes []Change) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state.Store(s)
	l.changes = append(l.changes, changes...)
	if n := len(l.changes) - keptChanges; n > 0 {
		l.changes = append(l.changes[:0], l.changes[n:]...)
	}
}

// tell wakes those who wait for a change.
func (l *Loop) tell() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.wake)
	l.wake = make(chan struct{})
}

func (l *Loop) note(changes []Change) {
	for _, c := range changes {
		l.log.Info("change", "seq", c.Seq, "what", c.What, "call", c.Call, "from", c.From, "to", c.To, "cause", c.Cause, "line", c.Line, "by", c.By)
	}
}

func (l *Loop) startTimer(id TimerID, after time.Duration) {
	l.stopTimer(id)
	t := &timer{}
	t.Timer = time.AfterFunc(after, func() { l.post(request{by: "timer", in: TimerFired{ID: id}, timer: t}) })
	l.timers[id] = t
}

func (l *Loop) stopTimer(id TimerID) {
	if t := l.timers[id]; t != nil {
		t.Stop()
		delete(l.timers, id)
	}
}

// Post gives an event to the loop; it waits only while the inbox is full. After the loop has
// stopped events vanish.
func (l *Loop) Post(by Origin, e Event) { l.post(request{by: by, in: e}) }

func (l *Loop) post(r request) {
	select {
	case l.inbox <- r:
	case <-l.stopped:
	}
}

// Do implements Control.
func (l *Loop) Do(ctx context.Context, by Origin, c Command) error { return l.ask(ctx, by, c) }

// Ping waits until the loop has taken everything that was given before, and so proves that it moves.
func (l *Loop) Ping(ctx context.Context) error { return l.ask(ctx, "", nil) }

func (l *Loop) ask(ctx context.Context, by Origin, in Input) error {
	done := make(chan error, 1)
	select {
	case l.inbox <- request{by: by, in: in, done: done}:
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
		if s.Seq != after {
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

// since gathers the changes after a number; the caller holds mu. A number not reached yet is one of
// an earlier life of the phone.
func (l *Loop) since(s *State, after Seq) Update {
	if after > s.Seq || s.Seq-after > Seq(len(l.changes)) {
		return Update{State: s, Gap: true}
	}
	missing := int(s.Seq - after)
	return Update{State: s, Changes: append([]Change(nil), l.changes[len(l.changes)-missing:]...)}
}
