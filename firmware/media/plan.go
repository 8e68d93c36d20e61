package media

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"opendeskphone/audio/codec"
	"opendeskphone/audio/jitter"
	"opendeskphone/sip/offer"
	"opendeskphone/sip/srtp"
)

// ErrCodec: a codec was agreed that the factory does not have.
var ErrCodec = errors.New("unknown codec")

// use is what a payload type stands for.
type use struct {
	kind  jitter.Kind
	codec *codec.Codec // of Speech
	event bool         // of Other: RFC 4733
	red   bool         // the payload holds others: RFC 2198
	known bool
}

// deepest is the longest that a packet waits in the jitter buffer.
const deepest = 400 * time.Millisecond

// plan is one agreement put to work. It is made whole and then published; from then on each part
// belongs to the goroutine that uses it, and a new agreement is a new plan, which takes over what
// has not changed so that hold and resume are not heard.
type plan struct {
	media  offer.Media
	uses   [128]use
	codec  *codec.Codec // we send with
	enc    codec.Encoder
	frames int // of a packet
	event  offer.Event
	digits bool // event was agreed
	buffer *jitter.Buffer
	srtp   *srtp.Session // nil: plain RTP
}

// newPlan makes the plan of m; last is the one in force, or nil.
func newPlan(m offer.Media, codecs []codec.Codec, last *plan) (*plan, error) {
	p := &plan{media: m}
	if p.codec = find(codecs, m.Send); p.codec == nil {
		return nil, fmt.Errorf("%w %q", ErrCodec, m.Send.Name)
	}
	for _, r := range m.Recv {
		if c := find(codecs, r); c != nil && r.PT < 128 {
			p.uses[r.PT] = use{kind: jitter.Speech, codec: c, known: true}
		}
	}
	if m.CN != 0 {
		p.uses[m.CN&127] = use{kind: jitter.Noise, known: true}
	}
	for _, e := range m.DTMF {
		p.uses[e.RecvPT&127] = use{kind: jitter.Other, event: true, known: true}
	}
	if m.Red.RecvPT != 0 {
		p.uses[m.Red.RecvPT&127] = use{kind: jitter.Other, red: true, known: true}
	}
	p.event, p.digits = m.Event()
	p.frames = frames(m.Ptime, p.codec)
	if err := p.takeOver(last); err != nil {
		return nil, err
	}
	return p, nil
}

// takeOver keeps of the last plan what is the same, and makes the rest.
func (p *plan) takeOver(last *plan) error {
	// Kept keys go on with their roll-over counter and replay window. With the ports joined or
	// parted another goroutine opens the reports, and the old one may still be at it: new contexts.
	if last != nil && sameKeys(last.media.Crypto, p.media.Crypto) && last.media.RTCPMux == p.media.RTCPMux {
		p.srtp = last.srtp
	} else if c := p.media.Crypto; c != nil {
		var err error
		if p.srtp, err = srtp.New(srtp.Suite(c.Suite), c.LocalKey, c.RemoteKey); err != nil {
			return err
		}
	}
	if last != nil && last.media.Send == p.media.Send && slices.Equal(last.media.Recv, p.media.Recv) {
		p.enc, p.buffer = last.enc, last.buffer
		return nil
	}
	enc, dec, err := p.codec.New()
	if err != nil {
		return fmt.Errorf("codec %s: %w", p.codec.Name, err)
	}
	if a, ok := enc.(codec.Asked); ok {
		a.Ask(p.media.Send.Fmtp)
	}
	p.enc, p.buffer = enc, jitter.New(jitter.Config{Clock: p.codec.Clock, Max: deepest}, dec)
	return nil
}

func sameKeys(a, b *offer.Crypto) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Suite == b.Suite && bytes.Equal(a.LocalKey, b.LocalKey) && bytes.Equal(a.RemoteKey, b.RemoteKey)
}

// find gives the codec that SDP names.
func find(codecs []codec.Codec, o offer.Codec) *codec.Codec {
	for i, c := range codecs {
		if strings.EqualFold(c.Name, o.Name) && c.Clock == o.Clock && max(c.Channels, 1) == max(o.Channels, 1) {
			return &codecs[i]
		}
	}
	return nil
}

// frames is how many frames a packet holds: the longest an encoder can make within the packet time
// asked for.
func frames(ptime int, c *codec.Codec) int {
	if ptime == 0 {
		ptime = c.PacketMS
	}
	for _, n := range []int{6, 4, 2} {
		if ptime >= 10*n {
			return n
		}
	}
	return 1
}

// sends tells whether audio goes out: agreed, and there is somewhere to send it.
func (p *plan) sends() bool {
	return p != nil && p.media.Direction.Sends() && (p.media.ICE != nil || reachable(p.media.Remote))
}

func (p *plan) receives() bool { return p != nil && p.media.Direction.Receives() }

// reachable: the old way to hold a call is to give the address 0.0.0.0 (RFC 2543 §B.5).
func reachable(a netip.AddrPort) bool {
	return a.IsValid() && !a.Addr().IsUnspecified() && a.Port() != 0
}
