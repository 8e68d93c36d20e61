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

// home is the screen of a phone at rest: the time, the day, what wants attention, and the lines.
type home struct {
	focus int // the attention row with the focus, -1: none
}

// matter is a row of the home screen that wants attention, and where it leads.
type matter struct {
	row  widget.Row
	open func()
}

// matters lists what wants attention, the most pressing first.
func (h *home) matters(v *view) []matter {
	var out []matter
	for n := range phone.NoticeCount {
		if v.st.Notices[n] != "" {
			f := v.Words.Notices[n]
			out = append(out, matter{widget.Row{Icon: draw.IconWarning, IconInk: v.Stop, Title: f.Head, Second: firstSentence(f.Why)}, func() {
				v.open(v, &faultPage{notice: n})
			}})
		}
	}
	out = append(out, v.ruleMatter()...)
	if v.st.Missed > 0 {
		title := v.Words.Home.Missed1
		if v.st.Missed > 1 {
			title = fmt.Sprintf(v.Words.Home.MissedN, v.st.Missed)
		}
		out = append(out, matter{widget.Row{Icon: draw.IconCallMissed, IconInk: v.Hold, Title: title, Second: h.missedNames(v)}, func() {
			v.openLog(true)
		}})
	}
	if m, ok := h.mail(v); ok {
		out = append(out, m)
	}
	if words := v.taken(); len(words) > 0 {
		out = append(out, matter{widget.Row{Icon: draw.IconHistory, IconInk: v.T2, Title: words[0], Second: strings.Join(words[1:], "")}, func() { v.openLog(false) }})
	}
	return out
}

// taken says how many calls others have answered or were sent on to, since somebody last looked.
func (v *view) taken() (words []string) {
	w := &v.Words.Log
	if n := v.st.Unseen.Elsewhere; n > 0 {
		words = append(words, fmt.Sprintf(w.ElsewhereN, n))
	}
	if n := v.st.Unseen.Forwarded; n > 0 {
		words = append(words, fmt.Sprintf(w.ForwardedN, n))
	}
	return words
}

// firstSentence is what a row has room for.
func firstSentence(s string) string {
	if i := strings.Index(s, ". "); i > 0 {
		return s[:i+1]
	}
	return s
}

// missedNames names who was missed: the newest with its time, and others as far as they fit.
func (h *home) missedNames(v *view) string {
	out, names, width := "", 0, h.rowBox(v, 0).Dx()-v.S(92)
	seen := map[string]bool{}
	for _, r := range v.src.Log.Calls() {
		if names >= v.st.Missed || names >= 4 {
			break
		}
		if !r.Missed() {
			continue
		}
		names++
		p := v.party(r.Remote)
		who := p.surely()
		if seen[who] {
			continue
		}
		seen[who] = true
		next := who
		if out == "" {
			next = who + " " + text.Clock(r.Began.In(v.now.Location()))
		} else {
			next = out + ", " + who
		}
		if out != "" && v.Scene != nil && v.Width(widget.Regular(v.Type.Note), next) > width {
			return out + ", " + fmt.Sprintf(v.Words.Home.More, v.st.Missed-len(seen)+1)
		}
		out = next
	}
	return out
}

// failing gives the line whose failure the screen is about: the selected one before others.
func (h *home) failing(v *view) *phone.Line {
	if l := v.st.Line(v.st.Selected); l != nil && l.State == phone.LineFailing {
		return l
	}
	for i := range v.st.Lines {
		if v.st.Lines[i].State == phone.LineFailing {
			return &v.st.Lines[i]
		}
	}
	return nil
}

// content is the room left of the tiles.
func (h *home) content(v *view) image.Rectangle {
	r := v.Stage()
	switch v.Layout() {
	case theme.Wide:
		r.Max.X = v.W - v.TileW - v.S(32)
	case theme.Compact:
		r.Max.X = v.W - v.TileW - v.Margin
	}
	return r
}

