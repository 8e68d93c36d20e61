package phone

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// nobody records.
type nobody struct{}

func (nobody) Record(*State, time.Time, Origin, Input) {}

// runLoop runs a loop with one registered line until the test ends, and keeps the effects.
func runLoop(t testing.TB) (*Loop, *deed) {
	d := &deed{}
	return runWith(t, d.take), d
}

func runWith(t testing.TB, exec func(Effect)) *Loop {
	l := NewLoop(oneLine(t).s.Config, exec, nobody{}, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- l.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	l.Post("test", LineChanged{State: LineRegistered})
	return l
}

// deed keeps what the loop ordered.
type deed struct {
	mu  sync.Mutex
	all []Effect
}

func (d *deed) take(e Effect) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all = append(d.all, e)
}

func (d *deed) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return orders(d.all)
}

func must(t testing.TB, l *Loop, c Command) {
	t.Helper()
	if err := l.Do(t.Context(), "test", c); err != nil {
		t.Fatalf("%T%+v: %v", c, c, err)
	}
}

func TestLoopDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, d := runLoop(t)
		must(t, l, Dial{Number: "200"})
		if got, want := d.String(), "sound speaker, invite 1 to 200 on 0"; got != want {
			t.Errorf("ordered %s, want %s", got, want)
		}
		if err := l.Do(t.Context(), "test", Answer{Call: 1}); err != WrongState {
			t.Error(err)
		}
		if err := l.Ping(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestTimersOfTheLoop(t *testing.T) {
	for _, row := range []struct {
		name  string
		begin []Input
		after time.Duration
		calls string
	}{
		{"inter-digit", []Input{Dial{}, Digit{Digit: '3'}, Digit{Digit: '0'}, Digit{Digit: '0'}}, 4 * time.Second, "Calling"},
		{"ring", []Input{Invited{Remote: anna}}, 120 * time.Second, ""},
		{"call", []Input{Dial{Number: "200"}}, 180 * time.Second, "Failed"},
		{"confirm", []Input{Invited{Remote: anna}, Answer{Call: 1}}, 32 * time.Second, ""},
		{"failed", []Input{Dial{Number: "200"}, CallFailed{Call: 1, Cause: UserBusy}}, 8 * time.Second, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, _ := runLoop(t)
				for _, in := range row.begin {
					if c, ok := in.(Command); ok {
						must(t, l, c)
					} else {
						l.Post("test", in.(Event))
					}
				}
				synctest.Wait()
				before := calls(*l.State())
				time.Sleep(row.after - time.Nanosecond)
				synctest.Wait()
				if got := calls(*l.State()); got != before {
					t.Errorf("too early: %s", got)
				}
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				if got := calls(*l.State()); got != row.calls {
					t.Errorf("after %v: %q, want %q", row.after, got, row.calls)
				}
			})
		})
	}
}

func TestATypedDigitRestartsThePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, d := runLoop(t)
		must(t, l, Dial{})
		for _, in := range typed("3000") {
			must(t, l, in.(Command))
			time.Sleep(3 * time.Second)
		}
		if got := calls(*l.State()); got != "Dialing" {
			t.Fatalf("called in the midst of typing: %s", d)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if got := calls(*l.State()); got != "Calling" {
			t.Error(got)
		}
	})
}

// A timer that fires while its call is being decided about waits in the inbox behind the decision;
// what was started in its place must not end early.
func TestATimerThatFiredTooLateIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(oneLine(t).s.Config, func(Effect) {}, nobody{}, slog.New(slog.DiscardHandler))
		id := TimerID{InterDigit, 1}
		for _, in := range append([]Input{LineChanged{State: LineRegistered}, Dial{}}, typed("300")...) {
			l.take(request{in: in})
		}
		time.Sleep(4 * time.Second)
		synctest.Wait()
		fired := <-l.inbox
		l.take(request{in: Digit{Digit: '1'}})
		l.take(fired)
		if got := calls(*l.State()); got != "Dialing" {
			t.Errorf("the fourth digit had no pause: %s", got)
		}
		l.stopTimer(id)
	})
}

func TestTwoControllersAnswerAndOneDoes(t *testing.T) {
	l, _ := runLoop(t)
	l.Post("test", Invited{Remote: anna})
	answers := make(chan error)
	for range 2 {
		go func() { answers <- l.Do(t.Context(), "test", Answer{Call: 1}) }()
	}
	a, b := <-answers, <-answers
	if a != nil {
		a, b = b, a
	}
	if a != nil || b != WrongState {
		t.Errorf("%v and %v", a, b)
	}
}

