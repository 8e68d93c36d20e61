package screen

import (
	"fmt"
	"image"
	"strings"
	"time"
	"unicode"

	"opendeskphone/hal"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/text"
	"opendeskphone/ui/widget"
)

// textEntry is the page a text is typed on: by the keys drawn, by touch, or by the dial keys, several times for a letter.
type textEntry struct {
	title, owner string
	value        []rune
	secret       bool // shown as dots, but for what was typed last
	figures      bool // digits first
	capital      bool // the next letter is a capital
	mayBeEmpty   bool
	reveal       bool
	action       text.Label
	done         func(v *view, value string)

	layer    layer
	row, col int
	started  bool
	typed    time.Time // of the last character
	tap      hal.Key   // the dial key that typed it
	taps     int
}

type layer uint8

const (
	small layer = iota
	capitals
	figures
	layerCount
)

// The keys of each layer; the last row is the same in all.
var layers = [layerCount][3]string{
	small:    {"qwertyuiop", "asdfghjkl", "\x0ezxcvbnm\b"},
	capitals: {"QWERTYUIOP", "ASDFGHJKL", "\x0eZXCVBNM\b"},
	figures:  {"1234567890", "+*#_/:;()", "\x0e=?&%$!'\b"},
}

// The keys that type nothing.
const (
	shiftKey  = '\x0e'
	eraseKey  = '\b'
	figureKey = '\x0f'
)

var lastRow = []rune{figureKey, ' ', '@', '.', '-'}

const maxEntry = 128 // characters

func (e *textEntry) rows() [4][]rune {
	l := layers[e.layer]
	return [4][]rune{[]rune(l[0]), []rune(l[1]), []rune(l[2]), lastRow}
}

// begin opens the layer the text asks for, on the first sight of the page.
func (e *textEntry) begin() {
	if e.started {
		return
	}
	e.started = true
	switch {
	case e.figures:
		e.layer = figures
	case e.capital && len(e.value) == 0:
		e.layer = capitals
	}
}

// box is the place of a key.
func (e *textEntry) box(v *view, row, col int) image.Rectangle {
	r := v.Stage()
	gap := v.Gap
	top := r.Min.Y + v.S(84)
	bottom := r.Max.Y - v.S(8)
	if v.compact() {
		top, bottom, gap = r.Min.Y+46, r.Max.Y, 4
	}
	if v.tall() {
		top = r.Min.Y + 120
		bottom = top + 4*76
	}
	w := (r.Dx() - 9*gap) / 10
	h := (bottom - top - 3*gap) / 4
	y := top + row*(h+gap)
	n := len(e.rows()[row])
	if row == 3 {
		x := r.Min.X + w + gap - v.S(4)
		unit := 2 * w
		space := r.Max.X - r.Min.X - 2*(w+gap-v.S(4)) - 2*unit - 2*gap
		third := (unit - 2*gap) / 3
		switch col {
		case 0:
			return widget.Box(x, y, unit, h)
		case 1:
			return widget.Box(x+unit+gap, y, space, h)
		}
		return widget.Box(x+unit+space+2*gap+(col-2)*(third+gap), y, third, h)
	}
	x := r.Min.X + (r.Dx()-n*w-(n-1)*gap)/2
	return widget.Box(x+col*(w+gap), y, w, h)
}

func (e *textEntry) draw(v *view) {
	e.begin()
	title := e.title
	if e.owner != "" {
		title = fmt.Sprintf(v.Words.Entry.For, e.title, e.owner)
	}
	v.menuStatus(title, "")
	e.field(v)
	v.Fixed(func() { // the places of letters are the same everywhere
		for row, keys := range e.rows() {
			for col, k := range keys {
				e.key(v, row, col, k)
			}
		}
	})
}

func (e *textEntry) field(v *view) {
	r := v.Stage()
	r.Max.Y = r.Min.Y + v.S(72)
	if v.compact() {
		r.Max.Y = r.Min.Y + 40
	}
	v.Surface(r, v.SoftRadius, draw.All, v.S1, v.Edge)
	mid := (r.Min.Y + r.Max.Y) / 2
	shown := e.shown(v.now)
	x, right := r.Min.X+v.S(24), r.Max.X-v.S(24)
	if e.secret {
		ink := v.T2
		if e.reveal {
			ink = v.Talk
		}
		v.Icon(draw.IconEye, image.Pt(right-v.S(10), mid), v.S(28), ink)
		right -= v.S(40)
	}
	st := widget.Regular(v.Type.Title)
	for v.Width(st, shown) > right-x-v.S(8) { // keep the end in sight
		shown = "…" + string([]rune(strings.TrimPrefix(shown, "…"))[4:])
	}
	v.Upright(x, x+v.Width(st, shown)+v.S(7), func() {
		x += v.Text(st, x, mid+v.Type.Title*36/100, draw.Start, shown, v.T1)
		if v.caret() {
			v.Fill(widget.Box(x+v.S(4), mid-v.Type.Title*55/100, max(2, v.S(3)), v.Type.Title*11/10), v.T1)
		}
	})
}

func (e *textEntry) blinks() {}

// fixed says that Left and Right are those of the picture, which is not mirrored.
func (e *textEntry) fixed() {}

// visible is how long the last character of a secret can be read.
const visible = time.Second

// shown is the text as it may be seen.
func (e *textEntry) shown(now time.Time) string {
	if !e.secret || e.reveal {
		return string(e.value)
	}
	n := len(e.value)
	if n > 0 && now.Sub(e.typed) < visible {
		return strings.Repeat("•", n-1) + string(e.value[n-1])
	}
	return strings.Repeat("•", n)
}

