package media

import (
	"net/netip"
	"time"
)

const (
	// silence is how long the negotiated address must send nothing before another source may take
	// its place. Behind a NAT the far side sends from an address its SDP cannot know.
	silence = 250 * time.Millisecond
	// patience is how long a candidate may pause before another is tried.
	patience = time.Second
	// probation is how many packets in sequence a source must send that is not the negotiated one.
	probation = 3
)

// latch decides whose packets are the far side's. Until something is decided, packets of the
// negotiated address are taken at once; another source is taken only if the negotiated one stays
// silent, and only after a run of packets. Once decided, nobody else is heard: only the negotiated
// address itself may still claim its place from a substitute, and never the other way round. A new
// negotiated address (by a new offer or answer) begins anew.
type latch struct {
	negotiated netip.AddrPort
	since      time.Time      // when it was negotiated
	taken      netip.AddrPort // whose packets we hear; not valid while undecided

	candidate netip.AddrPort
	seen      time.Time // last packet of the candidate
	ssrc      uint32
	next      uint16
	run       int
}

// expect begins anew with the negotiated address.
func (l *latch) expect(negotiated netip.AddrPort, now time.Time) {
	*l = latch{negotiated: negotiated, since: now}
}

// may tells whether a packet from this source could be taken: a cheap look before its key is tried.
func (l *latch) may(from netip.AddrPort) bool {
	return from == l.taken || from == l.negotiated || !l.taken.IsValid()
}

// take decides about a packet that is whole, and authentic if keys were agreed (secure: the key is
// proof enough of who sent it). It tells whether the packet is the far side's.
func (l *latch) take(from netip.AddrPort, ssrc uint32, seq uint16, secure bool, now time.Time) bool {
	switch {
	case from == l.taken:
		return true
	case from == l.negotiated, secure && !l.taken.IsValid():
		l.taken = from
		return true
	case l.taken.IsValid():
		return false
	}
	l.try(from, ssrc, seq, now)
	if l.run < probation || now.Sub(l.since) < silence {
		return false
	}
	l.taken = from
	return true
}

// try keeps the account of the first source that is not the negotiated one.
func (l *latch) try(from netip.AddrPort, ssrc uint32, seq uint16, now time.Time) {
	switch {
	case from != l.candidate && l.candidate.IsValid() && now.Sub(l.seen) < patience:
		l.run = min(l.run, probation-1) // somebody else's packet never completes a run
		return
	case from != l.candidate || ssrc != l.ssrc || seq != l.next:
		l.candidate, l.ssrc, l.run = from, ssrc, 0
	}
	l.run++
	l.next, l.seen = seq+1, now
}
