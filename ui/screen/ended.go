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

// endedCall remembers the call that ended last, for the moment it stays on the screen.
type endedCall struct {
	call  phone.Call
	cause phone.Cause
	at    time.Time
	until time.Time
}

// note keeps a call that was talked and has ended.
func (e *endedCall) note(c phone.Call, cause phone.Cause, now time.Time) {
	if c.Answered.IsZero() { // answered and ended between two looks
		c.Answered = now
	}
	*e = endedCall{call: c, cause: cause, at: now, until: now.Add(theme.UndoEnd)}
}

// undoable tells whether it was us who hung up, which may have been a mistake. The other side was told at once, so undoing
// it calls them back, as the same conversation.
func (e *endedCall) undoable() bool {
	return e.cause == phone.LocalHangup && callBack(e.call.Remote) != ""
}

func (e *endedCall) shows(now time.Time) bool { return now.Before(e.until) }

// ended is the screen of a call that has just ended.
type ended struct{}

func (ended) draw(v *view) {
	e := &v.ended
	v.StatusBar(&widget.Status{Title: v.Words.Status.Ended, Detail: v.lineName(e.call.Line), Clock: text.Clock(v.now), Items: v.networkItems(true)})
	l := v.fullCard()
	l.stopped = true
	bar := image.Rect(l.box.Min.X, l.box.Max.Y-v.S(52), l.box.Max.X, l.box.Max.Y)
	l.box.Max.Y = bar.Min.Y - v.S(12)
	if v.compact() {
		bar.Min.Y = bar.Max.Y - 32
		l.box.Max.Y = bar.Min.Y - 6
	}
	v.Surface(l.box, v.RadiusCard, draw.All, v.S1, v.Edge)
	who := v.party(e.call.Remote)
	word := v.Words.Call.TheyEnded
	switch e.cause {
	case phone.LocalHangup:
		word = v.Words.Call.YouEnded
	case phone.RemoteHangup:
	case phone.HandedOver:
		word = v.Words.Moves.HandedOver
	default:
		word = v.Words.Call.ConnectionLost
	}
	v.headEnded(&l, who, text.Duration(e.at.Sub(e.call.Answered)), word)
	st := v.src.Media.Stats(e.call.ID)
	if !v.compact() {
		if v.Layout() == theme.Wide {
			mid := (l.box.Min.Y + v.S(108) + l.box.Max.Y - v.S(28)) / 2
			half := (l.box.Dy() - v.S(188)) / 2
			l.trace.Min.Y, l.trace.Max.Y = mid-half, mid+half
			l.hear.Y, l.they.Y = mid-v.S(24), mid+v.S(36)
		} else {
			l.trace.Max.Y, l.they.Y = l.box.Max.Y-76, l.box.Max.Y-54
		}
		v.trace(&l, v.Words.Call.YouHeard, v.Words.Call.TheyHeard, &st)
	}
	bars := qualityBars(&st)
	x := l.trace.Min.X
	if v.compact() {
		x = l.name.X
	}
	y := l.box.Max.Y - v.S(16)
	v.Bars(bars, x, y)
	v.FitText(widget.Semi(v.Type.Label), x+v.BarsWidth()+v.S(15), y-v.S(4), draw.Start, l.box.Max.X-l.inset-x-v.S(56), v.Words.Call.Throughout[bars], v.T1)
	ended{}.bar(v, bar)
	v.stubs()
}

// headEnded is head with a quieter time and the word of who ended it.
func (v *view) headEnded(l *cardLayout, who party, time, word string) {
	v.head(l, who, who.name, time, v.T2, draw.NoIcon, "", v.T2)
	align := draw.End
	if l.centred {
		align = draw.Middle
	}
	room := l.box.Dx() - 2*l.inset
	if !l.centred {
		room = l.timer.X - l.name.X - v.Width(widget.Regular(l.secondSize), who.second) - v.S(16)
	}
	st := widget.Regular(v.Type.Label)
	for int(st.Size) > v.Type.Label*3/4 && v.Width(st, word) > room {
		st.Size--
	}
	v.FitText(st, l.timer.X, l.secure, align, room, word, v.T2)
}

// bar runs out until the home screen comes back.
func (ended) bar(v *view, r image.Rectangle) {
	v.Round(r, v.SoftRadius, draw.All, v.Focus)
	left := v.ended.until.Sub(v.now)
	track := widget.Box(r.Max.X-v.S(24)-v.S(120), (r.Min.Y+r.Max.Y)/2-v.S(3), v.S(120), v.S(6))
	v.Round(track, track.Dy()/2, draw.All, v.T3)
	full := track
	full.Max.X = full.Min.X + int(int64(track.Dx())*int64(max(0, left))/int64(theme.UndoEnd))
	v.Round(full, full.Dy()/2, draw.All, v.OnFocus)
	words := fmt.Sprintf(v.Words.Call.ClosesIn, int((left+time.Second-1)/time.Second))
	if v.ended.undoable() {
		words = fmt.Sprintf(v.Words.Call.ByMistake, v.party(v.ended.call.Remote).first)
		if room := track.Min.X - r.Min.X - v.S(48); v.Width(widget.Semi(v.Type.Label), words) > room {
			words = v.Words.Call.ByMistakeShort
		}
	}
	v.FitText(widget.Semi(v.Type.Label), r.Min.X+v.S(24), (r.Min.Y+r.Max.Y)/2+v.Type.Label*36/100, draw.Start, track.Min.X-r.Min.X-v.S(48), words, v.OnFocus)
}

