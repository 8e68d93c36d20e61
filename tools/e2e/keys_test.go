package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	"opendeskphone/hal"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
)

// TestKeys works the phone's other keys in calls with baresip: handset, Mute, digits, a second call.
func TestKeys(t *testing.T) {
	s := newScene(t)
	s.start(t, desk.Setup{Settings: mainSettings("")})
	s.atRegistrar(t, phoneUser, 1, 30*time.Second)
	s.shows(t, "home-fresh", masks.clock, masks.day)
	p := s.enter(t, cast{make: "baresip", user: "201", host: 11, codecs: []string{"PCMA"}}).(*lab.Baresip)
	t.Run("handset", func(t *testing.T) { s.handset(t, p) })
	t.Run("mute", func(t *testing.T) { s.mute(t, p) })
	t.Run("digits", func(t *testing.T) { s.digits(t, p) })
	t.Run("held there", func(t *testing.T) { s.heldThere(t, p) })
	t.Run("two calls", func(t *testing.T) { s.twoCalls(t, p) })
}

// handset: the lifted handset answers, and speech is heard in it; laid down it ends the call.
func (s *scene) handset(t *testing.T, p *lab.Baresip) {
	defer s.backHome(t)
	mark := p.Mark()
	must(t, p.Dial(soon(t), "sip:"+phoneUser+"@"+domain))
	s.shows(t, "ringing-201", masks.time, masks.rings, masks.past)
	s.lit(t, hal.LampRing)
	must(t, s.phone.Hook(soon(t), true))
	must(t, p.WaitTalking(soon(t), mark))
	s.shows(t, "handset", masks.time, masks.timer, masks.trace, masks.foot)
	s.talk(t, p, callRow{peer: cast{make: "baresip"}, want: want{correlation: 0.85}}, 3*time.Second)
	must(t, s.phone.Hook(soon(t), false))
	must(t, p.WaitEnded(soon(t), mark))
}

// call has the phone call the peer and be answered, which the phone's user sees a little after the peer.
func (s *scene) call(t *testing.T, p *lab.Baresip, number string) (mark int) {
	t.Helper()
	mark = p.Mark()
	s.dial(t, number)
	must(t, p.WaitRinging(soon(t), mark))
	must(t, p.Answer(soon(t)))
	must(t, p.WaitTalking(soon(t), mark))
	s.shows(t, "talking-"+number, masks.time, masks.timer, masks.trace, masks.foot)
	return mark
}

// mute: the screen and the lamp say so, the peer hears nothing, and speech again afterwards.
func (s *scene) mute(t *testing.T, p *lab.Baresip) {
	defer s.backHome(t)
	mark := s.call(t, p, "201")
	s.press(t, hal.Mute)
	s.shows(t, "muted", masks.time, masks.timer, masks.trace)
	s.lit(t, hal.LampMute)
	tape := s.tape(t, p.Recording())
	defer tape.Close()
	began := tape.Length()
	_, err := s.phone.Say(soon(t), ourVoice(t).Cut(0, 4*time.Second))
	must(t, err)
	settle(t, 3*time.Second)
	heard, err := tape.Cut(began, tape.Length()) // nothing at all, where the phone sends no silence
	must(t, err)
	if level := heard.RMS(); level > -60 {
		t.Errorf("muted, and the peer hears %.0f dB", level)
	}
	settle(t, time.Second) // what was said into the muted microphone is over
	s.press(t, hal.Mute)
	s.talk(t, p, callRow{peer: cast{make: "baresip"}, want: want{correlation: 0.85}}, 3*time.Second)
	must(t, p.Hangup(soon(t)))
	must(t, p.WaitEnded(soon(t), mark))
}

// digits: keys pressed in a call arrive at the peer as telephone events, in order and once each.
func (s *scene) digits(t *testing.T, p *lab.Baresip) {
	defer s.backHome(t)
	mark := s.call(t, p, "201")
	s.press(t, hal.Digit4, hal.Digit7, hal.Star, hal.Digit1, hal.Pound)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	const want = "47*1#"
	var got string
	err := lab.Poll(ctx, "digits at the peer", func() (bool, error) {
		var b strings.Builder
		for _, e := range p.Since(mark) {
			if e.Type == "CALL_DTMF_START" {
				b.WriteString(e.Param)
			}
		}
		got = b.String()
		return len(got) >= len(want), nil
	})
	if err != nil || got != want {
		t.Errorf("the peer got %q, want %q (%v)", got, want, err)
	}
	must(t, p.Hangup(soon(t)))
	must(t, p.WaitEnded(soon(t), mark))
}

// heldThere: the peer puts the phone on hold and takes it back.
func (s *scene) heldThere(t *testing.T, p *lab.Baresip) {
	defer s.backHome(t)
	mark := s.call(t, p, "201")
	must(t, p.Hold(soon(t)))
	s.shows(t, "held-there", masks.time, masks.timer, masks.trace, masks.foot)
	must(t, p.Resume(soon(t)))
	s.shows(t, "talking-201", masks.time, masks.timer, masks.trace, masks.foot)
	must(t, p.Hangup(soon(t)))
	must(t, p.WaitEnded(soon(t), mark))
}

// twoCalls: a second call rings in the first; Answer holds the first, Swap changes them over.
func (s *scene) twoCalls(t *testing.T, p *lab.Baresip) {
	q := s.enter(t, cast{make: "baresip", user: "203", host: 13, codecs: []string{"PCMA"}})
	defer s.backHome(t)
	first := s.call(t, p, "201")
	second := q.Mark()
	must(t, q.Dial(soon(t), "sip:"+phoneUser+"@"+domain))
	s.shows(t, "second-rings", append(waiting, masks.time)...)
	settle(t, guard)
	s.press(t, hal.Soft1)
	must(t, q.WaitTalking(soon(t), second))
	s.shows(t, "two-calls", append(pair, masks.time)...)
	s.press(t, hal.Soft1)
	s.shows(t, "two-calls-swapped", append(pair, masks.time)...)
	s.press(t, hal.Soft5) // the talking one
	must(t, p.WaitEnded(soon(t), first))
	must(t, q.Hangup(soon(t)))
	must(t, q.WaitEnded(soon(t), second))
}

// lit waits until a lamp is on; one that blinks is on in its time.
func (s *scene) lit(t *testing.T, lamp hal.Lamp) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	must(t, lab.PollEvery(ctx, 20*time.Millisecond, "lamp "+lamp.String()+" lit", func() (bool, error) {
		lamps, err := s.phone.Lamps(ctx)
		return lamps[lamp], err
	}))
}
