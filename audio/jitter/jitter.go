// Package jitter owns the receiving side of one voice stream: it puts packets in order, decides how
// long to wait for them, decodes them, conceals the missing ones, and follows the sender's clock.
//
//	Put -> queue (by sequence number) -> decoder -> line of samples -> time scaling -> Get
//	  \-> delay: how late packets are -> delay aimed at --------------^
//
// Time is counted in samples at 48 kHz, and its clock is Get: the sound card asks every 10 ms. Being
// late means coming after the Get that needed the packet, so the unevenness of the card's own calls
// and the drift between its clock and the sender's are measured with that of the network.
package jitter

import (
	"sync"
	"time"

	"opendeskphone/audio"
	"opendeskphone/audio/codec"
)

// Kind is what a packet carries.
type Kind uint8

const (
	Speech Kind = iota // a payload of the stream's codec
	Noise              // RFC 3389 comfort noise
	Other              // something that takes a sequence number and has no sound, e.g. an RFC 4733 event
)

// Packet is what the buffer needs to know of an RTP packet.
type Packet struct {
	Seq     uint16
	TS      uint32 // RTP timestamp in units of the codec's clock
	Marker  bool   // first packet of a talk spurt (RFC 3551 §4.1)
	Copy    bool   // sent again with a later packet (RFC 2198): as late as its sender means it to be
	Kind    Kind
	Payload []byte    // copied by Put; above 8 KiB it is rejected
	Arrival time.Time // only for the jitter of RFC 3550
}

// Config bounds a Buffer. The zero value of each field means its default.
type Config struct {
	Clock int           // RTP clock in Hz, default 8000, held to 8000..192000
	Min   time.Duration // least buffering delay above the fastest packets, default 0
	Max   time.Duration // largest, default 400 ms, at most 1 s
}

// Stats counts since New.
type Stats struct {
	Received  uint64 // packets taken in, without duplicates and late ones
	Lost      uint64 // packets missing in the numbering
	Late      uint64 // packets that came after their time to be played
	Duplicate uint64
	Rejected  uint64 // payloads that could not be decoded, or were out of all bounds
	Frames    uint64 // frames played
	Concealed uint64 // frames made up for want of a packet; half a frame is rounded up
	Gaps      uint64 // runs of frames made up
	Recovered uint64 // frames won from redundancy
	Stretched uint64 // samples inserted by time scaling
	Shrunk    uint64 // samples removed by time scaling, and left out where packets were lost
	Resyncs   uint64 // times the stream jumped and was taken up anew

	Delay  time.Duration // present buffering delay above the fastest packets
	Target time.Duration // delay aimed at
	Jitter time.Duration // interarrival jitter of RFC 3550 §6.4.1
}

// Buffer receives one stream. Put and Get may be called by two goroutines at a time; the lock they
// share is held for no longer than the copy of a packet.
type Buffer struct {
	mu       sync.Mutex
	queue    queue
	delay    delay
	clock    int64
	min, max int64 // samples
	now      int64 // time of the next Get
	play     int64 // media time of the sample that the next Get plays first
	jitter   interarrival
	stats    Stats
	made     int64         // samples made up for want of a packet
	won      int64         // samples won from redundancy
	fresh    codec.Decoder // taken up by the next Get

	player player // Get's own
}

// New makes a buffer that plays through dec.
func New(cfg Config, dec codec.Decoder) *Buffer {
	b := &Buffer{min: samplesOf(cfg.Min), max: samplesOf(min(cfg.Max, time.Second))}
	if cfg.Max <= 0 {
		b.max = samplesOf(400 * time.Millisecond)
	}
	b.setClock(cfg.Clock)
	b.player.init(dec)
	return b
}

func (b *Buffer) setClock(clock int) {
	if clock == 0 {
		clock = 8000
	}
	b.clock = int64(min(max(clock, 8000), 192000))
}

func samplesOf(d time.Duration) int64 { return max(0, int64(d)*audio.Rate/int64(time.Second)) }
func durationOf(samples int64) time.Duration {
	return time.Duration(samples) * time.Second / audio.Rate
}

// Put takes in a packet, and tells if it is too late to be played.
func (b *Buffer) Put(p Packet) (late bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(p.Payload) > maxPayload {
		b.stats.Rejected++
		return false
	}
	at, ok := b.place(p)
	q := &b.queue
	switch {
	case !ok:
		b.stats.Rejected++
		return false
	case q.seen(at.seq):
		b.stats.Duplicate++
		return false
	}
	if p.Kind != Other {
		b.jitter.take(p.Arrival, at.media)
		b.learn(at, p.Copy)
		if b.tooLate(at) {
			switch {
			case at.seq == q.high+1 && b.stoodStill(at):
				at = b.follow(p, 1)
				b.delay.start(b.now - at.media)
			case q.tardy <= patience*int(max(1, audio.FrameLen/q.span)) || at.seq < q.next:
				q.count(at, p)
				q.tardyBy = b.now - at.media
				b.stats.Late++
				return true
			default:
				b.confess(false)
				b.stats.Resyncs++
				q.resume(at)
			}
		}
	}
	q.count(at, p)
	q.put(at, p)
	b.stats.Received++
	return false
}

// place finds the packet's place in the stream. Where its numbers jump the stream goes on with it; at a
// jump of the sequence number the packet after it must have jumped, too.
func (b *Buffer) place(p Packet) (at spot, ok bool) {
	q := &b.queue
	at = q.place(p, b.clock)
	switch {
	case !q.started:
		at = b.begin(p)
	case at.seq == q.high+1 && p.Kind != Other && b.jumped(p, at):
		at = b.follow(p, 1)
	case !b.fits(at):
		if !q.restarts(p) {
			return at, false
		}
		if at = b.follow(p, 2); !b.fits(at) {
			b.resync()
			at = b.begin(p)
		}
	}
	q.strange = 0
	return at, true
}

