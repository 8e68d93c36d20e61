package ua

import (
	"net/netip"
	"slices"
	"time"
)

// pace bounds how often the servers of an account are sent requests of a kind, repeats too, so that none can make us
// storm it.
type pace struct {
	most   int           // requests
	within time.Duration // in any time of this length
	at     map[netip.AddrPort][]time.Time
}

func newPace(most int, within time.Duration) pace {
	return pace{most, within, map[netip.AddrPort][]time.Time{}}
}

// wait is how long the next visit of a server must wait; 0: it may be made.
func (p pace) wait(server netip.AddrPort) time.Duration {
	now := time.Now()
	for s, visits := range p.at {
		visits = slices.DeleteFunc(visits, func(t time.Time) bool { return now.Sub(t) >= p.within })
		if p.at[s] = visits; len(visits) == 0 {
			delete(p.at, s)
		}
	}
	n := len(p.at[server])
	if n < p.most {
		return 0
	}
	return p.within - now.Sub(p.at[server][n-p.most]) + time.Millisecond
}

// visit counts one.
func (p pace) visit(server netip.AddrPort) { p.at[server] = append(p.at[server], time.Now()) }

// undo takes the last one back: nothing has reached the server.
func (p pace) undo(server netip.AddrPort) {
	if n := len(p.at[server]); n > 0 {
		p.at[server] = p.at[server][:n-1]
	}
}

// spare gives what tells whether one more message to a server, repeats too, keeps the pace, and counts it.
func (p pace) spare(server netip.AddrPort) func() bool {
	return func() bool {
		if p.wait(server) > 0 {
			return false
		}
		p.visit(server)
		return true
	}
}
