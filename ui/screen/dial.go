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

// dial is the screen of a number being typed: the number as it will be called, and whose it may be.
type dial struct {
	focus int // the match with the focus, -1: none
}

// match is somebody whose number begins as typed.
type match struct {
	name, second, number string
	kind                 widget.Kind
}

// matches finds up to n people: whose number begins as typed, in the address book first and then among past calls, and
// then whose name is spelled so by the keys.
func (d *dial) matches(v *view, typed string, n int) []match {
	if v.st.Lock.Kind != phone.Unlocked { // whom the owner knows is nobody's business
		return nil
	}
	var out []match
	seen := map[string]bool{}
	add := func(m match) bool {
		if id := v.people.spelling(m.number, &v.st.Config).canonical; !seen[id] {
			seen[id] = true
			out = append(out, m)
		}
		return len(out) < n
	}
	of := func(c *Contact, num Number) match {
		return match{text.Clean(c.Name), strings.ToLower(v.Words.People.Kinds[num.Kind]), num.Value, c.kind()}
	}
	t := v.typing(typed)
	for i := range v.people.book {
		c := &v.people.book[i]
		for _, num := range c.Numbers {
			if t.begins(num.Value) && !add(of(c, num)) {
				return out
			}
		}
	}
	for _, r := range v.src.Log.Calls() {
		if r.Remote.Number != "" && t.begins(r.Remote.Number) && !add(match{v.party(r.Remote).name, v.when(r.Began), r.Remote.Number, widget.Person}) {
			return out
		}
	}
	for i := range v.people.book {
		c := &v.people.book[i]
		if _, _, ok := v.people.names[i].Match(typed); ok {
			for _, num := range c.Numbers {
				if !add(of(c, num)) {
					return out
				}
			}
		}
	}
	return out
}

// typing is what was typed, made ready to be held against numbers.
type typing struct {
	v           *view
	typed, e164 string
}

func (v *view) typing(typed string) typing {
	n, err := v.st.Config.Number(typed)
	if err != nil {
		n.E164 = ""
	}
	return typing{v, typed, n.E164}
}

// begins tells whether a number begins with what was typed, in either way of writing it.
func (t typing) begins(number string) bool {
	if t.typed == "" {
		return true
	}
	s := t.v.people.spelling(number, &t.v.st.Config)
	return strings.HasPrefix(s.bare, t.typed) || t.e164 != "" && strings.HasPrefix(s.canonical, t.e164)
}

// fieldBox is the place of the number.
func (d *dial) fieldBox(v *view) image.Rectangle {
	r := v.Stage()
	r.Min.Y = v.StatusH + v.S(12)
	h := v.S(120)
	if v.compact() {
		r.Min.Y, h = v.StatusH+4, 84
	}
	r.Max.Y = r.Min.Y + h
	return r
}

// rowBox is the place of the i-th match.
func (d *dial) rowBox(v *view, i int) image.Rectangle {
	f := d.fieldBox(v)
	h := v.S(72)
	return widget.Box(f.Min.X, f.Max.Y+v.S(12)+i*(h+v.S(6)), f.Dx(), h)
}

// rows is how many matches there is room for.
func (d *dial) rows(v *view) int {
	r := d.rowBox(v, 0)
	return (v.Stage().Max.Y - r.Min.Y + v.S(14)) / (r.Dy() + v.S(6))
}

func (d *dial) draw(v *view) {
	c := v.st.Foreground()
	if c == nil {
		return
	}
	label := ""
	if l := v.st.Line(c.Line); l != nil {
		label = fmt.Sprintf(v.Words.Status.From, v.lineLabel(l))
	}
	hint := v.Words.Dial.Hint
	if c.Withheld {
		hint = v.Words.Caller.Hidden
		if v.Layout() == theme.Wide {
			label += ", " + v.Words.Caller.HiddenShort
		}
	}
	path := v.pathItem()
	path.Ink = v.T2 // nobody talks on it yet
	v.StatusBar(&widget.Status{Title: v.Words.Status.NewCall, Detail: label, Clock: text.Clock(v.now), Items: []widget.StatusItem{path}})
	d.field(v, c.Digits, hint)
	for i, m := range d.matches(v, c.Digits, d.rows(v)) {
		d.matchRow(v, i, &m, c.Digits)
	}
}

