package offer

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
)

// Bounds of what a far side may say of its ways (RFC 8839 §5).
const (
	maxCandidates = 64  // of one stream; both components together
	maxCandidate  = 256 // bytes of one
	minUfrag      = 4
	minPwd        = 22
	maxICEText    = 256
)

// ICE is what one side says for connectivity checks (RFC 8839).
type ICE struct {
	Ufrag, Pwd string   // 4 to 256 and 22 to 256 of the characters A-Z a-z 0-9 + /
	Candidates []string // values of a=candidate, of both components
	Lite       bool     // answers checks and makes none
	Trickle    bool     // candidates may be told one by one, by INFO (RFC 8840)
	Ended      bool     // no more of them will come
}

// Component is the component of a candidate: 1 is RTP, 2 is RTCP; 0 if it makes no sense.
func Component(candidate string) int {
	c, ok := parseCandidate(candidate)
	if !ok {
		return 0
	}
	return c.component
}

// Reflexive is the address of a candidate of RTP or RTCP that a server has seen of its owner (RFC 8445 §5.1.1.2).
func Reflexive(candidate string) (at netip.AddrPort, ok bool) {
	c, ok := parseCandidate(candidate)
	return c.addr, ok && c.kind == "srflx" && c.addr.IsValid()
}

// candidate is as much of a=candidate as is needed to compare addresses.
type candidate struct {
	component int
	kind      string
	addr      netip.AddrPort // not valid if it is a name
}

// parseCandidate reads "foundation component transport priority address port typ ...".
func parseCandidate(v string) (c candidate, ok bool) {
	f := strings.Fields(v)
	if len(v) > maxCandidate || len(f) < 8 || f[6] != "typ" {
		return c, false
	}
	n, err := strconv.Atoi(f[1])
	port, portErr := strconv.ParseUint(f[5], 10, 16)
	if err != nil || portErr != nil || n != 1 && n != 2 {
		return c, false
	}
	c.component, c.kind = n, f[7]
	if addr, err := netip.ParseAddr(f[4]); err == nil {
		c.addr = netip.AddrPortFrom(addr.Unmap(), uint16(port))
	}
	return c, true
}

// note takes an attribute if it is one of ICE's.
func (i *ICE) note(key, value string) {
	switch key {
	case "ice-ufrag":
		i.Ufrag = iceText(value, minUfrag)
	case "ice-pwd":
		i.Pwd = iceText(value, minPwd)
	case "ice-lite":
		i.Lite = true
	case "ice-options":
		i.Trickle = i.Trickle || hasWord(value, "trickle")
	case "end-of-candidates":
		i.Ended = true
	case "candidate":
		if _, ok := parseCandidate(value); ok && len(i.Candidates) < maxCandidates {
			i.Candidates = append(i.Candidates, value)
		}
	}
}

func hasWord(list, word string) bool {
	for _, f := range strings.Fields(list) {
		if f == word {
			return true
		}
	}
	return false
}

// iceText is a user fragment or password, "" if it has no such form.
func iceText(v string, least int) string {
	if len(v) < least || len(v) > maxICEText {
		return ""
	}
	for _, c := range []byte(v) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '+' || c == '/') {
			return ""
		}
	}
	return v
}

// checks gives what the far side says of its ways, nil if it does no ICE in this stream. mismatch: it would, but its
// address is none of its candidates. Somebody between us has put another there, and packets must take the way through
// him (RFC 8839 §4.2.5).
func (s *stream) checks() (i *ICE, mismatch bool) {
	switch {
	case s.ice.Ufrag == "" || s.ice.Pwd == "":
		return nil, false
	case s.unknown(): // its candidates come by and by
		return &s.ice, false
	case len(s.ice.Candidates) == 0:
		return nil, false
	}
	for _, v := range s.ice.Candidates {
		if c, ok := parseCandidate(v); ok && c.component == 1 && c.addr == netip.AddrPortFrom(s.addr, s.port) {
			return &s.ice, false
		}
	}
	return nil, true
}

// unknown tells that the far side has yet to find out how it can be reached (RFC 8840 §4.1.1): that is no hold.
func (s *stream) unknown() bool {
	return s.addr.IsUnspecified() && s.port == 9 && s.ice.Trickle && s.ice.Ufrag != ""
}

// way fills in how the far side can be reached. offerer: the offer was ours, and so is the choice (RFC 8445 §6.1.1); who
// has had it keeps it.
func (s *Session) way(r *stream, m *Media, offerer bool) {
	theirs, mismatch := r.checks()
	m.Rewritten = mismatch || r.mangled
	if theirs == nil || s.local.ICE == nil {
		s.theirs = ICE{}
		return
	}
	if s.theirs.Ufrag == "" {
		s.controlling = offerer
	}
	s.theirs = *theirs
	m.ICE, m.Controlling = theirs, s.controlling || theirs.Lite
}

func mismatched(r *stream) bool { _, mismatch := r.checks(); return mismatch }

// Restarts tells whether an offer of theirs begins the connectivity checks anew (RFC 8839 §4.4.1.1.1): the answer then needs
// other credentials of ours, given by Reach.
func (s *Session) Restarts(remoteOffer []byte) bool {
	streams, err := parse(remoteOffer)
	if err != nil || s.theirs.Ufrag == "" || s.mine >= len(streams) {
		return false
	}
	theirs, _ := streams[s.mine].checks()
	return theirs != nil && (theirs.Ufrag != s.theirs.Ufrag || theirs.Pwd != s.theirs.Pwd)
}

// Reach changes how we can be reached: address and port, and what was found out about them; the next offer or answer says
// so. It tells whether anything is new.
func (s *Session) Reach(l Local) bool {
	old := s.local
	s.local.Addr, s.local.Port, s.local.Public, s.local.PublicRTCP, s.local.ICE = l.Addr, l.Port, l.Public, l.PublicRTCP, l.ICE
	if old.Addr != l.Addr || old.Port != l.Port || old.Public != l.Public || (old.ICE == nil) != (l.ICE == nil) {
		return true
	}
	return l.ICE != nil && old.ICE.Ufrag != l.ICE.Ufrag
}

// reached is the address and port of ours that the description names.
func (l Local) reached() netip.AddrPort {
	if l.Public.IsValid() {
		return l.Public
	}
	return netip.AddrPortFrom(l.Addr, l.Port)
}

// ways are the attributes that say how we can be reached.
func (s *Session) ways(d description) (out []sdp.Attribute) {
	add := func(key, value string) { out = append(out, sdp.Attribute{Key: key, Value: value}) }
	l := s.local
	if at := l.PublicRTCP; at.IsValid() && !d.muxed {
		add("rtcp", strconv.Itoa(int(at.Port()))+" IN "+family(at.Addr())+" "+at.Addr().String())
	}
	if d.mismatch {
		add("ice-mismatch", "")
	}
	if !d.ice {
		return out
	}
	add("ice-ufrag", l.ICE.Ufrag)
	add("ice-pwd", l.ICE.Pwd)
	add("mid", mid)
	add("ice-options", "ice2 trickle")
	for _, v := range l.ICE.Candidates {
		if c, ok := parseCandidate(v); ok && (c.component == 1 || !d.muxed) {
			add("candidate", v)
		}
	}
	if l.ICE.Ended {
		add("end-of-candidates", "")
	}
	return out
}

func family(a netip.Addr) string {
	if a.Is6() {
		return "IP6"
	}
	return "IP4"
}
