package screen

import (
	"fmt"
	"image"
	"math/bits"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/text"
	"opendeskphone/ui/widget"
)

// pairingPage is a computer that wants to be paired: the question, the digits to compare, the outcome. It comes by
// itself, says what to look at, and its last key always leads out.
type pairingPage struct{}

func (pairingPage) draw(v *view) {
	w, p := &v.Words.Pairing, &v.st.PC
	with := text.Clean(p.With)
	if with == "" {
		with = w.Computer
	}
	v.StatusBar(&widget.Status{Title: w.Title, Detail: with, Clock: text.Clock(v.now), Items: v.networkItems(true)})
	icon, role, head, why, note := draw.IconPc, widget.Link, w.AskHead, fmt.Sprintf(w.AskWhy, with), w.AskNote
	switch p.Stage {
	case phone.PairingCompare:
		head, why, note = w.CompareHead, w.CompareWhy, fmt.Sprintf(w.CompareNote, with)
	case phone.PairingWaits:
		head, why, note = w.CompareHead, w.WaitWhy, fmt.Sprintf(w.WaitNote, with)
	case phone.PairingDone:
		icon, role, head, why, note = draw.IconCheck, widget.Talk, w.DoneHead, fmt.Sprintf(w.DoneWhy, with), w.DoneNote
	case phone.PairingFailed:
		f := w.Faults[p.Fault]
		icon, role, head, why, note = draw.IconWarning, widget.Stop, f.Head, f.Why, f.Steps[0]
	}
	foot := v.headCard(icon, role, head, why)
	v.countdown(foot, p.Since)
	r := v.Stage()
	y := foot + v.By(52, 30, 56)
	if user := text.Clean(p.WithUser); user != "" && p.Stage == phone.PairingAsked {
		v.FitText(widget.Semi(v.Type.Body), r.Min.X, y, draw.Start, r.Dx(), fmt.Sprintf(w.User, user), v.T1)
		y += v.By(44, 24, 48)
	}
	rows := v.By(4, 3, 8)
	if p.Digits != "" { // large enough to be read from the computer's screen
		size := v.By(104, 56, 96)
		y = foot + v.By(108, 58, 130)
		v.Text(widget.Big(size), v.W/2, y, draw.Middle, spaced(p.Digits), v.T1)
		y, rows = y+v.By(44, 24, 60), v.By(2, 2, 8)
	}
	v.Paragraph(widget.Regular(v.Type.Label), r.Min.X, y, r.Dx(), v.Type.Label*7/5, rows, note, v.T2)
}

// spaced writes six digits in two groups, which is how people read them out.
func spaced(digits string) string {
	if len(digits) != 6 {
		return digits
	}
	return digits[:3] + " " + digits[3:]
}

func (pairingPage) keys(v *view) []key {
	w, k := &v.Words.Pairing, &v.Words.Keys
	answer := func(l text.Label, role widget.KeyRole, yes bool) key {
		return v.act(l, role, phone.AnswerPairing{Stage: v.st.PC.Stage, Yes: yes})
	}
	switch v.st.PC.Stage {
	case phone.PairingAsked:
		return []key{answer(w.Pair, widget.Go, true), answer(k.Decline, widget.Halt, false)}
	case phone.PairingCompare:
		return []key{answer(w.Same, widget.Go, true), answer(w.Different, widget.Halt, false)}
	case phone.PairingWaits:
		return []key{answer(w.Cancel, widget.Normal, false)}
	}
	return []key{answer(k.Done, widget.Normal, true)}
}

func (pairingPage) press(*view, hal.Key) bool { return false }
func (pairingPage) touch(*view, int)          {}

// computerRows are the rows of the paired computers in the settings.
func computerRows(v *view) []settingRow {
	w := &v.Words.Pairing
	var out []settingRow
	for _, c := range v.src.Computers.Computers() {
		value := w.Connected
		if !c.Attached {
			value = w.Never
			if !c.Seen.IsZero() {
				value = v.when(c.Seen)
			}
		}
		rights := w.AllRights
		if n := bits.OnesCount16(c.Rights & allRights); n < rightCount {
			rights = fmt.Sprintf(w.SomeRights, n, rightCount)
		}
		if !v.tall() { // no room for both
			value += ", " + rights
		}
		out = append(out, settingRow{name: text.Clean(c.Name), value: value, open: func() { v.open(v, &forgetPage{c}) }})
	}
	if len(out) == 0 {
		out = append(out, settingRow{name: w.None, value: w.HowTo})
	}
	return out
}

// rightCount is how many rights a computer may have, allRights their bits; Pairing.Rights names them in order.
const (
	rightCount = 5
	allRights  = 1<<rightCount - 1
)

// forgetPage shows what a computer may do and asks before it is forgotten. OK does nothing here: the choice must be read.
type forgetPage struct{ of Computer }

func (f *forgetPage) draw(v *view) {
	w := &v.Words.Pairing
	v.menuStatus(v.Words.Setup.Title, w.Computers)
	foot := v.headCard(draw.IconPc, widget.Link, text.Clean(f.of.Name), w.ForgetWhy)
	r := v.Stage()
	y := foot + v.By(44, 26, 50)
	v.FitText(widget.Regular(v.Type.Label), r.Min.X, y, draw.Start, r.Dx(), fmt.Sprintf(w.User, text.Clean(f.of.User)), v.T1)
	step := v.By(33, 16, 36)
	for i, right := range w.Rights { // what it may do, and what not
		y += step
		icon, ink, words := draw.IconCheck, v.Talk, v.T1
		if f.of.Rights&(1<<i) == 0 {
			icon, ink, words = draw.IconCross, v.T3, v.T3
		}
		size := v.By(20, 12, 20)
		v.Icon(icon, image.Pt(r.Min.X+size/2, y-v.Type.Note*36/100), size, ink)
		st := widget.Regular(v.Type.Note)
		for int(st.Size) > step-2 {
			st.Size--
		}
		v.FitText(st, r.Min.X+size*3/2, y, draw.Start, r.Dx()-size*3/2, right, words)
	}
}

func (f *forgetPage) keys(v *view) []key {
	forget := func() {
		v.src.Computers.Remove(f.of.ID)
		v.back()
		v.say(v, v.Words.Pairing.Forgotten)
	}
	return []key{{v.Words.Pairing.Forget, widget.Halt, forget}, {}, {}, {}, v.backKey()}
}

func (f *forgetPage) press(*view, hal.Key) bool { return false }
func (f *forgetPage) touch(*view, int)          {}
