package offer

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
)

const (
	cnType      = 13 // RFC 3389
	eventName   = "telephone-event"
	eventRange  = "0-16" // the digits, A to D and flash (RFC 4733 §3.2)
	redName     = "red"
	firstRed    = 112
	firstEvent  = 101 // the number most peers use
	lowDynamic  = 96
	highDynamic = 127
)

// description is our side of one exchange, before it is written down.
type description struct {
	proto  string
	dir    Direction
	codecs []Codec
	red    Codec
	events []Event
	cn     bool
	keys   []keyLine
	mux    bool
	muxed  bool // and it is agreed: RTCP has no port of its own
	ice    bool
	xr     XR

	mismatch bool // their address is none of their candidates
}

// write renders the description with every m= line of the session, all but
// ours refused with port 0 (RFC 3264 §6), and raises the version if anything
// but the o= line differs from what we sent last (§8).
func (s *Session) write(d description, slots []slot, mine int) []byte {
	at := s.local.reached().Addr().WithZone("")
	addr := at.String()
	out := sdp.SessionDescription{
		Origin: sdp.Origin{Username: "-", SessionID: s.id, SessionVersion: 0,
			NetworkType: "IN", AddressType: family(at), UnicastAddress: addr},
		SessionName: "-",
		ConnectionInformation: &sdp.ConnectionInformation{NetworkType: "IN", AddressType: family(at),
			Address: &sdp.Address{Address: addr}},
		TimeDescriptions: []sdp.TimeDescription{{}},
	}
	for i, l := range slots {
		m := &sdp.MediaDescription{}
		if i == mine {
			m = s.audio(d)
		} else {
			m.MediaName = sdp.MediaName{Media: l.media, Protos: []string{l.proto}, Formats: l.formats}
		}
		out.MediaDescriptions = append(out.MediaDescriptions, m)
	}
	if body := render(&out); body != s.last {
		s.last = body
		s.version++
	}
	out.Origin.SessionVersion = s.version
	return []byte(render(&out))
}

func render(d *sdp.SessionDescription) string {
	b, err := d.Marshal()
	if err != nil { // pion only appends to a buffer
		panic("offer: marshal: " + err.Error())
	}
	return string(b)
}

// audio writes our m= line.
func (s *Session) audio(d description) *sdp.MediaDescription {
	m := &sdp.MediaDescription{MediaName: sdp.MediaName{Media: "audio",
		Port: sdp.RangedPort{Value: int(s.local.reached().Port())}, Protos: strings.Split(d.proto, "/")}}
	add := func(key, value string) {
		m.Attributes = append(m.Attributes, sdp.Attribute{Key: key, Value: value})
	}
	one := func(pt uint8, rtpmap, fmtp string) {
		n := strconv.Itoa(int(pt))
		m.MediaName.Formats = append(m.MediaName.Formats, n)
		add("rtpmap", n+" "+rtpmap)
		if fmtp != "" {
			add("fmtp", n+" "+fmtp)
		}
	}
	coded := func(c Codec) {
		text := c.Name + "/" + strconv.Itoa(c.Clock)
		if c.Channels > 1 {
			text += "/" + strconv.Itoa(c.Channels)
		}
		one(c.PT, text, c.Fmtp)
	}
	for _, c := range d.codecs {
		coded(c)
	}
	if d.red.Name != "" {
		coded(d.red)
	}
	if d.cn {
		one(cnType, "CN/8000", "")
	}
	for _, e := range d.events {
		one(e.RecvPT, eventName+"/"+strconv.Itoa(e.Clock), eventRange)
	}
	for _, k := range d.keys {
		add("crypto", k.String())
	}
	if s.local.Ptime > 0 {
		add("ptime", strconv.Itoa(s.local.Ptime))
	}
	if d.mux {
		add("rtcp-mux", "")
	}
	if x := d.xr.String(); x != "" {
		add("rtcp-xr", x)
	}
	m.Attributes = append(m.Attributes, s.ways(d)...)
	add(d.dir.String(), "")
	return m
}

// String is the value of the attribute, "" if there is nothing to say.
func (x XR) String() string {
	var f []string
	if x.RoundTrip {
		f = append(f, "rcvr-rtt=all") // also of who sends nothing but reports
	}
	if x.VoIP {
		f = append(f, "voip-metrics")
	}
	return strings.Join(f, " ")
}

