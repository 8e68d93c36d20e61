package media

import (
	"math"
	"time"

	"github.com/pion/rtcp"

	"opendeskphone/audio/quality"
)

const (
	unknown  = 127         // of the one-byte metrics of RFC 3611 §4.7
	rxConfig = 2<<6 | 3<<4 // enhanced concealment, adaptive buffer (RFC 3611 §4.7.6)
	reportOK = 15 * time.Second
)

// extended makes the extended report of RFC 3611, nil if the far side takes none or there is nothing to tell.
func (w *sender) extended(now time.Time) *rtcp.ExtendedReport {
	xr := w.plan.media.XR
	x := &rtcp.ExtendedReport{SenderSSRC: w.ssrc}
	if xr.VoIP && w.s.source.started.Load() {
		x.Reports = append(x.Reports, w.s.voip())
	}
	if xr.RoundTrip && w.idle { // who sends no sender reports learns of the round trip by this alone
		x.Reports = append(x.Reports, &rtcp.ReceiverReferenceTimeReportBlock{NTPTimestamp: ntp(now)})
	}
	if r := w.s.far.reference.Load(); xr.RoundTrip && r != nil {
		x.Reports = append(x.Reports, &rtcp.DLRRReportBlock{Reports: []rtcp.DLRRReport{{SSRC: r.ssrc, LastRR: r.mid, DLRR: uint32(now.Sub(r.at) * 65536 / time.Second)}}})
	}
	if len(x.Reports) == 0 {
		return nil
	}
	return x
}

// voip reports on the stream we receive (RFC 3611 §4.7).
func (s *Session) voip() *rtcp.VoIPMetricsReportBlock {
	st, m := s.Stats(), s.source.outcomes.metrics()
	packet := time.Duration(max(st.PacketMS, 10)) * time.Millisecond
	b := &rtcp.VoIPMetricsReportBlock{
		SSRC: s.source.ssrc.Load(), LossRate: part(m.Loss), DiscardRate: part(m.Discard), BurstDensity: part(m.BurstDensity), GapDensity: part(m.GapDensity),
		BurstDuration: millis(time.Duration(m.Burst * float64(packet))), GapDuration: millis(time.Duration(m.Gap * float64(packet))),
		RoundTripDelay: millis(st.RTT), EndSystemDelay: millis(st.Jitterbuffer.Delay + packet),
		SignalLevel: level(st.HeardLevels.Speech), NoiseLevel: level(st.HeardLevels.Noise), RERL: unknown, Gmin: quality.Gmin,
		RFactor: unknown, ExtRFactor: unknown, MOSLQ: unknown, MOSCQ: unknown, RXConfig: rxConfig,
		JBNominal: millis(st.Jitterbuffer.Delay), JBMaximum: millis(deepest), JBAbsMax: millis(deepest),
	}
	if r := s.room.Load(); r != nil && r.RERL > 0 {
		b.RERL = uint8(min(math.Round(r.RERL), unknown-1))
	}
	if q := st.whole; q.LQ > 0 {
		b.RFactor, b.MOSLQ, b.MOSCQ = uint8(math.Round(q.R)), uint8(math.Round(10*q.LQ)), uint8(math.Round(10*q.CQ))
	}
	return b
}

// part is a share as 256ths.
func part(x float64) uint8 { return uint8(min(x*256, 255)) }

func millis(d time.Duration) uint16 { return uint16(min(max(d.Milliseconds(), 0), math.MaxUint16)) }

// level is dBm0 in a byte; 0 dBm0 is not known.
func level(dBm0 float64) uint8 {
	if dBm0 == 0 {
		return unknown
	}
	return uint8(int8(min(max(math.Round(dBm0), -127), 126)))
}

// extended enters what an extended report says of our stream.
func (f *far) extended(x *rtcp.ExtendedReport, now time.Time) {
	for _, b := range x.Reports {
		switch v := b.(type) {
		case *rtcp.VoIPMetricsReportBlock:
			if v.SSRC == f.ours.Load() {
				f.metrics.Store(v)
			}
		case *rtcp.ReceiverReferenceTimeReportBlock:
			f.reference.Store(&senderNote{ssrc: x.SenderSSRC, mid: uint32(v.NTPTimestamp >> 16), at: now})
		case *rtcp.DLRRReportBlock:
			for _, r := range v.Reports {
				if r.SSRC == f.ours.Load() {
					f.roundTrip(r.LastRR, r.DLRR, now)
				}
			}
		}
	}
}

// says is what the far side reports of our stream, as far as that is no older than reportOK.
func (f *far) says(clock int, now time.Duration) (q quality.Far) {
	at := time.Duration(f.told.Load())
	if at == 0 || now-at > reportOK {
		return q
	}
	q = quality.Far{Known: true, Loss: float64(f.lost.Load()) / 256, Jitter: time.Duration(float64(f.jitter.Load()) / float64(clock) * float64(time.Second))}
	m := f.metrics.Load()
	if m == nil || m.SSRC != f.ours.Load() {
		return q
	}
	q.LQ, q.CQ, q.Signal, q.Noise = score(m.MOSLQ), score(m.MOSCQ), decibels(m.SignalLevel), decibels(m.NoiseLevel)
	if m.RERL < unknown {
		q.RERL = float64(m.RERL)
	}
	return q
}

// score is a MOS as RFC 3611 §4.7.5 writes it, 0 if it is none.
func score(b uint8) float64 {
	if b < 10 || b > 50 {
		return 0
	}
	return float64(b) / 10
}

func decibels(b uint8) float64 {
	if b == unknown {
		return 0
	}
	return float64(int8(b))
}
