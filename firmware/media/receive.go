package media

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/pion/rtp"

	"opendeskphone/audio/codec"
	"opendeskphone/audio/codec/red"
	"opendeskphone/audio/jitter"
)

// breath is the pause after a socket error that is not its end, lest a sick socket eat the CPU.
const breath = 10 * time.Millisecond

// read reads packets of one socket and hands them on until the socket is closed.
func (s *Session) read(from Packets, handle func(b []byte, from netip.AddrPort, now time.Time)) {
	var buf [mtu]byte
	for {
		n, addr, err := from.ReadFrom(buf[:])
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			select {
			case <-s.closed:
			case <-time.After(breath):
			}
		default:
			handle(buf[:n], addr, time.Now())
		}
	}
}

// receive is the receiver goroutine.
func (s *Session) receive() {
	r := &receiver{s: s}
	s.read(s.rtp, r.packet)
}

// receiver is what the receiver goroutine keeps.
type receiver struct {
	s     *Session
	plan  *plan
	latch latch
	keys  listener
	pt    uint8          // of the decoder in the jitter buffer
	from  netip.AddrPort // whose packets were taken last

	expects *[]netip.AddrPort // of whom word is to be given
	told    uint32            // of which it was, a bit each

	copies red.Receiver
	head   rtp.Packet
	plain  [mtu]byte
}

// packet takes one packet from its datagram to the jitter buffer, or refuses it as early as it can.
func (r *receiver) packet(b []byte, from netip.AddrPort, now time.Time) {
	s, p := r.s, r.follow(now)
	switch {
	case shakes(b):
		s.handshake(false, b, from)
		return
	case p == nil: // nothing agreed yet
		return
	case !r.belongs(p, b, from, now):
		return
	case !r.latch.may(from):
		s.tally.foreign.Add(1)
		r.expected(from)
		return
	}
	if p.secret() {
		if p.srtp == nil { // its handshake goes on
			return
		}
		var err error
		if b, err = p.srtp.Unprotect(r.plain[:0], b); err != nil {
			s.tally.refused.Add(1)
			return
		}
	}
	if err := r.head.Unmarshal(b); err != nil || r.head.Version != 2 || !p.uses[r.head.PayloadType&127].known {
		s.tally.refused.Add(1)
		return
	}
	if !r.latch.take(from, r.head.SSRC, r.head.SequenceNumber, p.srtp != nil, now) {
		s.tally.foreign.Add(1)
		r.expected(from)
		return
	}
	r.expected(p.media.Remote)
	if from != r.from {
		r.from = from
		s.tell(Event{Kind: Heard, From: from})
	}
	if s.remote(p) != from {
		s.target.Store(&detour{p.media.Remote, from})
	}
	r.deliver(p, len(b), now)
}

// expected gives word of a packet from an address that is waited for. Of a far side that is not listened to at present
// its address is all there is to know it by; listened to, it has to prove itself like any other.
func (r *receiver) expected(from netip.AddrPort) {
	if e := r.s.expects.Load(); e != r.expects {
		r.expects, r.told = e, 0
	}
	if r.expects == nil {
		return
	}
	if i := slices.Index(*r.expects, from); i >= 0 && r.told>>i&1 == 0 {
		r.told |= 1 << i
		r.s.tell(Event{Kind: Expected, From: from})
	}
}

// belongs tells whether a packet is RTP, and gives it to whom it belongs if it is not.
func (r *receiver) belongs(p *plan, b []byte, from netip.AddrPort, now time.Time) bool {
	switch protocolOf(b) {
	case rtpProtocol:
		return true
	case rtcpProtocol:
		if p.media.RTCPMux {
			r.s.report(p, b, from, now)
		}
	case stunProtocol: // a check or a keep-alive of a far side that thinks we do ICE in this call
	default:
		r.s.tally.refused.Add(1)
	}
	return false
}

