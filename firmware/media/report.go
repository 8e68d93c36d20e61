package media

import (
	"math"
	"net/netip"
	"time"

	"github.com/pion/rtcp"

	"opendeskphone/audio/quality"
	"opendeskphone/sip/report"
)

// Report is what is told of the voice of a call to those who collect that (RFC 6035).
type Report struct {
	Agreed         bool // some voice was
	Local, Remote  report.Side
	Ours           report.Metrics  // of what we hear
	Theirs         *report.Metrics // of what they hear, as they say; nil: they have said nothing
	Encrypted      bool
	Sent, Received uint64 // packets
	Delay          time.Duration
}

// Period is the time that a Report is about: from the last one that was given the same Period. The zero Period is the
// whole call. It belongs to one goroutine.
type Period struct {
	pattern        quality.Pattern
	meter          quality.Meter
	top, gone      uint32 // of their reports
	sent, received uint64
}

// Report tells of the voice since the end of the Period, which ends now.
func (s *Session) Report(since *Period) Report {
	p := s.plan.Load()
	if p == nil {
		return Report{}
	}
	st := s.Stats()
	out := Report{
		Agreed: true, Encrypted: p.srtp != nil, Delay: st.Delay,
		Local:  report.Side{Addr: netip.AddrPortFrom(s.f.cfg.Bind, s.port), SSRC: s.far.ours.Load()},
		Remote: report.Side{Addr: s.remote(p), SSRC: s.source.ssrc.Load()},
	}
	sent, received := s.tally.sent.Load(), s.tally.received.Load()
	out.Sent, out.Received = sent-since.sent, received-since.received
	since.sent, since.received = sent, received
	out.Ours = s.ours(p, &st, since)
	out.Theirs = s.theirs(p, since)
	return out
}

// ours are the metrics of what we hear.
func (s *Session) ours(p *plan, st *Stats, since *Period) report.Metrics {
	heard, pt := p.codec, p.media.Send.PT
	if c := s.hearing.Load(); c != nil {
		heard = c
	}
	for _, r := range p.media.Recv {
		if r.Name == heard.Name {
			pt = r.PT
			break
		}
	}
	packet := time.Duration(st.PacketMS) * time.Millisecond
	m := report.Metrics{
		PayloadType: int(pt), Codec: heard.Name, Clock: heard.Clock, PacketMS: st.PacketMS, Discard: -1,
		JitterMax: deepest, RoundTrip: st.RTT, Signal: st.HeardLevels.Speech, Noise: st.HeardLevels.Noise,
	}
	if r := s.room.Load(); r != nil {
		m.EchoLoss = max(0, r.RERL)
	}
	if !s.source.started.Load() {
		return m
	}
	pattern := s.source.outcomes.sum()
	w := pattern.Since(since.pattern)
	since.pattern = pattern
	m.Heard, m.Loss, m.Discard, m.Jitter = true, w.Loss, w.Discard, st.Jitter
	m.Bursts = &report.Bursts{BurstDensity: w.BurstDensity, GapDensity: w.GapDensity, Gmin: quality.Gmin,
		Burst: time.Duration(w.Burst * float64(packet)), Gap: time.Duration(w.Gap * float64(packet))}
	m.JitterNominal, m.EndSystem = st.Jitterbuffer.Delay, st.Jitterbuffer.Delay+packet
	m.JitterMax = max(m.JitterMax, m.JitterNominal)
	j := &st.Jitterbuffer
	q := since.meter.Take(quality.Counts{Frames: j.Frames, Concealed: j.Concealed, Gaps: j.Gaps}, st.PacketMS, quality.Path{Codec: heard.Name, Delay: st.Delay, Echo: st.Far.RERL})
	if q.LQ > 0 {
		m.RLQ, m.RCQ, m.LQ, m.CQ = q.Path.Listening(), q.R, q.LQ, q.CQ
	}
	return m
}

// theirs are the metrics of what they hear, as far as their reports go.
func (s *Session) theirs(p *plan, since *Period) *report.Metrics {
	f := &s.far
	if f.told.Load() == 0 {
		return nil
	}
	top, gone := f.top.Load(), f.gone.Load()
	from := since.top
	if from == 0 {
		from = f.first.Load() - 1
	}
	m := &report.Metrics{
		PayloadType: int(p.media.Send.PT), Codec: p.codec.Name, Clock: p.codec.Clock, PacketMS: 10 * p.frames, Heard: true, Discard: -1,
		Jitter: time.Duration(float64(f.jitter.Load()) / float64(p.codec.Clock) * float64(time.Second)), RoundTrip: time.Duration(f.rtt.Load()),
	}
	if n := top - from; n > 0 && n < math.MaxInt32 {
		m.Loss = min(float64(gone-min(since.gone, gone))/float64(n), 1)
	}
	since.top, since.gone = top, gone
	if x := f.metrics.Load(); x != nil && x.SSRC == f.ours.Load() {
		extend(m, x)
	}
	return m
}

// extend takes in an extended report of theirs, which is about all of the call (RFC 3611 §4.7).
func extend(m *report.Metrics, x *rtcp.VoIPMetricsReportBlock) {
	ms := func(v uint16) time.Duration { return time.Duration(v) * time.Millisecond }
	m.Discard = float64(x.DiscardRate) / 256
	m.Bursts = &report.Bursts{BurstDensity: float64(x.BurstDensity) / 256, GapDensity: float64(x.GapDensity) / 256, Burst: ms(x.BurstDuration), Gap: ms(x.GapDuration), Gmin: int(max(x.Gmin, 1))}
	m.JitterNominal, m.JitterMax, m.EndSystem = ms(x.JBNominal), ms(x.JBMaximum), ms(x.EndSystemDelay)
	m.Signal, m.Noise, m.LQ, m.CQ = decibels(x.SignalLevel), decibels(x.NoiseLevel), score(x.MOSLQ), score(x.MOSCQ)
	if x.RERL < unknown {
		m.EchoLoss = float64(x.RERL)
	}
	if x.RFactor <= 100 {
		m.RCQ = float64(x.RFactor)
	}
}
