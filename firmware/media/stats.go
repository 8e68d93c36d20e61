package media

import (
	"math"
	"sync/atomic"
	"time"

	"opendeskphone/audio/codec"
	"opendeskphone/audio/jitter"
	"opendeskphone/audio/quality"
)

// Stats is what the user and the log are shown of a call, once a second.
type Stats struct {
	Seconds uint64 // measured so far, of which this is the last

	Codec  string // we send; "" before the first agreement
	Suite  string // SRTP suite, "" if plain
	Remote string // where RTP goes

	SendKbps, RecvKbps float64       // RTP with its headers, without UDP and IP
	Loss               float64       // percent, of what the far side sent in the last seconds, lost or late
	Jitter             time.Duration // interarrival jitter of what we receive (RFC 3550)
	RTT                time.Duration // round trip, 0 if not known
	Delay              time.Duration // mouth to ear, as far as we can know: network, buffer, packet
	PacketMS           int           // packet time of what we receive, before that of what we send
	Late               float64       // share of the packets not heard in the last second that came, but too late
	LQ, CQ             float64       // MOS of the last second (G.107), 1..4.5, for who listens and for who converses; 0 if nothing came
	Gone               float64       // share of the last second that was made up, 0..1

	HeardLevels, SaidLevels quality.Levels
	Far                     quality.Far // what the far side reports of what we send

	whole quality.Second // of all that was heard

	Sent, Received uint64 // packets
	Foreign        uint64 // packets of strangers
	Refused        uint64 // packets that were not authentic or made no sense
	Dropped        uint64 // our frames the sender was too late for
	Unsent         uint64 // packets the socket or cipher refused
	DigitsSent     uint64
	DigitsHeard    uint64
	FarLeft        bool // the far side said BYE
	Jitterbuffer   jitter.Stats
}

// tally counts since the session began; all goroutines write it.
type tally struct {
	sent, sentOctets         atomic.Uint64
	received, receivedOctets atomic.Uint64
	foreign, refused         atomic.Uint64
	dropped, unsent          atomic.Uint64
	digitsSent, digitsHeard  atomic.Uint64
	lastHeard                atomic.Int64 // ns since the session was born; of the last packet, or when we began to expect some

	// of the last second; the sender goroutine's
	before struct {
		sentOctets, receivedOctets uint64
		received                   uint64
		seconds                    uint64
		at                         time.Time
		jitter                     jitter.Stats
	}
	meter quality.Meter
	loss  float64
	lost  bool // Lost was told
}

// second makes the statistics of the last second and tells if the far side has fallen silent.
func (s *Session) second(now time.Time) {
	p := s.plan.Load()
	if p == nil {
		return
	}
	s.watch(p, now)
	t, last := &s.tally, &s.tally.before
	span := now.Sub(last.at).Seconds()
	last.seconds++
	st := Stats{
		Seconds: last.seconds, Codec: p.media.Send.Name, Remote: s.remote(p).String(),
		Far: s.far.says(p.codec.Clock, now.Sub(s.born)), PacketMS: int(s.source.packet.Load()), RTT: time.Duration(s.far.rtt.Load()), FarLeft: s.far.left.Load(),
		Sent: t.sent.Load(), Received: t.received.Load(), Foreign: t.foreign.Load(), Refused: t.refused.Load(),
		Dropped: t.dropped.Load(), Unsent: t.unsent.Load(), DigitsSent: t.digitsSent.Load(), DigitsHeard: t.digitsHeard.Load(),
		HeardLevels: s.heard.Levels(), SaidLevels: s.said.Levels(), Jitterbuffer: p.buffer.Stats(),
	}
	if st.PacketMS == 0 {
		st.PacketMS = 10 * p.frames
	}
	if p.srtp != nil {
		st.Suite = string(p.srtp.Suite())
	}
	sent, received := t.sentOctets.Load(), t.receivedOctets.Load()
	if !last.at.IsZero() && span > 0 {
		st.SendKbps = float64(sent-last.sentOctets) * 8 / 1000 / span
		st.RecvKbps = float64(received-last.receivedOctets) * 8 / 1000 / span
	}
	st.Loss, st.Late = t.smooth(st.Jitterbuffer)
	st.Jitter = time.Duration(s.source.spread.Load())
	st.Delay = st.RTT/2 + st.Jitterbuffer.Delay + time.Duration(p.frames)*10*time.Millisecond
	s.rate(p, &st)
	last.sentOctets, last.receivedOctets, last.received, last.at, last.jitter = sent, received, st.Received, now, st.Jitterbuffer
	s.stats.Store(&st)
	if tuner, ok := p.enc.(codec.Tuner); ok {
		tuner.Loss(int(math.Round(100*st.Far.Loss)), s.far.single.Load())
	}
}

// rate judges the last second of what we hear.
func (s *Session) rate(p *plan, st *Stats) {
	heard := p.codec.Name
	if c := s.hearing.Load(); c != nil {
		heard = c.Name
	}
	j, path := &st.Jitterbuffer, quality.Path{Codec: heard, Delay: st.Delay, Echo: st.Far.RERL}
	all := quality.Counts{Frames: j.Frames, Concealed: j.Concealed, Gaps: j.Gaps}
	q := s.tally.meter.Take(all, st.PacketMS, path)
	if st.Received > s.tally.before.received { // what is not heard is not good either
		st.LQ, st.CQ, st.Gone = q.LQ, q.CQ, q.Path.Loss
	}
	st.whole = new(quality.Meter).Take(all, st.PacketMS, path)
}

// smooth gives the loss of the last seconds in percent, each of which counts a third less than the next, and which
// share of the last second's came too late.
func (t *tally) smooth(now jitter.Stats) (percent, late float64) {
	last := t.before.jitter
	if now.Received < last.Received { // another buffer
		last = jitter.Stats{}
	}
	tardy := float64(now.Late - last.Late)
	gone := max(0, float64(now.Lost)-float64(last.Lost)) + tardy // a straggler makes one less lost
	if all := gone + float64(now.Received-last.Received); all > 0 {
		t.loss += (100*gone/all - t.loss) / 3
	}
	return t.loss, tardy / max(gone, 1)
}

// watch tells Lost and Back. While we take no media nothing can be lost; a far side that suppresses
// silence is still there as long as its reports come.
func (s *Session) watch(p *plan, now time.Time) {
	quiet := now.Sub(s.born) - time.Duration(max(s.tally.lastHeard.Load(), s.far.heard.Load()))
	switch {
	case p.receives() && !s.tally.lost && quiet >= s.f.cfg.LostAfter:
		s.tally.lost = true
		s.tell(Event{Kind: Lost})
	case s.tally.lost && quiet < s.f.cfg.LostAfter:
		s.tally.lost = false
		s.tell(Event{Kind: Back})
	}
}
