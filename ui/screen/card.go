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

// cardLayout is where things stand on the card of one call. Points are anchors at baselines.
type cardLayout struct {
	box             image.Rectangle
	avatar          image.Point
	d               int
	name            image.Point
	nameSize        int
	second          int // baseline of the line below the name
	secondSize      int
	timer           image.Point // its right end, or its middle on the tall panel
	timerSize       int
	secure          int // baseline
	hear, they      image.Point
	trace           image.Rectangle // its middle line is the trace's
	hair            int             // 0: none
	foot            int             // baseline of the words below the hairline
	inset           int
	centred, narrow bool
	stopped         bool // the time does not run
}

// fullCard is the card of the only call.
func (v *view) fullCard() cardLayout {
	r := v.beside()
	l := cardLayout{box: r, inset: v.By(24, 14, 24), nameSize: v.Type.Hero * 11 / 13, secondSize: v.Type.Body, timerSize: v.Type.Timer}
	switch v.Layout() {
	case theme.Compact:
		l.inset, l.narrow = 14, true
		l.avatar, l.d, l.name, l.nameSize = image.Pt(58, 72), 56, image.Pt(98, 66), 26
		l.second, l.timer, l.secure = 89, image.Pt(r.Max.X-14, 70), 91
		l.hear, l.they = image.Pt(28, 137), image.Pt(28, 173)
		l.trace = image.Rect(102, 114, r.Max.X-16, 182)
		l.hair, l.foot = 194, 218
	case theme.Tall:
		m := v.W / 2
		l.centred, l.narrow = true, true
		l.avatar, l.d, l.name, l.nameSize = image.Pt(m, 152), v.AvatarCall, image.Pt(m, 272), v.Type.Hero
		l.second, l.timer, l.secure = 312, image.Pt(m, 392), 429
		l.hear, l.they = image.Pt(48, 474), image.Pt(48, 628)
		l.trace = image.Rect(48, 486, 432, 602)
		l.hair, l.foot = 648, 687
	default:
		l.avatar, l.d = r.Min.Add(image.Pt(v.S(72), v.S(68))), v.S(96)
		l.name = r.Min.Add(image.Pt(v.S(140), v.S(56)))
		l.second, l.timer, l.secure = r.Min.Y+v.S(90), image.Pt(r.Max.X-v.S(24), r.Min.Y+v.S(64)), r.Min.Y+v.S(94)
		l.hair, l.foot = r.Max.Y-v.S(72), r.Max.Y-v.S(28)
		mid := (r.Min.Y + v.S(108) + l.hair) / 2
		half := (l.hair - r.Min.Y - v.S(168)) / 2
		l.trace = image.Rect(r.Min.X+v.S(140), mid-half, r.Max.X-v.S(24), mid+half)
		l.hear = image.Pt(r.Min.X+v.S(24), mid-v.S(32))
		l.they = image.Pt(r.Min.X+v.S(24), mid+v.S(46))
	}
	return l
}

// head draws avatar, name and the line below, the time and what is said under it.
func (v *view) head(l *cardLayout, who party, name, elapsed string, timeInk theme.RGB, icon draw.Icon, word string, ink theme.RGB) {
	v.Avatar(who.kind, who.name, l.avatar, l.d)
	style := widget.Timer(l.timerSize)
	if l.stopped {
		style = widget.Figures(l.timerSize)
	}
	align, wordAlign := draw.End, draw.End
	width := l.box.Dx() - 2*l.inset
	if l.centred {
		align, wordAlign = draw.Middle, draw.Middle
	}
	w := v.Text(style, l.timer.X, l.timer.Y, align, elapsed, timeInk)
	v.iconWord(l.timer.X, l.secure, wordAlign, icon, word, ink)
	nameAlign := draw.Middle
	second := width
	if !l.centred {
		nameAlign = draw.Start
		width = l.timer.X - l.name.X
		second = width
		if l.timer.Y-l.timerSize < l.name.Y { // the time stands beside the name
			width -= w + v.S(16)
			second -= v.Width(widget.Semi(v.Type.Label), word) + v.S(40)
		}
	}
	size := l.nameSize
	for size > l.nameSize*3/4 && v.Width(widget.Big(size), name) > width {
		size -= 2
	}
	v.FitText(widget.Big(size), l.name.X, l.name.Y, nameAlign, width, name, v.T1)
	v.FitText(widget.Regular(l.secondSize), l.name.X, l.second, nameAlign, second, who.second, v.T2)
}

// iconWord draws a word of state with its icon on the left of it.
func (v *view) iconWord(x, y int, align draw.Align, icon draw.Icon, word string, ink theme.RGB) {
	if word == "" {
		return
	}
	st := widget.Semi(v.Type.Label)
	w, size := v.Width(st, word), v.By(20, 14, 20)
	gap := size * 2 / 5
	switch align {
	case draw.End:
		x -= w
	case draw.Middle:
		x -= w / 2
		if icon != draw.NoIcon {
			x += (size + gap) / 2
		}
	}
	v.Text(st, x, y, draw.Start, word, ink)
	v.Icon(icon, image.Pt(x-gap-size+size/2, y-v.Type.Label*36/100), size, ink)
}

// trace draws the sound of a call with its words.
func (v *view) trace(l *cardLayout, hear, they string, st *Stats) {
	note := widget.Regular(v.Type.Note)
	width := l.trace.Min.X - l.hear.X
	if width <= 0 { // the words stand above and below the trace
		width = l.trace.Dx()
	}
	for int(note.Size) > v.Type.Note*3/4 && max(v.Width(note, hear), v.Width(note, they)) > width {
		note.Size--
	}
	v.FitText(note, l.hear.X, l.hear.Y, draw.Start, width, hear, v.T2)
	v.FitText(note, l.they.X, l.they.Y, draw.Start, width, they, v.T2)
	mid := (l.trace.Min.Y + l.trace.Max.Y) / 2
	v.Trace(l.trace.Min.X, l.trace.Max.X, mid, l.trace.Dy()/2, st.Trace)
}

