package jitter

import (
	"opendeskphone/audio"
	"opendeskphone/audio/codec"
)

const (
	slack  = audio.FrameLen / 20    // delay above what is aimed at that is left alone
	cut    = audio.Rate / 2         // delay above it that is cut off at once
	lookup = window + leap          // samples that shrinking looks at
	grace  = audio.Rate / 10        // delay above what is aimed at up to which a late packet is waited for
	ample  = audio.Rate * 70 / 1000 // sound in hand that is not stretched even if the next packet is late
	room   = 2 * audio.FrameLen     // between the usual delay and that aimed at, below which stretching cannot help
	useful = 500                    // packets for which redundancy found once is waited for
	worth  = 30                     // packets for which a gap bridged speaks for waiting for the packet behind the next...
	often  = 120                    // ...once so many are together: at more than one loss in thirty packets
	quiet  = 30                     // frames in a row without a packet after which a stream has paused
)

// action is what the line of samples gets next.
type action uint8

const (
	nothing action = iota
	again          // ask once more: time was passed
	made           // sound in place of what is missing
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
	n      int   // samples to recover or to make up
	spare  int   // samples made up and not yet heard, whose place the packet takes
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

// excess is how much more delay there is than wanted, below 0 how much less. What was made up is not
// stretched, for that would be to make up more.
func (b *Buffer) excess() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.queue.started || b.player.made > 0 {
		return 0
	}
	d, target, most := b.lag(), b.target(), b.delay.least+b.max
	switch {
	case d < most && b.overdue(target):
		return urgent
	case d < target:
		return d - target
	}
	return max(0, d-max(target, min(b.delay.peak, most)))
}

// overdue tells whether the next packet is later than usual and little is in hand: that must then last
// for longer (Liang, Färber and Girod, Adaptive playout scheduling and loss concealment for voice
// communication over IP networks, 2003). If those behind it have come, it is hoped for until its time.
func (b *Buffer) overdue(target int64) bool {
	end, gap := b.queue.end()
	late := b.now - end + audio.FrameLen // at the least
	return late > b.delay.usual && b.delay.calm-b.delay.usual >= room && b.delay.far-b.delay.calm >= room && end-b.playing() < ample &&
		(!gap || late <= target)
}

// playing is the media time at the play point.
func (b *Buffer) playing() int64 { return b.queue.cursor - b.player.left() }

// lag is the delay between the time of a packet and that of its play, on the buffer's clock.
func (b *Buffer) lag() int64 { return b.now - b.playing() }

// surplus is how much of it is more than aimed at.
func (b *Buffer) surplus() int64 { return b.lag() - b.target() }

// finish moves the clock on by a frame.
func (b *Buffer) finish(shrunk int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now += audio.FrameLen
	b.play = b.playing()
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
	case again:
	case skipped:
		p.torn = true
	case made:
		p.makeUp(s.n)
	case noise:
		if p.noise.Set(p.work) == nil && !p.hushed {
			p.hushed, p.fading = true, true
		}
	case speech:
		n, err := p.decode(int(s.drop/audio.FrameLen*audio.FrameLen), s.spare)
		b.account(s, n, err)
	case copied:
		n := p.dec.Recover(p.sound[:s.n], p.work)
		b.recovered(s, n)
		if bridger, ok := p.dec.(codec.Bridger); ok && n == 0 {
			n = bridger.Bridge(p.sound[:s.n], p.work)
			b.bridged(s, n)
		}
		p.add(p.sound[:n])
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
		b.queue.span = int64(n)
		b.queue.cursor = s.media + b.queue.span
	}
}

// recovered enters the samples won from redundancy; if there were none, they are not asked for again.
func (b *Buffer) recovered(s step, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.won += int64(n)
	if n > 0 {
		b.queue.copies = useful
	}
	if s.epoch == b.queue.epoch {
		b.queue.cursor += int64(n)
		b.queue.bare = n == 0
	}
}

// bridged enters the samples made up between what was heard and the packet in work.
func (b *Buffer) bridged(s step, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	q := &b.queue
	if n > 0 && s.epoch == q.epoch {
		q.cursor += int64(n)
		q.holes += int64(n)
		b.confess(true)
		q.losses = min(q.losses+worth, useful)
	}
}

// decide looks at the queue and says what comes next. A packet to be decoded is copied to work.
func (b *Buffer) decide(must bool) step {
	b.mu.Lock()
	defer b.mu.Unlock()
	q := &b.queue
	s := step{epoch: q.epoch, n: audio.FrameLen}
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

// underrun passes a frame for which nothing has come. Unless the delay is far above what is aimed at,
// time stands still: the packet may yet come, and the delay grows as it should. In comfort noise time
// goes on, for the sender has paused.
func (b *Buffer) underrun() {
	q := &b.queue
	if b.player.hushed {
		q.cursor += audio.FrameLen
		return
	}
	q.holes += audio.FrameLen
	if q.holes > quiet*audio.FrameLen || b.lag()+audio.FrameLen > min(b.target()+grace, b.delay.least+b.max) {
		q.cursor += audio.FrameLen
		return
	}
	q.waited += audio.FrameLen
}

// paused passes a frame of a pause that the sender makes: the numbering has no gap and the time has
// one. Pauses are made longer or shorter at will, for nobody hears it.
func (b *Buffer) paused(until int64) action {
	q := &b.queue
	q.holes, q.waited = 0, 0
	surplus := b.surplus()
	if surplus > 0 {
		q.cursor = min(q.cursor+surplus, until)
		return again
	}
	if surplus == 0 {
		q.cursor = min(q.cursor+audio.FrameLen, until)
	}
	return made
}

// gap passes lost packets, of which next may have a copy: as far as time stood still for them at once,
// then by what is missing, a frame at most. With delay to spare, as much time is left out as is made up.
func (b *Buffer) gap(next *slot, s step, must bool) step {
	q := &b.queue
	missing := next.media - q.cursor
	switch {
	case !must:
		s.action = nothing
	case missing <= q.span && !q.bare && missing >= codec.Quantum && next.kind == Speech:
		s.action, s.n = copied, int(missing-missing%codec.Quantum)
		b.player.work = append(b.player.work[:0], next.payload...)
	case q.waited > 0:
		s.action = again
		by := min(q.waited, missing)
		q.waited -= by
		q.cursor += by
	default:
		n := min(audio.FrameLen, missing+(codec.Quantum-missing%codec.Quantum)%codec.Quantum)
		s.action, s.n = made, int(n)
		q.holes += n
		b.confess(true)
		left := min(audio.FrameLen, max(0, b.surplus()), max(0, missing-n))
		b.stats.Shrunk += uint64(left)
		q.cursor += min(n+left, missing)
	}
	return s
}

// confess counts the frames made up in place of packets, once it is known that the sender did not
// pause. The run of them ends with a packet.
func (b *Buffer) confess(goesOn bool) {
	q := &b.queue
	b.made += q.holes
	if q.holes > 0 && !q.gap {
		b.stats.Gaps++
	}
	q.gap = goesOn
	q.holes = 0
}

// take hands next over for decoding. If time stood still for it, it takes the place of what was made up
// meanwhile and has not been heard.
func (b *Buffer) take(next *slot, s step) step {
	q := &b.queue
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
		if s.drop == 0 {
			s.spare = int(min(q.waited, int64(b.player.made)))
			q.holes -= int64(s.spare)
		}
	}
	b.confess(false)
	q.waited = 0
	return s
}
