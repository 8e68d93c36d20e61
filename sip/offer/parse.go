package offer

import (
	"bytes"
	"math"
	"net/netip"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
)

// stream is one m= line of the far side, reduced to what we use.
type stream struct {
	line    slot // as it must be echoed when we refuse it
	port    uint16
	addr    netip.Addr // unspecified for an old-style hold
	rtcp    netip.AddrPort
	mux     bool
	xr      XR
	dir     Direction // theirs
	codecs  []Codec   // in their order, static types filled in
	crypto  []keyLine
	ptime   int  // ms, 0 if not said
	most    int  // maxptime, ms
	usable  bool // audio over RTP with an address: may be answered
	secured bool // profile says SAVP
	dtls    bool // profile says UDP/TLS: keys come by DTLS
	ice     ICE
	mangled bool // our own address was none of our candidates when it arrived there
}

// slot is what stays of an m= line for the answer and for later offers.
type slot struct {
	media, proto string
	formats      []string
}

// parse reads a hostile description. Only its frame can make it fail; a stream
// that is odd is merely not usable.
func parse(body []byte) ([]stream, error) {
	tame, names, err := tame(body)
	if err != nil {
		return nil, err
	}
	var d sdp.SessionDescription
	if err := d.UnmarshalString(tame); err != nil {
		return nil, malformed("%s", clip(err.Error()))
	}
	if len(d.MediaDescriptions) != len(names) { // the parser reads on where we saw the end of a line
		return nil, malformed("m= inside of a line")
	}
	streams := make([]stream, len(d.MediaDescriptions))
	for i, m := range d.MediaDescriptions {
		streams[i] = read(&d, m, names[i])
	}
	return streams, nil
}

// tame bounds the text and makes it digestible for the parser, which refuses a
// whole description for a media type, profile or bandwidth word it does not
// know. Lines nobody reads are dropped or made plain; foreign m= lines keep
// their own words in the returned slots.
func tame(body []byte) (string, []slot, error) {
	if len(body) > MaxSize {
		return "", nil, malformed("longer than %d bytes", MaxSize)
	}
	var b strings.Builder
	var names []slot
	lines := 0
	for line := range bytes.SplitSeq(body, []byte{'\n'}) {
		s := strings.TrimRight(string(line), "\r \t")
		if s == "" {
			continue
		}
		if lines++; lines > MaxLines {
			return "", nil, malformed("more than %d lines", MaxLines)
		}
		if len(s) < 2 || s[1] != '=' || strings.ContainsAny(s, "\r\x00") {
			return "", nil, malformed("line %d", lines)
		}
		switch s[0] {
		case 'i', 'u', 'e', 'p', 'b', 'z', 'k', 'r':
			continue
		case 'o':
			if s = "o=- 0 0 IN IP4 0.0.0.0"; names != nil {
				return "", nil, malformed("o= after m=")
			}
		case 's':
			s = "s=-"
		case 'm':
			name, plain, err := mediaName(s[2:])
			if err != nil {
				return "", nil, err
			}
			if names = append(names, name); len(names) > MaxStreams {
				return "", nil, malformed("more than %d streams", MaxStreams)
			}
			s = plain
		}
		b.WriteString(s)
		b.WriteString("\r\n")
	}
	return b.String(), names, nil
}

// mediaName splits the value of an m= line and gives it back with a media word
// and a profile that every parser knows; the true ones are in the slot.
func mediaName(v string) (slot, string, error) {
	f := strings.Fields(v)
	if len(f) < 4 || len(f) > 64 {
		return slot{}, "", malformed("m= line")
	}
	s := slot{media: f[0], proto: f[2], formats: f[3:]}
	if f[0] != "audio" || !strings.Contains(f[2], "RTP/") {
		return s, "m=application " + f[1] + " RTP/AVP 0", nil
	}
	return s, "m=audio " + f[1] + " RTP/AVP " + strings.Join(f[3:], " "), nil
}

func read(d *sdp.SessionDescription, m *sdp.MediaDescription, line slot) stream {
	s := stream{line: line, dir: SendRecv}
	if p := m.MediaName.Port.Value; p > 0 && p <= 0xffff && line.media == "audio" {
		s.port = uint16(p)
	}
	proto := strings.ToUpper(line.proto)
	s.dtls = strings.HasPrefix(proto, "UDP/TLS/")
	s.secured = strings.HasSuffix(proto, "/SAVP") || strings.HasSuffix(proto, "/SAVPF")
	rtp := proto == "RTP/AVP" || proto == "RTP/AVPF" || proto == "RTP/SAVP" || proto == "RTP/SAVPF"

	c := m.ConnectionInformation
	if c == nil {
		c = d.ConnectionInformation
	}
	if c != nil && c.Address != nil && c.Address.TTL == nil && c.Address.Range == nil {
		s.addr, _ = netip.ParseAddr(c.Address.Address)
		s.addr = s.addr.Unmap()
	}
	s.usable = rtp && s.port != 0 && s.addr.IsValid() && s.addr.Zone() == "" &&
		!s.addr.IsMulticast() && s.addr != netip.AddrFrom4([4]byte{255, 255, 255, 255})
	s.attributes(d.Attributes)
	s.attributes(m.Attributes)
	s.formats(m)
	return s
}

