package screen

import (
	"fmt"
	"image"
	"slices"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/text"
	"opendeskphone/ui/theme"
	"opendeskphone/ui/widget"
)

// callLog is the list of past calls: one row for each conversation, that in which something happened last first.
type callLog struct {
	list   list
	missed bool // only missed calls
	groups []phone.Conversation
	of     *phone.Record // what groups was made from
	count  int
}

// openLog opens the log; what came in is seen by that.
func (v *view) openLog(missed bool) {
	v.open(v, &callLog{missed: missed})
	if v.st.Unseen != (phone.Unseen{}) {
		v.do(phone.SeeMissed{})
	}
}

// make groups the log, if it changed since the last time.
func (l *callLog) make(v *view) {
	calls := v.src.Log.Calls()
	var head *phone.Record
	if len(calls) > 0 {
		head = &calls[0]
	}
	if head == l.of && len(calls) == l.count && l.groups != nil {
		return
	}
	l.of, l.count = head, len(calls)
	if l.missed {
		calls = slices.DeleteFunc(slices.Clone(calls), func(r phone.Record) bool { return !r.Missed() })
	}
	l.groups = phone.Conversations(calls)
}

func (l *callLog) draw(v *view) {
	l.make(v)
	w := v.Words.Log
	detail := w.All
	if l.missed {
		detail = w.Missed
	}
	y := v.Stage().Min.Y
	room := v.listRoom(y)
	l.list.keep(len(l.groups), room)
	if len(l.groups) > room {
		detail = fmt.Sprintf(v.Words.Status.Place, l.list.focus+1, len(l.groups))
	}
	v.menuStatus(w.Title, detail)
	if len(l.groups) == 0 {
		v.nothing(map[bool]string{true: w.EmptyMissed, false: w.Empty}[l.missed], draw.IconHistory)
		return
	}
	for i := l.list.top; i < min(len(l.groups), l.list.top+room); i++ {
		r := v.rowBox(i-l.list.top, y, true)
		row := v.callRow(&l.groups[i])
		row.Focus = i == l.list.focus
		v.Row(r, &row)
		v.Touchable(r, touchPage+i)
	}
	if v.hasPane() {
		v.callPane(v.paneBox(y), &l.groups[l.list.focus])
	}
}

// nothing says that a list is empty.
func (v *view) nothing(words string, icon draw.Icon) {
	r := v.Stage()
	mid := image.Pt((r.Min.X+r.Max.X)/2, (r.Min.Y+r.Max.Y)/2)
	v.Icon(icon, mid.Sub(image.Pt(0, v.S(40))), v.S(64), v.T3)
	v.FitText(widget.Regular(v.Type.Body), mid.X, mid.Y+v.S(30), draw.Middle, r.Dx(), words, v.T2)
}

// callIcon is the mark of a past call.
func (v *view) callIcon(r *phone.Record) (draw.Icon, theme.RGB) {
	switch o := r.Outcome(); {
	case o == phone.WasMissed:
		return draw.IconCallMissed, v.Hold
	case o == phone.WasElsewhere:
		return draw.IconPhone, v.T2
	case o == phone.WasForwarded:
		return draw.IconForward, v.T2
	case r.PC != "":
		return draw.IconPc, v.Link
	case r.Dir == phone.Incoming:
		return draw.IconCallIn, v.T2
	}
	return draw.IconCallOut, v.T2
}

// callRow puts a conversation into a row. A number that is not what it claims to be is marked, as it was when it rang.
func (v *view) callRow(g *phone.Conversation) widget.Row {
	r := g.Calls[0]
	w := v.Words.Log
	who := v.party(r.Remote)
	row := widget.Row{Title: who.name, Right: text.Clock(r.Began.In(v.now.Location())), RightBelow: v.Words.Day(r.Began, v.now), Heavy: true, Sentences: true}
	row.Icon, row.IconInk = v.callIcon(r)
	n, missed := len(g.Calls), g.Of[phone.WasMissed]
	switch {
	case n > 1 && missed > 0 && missed < n:
		row.Second = fmt.Sprintf(w.CallsMissed, n, missed)
	case n > 1 && g.Talked > 0:
		row.Second = fmt.Sprintf(w.CallsTime, n, spell(g.Talked))
	case n > 1:
		row.Second = fmt.Sprintf(w.Calls, n)
	default:
		row.Second = v.callWords(r)
	}
	if r.Proof.Verdict == phone.NotVerified {
		row.Icon, row.IconInk = draw.IconSuspect, v.Hold
		if n == 1 {
			row.Second = v.Words.Caller.NotVerified
		}
	}
	if number := who.claimed(); number != "" {
		row.Second = number + ", " + row.Second
	}
	return row
}

// callWords says how one call went.
func (v *view) callWords(r *phone.Record) string {
	words, mode := v.outcomeWords(r), v.Words.Log.Modes[r.Mode]
	switch {
	case r.Mode == phone.Voice:
		return words
	case !r.Answered.IsZero():
		return mode + ", " + spell(r.Talked())
	}
	return mode + ", " + words
}

