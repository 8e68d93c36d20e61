package tone

import (
	"math"
	"sync/atomic"

	"opendeskphone/audio"
)

const voices = 24 // sounds at a time; a new one takes the place of the oldest

// Player plays one tone at a time and is added to what is heard. Start and Stop may come from any
// goroutine; Process belongs to the audio goroutine. The zero value is ready.
type Player struct {
	order   atomic.Pointer[Tone] // what was asked for last
	playing atomic.Bool

	now   *Tone // what is being played, order as Process saw it last
	next  int   // note of the score that starts next
	clock int64 // samples since the start of the period
	age   int64 // samples since the start of the tone
	pool  [voices]voice
	turn  int
}

// Start plays t from its beginning; what played before fades out within 5 ms.
func (p *Player) Start(t Tone) {
	p.playing.Store(len(t.notes) > 0)
	p.order.Store(&t)
}

// Stop fades out within 5 ms.
func (p *Player) Stop() { p.Start(Tone{}) }

// Playing tells whether a tone is going on, the pauses of its cadence included.
func (p *Player) Playing() bool { return p.playing.Load() }

// Process adds 10 ms of the tone to f. It does not allocate.
func (p *Player) Process(f *audio.Frame) {
	if t := p.order.Load(); t != p.now {
		p.now, p.next, p.clock, p.age = t, 0, 0, 0
		for i := range p.pool {
			p.pool[i].release()
		}
	}
	if p.now != nil {
		p.read()
	}
	sounding := false
	for i := range p.pool {
		if p.pool[i].on {
			p.pool[i].add(f)
			sounding = sounding || p.pool[i].on
		}
	}
	if p.now == nil {
		return
	}
	p.clock += audio.FrameLen
	p.age += audio.FrameLen
	if t := p.now; t.period == 0 && p.next == len(t.notes) && !sounding && p.order.Load() == t {
		p.playing.Store(false)
	}
}

// read starts the notes that fall into this frame.
func (p *Player) read() {
	t := p.now
	for len(t.notes) > 0 {
		if p.next == len(t.notes) {
			period := samples(t.period)
			if period <= 0 || p.clock+audio.FrameLen <= period {
				return
			}
			p.clock -= period
			p.next = 0
		}
		n := &t.notes[p.next]
		offset := samples(n.at) - p.clock
		if offset >= audio.FrameLen {
			return
		}
		p.pool[p.turn].start(n, int(max(offset, 0)), t.loudness(p.age))
		p.turn = (p.turn + 1) % voices
		p.next++
	}
}

// loudness is the gain of a note that starts age samples into the tone.
func (t *Tone) loudness(age int64) float64 {
	if t.swell == 0 {
		return 1
	}
	return 0.5 + 0.5*min(1, float64(age)/audio.Rate/t.swell)
}

func samples(seconds float64) int64 { return int64(math.Round(seconds * audio.Rate)) }