// number is the payload type of a codec in this session: the one in use, the
// one we like, or the next free one.
func (s *Session) number(c Codec) uint8 {
	if pt, ok := s.numbers[c.format()]; ok {
		return pt
	}
	pt := c.PT
	for n := 0; s.taken(pt) && n <= highDynamic-lowDynamic; n++ {
		if pt++; pt > highDynamic || pt < lowDynamic {
			pt = lowDynamic
		}
	}
	s.numbers[c.format()] = pt
	return pt
}

func (s *Session) taken(pt uint8) bool {
	for _, used := range s.numbers {
		if used == pt {
			return true
		}
	}
	return false
}

// learn makes a number of theirs ours.
func (s *Session) learn(c Codec) {
	for f, pt := range s.numbers {
		if pt == c.PT {
			delete(s.numbers, f)
		}
	}
	s.numbers[c.format()] = c.PT
}

// events are the telephone events beside the codecs: 8000 always, since most
// peers know no other, and 48000 if Opus is there (RFC 7587 §4.1: one clock
// for all formats of a stream that are switched between).
func (s *Session) events(codecs []Codec) []Event {
	clocks := []int{8000}
	for _, c := range codecs {
		if c.Clock == 48000 {
			clocks = append(clocks, 48000)
			break
		}
	}
	events := make([]Event, len(clocks))
	for i, clock := range clocks {
		pt := s.number(Codec{Name: eventName, PT: firstEvent, Clock: clock})
		events[i] = Event{SendPT: pt, RecvPT: pt, Clock: clock}
	}
	return events
}

// redundancy is the format of packets with copies of the one codec that is copied (RFC 2198 §5).
func (s *Session) redundancy(codecs []Codec) Codec {
	for _, c := range codecs {
		if strings.EqualFold(c.Name, s.local.Copied) {
			red := Codec{Name: redName, PT: firstRed, Clock: c.Clock, Channels: c.Channels}
			red.PT = s.number(red)
			n := strconv.Itoa(int(c.PT))
			red.Fmtp = n + "/" + n
			return red
		}
	}
	return Codec{}
}

// copies is the peer's format for packets of c with copies of earlier ones: its parameters name c alone.
func (r *stream) copies(c Codec) (red Codec, ok bool) {
	for _, red = range r.codecs {
		if !strings.EqualFold(red.Name, redName) || red.Clock != c.Clock || max(red.Channels, 1) != max(c.Channels, 1) {
			continue
		}
		of := strings.Split(red.Fmtp, "/")
		same := len(of) > 1
		for _, n := range of {
			same = same && n == strconv.Itoa(int(c.PT))
		}
		if same {
			return red, true
		}
	}
	return Codec{}, false
}

func isEvent(c Codec) bool { return strings.EqualFold(c.Name, eventName) }

// theirs is the peer's direction; an unspecified address takes no media,
// whatever the attribute says (RFC 3264 §8.4).
func (r *stream) theirs() Direction {
	if r.addr.IsUnspecified() && !r.unknown() {
		return direction(r.dir.Sends(), false)
	}
	return r.dir
}

func (r *stream) bestKey() (keyLine, bool) {
	if len(r.crypto) == 0 {
		return keyLine{}, false
	}
	return r.crypto[0], true // the order is the offerer's preference (RFC 4568 §7.1.2)
}

// packetTime is the time in ms of the packets we send: what the peer asks for, or else what we do, but no more than the
// peer takes, in steps of 10 from 10 to 60.
func (r *stream) packetTime(ours int) int {
	ms := 20
	switch {
	case r.ptime > 0:
		ms = r.ptime
	case ours > 0:
		ms = ours
	}
	if r.most > 0 {
		ms = min(ms, r.most)
	}
	return min(max(ms/10*10, 10), 60)
}

// media is the part of the agreement that the peer alone decides.
func (r *stream) media(l Local) Media {
	m := Media{Remote: netip.AddrPortFrom(r.addr, r.port), RTCPMux: r.mux && l.RTCPMux, XR: r.xr, Ptime: r.packetTime(l.Ptime)}
	switch {
	case m.RTCPMux:
		m.RemoteRTCP = m.Remote
	case r.rtcp.Addr().IsValid():
		m.RemoteRTCP = r.rtcp
	case r.rtcp.Port() != 0:
		m.RemoteRTCP = netip.AddrPortFrom(r.addr, r.rtcp.Port())
	case r.port < 0xffff:
		m.RemoteRTCP = netip.AddrPortFrom(r.addr, r.port+1)
	}
	return m
}
