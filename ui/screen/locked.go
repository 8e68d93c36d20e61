package screen

import (
	"errors"
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

// locked is the screen of a locked phone: the time, the PIN being typed, and what the phone still does. Calls show
// over it as ever.
type locked struct {
	pin   string
	wrong int // PINs that were wrong when the last key was pressed
}

const minPIN, maxPIN = 4, 8

func (l *locked) draw(v *view) {
	l.status(v)
	l.clock(v)
	box := l.box(v)
	v.Round(box, box.Dy()/2, draw.All, v.S1)
	mid := (box.Min.Y + box.Max.Y) / 2
	v.Icon(draw.IconLock, image.Pt(box.Min.X+box.Dy()*5/9, mid), v.By(26, 20, 28), v.T1)
	l.dots(v, box, mid)
	head, foot := l.words(v)
	y := box.Max.Y + v.By(36, 24, 44)
	rows := 1
	if v.tall() {
		rows = 3
	}
	y = v.Centred(widget.Regular(v.Type.Body), v.W/2, y, v.Stage().Dx(), v.By(30, 20, 34), rows, head, v.T1)
	if !v.compact() {
		st := widget.Regular(v.Type.Label)
		for v.LargeText && int(st.Size) > v.Type.Label*3/4 && v.Width(st, foot) > v.Stage().Dx() {
			st.Size--
		}
		v.Centred(st, v.W/2, y, v.Stage().Dx(), v.Type.Label*7/5, rows, foot, v.T2)
	}
}

// status tells whose phone it is, and no names of others.
func (l *locked) status(v *view) {
	s := widget.Status{Title: v.Words.Lock.Locked, Items: v.networkItems(true)}
	if line := v.st.Line(v.st.Selected); line != nil {
		s.Title = v.lineLabel(line)
	}
	switch {
	case v.tall() && v.st.Lock.Kind == phone.HostLock: // no room for both
	case v.st.Missed == 1:
		s.Detail = v.Words.Home.Missed1
	case v.st.Missed > 1:
		s.Detail = fmt.Sprintf(v.Words.Home.MissedN, v.st.Missed)
	}
	if v.st.Lock.Kind == phone.HostLock && !v.compact() {
		s.Items = append(s.Items, widget.StatusItem{Icon: draw.IconPc, Word: v.Words.Lock.PCLocked, Ink: v.T2})
	}
	v.StatusBar(&s)
}

func (l *locked) clock(v *view) {
	st := widget.Big(v.Type.Clock)
	st.Track = int16(-(v.Type.Clock + 17) / 34)
	top, date := v.Stage().Min.Y+v.S(141), v.Stage().Min.Y+v.S(183)
	switch v.Layout() {
	case theme.Compact:
		top, date = 96, 120
	case theme.Tall:
		top, date = 220, 268
	}
	v.Text(st, v.W/2, top, draw.Middle, text.Clock(v.now), v.T1)
	v.FitText(widget.Regular(v.Type.Head), v.W/2, date, draw.Middle, v.Stage().Dx(), v.Words.Date(v.Words, v.now), v.T2)
}

// box is the field of the PIN.
func (l *locked) box(v *view) image.Rectangle {
	w, h := v.By(360, 240, 360), v.By(72, 44, 76)
	top := v.Stage().Min.Y + v.S(222)
	switch v.Layout() {
	case theme.Compact:
		top = 134
	case theme.Tall:
		top = 330
	}
	return widget.Box((v.W-w)/2, top, w, h)
}

// dots shows how many digits are typed, never which.
func (l *locked) dots(v *view, box image.Rectangle, mid int) {
	n := max(minPIN, len(l.pin))
	pitch, d := v.By(48, 32, 48), v.By(18, 12, 18)
	if n > 5 {
		pitch = pitch * 5 / n
	}
	x := (box.Min.X+box.Max.X)/2 - (n-1)*pitch/2 + v.By(8, 8, 8)
	for i := range n {
		at := image.Pt(x+i*pitch, mid)
		if i < len(l.pin) {
			v.Disc(at, d, v.T1)
		} else {
			v.Shape(draw.Shape{Kind: draw.RingShape, Size: d + 2, Width: 3}, at, v.T3)
		}
	}
}

// words says what to do now.
func (l *locked) words(v *view) (head, foot string) {
	w, k := &v.Words.Lock, v.st.Lock
	foot = w.StillWorks
	switch wait := k.Until.Sub(v.now); {
	case k.Kind == phone.HardLock:
		return w.Hard, w.HardWhy
	case wait > 0:
		return fmt.Sprintf(w.Wait, text.Duration(wait.Truncate(time.Second)+time.Second)), foot
	case k.Wrong > l.wrong || k.Wrong > 0 && l.pin == "":
		return w.Wrong, foot
	case k.Kind == phone.HostLock:
		return w.TypeOrPC, foot
	}
	return w.Type, foot
}

func (l *locked) keys(v *view) []key {
	w := v.Words
	keys := []key{{}, {}, {}, {}, {label: w.Lock.Emergency, do: func() { v.do(phone.Dial{Line: v.st.Selected}) }}}
	if v.st.Lock.Kind == phone.HardLock || v.st.Lock.Until.After(v.now) {
		return keys
	}
	if len(l.pin) >= minPIN {
		keys[0] = key{label: w.Lock.Unlock, role: widget.Go, do: func() { l.unlock(v) }}
	}
	if l.pin == "" {
		return keys
	}
	keys[2] = key{label: w.Keys.Delete, do: func() { l.pin = l.pin[:len(l.pin)-1] }}
	return keys
}

func (l *locked) unlock(v *view) {
	pin := l.pin
	l.pin, l.wrong = "", v.st.Lock.Wrong
	v.src.Lock.Try(pin)
}

func (l *locked) press(v *view, k hal.Key) bool {
	d := k.Digit()
	switch {
	case k == hal.OK:
		if len(l.pin) >= minPIN {
			l.unlock(v)
		}
	case d >= '0' && d <= '9':
		if len(l.pin) < maxPIN && v.st.Lock.Kind != phone.HardLock && !v.st.Lock.Until.After(v.now) {
			l.pin += string(d)
		}
	case k == hal.Up, k == hal.Down, k == hal.Left, k == hal.Right:
	default:
		return false
	}
	return true
}

func (l *locked) touch(*view, int) {}

// lockRows are the rows of the lock in the settings.
func lockRows(v *view) []settingRow {
	w := &v.Words.Lock
	if !v.src.Lock.HasPIN() {
		return []settingRow{{name: w.PIN, value: v.Words.Setup.NotSet, open: func() { v.open(v, pinEntry(v)) }}}
	}
	return []settingRow{
		{name: w.PIN, value: w.Set, open: func() { provePIN(v, func(v *view) { v.open(v, pinEntry(v)) }) }},
		{name: w.Remove, open: func() { provePIN(v, func(v *view) { setPIN(v, "") }) }},
		{name: w.Now, open: v.src.Lock.Lock},
	}
}

// provePIN asks for the present PIN before it is changed or taken away, and goes on if it was right.
func provePIN(v *view, then func(v *view)) {
	w := &v.Words.Lock
	v.open(v, &textEntry{title: w.Present, secret: true, figures: true, action: v.Words.Keys.Next, done: func(v *view, pin string) {
		if v.src.Lock.Prove(pin) {
			then(v)
		} else {
			v.say(v, w.Wrong)
		}
	}})
}

func pinEntry(v *view) page {
	return &textEntry{title: v.Words.Lock.NewPIN, secret: true, figures: true, action: v.Words.Keys.Save, done: setPIN}
}

// setPIN sets the PIN, or takes it away, and says what became of it.
func setPIN(v *view, pin string) {
	switch err := v.src.Lock.SetPIN(pin); {
	case errors.Is(err, phone.Locked):
		v.Refused(err, v.now)
	case err != nil:
		v.say(v, v.Words.Lock.NotPIN)
	default:
		v.say(v, v.Words.Setup.Saved)
	}
}