// jumped tells whether the timestamp of the packet after the newest jumped: it would have been sent
// before that, or after a pause in which it overtook all others, or it begins a talk spurt but its time
// is over.
func (b *Buffer) jumped(p Packet, at spot) bool {
	q := &b.queue
	pause := at.media - q.ts*audio.Rate/b.clock - q.span
	return at.ts < q.ts || pause > 0 && b.now-at.media < b.delay.least-early || p.Marker && b.expired(at)
}

// follow makes p the n-th packet after the newest. It goes on where that ended, or if it is too late for
// it, comes as late as usual.
func (b *Buffer) follow(p Packet, n int64) spot {
	q := &b.queue
	b.stats.Resyncs++
	q.tardy = 0
	q.follow(p, n, q.ts+n*q.span*b.clock/audio.Rate)
	at := q.place(p, b.clock)
	if b.expired(at) {
		q.holes = 0 // a pause
		q.follow(p, n, (b.now-b.delay.usual)*b.clock/audio.Rate)
		at = q.place(p, b.clock)
	}
	return at
}

// fits tells whether a packet can belong to the stream as it has been so far.
func (b *Buffer) fits(at spot) bool {
	ahead := at.media - b.play
	return at.near && ahead > -farLate && ahead < farEarly+b.max
}

// begin makes p the first packet of the stream. It is played as late as the delay aimed at says, so
// that those behind it may take longer.
func (b *Buffer) begin(p Packet) spot {
	at := b.queue.start(p, b.clock)
	b.delay.start(b.now - at.media)
	b.play = b.now - b.target()
	b.queue.cursor = b.play
	return at
}

// learn counts how late the packet is. If it came far earlier than the fastest, the sound card has stood
// still or the path has become shorter, and what was learned holds no more.
func (b *Buffer) learn(at spot, again bool) {
	late := b.now - at.media
	if late < b.delay.least-early {
		b.delay.start(late)
		return
	}
	b.delay.take(b.now, late, b.queue.span, at.seq >= b.queue.high, again)
}

// expired tells whether the packet's time is over.
func (b *Buffer) expired(at spot) bool {
	return at.seq < b.queue.next || at.media+b.queue.span <= b.queue.cursor
}

// tooLate tells whether the packet's time is over, and counts. When several in a row come too late, the
// sender's clock has stood still or the path has become longer for good, and the stream is taken up anew.
func (b *Buffer) tooLate(at spot) bool {
	if !b.expired(at) {
		b.queue.tardy = 0
		return false
	}
	b.queue.tardy++
	return true
}

// stoodStill tells whether a second packet too late shows that the sender's clock stood still in a
// pause: it is as late as the first. After a fault of the network those held up would come at once.
func (b *Buffer) stoodStill(at spot) bool {
	q := &b.queue
	apart := b.now - at.media - q.tardyBy
	return q.tardy == 2 && q.holes > quiet*audio.FrameLen && max(apart, -apart) < q.span
}

// resync drops the stream's past; the next packet is its first.
func (b *Buffer) resync() {
	b.stats.Resyncs++
	b.queue.forget()
	b.jitter.restart()
}

// Reset forgets the stream but not the statistics: its source has changed (a new SSRC, a new codec).
// A clock of 0 and a nil dec keep what there is.
func (b *Buffer) Reset(clock int, dec codec.Decoder) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if clock != 0 {
		b.setClock(clock)
	}
	if dec != nil {
		b.fresh = dec
	}
	if b.queue.holes <= quiet*audio.FrameLen {
		b.confess(false)
	}
	b.resync()
}

// target is the delay aimed at, between the time of a packet and that of its play, on the buffer's clock.
func (b *Buffer) target() int64 {
	least, want := b.delay.least, b.delay.calm
	if b.queue.copies > 0 || b.queue.losses > often {
		want += b.queue.span // the packet behind a lost one must have come when the lost one is needed
	}
	return min(max(want, least+b.min), least+b.max)
}

// Stats gives the counters.
func (b *Buffer) Stats() Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.stats
	s.Lost = b.queue.missing()
	s.Concealed, s.Recovered = framesOf(b.made), framesOf(b.won)
	s.Jitter = b.jitter.value()
	if b.queue.started {
		s.Delay = max(0, durationOf(b.now-b.play-b.delay.least))
		s.Target = durationOf(b.target() - b.delay.least)
	}
	return s
}

// framesOf is so many samples in frames; half a one is rounded up.
func framesOf(samples int64) uint64 { return uint64(samples+audio.FrameLen/2) / audio.FrameLen }

// Position is the time within the stream, in samples at 48 kHz, of the sample that the next Get plays first: that whose
// RTP timestamp is Position*clock/48000, unless the timestamps have jumped. It means something once a packet has come.
func (b *Buffer) Position() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.play
}

// interarrival is the jitter of RFC 3550 §6.4.1 and appendix A.8.
type interarrival struct {
	arrival time.Time
	media   int64
	j       float64 // seconds
}

func (j *interarrival) take(arrival time.Time, media int64) {
	if !j.arrival.IsZero() && !arrival.IsZero() {
		d := arrival.Sub(j.arrival).Seconds() - float64(media-j.media)/audio.Rate
		if d < 0 {
			d = -d
		}
		j.j += (min(d, 10) - j.j) / 16
	}
	j.arrival, j.media = arrival, media
}

func (j *interarrival) restart()             { j.arrival = time.Time{} }
func (j *interarrival) value() time.Duration { return time.Duration(j.j * float64(time.Second)) }
