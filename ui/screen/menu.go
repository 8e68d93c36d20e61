package screen

import (
	"fmt"
	"image"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/text"
	"opendeskphone/ui/theme"
	"opendeskphone/ui/widget"
)

// list is the focus and the scroll of a list of rows.
type list struct {
	focus int
	top   int // the first row shown
}

// move takes a nav key; n is the number of rows and room how many are shown.
func (l *list) move(k hal.Key, n, room int) bool {
	switch k {
	case hal.Down:
		l.focus = min(l.focus+1, n-1)
	case hal.Up:
		l.focus--
	default:
		return false
	}
	l.keep(n, room)
	return true
}

// keep holds the focus inside the list, and the list around the focus.
func (l *list) keep(n, room int) {
	l.focus = max(0, min(l.focus, n-1))
	l.top = max(0, min(l.top, n-room))
	l.top = min(l.top, l.focus)
	l.top = max(l.top, l.focus-room+1)
}

// rowBox is the place of the i-th row of a list below y, of the width of a list with a detail pane or the whole stage.
func (v *view) rowBox(i, y int, pane bool) image.Rectangle {
	r := v.Stage()
	w, h, pitch := r.Dx(), v.TileH, v.TilePitch
	if v.compact() {
		pitch = 50
	} else if v.tall() {
		h, pitch = v.RowH, v.RowH+v.Gap
	} else if v.LargeText {
		h = v.TileH*5/4 + 1
		pitch = h + v.S(6)
	}
	if pane && v.hasPane() {
		w = v.S(440)
	}
	return widget.Box(r.Min.X, y+i*pitch, w, h)
}

// hasPane tells whether a list has a detail pane beside it.
func (v *view) hasPane() bool { return v.Layout() == theme.Wide && !v.LargeText }

// listRoom is how many rows there is room for below y.
func (v *view) listRoom(y int) int {
	a, b := v.rowBox(0, y, false), v.rowBox(1, y, false)
	return max(1, (v.Stage().Max.Y-y+b.Min.Y-a.Max.Y)/(b.Min.Y-a.Min.Y))
}

// paneBox is the detail pane at the right edge, from y down.
func (v *view) paneBox(y int) image.Rectangle {
	r := v.Stage()
	return image.Rect(r.Min.X+v.S(456), y, v.W, r.Max.Y)
}

// entry is a row of a menu: what it says and what it does.
type entry struct {
	icon draw.Icon
	name string
	do   func()
}

// menuRows draws the rows of a menu, each with its figure: a digit chooses it.
func (v *view) menuRows(l *list, entries []entry) {
	y := v.Stage().Min.Y
	room := v.listRoom(y)
	l.keep(len(entries), room)
	for i := l.top; i < min(len(entries), l.top+room); i++ {
		r := v.rowBox(i-l.top, y, false)
		row := widget.Row{Icon: entries[i].icon, Title: entries[i].name, Focus: i == l.focus}
		if i < 9 {
			row.Right = fmt.Sprint(i + 1)
		}
		v.Row(r, &row)
		v.Touchable(r, touchPage+i)
	}
}

// menuPress moves in a menu, or runs the entry a key asks for.
func (v *view) menuPress(l *list, entries []entry, k hal.Key) bool {
	if l.move(k, len(entries), v.listRoom(v.Stage().Min.Y)) {
		return true
	}
	i := int(k.Digit()-'0') - 1
	switch {
	case k == hal.OK:
		i = l.focus
	case i < 0:
		return false
	}
	if i >= 0 && i < len(entries) {
		entries[i].do()
	}
	return true
}

// moreMenu lists what else can be done with a call.
type moreMenu struct {
	call phone.CallID
	list list
}

func (m *moreMenu) entries(v *view) []entry {
	w := v.Words.Call
	var out []entry
	if v.st.Muted {
		out = append(out, entry{draw.IconMic, w.Unmute, m.run(v, phone.Mute{On: false})})
	} else {
		out = append(out, entry{draw.IconMicOff, w.Mute, m.run(v, phone.Mute{On: true})})
	}
	for p := range phone.PathCount {
		if p != v.st.Path && (p != phone.Handset || v.st.OffHook) {
			out = append(out, entry{pathIcons[p], fmt.Sprintf(w.On, v.Words.Paths[p]), m.run(v, phone.SetPath{Path: p})})
		}
	}
	out = append(out, v.recordEntry(v.st.Call(m.call))...)
	out = append(out, m.privateHold(v)...)
	out = append(out, m.displaced(v)...)
	if c := v.st.Call(m.call); stands(c) && c.Move == phone.NoMove && c.Page == 0 && !confers(c) && v.st.Factory(c) != "" {
		out = append(out, entry{draw.IconAdd, v.Words.Moves.AtServer, m.run(v, phone.Join{Calls: [phone.MaxConf]phone.CallID{c.ID}, Server: true})})
	}
	if k := v.callSteps(m.call, key{}); k.do != nil {
		out = append(out, entry{draw.IconLadder, v.Words.Ladder.Title, func() { v.back(); k.do() }})
	}
	return append(out,
		entry{draw.IconSound, v.Words.Sound.Title, func() { v.back(); v.open(v, &soundPage{call: m.call}) }},
		entry{draw.IconBook, v.Words.People.Title, func() { v.back(); v.open(v, &contacts{}) }})
}

