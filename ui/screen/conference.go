package screen

import (
	"fmt"
	"image"
	"slices"
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

// confers tells whether a call is part of a conference, here or at a server.
func confers(c *phone.Call) bool { return c.Conf != 0 || c.Focus != "" }

// members gives the calls of the conference that is shown.
func (conference) members(v *view) []*phone.Call {
	c := v.st.Foreground()
	if c == nil || !confers(c) {
		c = waiting(v.st)
	}
	if c == nil || !confers(c) {
		return nil
	}
	return v.together(c)
}

// memberID names a member: by his call, or by the name that the focus has for him.
type memberID struct {
	call phone.CallID
	id   string
}

// chosen is the index of the member with the focus, -1: none.
func (conference) chosen(v *view, members []confMember) int {
	return slices.IndexFunc(members, func(m confMember) bool { return !m.own && m.id == v.member })
}

// confNames names who is in the conference of a call.
func (v *view) confNames(c *phone.Call) string {
	var names []string
	for _, m := range (conference{}).list(v, v.together(c)) {
		if !m.own {
			names = append(names, m.who.first)
		}
	}
	return strings.Join(names, ", ")
}

// speaks is the level in dBFS from which on somebody is taken to speak.
const speaks = -42

// confMember is one of a conference as it is drawn.
type confMember struct {
	id      memberID
	call    *phone.Call
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
	silent := v.st.Muted
	for _, c := range all {
		r := v.st.Roster(c.ID)
		if c.Focus == "" || r == nil {
			out = append(out, f.caller(v, c))
			continue
		}
		for i := range r.Members {
			switch m := &r.Members[i]; {
			case m.Self:
				silent = silent || m.Muted
			case m.State != phone.MemberGone && !v.calls(all, m.Number):
				out = append(out, f.told(v, c, m))
			}
		}
	}
	me := confMember{who: party{name: v.ownName(all[0].Line), second: w.You, known: true}, word: w.MicOn, own: true, sound: v.src.Media.Stats(all[0].ID).Trace}
	if silent {
		me.role, me.word = widget.Hold, w.MicOff
	}
	if i := f.chosen(v, out); i >= 0 {
		out[i].focus = true
	}
	return append(out, me)
}

// caller is a member whose call is of this phone.
func (conference) caller(v *view, c *phone.Call) confMember {
	w := &v.Words.Moves
	m := confMember{id: memberID{call: c.ID}, call: c, who: v.party(c.Remote), word: w.Listening, sound: v.src.Media.Stats(c.ID).Trace}
	if c.Focus != "" {
		m.who = party{name: w.Conference, first: w.Conference}
	}
	switch n := len(m.sound); {
	case c.RemoteHeld:
		m.role, m.word = widget.Hold, v.Words.Call.RemoteHolds
	case c.State == phone.Held:
		m.role, m.word = widget.Hold, v.Words.Call.OnHold
	case n > 0 && m.sound[n-1].Heard > speaks:
		m.role, m.word, m.speaker = widget.Talk, w.Speaking, true
	}
	return m
}

// told is a member of whom the focus tells.
func (conference) told(v *view, c *phone.Call, r *phone.Member) confMember {
	w := &v.Words.Moves
	m := confMember{id: memberID{c.ID, r.ID}, call: c, who: v.party(phone.Peer{Name: r.Name, Number: r.Number, URI: r.URI}), word: w.Present}
	switch {
	case c.State == phone.Held:
		m.role, m.word = widget.Hold, v.Words.Call.OnHold
	case r.State == phone.MemberCalling:
		m.word = w.Called
	case r.State == phone.MemberHolding:
		m.role, m.word = widget.Hold, v.Words.Call.OnHold
	case r.Muted:
		m.role, m.word = widget.Hold, w.MicOff
	}
	return m
}

// calls tells whether one of these calls is to a number: who is moved to the server is in both for a moment.
func (v *view) calls(all []*phone.Call, number string) bool {
	return slices.ContainsFunc(all, func(c *phone.Call) bool {
		return c.Focus == "" && v.st.Config.Canonical(c.Remote.Number) == v.st.Config.Canonical(number)
	})
}

func (f conference) draw(v *view) {
	all := f.members(v)
	if len(all) == 0 {
		return
	}
	w := &v.Words.Moves
	members := f.list(v, all)
	ink, detail := v.Talk, fmt.Sprintf(w.Others, max(len(members)-1, v.counted(all)))
	if all[0].State == phone.Held {
		ink, detail = v.Hold, v.Words.Status.OnHold
	}
	if h := waiting(v.st); h != nil && !slices.Contains(all, h) {
		detail = fmt.Sprintf(w.MoreHeld, countHeld(v.st))
	}
	if v.tall() || v.unknown(all) {
		detail = ""
	}
	v.StatusBar(&widget.Status{Title: w.Conference, Ink: ink, Detail: detail, Clock: text.Clock(v.now), Items: v.callItems()})
	r := v.beside()
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

// counted is how many others a focus counts: more than it lists, perhaps.
func (v *view) counted(all []*phone.Call) int {
	n := 0
	for _, c := range all {
		if r := v.st.Roster(c.ID); r != nil && r.Count > len(r.Members) {
			n = r.Count - 1
		}
	}
	return n
}

// unknown tells whether nobody knows who is in the conference.
func (v *view) unknown(all []*phone.Call) bool {
	return slices.ContainsFunc(all, func(c *phone.Call) bool { return c.Focus != "" && v.st.Roster(c.ID) == nil })
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
	if m.id.id == "" { // nobody tells who of those at the server speaks
		v.Voice(x-v.S(66), x+v.S(66), box.Min.Y+v.S(248), v.S(30), m.sound, m.own, state)
	}
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
	shown := list{focus: max(0, f.chosen(v, members))}
	room := min(len(members), phone.MaxConf+1)
	shown.keep(len(members), room)
	h := min((r.Dy()+gap)/room-gap, v.R(68))
	if v.tall() {
		h = min((r.Dy()+gap)/room-gap, 92)
	}
	for i := shown.top; i < shown.top+room; i++ {
		m := &members[i]
		box := widget.Box(r.Min.X, r.Min.Y+(i-shown.top)*(h+gap), r.Dx(), h)
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
		}
		if v.Layout() == theme.Wide && m.id.id == "" {
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
	if c.Focus != "" && c.Refers { // the focus calls whom we name
		keys[2] = key{label: w.Add, do: func() { v.open(v, &transferTo{call: c.ID, focus: -1}) }}
	}
	if c.State != phone.Talking {
		keys[0] = key{}
	}
	if len(all) == 2 && all[0].Focus == "" && all[1].Focus == "" && stands(all[0]) && stands(all[1]) { // the two go on without us
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
	all := f.others(v)
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
	v.member = memberID{}
	if i >= 0 && i < len(all) {
		v.member = all[i].id
	}
	return true
}

// others gives the members without the user.
func (f conference) others(v *view) []confMember {
	all := f.members(v)
	if len(all) == 0 {
		return nil
	}
	out := f.list(v, all)
	return out[:len(out)-1]
}

func (f conference) touch(v *view, what int) {
	if all := f.others(v); what >= 0 && what < len(all) {
		v.member = all[what].id
		v.open(v, &confMenu{})
	}
}

// confMenu lists what can be done with those in a conference, or with the one who is chosen.
type confMenu struct{ list list }

func (*confMenu) stale(st *phone.State) bool {
	front, waits := st.Foreground(), waiting(st)
	return (front == nil || !confers(front)) && (waits == nil || !confers(waits))
}

func (m *confMenu) entries(v *view) []entry {
	f := conference{}
	members := f.others(v)
	if len(members) == 0 {
		return nil
	}
	chosen := f.chosen(v, members)
	mute := entry{draw.IconMicOff, v.Words.Call.Mute, m.run(v, phone.Mute{On: true})}
	if v.st.Muted {
		mute = entry{draw.IconMic, v.Words.Call.Unmute, m.run(v, phone.Mute{On: false})}
	}
	out := append([]entry{mute}, v.recordEntry(f.members(v)[0])...)
	for i := range members {
		if chosen < 0 || chosen == i {
			out = append(out, m.about(v, &members[i])...)
		}
	}
	if keys := f.keys(v); v.four() && len(keys) == 5 && keys[2].do != nil {
		out = append(out, entry{draw.IconAdd, keys[2].label.Long, func() { v.back(); keys[2].do() }})
	}
	return out
}

// about lists what can be done with one: of those at a server, what the focus can be asked for.
func (m *confMenu) about(v *view, who *confMember) (out []entry) {
	w := &v.Words.Moves
	remove := fmt.Sprintf(w.Remove, who.who.first)
	switch {
	case who.id.id == "":
		out = append(out, entry{draw.IconHangup, remove, m.run(v, phone.Hangup{Call: who.call.ID})})
	case who.call.Refers:
		out = append(out, entry{draw.IconHangup, remove, m.run(v, phone.DropMember{Call: who.call.ID, Member: who.id.id})})
	}
	if r := v.st.Roster(who.call.ID).Member(who.id.id); r != nil && who.call.Controls && r.State == phone.MemberJoined {
		mute := entry{draw.IconMicOff, fmt.Sprintf(w.MuteOne, who.who.first), m.run(v, phone.MuteMember{Call: who.call.ID, Member: r.ID, On: true})}
		if r.Muted {
			mute = entry{draw.IconMic, fmt.Sprintf(w.UnmuteOne, who.who.first), m.run(v, phone.MuteMember{Call: who.call.ID, Member: r.ID})}
		}
		out = append(out, mute)
	}
	if who.call.Conf != 0 && who.id.id == "" && stands(who.call) {
		out = append(out, entry{draw.IconPerson, fmt.Sprintf(w.Alone, who.who.first), m.run(v, phone.Split{Call: who.call.ID})})
	}
	return out
}

func (m *confMenu) run(v *view, c phone.Command) func() {
	return func() { v.back(); v.member = memberID{}; v.do(c) }
}

func (m *confMenu) draw(v *view) {
	f := conference{}
	detail := ""
	if all := f.others(v); f.chosen(v, all) >= 0 {
		detail = all[f.chosen(v, all)].who.name
	}
	v.menuStatus(v.Words.Moves.Conference, detail)
	v.menuRows(&m.list, m.entries(v))
}

func (m *confMenu) keys(v *view) []key {
	return []key{{label: v.Words.Keys.Choose, do: func() { v.menuPress(&m.list, m.entries(v), hal.OK) }}, {}, {}, {}, v.backKey()}
}
func (m *confMenu) press(v *view, k hal.Key) bool { return v.menuPress(&m.list, m.entries(v), k) }
func (m *confMenu) touch(v *view, what int)       { touchEntry(m.entries(v), what) }