// field draws the number typed so far and what it means.
func (d *dial) field(v *view, digits, hint string) {
	r := d.fieldBox(v)
	v.Surface(r, v.RadiusPane(), draw.All, v.S1, v.Edge)
	x, right := r.Min.X+v.S(24), r.Max.X-v.S(24)
	y, base := r.Min.Y+v.S(66), r.Min.Y+v.S(101)
	if v.compact() {
		y, base = r.Min.Y+46, r.Min.Y+70
	}
	number := text.GroupDigits(digits)
	size := v.Type.Timer
	for _, s := range []int{v.Type.Timer, v.Type.Timer * 4 / 5, v.Type.Timer * 63 / 100} {
		if size = s; v.Width(widget.Big(s), number) <= right-x-v.S(12) {
			break
		}
	}
	style := widget.Figures(size)
	for v.Width(style, number) > right-x-v.S(12) { // keep the end in sight
		_, cut, _ := strings.Cut(number, " ")
		if number = "…" + strings.TrimPrefix(cut, "…"); len(cut) < 8 {
			break
		}
	}
	v.Upright(x, x+v.Width(style, number)+v.S(8), func() {
		w := v.Text(style, x, y, draw.Start, number, v.T1)
		if v.caret() {
			v.Fill(widget.Box(x+w+v.S(5), y-size*4/5, max(2, v.S(3)), size*9/10), v.T1)
		}
	})
	d.meaning(v, digits, hint, x, right, base)
}

// meaning draws the line below the number: how it reads in the world and which rule made it so.
func (d *dial) meaning(v *view, digits, hint string, x, right, base int) {
	note, label := widget.Regular(v.Type.Note), widget.Semi(v.Type.Label)
	if digits == "" {
		v.FitText(note, x, base, draw.Start, right-x, hint, v.T3)
		return
	}
	n, err := v.st.Config.Number(digits)
	mid := base - v.Type.Label*36/100
	size := v.S(20)
	if err != nil || v.st.Config.DigitMap.Match(digits) == phone.NoMatch {
		v.Icon(draw.IconWarning, image.Pt(x+size/2, mid), size, v.Stop)
		v.FitText(label, x+size+v.S(10), base, draw.Start, right-x-size, v.Words.Dial.Cannot, v.Stop)
		return
	}
	rule := v.Words.Dial.Rules[n.Rule]
	if n.Rule == phone.ProfileRule {
		rule = fmt.Sprintf(rule, n.Rewrite, text.Clean(v.location()))
	}
	ink := v.T3
	if n.Rule == phone.EmergencyRule {
		ink = v.Stop
	}
	becomes := text.GroupDigits(n.E164)
	if n.Rule == phone.ProfileRule && n.E164 == "" {
		becomes = text.Clean(n.Target)
	}
	if becomes == "" {
		v.FitText(note, x, base, draw.Start, right-x, rule, ink)
		return
	}
	if n.Rule == phone.NationalRule && v.st.Config.Plan.National != "" {
		rule = fmt.Sprintf(v.Words.Dial.Becomes, v.st.Config.Plan.National, "+"+v.st.Config.Plan.Country)
	}
	v.Icon(draw.IconArrow, image.Pt(x+size/2, mid), size, v.Talk)
	x += size + v.S(10)
	x += v.FitText(label, x, base, draw.Start, right-x, becomes, v.Talk) + v.S(18)
	if country := v.country(digits); v.Width(widget.Regular(v.Type.Label), country) <= right-x {
		x += v.Text(widget.Regular(v.Type.Label), x, base, draw.Start, country, v.T2) + v.S(18)
	}
	if v.Width(note, rule) <= right-x {
		v.Text(note, right, base, draw.End, rule, ink)
	}
}

func (d *dial) matchRow(v *view, i int, m *match, typed string) {
	r := d.rowBox(v, i)
	fill, ink, second := v.S1, v.T1, v.T2
	if d.focus == i {
		fill, ink, second = v.Focus, v.OnFocus, v.OnFocus2
	}
	v.Surface(r, v.RadiusRow, draw.All, fill, v.Edge)
	v.Touchable(r, touchPage+i)
	mid := (r.Min.Y + r.Max.Y) / 2
	v.Avatar(m.kind, m.name, image.Pt(r.Min.X+v.S(40), mid), v.S(44))
	right, x := r.Max.X-v.S(24), r.Min.X+v.S(80)
	name, below := right-x, right-x
	y := r.Min.Y + v.S(44)
	if v.tall() { // the number stands below the name
		y = r.Min.Y + v.S(57)
	}
	w := d.number(v, right, y, m.number, typed, ink, second) + v.S(12)
	if below -= w; !v.tall() {
		name -= w
	}
	large := v.R(4) - v.S(4)
	v.FitText(widget.Semi(v.Type.Body), x, r.Min.Y+v.S(32)-large, draw.Start, name, m.name, ink)
	v.FitText(widget.Regular(v.Type.Note), x, r.Min.Y+v.S(57)+4*large, draw.Start, below, m.second, second)
}

