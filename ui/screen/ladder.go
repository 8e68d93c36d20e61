package screen

import (
	"fmt"
	"image"
	"sort"
	"strings"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/sip/trace"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/font"
	"opendeskphone/ui/theme"
	"opendeskphone/ui/widget"
)

// Ladders are what was kept of calls and sign-ins; ok is false where nothing was.
type Ladders interface {
	OfCall(phone.CallID) (l trace.Ladder, ok bool)
	OfRecord(*phone.Record) (l trace.Ladder, ok bool)
	OfAccount(aor string) (l trace.Ladder, ok bool)
}

// ladderPage tells step by step what phone and network said to each other, and what became of the sound.
type ladderPage struct {
	of     func() (trace.Ladder, bool)
	title  string
	detail string
	sound  key // leads to how it sounds; no key where one came from there

	list   list
	ladder trace.Ladder
	steps  []trace.Step
	opened bool
}

// stepsKey opens the page; it is no key if nothing was kept.
func (v *view) stepsKey(of func() (trace.Ladder, bool), title, detail string, sound key) key {
	if _, ok := of(); !ok {
		return key{}
	}
	return key{label: v.Words.Keys.Steps, do: func() {
		v.ended.until = time.Time{}
		v.open(v, &ladderPage{of: of, title: title, detail: detail, sound: sound})
	}}
}

// callSteps opens the page of a call that goes on.
func (v *view) callSteps(c phone.CallID, sound key) key {
	detail := ""
	if c := v.st.Call(c); c != nil {
		detail = v.party(c.Remote).name
	}
	return v.stepsKey(func() (trace.Ladder, bool) { return v.src.Ladders.OfCall(c) }, v.Words.Ladder.Title, detail, sound)
}

// recordSteps opens the page of the first of some past calls of which anything was kept.
func (v *view) recordSteps(calls []*phone.Record, sound key) key {
	for _, r := range calls {
		k := v.stepsKey(func() (trace.Ladder, bool) { return v.src.Ladders.OfRecord(r) }, v.Words.Ladder.Title, v.party(r.Remote).name, sound)
		if k.do != nil {
			return k
		}
	}
	return key{}
}

// lineSteps opens the page of a line's sign-in.
func (v *view) lineSteps(l *phone.Line) key {
	aor := l.AOR
	return v.stepsKey(func() (trace.Ladder, bool) { return v.src.Ladders.OfAccount(aor) }, v.Words.Ladder.Title, fmt.Sprintf(v.Words.Ladder.SignIn, v.lineLabel(l)), key{})
}

// look takes what has come since. At first the last step that failed has the focus: it is what one came for.
func (p *ladderPage) look() {
	l, _ := p.of()
	if p.opened && l.ID == p.ladder.ID && len(l.Entries) == len(p.ladder.Entries) && l.Omitted == p.ladder.Omitted {
		return
	}
	p.ladder, p.steps = l, trace.Explain(&l)
	for i := range p.steps {
		if !p.opened && p.steps[i].Fault() {
			p.list.focus = i
		}
	}
	p.opened = true
}

func (p *ladderPage) draw(v *view) {
	p.look()
	y := v.Stage().Min.Y
	room := v.listRoom(y)
	p.list.keep(len(p.steps), room)
	detail := p.detail
	if len(p.steps) > room {
		detail = fmt.Sprintf(v.Words.Status.Place, p.list.focus+1, len(p.steps)) + ", " + detail
	}
	v.menuStatus(p.title, detail)
	if len(p.steps) == 0 {
		v.nothing(v.Words.Ladder.None, draw.IconLadder)
		return
	}
	for i := p.list.top; i < min(len(p.steps), p.list.top+room); i++ {
		box := v.rowBox(i-p.list.top, y, false)
		row := p.row(v, i)
		row.Focus = i == p.list.focus
		v.Row(box, &row)
		v.Touchable(box, touchPage+i)
	}
}

// row is a step in words: what it means, what to do or what it is called, and when it was.
func (p *ladderPage) row(v *view, i int) widget.Row {
	s := &p.steps[i]
	w := &v.Words.Ladder
	say := &w.Sayings[s.Meaning]
	at := s.At.In(v.now.Location())
	row := widget.Row{Title: say.Of(s.Out), Second: s.Tag, RightBelow: at.Format("15:04:05.00"), Heavy: s.Fault(), Sentences: true}
	row.Icon, row.IconInk = p.icon(v, s)
	switch {
	case s.Again:
		row.Second += "  " + w.Again
	case say.Do != "":
		if row.Second = say.Do; s.Message {
			code, _, _ := strings.Cut(s.Tag, " ")
			row.Second = code + " " + say.Do
		}
		if v.tall() {
			row.RightBelow = ""
		}
	case i == p.omittedAfter():
		row.Second = fmt.Sprintf(w.Left, p.ladder.Omitted)
	}
	return row
}

