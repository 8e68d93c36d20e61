package offer

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"strings"
)

// ErrPending is returned when an offer of ours is still unanswered: a new one
// may not be made, and theirs is glare (RFC 3261 §14.1: answer 491).
var ErrPending = errors.New("offer: an offer is pending")

// ErrNoOffer is returned by Accept when no offer of ours is out.
var ErrNoOffer = errors.New("offer: answer without an offer")

// Session is the offer/answer state of one call. It is not safe for concurrent use.
type Session struct {
	local   Local
	id      uint64
	version uint64
	last    string // the description we sent last, without o=

	slots []slot // the m= lines agreed on; empty before the first exchange
	mine  int    // the one that carries our audio
	proto string // its profile, empty before the first exchange

	insist bool // the next first offer is RTP/SAVP although the policy is optional

	numbers map[format]uint8 // payload types in use; they may not change in a session (RFC 3264 §8.3.2)
	keys    map[string][]byte

	theirs      ICE  // their last, as far as there are checks at all
	controlling bool // the first offer with ICE was ours

	pending bool
	offer   *ours // our last offer, kept for the answers of further early dialogs
	held    bool
}

// ours is what we offered and an answer is measured by.
type ours struct {
	dir    Direction
	codecs []Codec
	events []Event
	red    Codec // Name is empty if not offered
	cn     bool
	secure bool
}

// format is what makes two codecs the same (RFC 3264 §6.1: name, clock, channels).
type format struct {
	name            string
	clock, channels int
}

func (c Codec) format() format {
	return format{strings.ToLower(c.Name), c.Clock, max(c.Channels, 1)}
}

// New returns the state before the first offer.
func New(local Local) *Session {
	var b [8]byte
	rand.Read(b[:])
	return &Session{
		local:   local,
		id:      binary.BigEndian.Uint64(b[:]) >> 2, // o= must fit the signed 63 bits of old peers
		numbers: map[format]uint8{},
		keys:    map[string][]byte{},
	}
}

// Retreat changes the first offer of an optional policy after a peer has refused it: to RTP/SAVP, for a
// peer that insists on encryption and takes the profile of RFC 8643 for plain RTP, and when that is
// refused too, to plain RTP without keys, for one that chokes on them. It tells whether there is
// something left to try: never when encryption is required, nor later in a call.
func (s *Session) Retreat() bool {
	switch {
	case s.local.SRTP != Optional || s.proto != "":
		return false
	case !s.insist:
		s.insist = true
	default:
		s.insist, s.local.SRTP = false, Off
	}
	s.Rollback()
	return true
}

// Pending tells whether an offer of ours waits for its answer.
func (s *Session) Pending() bool { return s.pending }

// Offer makes an offer: the first of a call, or a later one that holds
// (SendOnly), resumes (SendRecv) or moves it. ErrPending if one is out.
func (s *Session) Offer(dir Direction) ([]byte, error) {
	if s.pending {
		return nil, ErrPending
	}
	o := &ours{dir: dir, secure: s.local.SRTP != Off, cn: s.local.ComfortNoise}
	for _, c := range s.local.Codecs {
		c.PT = s.number(c)
		o.codecs = append(o.codecs, c)
	}
	o.red = s.redundancy(o.codecs)
	if s.local.DTMF {
		o.events = s.events(o.codecs)
	}
	d := description{dir: dir, codecs: o.codecs, red: o.red, events: o.events, cn: o.cn, keys: s.ownKeys(), mux: s.local.RTCPMux, ice: s.local.ICE != nil, xr: XR{RoundTrip: true, VoIP: true}}
	d.proto = s.proto
	if d.proto == "" {
		d.proto = "RTP/AVP"
		if s.local.SRTP == Required || s.insist {
			d.proto = "RTP/SAVP"
		}
	}
	slots, mine := s.slots, s.mine
	if len(slots) == 0 {
		slots, mine = make([]slot, 1), 0
	}
	s.offer, s.pending = o, true
	return s.write(d, slots, mine), nil
}

