package jitter

import (
	"opendeskphone/audio"
	"opendeskphone/audio/codec"
)

const (
	slack  = audio.FrameLen / 2 // delay above the target that is left alone
	cut    = audio.Rate / 4     // delay above the target that is cut off at once
	lookup = window + longest   // samples that shrinking looks at
	grace  = 480                // delay above the target up to which a late packet is waited for
	settle = 100                // frames after that in which the delay is not made shorter
	useful = 500                // packets for which redundancy found once is waited for
	worth  = 30                 // packets for which a gap bridged speaks for waiting for the packet behind the next...
	often  = 120                // ...once so many are together: at more than one loss in thirty packets
	quiet  = 30                 // frames in a row without a packet after which a stream has paused
)

// action is what the line of samples gets next.
type action uint8

const (
	nothing action = iota
	made           // a frame in place of one that is missing
	speech         // the packet in work
	noise          // the noise described in work
	copied         // the packet before the one in work, out of its redundancy
	skipped        // nothing: time was left out to make up for delay
)

// step is what the queue decided.
type step struct {
	action action
	epoch  int   // of the stream: what was begun in one epoch does not count in the next
	media  int64 // of the packet in work
	drop   int64 // samples at the packet's start whose time is over
	frames int   // frames to recover
}

// Get gives the next 10 ms. It never waits for the network and never allocates.
func (b *Buffer) Get(f *audio.Frame) {
	p := &b.player
	b.renew()
	for p.left() < audio.FrameLen {
		b.extend(true)
	}
	excess := b.excess()
	if excess > slack {
		for p.left() < lookup && b.extend(false) {
		}
	}
	b.finish(p.play(f, excess))
}

// renew takes up the decoder that Reset brought.
func (b *Buffer) renew() {
	b.mu.Lock()
	dec := b.fresh
	b.fresh = nil
	b.mu.Unlock()
	if dec != nil {
		b.player.change(dec)
	}
}

// excess is how much more delay there is than aimed at.
func (b *Buffer) excess() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	q := &b.queue
	if !q.started {
		return 0
	}
	surplus := b.surplus()
	if q.calm > 0 {
		q.calm--
		surplus = min(surplus, slack)
	}
	return surplus
}

func (b *Buffer) surplus() int64 {
	return b.now - (b.queue.cursor - b.player.left()) - b.target()
}

// finish moves the clock on by a frame.
func (b *Buffer) finish(shrunk int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now += audio.FrameLen
	b.play = b.queue.cursor - b.player.left()
	b.stats.Frames++
	if shrunk > 0 {
		b.stats.Shrunk += uint64(shrunk)
	} else {
		b.stats.Stretched += uint64(-shrunk)
	}
}

// extend makes the line of samples longer by a packet or a frame. If it need not, it takes only
// packets that are there, and tells whether it did.
func (b *Buffer) extend(must bool) bool {
	p := &b.player
	s := b.decide(must)
	if s.epoch != p.epoch {
		p.epoch, p.torn = s.epoch, true
	}
	switch s.action {
	case nothing:
		return false
	case skipped:
		p.torn = true
	case made:
		p.makeUp()
	case noise:
		if p.noise.Set(p.work) == nil && !p.hushed {
			p.hushed, p.fading = true, true
		}
	case speech:
		n, err := p.decode(int(s.drop / audio.FrameLen))
		b.account(s, n, err)
	case copied:
		n := p.dec.Recover(p.frames[:s.frames], p.work)
		b.recovered(s, n)
		if bridger, ok := p.dec.(codec.Bridger); ok && n == 0 {
			n = bridger.Bridge(p.frames[:s.frames], p.work)
			b.bridged(s, n)
		}
		for i := range n {
			p.add(&p.frames[i])
		}
	}
	return true
}

// account enters a decoded packet.
func (b *Buffer) account(s step, n int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.stats.Rejected++
	}
	if s.epoch == b.queue.epoch && n > 0 {
		b.queue.span = int64(n) * audio.FrameLen
		b.queue.cursor = s.media + b.queue.span
	}
}

