package lldp

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxText bounds the texts of others, in letters: they go on the screen.
const maxText = 64

// clean makes of a stranger's text what can be shown.
func clean(b []byte) string {
	s := strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, string(b))
	if r := []rune(s); len(r) > maxText {
		s = string(r[:maxText])
	}
	return strings.TrimSpace(s)
}

// Address families of IDs that are network addresses (IANA address family numbers).
const (
	familyIPv4 = 1
	familyIPv6 = 2
)

// id reads an ID: its subtype, two of which are not text, and its value.
func id(v []byte, mac, address byte) string {
	kind, v := v[0], v[1:]
	switch {
	case kind == mac && len(v) == 6:
		return net.HardwareAddr(v).String()
	case kind == address && (v[0] == familyIPv4 || v[0] == familyIPv6):
		if a, ok := netip.AddrFromSlice(v[1:]); ok {
			return a.String()
		}
	}
	return clean(v)
}

// Phone is what we say of ourselves. Empty texts are not said.
type Phone struct {
	MAC                         net.HardwareAddr
	Port                        string // the interface
	Name, Maker, Model, Version string
	Serial                      string
	Voice, Signaling            *Policy // by which it marks its packets; nil: the policy is not known yet
}

// maxOurs is the longest text we send (TIA-1057 §10.2.6 has 32 bytes for the inventory).
const maxOurs = 32

// Frame is the whole Ethernet frame. ttl is how long it is good for, in seconds; 0 is the farewell of a phone
// that goes.
func (p Phone) Frame(ttl uint16) []byte {
	b := append(append(append([]byte(nil), Group...), p.MAC...), EtherType>>8, EtherType&0xff)
	b = tlv(b, tlvChassis, append([]byte{chassisMAC}, p.MAC...))
	b = tlv(b, tlvPort, append([]byte{portMAC}, p.MAC...))
	b = tlv(b, tlvTTL, binary.BigEndian.AppendUint16(nil, ttl))
	if ttl == 0 { // and no more than this (IEEE 802.1AB §9.1.2.2)
		return tlv(b, tlvEnd, nil)
	}
	b = tlvText(b, tlvPortDescription, p.Port)
	b = tlvText(b, tlvSystemName, p.Name)
	b = tlvText(b, tlvSystemDescription, strings.TrimSpace(p.Model+" "+p.Version))
	b = tlv(b, tlvCapabilities, []byte{0, capTelephone, 0, capTelephone})
	b = tlvMED(b, medCapabilities, []byte{0, canCapabilities | canPolicy | canInventory, classPhone})
	b = tlvMED(b, medPolicy, p.Voice.bits(appVoice))
	if p.Signaling != nil {
		b = tlvMED(b, medPolicy, p.Signaling.bits(appSignaling))
	}
	for _, t := range []struct {
		kind byte
		text string
	}{{medSoftware, p.Version}, {medSerial, p.Serial}, {medMaker, p.Maker}, {medModel, p.Model}} {
		if t.text != "" {
			b = tlvMED(b, t.kind, []byte(short(t.text)))
		}
	}
	return tlv(b, tlvEnd, nil)
}

// bits is the policy on the wire, "unknown" for none.
func (p *Policy) bits(app byte) []byte {
	bits := uint32(app) << 24
	switch {
	case p == nil:
		bits |= policyUnknown
	case p.Tagged:
		bits |= policyTagged | uint32(p.VLAN&0xfff)<<9 | uint32(p.Priority&7)<<6 | uint32(p.DSCP&0x3f)
	default:
		bits |= uint32(p.DSCP & 0x3f)
	}
	return binary.BigEndian.AppendUint32(nil, bits)
}

func tlv(b []byte, kind int, value []byte) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(kind<<9|len(value))), value...)
}

func tlvText(b []byte, kind int, text string) []byte {
	if text == "" {
		return b
	}
	return tlv(b, kind, []byte(short(text)))
}

func tlvMED(b []byte, kind byte, value []byte) []byte {
	return tlv(b, tlvOrganisation, append([]byte{med[0], med[1], med[2], kind}, value...))
}

// short cuts our own text, which is ASCII but for what an owner made of it, to what may be sent.
func short(s string) string { return strings.ToValidUTF8(s[:min(len(s), maxOurs)], "") }
