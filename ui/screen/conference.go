package screen

import (
	"fmt"
	"image"
	"strings"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/text"
	"opendeskphone/ui/theme"
	"opendeskphone/ui/widget"
)

// conference is the screen of calls that all hear each other: who they are, who speaks, and for how long. Left and Right
// choose one of them, for the menu.
type conference struct{}

// members gives the calls of the conference that is shown.
func (conference) members(v *view) []*phone.Call {
	c := v.st.Foreground()
	if c == nil || c.Conf == 0 {
		c = waiting(v.st)
	}
	if c == nil {
		return nil
	}
	return v.st.Conference(c.Conf)
}

// chosen is the index of the member with the focus, -1: none.
func (conference) chosen(v *view, all []*phone.Call) int {
	for i, c := range all {
		if c.ID == v.member {
			return i
		}
	}
	return -1
}

// confNames names who is in a conference.
func (v *view) confNames(id phone.ConfID) string {
	var names []string
	for _, c := range v.st.Conference(id) {
		names = append(names, v.party(c.Remote).first)
	}
	return strings.Join(names, ", ")
}

// speaks is the level in dBFS from which on somebody is taken to speak.
const speaks = -42

// confMember is one of a conference as it is drawn.
type confMember struct {
	who     party
	role    widget.Role
	word    string
	sound   []widget.Second
	own     bool // the user
	focus   bool
	speaker bool
}

// list gives the members as they are drawn, the user last.
func (f conference) list(v *view, all []*phone.Call) []confMember {
	w := &v.Words.Moves
	var out []confMember
	chosen := f.chosen(v, all)
	for i, c := range all {
		m := confMember{who: v.party(c.Remote), word: w.Listening, sound: v.src.Media.Stats(c.ID).Trace, focus: i == chosen}
		switch n := len(m.sound); {
		case c.RemoteHeld:
			m.role, m.word = widget.Hold, v.Words.Call.RemoteHolds
		case c.State == phone.Held:
			m.role, m.word = widget.Hold, v.Words.Call.OnHold
		case n > 0 && m.sound[n-1].Heard > speaks:
			m.role, m.word, m.speaker = widget.Talk, w.Speaking, true
		}
		out = append(out, m)
	}
	me := confMember{who: party{name: v.ownName(all[0].Line), second: w.You, known: true}, word: w.MicOn, own: true, sound: v.src.Media.Stats(all[0].ID).Trace}
	if v.st.Muted {
		me.role, me.word = widget.Hold, w.MicOff
	}
	return append(out, me)
}

func (f conference) draw(v *view) {
	all := f.members(v)
	if len(all) == 0 {
		return
	}
	w := &v.Words.Moves
	ink, detail := v.Talk, fmt.Sprintf(w.Others, len(all))
	if all[0].State == phone.Held {
		ink, detail = v.Hold, v.Words.Status.OnHold
	}
	if h := waiting(v.st); h != nil && h.Conf != all[0].Conf {
		detail = fmt.Sprintf(w.MoreHeld, countHeld(v.st))
	}
	if v.tall() {
		detail = ""
	}
	v.StatusBar(&widget.Status{Title: w.Conference, Ink: ink, Detail: detail, Clock: text.Clock(v.now), Items: v.callItems()})
	r := v.beside()
	members := f.list(v, all)
	top := r.Min.Y + v.By(76, 34, 84)
	size := v.By(v.Type.Timer, 26, 56)
	if v.Layout() == theme.Wide {
		size = v.Type.Timer
	}
	v.Text(widget.Timer(size), r.Min.X, r.Min.Y+v.By(54, 24, 52), draw.Start, v.elapsed(all[0]), v.T1)
	f.security(v, all, image.Pt(r.Max.X-v.By(8, 0, 0), r.Min.Y+v.By(50, 22, 48)))
	r.Min.Y = top
	if v.Layout() == theme.Wide && len(members) <= 3 {
		f.tiles(v, r, members)
	} else {
		f.rows(v, r, members)
	}
	v.stubs()
}

// security says whether all of the conference is encrypted.
func (conference) security(v *view, all []*phone.Call, at image.Point) {
	for _, c := range all {
		if !c.Secure {
			v.iconWord(at.X, at.Y, draw.End, draw.NoIcon, v.Words.Call.NotEncrypted, v.T2)
			return
		}
	}
	v.iconWord(at.X, at.Y, draw.End, draw.IconLock, v.Words.Call.Encrypted, v.Talk)
}

