package panel

import (
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
)

// blink is a lamp's rhythm; the zero blink is dark, steady has no dark time.
type blink struct{ on, off time.Duration }

// The rhythms, as the [lamp] table of the design tokens has them.
var (
	dark    = blink{}
	steady  = blink{on: time.Second}
	ringing = blink{250 * time.Millisecond, 250 * time.Millisecond}
	failed  = blink{time.Second, time.Second}
	missed  = blink{120 * time.Millisecond, 2880 * time.Millisecond}
	held    = blink{700 * time.Millisecond, 300 * time.Millisecond}
)

// lit tells whether a lamp of this rhythm is lit so long after the rhythms' common beginning, and
// how long it will stay so (0: until the rhythm changes).
func (b blink) lit(since time.Duration) (on bool, stays time.Duration) {
	if b.on == 0 || b.off == 0 {
		return b.on > 0, 0
	}
	at := since % (b.on + b.off)
	if at < b.on {
		return true, b.on - at
	}
	return false, b.on + b.off - at
}

const lineLamps = 5 // line keys that have a lamp

// rhythms derives every lamp from the state: one lamp shows one thing, the first that is true.
func rhythms(s *phone.State) map[hal.Lamp]blink {
	out := map[hal.Lamp]blink{hal.LampRing: attention(s), hal.LampMute: dark, hal.LampSpeaker: dark, hal.LampHeadset: dark}
	if s.Muted {
		out[hal.LampMute] = steady
	}
	if s.Foreground() != nil {
		switch s.Path {
		case phone.Speaker:
			out[hal.LampSpeaker] = steady
		case phone.Headset:
			out[hal.LampHeadset] = steady
		}
	}
	for i := range lineLamps {
		out[hal.LampLine1+hal.Lamp(i)] = key(s, i)
	}
	return out
}

func attention(s *phone.State) blink {
	switch {
	case s.First(phone.Ringing) != nil:
		return ringing
	case noLineCanCall(s):
		return failed
	case s.MailWaits():
		return steady
	case s.Missed > 0:
		return missed
	}
	return dark
}

func noLineCanCall(s *phone.State) bool {
	failing := false
	for _, l := range s.Lines {
		if l.State == phone.LineRegistered {
			return false
		}
		failing = failing || l.State == phone.LineFailing
	}
	return failing
}

// key is the lamp of the i-th line key: a line's, or behind those an appearance of a shared one, or that of somebody else. What is not known is dark.
func key(s *phone.State, i int) blink {
	at := i - len(s.Lines)
	if at < 0 {
		return line(s, phone.LineID(i))
	}
	if at < len(s.Appearances) {
		return appearance(s, s.Appearances[at])
	}
	if at -= len(s.Appearances); at >= len(s.Watched) || len(s.Lines) == 0 {
		return dark
	}
	switch s.Watched[at].Lamp {
	case phone.LampRinging:
		return ringing
	case phone.LampBusy:
		return steady
	}
	return dark
}

// appearance is the lamp of a place on a shared line: what we do there, or else what another phone does.
func appearance(s *phone.State, a phone.Appearance) blink {
	if c := s.At(a); c != nil {
		return ofCall(c.State)
	}
	switch a.State {
	case phone.AppearanceRinging:
		return ringing
	case phone.AppearanceBusy:
		return steady
	case phone.AppearanceHeld:
		return held
	}
	return dark
}

func line(s *phone.State, id phone.LineID) blink {
	out := dark
	for i := range s.Calls {
		c := &s.Calls[i]
		if c.Line != id {
			continue
		}
		switch is := ofCall(c.State); {
		case is == ringing:
			return ringing
		case is == steady || out == dark:
			out = is
		}
	}
	return out
}

// ofCall is the rhythm of a call's state.
func ofCall(s phone.CallState) blink {
	switch s {
	case phone.Ringing:
		return ringing
	case phone.Held:
		return held
	case phone.Failed:
		return dark
	}
	return steady
}