// rowBox is the place of the i-th attention row.
func (h *home) rowBox(v *view, i int) image.Rectangle {
	r := h.content(v)
	switch v.Layout() {
	case theme.Compact:
		return widget.Box(r.Min.X, 138+i*48, r.Dx(), 42)
	case theme.Tall:
		return widget.Box(r.Min.X, 362+i*84, r.Dx(), 76)
	}
	return widget.Box(r.Min.X, v.Stage().Max.Y-v.R(60)*(2-i)-v.S(8)*(1-i), r.Dx(), v.R(60))
}

func (h *home) draw(v *view) {
	v.tiles()
	h.status(v)
	r := h.content(v)
	v.Move(r.Min.X, r.Max.X)
	line := h.failing(v)
	matters := h.matters(v)
	room := 2
	switch {
	case line != nil:
		h.clockSmall(v)
		h.card(v, v.fault(line))
		room = 1
	case len(v.st.Lines) == 0:
		h.clockSmall(v)
		h.card(v, faultCard{head: v.Words.Home.NoLineHead, why: v.Words.Home.NoLineWhy, button: v.Words.Keys.SignIn.Long})
		room = 1
	default:
		h.clock(v)
		h.day(v)
	}
	if (v.compact() || v.LargeText) && room == 1 { // the card takes all
		room = 0
	}
	for i := range min(room, len(matters)) {
		slot := i + 2 - room
		r := h.rowBox(v, slot)
		m := matters[i]
		m.row.Focus = h.focus == i
		v.Attention(r, &m.row)
		v.Touchable(r, touchPage+i)
	}
}

// status tells who this phone belongs to and whether it can call.
func (h *home) status(v *view) {
	s := widget.Status{Mark: widget.Offline, Items: v.networkItems(true)}
	l := v.st.Line(v.st.Selected)
	if l == nil {
		s.Title = v.Words.Status.NoLine
	} else {
		if s.Title = text.Clean(l.Display); s.Title == "" {
			s.Title = v.lineName(l.ID)
		}
		switch l.State {
		case phone.LineRegistered:
			s.Mark, s.Detail = widget.Available, v.Words.Status.Ready
			if own := v.st.Published().Presence; own != phone.PresenceUnknown {
				s.Mark, s.Detail = markOf(own), v.Words.Watch.Presences[own]
			}
			if v.st.Undisturbed() {
				s.Mark, s.Detail = widget.DoNotDisturb, v.Words.Rules.DND
			}
		case phone.LineRegistering:
			s.Detail = v.Words.Status.SigningIn
		default:
			s.Detail = v.Words.Status.NotSignedIn
		}
	}
	switch pc := (widget.StatusItem{Icon: draw.IconPc, Ink: v.Link}); {
	case v.st.PCCall.Streams():
		pc.Word = v.Words.PC.Audio
		fallthrough
	case v.st.PC.Attached:
		s.Items = append([]widget.StatusItem{pc}, s.Items...)
	}
	v.StatusBar(&s)
}

func (h *home) clock(v *view) {
	st := widget.Big(v.Type.Clock)
	st.Track = int16(-(v.Type.Clock + 17) / 34)
	r := h.content(v)
	date := v.Words.Date(v.Words, v.now)
	head := widget.Regular(v.Type.Head)
	switch v.Layout() {
	case theme.Compact:
		v.Text(st, r.Min.X-1, 94, draw.Start, text.Clock(v.now), v.T1)
		v.Text(widget.Regular(v.Type.Body), r.Min.X+1, 120, draw.Start, date, v.T2)
	case theme.Tall:
		v.Text(st, v.W/2, 196, draw.Middle, text.Clock(v.now), v.T1)
		v.Text(head, v.W/2, 244, draw.Middle, date, v.T2)
	default:
		v.Text(st, r.Min.X-v.S(7), v.Stage().Min.Y+v.S(101), draw.Start, text.Clock(v.now), v.T1)
		v.Text(head, r.Min.X+1, v.Stage().Min.Y+v.S(146), draw.Start, date, v.T2)
	}
}