// attributes takes the ones that stand alone; those of the media level come
// later and win.
func (s *stream) attributes(attrs []sdp.Attribute) {
	for _, a := range attrs {
		switch a.Key {
		case "sendrecv":
			s.dir = SendRecv
		case "sendonly":
			s.dir = SendOnly
		case "recvonly":
			s.dir = RecvOnly
		case "inactive":
			s.dir = Inactive
		case "rtcp-mux":
			s.mux = true
		case "ptime":
			s.ptime = milliseconds(a.Value)
		case "maxptime":
			s.most = milliseconds(a.Value)
		case "rtcp-xr":
			s.xr = parseXR(a.Value)
		case "rtcp":
			s.rtcp = parseRTCP(a.Value)
		case "crypto":
			if k, ok := parseKey(a.Value); ok && len(s.crypto) < maxKeys {
				s.crypto = append(s.crypto, k)
			}
		case "ice-mismatch":
			s.mangled = true
		default:
			s.ice.note(a.Key, a.Value)
		}
	}
}

// milliseconds reads a packet time (RFC 8866 §6.4: it may have a fraction) and rounds it up; 0 if it makes no sense.
func milliseconds(v string) int {
	ms, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
	if err != nil || !(ms > 0 && ms <= 1000) {
		return 0
	}
	return int(math.Ceil(ms))
}

// parseXR reads the attribute of RFC 3611 §5.1. Reference times that only senders of media may send tell us
// nothing new, for those have sender reports.
func parseXR(v string) (xr XR) {
	for _, f := range strings.Fields(v) {
		switch {
		case f == "rcvr-rtt=all" || strings.HasPrefix(f, "rcvr-rtt=all:"):
			xr.RoundTrip = true
		case f == "voip-metrics":
			xr.VoIP = true
		}
	}
	return xr
}

// parseRTCP reads the attribute of RFC 3605: a port, perhaps with an address.
func parseRTCP(v string) (ap netip.AddrPort) {
	f := strings.Fields(v)
	if len(f) == 0 {
		return ap
	}
	port, err := strconv.ParseUint(f[0], 10, 16)
	if err != nil || port == 0 {
		return ap
	}
	var addr netip.Addr
	if len(f) >= 4 {
		if addr, err = netip.ParseAddr(f[3]); err != nil || addr.IsMulticast() || addr.Zone() != "" {
			return netip.AddrPort{}
		}
	}
	return netip.AddrPortFrom(addr.Unmap(), uint16(port))
}

// static are the payload types of RFC 3551 that need no a=rtpmap.
var static = map[uint8]Codec{
	0:  {Name: "PCMU", Clock: 8000, Channels: 1},
	3:  {Name: "GSM", PT: 3, Clock: 8000, Channels: 1},
	8:  {Name: "PCMA", PT: 8, Clock: 8000, Channels: 1},
	9:  {Name: "G722", PT: 9, Clock: 8000, Channels: 1},
	10: {Name: "L16", PT: 10, Clock: 44100, Channels: 2},
	11: {Name: "L16", PT: 11, Clock: 44100, Channels: 1},
	13: {Name: "CN", PT: 13, Clock: 8000, Channels: 1},
	18: {Name: "G729", PT: 18, Clock: 8000, Channels: 1},
}

// formats joins payload types with their rtpmap and fmtp, in the order of the m= line.
func (s *stream) formats(m *sdp.MediaDescription) {
	maps, fmtps := map[uint8]Codec{}, map[uint8]string{}
	for _, a := range m.Attributes {
		pt, rest, ok := payload(a.Value)
		if !ok {
			continue
		}
		switch a.Key {
		case "rtpmap":
			if c, ok := parseMap(pt, rest); ok {
				maps[pt] = c
			}
		case "fmtp":
			if len(rest) <= 512 {
				fmtps[pt] = rest
			}
		}
	}
	for _, f := range m.MediaName.Formats {
		n, err := strconv.ParseUint(f, 10, 7)
		if err != nil {
			continue
		}
		pt := uint8(n)
		c, ok := maps[pt]
		if !ok {
			c, ok = static[pt]
		}
		if ok {
			c.Fmtp = fmtps[pt]
			s.codecs = append(s.codecs, c)
		}
	}
}

// payload splits "96 opus/48000/2" after the payload type.
func payload(v string) (uint8, string, bool) {
	head, rest, ok := strings.Cut(strings.TrimSpace(v), " ")
	n, err := strconv.ParseUint(head, 10, 7)
	return uint8(n), strings.TrimSpace(rest), ok && err == nil
}

func parseMap(pt uint8, v string) (Codec, bool) {
	f := strings.Split(v, "/")
	if len(f) < 2 || f[0] == "" || len(f[0]) > 32 {
		return Codec{}, false
	}
	clock, err := strconv.Atoi(strings.TrimSpace(f[1]))
	if err != nil || clock < 1000 || clock > 384000 {
		return Codec{}, false
	}
	c := Codec{Name: f[0], PT: pt, Clock: clock, Channels: 1}
	if len(f) > 2 {
		if n, err := strconv.Atoi(strings.TrimSpace(f[2])); err == nil && n > 0 && n <= 8 {
			c.Channels = n
		}
	}
	return c, true
}

func clip(s string) string {
	if len(s) > 100 {
		s = s[:100]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}
