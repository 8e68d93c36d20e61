package device

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

func TestFallenPartRunsAgainAndOthersDoNotNotice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var starts []time.Time
		calm := 0
		done := make(chan struct{})
		go func() {
			defer close(done)
			supervise(ctx, slog.New(slog.DiscardHandler),
				part{"fragile", func(ctx context.Context) error {
					starts = append(starts, time.Now())
					switch len(starts) {
					case 1:
						panic("a bug")
					case 2:
						return errors.New("a fault")
					}
					<-ctx.Done()
					return nil
				}},
				part{"calm", func(ctx context.Context) error {
					calm++
					<-ctx.Done()
					return nil
				}})
		}()
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(starts) != 3 || starts[1].Sub(starts[0]) != firstPause || starts[2].Sub(starts[1]) != 2*firstPause {
			t.Errorf("the fragile part started at %v", starts)
		}
		if calm != 1 {
			t.Errorf("the calm part started %d times", calm)
		}
		cancel()
		<-done
	})
}

func TestPauseBetweenFallsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		falls := 0
		done := make(chan struct{})
		go func() {
			defer close(done)
			supervise(ctx, slog.New(slog.DiscardHandler), part{"broken", func(context.Context) error { falls++; panic("always") }})
		}()
		time.Sleep(time.Hour)
		cancel()
		<-done
		if falls < 300 || falls > 400 { // every 10 s once the pause has grown
			t.Errorf("%d falls in an hour", falls)
		}
	})
}
