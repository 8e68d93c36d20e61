package media

import (
	"crypto/rand"
	"encoding/base64"
	mathrand "math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"

	"opendeskphone/audio/quality"
	"opendeskphone/sip/srtp"
)

// reportEvery is the mean time between reports (RFC 3550 §6.2); each is drawn from half to one and
// a half of it (§6.3.1).
const reportEvery = 5 * time.Second

// far is what the far side's reports say. The goroutine that reads them writes it.
type far struct {
	ours   atomic.Uint32 // our SSRC, which reports must name
	first  atomic.Uint32 // number of our first packet
	top    atomic.Uint32 // of the last that it tells of, extended
	gone   atomic.Uint32 // all that were lost
	lost   atomic.Uint32 // of 256, in its last interval
	single atomic.Bool   // what we send is lost packet by packet, not in runs
	jitter atomic.Uint32 // in our RTP units
	rtt    atomic.Int64  // ns, 0 if not known
	left   atomic.Bool   // it said BYE
	heard  atomic.Int64  // when its last report came, ns since the session was born
	told   atomic.Int64  // when it last reported on our stream, likewise
	note   atomic.Pointer[senderNote]

	metrics   atomic.Pointer[rtcp.VoIPMetricsReportBlock]
	reference atomic.Pointer[senderNote] // its last receiver reference time, as our DLRR answers it

	mu   sync.Mutex // reports may come on two sockets
	runs quality.Runs
	upTo uint32 // highest sequence number that the last report told of
	of   uint32 // our SSRC then
}

// senderNote is the far side's last sender report, as our next one answers it (LSR and DLSR).
type senderNote struct {
	ssrc uint32
	mid  uint32 // middle 32 bits of its NTP time
	at   time.Time
}

// reporter makes our reports.
type reporter struct {
	cname    string
	expected uint32 // at the last report
	received uint32
	stream   uint32 // restarts of the source at the last report
	sent     uint32 // packets of ours at the last report
}

func (r *reporter) init() {
	var b [12]byte // RFC 7022 §4.2: 96 random bits, nothing of the user
	rand.Read(b[:])
	r.cname = base64.RawStdEncoding.EncodeToString(b[:])
}

func (r *reporter) first() time.Duration    { return r.interval() / 2 }
func (r *reporter) interval() time.Duration { return reportEvery/2 + mathrand.N(reportEvery) }

// report sends one compound packet; the last one says BYE.
func (w *sender) report(bye bool) {
	w.follow()
	p := w.plan
	if p == nil || p.secret() && p.srtcp == nil {
		return
	}
	now := time.Now()
	var blocks []rtcp.ReceptionReport
	if b, ok := w.reports.block(&w.s.source, w.s.far.note.Load(), now); ok {
		blocks = append(blocks, b)
	}
	compound := rtcp.CompoundPacket{w.head(blocks, now), rtcp.NewCNAMESourceDescription(w.ssrc, w.reports.cname)}
	if x := w.extended(now); x != nil {
		compound = append(compound, x)
	}
	if bye {
		compound = append(compound, &rtcp.Goodbye{Sources: []uint32{w.ssrc}})
	}
	b, err := compound.Marshal()
	if err != nil {
		return
	}
	if p.secret() {
		if b, err = p.srtcp.ProtectRTCP(make([]byte, 0, len(b)+srtp.MaxOverhead), b); err != nil {
			return
		}
	}
	socket, to := w.s.rtcp, via(w.s.back.Load(), p.media.RemoteRTCP)
	if p.media.RTCPMux {
		socket, to = w.s.rtp, w.s.remote(p)
	}
	if reachable(to) {
		_, _ = socket.WriteTo(b, to) // a report that does not arrive is made up for by the next
	}
}

// head is a sender report if we sent since the last one, otherwise a receiver report.
func (w *sender) head(blocks []rtcp.ReceptionReport, now time.Time) rtcp.Packet {
	if w.idle = w.packets == w.reports.sent; w.idle {
		return &rtcp.ReceiverReport{SSRC: w.ssrc, Reports: blocks}
	}
	w.reports.sent = w.packets
	return &rtcp.SenderReport{
		SSRC: w.ssrc, NTPTime: ntp(now), RTPTime: w.lastRTP + units(now.Sub(w.lastSent), w.clock),
		PacketCount: w.packets, OctetCount: w.octets, Reports: blocks,
	}
}

