package media

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/pion/rtp"

	"opendeskphone/audio"
	"opendeskphone/audio/codec"
	"opendeskphone/audio/codec/red"
	"opendeskphone/audio/vad"
	"opendeskphone/sip/srtp"
)

const (
	pause = 100 * time.Millisecond // between frames, from which on the stream counts as interrupted
	// maxPayload fits an Ethernet frame behind IPv6, UDP, RTP and SRTP.
	maxPayload = mtu - 40 - 8 - 12 - srtp.MaxOverhead
	cnEvery    = 10 // packet times between two comfort noise packets of one silence
)

// sender is what the sender goroutine keeps.
type sender struct {
	s    *Session
	plan *plan

	pcm      [6]audio.Frame
	have     int    // frames of pcm
	frames   int    // that make a packet
	number   uint64 // of the last frame taken
	lastTime time.Time

	ssrc    uint32
	seq     uint16
	ts      uint32 // of the next frame
	clock   int    // of ts, Hz
	fresh   bool   // the next packet begins a talk spurt
	silent  int    // packets of the present silence
	dialler dialler
	rest    int // packet times until the next digit may begin
	speech  vad.Detector
	noise   *codec.NoiseEncoder

	packets, octets uint32 // since this SSRC began
	lastRTP         uint32 // timestamp of the last packet, and
	lastSent        time.Time
	lastKept        time.Time // when the way was last kept open

	copies  *red.Sender
	packet  [mtu]byte
	sealed  [mtu + srtp.MaxOverhead]byte
	reports reporter
	idle    bool // nothing was sent since the report before the last
}

// send is the sender goroutine: frames become packets as they come; once a second it looks after
// the statistics, every five seconds after the reports.
func (s *Session) send(ctx context.Context) {
	w := &sender{s: s, noise: codec.NewNoiseEncoder(), copies: red.NewSender()}
	w.restart(8000)
	w.reports.init()
	second := time.NewTicker(time.Second)
	defer second.Stop()
	report := time.NewTimer(w.reports.first())
	defer report.Stop()
	w.lastTime = time.Now()
	for {
		select {
		case b := <-s.full:
			w.take(b, time.Now())
		case <-s.changed:
			w.follow()
		case <-second.C:
			s.second(time.Now())
			w.keepOpen(time.Now())
		case <-report.C:
			w.report(false)
			report.Reset(w.reports.interval())
		case <-ctx.Done():
			w.report(true)
			return
		}
	}
}

// restart begins a new stream: another clock means another SSRC (RFC 7160 §4.1).
func (w *sender) restart(clock int) {
	w.ssrc, w.seq, w.ts, w.clock = random32(), uint16(random32()), random32(), clock
	w.packets, w.octets, w.fresh, w.dialler = 0, 0, true, dialler{}
	w.reports.sent = 0
	w.s.far.first.Store(uint32(w.seq))
	w.s.far.ours.Store(w.ssrc)
}

// follow takes up a new plan.
func (w *sender) follow() {
	p := w.s.plan.Load()
	if p == nil || p == w.plan {
		return
	}
	if p.codec.Clock != w.clock {
		w.restart(p.codec.Clock)
	}
	if w.plan == nil || w.plan.media.Direction != p.media.Direction {
		w.s.tally.lastHeard.Store(int64(time.Since(w.s.born))) // silence counts from now
	}
	if !p.sends() {
		w.dialler = dialler{}
	}
	w.plan, w.have, w.frames, w.fresh = p, 0, p.frames, true
	if r, ok := p.enc.(codec.Repeater); ok {
		r.Repeat(p.media.Red.SendPT != 0)
	}
	if p.sends() && w.packets == 0 {
		w.greet()
	}
}

// greet sends one packet of silence the moment there is somewhere to send it, before the engine has
// filled the first: it opens the way through NATs and firewalls, and lets the far side latch, a
// packet time sooner.
func (w *sender) greet() {
	frames := w.pcm[:w.frames]
	clear(frames)
	begins := w.ts
	w.ts += uint32(len(frames) * w.clock / 100)
	w.emit(frames, begins, time.Now())
}

// take adds a frame to the packet, and sends it when it is full.
func (w *sender) take(b *slot, now time.Time) {
	w.follow()
	w.skip(b.at, now)
	if w.plan.sends() {
		w.pcm[w.have] = b.frame
		w.have++
	}
	w.s.free <- b
	w.ts += uint32(w.clock / 100)
	if w.plan == nil || w.have < w.frames {
		return
	}
	begins := w.ts - uint32(w.have*w.clock/100)
	frames := w.pcm[:w.have]
	w.have = 0
	w.emit(frames, begins, now)
}

// skip lets the timestamp run over frames that were dropped, and over a time in which the engine
// had no frames for us: it counts time, not frames sent (RFC 3550 §5.1).
func (w *sender) skip(at uint64, now time.Time) {
	missed := uint32(at-w.number) - 1
	if gap := now.Sub(w.lastTime); missed == 0 && gap > pause {
		missed = uint32(gap/(10*time.Millisecond)) - 1
		w.fresh = true
	}
	if missed > 0 {
		w.ts += missed * uint32(w.clock/100)
		w.have = 0
	}
	w.number, w.lastTime = at, now
}

