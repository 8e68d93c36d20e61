package jitter

import "opendeskphone/audio"

const (
	slots      = 512  // packets held at most: more than a second of the shortest
	maxPayload = 8192 // bytes; 120 ms of L16 at 16 kHz need 3840
	farSeq     = 1000 // a sequence number so far from the last is another stream (cf. RFC 3550 A.1, MAX_DROPOUT)
	farLate    = 2 * audio.Rate
	farEarly   = 1 * audio.Rate
	early      = audio.Rate / 10 // a packet so much faster than the fastest is no chance
	patience   = 8               // late packets in a row until the buffer gives way; of those shorter than a frame, frames
)

// queue holds packets by sequence number. Sequence numbers and media times are unwrapped to 64 bits.
type queue struct {
	started bool
	high    int64  // highest sequence number seen
	ts      int64  // its timestamp, in units of the clock
	rawSeq  uint16 // its numbers as they were sent: they may jump
	rawTS   uint32
	first   int64 // sequence number at the start
	got     int64 // different packets that came since the start
	lost    int64 // packets missing before the last restart
	past    [slots / 64]uint64

	next    int64 // sequence number wanted next
	cursor  int64 // media time wanted next, in samples
	span    int64 // length of the last packet, in samples
	tardy   int   // late packets in a row
	tardyBy int64 // lateness of the last of them
	holes   int64 // samples made up of which it is not known whether the sender paused
	waited  int64 // samples made up while time stood still, since the last packet
	copies  int   // packets for which redundancy is expected
	losses  int   // packets for which the one behind a lost one is waited for, to bridge the gap
	gap     bool  // the last frame was made up
	bare    bool  // the next packet has no copy of the one missing before it
	epoch   int   // counts the starts
	strange int   // packets in a row that do not fit the stream
	omen    uint16

	slot [slots]slot
}

type slot struct {
	full    bool
	seq     int64
	media   int64
	kind    Kind
	payload []byte
}

// spot is a packet's place in the stream.
type spot struct {
	seq, ts int64 // unwrapped
	media   int64 // ts in samples at 48 kHz
	near    bool  // seq is not far from the newest one
}

// place unwraps the packet's numbers relative to the newest one.
func (q *queue) place(p Packet, clock int64) spot {
	d := int64(int16(p.Seq - q.rawSeq))
	ts := q.ts + int64(int32(p.TS-q.rawTS))
	return spot{seq: q.high + d, ts: ts, media: ts * audio.Rate / clock, near: d > -farSeq && d < farSeq}
}

// restarts tells whether a packet that does not fit begins a new stream: it does when the one before
// it did not fit either and they are in sequence (RFC 3550 A.1), so a stray packet does no harm.
func (q *queue) restarts(p Packet) bool {
	again := q.strange > 0 && p.Seq == q.omen
	q.strange++
	q.omen = p.Seq + 1
	return again
}

// follow takes p for the n-th packet after the newest, sent at ts, whatever numbers it bears.
func (q *queue) follow(p Packet, n, ts int64) {
	q.rawSeq, q.rawTS = p.Seq-uint16(n), p.TS-uint32(ts-q.ts)
}

// start begins a stream with p.
func (q *queue) start(p Packet, clock int64) spot {
	q.high, q.ts, q.rawSeq, q.rawTS = int64(p.Seq), int64(p.TS), p.Seq, p.TS
	at := q.place(p, clock)
	q.started = true
	q.first, q.next, q.got = at.seq, at.seq, 0
	q.past = [slots / 64]uint64{}
	if q.span == 0 {
		q.span = 2 * audio.FrameLen
	}
	q.tardy, q.strange, q.holes, q.waited, q.bare = 0, 0, 0, 0, false
	q.epoch++
	return at
}

// resume goes on with the packet at, though its time is over.
func (q *queue) resume(at spot) {
	q.next, q.cursor = at.seq, at.media
	q.tardy, q.holes, q.waited, q.bare = 0, 0, 0, false
	q.epoch++
}

// forget empties the queue and keeps the counts.
func (q *queue) forget() {
	q.lost += q.gone()
	q.started = false
	for i := range q.slot {
		q.slot[i].full = false
	}
}

// gone is the number of packets missing since the start.
func (q *queue) gone() int64 {
	if !q.started {
		return 0
	}
	return max(0, q.high-q.first+1-q.got)
}

func (q *queue) missing() uint64 { return uint64(q.lost + q.gone()) }

// seen tells whether the packet came before; one too old to know counts as seen.
func (q *queue) seen(seq int64) bool {
	if seq > q.high || q.got == 0 {
		return false
	}
	if seq <= q.high-slots {
		return true
	}
	return q.past[seq/64&(slots/64-1)]>>(seq&63)&1 == 1
}

// count notes that the packet came.
func (q *queue) count(at spot, p Packet) {
	if at.seq > q.high {
		for s := max(q.high+1, at.seq-slots+1); s <= at.seq; s++ {
			q.past[s/64&(slots/64-1)] &^= 1 << (s & 63)
		}
		q.high, q.ts, q.rawSeq, q.rawTS = at.seq, at.ts, p.Seq, p.TS
	}
	q.first = min(q.first, at.seq)
	q.past[at.seq/64&(slots/64-1)] |= 1 << (at.seq & 63)
	q.got++
}

func (q *queue) put(at spot, p Packet) {
	s := &q.slot[at.seq&(slots-1)]
	s.full, s.seq, s.media, s.kind = true, at.seq, at.media, p.Kind
	s.payload = append(s.payload[:0], p.Payload...)
}

// at finds the slot of a sequence number, nil if the packet is not there.
func (q *queue) at(seq int64) *slot {
	if s := &q.slot[seq&(slots-1)]; s.full && s.seq == seq {
		return s
	}
	return nil
}

// end is the media time up to which there is sound without a gap, decoded or not; gap tells whether there is more behind it.
func (q *queue) end() (end int64, gap bool) {
	end = q.cursor
	seq := q.next
	for s := q.at(seq); s != nil; s = q.at(seq) {
		if s.kind == Speech {
			end = s.media + q.span
		}
		seq++
	}
	return end, seq <= q.high
}

// ahead finds the next packet with sound, and passes over those without on the way.
func (q *queue) ahead() *slot {
	for q.next <= q.high {
		s := q.at(q.next)
		if s == nil || s.kind != Other {
			break
		}
		s.full = false
		q.next++
	}
	for seq := max(q.next, q.high-slots+1); seq <= q.high; seq++ {
		if s := q.at(seq); s != nil && s.kind != Other {
			return s
		}
	}
	return nil
}
