package device

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

// part is one adapter that runs under the supervisor.
type part struct {
	name string
	run  func(context.Context) error
}

const (
	firstPause = 100 * time.Millisecond // before a fallen part runs again
	longPause  = 10 * time.Second       // at most
	calmTime   = time.Minute            // after which a part counts as well again
)

// supervise runs parts until ctx ends and each has returned. A part that panics or gives up is
// logged and run again with a growing pause; the others do not notice. The phone core and the audio
// engine stand outside: without them there is no phone.
func supervise(ctx context.Context, log *slog.Logger, parts ...part) {
	var wg sync.WaitGroup
	for _, p := range parts {
		wg.Go(func() { keepRunning(ctx, log, p) })
	}
	wg.Wait()
}

func keepRunning(ctx context.Context, log *slog.Logger, p part) {
	pause := firstPause
	for {
		began := time.Now()
		err := guarded(ctx, p)
		if ctx.Err() != nil {
			if err != nil {
				log.Warn("part stopped", "part", p.name, "err", err)
			}
			return
		}
		if time.Since(began) > calmTime {
			pause = firstPause
		}
		log.Error("part fell, running it again", "part", p.name, "err", err, "pause", pause)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, longPause)
	}
}

// guarded turns a panic of a part into an error that has the stack.
func guarded(ctx context.Context, p part) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("device: %s panicked: %v\n%s", p.name, r, debug.Stack())
		}
	}()
	return p.run(ctx)
}
