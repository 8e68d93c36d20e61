// Package red packs and parses the RTP payload for redundant audio data of RFC 2198: behind the newest packet's
// payload, or rather before it, ride copies of payloads sent earlier. Whoever loses the packet they came in
// first finds them in a later one, if the player waits that long.
package red

import "errors"

const (
	// MaxOffset is how far back a copy can lie, in units of the RTP clock: 14 bits.
	MaxOffset = 1<<14 - 1
	// MaxCopy is the longest copy, in bytes: 10 bits.
	MaxCopy = 1<<10 - 1

	follows = 0x80 // F: another block header follows
	header  = 4    // bytes of a copy's header; the newest payload's has one
)

// ErrShort says that a payload ends within its headers, or before the data they promise.
var ErrShort = errors.New("red: payload is shorter than it says")

// Block is one payload within a packet.
type Block struct {
	PT     uint8  // payload type, 0..127
	Offset uint32 // how much earlier than the packet's timestamp it was sampled, 0..MaxOffset; 0 for the newest
	Data   []byte
}

// Append appends the payload that carries copies, oldest first, and the newest payload behind them. Copies
// that are too old or too long for their header are left out.
func Append(dst []byte, newest Block, copies ...Block) []byte {
	for _, b := range copies {
		if b.fits() {
			n := uint32(len(b.Data))
			dst = append(dst, follows|b.PT&0x7F, byte(b.Offset>>6), byte(b.Offset<<2|n>>8), byte(n))
		}
	}
	dst = append(dst, newest.PT&0x7F)
	for _, b := range copies {
		if b.fits() {
			dst = append(dst, b.Data...)
		}
	}
	return append(dst, newest.Data...)
}

func (b Block) fits() bool { return b.Offset <= MaxOffset && len(b.Data) <= MaxCopy }

// Parse appends the blocks of a payload to dst, the newest last. Their data are parts of payload.
func Parse(dst []Block, payload []byte) ([]Block, error) {
	n := 0 // copies
	for ; n*header < len(payload) && payload[n*header]&follows != 0; n++ {
	}
	if n*header >= len(payload) {
		return dst, ErrShort
	}
	data := payload[n*header+1:]
	all := dst
	for i := range n {
		h := payload[i*header:]
		size := int(h[2]&3)<<8 | int(h[3])
		if size > len(data) {
			return dst, ErrShort
		}
		all = append(all, Block{h[0] & 0x7F, uint32(h[1])<<6 | uint32(h[2])>>2, data[:size:size]})
		data = data[size:]
	}
	return append(all, Block{payload[n*header] & 0x7F, 0, data}), nil
}

// Sender keeps the payloads of a stream sent last, and sends each a second time in a later packet.
type Sender struct {
	past [MaxBack]past
	next int
}

// MaxBack is how many packets back a Sender reaches.
const MaxBack = 6

type past struct {
	ts   uint32
	pt   uint8
	used bool
	data []byte
}

// NewSender makes one for payloads of up to MaxCopy bytes; longer ones are sent but once.
func NewSender() *Sender {
	s := new(Sender)
	for i := range s.past {
		s.past[i].data = make([]byte, 0, MaxCopy)
	}
	return s
}

// Pack appends the payload of a packet: newest, sampled at ts, and a copy of the payload given back calls
// earlier, if it was not too long ago. A back of 0 or beyond MaxBack copies nothing.
func (s *Sender) Pack(dst []byte, pt uint8, ts uint32, newest []byte, back int) []byte {
	var copied [1]Block
	n := 0
	if back > 0 && back <= MaxBack {
		p := &s.past[(s.next+MaxBack-back)%MaxBack]
		if offset := ts - p.ts; p.used && offset > 0 {
			copied[0], n = Block{p.pt, offset, p.data}, 1
		}
	}
	dst = Append(dst, Block{PT: pt, Data: newest}, copied[:n]...)
	p := &s.past[s.next]
	s.next = (s.next + 1) % MaxBack
	*p = past{ts: ts, pt: pt, used: len(newest) <= MaxCopy, data: p.data[:0]}
	if p.used {
		p.data = append(p.data, newest...)
	}
	return dst
}
