package media

import (
	"encoding/binary"
	"strings"
	"time"
)

// keys are the events 0 to 15 of RFC 4733 §3.2 table 3, by their number.
const keys = "0123456789*#ABCD"

const (
	shortestDigit = 40 * time.Millisecond // RFC 4733 §2.5.2.2: what detectors need
	longestDigit  = 1200 * time.Millisecond
	ends          = 3 // times the last packet is sent (RFC 4733 §2.5.1.4)
	eventLevel    = 10
	endBit        = 0x80
)

// press is a key to be sent.
type press struct {
	event uint8
	time  time.Duration
}

// pressOf gives the press of a digit; ok is false for what has no key.
func pressOf(digit rune, d time.Duration) (p press, ok bool) {
	if digit >= 'a' && digit <= 'd' {
		digit += 'A' - 'a'
	}
	i := strings.IndexRune(keys, digit)
	return press{uint8(i), min(max(d, shortestDigit), longestDigit)}, i >= 0
}

// dialler makes the packets of one key press, one each packet time.
type dialler struct {
	active bool
	event  uint8
	ts     uint32 // RTP timestamp of its beginning, the same in all its packets
	length uint16 // so far, in units of the event's clock
	step   uint16 // a packet time
	whole  uint16 // when it ends
	ended  int    // last packets sent
}

// start begins a press at ts; packet is the packet time and clock the event's clock in Hz.
func (d *dialler) start(p press, ts uint32, packet time.Duration, clock int) {
	unit := func(t time.Duration) uint16 { return uint16(t * time.Duration(clock) / time.Second) }
	*d = dialler{active: true, event: p.event, ts: ts, step: unit(packet), whole: unit(p.time)}
}

// next appends the payload of the next packet; first tells that it is the one to mark.
func (d *dialler) next(dst []byte) (out []byte, first bool) {
	first = d.length == 0
	if d.ended == 0 {
		d.length += d.step
	}
	flags := byte(eventLevel)
	if d.length >= d.whole {
		flags |= endBit
		d.ended++
		d.active = d.ended < ends
	}
	return binary.BigEndian.AppendUint16(append(dst, d.event, flags), d.length), first
}

// listener reads key presses, each once however many packets speak of it.
type listener struct {
	heard bool
	ts    uint32 // of the last press
	until uint32 // and its end, when the key was held for longer than a length can say
}

// take reads the payload of an event packet; ok tells that a key was pressed that was not yet told.
func (l *listener) take(ts uint32, marker bool, payload []byte) (digit rune, ok bool) {
	if len(payload) < 4 || int(payload[0]) >= len(keys) {
		return 0, false
	}
	length := uint32(binary.BigEndian.Uint16(payload[2:]))
	if l.heard && ts == l.ts {
		l.until = ts + length
	}
	if l.heard && int32(ts-l.ts) <= 0 {
		return 0, false // more of the same press, or a late packet of an older one
	}
	// A long press is cut in segments that follow each other without a mark (RFC 4733 §2.5.1.3).
	segment := l.heard && !marker && ts == l.until && length > 0
	l.heard, l.ts, l.until = true, ts, ts+length
	return rune(keys[payload[0]]), !segment
}