// displaced gives the entries of the keys that have no tab: on a panel of four the third key of the screen below, and
// between two calls the way to hand one over to somebody else.
func (m *moreMenu) displaced(v *view) []entry {
	var out []entry
	page := v.under(choose(v.st, v.ended.shows(v.now), len(v.menu)))
	keys := page.keys(v)
	if v.four() && len(keys) == 5 && keys[2].do != nil && keys[3].label == v.Words.Keys.More {
		out = append(out, entry{draw.IconForward, keys[2].label.Long, func() { v.back(); keys[2].do() }})
	}
	if c := v.st.Call(m.call); stands(c) && c.State == phone.Talking && stands(waiting(v.st)) {
		out = append(out, entry{draw.IconTransfer, v.Words.Moves.ToOther, func() { v.over = nil; v.open(v, &transferTo{call: m.call, focus: -1}) }})
	}
	return out
}

// run gives a command and closes the menu.
func (m *moreMenu) run(v *view, c phone.Command) func() {
	return func() { v.back(); v.do(c) }
}

func (m *moreMenu) draw(v *view) {
	name := ""
	if c := v.st.Call(m.call); c != nil {
		name = v.party(c.Remote).name
	}
	v.menuStatus(v.Words.Keys.More.Long, name)
	v.menuRows(&m.list, m.entries(v))
}

func (m *moreMenu) keys(v *view) []key {
	return []key{{label: v.Words.Keys.Choose, do: func() { v.menuPress(&m.list, m.entries(v), hal.OK) }}, {}, {}, {}, v.backKey()}
}
func (m *moreMenu) press(v *view, k hal.Key) bool { return v.menuPress(&m.list, m.entries(v), k) }
func (m *moreMenu) touch(v *view, what int)       { touchEntry(m.entries(v), what) }

func touchEntry(entries []entry, i int) {
	if i >= 0 && i < len(entries) {
		entries[i].do()
	}
}

// heldList lists the calls on hold, to resume one of several.
type heldList struct{ list list }

func (h *heldList) entries(v *view) []entry {
	var out []entry
	for _, c := range heldCalls(v.st) {
		out = append(out, entry{draw.IconPause, v.callName(c) + "  " + v.elapsed(c), func() { v.back(); v.do(phone.Resume{Call: c.ID}) }})
	}
	return out
}

func (h *heldList) draw(v *view) {
	v.menuStatus(v.Words.Status.OnHold, "")
	v.menuRows(&h.list, h.entries(v))
}

func (h *heldList) keys(v *view) []key {
	return []key{{label: v.Words.Keys.Resume, role: widget.Go, do: func() { v.menuPress(&h.list, h.entries(v), hal.OK) }}, {}, {}, {}, v.backKey()}
}
func (h *heldList) press(v *view, k hal.Key) bool { return v.menuPress(&h.list, h.entries(v), k) }
func (h *heldList) touch(v *view, what int)       { touchEntry(h.entries(v), what) }

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// facts draws names and values as settings rows without focus, from the top-th on.
func (v *view) facts(facts []Fact, top int) {
	r := v.Stage()
	v.Surface(r, v.RadiusCard, draw.All, v.S1, v.Edge)
	h := v.factPitch()
	for i, f := range facts[top:] {
		box := widget.Box(r.Min.X, r.Min.Y+i*h, r.Dx(), h-v.S(4))
		if box.Max.Y > r.Max.Y {
			break
		}
		v.Setting(box, &widget.Setting{Name: f.Name, Value: text.Clean(f.Value), Last: i == len(facts[top:])-1 || box.Max.Y+h > r.Max.Y})
	}
}

func (v *view) factPitch() int {
	if v.compact() {
		return 33
	}
	return v.S(60)
}