// Rollback takes back an offer that was refused, glared or cancelled.
func (s *Session) Rollback() { s.pending, s.offer = false, nil }

// Accept takes the answer to our offer. Until the next Offer or Answer it may
// be called again with the answer of another early dialog, which then holds. A
// *Refused means that the call must be ended (or the former session kept, if
// there was one).
func (s *Session) Accept(answer []byte) (Media, error) {
	if s.offer == nil {
		return Media{}, ErrNoOffer
	}
	streams, err := parse(answer)
	if err != nil {
		return Media{}, err
	}
	if len(streams) <= s.mine {
		return Media{}, malformed("fewer streams than offered")
	}
	r := &streams[s.mine]
	if !r.usable {
		return Media{}, refuse(warnNoMedia, "the answer refuses the audio stream")
	}
	crypto, err := s.secureAnswer(r)
	if err != nil {
		return Media{}, err
	}
	m := r.media(s.local)
	m.Crypto = crypto
	if !s.matchAnswer(r, &m) {
		return Media{}, refuse(warnFormat, "the answer has no codec of the offer")
	}
	s.way(r, &m, true)
	m.Direction = s.offer.dir.and(r.theirs().reverse())
	if s.offer.dir.Sends() { // otherwise the answer could not take media anyway
		s.held = !r.theirs().Receives()
	}
	m.RemoteHeld = s.held
	s.pending, s.proto = false, r.line.proto
	if len(s.slots) == 0 {
		s.slots = []slot{r.line}
	}
	return m, nil
}

// secureAnswer applies the SRTP policy to an answer.
func (s *Session) secureAnswer(r *stream) (*Crypto, error) {
	var c *Crypto
	if s.offer.secure {
		c = s.agree(r.crypto)
	}
	switch {
	case r.secured && c == nil:
		return nil, refuse(warnNoMedia, "the answer is RTP/SAVP without a key we know")
	case (s.local.SRTP == Required || s.insist) && c == nil:
		return nil, refuse(warnNoMedia, "encryption is required and the answer has no key")
	}
	return c, nil
}

// matchAnswer fills in the formats: what we send has the number of the answer,
// what arrives the number of our offer.
func (s *Session) matchAnswer(r *stream, m *Media) bool {
	for _, c := range r.codecs {
		if isEvent(c) {
			for _, e := range s.offer.events {
				if e.Clock == c.Clock {
					m.DTMF = append(m.DTMF, Event{SendPT: c.PT, RecvPT: e.RecvPT, Clock: c.Clock})
				}
			}
			continue
		}
		if c.PT == cnType && s.offer.cn {
			m.CN = cnType
			continue
		}
		for _, o := range s.offer.codecs {
			if o.format() != c.format() {
				continue
			}
			if m.Send.Name == "" {
				m.Send = Codec{Name: o.Name, PT: c.PT, Clock: o.Clock, Channels: o.Channels, Fmtp: c.Fmtp}
			}
			m.Recv = append(m.Recv, o)
		}
	}
	if c, ok := r.copies(m.Send); ok && s.offer.red.format() == c.format() && strings.EqualFold(m.Send.Name, s.local.Copied) {
		m.Red = Redundancy{SendPT: c.PT, RecvPT: s.offer.red.PT}
	}
	return m.Send.Name != ""
}

