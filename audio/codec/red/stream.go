package red

// Packet is a payload and its place in the stream.
type Packet struct {
	Seq  uint16
	TS   uint32
	PT   uint8
	Data []byte // a part of the payload it came in
	Copy bool   // it came behind its time
}

const (
	maxBlocks = 8  // in a payload; more are refused
	memory    = 16 // packets remembered
)

// Receiver gives copies their place in the stream. A copy is known by its timestamp alone; its sequence number is
// found between two packets that have come, if the sender has not paused between them.
type Receiver struct {
	have   [memory]spot // newest first
	n      int
	blocks [maxBlocks]Block
	out    [maxBlocks]Packet
}

type spot struct {
	seq uint16
	ts  uint32
}

// Note takes notice of a packet that has come without copies, or that Open gave.
func (r *Receiver) Note(seq uint16, ts uint32) {
	r.n = min(r.n+1, memory)
	copy(r.have[1:r.n], r.have[:r.n-1])
	r.have[0] = spot{seq, ts}
}

// Open takes a payload of RFC 2198 apart. It gives the copies of packets that have not come, oldest first, and
// behind them the newest payload. What it gives is valid until the next call.
func (r *Receiver) Open(seq uint16, ts uint32, payload []byte) ([]Packet, error) {
	blocks, err := Parse(r.blocks[:0], payload)
	if err != nil {
		return nil, err
	}
	if len(blocks) > maxBlocks {
		return nil, ErrShort
	}
	r.Note(seq, ts)
	out := r.out[:0]
	for _, b := range blocks[:len(blocks)-1] {
		if at, ok := r.place(ts - b.Offset); ok && len(b.Data) > 0 {
			out = append(out, Packet{at.seq, at.ts, b.PT, b.Data, true})
			r.Note(at.seq, at.ts)
		}
	}
	newest := blocks[len(blocks)-1]
	return append(out, Packet{seq, ts, newest.PT, newest.Data, false}), nil
}

// place finds the sequence number of a missing packet by its timestamp, between the nearest that have come.
func (r *Receiver) place(ts uint32) (at spot, ok bool) {
	var before, after spot
	var hasBefore, hasAfter bool
	for _, s := range r.have[:r.n] {
		switch d := int32(s.ts - ts); {
		case d == 0:
			return at, false
		case d < 0 && (!hasBefore || int32(s.ts-before.ts) > 0):
			before, hasBefore = s, true
		case d > 0 && (!hasAfter || int32(s.ts-after.ts) < 0):
			after, hasAfter = s, true
		}
	}
	packets, ticks := uint32(after.seq-before.seq), after.ts-before.ts
	if !hasBefore || !hasAfter || packets < 2 || packets > 1<<15 || ticks%packets != 0 {
		return at, false
	}
	step := ticks / packets
	n := ts - before.ts
	if step == 0 || n%step != 0 {
		return at, false
	}
	return spot{before.seq + uint16(n/step), ts}, true
}
