package pairing

import "time"

// How often a pairing may be begun.
const (
	maxBegins   = 3
	beginWindow = time.Minute
	lockOut     = 10 * time.Minute
)

// Limits is how often a pairing was begun, as it outlasts unplugging and restarts. No clock is kept, since the phone's
// may jump: after a restart all of it counts as just now.
type Limits struct {
	Begins int  // within the last minute
	Locked bool // no pairing may begin
}

// limiter counts.
type limiter struct {
	begins []time.Time
	until  time.Time // of the lock-out; zero: there is none
}

func restored(l Limits, now time.Time) limiter {
	var out limiter
	for range min(max(l.Begins, 0), maxBegins) {
		out.begins = append(out.begins, now)
	}
	if l.Locked {
		out.until = now.Add(lockOut)
	}
	return out
}

// begin counts an attempt; ok tells whether it may go on.
func (l limiter) begin(now time.Time) (next limiter, ok bool) {
	l = l.at(now)
	if !l.until.IsZero() {
		return l, false
	}
	if len(l.begins) >= maxBegins {
		return limiter{until: now.Add(lockOut)}, false
	}
	return limiter{begins: append(l.begins[:len(l.begins):len(l.begins)], now)}, true
}

// at forgets what is over.
func (l limiter) at(now time.Time) limiter {
	if !l.until.IsZero() && !now.Before(l.until) {
		return limiter{}
	}
	for len(l.begins) > 0 && now.Sub(l.begins[0]) >= beginWindow {
		l.begins = l.begins[1:]
	}
	return l
}

// next is when something of it is over; zero: never.
func (l limiter) next() time.Time {
	switch {
	case !l.until.IsZero():
		return l.until
	case len(l.begins) > 0:
		return l.begins[0].Add(beginWindow)
	}
	return time.Time{}
}

func (l limiter) kept() Limits { return Limits{Begins: len(l.begins), Locked: !l.until.IsZero()} }
