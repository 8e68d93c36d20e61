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

// halves gives the places of two cards: on the wide panel the upper is taller by what its trace needs.
func (v *view) halves(upper int) (a, b image.Rectangle) {
	r := v.beside()
	a, b = r, r
	switch v.Layout() {
	case theme.Compact:
		a.Max.Y = r.Min.Y + (r.Dy()-6)/2
		b.Min.Y = a.Max.Y + 6
	case theme.Tall:
		a.Max.Y = r.Min.Y + (r.Dy()-12)/2
		b.Min.Y = a.Max.Y + 12
	default:
		a.Max.Y = r.Min.Y + v.S(upper)
		b.Min.Y = a.Max.Y + v.S(12)
	}
	return a, b
}

// talkingHalf is the layout of the talking call in the upper card.
func (v *view) talkingHalf(box image.Rectangle, small bool) cardLayout {
	l := cardLayout{box: box, inset: v.S(24), secondSize: v.Type.Body, narrow: true}
	right := box.Max.X - v.S(24)
	at := func(x, y int) image.Point { return box.Min.Add(image.Pt(v.S(x), v.S(y))) }
	switch {
	case v.compact():
		l.inset = 14
		l.avatar, l.d = box.Min.Add(image.Pt(36, 32)), 40
		l.name, l.nameSize, l.second = box.Min.Add(image.Pt(66, 28)), 22, box.Min.Y+46
		l.timer, l.timerSize, l.secure = image.Pt(box.Max.X-14, box.Min.Y+30), 26, box.Min.Y+47
		l.secondSize = v.Type.Note
		l.trace = image.Rect(box.Min.X+92, box.Max.Y-44, box.Max.X-14, box.Max.Y-6)
		l.hear = image.Pt(box.Min.X+14, box.Max.Y-20)
	case v.tall():
		l.avatar, l.d = box.Min.Add(image.Pt(72, 72)), 96
		l.name, l.nameSize, l.second = box.Min.Add(image.Pt(136, 66)), 36, box.Min.Y+100
		l.timer, l.timerSize, l.secure = image.Pt(right, box.Min.Y+166), 56, box.Min.Y+196
		l.trace = image.Rect(box.Min.X+24, box.Max.Y-118, box.Max.X-24, box.Max.Y-30)
		l.hear, l.they = image.Pt(box.Min.X+24, box.Max.Y-122), image.Pt(box.Min.X+24, box.Max.Y-12)
	case small:
		l.avatar, l.d = at(64, 60), v.S(80)
		l.name, l.nameSize, l.second = at(140, 52), v.S(38), box.Min.Y+v.S(84)
		l.timer, l.timerSize, l.secure = image.Pt(right, box.Min.Y+v.S(58)), v.S(52), box.Min.Y+v.S(85)
		l.trace = image.Rect(box.Min.X+v.S(140), box.Min.Y+v.S(116), right, box.Min.Y+v.S(180))
		l.hear, l.they = at(24, 136), at(24, 174)
	default:
		l.avatar, l.d = at(72, 68), v.S(96)
		l.name, l.nameSize, l.second = at(140, 56), v.Type.Hero*11/13, box.Min.Y+v.S(90)
		l.timer, l.timerSize, l.secure = image.Pt(right, box.Min.Y+v.S(64)), v.Type.Timer, box.Min.Y+v.S(94)
		l.trace = image.Rect(box.Min.X+v.S(140), box.Min.Y+v.S(130), right, box.Min.Y+v.S(206))
		l.hear, l.they = at(24, 154), at(24, 194)
	}
	return l
}

// talking draws the talking call in the upper card.
func (v *view) talking(box image.Rectangle, c *phone.Call, small bool) {
	v.Surface(box, v.RadiusCard, draw.All, v.TalkBg, v.Talk)
	l := v.talkingHalf(box, small)
	who := v.party(c.Remote)
	icon, word, ink := draw.IconHandset, v.Words.Call.Talking, v.Talk
	switch {
	case v.st.Muted:
		icon, word, ink = draw.IconMicOff, v.Words.Call.Muted, v.Hold
	case c.RemoteHeld:
		icon, word, ink = draw.IconPause, v.Words.Call.RemoteHolds, v.Hold
	}
	v.head(&l, who, who.name, v.elapsed(c), v.T1, icon, word, ink)
	st := v.src.Media.Stats(c.ID)
	they := v.Words.Call.TheyHear
	if l.they == (image.Point{}) { // no room for it
		they = ""
	}
	v.trace(&l, v.Words.Call.YouHear, they, &st)
}

func (two) draw(v *view) {
	front, held := v.st.Foreground(), waiting(v.st)
	if front == nil || held == nil {
		return
	}
	v.callStatus(fmt.Sprintf(v.Words.Status.Calls, known(v.st)), v.T1, front.Line)
	a, b := v.halves(220)
	v.talking(a, front, false)
	v.Frame(b, v.RadiusCard, 2, draw.All, v.Hold)
	two{}.held(v, b, held)
	v.Touchable(b, touchPage)
	v.stubs()
}