// block reports on the stream we receive (RFC 3550 §6.4.1, A.3); ok is false if there is none.
func (r *reporter) block(s *source, note *senderNote, now time.Time) (b rtcp.ReceptionReport, ok bool) {
	if !s.started.Load() {
		return b, false
	}
	expected, received := s.expected.Load(), s.received.Load()
	if stream := s.restarts.Load(); stream != r.stream {
		r.stream, r.expected, r.received = stream, 0, 0
	}
	b = rtcp.ReceptionReport{SSRC: s.ssrc.Load(), LastSequenceNumber: s.highest.Load(), Jitter: s.jitter.Load()}
	if lost := int64(expected) - int64(received); lost > 0 {
		b.TotalLost = uint32(min(lost, 1<<23-1))
	}
	due, got := expected-r.expected, received-r.received
	if due > got && due < 1<<24 {
		b.FractionLost = uint8((due - got) * 256 / due)
	}
	r.expected, r.received = expected, received
	if note != nil && note.ssrc == b.SSRC {
		b.LastSenderReport = note.mid
		b.Delay = uint32(now.Sub(note.at) * 65536 / time.Second)
	}
	return b, true
}

// receiveReports reads the RTCP socket.
func (s *Session) receiveReports() {
	s.read(s.rtcp, func(b []byte, from netip.AddrPort, now time.Time) {
		if shakes(b) {
			s.handshake(true, b, from)
		} else if p := s.plan.Load(); p != nil && !p.media.RTCPMux {
			s.report(p, b, from, now)
		}
	})
}

// report takes a compound packet from the far side. Without keys it must come from the host we were
// told of, or hear.
func (s *Session) report(p *plan, b []byte, from netip.AddrPort, now time.Time) {
	if p.secret() && p.srtcp == nil { // its handshake goes on
		return
	}
	if !p.secret() && from.Addr() != p.media.RemoteRTCP.Addr() && from.Addr() != s.remote(p).Addr() {
		s.tally.foreign.Add(1)
		return
	}
	if p.secret() {
		var err error
		if b, err = p.srtcp.UnprotectRTCP(make([]byte, 0, len(b)), b); err != nil {
			s.tally.refused.Add(1)
			return
		}
	}
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		s.tally.refused.Add(1)
		return
	}
	if !p.media.RTCPMux && via(s.back.Load(), p.media.RemoteRTCP) != from {
		s.back.Store(&detour{p.media.RemoteRTCP, from})
	}
	s.far.heard.Store(int64(now.Sub(s.born)))
	for _, packet := range packets {
		s.far.take(packet, s.source.ssrc.Load(), now)
	}
}

// take enters one packet.
func (f *far) take(packet rtcp.Packet, theirs uint32, now time.Time) {
	switch v := packet.(type) {
	case *rtcp.SenderReport:
		f.note.Store(&senderNote{ssrc: v.SSRC, mid: uint32(v.NTPTime >> 16), at: now})
		f.blocks(v.Reports, now)
	case *rtcp.ReceiverReport:
		f.blocks(v.Reports, now)
	case *rtcp.ExtendedReport:
		f.extended(v, now)
	case *rtcp.Goodbye:
		for _, ssrc := range v.Sources {
			if ssrc == theirs {
				f.left.Store(true)
			}
		}
	}
}

func (f *far) blocks(reports []rtcp.ReceptionReport, now time.Time) {
	for _, b := range reports {
		if b.SSRC != f.ours.Load() {
			continue
		}
		f.lost.Store(uint32(b.FractionLost))
		f.top.Store(b.LastSequenceNumber)
		f.gone.Store(lostInAll(b.TotalLost))
		f.pattern(b)
		f.jitter.Store(b.Jitter)
		f.told.Store(f.heard.Load())
		f.roundTrip(b.LastSenderReport, b.Delay, now)
	}
}

// lostInAll reads the number of lost packets, which has a sign and 24 bits: of doubles it is negative (RFC 3550 §6.4.1).
func lostInAll(b uint32) uint32 {
	if b >= 1<<23 {
		return 0
	}
	return b
}

// roundTrip takes the answer to a report of ours of the time last, which the far side had for so long (RFC 3550
// §6.4.1, RFC 3611 §4.5): A - LSR - DLSR in 1/65536 s; a clock that was set meanwhile gives nonsense.
func (f *far) roundTrip(last, delay uint32, now time.Time) {
	d := time.Duration(uint32(ntp(now)>>16)-last-delay) * time.Second / 65536
	if last != 0 && d < 10*time.Second {
		f.rtt.Store(int64(d))
	}
}

// pattern learns from a report how packets are lost.
func (f *far) pattern(b rtcp.ReceptionReport) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := b.LastSequenceNumber - f.upTo; f.of == b.SSRC && n < 1<<15 {
		f.runs.Report(int(n), float64(b.FractionLost)/256)
	}
	f.upTo, f.of = b.LastSequenceNumber, b.SSRC
	f.single.Store(f.runs.Single())
}

// ntp is a moment as RFC 3550 §4 writes it: seconds since 1900, and 32 bits of their fraction.
func ntp(t time.Time) uint64 {
	const since1900 = 2208988800
	return uint64(t.Unix()+since1900)<<32 | uint64(t.Nanosecond())<<32/1_000_000_000
}
