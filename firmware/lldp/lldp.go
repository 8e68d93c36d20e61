// Package lldp reads and writes the frames by which a phone and its switch tell each other who they are
// (IEEE 802.1AB), with what telephones add to them (LLDP-MED, ANSI/TIA-1057): the VLAN, priority and
// DSCP of voice. It is pure: who sends and receives is firmware/init.
package lldp

import (
	"encoding/binary"
	"errors"
	"net"
	"time"
)

// EtherType of LLDP, and the group address that no bridge passes on (IEEE 802.1AB §7).
const EtherType = 0x88cc

var Group = net.HardwareAddr{0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e}

// TLV types (IEEE 802.1AB §8.4).
const (
	tlvEnd = iota
	tlvChassis
	tlvPort
	tlvTTL
	tlvPortDescription
	tlvSystemName
	tlvSystemDescription
	tlvCapabilities
	_               // management address
	tlvOrganisation = 127
)

// Subtypes of IDs (IEEE 802.1AB §8.5.2.2, §8.5.3.2).
const (
	chassisMAC     = 4
	chassisAddress = 5
	portMAC        = 3
	portAddress    = 4
)

// capTelephone is the bit of a telephone among system capabilities (IEEE 802.1AB §8.5.8.1).
const capTelephone = 1 << 5

// med begins the TLVs of LLDP-MED: its OUI (TIA-1057 §10.2). Subtypes follow it.
var med = [3]byte{0x00, 0x12, 0xbb}

const (
	medCapabilities = 1
	medPolicy       = 2
	medSoftware     = 7
	medSerial       = 8
	medMaker        = 9
	medModel        = 10
)

// What a device can tell by LLDP-MED, and what kind it is (TIA-1057 §10.2.2).
const (
	canCapabilities = 1 << 0
	canPolicy       = 1 << 1
	canInventory    = 1 << 5

	classPhone  = 3 // communication device endpoint
	classSwitch = 4 // network connectivity
)

// Applications of network policies (TIA-1057 §10.2.3.1).
const (
	appVoice     = 1
	appSignaling = 2
)

// Policy is how the packets of an application are to be marked (TIA-1057 §10.2.3).
type Policy struct {
	Tagged   bool // else VLAN and Priority mean nothing
	VLAN     int  // 0: tagged with the priority alone
	Priority int  // 802.1p
	DSCP     int
}

// Neighbour is what the device at the other end of the cable says of itself. Its texts are clean and short.
type Neighbour struct {
	Chassis   string // by which it is told from others
	TTL       time.Duration
	Name      string  // of the system
	Port      string  // the port's description, or its ID where it has none
	Switch    bool    // a switch that speaks LLDP-MED; it does once it has heard a phone
	Phone     bool    // or another device at the end of a cable: it too tells policies, but decides none
	Voice     *Policy // nil: none told
	Signaling *Policy
}

// errBroken is a frame that IEEE 802.1AB §9.2.7.7 has thrown away.
var errBroken = errors.New("lldp: broken frame")

// Parse reads the data of a frame, without Ethernet header.
func Parse(b []byte) (n Neighbour, err error) {
	for place := 0; ; place++ {
		kind, value, rest, ok := next(b)
		// Chassis, port and time to live come first, in this order, and never again.
		if inOrder := kind == place+1; !ok || (place < 3) != (kind >= tlvChassis && kind <= tlvTTL) || place < 3 && !inOrder {
			return Neighbour{}, errBroken
		}
		if kind == tlvEnd {
			return n, nil
		}
		if !n.take(kind, value) {
			return Neighbour{}, errBroken
		}
		// Frames of 802.1AB may end without an end.
		if b = rest; len(b) == 0 && place >= 2 {
			return n, nil
		}
	}
}

// next cuts the first TLV off.
func next(b []byte) (kind int, value, rest []byte, ok bool) {
	if len(b) < 2 {
		return 0, nil, nil, false
	}
	head := binary.BigEndian.Uint16(b)
	kind, size := int(head>>9), int(head&0x1ff)
	if len(b) < 2+size {
		return 0, nil, nil, false
	}
	return kind, b[2 : 2+size], b[2+size:], true
}

// take takes the value of a TLV, and says whether it could be one.
func (n *Neighbour) take(kind int, v []byte) bool {
	switch kind {
	case tlvChassis:
		if len(v) < 2 {
			return false
		}
		n.Chassis = id(v, chassisMAC, chassisAddress)
	case tlvPort:
		if len(v) < 2 {
			return false
		}
		n.Port = id(v, portMAC, portAddress)
	case tlvTTL:
		if len(v) < 2 {
			return false
		}
		n.TTL = time.Duration(binary.BigEndian.Uint16(v)) * time.Second
	case tlvPortDescription:
		if s := clean(v); s != "" {
			n.Port = s
		}
	case tlvSystemName:
		n.Name = clean(v)
	case tlvOrganisation:
		if len(v) < 4 {
			return false
		}
		if [3]byte(v) == med {
			return n.takeMED(v[3], v[4:])
		}
	}
	return true
}

// takeMED takes a TLV of LLDP-MED. Reserved applications and kinds are passed over.
func (n *Neighbour) takeMED(kind byte, v []byte) bool {
	switch kind {
	case medCapabilities:
		if len(v) < 3 {
			return false
		}
		n.Switch, n.Phone = v[2] == classSwitch, v[2] >= 1 && v[2] <= classPhone
	case medPolicy:
		if len(v) < 4 {
			return false
		}
		p := readPolicy(binary.BigEndian.Uint32(v))
		switch v[0] {
		case appVoice:
			n.Voice = p
		case appSignaling:
			n.Signaling = p
		}
	}
	return true
}

// Bits of a network policy below the application (TIA-1057 §10.2.3.2 to 10.2.3.6).
const (
	policyUnknown = 1 << 23
	policyTagged  = 1 << 22
)

// readPolicy gives nil for a policy that is not known, or names a VLAN there cannot be.
func readPolicy(bits uint32) *Policy {
	p := &Policy{Tagged: bits&policyTagged != 0, VLAN: int(bits >> 9 & 0xfff), Priority: int(bits >> 6 & 7), DSCP: int(bits & 0x3f)}
	if bits&policyUnknown != 0 || p.Tagged && p.VLAN == 0xfff {
		return nil
	}
	return p
}