// held draws the call that waits; several are told by their number.
func (two) held(v *view, box image.Rectangle, c *phone.Call) {
	who := v.party(c.Remote)
	name, word := v.callName(c), v.Words.Call.OnHold
	if confers(c) {
		who.second = v.confNames(c)
	}
	if n := countHeld(v.st); n > 1 {
		who.second, name = name, fmt.Sprintf(v.Words.Call.HeldN, n)
	}
	if why, _ := v.moveFailed(c); why != "" {
		who.second = why
	}
	if c.Move == phone.Transferring {
		word = v.Words.Moves.BeingMoved
	}
	l := v.heldHalf(box)
	v.head(&l, who, name, v.elapsed(c), v.T2, draw.IconPause, word, v.Hold)
	if l.trace.Empty() {
		return
	}
	v.FitText(widget.Regular(v.Type.Note), l.hear.X, l.hear.Y, draw.Start, l.box.Dx()/3, v.Words.Call.TheyWait, v.T2)
	v.DotLine(l.trace.Min.X, l.trace.Max.X, (l.trace.Min.Y+l.trace.Max.Y)/2, v.T3)
}

func (v *view) heldHalf(box image.Rectangle) cardLayout {
	if v.Layout() != theme.Wide {
		l := v.talkingHalf(box, true)
		if v.compact() {
			l.trace = image.Rect(l.trace.Min.X, box.Max.Y-34, l.trace.Max.X, box.Max.Y-24)
		}
		return l
	}
	at := func(x, y int) image.Point { return box.Min.Add(image.Pt(v.S(x), v.S(y))) }
	right := box.Max.X - v.S(24)
	return cardLayout{box: box, inset: v.S(24), avatar: at(56, 48), d: v.S(64), name: at(140, 46), nameSize: v.S(34), second: box.Min.Y + v.S(74),
		secondSize: v.Type.Label, timer: image.Pt(right, box.Min.Y+v.S(50)), timerSize: v.S(44), secure: box.Min.Y + v.S(77),
		hear: at(24, 116), trace: image.Rect(box.Min.X+v.S(140), box.Min.Y+v.S(110), right, box.Min.Y+v.S(118))}
}

func (two) keys(v *view) []key {
	c := v.st.Foreground()
	if c == nil {
		return nil
	}
	w := v.Words.Keys
	keys := []key{{}, v.transferKey(c), {}, v.more(c), v.endKey(c)}
	if h := waiting(v.st); stands(h) && stands(c) {
		keys[0], keys[2] = v.act(w.Swap, widget.Normal, phone.Swap{}), v.joinKey(w.Join, c, h)
	}
	return keys
}

func (two) press(v *view, k hal.Key) bool {
	switch k {
	case hal.OK:
		v.open(v, &heldList{})
	case hal.Down:
		if c := v.st.Foreground(); c != nil {
			v.open(v, &soundPage{call: c.ID})
		}
	default:
		return false
	}
	return true
}

func (two) touch(v *view, _ int) {
	if countHeld(v.st) > 1 {
		v.open(v, &heldList{})
	} else {
		v.do(phone.Swap{})
	}
}

func (second) draw(v *view) {
	front, c := v.st.Foreground(), v.st.First(phone.Ringing)
	if front == nil || c == nil {
		return
	}
	title := v.Words.Status.SecondCall
	if c.Joins != 0 {
		title = v.Words.Watch.WantsIn
	}
	v.callStatus(title, v.Hold, c.Line)
	a, b := v.halves(196)
	v.talking(a, front, true)
	second{}.ringing(v, b, c)
	v.stubs()
}

// ringing draws the call that rings meanwhile; the keys belong to it.
func (second) ringing(v *view, box image.Rectangle, c *phone.Call) {
	v.Round(box, v.RadiusCard, draw.All, v.HoldBg)
	v.Frame(box, v.RadiusCard, 3, draw.All, v.Hold)
	l := v.heldHalf(box)
	if v.Layout() == theme.Wide {
		at := func(x, y int) image.Point { return box.Min.Add(image.Pt(v.S(x), v.S(y))) }
		l.avatar, l.d, l.name, l.nameSize = at(80, 78), v.S(92), at(166, 65), v.S(44)
		l.timerSize = v.S(46)
		l.second, l.secondSize, l.timer, l.secure = box.Min.Y+v.S(100), v.Type.Body, image.Pt(box.Max.X-v.S(24), box.Min.Y+v.S(66)), box.Min.Y+v.S(100)
	}
	who := v.caller(c)
	if v.tall() { // room for the rings
		l.d = 80
	}
	if !v.compact() {
		v.SmallRings(who.kind, l.avatar, l.d, min(v.lit(c), 2), v.Hold)
	}
	if who.contact != nil && who.contact.Organisation != "" {
		who.second = text.Clean(who.contact.Organisation)
	}
	icon, word, _, ink := v.worth(c.Proof)
	if v.compact() && who.known && who.number != who.second {
		if who.second += ", " + who.number; word != "" { // no room for more than what counts
			who.second = who.number
		}
	}
	switch {
	case c.Joins != 0:
		icon, word, ink = draw.IconBell, v.Words.Watch.WantsIn, v.Hold
	case word == "":
		icon, word, ink = draw.IconBell, v.Words.Call.RingingShort, v.Hold
	}
	v.head(&l, who, who.name, v.elapsed(c), v.T1, icon, word, ink)
	if !v.compact() && who.known && who.number != who.second {
		x, y := l.name.X, box.Max.Y-v.S(23)
		if v.tall() {
			x, y = box.Min.X+24, box.Max.Y-32
		}
		v.FitText(widget.Regular(v.Type.Label), x, y, draw.Start, box.Max.X-v.S(24)-x, who.number, v.T2)
	}
}

func (second) keys(v *view) []key { return v.ringKeys(v.Words.Keys.Ignore) }

func (second) press(v *view, k hal.Key) bool {
	if c := v.st.First(phone.Ringing); k == hal.OK && c != nil {
		v.do(phone.Answer{Call: c.ID})
		return true
	}
	return false
}
func (second) touch(*view, int) {}