// clockSmall leaves the room to a card.
func (h *home) clockSmall(v *view) {
	r := h.content(v)
	size := v.By(84, 55, 84)
	st := widget.Big(size)
	st.Track = int16(-size / 30)
	y := v.Stage().Min.Y + v.By(64, 42, 72)
	w := v.Text(st, r.Min.X-v.S(2), y, draw.Start, text.Clock(v.now), v.T1)
	x := r.Min.X + w + v.S(36)
	if v.compact() {
		return
	}
	body := widget.Regular(v.Type.Body)
	v.FitText(body, x, y-v.S(30), draw.Start, r.Max.X-x, v.Words.Weekdays[v.now.Weekday()], v.T2)
	v.FitText(body, x, y-v.S(2), draw.Start, r.Max.X-x, v.Words.DayMonth(v.Words, v.now), v.T2)
}

// day draws the calls of today as a row of bars.
func (h *home) day(v *view) {
	if v.compact() || v.LargeText {
		return
	}
	d := widget.Day{Now: -1}
	slot := func(hour, minute int) int { return (hour-widget.DayStart)*6 + minute/10 }
	d.Now = slot(v.now.Hour(), v.now.Minute())
	if v.now.Hour() < widget.DayStart {
		d.Now = -1
	}
	y, m, dd := v.now.Date()
	for _, r := range v.src.Log.Calls() {
		t := r.Began.In(v.now.Location())
		if ry, rm, rd := t.Date(); ry != y || rm != m || rd != dd {
			break
		}
		i := slot(t.Hour(), t.Minute())
		if i < 0 || i >= widget.DaySlots || t.Hour() < widget.DayStart {
			continue
		}
		switch {
		case r.Missed():
			d.Missed[i] = true
		case !r.Answered.IsZero():
			d.Talked[i] += max(1, int(r.Ended.Sub(r.Answered).Minutes()))
		}
	}
	r := h.content(v)
	foot := v.Stage().Min.Y + v.S(192)
	if v.tall() {
		foot = 318
	}
	if v.tall() {
		v.DayLine(r.Min.X, r.Max.X, foot, &d)
	} else {
		v.DayLine(r.Min.X+2, r.Max.X+4, foot, &d)
	}
}

// faultCard is the red card that takes the place of the day.
type faultCard struct{ head, why, stay, button string }

// fault puts the failure of a line into words.
func (v *view) fault(l *phone.Line) faultCard {
	f := v.Words.LineCards[l.Fault]
	label := v.lineLabel(l)
	c := faultCard{head: fill(f.Head, label), why: f.Why, stay: fmt.Sprintf(v.Words.Home.Stay, label), button: v.Words.Keys.Details.Long}
	if l.Fault == phone.WrongPassword {
		c.button = v.Words.Keys.EnterPassword.Long
	}
	return c
}

func (v *view) lineLabel(l *phone.Line) string {
	if s := text.Clean(l.Label); s != "" {
		return s
	}
	return text.Clean(l.AOR)
}

func (h *home) card(v *view, c faultCard) {
	r := h.content(v)
	r.Min.Y = v.Stage().Min.Y + v.S(84)
	r.Max.Y = h.rowBox(v, 1).Min.Y - v.S(12)
	if v.LargeText {
		r.Max.Y = v.Stage().Max.Y
	}
	if v.compact() {
		r.Min.Y, r.Max.Y = v.Stage().Min.Y+56, v.Stage().Max.Y
	}
	v.Surface(r, v.RadiusPane(), draw.All, v.StopBg, v.Stop)
	x, width := r.Min.X+v.S(72), r.Dx()-v.S(96)
	y := r.Min.Y + v.S(58)
	if v.compact() {
		x, y, width = r.Min.X+44, r.Min.Y+28, r.Dx()-56
	}
	v.Icon(draw.IconWarning, image.Pt(r.Min.X+v.S(38), y-v.S(10)), v.S(36), v.Stop)
	head := widget.Big(v.headline(c.head, width, v.S(30)))
	v.FitText(head, x, y, draw.Start, width, c.head, v.T1)
	body := widget.Regular(v.Type.Label)
	leading := v.Type.Label * 7 / 5
	button := widget.Box(x, r.Max.Y-v.S(66), v.Width(widget.Semi(v.Type.Label), c.button)+v.By(98, 40, 98), v.S(46))
	rows := (button.Min.Y - v.S(8) - y - v.S(36) + leading) / leading
	words := strings.TrimSpace(c.why + " " + c.stay)
	for _, less := range []string{c.why, firstSentence(c.why)} { // what does not fit is one key away
		if !v.Fits(body, width, rows, words) {
			words = less
		}
	}
	v.Paragraph(body, x, y+v.S(36), width, leading, rows, words, v.T1)
	fillInk, ink := v.Stop, v.OnState
	if h.focus == cardFocus {
		fillInk, ink = v.Focus, v.OnFocus
	}
	v.Round(button, button.Dy()/2, draw.All, fillInk)
	v.Text(widget.Semi(v.Type.Label), (button.Min.X+button.Max.X)/2, button.Min.Y+v.S(30), draw.Middle, c.button, ink)
	if room := r.Max.X - button.Max.X - v.S(28); v.Width(body, v.Words.Home.OrOK) <= room {
		v.Text(body, button.Max.X+v.S(20), button.Min.Y+v.S(30), draw.Start, v.Words.Home.OrOK, v.T2)
	}
	v.Touchable(button, touchPage+cardTouch)
}

