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
	Codec  string // we send; "" before the first agreement
	Suite  string // SRTP suite, "" if plain
	Remote string // where RTP goes

	SendKbps, RecvKbps float64       // RTP with its headers, without UDP and IP
	Loss               float64       // percent, of what the far side sent in the last seconds, lost or late
	FarLoss            float64       // percent, of what we sent, as the far side reports
	Jitter             time.Duration // interarrival jitter of what we receive (RFC 3550)
	RTT                time.Duration // round trip, 0 if not known
	Delay              time.Duration // mouth to ear, as far as we can know: network, buffer, packet
	MOS                float64       // 1..4.5 (G.107)
	Verdict            quality.Verdict
	Heard, Said        float64 // dBFS

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
		at                         time.Time
		jitter                     jitter.Stats
	}
	loss float64
	lost bool // Lost was told
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
	st := Stats{
		Codec: p.media.Send.Name, Remote: s.remote(p).String(),
		FarLoss: float64(s.far.lost.Load()) * 100 / 256, RTT: time.Duration(s.far.rtt.Load()), FarLeft: s.far.left.Load(),
		Sent: t.sent.Load(), Received: t.received.Load(), Foreign: t.foreign.Load(), Refused: t.refused.Load(),
		Dropped: t.dropped.Load(), Unsent: t.unsent.Load(), DigitsSent: t.digitsSent.Load(), DigitsHeard: t.digitsHeard.Load(),
		Heard: s.heard.Level(), Said: s.said.Level(), Jitterbuffer: p.buffer.Stats(),
	}
	if p.media.Crypto != nil {
		st.Suite = p.media.Crypto.Suite
	}
	sent, received := t.sentOctets.Load(), t.receivedOctets.Load()
	if !last.at.IsZero() && span > 0 {
		st.SendKbps = float64(sent-last.sentOctets) * 8 / 1000 / span
		st.RecvKbps = float64(received-last.receivedOctets) * 8 / 1000 / span
	}
	st.Loss = t.smooth(st.Jitterbuffer)
	st.Jitter = time.Duration(s.source.spread.Load())
	st.Delay = st.RTT/2 + st.Jitterbuffer.Delay + time.Duration(p.frames)*10*time.Millisecond
	heard := p.codec.Name
	if c := s.hearing.Load(); c != nil {
		heard = c.Name
	}
	r := quality.Path{Codec: heard, Loss: st.Loss / 100, Burst: 1, Delay: st.Delay}.R()
	st.MOS, st.Verdict = quality.MOS(r), quality.Judge(r)
	last.sentOctets, last.receivedOctets, last.at, last.jitter = sent, received, now, st.Jitterbuffer
	s.stats.Store(&st)
	if tuner, ok := p.enc.(codec.Tuner); ok {
		tuner.Loss(int(math.Round(st.FarLoss)), s.far.single.Load())
	}
}

// smooth gives the loss of the last seconds in percent: each counts a third less than the next.
func (t *tally) smooth(now jitter.Stats) float64 {
	last := t.before.jitter
	if now.Received < last.Received { // another buffer
		last = jitter.Stats{}
	}
	gone := float64(now.Lost + now.Late - last.Lost - last.Late)
	if all := gone + float64(now.Received-last.Received); all > 0 {
		t.loss += (100*gone/all - t.loss) / 3
	}
	return t.loss
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
