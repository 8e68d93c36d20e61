package phone

import (
	"fmt"
	"slices"
)

// A line may be shared with the other phones of its address. It then has so many appearances, each with room for one call of
// any of them (RFC 7463). Every phone tells the others which its calls are at, and chooses the first that is free.

// MaxAppearances is how many appearances a shared line may have.
const MaxAppearances = 8

// AppearanceState is what another phone does at an appearance.
type AppearanceState uint8

// The states.
const (
	AppearanceUnknown AppearanceState = iota // the server cannot be asked
	AppearanceFree
	AppearanceRinging
	AppearanceBusy // somebody talks there, or is about to
	AppearanceHeld
	appearanceStateCount
)

var appearanceStateNames = [appearanceStateCount]string{"unknown", "free", "ringing", "busy", "held"}

// String gives the state in one word, as controllers read it.
func (a AppearanceState) String() string { return name(appearanceStateNames[:], a) }

// Appearance is a place on a shared line, and what the other phones do there.
type Appearance struct {
	Line      LineID
	Number    uint8 // from 1
	State     AppearanceState
	Exclusive bool   // held for the phone alone that holds it
	Caller    Peer   // with whom
	Dialog    Dialog // that call as Caller has it, once it is answered
}

// Other is what another phone tells of a call of its own.
type Other struct {
	Appearance
	Ours  CallID // of ours: the same call, that rings at both; 0: it is another
	First bool   // it has its number, and ours gives way: goes there if it is the same call, or else away
}

// Appeared is what the other phones are told of a call of ours.
type Appeared struct {
	Call    CallID
	Line    LineID
	Number  uint8
	State   CallState
	Dir     Dir
	Private bool
	Remote  Peer
}

// The inputs and the effect of a shared line.
type (
	// TakeAppearance is the key of an appearance: it answers or takes back a call of ours, takes over what another phone
	// holds there, or begins a call if nobody has it. With To it calls that number from there, and does nothing else.
	TakeAppearance struct {
		cmd
		Line   LineID
		Number uint8
		To     string
	}
	// AppearancesTold: what the other phones of a line do, all of it; Known is false when their server cannot be asked.
	AppearancesTold struct {
		evt
		Line   LineID
		Known  bool
		Others []Other
	}
	// SendAppearances tells the other phones of all of our calls on shared lines.
	SendAppearances struct {
		fx
		Calls []Appeared
	}
)

// appearances are the places of all shared lines before anything is known of them.
func appearances(c Config) []Appearance {
	var out []Appearance
	for i, l := range c.Lines {
		for n := range l.Appearances {
			out = append(out, Appearance{Line: LineID(i), Number: n + 1})
		}
	}
	return out
}

// At gives the call of ours at an appearance; nil if there is none.
func (s *State) At(a Appearance) *Call {
	for i := range s.Calls {
		if c := &s.Calls[i]; c.Line == a.Line && c.Appearance == a.Number && c.appears() {
			return c
		}
	}
	return nil
}

// appears tells whether a call takes an appearance, where its line has any.
func (c *Call) appears() bool {
	return !c.Shadow && !c.Barges && c.Page == 0 && c.State != None && c.State != Failed && c.State != Ended
}

// appeared is what the other phones are to know.
func (s *State) appeared() []Appeared {
	var out []Appeared
	for i := range s.Calls {
		if c := &s.Calls[i]; c.Appearance > 0 && c.appears() {
			out = append(out, Appeared{c.ID, c.Line, c.Appearance, c.State, c.Dir, c.Private, c.Remote})
		}
	}
	return out
}

// vacant finds the first appearance of a line that nobody is at; 0 if there is none.
func (s *State) vacant(line LineID) uint8 {
	for _, a := range s.Appearances {
		if a.Line == line && a.State <= AppearanceFree && s.At(a) == nil {
			return a.Number
		}
	}
	return 0
}

// crowded tells whether a line is shared, and no call can begin there: all of its appearances are taken, and none of them by
// the number that is being typed.
func (s *State) crowded(line LineID) bool {
	f := s.Foreground()
	types := f != nil && f.State == Dialing && f.Line == line && f.Appearance > 0
	return s.Config.Lines[line].Appearances > 0 && s.vacant(line) == 0 && !types
}