func (v *view) outcomeWords(r *phone.Record) string {
	w := &v.Words.Log
	switch r.Outcome() {
	case phone.WasMissed:
		return fmt.Sprintf(w.MissedRang, max(0, int(r.Ended.Sub(r.Began).Seconds())))
	case phone.WasElsewhere:
		return w.Elsewhere
	case phone.WasForwarded:
		return fmt.Sprintf(w.SentOn, v.party(r.ForwardedTo).name)
	case phone.WasDeclined:
		return w.Declined
	case phone.WasUnanswered:
		return w.NoAnswer
	case phone.HasFailed:
		return w.Failed
	}
	if r.Dir == phone.Incoming {
		return fmt.Sprintf(w.CalledYou, spell(r.Talked()))
	}
	return fmt.Sprintf(w.YouCalled, spell(r.Talked()))
}

// paneHead draws the surface of a pane and the party of a call.
func (v *view) paneHead(box image.Rectangle, r *phone.Record) {
	corners := draw.Left
	if box.Max.X < v.W {
		corners = draw.All
	}
	v.Surface(box, v.RadiusPane(), corners, v.S1, v.Edge)
	who := v.party(r.Remote)
	at := box.Min.Add(image.Pt(v.S(50), v.S(50)))
	v.Avatar(who.kind, who.name, at, v.S(64))
	x, width := box.Min.X+v.S(94), box.Max.X-box.Min.X-v.S(106)
	v.nameText(x, box.Min.Y+v.S(46), width, who.name)
	second := who.number
	if !who.known {
		second = who.second
	}
	v.FitText(widget.Regular(v.Type.Label), x, box.Min.Y+v.S(74), draw.Start, width, second, v.T2)
	v.Hairline(box.Min.X+v.S(24), box.Max.X-v.S(23), box.Min.Y+v.S(98))
}

// callPane shows the calls of a conversation one by one.
func (v *view) callPane(box image.Rectangle, g *phone.Conversation) {
	v.paneHead(box, g.Calls[0])
	pitch := v.S(84)
	for i, r := range g.Calls {
		y := box.Min.Y + v.S(133) + i*pitch
		if y+v.S(26) > box.Max.Y {
			break
		}
		icon, ink := v.callIcon(r)
		v.Icon(icon, image.Pt(box.Min.X+v.S(36), y-v.S(6)), v.S(20), ink)
		v.FitText(widget.Regular(v.Type.Label), box.Min.X+v.S(58), y, draw.Start, box.Dx()-v.S(70), v.callWords(r), v.T1)
		v.FitText(widget.Regular(v.Type.Note), box.Min.X+v.S(58), y+v.R(25), draw.Start, box.Dx()-v.S(70), v.recordWords(r), v.T2)
		if i+1 < len(g.Calls) && y+pitch+v.S(26) <= box.Max.Y {
			v.Fill(widget.Box(box.Min.X+v.S(34), y+v.S(14), 2, v.S(45)), v.Line)
		}
	}
}

// timeOf says when a call was; of one that is not of today, the day too.
func (v *view) timeOf(r *phone.Record) string {
	if t := r.Began.In(v.now.Location()); t.YearDay() == v.now.YearDay() && t.Year() == v.now.Year() {
		return text.Clock(t)
	}
	return v.when(r.Began)
}

func (l *callLog) keys(v *view) []key {
	l.make(v)
	w := v.Words.Keys
	keys := []key{{}, {}, {label: w.Missed, do: func() { l.filter(true) }}, {}, v.backKey()}
	if l.missed {
		keys[2] = key{label: w.All, do: func() { l.filter(false) }}
	}
	if len(l.groups) > 0 {
		l.list.keep(len(l.groups), v.listRoom(v.Stage().Min.Y))
		keys[0] = key{v.callLabel(), widget.Go, func() { l.call(v) }}
		keys[1] = key{label: w.Open, do: func() { l.open(v) }}
	}
	return keys
}

func (l *callLog) filter(missed bool) { *l = callLog{missed: missed} }

func (l *callLog) current() *phone.Conversation {
	if l.list.focus >= 0 && l.list.focus < len(l.groups) {
		return &l.groups[l.list.focus]
	}
	return nil
}

func (l *callLog) call(v *view) {
	if g := l.current(); g != nil {
		v.continueWith(g.Calls[0])
	}
}

// callNumber calls from a menu, or takes the number for the transfer that the menu was opened for. In a call the menu
// closes, so that the call is seen.
func (v *view) callNumber(number string) {
	if number != "" && !v.pick(number) {
		v.do(phone.Dial{Line: v.st.Selected, Number: number})
	}
}

func (l *callLog) open(v *view) {
	if g := l.current(); g != nil {
		v.openConversation(g)
	}
}

func (l *callLog) press(v *view, k hal.Key) bool {
	l.make(v)
	switch {
	case l.list.move(k, len(l.groups), v.listRoom(v.Stage().Min.Y)):
	case k == hal.OK || k == hal.Right:
		l.open(v)
	default:
		return false
	}
	return true
}

func (l *callLog) touch(v *view, what int) {
	if what == l.list.focus {
		l.open(v)
	}
	l.list.focus = what
}
