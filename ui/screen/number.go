package screen

import (
	"fmt"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/text"
	"opendeskphone/ui/widget"
)

// numberPage tells step by step what becomes of a number: which rule made of it what is called.
type numberPage struct {
	number string
	list   list
}

// newNumberPage opens the page at its end, which is what is called.
func newNumberPage(v *view, number string) *numberPage {
	p := &numberPage{number: number}
	p.list.focus = len(p.rows(v)) - 1
	return p
}

// numberRows are the settings of numbers: the location in force, and the way to what becomes of a number.
func (v *view) numberRows() []settingRow {
	w := &v.Words.Numbers
	var out []settingRow
	if names := v.src.Settings.Locations(); len(names) > 0 {
		now := v.location()
		value := text.Clean(now)
		if now == "" {
			value = w.None
		}
		out = append(out, settingRow{name: w.Location, value: value, step: func(by int) {
			v.change(func(o *Options) { o.Location = step(names, now, by) })
		}})
	}
	return append(out, settingRow{name: w.Ask, open: func() {
		v.open(v, &textEntry{title: v.Words.People.Number, owner: w.Ask, figures: true, action: v.Words.Keys.Next,
			done: func(v *view, number string) { v.open(v, newNumberPage(v, number)) }})
	}})
}

// location names the profile in force; empty: none.
func (v *view) location() string {
	if p := v.st.Config.Profile; p != nil {
		return p.Name
	}
	return ""
}

func (p *numberPage) rows(v *view) []widget.Row {
	w := &v.Words.Numbers
	n, steps, err := v.st.Config.Explain(p.number)
	var rows []widget.Row
	for _, s := range steps {
		row := widget.Row{Icon: draw.IconArrow, Title: text.Clean(v.Words.Step(s)), Second: text.Clean(s.From), Sentences: true}
		switch s.Kind {
		case phone.StepMatched:
			row.IconInk, row.Heavy = v.Talk, true
		case phone.StepWrong:
			row.Icon, row.IconInk, row.Heavy = draw.IconWarning, v.Stop, true
		case phone.StepAccess:
			row.Second = ""
		}
		rows = append(rows, row)
	}
	if err != nil {
		return append(rows, widget.Row{Icon: draw.IconWarning, IconInk: v.Stop, Title: w.Refused, Heavy: true, Sentences: true})
	}
	last := widget.Row{Icon: draw.IconHandset, IconInk: v.Talk, Title: fmt.Sprintf(w.Called, text.Clean(n.Target)), Heavy: true, Sentences: true}
	if l := v.st.Line(v.st.Selected); l != nil && n.Rule != phone.PageRule {
		last.Second = text.Clean(v.st.Config.Lines[l.ID].URIs.URI(n.Target, l.AOR))
	}
	return append(rows, last)
}

func (p *numberPage) draw(v *view) {
	rows := p.rows(v)
	y := v.Stage().Min.Y
	room := v.listRoom(y)
	p.list.keep(len(rows), room)
	detail := text.GroupDigits(text.Clean(p.number))
	if len(rows) > room {
		detail = fmt.Sprintf(v.Words.Status.Place, p.list.focus+1, len(rows)) + ", " + detail
	}
	v.menuStatus(v.Words.Numbers.Title, detail)
	for i := p.list.top; i < min(len(rows), p.list.top+room); i++ {
		box := v.rowBox(i-p.list.top, y, false)
		rows[i].Focus = i == p.list.focus
		v.Row(box, &rows[i])
		v.Touchable(box, touchPage+i)
	}
}

func (p *numberPage) keys(v *view) []key {
	return []key{{}, {}, {}, {}, v.backKey()}
}

func (p *numberPage) press(v *view, k hal.Key) bool {
	return p.list.move(k, len(p.rows(v)), v.listRoom(v.Stage().Min.Y))
}

func (p *numberPage) touch(_ *view, what int) { p.list.focus = what }
