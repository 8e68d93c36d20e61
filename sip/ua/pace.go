package ua

import (
	"net/netip"
	"slices"
	"time"
)

// pace bounds how often the servers of an account are sent a REGISTER, of whatever kind, so that none can make us
// storm it.
type pace map[netip.AddrPort]*visits

// visits are those of one server.
type visits struct {
	begun []time.Time // within burstWindow
	heard time.Time   // when it last answered
}

// of gives the visits of a server that count.
func (p pace) of(server netip.AddrPort) *visits {
	now := time.Now()
	for s, v := range p {
		v.begun = slices.DeleteFunc(v.begun, func(t time.Time) bool { return now.Sub(t) >= burstWindow })
		if len(v.begun) == 0 && s != server {
			delete(p, s)
		}
	}
	if p[server] == nil {
		p[server] = &visits{}
	}
	return p[server]
}

// wait is how long the next visit of a server must wait; 0: it may be made.
func (p pace) wait(server netip.AddrPort) time.Duration {
	v := p.of(server)
	if len(v.begun) < burst {
		return 0
	}
	return burstWindow - time.Since(v.begun[0]) + time.Millisecond
}

// visit counts one.
func (p pace) visit(server netip.AddrPort) {
	v := p.of(server)
	v.begun = append(v.begun, time.Now())
}

// undo takes the last one back: nothing has reached the server.
func (p pace) undo(server netip.AddrPort) {
	if v := p.of(server); len(v.begun) > 0 {
		v.begun = v.begun[:len(v.begun)-1]
	}
}

// heard notes that a server has answered.
func (p pace) heard(server netip.AddrPort) { p.of(server).heard = time.Now() }

// forgive takes back what had no answer: the way to the servers was cut.
func (p pace) forgive() {
	for _, v := range p {
		v.begun = slices.DeleteFunc(v.begun, func(t time.Time) bool { return t.After(v.heard) })
	}
}