func (e *textEntry) key(v *view, row, col int, k rune) {
	r := e.box(v, row, col)
	fill, ink, st := v.S2, v.T1, widget.Regular(v.Type.Head)
	if k == shiftKey || k == eraseKey || row == 3 {
		fill = v.S1
	}
	if row == 3 {
		ink, st = v.T2, widget.Semi(v.Type.Label)
	}
	if row == e.row && col == e.col {
		fill, ink = v.Focus, v.OnFocus
		if row < 3 {
			st = widget.Semi(v.Type.Head)
		}
	}
	v.Surface(r, v.S(12), draw.All, fill, v.Edge)
	v.Touchable(r, touchPage+row*16+col)
	mid := image.Pt((r.Min.X+r.Max.X)/2, (r.Min.Y+r.Max.Y)/2)
	label := string(k)
	switch k {
	case shiftKey:
		if e.layer == capitals {
			ink = v.Talk
		}
		v.Icon(draw.IconShift, mid, v.S(24), ink)
		return
	case eraseKey:
		v.Icon(draw.IconDelete, mid, v.S(24), ink)
		return
	case figureKey:
		if label = v.Words.Entry.Figures; e.layer == figures {
			label = v.Words.Entry.Letters
		}
	case ' ':
		label = v.Words.Entry.Space
	}
	v.Text(st, mid.X, mid.Y+int(st.Size)*36/100, draw.Middle, label, ink)
}

// typeRune does what a key means.
func (e *textEntry) typeRune(k rune, now time.Time) {
	switch k {
	case shiftKey:
		e.layer = map[layer]layer{small: capitals, capitals: small, figures: small}[e.layer]
		return
	case figureKey:
		if e.layer == figures {
			e.layer = small
		} else {
			e.layer = figures
		}
		return
	case eraseKey:
		e.erase()
		return
	}
	if len(e.value) < maxEntry {
		e.value = append(e.value, k)
		e.typed = now
	}
	e.shift(k)
}

// shift goes back to small letters after a capital; after a space in a name comes a capital.
func (e *textEntry) shift(k rune) {
	switch {
	case e.capital && k == ' ' && e.layer == small:
		e.layer = capitals
	case e.layer == capitals && unicode.IsUpper(k):
		e.layer = small
	}
	e.keepFocus()
}

func (e *textEntry) keepFocus() {
	rows := e.rows()
	e.row = max(0, min(e.row, len(rows)-1))
	e.col = max(0, min(e.col, len(rows[e.row])-1))
}

func (e *textEntry) erase() {
	if n := len(e.value); n > 0 {
		e.value = e.value[:n-1]
	}
	e.typed = time.Time{}
}

// tapTime is how long a dial key waits for its next tap.
const tapTime = time.Second

// tapKey types with a dial key: digits on the layer of figures, else the letters on the key, one further with each tap.
func (e *textEntry) tapKey(k hal.Key, now time.Time) {
	d := k.Digit()
	letters := text.KeyLetters(d)
	switch {
	case k == hal.Pound:
		e.typeRune(figureKey, now)
		return
	case k == hal.Star && e.layer != figures:
		e.typeRune(shiftKey, now)
		return
	case e.layer == figures:
		e.typeRune(d, now)
		return
	case d == '0':
		letters = " "
	case d == '1':
		letters = ".@-_/:"
	}
	letters += string(d)
	again := e.tap == k && now.Sub(e.typed) < tapTime && len(e.value) > 0
	if again {
		e.taps++
		e.value = e.value[:len(e.value)-1]
	} else {
		e.taps = 0
	}
	r := rune(letters[e.taps%len(letters)])
	if upper := e.layer == capitals || again && e.capitalTap(); upper {
		r = unicode.ToUpper(r)
	}
	if len(e.value) < maxEntry {
		e.value = append(e.value, r)
	}
	e.tap, e.typed = k, now
	if e.layer == capitals {
		e.layer = small
		e.taps |= capitalTaps
	}
	if e.capital && r == ' ' {
		e.layer = capitals
	}
}

// capitalTaps marks a run of taps that began as a capital.
const capitalTaps = 1 << 16

func (e *textEntry) capitalTap() bool { return e.taps >= capitalTaps }

func (e *textEntry) keys(v *view) []key {
	e.begin()
	w := v.Words.Keys
	keys := []key{{}, {}, {}, {}, v.backKey()}
	if len(e.value) > 0 || e.mayBeEmpty {
		keys[0] = key{e.action, widget.Go, func() { e.finish(v) }}
	}
	if len(e.value) > 0 {
		keys[2] = key{label: w.Delete, do: e.erase}
		keys[3] = key{label: w.Clear, do: func() { e.value = nil }}
	}
	if e.secret {
		keys[1] = key{label: w.Show, do: func() { e.reveal = !e.reveal }}
		if e.reveal {
			keys[1].label = w.Hide
		}
	}
	return keys
}

// finish hands the text over and closes the page.
func (e *textEntry) finish(v *view) {
	if value := strings.TrimSpace(string(e.value)); value != "" || e.mayBeEmpty {
		v.back()
		e.done(v, value)
	}
}

func (e *textEntry) press(v *view, k hal.Key) bool {
	e.begin()
	rows := e.rows()
	switch k {
	case hal.Up:
		e.row--
	case hal.Down:
		e.row++
	case hal.Left:
		e.col--
	case hal.Right:
		e.col++
	case hal.OK:
		e.typeRune(rows[e.row][e.col], v.now)
	default:
		if k.Digit() == 0 {
			return false
		}
		e.tapKey(k, v.now)
	}
	e.keepFocus()
	return true
}

func (e *textEntry) touch(v *view, what int) {
	row, col := what/16, what%16
	if rows := e.rows(); row < len(rows) && col < len(rows[row]) {
		e.row, e.col = row, col
		e.typeRune(rows[row][col], v.now)
	}
}