// qualityBars takes a call's sound to the five bars: 0 is not known yet.
func qualityBars(st *Stats) int {
	switch {
	case st.Dead:
		return 1
	case st.MOS == 0:
		return 0
	case st.MOS < theme.TraceMOSFair || st.Loss > theme.TraceLostShare:
		return 2
	case st.MOS < theme.TraceMOSGood:
		return 3
	case st.MOS < excellentMOS:
		return 4
	}
	return 5
}

const excellentMOS = 4.2

// steadyBars keeps the class of sound that is shown, so that it does not flicker between two.
type steadyBars struct {
	call        phone.CallID
	shown, next int
	since       time.Time // of next
}

// steadyTime is how long a class must last before it is shown.
const steadyTime = 3 * time.Second

// steady gives the class to show for a call that sounds like bars now. The first class known is shown at once.
func (q *steadyBars) steady(call phone.CallID, bars int, now time.Time) int {
	switch {
	case q.call != call || q.shown == 0:
		*q = steadyBars{call: call, shown: bars, next: bars, since: now}
	case bars != q.next:
		q.next, q.since = bars, now
	case now.Sub(q.since) >= steadyTime:
		q.shown = q.next
	}
	return q.shown
}

// foot is the lower part of a card: a warning where there is one, else how the call sounds.
func (v *view) foot(l *cardLayout, call phone.CallID, st *Stats) {
	r := image.Rectangle{image.Pt(l.box.Min.X, l.hair), l.box.Max}
	bars := v.steady(call, qualityBars(st), v.now)
	switch {
	case v.st.Muted:
		v.footMuted(r)
	case bars == 1 || bars == 2:
		v.footBad(r, bars, st)
	default:
		v.Hairline(r.Min.X+l.inset-1, r.Max.X-l.inset+1, l.hair)
		v.footFacts(l, bars, st)
	}
}

func (v *view) footMuted(r image.Rectangle) {
	v.Round(r, v.RadiusCard, draw.Bottom, v.Hold)
	mid := (r.Min.Y + r.Max.Y) / 2
	x := r.Min.X + v.By(24, 14, 24)
	icon := v.By(32, 22, 32)
	v.Icon(draw.IconMicOff, image.Pt(x+icon/2, mid), icon, v.OnState)
	size := v.By(28, 20, 28)
	x += icon * 3 / 2
	x += v.Text(widget.Semi(size), x, mid+size*36/100, draw.Start, v.Words.Call.Muted, v.OnState)
	right := r.Max.X - v.By(24, 14, 24)
	st := widget.Semi(v.Type.Label)
	if v.Width(st, v.Words.Call.MutedHint) <= right-x-v.S(16) {
		v.Text(st, right, mid+v.Type.Label*36/100, draw.End, v.Words.Call.MutedHint, v.OnState)
	}
}

func (v *view) footBad(r image.Rectangle, bars int, st *Stats) {
	v.Surface(r, v.RadiusCard, draw.Bottom, v.StopBg, v.Stop)
	x := r.Min.X + v.By(24, 14, 24)
	v.Bars(bars, x, r.Max.Y-v.By(22, 8, 18))
	x += v.BarsWidth() + v.S(17)
	width := r.Max.X - v.S(24) - x
	v.FitText(widget.Semi(v.Type.Label), x, r.Min.Y+r.Dy()*31/72, draw.Start, width, v.Words.Call.Quality[bars], v.T1)
	lost := ""
	if st.Loss >= 0.01 {
		lost = fmt.Sprintf(v.Words.Call.Lost, int(st.Loss*100+0.5)) + " "
	}
	note, hint := widget.Regular(v.Type.Note), lost+v.Words.Call.LostHint
	if v.Width(note, hint) > width {
		hint = lost + v.Words.Call.LostShort
	}
	v.FitText(note, x, r.Min.Y+r.Dy()*57/72, draw.Start, width, hint, v.T1)
}

func (v *view) footFacts(l *cardLayout, bars int, st *Stats) {
	x := l.box.Min.X + l.inset
	v.Bars(bars, x, l.foot+v.By(6, 1, 5))
	x += v.BarsWidth() + v.By(17, 11, 17)
	right := l.box.Max.X - l.inset
	size := v.Type.Body
	x += v.FitText(widget.Semi(size), x, l.foot, draw.Start, right-x, v.Words.Call.Quality[bars], v.T1) + v.S(16)
	if st.Codec == "" {
		return
	}
	full := fmt.Sprintf(v.Words.Call.Facts, st.Codec, st.Delay.Milliseconds(), int(st.Loss*100+0.5))
	short := fmt.Sprintf("%s, %d ms", firstWord(st.Codec), st.Delay.Milliseconds())
	least := fmt.Sprintf("%d ms", st.Delay.Milliseconds())
	forms := []string{full, short, least}
	if l.narrow {
		forms = forms[1:]
	}
	for _, s := range forms {
		if v.Width(widget.Regular(v.Type.Label), s) <= right-x {
			v.Text(widget.Regular(v.Type.Label), right, l.foot, draw.End, s, v.T2)
			return
		}
	}
}

func firstWord(s string) string {
	for i := range len(s) {
		if s[i] == ' ' {
			return s[:i]
		}
	}
	return s
}

// elapsed is the time shown for a call.
func (v *view) elapsed(c *phone.Call) string { return text.Duration(v.now.Sub(timerStart(c))) }
