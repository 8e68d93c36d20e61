package screen

import (
	"fmt"

	"opendeskphone/firmware/phone"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/text"
	"opendeskphone/ui/widget"
)

// Behind the keys of the lines stand those of the settings: appearances of shared lines, other people, places to park calls at, and the group's pickup.

// setKeys is how many of those there are.
func (v *view) setKeys() int {
	n := len(v.st.Appearances) + len(v.st.Watched)
	if v.st.Config.GroupPickup != "" {
		n++
	}
	if len(v.st.Lines) == 0 {
		return 0
	}
	return n
}

// watched gives who the i-th line key is about; nil: nobody of the settings.
func (v *view) watched(i int) *phone.Watched {
	if at := i - len(v.st.Lines) - len(v.st.Appearances); at >= 0 && at < len(v.st.Watched) && len(v.st.Lines) > 0 {
		return &v.st.Watched[at]
	}
	return nil
}

// groups tells whether the i-th line key is the group's pickup.
func (v *view) groups(i int) bool {
	return v.st.Config.GroupPickup != "" && len(v.st.Lines) > 0 && i == len(v.st.Lines)+len(v.st.Appearances)+len(v.st.Watched)
}

// setTile is the i-th line key, one of the settings.
func (v *view) setTile(i int) widget.Tile {
	if a := v.appearance(i); a != nil {
		return v.appearanceTile(a)
	}
	w := v.watched(i)
	if w == nil {
		return widget.Tile{Icon: draw.IconBell, Title: v.Words.Watch.PickUp, Short: v.Words.Watch.PickUp, Second: v.Words.Watch.OfGroup}
	}
	title := text.Clean(w.Name)
	if title == "" {
		title = v.party(phone.Peer{Number: w.Number}).name
	}
	t := widget.Tile{Title: title, Short: text.FirstName(title)}
	if w.Place {
		v.placeTile(&t, w)
	} else {
		v.watchedTile(&t, w)
	}
	return t
}

func (v *view) watchedTile(t *widget.Tile, w *phone.Watched) {
	words := &v.Words.Watch
	switch {
	case w.Lamp == phone.LampRinging:
		t.Icon, t.Role, t.Full, t.Second = draw.IconBell, widget.Talk, true, words.Ringing
		if by := v.party(w.Caller); w.Caller.Number != "" {
			t.Second = fmt.Sprintf(words.Calls, by.first)
		}
	case w.Lamp == phone.LampBusy:
		t.Mark, t.Second = widget.InCall, words.Presences[phone.InCall]
	case w.Presence != phone.PresenceUnknown && !(w.Lamp == phone.LampFree && w.Presence == phone.InCall):
		t.Mark, t.Second = markOf(w.Presence), words.Presences[w.Presence]
	case w.Lamp == phone.LampFree:
		t.Mark, t.Second = widget.Available, words.Free
	default:
		t.Mark, t.Second = widget.NotKnown, words.Presences[phone.PresenceUnknown]
	}
}

func (v *view) placeTile(t *widget.Tile, w *phone.Watched) {
	words := &v.Words.Watch
	switch w.Lamp {
	case phone.LampUnknown:
		t.Mark, t.Second = widget.NotKnown, words.Presences[phone.PresenceUnknown]
	case phone.LampFree:
		t.Icon, t.Second = draw.IconPause, words.Empty
	default:
		t.Icon, t.Role, t.Second = draw.IconPause, widget.Hold, words.Someone
		if by := v.party(w.Caller); w.Caller.Number != "" {
			t.Second = fmt.Sprintf(words.Waits, by.first)
		}
	}
}

var presenceMarks = [...]widget.Mark{phone.PresenceUnknown: widget.NotKnown, phone.Available: widget.Available, phone.InCall: widget.InCall,
	phone.Occupied: widget.InCall, phone.DoNotDisturb: widget.DoNotDisturb, phone.Away: widget.Away, phone.Offline: widget.Offline}

func markOf(p phone.Presence) widget.Mark { return presenceMarks[p] }

// presenceOf says how the owner of a number is, in a word; empty if that is not known.
func (v *view) presenceOf(numbers ...string) string {
	for _, n := range numbers {
		w := v.st.Watching(n)
		switch {
		case n == "" || w == nil || w.Place:
		case w.Lamp == phone.LampBusy || w.Lamp == phone.LampRinging:
			return v.Words.Watch.Presences[phone.InCall]
		case w.Presence != phone.PresenceUnknown:
			return v.Words.Watch.Presences[w.Presence]
		}
	}
	return ""
}

// setTiles draws the keys of the settings.
func (v *view) setTiles() {
	for i := len(v.st.Lines); i < min(len(v.st.Lines)+v.setKeys(), v.MaxTiles()); i++ {
		t := v.setTile(i)
		v.Tile(i, &t)
		v.touchableTile(i)
	}
}

// setKey presses the i-th line key; it tells whether that is one of the settings. In a call a place takes it, and the keys
// of people do nothing: a hand that slips holds nobody.
func (v *view) setKey(i int) bool {
	if a := v.appearance(i); a != nil {
		v.appearanceKey(a)
		return true
	}
	w, front := v.watched(i), v.st.Foreground()
	idle := len(v.st.Calls) == 0 || front != nil && front.State == phone.Dialing
	switch {
	case w == nil && !v.groups(i):
		return false
	case v.choosing() != nil:
		if w != nil {
			v.pick(w.Number)
		}
	case w == nil && idle:
		v.do(phone.PickUp{})
	case w == nil:
	case w.Place && front != nil && front.State == phone.Talking && w.Lamp != phone.LampBusy:
		v.do(phone.Transfer{Call: front.ID, Target: w.Number})
	case !idle || w.Place && w.Lamp == phone.LampFree:
	case w.Lamp == phone.LampRinging && !w.Place:
		v.do(phone.PickUp{Number: w.Number})
	default:
		v.do(phone.Dial{Line: v.st.Config.WatchLine, Number: w.Number})
	}
	return true
}
