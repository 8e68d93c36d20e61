package ua

import (
	"net/netip"
	"slices"
	"time"
)

// pace bounds how often the servers of an account are sent a REGISTER, of whatever kind, or a Note, so that none can make
// us storm it.
type pace map[netip.AddrPort][]time.Time

// wait is how long the next visit of a server must wait; 0: it may be made.
func (p pace) wait(server netip.AddrPort) time.Duration { return p.room(server, burst) }

// room is how long it takes until a server was visited less than so often in the last burstWindow.
func (p pace) room(server netip.AddrPort, most int) time.Duration {
	now := time.Now()
	for s, visits := range p {
		visits = slices.DeleteFunc(visits, func(t time.Time) bool { return now.Sub(t) >= burstWindow })
		if p[s] = visits; len(visits) == 0 {
			delete(p, s)
		}
	}
	n := len(p[server])
	if n < most {
		return 0
	}
	return burstWindow - now.Sub(p[server][n-most]) + time.Millisecond
}

// visit counts one.
func (p pace) visit(server netip.AddrPort) { p[server] = append(p[server], time.Now()) }

// undo takes the last one back: nothing has reached the server.
func (p pace) undo(server netip.AddrPort) {
	if n := len(p[server]); n > 0 {
		p[server] = p[server][:n-1]
	}
}