// recovered enters the frames won from redundancy; if there were none, they are not asked for again.
func (b *Buffer) recovered(s step, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stats.Recovered += uint64(n)
	if n > 0 {
		b.queue.copies = useful
	}
	if s.epoch == b.queue.epoch {
		b.queue.cursor += int64(n) * audio.FrameLen
		b.queue.bare = n == 0
	}
}

// bridged enters the frames made up between what was heard and the packet in work.
func (b *Buffer) bridged(s step, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	q := &b.queue
	if n > 0 && s.epoch == q.epoch {
		q.cursor += int64(n) * audio.FrameLen
		q.holes += n
		b.confess(true)
		q.losses = min(q.losses+worth, useful)
	}
}

// decide looks at the queue and says what comes next. A packet to be decoded is copied to work.
func (b *Buffer) decide(must bool) step {
	b.mu.Lock()
	defer b.mu.Unlock()
	q := &b.queue
	s := step{epoch: q.epoch}
	next := q.ahead()
	switch {
	case !q.started:
		s.action = made
	case next == nil:
		s.action = made
		if must {
			b.underrun()
		}
	case next.media <= q.cursor:
		return b.take(next, s)
	case next.seq == q.next:
		s.action = made
		if must {
			s.action = b.paused(next.media)
		}
	default:
		return b.gap(next, s, must)
	}
	if !must {
		s.action = nothing
	}
	return s
}

// underrun passes a frame for which nothing has come. Unless the delay is above what is aimed at
// already, time stands still: the packet may yet come, and the delay grows as it should. For a while
// it is not made shorter then, so that the packets to come can show whether they need it.
func (b *Buffer) underrun() {
	q := &b.queue
	q.holes++
	if q.holes > quiet || b.surplus() >= grace {
		q.cursor += audio.FrameLen
		return
	}
	q.calm = settle
}

// paused passes a frame of a pause that the sender makes: the numbering has no gap and the time has
// one. Pauses are made longer or shorter at will, for nobody hears it.
func (b *Buffer) paused(until int64) action {
	q := &b.queue
	q.holes = 0
	if b.surplus() < 0 {
		return made
	}
	for b.surplus() > slack && q.cursor+audio.FrameLen < until {
		q.cursor += audio.FrameLen
	}
	q.cursor = min(q.cursor+audio.FrameLen, until)
	return made
}

// gap passes a frame of lost packets, of which next may have a copy.
func (b *Buffer) gap(next *slot, s step, must bool) step {
	q := &b.queue
	missing := next.media - q.cursor
	if !must {
		s.action = nothing
		return s
	}
	if missing <= q.span && !q.bare && missing >= audio.FrameLen && next.kind == Speech {
		s.action, s.frames = copied, int(missing/audio.FrameLen)
		b.player.work = append(b.player.work[:0], next.payload...)
		return s
	}
	q.holes++
	b.confess(true)
	if b.surplus() >= 0 {
		q.cursor += min(audio.FrameLen, missing)
	}
	s.action = made
	return s
}

// confess counts the frames made up in place of packets, once it is known that the sender did not
// pause. The run of them ends with a packet.
func (b *Buffer) confess(goesOn bool) {
	q := &b.queue
	b.stats.Concealed += uint64(q.holes)
	if q.holes > 0 && !q.gap {
		b.stats.Gaps++
	}
	q.gap = goesOn
	q.holes = 0
}

// take hands next over for decoding.
func (b *Buffer) take(next *slot, s step) step {
	q := &b.queue
	b.confess(false)
	q.bare = false
	q.next, next.full = next.seq+1, false
	q.copies, q.losses = max(0, q.copies-1), max(0, q.losses-1)
	s.media, s.drop = next.media, q.cursor-next.media
	b.player.work = append(b.player.work[:0], next.payload...)
	switch {
	case next.kind == Noise:
		s.action = noise
	case b.surplus() > cut:
		s.action = skipped
		q.cursor = max(q.cursor, next.media+q.span)
	default:
		s.action = speech
	}
	return s
}
