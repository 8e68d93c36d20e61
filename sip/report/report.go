// Package report writes what a phone reports of its calls to those who watch over their quality: the text of RFC 6035
// (application/vq-rtcpxr), and the XML of [MS-QoE] and [MS-OCER] for servers that want that instead. It measures nothing
// and sends nothing.
package report

import (
	"net/netip"
	"time"
)

// Kind is what occasions a report.
type Kind uint8

// The kinds.
const (
	Session  Kind = iota // the call is over, or has not come about
	Interval             // some time of it has passed
	Alert                // it sounds worse than it may
)

// Types of the bodies.
const (
	Text     = "application/vq-rtcpxr"
	XML      = "application/vq-rtcpxr+xml"
	ErrorXML = "application/msrtc-reporterror+xml"
)

// Party is one side of a call, as its signalling names it.
type Party struct{ Display, URI string }

// Side is one end of the voice; the zero Side is not known.
type Side struct {
	Addr netip.AddrPort
	SSRC uint32
}

// Call is what is reported of a call.
type Call struct {
	Kind                     Kind
	CallID                   string
	LocalTag, RemoteTag      string // of the dialog, from our side
	Local, Remote            Party
	Caller                   bool // we called
	LocalSide, RemoteSide    Side
	Began, Ended             time.Time // of the time the metrics are about
	LocalMetrics             Metrics   // of what we hear
	RemoteMetrics            *Metrics  // of what they hear, as they say; nil: they say nothing
	Alert                    Warning   // of an Alert
	Failure                  *Failure  // nil: the call came about
	UserAgent, Host          string    // this phone, for XML
	Encrypted                bool
	SentPackets, HeardPacket uint64
}

// Warning is a threshold that was crossed.
type Warning struct {
	Metric   string // as RFC 6035 §4.6.1 has it: "MOSLQ", "NLR", "RTD"
	Critical bool   // else it is a warning
	Remote   bool   // measured by the far side
}

// Failure is why a call has not come about.
type Failure struct {
	Code        int    // SIP response code, of theirs or of ours
	Text        string // its reason phrase
	Reason      string // Reason header (RFC 3326), perhaps empty
	Diagnostics string // ms-diagnostics header ([MS-OCER] §2.2.1), perhaps empty
}

// Metrics are the measures of RFC 3611 §4.7 of one direction of the voice. What is not known is 0, unless it says otherwise.
type Metrics struct {
	PayloadType int
	Codec       string // encoding name; empty: no voice was agreed on
	Clock       int    // Hz
	PacketMS    int

	Heard         bool          // packets have come: without it Loss and Jitter are not known
	Loss          float64       // share lost on the way, 0..1
	Discard       float64       // share that came too late to be heard, 0..1; negative: not known
	Bursts        *Bursts       // nil: not known
	Jitter        time.Duration // RFC 3550 §6.4.1
	JitterNominal time.Duration // delay of the jitter buffer
	JitterMax     time.Duration // the most it may be
	RoundTrip     time.Duration
	EndSystem     time.Duration // delay within the end: buffer and packet
	Signal, Noise float64       // dBm0
	EchoLoss      float64       // RERL, dB
	RLQ, RCQ      float64       // rating factor (G.107), of who listens and who converses
	LQ, CQ        float64       // MOS, 1..5
}

// Bursts tells bursts of losses from the gaps between (RFC 3611 §4.7.2).
type Bursts struct {
	BurstDensity, GapDensity float64 // share not heard, 0..1
	Burst, Gap               time.Duration
	Gmin                     int
}
