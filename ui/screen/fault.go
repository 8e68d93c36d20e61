package screen

import (
	"fmt"
	"image"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/text"
	"opendeskphone/ui/widget"
)

// faultPage says what cannot be done, why, and what to do about it: for a line that cannot sign in, or a fault of the
// phone itself. The words of the technician stand on its second page.
type faultPage struct {
	fault   bool // of a line, else a notice
	line    phone.LineID
	notice  phone.Notice
	details bool
}

// told is a fault in words, for either kind.
type told struct {
	title, label string
	words        text.Fault
	detail       string
	retry        string
	icon         draw.Icon
}

func (f *faultPage) tell(v *view) told {
	if !f.fault {
		t := told{title: v.Words.Notices[f.notice].Head, words: v.Words.Notices[f.notice], detail: text.Clean(v.st.Notices[f.notice]), icon: draw.IconWarning}
		return t
	}
	l := v.st.Line(f.line)
	if l == nil {
		return told{title: v.Words.Status.NoLine, words: text.Fault{Head: v.Words.Home.NoLineHead, Why: v.Words.Home.NoLineWhy}, icon: draw.IconWarning}
	}
	t := told{title: fmt.Sprintf(v.Words.Status.LineDown, v.lineLabel(l)), label: v.lineLabel(l), words: v.Words.LineCards[l.Fault], detail: text.Clean(l.Detail), icon: draw.IconWarning}
	t.words.Head = fill(t.words.Head, t.label)
	switch l.Fault {
	case phone.CertExpired, phone.CertNotYetValid, phone.CertWrongName, phone.CertUnknownAuthority, phone.TLSRefused:
		t.icon = draw.IconSuspect
	}
	switch {
	case l.State == phone.LineRegistered: // it was cured while the page stood open
		t.title, t.words = v.Words.Status.Ready, text.Fault{Head: v.Words.Status.Ready}
		t.icon, t.detail = draw.IconCheck, ""
	case l.Retry.After(v.now):
		t.retry = fmt.Sprintf(v.Words.Setup.Tries, text.Clock(l.Retry.In(v.now.Location())))
	}
	return t
}

func (f *faultPage) draw(v *view) {
	t := f.tell(v)
	role := widget.Stop
	if t.icon == draw.IconCheck {
		role = widget.Talk
	}
	v.StatusBar(&widget.Status{Title: t.title, Ink: v.Ink(role), Clock: text.Clock(v.now), Items: v.networkItems(true)})
	foot := v.headCard(t.icon, role, t.words.Head, t.words.Why)
	if f.details && t.detail != "" {
		f.detail(v, foot, t.detail)
		return
	}
	f.steps(v, foot, &t)
}

// steps lists what to do, the most useful first.
func (f *faultPage) steps(v *view, top int, t *told) {
	steps := make([]string, 0, 4)
	if !f.fault && f.notice == phone.SettingsInvalid && t.detail != "" {
		steps = append(steps, t.detail)
	}
	for _, s := range t.words.Steps {
		if s != "" {
			steps = append(steps, s)
		}
	}
	if t.retry != "" {
		steps = append(steps, t.retry)
	}
	v.whatToDo(top, steps)
}

// whatToDo lists up to three steps.
func (v *view) whatToDo(top int, steps []string) {
	r := v.Stage()
	y := top + v.By(42, 20, 44)
	v.FitText(widget.Semi(v.Type.Label), r.Min.X, y, draw.Start, r.Dx(), v.Words.Setup.WhatToDo, v.T2)
	pitch, d := v.By(52, 28, 84), v.By(38, 24, 42)
	for i, s := range steps {
		at := image.Pt(r.Min.X+v.By(22, 12, 22), y+v.By(40, 20, 44)+i*pitch)
		if i == 3 || at.Y+d/2 > r.Max.Y+2 {
			break
		}
		v.Disc(at, d, v.S2)
		if v.HighContrast() {
			v.Shape(draw.Shape{Kind: draw.RingShape, Size: d, Width: 2}, at, v.Edge)
		}
		v.Text(widget.Semi(v.Type.Label), at.X, at.Y+v.Type.Label*36/100, draw.Middle, fmt.Sprint(i+1), v.T1)
		x, lines := r.Min.X+v.By(58, 34, 58), 1
		if v.tall() {
			lines = 2
		}
		v.Paragraph(widget.Regular(v.Type.Label), x, at.Y+v.Type.Label*36/100, r.Max.X-x, v.Type.Label*4/3, lines, s, v.T1)
	}
}

func (f *faultPage) detail(v *view, top int, detail string) {
	r := v.Stage()
	y := top + v.By(42, 20, 44)
	v.FitText(widget.Semi(v.Type.Label), r.Min.X, y, draw.Start, r.Dx(), v.Words.Setup.Detail, v.T2)
	v.Paragraph(widget.Regular(v.Type.Label), r.Min.X, y+v.By(40, 24, 40), r.Dx(), v.Type.Label*7/5, 4, detail, v.T1)
}

func (f *faultPage) keys(v *view) []key {
	w := v.Words.Keys
	keys := []key{{}, {}, {}, {}, v.backKey()}
	if l := v.st.Line(f.line); f.fault && l != nil && l.State == phone.LineFailing {
		if l.Fault == phone.WrongPassword {
			keys[0] = key{w.EnterPassword, widget.Go, func() { v.open(v, passwordEntry(v, f.line)) }}
		} else {
			keys[0] = key{w.TryNow, widget.Go, func() { v.do(phone.Register{Line: f.line}) }}
		}
		keys[2] = key{label: w.Settings, do: func() { v.open(v, newAccount(v, f.line)) }}
	}
	steps := 1
	if t := f.tell(v); t.detail != "" {
		keys[1] = key{label: w.Details, do: func() { f.details = !f.details }}
		if steps = 3; f.details {
			steps = 2
		}
	}
	if l := v.st.Line(f.line); f.fault && l != nil {
		if k := v.lineSteps(l); k.do != nil {
			keys[steps] = k
		}
	}
	return keys
}

func (f *faultPage) press(v *view, k hal.Key) bool {
	if k != hal.OK {
		return false
	}
	if keys := f.keys(v); keys[0].do != nil {
		keys[0].do()
	}
	return true
}
func (f *faultPage) touch(*view, int) {}
