package siege

import (
	"context"
	"time"

	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
)

// Forgets is how long the phone remembers what is over: a transaction stays for 32 s, to answer repeats (RFC 3261 §17.2).
const Forgets = 33 * time.Second

// Soak has sipp make n calls, one after the other and as fast as it goes, and gives what the phone holds before, after as
// many calls to warm up, and after. Before it looks it waits for so long.
func (s *Siege) Soak(ctx context.Context, warmUp, n int, wait time.Duration) (before, after desk.Census, err error) {
	for _, part := range []struct {
		name  string
		calls int
		c     *desk.Census
	}{{"warm-up", warmUp, &before}, {"soak", n, &after}} {
		if err := s.calls(ctx, part.name, part.calls); err != nil {
			return before, after, err
		}
		pause(ctx, wait)
		if *part.c, err = s.Rest(ctx); err != nil {
			return before, after, err
		}
	}
	return before, after, nil
}

// rate is how many calls a second are begun at most. Each leaves two transactions behind that are remembered, and the
// phone remembers 4096.
const rate = 60

// calls makes calls by sipp's own scenario of a caller; each must go by it.
func (s *Siege) calls(ctx context.Context, name string, n int) error {
	return lab.RunSIPp(ctx, s.sipp, lab.SIPp{Name: name, Scenario: "uac", Local: at(sippHost), Remote: victim, Calls: n, Rate: rate, Limit: 1,
		User: "100", Patience: time.Minute + time.Duration(n)*100*time.Millisecond})
}
