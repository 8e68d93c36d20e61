package pc

import (
	"context"
	"time"

	"opendeskphone/firmware/tpcp"
)

// screen is whether this computer's screen is locked, as the phones are to know.
type screen struct {
	known, locked bool
	counter       uint64 // grows with each news, over restarts of the agent too
	news          chan struct{}
}

// ScreenLocked tells that this computer's screen was locked or unlocked; phones whose lock follows it are told, now
// or as soon as they are reached. The phone decides what to do about it: it unlocks for the cable alone.
func (a *Agent) ScreenLocked(locked bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.screen.known && a.screen.locked == locked {
		return
	}
	a.screen.known, a.screen.locked = true, locked
	a.screen.counter = max(a.screen.counter+1, uint64(time.Now().UnixMilli()))
	close(a.screen.news)
	a.screen.news = make(chan struct{})
}

func (a *Agent) screenNow() screen {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.screen
}

// followScreen tells the phone of a leg of this computer's screen until ctx ends.
func (s *session) followScreen(ctx context.Context, c *tpcp.Client) {
	for {
		now := s.a.screenNow()
		if now.known {
			state := "unlocked"
			if now.locked {
				state = "locked"
			}
			_, err := c.HostState(ctx, tpcp.HostState{State: state, User: s.a.cfg.User, Ctr: now.counter, At: tpcp.Time{Time: time.Now()}})
			if err != nil && ctx.Err() == nil {
				s.a.cfg.Log.Info("the phone does not follow the screen", "phone", s.id, "err", err)
			}
		}
		select {
		case <-now.news:
		case <-ctx.Done():
			return
		}
	}
}
