package stack

import (
	"crypto/rand"
	"encoding/binary"
	"net/netip"
	"slices"
	"time"
)

// As much of STUN (RFC 8489) as the keep-alive of a flow over UDP needs (RFC 5626 §4.4.2): a Binding request
// without attributes, and the XOR-MAPPED-ADDRESS of its answer.
const (
	stunHead     = 20
	stunMagic    = 0x2112A442
	stunRequest  = 0x0001
	stunSuccess  = 0x0101
	stunXORAddr  = 0x0020
	stunFamilyV4 = 1
	stunFamilyV6 = 2
)

// stunID names a STUN transaction.
type stunID [12]byte

// stunRepeats are the times after which a Binding request is sent again, and the last is how long its answer is
// waited for: RFC 8489 §6.2.1 with fewer repeats, as on a flow that is kept alive every 20 s.
var stunRepeats = []time.Duration{500 * time.Millisecond, 1500 * time.Millisecond, 3500 * time.Millisecond, 7500 * time.Millisecond}

// binding is a Binding request under way.
type binding struct {
	timer *Timer
	on    func(netip.AddrPort, error)
}

// Bind asks a server by STUN for a sign of life and for the address it sees us at. on is called once, with
// ErrTimeout when none came within 7.5 s. On the loop.
func (s *Stack) Bind(to netip.AddrPort, on func(mapped netip.AddrPort, err error)) {
	var id stunID
	rand.Read(id[:])
	b := &binding{on: on}
	s.bindings[id] = b
	s.bind(b, id, to, 0)
}

// bind sends a request for the n-th time, from 0.
func (s *Stack) bind(b *binding, id stunID, to netip.AddrPort, n int) {
	if n == len(stunRepeats) {
		delete(s.bindings, id)
		b.on(netip.AddrPort{}, ErrTimeout)
		return
	}
	wait := stunRepeats[n]
	if n > 0 {
		wait -= stunRepeats[n-1]
	}
	if err := s.sendDatagram(bindingRequest(id), to); err != nil {
		s.log.Debug("stun request not sent", "to", to, "err", err)
	}
	b.timer = s.After(wait, func() { s.bind(b, id, to, n+1) })
}

// mappedAt takes an answer, on the loop. Who knows the number of our request is believed.
func (s *Stack) mappedAt(id stunID, mapped netip.AddrPort) {
	if b := s.bindings[id]; b != nil {
		delete(s.bindings, id)
		b.timer.Stop()
		b.on(mapped, nil)
	}
}

func bindingRequest(id stunID) []byte {
	b := binary.BigEndian.AppendUint16(nil, stunRequest)
	b = binary.BigEndian.AppendUint16(b, 0)
	b = binary.BigEndian.AppendUint32(b, stunMagic)
	return append(b, id[:]...)
}

// isSTUN tells a datagram of STUN from one of SIP, which begins with a letter (RFC 5626 §8).
func isSTUN(b []byte) bool {
	return len(b) >= stunHead && b[0]>>6 == 0 && binary.BigEndian.Uint32(b[4:]) == stunMagic
}

// bindingAnswer reads the success response to a Binding request; ok is false for anything else.
func bindingAnswer(b []byte) (id stunID, mapped netip.AddrPort, ok bool) {
	if !isSTUN(b) || binary.BigEndian.Uint16(b) != stunSuccess || int(binary.BigEndian.Uint16(b[2:])) != len(b)-stunHead {
		return id, mapped, false
	}
	id = stunID(b[8:stunHead])
	for rest := b[stunHead:]; len(rest) >= 4; {
		kind, size := binary.BigEndian.Uint16(rest), int(binary.BigEndian.Uint16(rest[2:]))
		if size > len(rest)-4 {
			return id, mapped, false
		}
		if kind == stunXORAddr {
			mapped, ok = xorAddress(rest[4:4+size], b[4:stunHead])
			return id, mapped, ok
		}
		rest = rest[min(len(rest), 4+(size+3)&^3):]
	}
	return id, mapped, false
}

// xorAddress reads an XOR-MAPPED-ADDRESS (RFC 8489 §14.2); mask is the magic cookie and the transaction's number.
func xorAddress(v, mask []byte) (netip.AddrPort, bool) {
	if len(v) < 4 {
		return netip.AddrPort{}, false
	}
	size := map[byte]int{stunFamilyV4: 4, stunFamilyV6: 16}[v[1]]
	if size == 0 || len(v) != 4+size {
		return netip.AddrPort{}, false
	}
	port := binary.BigEndian.Uint16(v[2:]) ^ stunMagic>>16
	raw := slices.Clone(v[4:])
	for i := range raw {
		raw[i] ^= mask[i]
	}
	addr, ok := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(addr.Unmap(), port), ok
}
