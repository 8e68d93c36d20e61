package device

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"opendeskphone/firmware/phone"
)

// warnings are how long before a certificate ends its user is told, and told again; the last one first.
var warnings = [...]struct {
	left time.Duration
	text string
}{{24 * time.Hour, "less than 1 day"}, {7 * 24 * time.Hour, "less than 7 days"}, {30 * 24 * time.Hour, "less than 30 days"}}

// certificates knows when what the lines sign in with ends.
type certificates struct {
	mu    sync.Mutex
	known map[phone.LineID]phone.LineChanged
	told  string
	tell  func(text string)
	label func(phone.LineID) string
}

// line notes what a sign-in has shown; a line that fails keeps what is known, for an ended certificate is why.
func (c *certificates) line(e phone.LineChanged, now time.Time) {
	c.mu.Lock()
	switch {
	case !e.Until.IsZero():
		c.known[e.Line] = e
	case e.State == phone.LineOff || e.State == phone.LineRegistered: // gone, or without TLS now
		delete(c.known, e.Line)
	}
	c.mu.Unlock()
	c.look(now)
}

// look tells what ends within thirty days, soonest first, whenever that is news; what has ended, the line tells itself.
// Certificates of short life are renewed by machines, when a third of it is left: of these only the last third counts.
func (c *certificates) look(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []string
	passed := time.Duration(0)
	for _, w := range warnings {
		for line := range phone.LineID(phone.MaxLines) {
			e := c.known[line]
			if left := e.Until.Sub(now); left > passed && left <= w.left && left <= e.Life/3 {
				out = append(out, fmt.Sprintf("%s: %s, %s", c.label(line), w.text, e.Until.UTC().Format(time.DateOnly)))
			}
		}
		passed = w.left
	}
	if text := strings.Join(out, "; "); text != c.told {
		c.told = text
		c.tell(text)
	}
}

// Run looks once an hour: a phone may stay signed in for weeks.
func (c *certificates) Run(ctx context.Context) error {
	hour := time.NewTicker(time.Hour)
	defer hour.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-hour.C:
			c.look(now)
		}
	}
}
