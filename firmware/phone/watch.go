package phone

import (
	"fmt"
	"slices"
	"time"
)

// Lamp is what the key of somebody else tells of their calls.
type Lamp uint8

// The lamps. A key whose server cannot be asked is unknown: no lamp lies.
const (
	LampUnknown Lamp = iota
	LampFree
	LampRinging
	LampBusy // in a call, or making one; of a place to park: somebody waits there
	lampCount
)

var lampNames = [lampCount]string{"unknown", "free", "ringing", "busy"}

// String gives the lamp in one word, as controllers read it.
func (l Lamp) String() string { return name(lampNames[:], l) }

// Presence is what somebody lets others know of them (RFC 4480).
type Presence uint8

// The presences.
const (
	PresenceUnknown Presence = iota
	Available
	InCall
	Occupied // busy, but not with the phone
	DoNotDisturb
	Away
	Offline
	presenceCount
)

var presenceNames = [presenceCount]string{"unknown", "available", "inCall", "busy", "doNotDisturb", "away", "offline"}

// String gives the presence as controllers read it.
func (p Presence) String() string { return name(presenceNames[:], p) }

// ParsePresence reads what String gives.
func ParsePresence(s string) (Presence, bool) {
	i := slices.Index(presenceNames[:], s)
	return Presence(max(i, 0)), i >= 0
}

// MaxWatched is how many people and places there may be keys for.
const MaxWatched = 32

// WatchConfig is somebody, or a place to park calls at, who has a key.
type WatchConfig struct {
	Number string
	Name   string // empty: the number
	Place  bool
}

// Watched is how such a one is.
type Watched struct {
	WatchConfig
	Lamp     Lamp
	Caller   Peer   // who calls them, or waits at the place, if that is said
	Dialog   Dialog // of LampRinging: that call, as its caller sees it; zero if that is not said
	Presence Presence
	Note     string // their own words, cleaned
}

// longestAvailability bounds how long the word of a computer is believed.
const longestAvailability = 24 * time.Hour

// The inputs and the effect of watching and being watched.
type (
	// PickUp takes the call that rings for somebody who has a key; with no number, any that rings in the group of
	// this phone, as its server has it.
	PickUp struct {
		cmd
		Number string
	}
	// SetAvailability is what a computer knows of its user: Available, Occupied, DoNotDisturb or Away, for so long,
	// at most a day. PresenceUnknown takes it back.
	SetAvailability struct {
		cmd
		Presence Presence
		For      time.Duration
	}
	// LampChanged: the calls of somebody who has a key are others.
	LampChanged struct {
		evt
		Number string
		Lamp   Lamp
		Caller Peer
		Dialog Dialog
	}
	// PresenceChanged: so is their presence.
	PresenceChanged struct {
		evt
		Number   string
		Presence Presence
		Note     string
	}
	// SendPresence publishes how the phone's own user is; PresenceUnknown takes it back.
	SendPresence struct {
		fx
		Published
	}
)

// Watching finds who has a key by the number in one of its forms; nil if it has none.
func (s *State) Watching(number string) *Watched {
	number = s.Config.Canonical(number)
	for i := range s.Watched {
		if s.Config.Canonical(s.Watched[i].Number) == number {
			return &s.Watched[i]
		}
	}
	return nil
}

// Own is how the phone's own user is.
func (s *State) Own() Presence {
	switch {
	case s.Availability == DoNotDisturb, s.Config.Rules.DND: // also where the server sees to it
		return DoNotDisturb
	case s.talks():
		return InCall
	case s.Availability != PresenceUnknown && s.Availability != Available:
		return s.Availability
	case s.Gone:
		return Away
	}
	return Available
}

// talks tells whether the user is in a call, or makes one.
func (s *State) talks() bool {
	return s.PCCall.Active || slices.ContainsFunc(s.Calls, func(c Call) bool {
		return c.Page == 0 && !c.Shadow && (c.State.stands() || c.State == Calling || c.State == Ringback || c.State == Answering)
	})
}

// Published is what others are told of the phone's own user. To whom calls are sent on is nobody's business.
type Published struct {
	Presence Presence
	SendsOn  bool // calls do not ring here, but for what working hours make of that
}

