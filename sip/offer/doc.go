// Package offer is the offer/answer machine of RFC 3264 for one audio session,
// on top of pion/sdp: codecs, telephone events, hold, SRTP keys by SDES
// (RFC 4568) or DTLS (RFC 5763) under a policy, several media lines, IPv4 and IPv6.
//
// It is pure: no sockets, no goroutines, no clock. One Session belongs to one
// call; its methods are called in the order in which bodies leave and arrive:
//
//	we offer:   body, _ := s.Offer(offer.SendRecv)  →  m, err := s.Accept(answer)
//	they offer: body, m, err := s.Answer(their, offer.SendRecv)
//	refused:    s.Rollback()   (491, 488, CANCEL: the state before the offer holds)
//
// Everything that comes from the far side is bounded (MaxSize, MaxLines,
// MaxStreams) and an error is a *Refused that names the SIP response to give.
package offer

import (
	"fmt"
	"net/netip"

	"opendeskphone/sip/dtls"
)

// Limits of a session description from outside; more than any phone sends,
// less than what would hurt.
const (
	MaxSize    = 32 << 10 // bytes of one description
	MaxLines   = 512      // lines of one description
	MaxStreams = 16       // m= lines of one description
)

// Codec is one audio format as SDP names it.
type Codec struct {
	Name     string // encoding name as in a=rtpmap: "PCMA", "G722", "opus"
	PT       uint8  // RTP payload type, 0..127; for dynamic ones (96..) the number we should like
	Clock    int    // RTP clock rate in Hz (G722: 8000, RFC 3551 §4.5.2)
	Channels int    // 1 or 2; 0 means 1
	Fmtp     string // a=fmtp parameters, empty for none
}

// Direction is the media direction of RFC 3264 §5.1, seen from our side.
type Direction uint8

// The four directions. SendOnly is how we hold a call, RecvOnly how we answer a hold.
const (
	SendRecv Direction = iota
	SendOnly
	RecvOnly
	Inactive
)

var directionName = [...]string{SendRecv: "sendrecv", SendOnly: "sendonly", RecvOnly: "recvonly", Inactive: "inactive"}

// String is the SDP attribute of the direction.
func (d Direction) String() string { return directionName[d&3] }

// Sends tells whether we send media in this direction.
func (d Direction) Sends() bool { return d == SendRecv || d == SendOnly }

// Receives tells whether we take media in this direction.
func (d Direction) Receives() bool { return d == SendRecv || d == RecvOnly }

func direction(sends, receives bool) Direction {
	switch {
	case sends && receives:
		return SendRecv
	case sends:
		return SendOnly
	case receives:
		return RecvOnly
	}
	return Inactive
}

// reverse is the same direction seen from the other side.
func (d Direction) reverse() Direction { return direction(d.Receives(), d.Sends()) }

// and is what both sides agree to.
// And is what is left of a direction within the bounds of another.
func (d Direction) And(e Direction) Direction { return d.and(e) }

func (d Direction) and(e Direction) Direction {
	return direction(d.Sends() && e.Sends(), d.Receives() && e.Receives())
}

// SRTP is the encryption policy of a line.
//
//	Off       offers RTP/AVP, refuses RTP/SAVP
//	Optional  offers RTP/AVP with keys (RFC 8643), takes either
//	Required  offers RTP/SAVP or UDP/TLS/RTP/SAVP, never agrees to plain RTP
type SRTP uint8

// The three policies.
const (
	Off SRTP = iota
	Optional
	Required
)

// Local is our end of the session.
type Local struct {
	Addr         netip.Addr // address for c= and o=, IPv4 or IPv6
	Port         uint16     // RTP port; RTCP is on the next one unless multiplexed
	Codecs       []Codec    // in order of preference, at least one
	DTMF         bool       // telephone-event (RFC 4733), one for each clock rate in use
	ComfortNoise bool       // payload type 13 (RFC 3389)
	SRTP         SRTP
	Keys         Keying           // what an offer that insists on encryption proposes first; both are taken
	Fingerprint  dtls.Fingerprint // of our certificate; zero: no DTLS
	Open         bool             // others can read the descriptions on their way, and keys in them: no TLS
	Ptime        int              // packet time in ms we ask for, 10..60; 0 leaves the attribute out
	RTCPMux      bool             // offer and accept RTP and RTCP on one port (RFC 5761)
	Public       netip.AddrPort   // where a STUN server sees the RTP port, if that is known; then the description names it
	PublicRTCP   netip.AddrPort   // likewise the RTCP port
	ICE          *ICE             // ours, with all candidates known so far; nil: no connectivity checks
	Copied       string           // name of the codec whose packets may carry copies of earlier ones (RFC 2198), "" for none
}

