package device

import (
	"slices"
	"sync"
	"time"

	"opendeskphone/audio/engine"
	"opendeskphone/audio/tone"
	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
)

// sounder makes the engine sound as the centre says. Set never blocks: everything the engine is told
// is an atomic of its own.
type sounder struct {
	engine *engine.Engine
	voices *voices
	pc     engine.Party // what the PC plays and hears
	tape   engine.Tap   // records calls
	mixer  hal.Mixer

	mu   sync.Mutex
	last phone.Sound
	told bool // the far side hears a tone while it is recorded
	plan tone.Plan
	ring tone.Tone
}

// configure chooses the tones of the country and the ring.
func (s *sounder) configure(country, ring string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plan, s.ring = tone.PlanOf(country), tone.Ring(ring)
}

// Set makes it sound so.
func (s *sounder) Set(now phone.Sound) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.last
	s.last = now
	path := engine.Path(now.Path) // both count handset, headset, speaker
	s.engine.SetVolume(path, int(now.Volume))
	s.engine.SetPath(path)
	s.engine.SetRingVolume(int(now.RingVolume))
	s.engine.SetMuted(now.Muted)
	if now.Path != last.Path && s.mixer != nil {
		_ = s.mixer.SetPath(now.Path.String()) // a mixer that fails leaves the sound on the other path: nothing better is to be had
	}
	s.connect()
	if now.Recorded != last.Recorded {
		s.record()
	}
	if now.Tone != last.Tone {
		s.playTone(now.Tone)
	}
	if now.Ring != last.Ring {
		if now.Ring {
			s.engine.StartRing(s.ring)
		} else {
			s.engine.StopRing()
		}
	}
}

// announce chooses whether the far side hears that it is recorded.
func (s *sounder) announce(told bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.told != told {
		s.told = told
		s.record()
	}
}

// record connects the recorder, or not; the caller holds mu.
func (s *sounder) record() {
	if s.last.Recorded {
		s.engine.SetTap(s.tape, s.told)
	} else {
		s.engine.SetTap(nil, false)
	}
}

// connect gives the engine the voices of the calls that are to be heard; the caller holds mu.
func (s *sounder) connect() {
	var parties []engine.Party
	for _, call := range s.last.Voices {
		if p := s.voices.party(call); p != nil {
			parties = append(parties, p)
		}
	}
	if s.last.PC {
		parties = append(parties, s.pc)
	}
	s.engine.SetParties(parties)
}

// bound is told that a call has got its voice. A call that takes the place of another is to be heard
// before lines have given it one.
func (s *sounder) bound() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connect()
}

const keyTime = 120 * time.Millisecond // how long a key of the far side is heard

// key makes a key that the far side of the connected call pressed heard: it came as an event, and
// without this the ear would notice nothing (RFC 4733 §2.1).
func (s *sounder) key(call phone.CallID, key rune) {
	go func() { // media must not wait for whoever changes the sound now
		s.mu.Lock()
		defer s.mu.Unlock()
		if call == 0 || !slices.Contains(s.last.Voices[:], call) || s.last.Tone != phone.NoTone {
			return
		}
		s.engine.StartTone(tone.DTMF(key))
		time.AfterFunc(keyTime, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.last.Tone == phone.NoTone {
				s.engine.StopTone()
			}
		})
	}()
}

func (s *sounder) playTone(t phone.Tone) {
	switch t {
	case phone.DialTone:
		s.engine.StartTone(s.plan.Dial)
	case phone.RingbackTone:
		s.engine.StartTone(s.plan.Ringback)
	case phone.BusyTone:
		s.engine.StartTone(s.plan.Busy)
	case phone.CongestionTone:
		s.engine.StartTone(s.plan.Congestion)
	case phone.WaitingTone:
		s.engine.StartTone(s.plan.CallWaiting)
	default:
		s.engine.StopTone()
	}
}
