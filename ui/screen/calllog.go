package screen

import (
	"fmt"
	"image"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/text"
	"opendeskphone/ui/theme"
	"opendeskphone/ui/widget"
)

// callLog is the list of past calls: one row for each party and day, the newest first.
type callLog struct {
	list   list
	missed bool // only missed calls
	groups []callGroup
	of     *phone.Record // what groups was made from
	count  int
	day    int
}

// openLog opens the log; the missed calls are seen by that.
func (v *view) openLog(missed bool) {
	v.open(v, &callLog{missed: missed})
	if v.st.Missed > 0 {
		v.do(phone.SeeMissed{})
	}
}

// callGroup is the calls with one party on one day, newest first.
type callGroup struct {
	records []phone.Record
	missed  int
	talked  time.Duration
}

// newest gives the call the row speaks of.
func (g *callGroup) newest() *phone.Record { return &g.records[0] }

// make groups the log, if it changed since the last time.
func (l *callLog) make(v *view) {
	calls := v.src.Log.Calls()
	var head *phone.Record
	if len(calls) > 0 {
		head = &calls[0]
	}
	if head == l.of && len(calls) == l.count && v.now.YearDay() == l.day && l.groups != nil {
		return
	}
	l.of, l.count, l.day, l.groups = head, len(calls), v.now.YearDay(), []callGroup{}
	index := map[string]int{}
	for _, r := range calls {
		if l.missed && !r.Missed() {
			continue
		}
		id := plain(r.Remote.Number, &v.st.Config) + r.Began.In(v.now.Location()).Format(" 2006-01-02")
		i, ok := index[id]
		if !ok {
			i = len(l.groups)
			index[id] = i
			l.groups = append(l.groups, callGroup{})
		}
		g := &l.groups[i]
		g.records = append(g.records, r)
		g.talked += talked(&r)
		if r.Missed() {
			g.missed++
		}
	}
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
	switch {
	case r.Missed():
		return draw.IconCallMissed, v.Hold
	case r.Dir == phone.Incoming:
		return draw.IconCallIn, v.T2
	}
	return draw.IconCallOut, v.T2
}

// callRow puts a group into a row.
func (v *view) callRow(g *callGroup) widget.Row {
	r := g.newest()
	w := v.Words.Log
	row := widget.Row{Title: v.party(r.Remote).name, Right: text.Clock(r.Began.In(v.now.Location())), RightBelow: v.Words.Day(r.Began, v.now), Heavy: true}
	row.Icon, row.IconInk = v.callIcon(r)
	n := len(g.records)
	switch {
	case n > 1 && g.missed > 0 && g.missed < n:
		row.Second = fmt.Sprintf(w.CallsMissed, n, g.missed)
	case n > 1 && g.talked > 0:
		row.Second = fmt.Sprintf(w.CallsTime, n, spell(g.talked))
	case n > 1:
		row.Second = fmt.Sprintf(w.Calls, n)
	default:
		row.Second = v.callWords(r)
	}
	return row
}

// callWords says how one call went.
func (v *view) callWords(r *phone.Record) string {
	w := v.Words.Log
	switch {
	case r.Missed():
		return fmt.Sprintf(w.MissedRang, int(r.Ended.Sub(r.Began).Seconds()))
	case r.Answered.IsZero() && r.Dir == phone.Incoming:
		return w.Declined
	case r.Answered.IsZero() && (r.Cause == phone.LocalHangup || r.Cause == phone.NoAnswer):
		return w.NoAnswer
	case r.Answered.IsZero():
		return w.Failed
	case r.Dir == phone.Incoming:
		return fmt.Sprintf(w.CalledYou, spell(talked(r)))
	}
	return fmt.Sprintf(w.YouCalled, spell(talked(r)))
}

// callPane shows the calls of a group one by one.
func (v *view) callPane(box image.Rectangle, g *callGroup) {
	corners := draw.Left
	if box.Max.X < v.W {
		corners = draw.All
	}
	v.Surface(box, v.RadiusPane(), corners, v.S1, v.Edge)
	who := v.party(g.newest().Remote)
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
	pitch := v.S(84)
	for i := range g.records {
		y := box.Min.Y + v.S(133) + i*pitch
		if y+v.S(26) > box.Max.Y {
			break
		}
		r := &g.records[i]
		icon, ink := v.callIcon(r)
		v.Icon(icon, image.Pt(box.Min.X+v.S(36), y-v.S(6)), v.S(20), ink)
		v.FitText(widget.Regular(v.Type.Label), box.Min.X+v.S(58), y, draw.Start, box.Dx()-v.S(70), v.callWords(r), v.T1)
		v.FitText(widget.Regular(v.Type.Note), box.Min.X+v.S(58), y+v.R(25), draw.Start, box.Dx()-v.S(70), v.timeOf(r), v.T2)
		if i+1 < len(g.records) && y+pitch+v.S(26) <= box.Max.Y {
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

func (l *callLog) current() *callGroup {
	if l.list.focus >= 0 && l.list.focus < len(l.groups) {
		return &l.groups[l.list.focus]
	}
	return nil
}

func (l *callLog) call(v *view) {
	if g := l.current(); g != nil {
		v.callNumber(callBack(g.newest().Remote))
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
		v.open(v, &logDetail{group: *g})
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

// logDetail is the page of one row of the log: its calls, and what can be done with the party.
type logDetail struct{ group callGroup }

func (d *logDetail) draw(v *view) {
	v.menuStatus(v.Words.Log.Title, v.party(d.group.newest().Remote).name)
	box := v.Stage()
	v.callPane(box, &d.group)
}

func (d *logDetail) keys(v *view) []key {
	w := v.Words.Keys
	r := d.group.newest()
	number := callBack(r.Remote)
	keys := []key{{v.callLabel(), widget.Go, func() { v.callNumber(number) }}, {}, {}, {}, v.backKey()}
	if number == "" {
		keys[0] = key{}
	}
	keys[1] = v.soundKey(d.group.records)
	steps := 3
	if keys[1].do == nil {
		steps = 1
	}
	keys[steps] = v.recordSteps(d.group.records, keys[1])
	if who := v.party(r.Remote); who.contact == nil && number != "" {
		name := ""
		if who.known {
			name = who.name
		}
		keys[2] = key{label: w.Add, do: func() { v.open(v, newContactEntry(v, name, r.Remote.Number)) }}
	}
	return keys
}

func (d *logDetail) press(v *view, k hal.Key) bool {
	switch k {
	case hal.OK:
		v.callNumber(callBack(d.group.newest().Remote))
	case hal.Left:
		v.back()
	default:
		return false
	}
	return true
}
func (d *logDetail) touch(*view, int) {}