// follow takes up a new plan.
func (r *receiver) follow(now time.Time) *plan {
	p := r.s.plan.Load()
	if p == r.plan || p == nil {
		return p
	}
	if r.plan == nil || r.plan.media.Remote != p.media.Remote {
		r.latch.expect(p.media.Remote, now)
	}
	switch {
	case r.plan == nil || r.plan.buffer != p.buffer:
		r.pt = p.speechPT()
		r.s.hearing.Store(r.hearing(p))
		r.s.source.live = false // another clock, perhaps: the account begins anew
	case !r.plan.receives() && p.receives():
		p.buffer.Reset(r.clock(p), nil) // nothing from before the hold is heard
	}
	r.plan = p
	return p
}

// speechPT is the payload type that arrives for the codec we send with, which is the decoder a new
// jitter buffer begins with.
func (p *plan) speechPT() uint8 {
	for pt, u := range p.uses {
		if u.codec == p.codec {
			return uint8(pt)
		}
	}
	return 0xff
}

// deliver enters a packet of the far side in the account and gives it to whom it is for.
func (r *receiver) deliver(p *plan, size int, now time.Time) {
	s, h := r.s, &r.head
	switch s.source.judge(h.SSRC, h.SequenceNumber, p.srtp != nil) {
	case foreign:
		s.tally.foreign.Add(1)
		return
	case fresh:
		if s.source.live {
			p.buffer.Reset(r.clock(p), nil)
		}
		s.source.begin(h.SSRC, h.SequenceNumber)
		r.keys, r.copies = listener{}, red.Receiver{}
	}
	s.source.note(h.SequenceNumber, h.Timestamp, r.clock(p), now.Sub(s.born))
	s.tally.received.Add(1)
	s.tally.receivedOctets.Add(uint64(size))
	s.tally.lastHeard.Store(int64(now.Sub(s.born)))

	u := p.uses[h.PayloadType]
	if u.event {
		if digit, ok := r.keys.take(h.Timestamp, h.Marker, h.Payload); ok && p.receives() {
			s.tally.digitsHeard.Add(1)
			s.tell(Event{Kind: Digit, Digit: digit})
		}
	}
	if !p.receives() {
		return
	}
	if u.red {
		r.open(p, now)
		return
	}
	r.copies.Note(h.SequenceNumber, h.Timestamp)
	if r.decoder(p, u, h.PayloadType) {
		r.put(p, jitter.Packet{Seq: h.SequenceNumber, TS: h.Timestamp, Marker: h.Marker, Kind: u.kind, Payload: h.Payload, Arrival: now})
	}
}

// put gives a packet to the jitter buffer and notes what became of it.
func (r *receiver) put(p *plan, in jitter.Packet) { r.s.source.outcomes.note(in.Seq, p.buffer.Put(in)) }

// open takes a packet with copies apart: what was lost comes now, though late. The copies are put in front of the
// newest payload, which is the one that tells how the network is.
func (r *receiver) open(p *plan, now time.Time) {
	packets, err := r.copies.Open(r.head.SequenceNumber, r.head.Timestamp, r.head.Payload)
	if err != nil {
		r.s.tally.refused.Add(1)
		return
	}
	for _, c := range packets {
		u := p.uses[c.PT&127]
		if u.kind != jitter.Speech || u.codec == nil || !r.decoder(p, u, c.PT) {
			continue
		}
		in := jitter.Packet{Seq: c.Seq, TS: c.TS, Copy: c.Copy, Payload: c.Data}
		if !c.Copy {
			in.Marker, in.Arrival = r.head.Marker, now
		}
		r.put(p, in)
	}
}

// hearing is the codec that the far side speaks at present.
func (r *receiver) hearing(p *plan) *codec.Codec {
	if c := p.uses[r.pt&127].codec; c != nil {
		return c
	}
	return p.codec
}

// clock is the RTP clock of the stream, in Hz.
func (r *receiver) clock(p *plan) int { return r.hearing(p).Clock }

// decoder puts the decoder of the packet's codec into the jitter buffer when the far side switches
// to another of the agreed codecs in mid-stream (RFC 3264 §5.1 allows it at any packet).
func (r *receiver) decoder(p *plan, u use, pt uint8) bool {
	if u.kind != jitter.Speech || pt == r.pt {
		return true
	}
	_, dec, err := u.codec.New()
	if err != nil {
		r.s.tally.refused.Add(1)
		return false
	}
	p.buffer.Reset(u.codec.Clock, dec)
	r.pt = pt
	r.s.hearing.Store(u.codec)
	return true
}