func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := runLoop(t)
		synctest.Wait()
		seq := l.State().Seq
		updates := make(chan Update)
		go func() {
			u, err := l.Watch(t.Context(), seq)
			if err != nil {
				t.Error(err)
			}
			updates <- u
		}()
		synctest.Wait()
		select {
		case u := <-updates:
			t.Fatalf("nothing changed, and yet %+v", u)
		default:
		}
		must(t, l, Dial{Number: "200"})
		u := <-updates
		if u.Gap || moves(u.Changes) != "1 None>Calling" || u.Changes[0].Seq != seq+1 || u.Changes[0].By != "test" || u.State.Seq != seq+1 {
			t.Errorf("%+v", u)
		}
		must(t, l, Hangup{Call: 1})
		u, err := l.Watch(t.Context(), seq)
		if err != nil || u.Gap || moves(u.Changes) != "1 None>Calling, 1 Calling>Ended: hung up here" {
			t.Errorf("%+v, %v", u, err)
		}
	})
}

func TestAGapTellsTheSlow(t *testing.T) {
	l, _ := runLoop(t)
	must(t, l, SelectLine{})
	seq := l.State().Seq
	for range keptChanges {
		must(t, l, SelectLine{})
	}
	if u, err := l.Watch(t.Context(), seq); err != nil || u.Gap || len(u.Changes) != keptChanges {
		t.Errorf("%d changes, gap %v, %v", len(u.Changes), u.Gap, err)
	}
	if u, err := l.Watch(t.Context(), seq-1); err != nil || !u.Gap || len(u.Changes) != 0 || u.State != l.State() {
		t.Errorf("%+v, %v", u, err)
	}
	if u, err := l.Watch(t.Context(), 1<<40); err != nil || !u.Gap {
		t.Errorf("a number of an earlier life: %+v, %v", u, err)
	}
}

// a watcher that never comes back costs the phone nothing.
func TestASlowWatcherDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := runLoop(t)
		began := time.Now()
		slow := make(chan struct{})
		go func() {
			_, _ = l.Watch(t.Context(), 0)
			time.Sleep(time.Hour)
			close(slow)
		}()
		for range 10 * keptChanges {
			must(t, l, SelectLine{})
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("took %v", took)
		}
		<-slow
	})
}

func TestStopping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(DefaultConfig(), func(Effect) {}, nobody{}, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- l.Run(ctx) }()
		watched := make(chan error)
		go func() {
			_, err := l.Watch(t.Context(), 0)
			watched <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := <-watched; err != Stopped {
			t.Errorf("Watch: %v", err)
		}
		for range 2 * inboxLen {
			l.Post("test", HookMoved{Off: true}) // must not wait
		}
		if err := l.Do(t.Context(), "test", Silence{}); err != Stopped {
			t.Errorf("Do: %v", err)
		}
	})
}

func TestAContextEndsTheWaiting(t *testing.T) {
	l := NewLoop(DefaultConfig(), func(Effect) {}, nobody{}, slog.New(slog.DiscardHandler)) // does not run
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Do(ctx, "test", Silence{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := l.Watch(ctx, 0); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestEveryChangeIsALineOfTheLog(t *testing.T) {
	var log bytes.Buffer
	l := NewLoop(oneLine(t).s.Config, func(Effect) {}, nobody{}, slog.New(slog.NewTextHandler(&log, nil)))
	l.take(request{by: "lines", in: LineChanged{State: LineRegistered}})
	l.take(request{by: "ui", in: Dial{Number: "200"}})
	for _, want := range []string{"seq=1 what=line", "seq=2 what=call call=1 from=None to=Calling", "by=ui"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %q in\n%s", want, &log)
		}
	}
}

func BenchmarkStep(b *testing.B) {
	s := oneLine(b).reach("Talking").s
	in := []Command{Hold{Call: 1}, Resume{Call: 1}}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		var err error
		if s, _, _, err = Step(s, noon, "bench", in[i&1]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDo(b *testing.B) {
	l := runWith(b, func(Effect) {})
	l.Post("bench", Invited{Remote: anna})
	must(b, l, Answer{Call: 1})
	l.Post("bench", Confirmed{Call: 1})
	in := []Command{Hold{Call: 1}, Resume{Call: 1}}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		must(b, l, in[i&1])
	}
}
