package media

import (
	"sync/atomic"
	"time"
)

// source keeps the account of the stream we receive (RFC 3550 §6.4.1, A.1, A.3, A.8). The receiver
// goroutine writes it; the numbers a report needs are published by atomics.
type source struct {
	live      bool
	base      uint32 // extended number of the first packet
	top       uint32 // extended highest number
	count     uint32
	transit   int32
	clock     int     // Hz; of transit and deviation
	ts        uint32  // of the last packet
	step      uint32  // from the one before it, in ms
	deviation float64 // jitter in RTP units

	rival     uint32 // another SSRC that has begun to send
	rivalNext uint16
	rivals    bool

	ssrc     atomic.Uint32
	expected atomic.Uint32 // since the stream began
	received atomic.Uint32
	highest  atomic.Uint32
	jitter   atomic.Uint32 // RTP units
	packet   atomic.Int32  // packet time in ms
	spread   atomic.Int64  // the same in ns
	started  atomic.Bool
	restarts atomic.Uint32

	outcomes outcomes
}

// verdict on a packet's SSRC.
type verdict uint8

const (
	same    verdict = iota
	fresh           // the first packet, or the second of a new stream: begin anew
	foreign         // another SSRC that has yet to prove itself
)

// judge decides whether the stream goes on. A new SSRC takes over with its second packet in
// sequence: one stray packet does not cut the call (RFC 3550 A.1). Of one that bears the right key
// (secure) the first is enough.
func (s *source) judge(ssrc uint32, seq uint16, secure bool) verdict {
	switch {
	case !s.live:
		return fresh
	case ssrc == s.ssrc.Load():
		s.rivals = false
		return same
	case secure, s.rivals && ssrc == s.rival && seq == s.rivalNext:
		return fresh
	}
	s.rival, s.rivalNext, s.rivals = ssrc, seq+1, true
	return foreign
}

// begin starts the account of a stream with its first packet.
func (s *source) begin(ssrc uint32, seq uint16) {
	s.live, s.rivals = true, false
	s.base, s.top = uint32(seq), uint32(seq)
	s.count, s.deviation, s.clock = 0, 0, 0
	s.ssrc.Store(ssrc)
	s.outcomes.begin(s.top)
	s.restarts.Add(1)
	s.started.Store(true)
}

// maxJump is the largest gap taken for loss; beyond it the sender began anew (RFC 3550 A.1).
const maxJump = 3000

// shortest and longest packet time, in ms; a longer step is a pause of the sender.
const shortest, longest = 5, 120

// note enters one packet of a format with this clock, in Hz, that arrived at so long since any origin.
func (s *source) note(seq uint16, ts uint32, clock int, at time.Duration) {
	jump := int16(seq - uint16(s.top))
	switch {
	case jump > maxJump || jump < -maxJump:
		s.base, s.top, s.count = uint32(seq), uint32(seq), 0
		s.outcomes.begin(s.top)
		s.restarts.Add(1)
	case jump > 0:
		s.top += uint32(jump)
	}
	s.count++
	s.outcomes.note(seq, false)
	if ms := (ts - s.ts) / uint32(clock/1000); jump == 1 && s.count > 1 && ms >= shortest && ms <= longest {
		if ms == s.step { // one alone may be a pause
			s.packet.Store(int32(ms))
		}
		s.step = ms
	}
	s.ts = ts
	transit := int32(units(at, clock) - ts)
	if s.count > 1 && clock == s.clock {
		d := float64(transit - s.transit)
		s.deviation += (max(d, -d) - s.deviation) / 16
	}
	s.transit, s.clock = transit, clock
	s.expected.Store(s.top - s.base + 1)
	s.received.Store(s.count)
	s.highest.Store(s.top)
	s.jitter.Store(uint32(s.deviation))
	s.spread.Store(int64(s.deviation * float64(time.Second) / float64(clock)))
}

// units gives a moment in RTP units of a clock, from any origin.
func units(since time.Duration, clock int) uint32 {
	return uint32(int64(since/time.Microsecond) * int64(clock) / 1_000_000)
}