// Answer answers an offer of the far side with the direction we should like;
// what comes out is never more than the offer allows. ErrPending is glare, a
// *Refused names the response to give; the state is then untouched.
func (s *Session) Answer(remoteOffer []byte, dir Direction) ([]byte, Media, error) {
	if s.pending {
		return nil, Media{}, ErrPending
	}
	streams, err := parse(remoteOffer)
	if err != nil {
		return nil, Media{}, err
	}
	mine, err := s.choose(streams)
	if err != nil {
		return nil, Media{}, err
	}
	r := &streams[mine]
	d := description{proto: r.line.proto, dir: dir.and(r.theirs().reverse())}
	m := r.media(s.local)
	if k, ok := r.bestKey(); ok && s.local.SRTP != Off {
		m.Crypto = &Crypto{Suite: k.suite, LocalKey: s.key(k.suite), RemoteKey: k.key}
		d.keys = []keyLine{{tag: k.tag, suite: k.suite, key: m.Crypto.LocalKey}}
	}
	s.match(r, &m)
	d.red = s.matchCopies(r, &m)
	m.Direction = d.dir
	m.RemoteHeld = !r.theirs().Receives()
	s.way(r, &m, false)
	d.ice, d.mismatch, d.muxed = m.ICE != nil, s.local.ICE != nil && mismatched(r), m.RTCPMux
	d.codecs, d.events, d.cn, d.mux, d.xr = m.Recv, m.DTMF, m.CN != 0, m.RTCPMux, m.XR

	s.slots, s.mine, s.proto = nil, mine, r.line.proto
	for i := range streams {
		s.slots = append(s.slots, streams[i].line)
	}
	s.held, s.offer = m.RemoteHeld, nil
	return s.write(d, s.slots, mine), m, nil
}

// choose picks the stream to answer: encrypted before plain, then the first.
func (s *Session) choose(streams []stream) (int, error) {
	best, code, text := -1, warnNoMedia, "no audio stream we can answer"
	for i := range streams {
		r := &streams[i]
		_, keyed := r.bestKey()
		switch {
		case r.dtls:
			code, text = warnProtocol, "keys by DTLS are not supported"
		case !r.usable:
		case !s.common(r):
			code, text = warnFormat, "no codec in common"
		case r.secured && s.local.SRTP == Off:
			text = "encryption is switched off"
		case r.secured && !keyed:
			text = "RTP/SAVP without a key we know"
		case s.local.SRTP == Required && !keyed:
			text = "encryption is required"
		case best < 0:
			best = i
		default:
			if _, has := streams[best].bestKey(); keyed && !has && s.local.SRTP != Off {
				best = i
			}
		}
	}
	if best < 0 {
		return 0, refuse(code, text)
	}
	return best, nil
}

func (s *Session) common(r *stream) bool {
	for _, c := range r.codecs {
		if _, ok := s.known(c); ok {
			return true
		}
	}
	return false
}

// known is our codec of the same format.
func (s *Session) known(c Codec) (Codec, bool) {
	for _, o := range s.local.Codecs {
		if o.format() == c.format() {
			return o, true
		}
	}
	return Codec{}, false
}

// match takes what we know of an offer, in its order (RFC 3264 §6.1) and with
// its numbers, and remembers them for our own offers.
func (s *Session) match(r *stream, m *Media) {
	for _, c := range r.codecs {
		if isEvent(c) {
			if s.local.DTMF && (c.Clock == 8000 || c.Clock == 48000) && len(m.DTMF) < 2 {
				m.DTMF = append(m.DTMF, Event{SendPT: c.PT, RecvPT: c.PT, Clock: c.Clock})
				s.learn(c)
			}
			continue
		}
		if c.PT == cnType && s.local.ComfortNoise {
			m.CN = cnType
			continue
		}
		o, ok := s.known(c)
		if !ok || len(m.Recv) >= 16 {
			continue
		}
		if m.Send.Name == "" {
			m.Send = Codec{Name: o.Name, PT: c.PT, Clock: o.Clock, Channels: o.Channels, Fmtp: c.Fmtp}
		}
		m.Recv = append(m.Recv, Codec{Name: o.Name, PT: c.PT, Clock: o.Clock, Channels: o.Channels, Fmtp: o.Fmtp})
		s.learn(c)
	}
}

// matchCopies takes the copies that are offered of the codec we copy.
func (s *Session) matchCopies(r *stream, m *Media) (red Codec) {
	for _, o := range m.Recv {
		if c, ok := r.copies(o); ok && strings.EqualFold(o.Name, s.local.Copied) {
			m.Red = Redundancy{SendPT: c.PT, RecvPT: c.PT}
			s.learn(c)
			return c
		}
	}
	return red
}