// omittedAfter is the step after which some are missing; -1 if none is.
func (p *ladderPage) omittedAfter() int {
	switch {
	case p.ladder.Omitted == 0:
		return -1
	case p.ladder.Account != "":
		return 0
	}
	return min(trace.First, len(p.steps)) - 1
}

// icon tells who spoke: an arrow out or in, or that it is about the sound.
func (p *ladderPage) icon(v *view, s *trace.Step) (draw.Icon, theme.RGB) {
	ink := v.T2
	if s.Fault() {
		ink = v.Stop
	}
	switch {
	case s.Sound():
		return draw.IconSound, ink
	case !s.Message:
		return draw.IconWarning, ink
	case s.Out:
		return draw.IconCallOut, ink
	}
	return draw.IconCallIn, ink
}

func (p *ladderPage) keys(v *view) []key {
	p.look()
	keys := []key{{}, p.sound, {}, {}, v.backKey()}
	if s := p.current(); s != nil && s.Message {
		keys[0] = key{label: v.Words.Keys.Details, do: func() { p.open(v) }}
	}
	return keys
}

// current is the step with the focus.
func (p *ladderPage) current() *trace.Step {
	if p.list.focus >= len(p.steps) {
		return nil
	}
	return &p.steps[p.list.focus]
}

// open shows the message of a step.
func (p *ladderPage) open(v *view) {
	if s := p.current(); s != nil && s.Message {
		v.open(v, &messagePage{entry: p.ladder.Entries[s.Entry], title: s.Tag})
	}
}

func (p *ladderPage) press(v *view, k hal.Key) bool {
	p.look()
	if k == hal.OK || k == hal.Right {
		p.open(v)
		return true
	}
	return p.list.move(k, len(p.steps), v.listRoom(v.Stage().Min.Y))
}

func (p *ladderPage) touch(v *view, what int) {
	if what == p.list.focus {
		p.open(v)
	}
	p.list.focus = what
}

// messagePage shows a message as it was on the wire, without its secrets.
type messagePage struct {
	entry trace.Entry
	title string
	top   int
}

func (m *messagePage) draw(v *view) {
	e := &m.entry
	from, to := e.Remote, e.Local
	if e.Out {
		from, to = to, from
	}
	r := v.Stage()
	v.Surface(r, v.RadiusCard, draw.All, v.S1, v.Edge)
	pitch := v.Type.Note * 4 / 3
	inset := v.By(16, 8, 16)
	style, width := widget.Regular(v.Type.Note), r.Dx()-2*inset
	all := v.broken(style, width, fmt.Sprintf("%s > %s, %s", from, to, e.Transport))
	all = append(all, v.broken(style, width, e.Lines()...)...)
	room := max(1, (r.Dy()-2*inset)/pitch)
	m.top = max(0, min(m.top, len(all)-room))
	v.menuStatus(m.title, fmt.Sprintf(v.Words.Status.Place, min(len(all), m.top+room), len(all)))
	box := image.Rect(r.Min.X+inset, r.Min.Y+inset, r.Max.X-inset, r.Max.Y-inset)
	v.Upright(box.Min.X, box.Max.X, func() { // SIP is written from the left
		for i, line := range all[m.top:min(len(all), m.top+room)] {
			v.FitText(style, box.Min.X, box.Min.Y+(i+1)*pitch-pitch/4, draw.Start, width, line, v.T1)
		}
	})
}

// broken breaks lines that are too long for a width, at any letter.
func (v *view) broken(st font.Style, width int, lines ...string) (out []string) {
	for _, line := range lines {
		rest := []rune(strings.ToValidUTF8(line, "."))
		for v.Width(st, string(rest)) > width {
			n := sort.Search(len(rest)-1, func(n int) bool { return v.Width(st, string(rest[:n+2])) > width }) + 1
			out = append(out, string(rest[:n]))
			rest = rest[n:]
		}
		out = append(out, string(rest))
	}
	return out
}

func (m *messagePage) keys(v *view) []key { return []key{{}, {}, {}, {}, v.backKey()} }

func (m *messagePage) press(_ *view, k hal.Key) bool {
	switch k {
	case hal.Down:
		m.top++ // draw holds it within what there is
	case hal.Up:
		m.top = max(0, m.top-1)
	default:
		return false
	}
	return true
}

func (m *messagePage) touch(*view, int) {}