func (ended) keys(v *view) []key {
	e := &v.ended
	w := v.Words.Keys
	again := key{}
	if n := callBack(e.call.Remote); n != "" {
		label := w.CallAgain
		if e.undoable() {
			label = w.Undo
		}
		again = v.act(label, widget.Go, phone.Dial{Line: e.call.Line, Number: n, Conversation: e.call.Conversation})
	}
	return []key{again, {}, v.soundKey(v.logged(e.call.ID)), v.callSteps(e.call.ID, key{}), {label: w.Done, do: func() { e.until = time.Time{} }}}
}

// logged gives the call that has just ended as the log has it: the newest of its number.
func (v *view) logged(id phone.CallID) []*phone.Record {
	all := v.src.Log.Calls()
	for i := range all {
		if r := &all[i]; r.Call == id && r.PC == "" {
			return []*phone.Record{r}
		}
	}
	return nil
}

// callBack is what to dial to reach a party again.
func callBack(p phone.Peer) string {
	if p.URI != "" {
		return p.URI
	}
	return p.Number
}

func (ended) press(v *view, k hal.Key) bool {
	if k.Digit() != 0 || k == hal.OK {
		v.ended.until = time.Time{}
	}
	if k.Digit() != 0 {
		v.do(phone.Dial{Line: v.st.Selected})
		v.do(phone.Digit{Digit: k.Digit()})
	}
	return k.Digit() != 0 || k == hal.OK
}
func (ended) touch(*view, int) {}

// failed is the screen of a call that did not come about.
type failed struct{}

func (failed) draw(v *view) {
	c := v.st.Foreground()
	if c == nil {
		return
	}
	v.callStatus(v.Words.Status.NotConnected, v.Stop, c.Line)
	l := v.fullCard()
	r := l.box
	v.Surface(r, v.RadiusCard, draw.All, v.StopBg, v.Stop)
	who := v.party(c.Remote)
	words, ok := v.Words.Causes[c.Cause]
	if !ok {
		words = v.Words.Causes[phone.NoCause]
	}
	v.Avatar(who.kind, who.name, l.avatar, l.d)
	align, x, width := draw.Start, l.name.X, r.Max.X-l.inset-l.name.X
	if l.centred {
		align, width = draw.Middle, r.Dx()-2*l.inset
	}
	head := fill(words.Head, who.first)
	size := v.headline(head, width, l.nameSize)
	v.FitText(widget.Big(size), x, l.name.Y, align, width, head, v.T1)
	second := who.name
	of := v.st.Call(c.ConsultOf)
	if of != nil {
		second = fmt.Sprintf(v.Words.Moves.BackKey, v.party(of.Remote).first)
	} else if who.known && who.number != "" {
		second += ", " + who.number
	}
	v.FitText(widget.Regular(l.secondSize), x, l.second, align, width, second, v.T2)
	failed{}.reasons(v, c, &l, words)
	v.stubs()
}

// reasons says why and what to do next.
func (failed) reasons(v *view, c *phone.Call, l *cardLayout, words text.Cause) {
	r := l.box
	y := l.second + v.S(50)
	if !v.compact() {
		v.Hairline(r.Min.X+l.inset-1, r.Max.X-l.inset+1, y)
		y += v.S(46)
	} else {
		y = l.second + 34
	}
	x := r.Min.X + l.inset
	width := r.Max.X - l.inset - x - v.S(44)
	reason := text.Clean(c.Reason)
	for i, row := range []struct {
		icon       draw.Icon
		head, note string
	}{{draw.IconWarning, words.Why, reason}, {draw.IconCallOut, words.Next, ""}} {
		at := y + i*v.S(90)
		if reason == "" {
			at = y + i*v.S(56)
		}
		v.Icon(row.icon, image.Pt(x+v.S(12), at-v.S(8)), v.S(26), v.T1)
		st := widget.Semi(v.Type.Body)
		for v.Width(st, row.head) > width && int(st.Size) > v.Type.Micro*7/8 {
			st.Size--
		}
		v.FitText(st, x+v.S(44), at, draw.Start, width, row.head, v.T1)
		v.FitText(widget.Regular(v.Type.Label), x+v.S(44), at+v.S(31), draw.Start, width, row.note, v.T2)
	}
	left := int((theme.FailedCall - v.now.Sub(c.Since) + time.Second - 1) / time.Second)
	if left > 0 {
		v.Text(widget.Regular(v.Type.Note), r.Max.X-l.inset, r.Max.Y-v.S(20), draw.End, fmt.Sprintf(v.Words.Call.ClosesIn, left), v.T2)
	}
}

func (failed) keys(v *view) []key {
	c := v.st.Foreground()
	if c == nil {
		return nil
	}
	w := v.Words.Keys
	again := key{}
	if c.ConsultOf != 0 {
		if of := v.st.Call(c.ConsultOf); stands(of) {
			return []key{again, {}, {}, {}, v.act(w.BackTo, widget.Normal, phone.Reconnect{Call: of.ID, Consult: c.ID})}
		}
	}
	if n := callBack(c.Remote); n != "" && c.Cause != phone.NotFound {
		again = key{w.CallAgain, widget.Go, func() { v.do(phone.Dial{Line: c.Line, Number: n}) }}
	}
	return []key{again, {}, {}, {}, v.act(w.Back, widget.Normal, phone.Hangup{Call: c.ID})}
}

func (failed) press(v *view, k hal.Key) bool {
	if k.Digit() == 0 {
		return false
	}
	v.do(phone.Dial{Line: v.st.Selected})
	v.do(phone.Digit{Digit: k.Digit()})
	return true
}
func (failed) touch(*view, int) {}

// fill puts a name into a sentence that may have a place for one.
func fill(format, name string) string {
	for i := 0; i+1 < len(format); i++ {
		if format[i] == '%' && format[i+1] == 's' {
			return format[:i] + name + format[i+2:]
		}
	}
	return format
}
