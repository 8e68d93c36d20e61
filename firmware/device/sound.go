package device

import (
	"context"
	"log/slog"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"opendeskphone/audio/agc"
	"opendeskphone/audio/engine"
	"opendeskphone/audio/selftest"
	"opendeskphone/audio/send"
	"opendeskphone/audio/tone"
	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/settings"
	"opendeskphone/hal"
)

// sounder makes the engine sound as the centre says. Set never blocks: everything the engine is told
// is an atomic of its own.
type sounder struct {
	engine  *engine.Engine
	voices  *voices
	pc      engine.Party // what the PC plays and hears
	tape    engine.Tap   // records calls
	player  engine.Party // plays recordings back
	mixer   hal.Mixer
	log     *slog.Logger
	tested  func(phone.SoundVerdict)
	toPC    atomic.Bool // our voice goes to the PC
	cleaned bool        // what the board's microphone gives needs no cleaning

	mu     sync.Mutex
	last   phone.Sound
	made   phone.Sound // as far as the engine and the mixer know; last, but for a move to another path
	move   *time.Timer // that is being made; nil: none
	told   bool        // the far side hears a tone while it is recorded
	plan   tone.Plan
	ring   tone.Tone
	clean  func(engine.Path) engine.Cleaner
	probe  *selftest.Probe // of the test under way, which broken ends
	broken context.CancelFunc
}

// configure chooses the tones of the country, the ring, and what is done to our voice.
func (s *sounder) configure(c settings.Sound) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plan, s.ring = tone.PlanOf(c.Country), tone.Ring(c.RingTone)
	s.clean = nil
	if !s.cleaned || c.Capture != "" { // another card than the board's is not known to be clean
		s.clean = s.cleaner(c)
	}
	if s.probe == nil {
		s.engine.SetCleaner(s.clean)
	}
}

// cleaner makes what cleans our voice, by the settings.
func (s *sounder) cleaner(c settings.Sound) func(engine.Path) engine.Cleaner {
	return func(path engine.Path) engine.Cleaner {
		if s.toPC.Load() { // programs there have their own ways with noise and level, and music passes
			return send.NewVoice(send.Profile{})
		}
		return send.NewVoice(send.Profile{Noise: c.SuppressNoise, Level: c.LevelVoice, Lift: lift(path)})
	}
}

// lift is by how much a quiet voice is amplified on a path at the most, in dB.
func lift(path engine.Path) float64 {
	if path == engine.Speaker {
		return agc.Range // whoever is in the room
	}
	return send.Close
}

// Set makes it sound so. What the card has still to play was meant for the path it is on: a ring for the loudspeaker must
// not burst into the ear. So before another path everything is silent, and until the mixer has been switched.
func (s *sounder) Set(now phone.Sound) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = now
	s.engine.SetVolume(enginePath(now.Path), int(now.Volume))
	s.engine.SetRingVolume(int(now.RingVolume))
	s.engine.SetMuted(now.Muted)
	if s.mixer == nil || now.Path == s.made.Path {
		s.settle()
		return
	}
	s.engine.Hush(true)
	if !now.Ring {
		s.engine.StopRing()
		s.made.Ring = false
	}
	if now.Tone != s.made.Tone {
		s.engine.StopTone()
		s.made.Tone = phone.NoTone
	}
	var t *time.Timer
	t = time.AfterFunc(drain, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.move == t { // else another one has begun, or none is wanted any more
			s.settle()
		}
	})
	s.move = t
}

func enginePath(p phone.Path) engine.Path { return engine.Path(p) } // both count handset, headset, speaker

// drain is how long it takes until silence is heard: the frame that is being played, the one that fades and the limiter's
// millisecond behind it, and the card's own buffer, which is 10 ms long unless the board wants more.
const drain = 60 * time.Millisecond

// settle makes it sound as last says, at once; the caller holds mu.
func (s *sounder) settle() {
	before, now := s.made, s.last
	s.made, s.move = now, nil
	if now.Path != before.Path && s.mixer != nil {
		_ = s.mixer.SetPath(now.Path.String()) // a mixer that fails leaves the sound on the other path: nothing better is to be had
	}
	s.engine.SetPath(enginePath(now.Path))
	s.engine.Hush(false)
	if now.Test != before.Test {
		s.try(now.Test)
	}
	s.connect()
	if now.Recorded != before.Recorded {
		s.record()
	}
	if now.Tone != before.Tone {
		s.playTone(now.Tone)
	}
	switch {
	case now.Ring && !before.Ring:
		s.engine.StartRing(s.ring)
	case !now.Ring:
		s.engine.StopRing()
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
	if s.made.Recorded {
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
	s.toPC.Store(s.last.PC)
	if s.last.PC {
		parties = append(parties, s.pc)
	}
	if s.probe != nil {
		parties = append(parties, s.probe)
	}
	if s.last.Playing {
		parties = append(parties, s.player)
	}
	s.engine.SetParties(parties)
}

// try begins or ends the test of loudspeaker and microphone; the caller holds mu. The test is the far side of a call of
// its own, and hears the microphone as it is.
func (s *sounder) try(on bool) {
	if !on {
		s.probe = nil
		s.broken()
		s.engine.SetCleaner(s.clean)
		return
	}
	ctx, broken := context.WithCancel(context.Background())
	s.probe, s.broken = selftest.NewProbe(), broken
	s.engine.SetCleaner(nil)
	go func(p *selftest.Probe) {
		select {
		case <-p.Done():
			s.tested(s.verdict(p))
		case <-ctx.Done():
		}
	}(s.probe)
}

// verdict is what the probe found, in the phone's terms.
func (s *sounder) verdict(p *selftest.Probe) phone.SoundVerdict {
	if !s.engine.Stats().OnCard {
		return phone.SoundNoCard
	}
	r := p.Judge()
	s.log.Info("sound test", "verdict", r.Verdict, "noise_dbov", math.Round(r.Noise), "tone_dbov", math.Round(r.Tone))
	return [...]phone.SoundVerdict{
		selftest.Works: phone.SoundWorks, selftest.Dead: phone.MicDead, selftest.Clipped: phone.MicClips,
		selftest.TooNoisy: phone.RoomLoud, selftest.Silent: phone.SpeakerSilent,
	}[r.Verdict]
}

// bound is told that a call has got its voice. A call that takes the place of another is to be heard
// before lines have given it one.
func (s *sounder) bound() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connect()
}

// chime has everybody in the call hear that somebody has joined.
func (s *sounder) chime() { s.engine.Chime(tone.Joined()) }

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