// Event is an agreed telephone-event format (RFC 4733).
type Event struct {
	SendPT, RecvPT uint8 // payload types 96..127; they differ only if the peer answered with its own number
	Clock          int   // RTP clock rate in Hz, the one of the audio beside it
}

// Redundancy is the agreed format of packets with copies of earlier ones (RFC 2198); its zero value is none.
type Redundancy struct {
	SendPT, RecvPT uint8 // payload types 96..127
}

// Crypto is an agreed SRTP suite with both master keys, each followed by its salt.
type Crypto struct {
	Suite     string // as RFC 4568, 6188 and 7714 name it
	LocalKey  []byte // protects what we send
	RemoteKey []byte // protects what they send
}

// Media is what both sides agreed to: all that a media session needs.
type Media struct {
	Remote     netip.AddrPort // where RTP goes; the address is unspecified (0.0.0.0) if the peer holds the old way
	RemoteRTCP netip.AddrPort // where RTCP goes (RFC 3605, 5761)
	Send       Codec          // format we send: number and fmtp are the peer's wish
	Recv       []Codec        // formats we must understand, with the payload types that arrive
	DTMF       []Event        // agreed telephone events, empty if none
	Red        Redundancy     // agreed copies of earlier packets
	CN         uint8          // payload type of comfort noise, 0 if not agreed
	Direction  Direction      // our direction
	RemoteHeld bool           // the peer put us on hold: it takes no media from us
	Crypto     *Crypto        // keys agreed by SDES; with DTLS nil too: plain RTP
	DTLS       *DTLS          // the handshake the keys come from: until it is done nothing is sent or taken
	Ptime      int            // packet time in ms to send with, 10..60
	RTCPMux    bool
	XR         XR

	ICE         *ICE // theirs; nil: no connectivity checks, packets go to Remote
	Controlling bool // with ICE: we choose among the ways that work
	Rewritten   bool // somebody on the way has put another address in the place of theirs or ours
}

// XR are the extended reports that the peer takes and sends (RFC 3611 §5); we always offer all of these.
type XR struct {
	RoundTrip bool // receiver reference times, and answers to them (rcvr-rtt)
	VoIP      bool // VoIP metrics (voip-metrics)
}

// Event is the telephone event that fits the codec we send with; ok is false
// when digits cannot be sent this way.
func (m Media) Event() (e Event, ok bool) {
	for _, e := range m.DTMF {
		if e.Clock == m.Send.Clock {
			return e, true
		}
	}
	if len(m.DTMF) > 0 { // many peers offer 8000 alone beside Opus
		return m.DTMF[0], true
	}
	return Event{}, false
}

// Refused is an offer or answer we cannot agree to.
type Refused struct {
	Code    int    // SIP response code: 400 malformed, 488 not acceptable here
	Warning int    // SIP warn-code (RFC 3261 §20.43), 0 for none
	Text    string // what is wrong, plain ASCII
	Unkeyed bool   // it is for want of an encryption that both want
}

// Error is the text with its code.
func (r *Refused) Error() string { return fmt.Sprintf("offer: %d %s", r.Code, r.Text) }

func refuse(warning int, text string) error {
	return &Refused{Code: 488, Warning: warning, Text: text}
}

func unkeyed(text string) error {
	return &Refused{Code: 488, Warning: warnNoMedia, Text: text, Unkeyed: true}
}

func malformed(format string, args ...any) error {
	return &Refused{Code: 400, Warning: warnMisc, Text: "bad session description: " + fmt.Sprintf(format, args...)}
}

// Warn-codes of RFC 3261 §20.43 used here.
const (
	warnNoMedia = 304 // media type not available
	warnFormat  = 305 // incompatible media format
	warnMisc    = 399
)
