package device

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/sip/ice"
)

// TestRelaysAreTriedWhenItMatters: at once when there is news, soon after one has failed and ever more rarely then, and now and
// then while it works; what fails is told once, and that it works again.
func TestRelaysAreTriedWhenItMatters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var mu sync.Mutex
		var at []time.Duration
		var told []string
		away := true
		r := newRelays(func() []ice.Config { return []ice.Config{{Mode: ice.Full, TURN: "turn:edge.example:3478"}} },
			func(context.Context, ice.Config) error {
				mu.Lock()
				defer mu.Unlock()
				at = append(at, time.Since(began))
				if away {
					return errors.New("is away")
				}
				return nil
			}, func(s string) { told = append(told, s) }, func() {}, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); _ = r.Run(ctx) }()
		until := func(d time.Duration, is bool, want ...time.Duration) {
			t.Helper()
			time.Sleep(d - time.Since(began))
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(at, want) {
				t.Errorf("tried at %v, want %v", at, want)
			}
			at, away = nil, is
		}
		const m = time.Minute
		until(m/2, true)
		r.look()
		until(8*m, false, m/2, 3*m/2, 7*m/2, 15*m/2)
		until(46*m, true, 31*m/2, 91*m/2) // works, and is tried again after half an hour
		until(78*m, true, 151*m/2, 153*m/2)
		cancel()
		<-done
		const fault = "turn:edge.example:3478 is away"
		if !slices.Equal(told, []string{fault, "", fault}) {
			t.Errorf("told %q", told)
		}
		if all := r.all(); len(all) != 1 || all[0] != (relay{"edge.example", "is away"}) {
			t.Errorf("%+v", all)
		}
	})
}