// tiles draws up to three members as upright cards.
func (f conference) tiles(v *view, r image.Rectangle, members []confMember) {
	for i := range members {
		box := widget.Box(r.Min.X+v.S(228)*i, r.Min.Y, v.S(216), r.Dy())
		f.tile(v, box, &members[i])
		v.Touchable(box, touchPage+i)
	}
}

// inks are the colours of a member: of its card, its name, the line below, and its state.
func (v *view) inks(m *confMember) (fill, name, second, state theme.RGB) {
	if m.focus {
		return v.Focus, v.OnFocus, v.OnFocus2, v.OnFocus2
	}
	state = v.T2
	if m.role != widget.Plain {
		state = v.Ink(m.role)
	}
	return v.Tint(m.role), v.T1, v.T2, state
}

// memberCard is the card of a member: filled, or outlined where it is on hold.
func (v *view) memberCard(box image.Rectangle, radius int, m *confMember, fill theme.RGB) {
	if m.role == widget.Hold && !m.own && !m.focus {
		v.Frame(box, radius, 2, draw.All, v.Hold)
		return
	}
	v.Surface(box, radius, draw.All, fill, v.Outline(m.role))
}

func (f conference) tile(v *view, box image.Rectangle, m *confMember) {
	fill, name, second, state := v.inks(m)
	v.memberCard(box, v.RadiusCard, m, fill)
	x, width := (box.Min.X+box.Max.X)/2, box.Dx()-v.S(24)
	at, d := image.Pt(x, box.Min.Y+v.S(82)), v.S(100)
	v.Avatar(m.who.kind, m.who.name, at, d)
	if m.speaker {
		v.Shape(draw.Shape{Kind: draw.RingShape, Size: d + v.S(24), Width: v.S(4)}, at, v.Ink(m.role))
	}
	title := widget.Semi(v.Type.Head)
	for int(title.Size) > v.Type.Label && v.Width(title, m.who.name) > width {
		title.Size--
	}
	v.FitText(title, x, box.Min.Y+v.S(176), draw.Middle, width, m.who.name, name)
	if !v.LargeText {
		st, below := widget.Regular(v.Type.Label), m.who.second
		if firm, _, two := strings.Cut(below, ", "); two && v.Width(st, below) > width {
			below = firm
		}
		v.FitText(st, x, box.Min.Y+v.S(204), draw.Middle, width, below, second)
	}
	v.Voice(x-v.S(66), x+v.S(66), box.Min.Y+v.S(248), v.S(30), m.sound, m.own, state)
	word := widget.Semi(v.Type.Label)
	if m.role == widget.Plain {
		word = widget.Regular(v.Type.Label)
	}
	for int(word.Size) > v.Type.Micro && v.Width(word, m.word) > width {
		word.Size--
	}
	v.FitText(word, x, box.Min.Y+v.S(274), draw.Middle, width, m.word, state)
}

// rows draws the members one below the other.
func (f conference) rows(v *view, r image.Rectangle, members []confMember) {
	gap := v.By(6, 3, 8)
	h := min((r.Dy()+gap)/len(members)-gap, v.R(68))
	if v.tall() {
		h = min((r.Dy()+gap)/len(members)-gap, 92)
	}
	for i := range members {
		m := &members[i]
		box := widget.Box(r.Min.X, r.Min.Y+i*(h+gap), r.Dx(), h)
		fill, name, _, state := v.inks(m)
		v.memberCard(box, v.RadiusRow, m, fill)
		v.Touchable(box, touchPage+i)
		mid, d := (box.Min.Y+box.Max.Y)/2, min(h-v.By(16, 8, 20), v.S(64))
		v.Avatar(m.who.kind, m.who.name, image.Pt(box.Min.X+v.By(16, 10, 14)+d/2, mid), d)
		x, right := box.Min.X+d+v.By(32, 20, 28), box.Max.X-v.By(20, 12, 16)
		word := widget.Semi(v.Type.Label)
		for int(word.Size) > v.Type.Micro && v.Width(word, m.word) > (right-x)/2 {
			word.Size--
		}
		w := v.FitText(word, right, mid+int(word.Size)*36/100, draw.End, (right-x)/2, m.word, state)
		right -= w + v.By(16, 8, 12)
		st := widget.Semi(v.By(v.Type.Body, v.Type.Label, v.Type.Body))
		if v.Layout() == theme.Wide {
			st = widget.Semi(v.Type.Body)
			right -= v.S(140)
			v.Voice(right+v.S(8), right+v.S(140), mid+v.S(14), v.S(28), m.sound, m.own, state)
			right -= v.S(8)
		}
		v.FitText(st, x, mid+int(st.Size)*36/100, draw.Start, right-x, m.who.name, name)
	}
}

