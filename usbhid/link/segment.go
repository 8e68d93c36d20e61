// Package link carries messages and a byte stream over the 64-byte reports of the pairing interface. Both ends of
// the cable use it: the phone over its gadget, the PC over its HID device.
//
//	messages  (channel 0)  type, version, length, TLVs    at most 2048 bytes
//	stream    (channel 1)  bytes, one connection at a time, opened by the PC; credits hold the phone back
//	segment   1 byte flags and channel, 1 byte sequence, 1 byte length, at most 60 bytes
//	report    1 byte report id 0x50, 63 bytes: one segment
//
// Segments, messages and assembling are pure; Link runs them over a device.
package link

import (
	"errors"
	"fmt"

	"opendeskphone/usbhid"
)

// The channels.
const (
	Control = 0 // messages
	Stream  = 1 // bytes
)

const (
	flagFirst   = 0x80
	flagLast    = 0x40
	flagsUnused = 0x30
	header      = 3
	// SegmentData is how many bytes one segment carries.
	SegmentData = usbhid.PairingSize - 1 - header
)

// ErrReport is a report that is no segment.
var ErrReport = errors.New("link: not a segment")

// Segment is what one report carries. Of a message, First and Last mark its ends; of a stream, First opens a
// connection and Last closes it.
type Segment struct {
	Channel     uint8 // 0 to 15
	First, Last bool
	Seq         uint8  // one more with each segment of a channel and direction, modulo 256
	Data        []byte // at most SegmentData
}

// Report writes the segment as a whole report.
func (s Segment) Report() [usbhid.PairingSize]byte {
	var r [usbhid.PairingSize]byte
	r[0], r[1], r[2], r[3] = usbhid.PairingID, s.Channel&0x0f, s.Seq, byte(len(s.Data))
	if s.First {
		r[1] |= flagFirst
	}
	if s.Last {
		r[1] |= flagLast
	}
	copy(r[1+header:], s.Data)
	return r
}

// ParseSegment reads a report; Data is a part of it.
func ParseSegment(report []byte) (Segment, error) {
	switch {
	case len(report) != usbhid.PairingSize:
		return Segment{}, fmt.Errorf("%w: %d bytes, not %d", ErrReport, len(report), usbhid.PairingSize)
	case report[0] != usbhid.PairingID:
		return Segment{}, fmt.Errorf("%w: report id %#x", ErrReport, report[0])
	case report[1]&flagsUnused != 0:
		return Segment{}, fmt.Errorf("%w: unknown flags %#x", ErrReport, report[1])
	case report[3] > SegmentData:
		return Segment{}, fmt.Errorf("%w: %d bytes of data", ErrReport, report[3])
	}
	return Segment{
		Channel: report[1] & 0x0f, First: report[1]&flagFirst != 0, Last: report[1]&flagLast != 0,
		Seq: report[2], Data: report[1+header : 1+header+int(report[3])],
	}, nil
}

// split cuts data into segments of a channel, numbered from *seq on, which it moves.
func split(channel uint8, seq *uint8, data []byte, whole bool) []Segment {
	var out []Segment
	for first := true; first || len(data) > 0; first = false {
		n := min(len(data), SegmentData)
		s := Segment{Channel: channel, Seq: *seq, Data: data[:n]}
		data = data[n:]
		s.First, s.Last = whole && first, whole && len(data) == 0
		out = append(out, s)
		*seq++
	}
	return out
}

// ErrDesync is a segment that is missing, or one where none was due.
var ErrDesync = errors.New("link: segments are missing")

// assembler makes messages of the segments of one direction.
type assembler struct {
	started bool // a segment has been seen
	next    uint8
	message []byte
	inside  bool
	skip    bool // after an error, until a message begins
}

// put takes a segment; whole is the message it completes, valid until the next put. Sequence number 0 on a first
// segment begins anew: the other end was opened again. An error is told once.
func (a *assembler) put(s Segment) (whole []byte, err error) {
	if a.skip && !s.First {
		return nil, nil
	}
	due := (!a.started || s.Seq == a.next) && s.First != a.inside
	if !due && !(s.First && s.Seq == 0) {
		*a = assembler{skip: true}
		return nil, ErrDesync
	}
	if s.First {
		a.message = a.message[:0]
	}
	a.started, a.next, a.inside, a.skip = true, s.Seq+1, !s.Last, false
	if len(a.message)+len(s.Data) > MaxMessage {
		*a = assembler{skip: true}
		return nil, fmt.Errorf("%w: more than %d bytes", ErrMessage, MaxMessage)
	}
	a.message = append(a.message, s.Data...)
	if !s.Last {
		return nil, nil
	}
	return a.message, nil
}
