package pairing

import (
	"crypto/ed25519"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"opendeskphone/usbhid/link"
)

// ErrHello is a greeting that cannot be one.
var ErrHello = errors.New("pairing: not a greeting")

func tlv(t link.Tag, v []byte) link.TLV { return link.TLV{Tag: t, Value: v} }

// hello is the PC's greeting.
func (s *Self) hello() link.Message {
	return link.Message{Type: TypeHello, TLVs: append(s.introduction(), text(TagUser, s.User), caps(capsOfPC))}
}

// helloAck is the phone's greeting; pairing, if not nil, says as what it knows the PC.
func (s *Self) helloAck(at Places, pairing *ID) link.Message {
	c := uint32(capsOfPhone)
	if s.UAC2 {
		c |= CapUAC2
	}
	out := append(s.introduction(), text(TagModel, s.Model), text(TagVersion, s.Version), caps(c), tlv(TagBoot, s.Boot[:]))
	out = append(out, at.tlvs()...)
	if pairing != nil {
		out = append(out, tlv(TagPairing, pairing[:]))
	}
	return link.Message{Type: TypeHelloAck, TLVs: out}
}

func (s *Self) introduction() []link.TLV {
	pin := pinOf(s.public())
	return []link.TLV{tlv(TagDevice, s.Device[:]), text(TagName, s.Name), tlv(TagKey, s.public()), tlv(TagPin, pin[:])}
}

// text is a string cut to what a greeting carries.
func text(t link.Tag, s string) link.TLV {
	s = strings.ToValidUTF8(s, "")
	for len(s) > maxText {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return tlv(t, []byte(s))
}

func caps(c uint32) link.TLV { return tlv(TagCaps, binary.LittleEndian.AppendUint32(nil, c)) }

// parsePeer reads a greeting. Unknown values are passed over, missing ones of no weight stay empty.
func parsePeer(m link.Message) (Peer, error) {
	var p Peer
	if !fill(p.Device[:], m.Get(TagDevice)) || len(m.Get(TagKey)) != ed25519.PublicKeySize {
		return p, ErrHello
	}
	p.Key = append(p.Key, m.Get(TagKey)...)
	pin := pinOf(p.Key)
	if subtle.ConstantTimeCompare(pin[:], m.Get(TagPin)) == 0 {
		return p, ErrHello
	}
	for _, f := range []struct {
		to  *string
		tag link.Tag
	}{{&p.Name, TagName}, {&p.User, TagUser}, {&p.Model, TagModel}, {&p.Version, TagVersion}} {
		v := m.Get(f.tag)
		if len(v) > maxText || !utf8.Valid(v) {
			return p, ErrHello
		}
		*f.to = printable(string(v))
	}
	if p.Name == "" {
		return p, ErrHello
	}
	fill(p.Boot[:], m.Get(TagBoot))
	if c := m.Get(TagCaps); len(c) == 4 {
		p.Caps = binary.LittleEndian.Uint32(c)
	}
	if id := m.Get(TagPairing); len(id) == len(ID{}) {
		p.Pairing = (*ID)(append([]byte(nil), id...))
	}
	var err error
	p.Places, err = parsePlaces(m)
	return p, err
}

func fill(to, v []byte) bool { return len(v) == len(to) && copy(to, v) == len(to) }

// printable drops what would move the cursor or turn the direction of writing: a name is shown to a person who decides
// by it.
func printable(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
			return -1
		}
		return r
	}, s))
}

// tlvs writes the places; an empty list is written too, since it says that there are none.
func (p Places) tlvs() []link.TLV {
	var b []byte
	for _, a := range p.Addresses[:min(len(p.Addresses), maxAddresses)] {
		addr := a.Addr().Unmap()
		family := byte(6)
		if addr.Is4() {
			family = 4
		}
		b = append(append(b, family), addr.AsSlice()...)
		b = binary.BigEndian.AppendUint16(b, a.Port())
	}
	out := []link.TLV{tlv(TagAddresses, b)}
	if p.DNS != "" && len(p.DNS) <= 255 {
		out = append(out, tlv(TagDNS, []byte(p.DNS)))
	}
	return out
}

func parsePlaces(m link.Message) (Places, error) {
	var p Places
	for b := m.Get(TagAddresses); len(b) > 0; {
		n := map[byte]int{4: 4, 6: 16}[b[0]]
		if n == 0 || len(b) < 1+n+2 || len(p.Addresses) == maxAddresses {
			return Places{}, ErrHello
		}
		addr, _ := netip.AddrFromSlice(b[1 : 1+n])
		p.Addresses = append(p.Addresses, netip.AddrPortFrom(addr, binary.BigEndian.Uint16(b[1+n:])))
		b = b[1+n+2:]
	}
	dns := m.Get(TagDNS)
	if len(dns) > 255 || !utf8.Valid(dns) {
		return Places{}, ErrHello
	}
	p.DNS = printable(string(dns))
	return p, nil
}

// refusal is a message that ends something.
func refusal(t link.Type, r Reason) link.Message {
	return link.Message{Type: t, TLVs: []link.TLV{tlv(TagReason, []byte{byte(r)})}}
}

// reasonIn gives the reason a message carries, NoReason where it is none.
func reasonIn(m link.Message) Reason {
	if b := m.Get(TagReason); len(b) == 1 && Reason(b[0]) < Gone {
		return Reason(b[0])
	}
	return NoReason
}