// headline gives the largest size not above most at which s fits.
func (v *view) headline(s string, width, most int) int {
	for size := most; size > most/2; size -= 2 {
		if v.Width(widget.Big(size), s) <= width {
			return size
		}
	}
	return most / 2
}

const (
	cardFocus = -2 // focus of the card's button
	cardTouch = 50
)

// cure opens what the red card offers.
func (h *home) cure(v *view) {
	l := h.failing(v)
	switch {
	case l == nil && len(v.st.Lines) == 0:
		v.open(v, newSettings(v, 0, 0))
	case l == nil:
	case l.Fault == phone.WrongPassword:
		v.open(v, passwordEntry(v, l.ID))
	default:
		v.open(v, &faultPage{line: l.ID, fault: true})
	}
}

func (h *home) keys(v *view) []key {
	w := v.Words.Keys
	keys := []key{
		{label: w.NewCall, do: func() { v.do(phone.Dial{Line: v.st.Selected}) }},
		{label: w.Calls, do: func() { v.openLog(false) }},
		{label: w.Contacts, do: func() { v.open(v, &contacts{}) }},
		{},
		{label: w.Settings, do: func() { v.open(v, newSettings(v, sectionLines, 0)) }},
	}
	if number := lastDialled(v); number != "" {
		keys[3] = key{label: w.Redial, do: func() { v.do(phone.Dial{Line: v.st.Selected, Number: number}) }}
	}
	if v.hasMailbox() {
		keys[3] = key{label: w.Voicemail, do: v.openMailbox}
	}
	if len(v.st.Lines) == 0 {
		keys[0] = key{}
	}
	return keys
}

// lastDialled is the number of the newest call we made.
func lastDialled(v *view) string {
	for _, r := range v.src.Log.Calls() {
		if r.Dir == phone.Outgoing && r.Remote.Number != "" {
			return r.Remote.Number
		}
	}
	return ""
}

func (h *home) press(v *view, k hal.Key) bool {
	last := len(h.matters(v)) - 1
	card := h.failing(v) != nil || len(v.st.Lines) == 0
	switch {
	case k.Digit() != 0 && len(v.st.Lines) > 0:
		v.do(phone.Dial{Line: v.st.Selected})
		v.do(phone.Digit{Digit: k.Digit()})
	case k == hal.Mute && v.st.First(phone.Ringing) == nil && !v.st.PCCall.Active && !v.st.PCCall.Records && !v.st.PCCall.Ringing:
		v.toggleDND()
	case k == hal.Down && card && h.focus == -1:
		h.focus = cardFocus
	case k == hal.Down:
		h.focus = min(max(h.focus, -1)+1, last)
	case k == hal.Up && h.focus > 0:
		h.focus--
	case k == hal.Up && card && h.focus == 0:
		h.focus = cardFocus
	case k == hal.Up:
		h.focus = -1
	case k == hal.OK && h.focus >= 0 && h.focus <= last:
		h.matters(v)[h.focus].open()
	case k == hal.OK && card:
		h.cure(v)
	default:
		return false
	}
	return true
}

func (h *home) touch(v *view, what int) {
	h.focus = -1
	if m := h.matters(v); what < len(m) {
		m[what].open()
	} else if what == cardTouch {
		h.cure(v)
	}
}