// emit sends one packet time: a digit, speech, or the noise of a silence.
func (w *sender) emit(frames []audio.Frame, ts uint32, now time.Time) {
	p := w.plan
	packet := time.Duration(len(frames)) * 10 * time.Millisecond
	if !w.dialler.active && w.rest == 0 {
		select {
		case key := <-w.s.digits:
			w.dialler.start(key, ts, packet, p.event.Clock)
			w.rest = 1 + int(shortestDigit/packet)
			w.s.tally.digitsSent.Add(1)
		default:
		}
	}
	if w.dialler.active {
		payload, first := w.dialler.next(w.packet[12:12])
		w.write(p.event.SendPT, w.dialler.ts, first, len(payload), now)
		w.fresh = true
		return
	}
	w.rest = max(0, w.rest-1)
	if w.quiet(frames, ts, now) {
		return
	}
	payload := p.enc.Encode(w.packet[:12], frames)[12:]
	switch {
	case len(payload) == 0: // the encoder has nothing to say (DTX)
		w.fresh = true
		return
	case len(payload) > maxPayload: // so rich a codec needs shorter packets
		w.frames = max(1, w.frames/2)
		return
	}
	pt, n := w.repeat(ts, payload)
	w.write(pt, ts, w.fresh, n, now)
	w.fresh = false
}

// repeat puts a copy of an earlier payload in front of the one in w.packet, if the encoder asks for that, and gives
// the payload type and the length of the whole.
func (w *sender) repeat(ts uint32, payload []byte) (pt uint8, n int) {
	p := w.plan
	r, ok := p.enc.(codec.Repeater)
	if !ok || p.media.Red.SendPT == 0 {
		return p.media.Send.PT, len(payload)
	}
	back := r.Back()
	whole := w.copies.Pack(w.sealed[:0], p.media.Send.PT, ts, payload, back)
	if back == 0 || len(whole) > maxPayload {
		return p.media.Send.PT, len(payload)
	}
	return p.media.Red.SendPT, copy(w.packet[12:], whole)
}

// quiet sends comfort noise in place of silence, where it was agreed. Its clock is 8000 Hz, so it
// goes with no other (RFC 3389 §4).
func (w *sender) quiet(frames []audio.Frame, ts uint32, now time.Time) bool {
	if w.plan.media.CN == 0 || w.clock != 8000 {
		return false
	}
	speech := false
	for i := range frames {
		speech = w.speech.Speech(&frames[i]) || speech
	}
	if speech {
		w.silent = 0
		return false
	}
	if w.silent%cnEvery == 0 {
		payload := w.noise.Encode(w.packet[:12], frames)[12:]
		w.write(w.plan.media.CN, ts, false, len(payload), now)
	}
	w.silent++
	w.fresh = true
	return true
}

// write sends the payload that stands in w.packet behind the place of the header.
func (w *sender) write(pt uint8, ts uint32, marker bool, payload int, now time.Time) {
	h := rtp.Header{Version: 2, Marker: marker, PayloadType: pt, SequenceNumber: w.seq, Timestamp: ts, SSRC: w.ssrc}
	n, err := h.MarshalTo(w.packet[:])
	if err != nil {
		return
	}
	w.seq++
	b := w.packet[:n+payload]
	if w.plan.srtp != nil {
		if b, err = w.plan.srtp.Protect(w.sealed[:0], b); err != nil {
			w.s.tally.unsent.Add(1)
			return
		}
	}
	if _, err := w.s.rtp.WriteTo(b, w.s.remote(w.plan)); err != nil {
		w.s.tally.unsent.Add(1)
		return
	}
	w.packets++
	w.octets += uint32(payload)
	w.lastRTP, w.lastSent = ts, now
	if w.s.tally.sent.Add(1) == 1 {
		w.s.tell(Event{Kind: Sent})
	}
	w.s.tally.sentOctets.Add(uint64(len(b)))
}

const keepEvery = 15 * time.Second // RFC 6263 §5: NATs may forget after 30

// keepOpen keeps the way through NATs open while no voice is sent: until it is known where to, by the STUN server; then
// by the reports if they share the port (RFC 6263 §4.3), by ICE's own checks, or else by a STUN indication, which whoever
// gets it drops (§4.4).
func (w *sender) keepOpen(now time.Time) {
	if now.Sub(w.lastSent) < keepEvery || now.Sub(w.lastKept) < keepEvery {
		return
	}
	w.lastKept = now
	p := w.plan
	switch {
	case p == nil && w.s.path != nil:
		w.s.path.Keep()
	case p != nil && p.media.ICE == nil && !p.media.RTCPMux && reachable(p.media.Remote):
		_, _ = w.s.rtp.WriteTo(indication(), w.s.remote(p)) // the next may get through
	}
}

// indication is a STUN Binding indication without attributes (RFC 8489 §5).
func indication() []byte {
	b := binary.BigEndian.AppendUint32([]byte{0, 0x11, 0, 0}, 0x2112a442)
	return append(b, rand.Text()[:12]...)
}

// remote is where RTP goes: back to where it comes from, or as negotiated until something came.
func (s *Session) remote(p *plan) netip.AddrPort {
	return via(s.target.Load(), p.media.Remote)
}