// Published is what is told now.
func (s *State) Published() Published {
	if !s.Config.Publish {
		return Published{}
	}
	return Published{s.Own(), s.Config.Rules.SendsOn() != "" && !s.Config.Rules.WorkHours}
}

// watched are the keys of a configuration before anything is known.
func watched(c Config) []Watched {
	var out []Watched
	for _, w := range c.Watch {
		out = append(out, Watched{WatchConfig: w})
	}
	return out
}

// watchEvent takes the facts about those who have keys.
func (t *step) watchEvent(in Event) {
	number := ""
	var set func(w *Watched)
	switch in := in.(type) {
	case LampChanged:
		if in.Lamp >= lampCount {
			return
		}
		number, set = in.Number, func(w *Watched) { w.Lamp, w.Caller, w.Dialog = in.Lamp, in.Caller, in.Dialog }
	case PresenceChanged:
		if in.Presence >= presenceCount {
			return
		}
		number, set = in.Number, func(w *Watched) { w.Presence, w.Note = in.Presence, in.Note }
	case AppearancesTold:
		t.appearancesTold(in)
		return
	default:
		t.movingEvent(in)
		return
	}
	for i := range t.Watched {
		w := t.Watched[i]
		if set(&w); w.Number != number || w == t.Watched[i] {
			continue
		}
		t.Watched = slices.Clone(t.Watched)
		t.Watched[i] = w
		t.changed(WatchedChanged)
	}
}

// pickUp calls for a call that rings elsewhere: its caller, who is asked to take us instead (RFC 3891), or the server by
// its code.
func (t *step) pickUp(number string) error {
	code := t.Config.GroupPickup
	var w *Watched
	if number != "" {
		if w = t.Watching(number); w == nil {
			return WrongValue
		}
		code = t.Config.Pickup
		if code != "" {
			code += w.Number
		}
	}
	switch {
	case w != nil && (w.Lamp != LampRinging || w.Place), w == nil && code == "":
		return WrongState
	case code != "":
		return t.dial(Dial{Line: t.Config.WatchLine, Number: code})
	case w.Dialog == (Dialog{}) || w.Caller.URI == "":
		return Forbidden // neither does the server tell enough, nor is there a code
	}
	_, err := t.pull(Pull{Line: t.Config.WatchLine, Target: w.Caller.URI, Replaces: w.Dialog, Early: true})
	return err
}

func (t *step) setAvailability(in SetAvailability) error {
	switch in.Presence {
	case PresenceUnknown:
	case Available, Occupied, DoNotDisturb, Away:
		if in.For <= 0 || in.For > longestAvailability {
			return WrongValue
		}
	default:
		return WrongValue
	}
	if t.Availability != PresenceUnknown {
		t.do(StopTimer{ID: TimerID{Kind: AvailableTime}})
	}
	if in.Presence != PresenceUnknown {
		t.do(StartTimer{ID: TimerID{Kind: AvailableTime}, After: in.For})
	}
	t.available(in.Presence)
	return nil
}

func (t *step) available(p Presence) {
	if t.Availability != p {
		t.Availability = p
		t.changed(OwnPresenceChanged)
	}
}

// gone notes that nobody has been at the phone for long, or that somebody is.
func (t *step) gone(yes bool) {
	if t.Gone != yes {
		t.Gone = yes
		t.changed(OwnPresenceChanged)
	}
}

// leaveDesk begins or ends to count how long the phone has been locked.
func (t *step) leaveDesk(locked bool) {
	if t.Leaving {
		t.do(StopTimer{ID: TimerID{Kind: AwayTime}})
	}
	t.gone(false)
	if t.Leaving = locked && t.Config.Publish && t.Config.AwayAfter > 0; t.Leaving {
		t.do(StartTimer{ID: TimerID{Kind: AwayTime}, After: t.Config.AwayAfter})
	}
}

// validateWatch checks the keys of people and places.
func (c *Config) validateWatch() error {
	if len(c.Watch) > MaxWatched {
		return fmt.Errorf("keys: at most %d, not %d", MaxWatched, len(c.Watch))
	}
	for _, w := range c.Watch {
		if _, err := c.Number(w.Number); err != nil {
			return fmt.Errorf("keys: %q: %w", w.Number, err)
		}
	}
	return nil
}
