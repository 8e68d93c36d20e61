package screen

import (
	"fmt"
	"strconv"

	"opendeskphone/firmware/phone"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/text"
	"opendeskphone/ui/widget"
)

// appearance gives the place on a shared line that the i-th line key is about; nil: none.
func (v *view) appearance(i int) *phone.Appearance {
	if at := i - len(v.st.Lines); at >= 0 && at < len(v.st.Appearances) {
		return &v.st.Appearances[at]
	}
	return nil
}

// appearanceTile shows who is there: a call of ours, or what another phone of the line does.
func (v *view) appearanceTile(a *phone.Appearance) widget.Tile {
	label := text.Clean(v.st.Lines[a.Line].Label)
	t := widget.Tile{Title: label + " · " + strconv.Itoa(int(a.Number)), Short: strconv.Itoa(int(a.Number))}
	if c := v.st.At(*a); c != nil {
		v.showCall(&t, c)
		return t
	}
	words := &v.Words.Watch
	switch a.State {
	case phone.AppearanceUnknown:
		t.Mark, t.Second = widget.NotKnown, words.Presences[phone.PresenceUnknown]
	case phone.AppearanceFree:
		t.Mark, t.Second = widget.Available, words.Free
	case phone.AppearanceRinging:
		t.Icon, t.Role, t.Second = draw.IconBell, widget.Talk, v.Words.Call.RingingShort
	case phone.AppearanceBusy:
		if t.Mark, t.Second = widget.InCall, words.InUse; a.Joinable() {
			t.Second = words.Join
		}
	case phone.AppearanceHeld:
		t.Icon, t.Role, t.Second = draw.IconPause, widget.Hold, words.Someone
		if by := v.party(a.Caller); a.Exclusive {
			t.Icon, t.Second = draw.IconLock, words.Private
		} else if a.Caller.Number != "" {
			t.Second = fmt.Sprintf(words.Waits, by.first)
		}
	}
	return t
}

// appearanceKey presses one: it does what can be done there. In a call it takes over nothing but what is held.
func (v *view) appearanceKey(a *phone.Appearance) {
	c, front := v.st.At(*a), v.st.Foreground()
	idle := len(v.st.Calls) == 0 || front != nil && front.State == phone.Dialing
	switch {
	case v.choosing() != nil:
	case c == nil && idle && a.Joinable():
		v.do(phone.JoinAppearance{Line: a.Line, Number: a.Number})
	case c != nil && (c.State == phone.Ringing || c.State == phone.Held), c == nil && (idle || a.State == phone.AppearanceHeld):
		v.do(phone.TakeAppearance{Line: a.Line, Number: a.Number})
	}
}

// privateHold holds a call that no other phone of its line may take.
func (m *moreMenu) privateHold(v *view) []entry {
	c := v.st.Call(m.call)
	if c == nil || c.Appearance == 0 || c.Barges || c.State != phone.Talking {
		return nil
	}
	return []entry{{draw.IconLock, v.Words.Watch.HoldPrivate, m.run(v, phone.Hold{Call: c.ID, Private: true})}}
}