// number writes a number to the left of right, in the form it is being typed in, the digits typed in 600.
func (d *dial) number(v *view, right, base int, number, typed string, ink, rest theme.RGB) int {
	shown := number
	plan := &v.st.Config.Plan
	if id := v.st.Config.Canonical(number); plan.National != "" && strings.HasPrefix(typed, plan.National) && strings.HasPrefix(id, "+"+plan.Country) {
		shown = plan.National + id[1+len(plan.Country):]
	}
	shown = text.GroupDigits(shown)
	cut := 0
	for n := 0; cut < len(shown) && n < len(typed); cut++ {
		if shown[cut] != ' ' {
			if shown[cut] != typed[n] {
				cut = 0
				break
			}
			n++
		}
	}
	w := v.Width(widget.Regular(v.Type.Body), shown[cut:])
	whole := w + v.Width(widget.Semi(v.Type.Body), shown[:cut])
	v.Upright(right-whole, right, func() {
		v.Text(widget.Regular(v.Type.Body), right, base, draw.End, shown[cut:], rest)
		v.Text(widget.Semi(v.Type.Body), right-w, base, draw.End, shown[:cut], ink)
	})
	return whole
}

func (d *dial) keys(v *view) []key {
	w := v.Words.Keys
	c := v.st.Foreground()
	if c == nil {
		return []key{{}, {}, {}, {}, {label: w.Back}}
	}
	keys := []key{{}, {}, {}, {label: w.Contacts, do: func() { v.open(v, &contacts{}) }}, v.act(w.Back, widget.Normal, phone.Hangup{Call: c.ID})}
	if keys[1] = v.act(v.Words.Caller.HideNumber, widget.Normal, phone.WithholdNumber{On: true}); c.Withheld {
		keys[1] = v.act(v.Words.Caller.ShowNumber, widget.Normal, phone.WithholdNumber{})
	}
	if c.Digits != "" {
		keys[0] = key{w.Call, widget.Go, func() { d.call(v) }}
		keys[1] = v.act(w.Delete, widget.Normal, phone.EraseDigit{})
	}
	if n := len(v.st.Lines); n <= 1 && c.Digits != "" {
		keys[2] = key{label: w.Steps, do: func() { v.open(v, newNumberPage(v, c.Digits)) }}
	} else if n > 1 {
		if l := v.st.Line(c.Line); l != nil {
			name := v.lineLabel(l)
			label := text.Label{Long: fmt.Sprintf(w.Line.Long, name), Short: fmt.Sprintf(w.Line.Short, name)}
			keys[2] = key{label: label, do: func() { d.changeLine(v, phone.LineID((int(c.Line)+1)%n)) }}
		}
	}
	return keys
}

// call calls the match with the focus, else what was typed.
func (d *dial) call(v *view) {
	c := v.st.Foreground()
	if c == nil {
		return
	}
	if m := d.matches(v, c.Digits, d.rows(v)); d.focus >= 0 && d.focus < len(m) {
		v.do(phone.Dial{Line: c.Line, Number: m[d.focus].number, Withheld: c.Withheld})
		return
	}
	if c.Digits != "" {
		v.do(phone.DialNow{})
	}
}

// changeLine begins the call anew on another line, with the digits typed so far.
func (d *dial) changeLine(v *view, line phone.LineID) {
	c := v.st.Foreground()
	if c == nil || c.Line == line {
		return
	}
	v.do(phone.Hangup{Call: c.ID})
	v.do(phone.SelectLine{Line: line})
	v.do(phone.Dial{Line: line, Withheld: c.Withheld})
	for _, digit := range c.Digits {
		v.do(phone.Digit{Digit: digit})
	}
}

func (d *dial) press(v *view, k hal.Key) bool {
	c := v.st.Foreground()
	if c == nil {
		return false
	}
	n := len(d.matches(v, c.Digits, d.rows(v)))
	switch {
	case k.Digit() != 0:
		d.focus = -1
		v.do(phone.Digit{Digit: k.Digit()})
	case k == hal.Down:
		d.focus = min(d.focus+1, n-1)
	case k == hal.Up:
		d.focus = max(d.focus-1, -1)
	case k == hal.Left && c.Digits != "":
		v.do(phone.EraseDigit{})
	case k == hal.Right && c.Digits != "":
		v.open(v, newNumberPage(v, c.Digits))
	case k == hal.OK:
		d.call(v)
	case k == hal.Speaker && c.Digits != "" && v.st.Path == phone.Speaker:
		d.call(v)
	default:
		return false
	}
	return true
}

func (d *dial) touch(v *view, what int) {
	d.focus = what
	d.call(v)
}