// appear gives each call on a shared line its appearance.
func (t *step) appear() {
	for i := range t.Calls {
		c := &t.Calls[i]
		if c.Appearance > t.Config.Lines[c.Line].Appearances { // of the line it was first to go out on
			c.Appearance = 0
		}
		if c.Appearance > 0 || !c.appears() {
			continue
		}
		if c.Appearance = t.inherited(c); c.Appearance > 0 {
			t.touched(c)
		}
	}
}

// inherited finds the appearance for a call: that of the call it takes the place of, once that has gone, else the first that is
// vacant; 0: none so far.
func (s *State) inherited(c *Call) uint8 {
	for _, a := range s.Appearances {
		switch {
		case a.Line != c.Line || a.Number != c.PullsAt:
		case a.State > AppearanceFree && a.Dialog == c.Pulls:
			return 0
		case a.State <= AppearanceFree && s.At(a) == nil:
			return a.Number
		}
	}
	return s.vacant(c.Line)
}

func (t *step) takeAppearance(in TakeAppearance) error {
	i := slices.IndexFunc(t.Appearances, func(a Appearance) bool { return a.Line == in.Line && a.Number == in.Number })
	if i < 0 {
		return WrongValue
	}
	a := t.Appearances[i]
	if c := t.At(a); c != nil {
		switch {
		case in.To != "":
		case c.State == Ringing:
			return t.answer(c)
		case c.State == Held:
			return t.takeBack(c)
		}
		return WrongState
	}
	switch {
	case in.To != "" && a.State > AppearanceFree:
		return WrongState
	case a.State == AppearanceHeld && a.Exclusive:
		return Forbidden
	case a.State == AppearanceHeld && a.Caller.URI != "":
		c, err := t.pull(Pull{Line: in.Line, Target: a.Caller.URI, Replaces: a.Dialog})
		if err == nil {
			c.Pulls, c.PullsAt = a.Dialog, a.Number
		}
		return err
	case a.State > AppearanceFree:
		return WrongState
	}
	if err := t.dial(Dial{Line: in.Line, Number: in.To}); err != nil {
		return err
	}
	if c := t.Foreground(); c.Line == in.Line { // a call for help goes by any line that works
		c.Appearance = in.Number
	}
	return nil
}

// appearancesTold takes what the other phones do, and makes room for those who came first.
func (t *step) appearancesTold(in AppearancesTold) {
	before := t.Appearances
	t.Appearances = slices.Clone(t.Appearances)
	for i := range t.Appearances {
		a := &t.Appearances[i]
		if a.Line != in.Line {
			continue
		}
		*a = Appearance{Line: a.Line, Number: a.Number}
		if in.Known {
			a.State = AppearanceFree
		}
		for _, o := range in.Others {
			if o.Number == a.Number && o.State > a.State && o.State < appearanceStateCount {
				o.Line = a.Line
				*a = o.Appearance
			}
		}
	}
	for _, o := range in.Others {
		t.giveWay(in.Line, o)
	}
	if !slices.Equal(t.Appearances, before) {
		t.changed(AppearancesChanged)
	}
}

// giveWay leaves an appearance to a call that came there first. A call that rings at both phones is where the first has it.
func (t *step) giveWay(line LineID, o Other) {
	at := t.At(Appearance{Line: line, Number: o.Number})
	switch ours := t.Call(o.Ours); {
	case !o.First || at != nil && at == ours:
	case ours != nil && ours.Line == line && ours.Appearance > 0 && o.Number <= t.Config.Lines[line].Appearances:
		if at != nil {
			at.Appearance = 0
		}
		ours.Appearance = o.Number
		t.touched(ours)
	case at != nil:
		at.Appearance = 0
		t.touched(at)
	}
}

func (s *State) possibleAppearances() error {
	if len(s.Appearances) > MaxLines*MaxAppearances {
		return fmt.Errorf("phone: read state: %d appearances", len(s.Appearances))
	}
	for _, a := range s.Appearances {
		if s.Line(a.Line) == nil || a.State >= appearanceStateCount {
			return fmt.Errorf("phone: read state: appearance %d of line %d in state %d", a.Number, a.Line, a.State)
		}
	}
	return nil
}
