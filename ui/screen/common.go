package screen

import (
	"fmt"
	"image"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/text"
	"opendeskphone/ui/theme"
	"opendeskphone/ui/widget"
)

// tall and compact tell the two narrow layouts; everything else is wide.
func (v *view) tall() bool    { return v.Layout() == theme.Tall }
func (v *view) compact() bool { return v.Layout() == theme.Compact }

// lineName is what a status bar says of a line: "2417 Anna Weber", or where there is little room its label alone.
func (v *view) lineName(id phone.LineID) string {
	l := v.st.Line(id)
	if l == nil {
		return ""
	}
	label, display := text.Clean(l.Label), text.Clean(l.Display)
	if label == "" {
		label = text.Clean(l.AOR)
	}
	if v.Layout() != theme.Wide || display == "" || display == label {
		return label
	}
	return label + " " + display
}

var pathIcons = [phone.PathCount]draw.Icon{phone.Handset: draw.IconHandset, phone.Headset: draw.IconHeadset, phone.Speaker: draw.IconSpeaker}

// pathItem is the way of the voice in the status bar.
func (v *view) pathItem() widget.StatusItem {
	path, _ := v.st.HeardOn()
	return widget.StatusItem{Icon: pathIcons[path], Word: v.Words.Paths[path], Ink: v.T1}
}

// callStatus is the status bar of a call.
func (v *view) callStatus(title string, ink theme.RGB, line phone.LineID) {
	v.StatusBar(&widget.Status{Title: title, Ink: ink, Detail: v.lineName(line), Clock: text.Clock(v.now), Items: v.callItems()})
}

// callItems are the items in the status bar of a call.
func (v *view) callItems() []widget.StatusItem {
	path, tape := v.pathItem(), v.recordItem()
	if len(tape) > 0 && v.Layout() != theme.Wide { // no room for both words
		path.Word = ""
	}
	return append([]widget.StatusItem{path}, tape...)
}

// menuStatus is the status bar of a menu.
func (v *view) menuStatus(title, detail string) {
	v.StatusBar(&widget.Status{Title: title, Detail: detail, Clock: text.Clock(v.now), Items: v.networkItems(false)})
}

// networkItems is the network's icon: where it always stands, or only if something is wrong with it.
func (v *view) networkItems(always bool) []widget.StatusItem {
	if v.st.Notices[phone.NoNetwork] != "" {
		return []widget.StatusItem{{Icon: draw.IconNetwork, Word: v.Words.Status.NoNetwork, Ink: v.Stop}}
	}
	if always {
		return []widget.StatusItem{{Icon: draw.IconNetwork, Ink: v.T2}}
	}
	return nil
}

// tile is a line as its key shows it.
func (v *view) tile(id phone.LineID) widget.Tile {
	l := v.st.Lines[id]
	t := widget.Tile{Icon: draw.IconHandset, Title: text.Clean(l.Label), Own: id == v.st.Selected}
	if t.Title == "" {
		t.Title = text.Clean(l.AOR)
	}
	t.Short = t.Title
	switch l.State {
	case phone.LineRegistered:
		if t.Second = text.Clean(l.Display); t.Second == "" || t.Second == t.Title {
			t.Second = v.Words.LineWords[l.State]
		}
	case phone.LineFailing:
		t.Icon, t.Role, t.Second = draw.IconWarning, widget.Stop, v.Words.FaultWord[l.Fault]
		if room := v.TileW - v.By(64, 45, 62); v.Scene != nil && v.Width(widget.Regular(v.Type.Note), t.Second) > room {
			t.Second = v.Words.LineWords[l.State]
		}
	default:
		t.Second = v.Words.LineWords[l.State]
	}
	v.tileOfCall(&t, id)
	return t
}

// tileOfCall shows the most pressing call of a line on its tile.
func (v *view) tileOfCall(t *widget.Tile, id phone.LineID) {
	best := -1
	rank := map[phone.CallState]int{phone.Held: 1, phone.Calling: 2, phone.Ringback: 2, phone.Talking: 3, phone.Answering: 3, phone.Ringing: 4}
	for i := range v.st.Calls {
		if c := &v.st.Calls[i]; c.Line == id && !c.Shadow && rank[c.State] > 0 && (best < 0 || rank[c.State] > rank[v.st.Calls[best].State]) {
			best = i
		}
	}
	if best < 0 {
		return
	}
	v.showCall(t, &v.st.Calls[best])
}

// showCall shows how a call is.
func (v *view) showCall(t *widget.Tile, c *phone.Call) {
	elapsed := text.Duration(v.now.Sub(timerStart(c)))
	switch c.State {
	case phone.Ringing:
		t.Icon, t.Role, t.Full, t.Second = draw.IconBell, widget.Talk, true, v.Words.Call.RingingShort
	case phone.Held:
		t.Icon, t.Role, t.Second = draw.IconPause, widget.Hold, v.Words.Call.OnHold+" "+elapsed
	default:
		t.Icon, t.Role, t.Second = draw.IconHandset, widget.Talk, v.Words.Call.Talking+" "+elapsed
	}
}

// tiles draws the line keys of the home screen.
func (v *view) tiles() {
	for i := range min(len(v.st.Lines), v.MaxTiles()) {
		t := v.tile(phone.LineID(i))
		v.Tile(i, &t)
		v.touchableTile(i)
	}
	v.setTiles()
	v.personTiles()
}

// stubs draws the line keys beside a call.
func (v *view) stubs() {
	if v.StubW == 0 {
		return
	}
	for i := range min(len(v.st.Lines), v.MaxTiles()) {
		t := v.tile(phone.LineID(i))
		if t.Role == widget.Stop {
			t.Role = widget.Plain
		}
		v.stub(i, &t)
	}
	for i := len(v.st.Lines); i < min(len(v.st.Lines)+v.setKeys(), v.MaxTiles()); i++ {
		t := v.setTile(i)
		v.stub(i, &t)
	}
}

func (v *view) stub(i int, t *widget.Tile) {
	v.Stub(i, t)
	v.Fixed(func() { v.Touchable(v.StubBox(i), touchTile+i) })
}

// touchableTile lets a line's tile be touched where it is drawn.
func (v *view) touchableTile(i int) {
	touch := func() { v.Touchable(v.TileBox(i), touchTile+i) }
	if v.tall() {
		touch()
		return
	}
	v.Fixed(touch)
}

// beside is the stage without the stubs: the place of call cards. Where pictures are mirrored, what is drawn from here on
// is mirrored within it.
func (v *view) beside() image.Rectangle {
	r := v.Stage()
	if v.StubW > 0 {
		r.Max.X = v.W - v.StubW - v.S(16)
		if v.compact() {
			r.Max.X = v.W - v.StubW - 8
		}
	}
	if v.Scene != nil {
		v.Move(r.Min.X, r.Max.X)
	}
	return r
}

// when says when something was: the time of day if it was today, else the day and the time.
func (v *view) when(t time.Time) string {
	t = t.In(v.now.Location())
	return fmt.Sprintf("%s %s", v.Words.Day(t, v.now), text.Clock(t))
}

// act makes a soft key that gives a command.
func (s *Screens) act(l text.Label, role widget.KeyRole, c phone.Command) key {
	return key{l, role, func() { s.do(c) }}
}

// backKey is the last key of a menu.
func (v *view) backKey() key {
	return key{label: v.Words.Keys.Back, do: v.Screens.back}
}

// caret tells whether the caret is lit: it is after a key press, and blinks from there.
func (v *view) caret() bool { return max(0, v.now.Sub(v.lastPress))/theme.CaretBlink%2 == 0 }
