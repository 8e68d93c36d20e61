package media

import (
	"bytes"
	"net/netip"
	"sync/atomic"
	"time"

	"opendeskphone/sip/dtls"
	"opendeskphone/sip/offer"
	"opendeskphone/sip/srtp"
)

// handshakes are those of one agreement: the reports have one of their own where they have a port of their own
// (RFC 5764 §4.1).
type handshakes struct {
	agreed    offer.DTLS
	rtp, rtcp *association // rtcp is nil where ports are joined
}

// association is a handshake on one socket.
type association struct {
	*dtls.Handshake
	from atomic.Pointer[netip.AddrPort] // where its packets come from
}

// early is a packet that came before anything was agreed: who answers a call and begins the handshake is often
// faster than the answer itself, and would try again only after a second.
type early struct {
	packet []byte
	from   netip.AddrPort
}

// shakeHands begins the handshakes of an agreement, unless those in force are of the same. The lock of Apply is held.
func (s *Session) shakeHands(m offer.Media) {
	had := s.hands.Load()
	switch {
	case m.DTLS == nil || s.over:
		s.hands.Store(nil)
		had.close()
		return
	case had != nil && had.agreed == *m.DTLS && (had.rtcp == nil) == m.RTCPMux:
		return
	}
	had.close()
	h := &handshakes{agreed: *m.DTLS, rtp: &association{}}
	begin := func(a *association, socket Packets, negotiated func() netip.AddrPort) {
		send := func(b []byte) {
			to := a.from.Load()
			if to == nil {
				at := negotiated()
				to = &at
			}
			if reachable(*to) {
				_, _ = socket.WriteTo(b, *to) // one that does not arrive is sent again
			}
		}
		a.Handshake = s.f.identity().Start(m.DTLS.Client, m.DTLS.Remote, send, func(k dtls.Keys, err error) { s.shook(h, a, k, err) })
	}
	begin(h.rtp, s.rtp, func() netip.AddrPort { return s.remote(s.plan.Load()) })
	if !m.RTCPMux {
		h.rtcp = &association{}
		begin(h.rtcp, s.rtcp, func() netip.AddrPort { return s.plan.Load().media.RemoteRTCP })
	}
	s.hands.Store(h)
	if !m.DTLS.Client {
		s.knock(h, knocks)
	}
	if e := s.early.Swap(nil); e != nil { // one that comes after this is sent again
		h.rtp.take(e.packet, e.from, m.Remote)
	}
}

const (
	knocks     = 20 // so often at most
	knockEvery = 500 * time.Millisecond
)

// knock sends empty packets (RFC 6263 §4.1) until the far side has begun: it must, and if a NAT is between us it can
// only where something of ours has gone out before.
func (s *Session) knock(h *handshakes, left int) {
	p := s.plan.Load()
	if s.hands.Load() != h || left == 0 || h.rtp.from.Load() != nil {
		return
	}
	if to := s.remote(p); reachable(to) {
		_, _ = s.rtp.WriteTo(nil, to)
	}
	if to := p.media.RemoteRTCP; h.rtcp != nil && reachable(to) {
		_, _ = s.rtcp.WriteTo(nil, to)
	}
	time.AfterFunc(knockEvery, func() { s.knock(h, left-1) })
}

func (h *handshakes) close() {
	if h == nil {
		return
	}
	h.rtp.Close()
	if h.rtcp != nil {
		h.rtcp.Close()
	}
}

// shook takes the keys of a handshake into the plan, or tells that there are none. Without the keys of the reports
// there are no reports, but a call all the same.
func (s *Session) shook(h *handshakes, a *association, k dtls.Keys, err error) {
	s.apply.Lock()
	defer s.apply.Unlock()
	if s.hands.Load() != h {
		return
	}
	var keys *srtp.Session
	if err == nil {
		keys, err = srtp.New(k.Suite, k.Local, k.Remote)
	}
	switch {
	case err != nil && a == h.rtp:
		s.log.Warn("no keys for the voice", "err", err)
		s.tell(Event{Kind: Unkeyed, Why: err.Error()})
		return
	case err != nil:
		s.log.Warn("no keys for the reports", "err", err)
		return
	}
	next := *s.plan.Load()
	if a == h.rtp {
		next.srtp = keys
	}
	if a == h.rtcp || h.rtcp == nil {
		next.srtcp = keys
	}
	s.publish(&next)
	if a == h.rtp {
		s.log.Info("keys for the voice", "suite", string(k.Suite))
		s.tell(Event{Kind: Keyed})
	}
}

// shakes tells whether a packet belongs to a handshake: DTLS, or a knock.
func shakes(b []byte) bool { return len(b) == 0 || dtls.Is(b) }

// handshake takes a DTLS packet or a knock that came to the socket of RTP, or of the reports.
func (s *Session) handshake(reports bool, b []byte, from netip.AddrPort) {
	h, p := s.hands.Load(), s.plan.Load()
	switch {
	case h == nil && (p == nil || p.media.DTLS != nil):
		if !reports && len(b) > 0 {
			s.early.Store(&early{bytes.Clone(b), from})
		}
	case h == nil:
		s.tally.refused.Add(1)
	case !reports:
		h.rtp.take(b, from, p.media.Remote)
	case h.rtcp != nil:
		h.rtcp.take(b, from, p.media.RemoteRTCP)
	}
}

// take feeds a packet of the negotiated address, or until one of these came, of the first other one: behind a NAT the
// far side has an address its description cannot know. Whoever it is, only the certificate announced gives keys.
func (a *association) take(b []byte, from, negotiated netip.AddrPort) {
	switch was := a.from.Load(); {
	case was == nil, from == negotiated:
		a.from.Store(&from)
	case *was != from:
		return
	}
	if len(b) > 0 {
		a.Feed(b)
	}
}