func (f conference) keys(v *view) []key {
	all := f.members(v)
	if len(all) == 0 {
		return nil
	}
	w := v.Words.Keys
	c := all[0]
	more := key{label: w.More, do: func() { v.open(v, &confMenu{}) }}
	if c.State == phone.Held {
		return []key{v.act(w.Resume, widget.Go, phone.Resume{Call: c.ID}), v.newCall(), {}, more, v.endKey(c)}
	}
	keys := []key{v.act(w.Hold, widget.Normal, phone.Hold{Call: c.ID}), {}, v.add(), more, v.endKey(c)}
	if c.State != phone.Talking {
		keys[0] = key{}
	}
	if len(all) == 2 && stands(all[0]) && stands(all[1]) { // the two go on without us
		keys[1] = key{label: w.Transfer, do: func() { v.open(v, &handOver{all[0].ID, all[1].ID}) }}
	}
	if h := waiting(v.st); stands(h) {
		keys[0] = v.act(w.Swap, widget.Normal, phone.Swap{})
		if len(all)+len(v.together(h)) <= phone.MaxConf {
			keys[2] = v.joinKey(w.Join, c, h)
		}
	}
	return keys
}

// together gives a call with its conference.
func (v *view) together(c *phone.Call) []*phone.Call {
	if c.Conf == 0 {
		return []*phone.Call{c}
	}
	return v.st.Conference(c.Conf)
}

func (f conference) press(v *view, k hal.Key) bool {
	all := f.members(v)
	i := f.chosen(v, all)
	switch k {
	case hal.Right, hal.Down:
		i = min(i+1, len(all)-1)
	case hal.Left, hal.Up:
		i--
	case hal.OK:
		v.open(v, &confMenu{})
		return true
	default:
		return false
	}
	v.member = 0
	if i >= 0 && i < len(all) {
		v.member = all[i].ID
	}
	return true
}

func (f conference) touch(v *view, what int) {
	if all := f.members(v); what >= 0 && what < len(all) {
		v.member = all[what].ID
		v.open(v, &confMenu{})
	}
}

// confMenu lists what can be done with those in a conference, or with the one who is chosen.
type confMenu struct{ list list }

func (*confMenu) stale(st *phone.State) bool {
	front, waits := st.Foreground(), waiting(st)
	return (front == nil || front.Conf == 0) && (waits == nil || waits.Conf == 0)
}

func (m *confMenu) entries(v *view) []entry {
	f, w := conference{}, &v.Words.Moves
	all := f.members(v)
	chosen := f.chosen(v, all)
	mute := entry{draw.IconMicOff, v.Words.Call.Mute, m.run(v, phone.Mute{On: true})}
	if v.st.Muted {
		mute = entry{draw.IconMic, v.Words.Call.Unmute, m.run(v, phone.Mute{On: false})}
	}
	out := append([]entry{mute}, v.recordEntry(all[0])...)
	for i, c := range all {
		if name := v.party(c.Remote).first; chosen < 0 || chosen == i {
			out = append(out, entry{draw.IconHangup, fmt.Sprintf(w.Remove, name), m.run(v, phone.Hangup{Call: c.ID})})
			if stands(c) {
				out = append(out, entry{draw.IconPerson, fmt.Sprintf(w.Alone, name), m.run(v, phone.Split{Call: c.ID})})
			}
		}
	}
	if keys := f.keys(v); v.four() && len(keys) == 5 && keys[2].do != nil {
		out = append(out, entry{draw.IconAdd, keys[2].label.Long, func() { v.back(); keys[2].do() }})
	}
	return out
}

func (m *confMenu) run(v *view, c phone.Command) func() {
	return func() { v.back(); v.member = 0; v.do(c) }
}

func (m *confMenu) draw(v *view) {
	f := conference{}
	detail := ""
	if all := f.members(v); f.chosen(v, all) >= 0 {
		detail = v.party(all[f.chosen(v, all)].Remote).name
	}
	v.menuStatus(v.Words.Moves.Conference, detail)
	v.menuRows(&m.list, m.entries(v))
}

func (m *confMenu) keys(v *view) []key {
	return []key{{label: v.Words.Keys.Choose, do: func() { v.menuPress(&m.list, m.entries(v), hal.OK) }}, {}, {}, {}, v.backKey()}
}
func (m *confMenu) press(v *view, k hal.Key) bool { return v.menuPress(&m.list, m.entries(v), k) }
func (m *confMenu) touch(v *view, what int)       { touchEntry(m.entries(v), what) }
