package screen

import (
	"fmt"
	"image"
	"slices"

	"opendeskphone/hal"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/text"
	"opendeskphone/ui/widget"
)

// contacts is the address book, searched by the letters on the keys.
type contacts struct {
	list    list
	digits  string
	hits    []hit
	spelled string    // the search hits was made for
	book    []Contact // the book it was made from
}

// hit is a contact that matches, with the bytes of its name that do.
type hit struct{ index, from, to int }

const maxDigits = 24 // of a search

// search finds who matches, if search or book changed.
func (c *contacts) search(v *view) {
	book := v.people.book
	same := len(book) == len(c.book) && (len(book) == 0 || &book[0] == &c.book[0])
	if same && c.spelled == c.digits && c.hits != nil {
		return
	}
	c.book, c.spelled, c.hits = book, c.digits, []hit{}
	for i := range book {
		from, to, ok := v.people.names[i].Match(c.digits)
		if ok || c.digits == "" {
			c.hits = append(c.hits, hit{i, from, to})
		}
	}
	// Who begins as spelled comes before who has it in a later name.
	slices.SortStableFunc(c.hits, func(a, b hit) int { return min(a.from, 1) - min(b.from, 1) })
}

// top is where the list begins, below the search field.
func (c *contacts) top(v *view) int {
	if v.compact() {
		return v.Stage().Min.Y + 42
	}
	return v.Stage().Min.Y + v.S(72)
}

func (c *contacts) rowBox(v *view, i int) image.Rectangle {
	r := v.rowBox(i, c.top(v), true)
	if v.hasPane() {
		r.Max.Y = r.Min.Y + v.S(70)
	}
	return r
}

func (c *contacts) draw(v *view) {
	c.search(v)
	w := v.Words.People
	count := w.Count1
	if n := len(c.book); n != 1 {
		count = fmt.Sprintf(w.CountN, text.Thousands(n))
	}
	room := v.listRoom(c.top(v))
	c.list.keep(len(c.hits), room)
	if c.digits == "" && len(c.hits) > room {
		count = fmt.Sprintf(v.Words.Status.Place, c.list.focus+1, len(c.hits))
	}
	v.menuStatus(w.Title, count)
	c.field(v)
	if len(c.hits) == 0 {
		words := w.NoMatch
		if len(c.book) == 0 {
			words = w.Empty
		}
		v.nothing(words, draw.IconBook)
		return
	}
	for i := c.list.top; i < min(len(c.hits), c.list.top+room); i++ {
		h := c.hits[i]
		p := &c.book[h.index]
		r := c.rowBox(v, i-c.list.top)
		row := widget.Row{Avatar: text.Clean(p.Name), Kind: p.kind(), Title: p.Name, From: h.from, To: h.to, Second: text.Clean(p.Organisation), Focus: i == c.list.focus}
		if text.Clean(p.Name) != p.Name { // a name that had to be cleaned is shown without its match
			row.Title, row.From, row.To = text.Clean(p.Name), 0, 0
		}
		if row.Second == "" && len(p.Numbers) > 0 {
			row.Second = text.GroupDigits(text.Clean(p.Numbers[0].Value))
		}
		row.Right = v.presenceOf(numbersOf(p)...)
		v.Row(r, &row)
		v.Touchable(r, touchPage+i)
	}
	if v.hasPane() {
		v.personPane(v.paneBox(c.top(v)), &c.book[c.hits[c.list.focus].index], 0)
	}
}

// field draws the keys pressed so far.
func (c *contacts) field(v *view) {
	r := v.Stage()
	r.Max.Y = c.top(v) - v.S(8)
	if v.compact() {
		r.Max.Y = c.top(v) - 4
	}
	v.Surface(r, v.SoftRadius, draw.All, v.S1, v.Edge)
	mid := (r.Min.Y + r.Max.Y) / 2
	v.Icon(draw.IconSearch, image.Pt(r.Min.X+v.S(32), mid), v.S(24), v.T2)
	x := r.Min.X + v.S(60)
	size := v.Type.Title
	spread := ""
	for i, d := range c.digits {
		if i > 0 {
			spread += " "
		}
		spread += string(d)
	}
	st := widget.Big(size)
	v.Upright(x, x+v.Width(st, spread)+v.S(11), func() {
		x += v.FitText(st, x, mid+size*36/100, draw.Start, r.Dx()*2/3, spread, v.T1)
		if v.caret() {
			v.Fill(widget.Box(x+v.S(8), mid-size/2, max(2, v.S(3)), size), v.T1)
		}
	})
	if note := widget.Regular(v.Type.Note); v.Width(note, v.Words.People.Hint) <= r.Max.X-x-v.S(48) {
		v.Text(note, r.Max.X-v.S(20), mid+v.Type.Note*36/100, draw.End, v.Words.People.Hint, v.T3)
	}
}

func (c *contacts) blinks() {}

// personPane shows a contact with its numbers; focus is the number chosen where there is one.
func (v *view) personPane(box image.Rectangle, p *Contact, focus int) {
	corners := draw.Left
	if box.Max.X < v.W {
		corners = draw.All
	}
	v.Surface(box, v.RadiusPane(), corners, v.S1, v.Edge)
	d := v.S(88)
	at := box.Min.Add(image.Pt(v.S(68), v.S(62)))
	name := text.Clean(p.Name)
	v.Avatar(p.kind(), name, at, d)
	x := box.Min.X + v.S(128)
	width := box.Max.X - v.S(16) - x
	v.nameText(x, box.Min.Y+v.S(56), width, name)
	v.FitText(widget.Regular(v.Type.Label), x, box.Min.Y+v.S(84), draw.Start, width, text.Clean(p.Organisation), v.T2)
	x = box.Min.X + v.S(24)
	width = box.Max.X - v.S(24) - x
	pitch, below := v.S(54), v.S(23)
	if v.LargeText {
		pitch, below = v.S(60), v.S(28)
	}
	for i, n := range p.Numbers {
		y := box.Min.Y + v.S(138) + i*pitch
		if y+below > box.Max.Y {
			break
		}
		st := widget.Regular(v.Type.Label)
		if i == focus {
			st = widget.Semi(v.Type.Label)
		}
		kind, ok := v.Words.People.Kinds[n.Kind]
		if !ok {
			kind = v.Words.People.Kinds["other"]
		}
		v.FitText(widget.Regular(v.Type.Note), x, y, draw.Start, width, kind, v.T2)
		v.FitText(st, x, y+below, draw.Start, width, text.GroupDigits(text.Clean(n.Value)), v.T1)
		v.Touchable(widget.Box(x, y-v.S(20), width, v.S(52)), touchPage+personTouch+i)
	}
}

const personTouch = 1 << 20 // touches of numbers begin here, those of rows are smaller

// nameText writes a name in the head of a pane, smaller rather than cut.
func (v *view) nameText(x, y, width int, name string) {
	st := widget.Semi(v.Type.Head)
	if v.Width(st, name) > width {
		st = widget.Semi(v.Type.Body)
	}
	v.FitText(st, x, y, draw.Start, width, name, v.T1)
}

// chosen is the contact with the focus.
func (c *contacts) chosen(v *view) *Contact {
	c.search(v)
	if c.list.focus >= 0 && c.list.focus < len(c.hits) {
		return &c.book[c.hits[c.list.focus].index]
	}
	return nil
}

func (c *contacts) keys(v *view) []key {
	w := v.Words.Keys
	keys := []key{{}, {}, {}, {label: w.Add, do: func() { v.open(v, newContactEntry(v, "", "")) }}, v.backKey()}
	if p := c.chosen(v); p != nil {
		if len(p.Numbers) > 0 {
			keys[0] = key{v.callLabel(), widget.Go, func() { v.callNumber(p.Numbers[0].Value) }}
		}
		keys[1] = key{label: w.Open, do: func() { v.open(v, &person{contact: *p}) }}
	}
	if c.digits != "" {
		keys[2] = key{label: w.Delete, do: c.erase}
	}
	return keys
}

func (c *contacts) erase() {
	if c.digits != "" {
		c.digits = c.digits[:len(c.digits)-1]
		c.list = list{}
	}
}

func (c *contacts) press(v *view, k hal.Key) bool {
	c.search(v)
	switch d := k.Digit(); {
	case d >= '2' && d <= '9':
		if len(c.digits) < maxDigits {
			c.digits += string(d)
			c.list = list{}
		}
	case d != 0:
	case c.list.move(k, len(c.hits), v.listRoom(c.top(v))):
	case k == hal.Left:
		c.erase()
	case k == hal.OK || k == hal.Right:
		if p := c.chosen(v); p != nil {
			v.open(v, &person{contact: *p})
		}
	default:
		return false
	}
	return true
}

func (c *contacts) touch(v *view, what int) {
	if what >= personTouch {
		if p := c.chosen(v); p != nil && what-personTouch < len(p.Numbers) {
			v.callNumber(p.Numbers[what-personTouch].Value)
		}
		return
	}
	if what == c.list.focus {
		if p := c.chosen(v); p != nil {
			v.open(v, &person{contact: *p})
		}
	}
	c.list.focus = what
}

// person is the page of one contact: its numbers to choose from.
type person struct {
	contact Contact
	focus   int
}

func (p *person) draw(v *view) {
	v.menuStatus(v.Words.People.Title, text.Clean(p.contact.Name))
	v.personPane(v.Stage(), &p.contact, p.focus)
}

func (p *person) keys(v *view) []key {
	w := v.Words.Keys
	keys := []key{{}, {}, {label: w.Delete, do: func() { v.open(v, &question{contact: p.contact}) }}, {}, v.backKey()}
	if len(p.contact.Numbers) > 0 {
		keys[0] = key{v.callLabel(), widget.Go, func() { p.call(v) }}
	}
	return keys
}

func (p *person) call(v *view) {
	if p.focus < len(p.contact.Numbers) {
		v.callNumber(p.contact.Numbers[p.focus].Value)
	}
}

func (p *person) press(v *view, k hal.Key) bool {
	switch k {
	case hal.Down:
		p.focus = max(0, min(p.focus+1, len(p.contact.Numbers)-1))
	case hal.Up:
		p.focus = max(0, p.focus-1)
	case hal.Left:
		v.back()
	case hal.OK:
		p.call(v)
	default:
		return false
	}
	return true
}

func (p *person) touch(v *view, what int) {
	p.focus = max(0, what-personTouch)
	p.call(v)
}

// question asks before a contact is deleted. OK does nothing here: the choice must be read.
type question struct{ contact Contact }

func (q *question) draw(v *view) {
	w := v.Words.People
	v.menuStatus(w.Title, "")
	r := v.Stage()
	v.Surface(r, v.RadiusCard, draw.All, v.S1, v.Edge)
	x, width := r.Min.X+v.S(40), r.Dx()-v.S(80)
	head := fmt.Sprintf(w.DeleteHead, text.Clean(q.contact.Name))
	size := v.headline(head, width, v.S(40))
	y := r.Min.Y + r.Dy()/3
	v.FitText(widget.Big(size), x, y, draw.Start, width, head, v.T1)
	v.Paragraph(widget.Regular(v.Type.Body), x, y+v.S(44), width, v.Type.Body*7/5, 3, w.DeleteWhy, v.T2)
}

func (q *question) keys(v *view) []key {
	return []key{{v.Words.Keys.Delete, widget.Halt, func() { q.delete(v) }}, {}, {}, {}, v.backKey()}
}

func (q *question) delete(v *view) {
	name := text.Clean(q.contact.Name)
	v.back()
	v.back() // the page of the contact
	if err := v.src.Contacts.DeleteContact(q.contact.ID); err != nil {
		v.say(v, fmt.Sprintf(v.Words.Setup.Failed, text.Clean(err.Error())))
		return
	}
	v.say(v, fmt.Sprintf(v.Words.People.Deleted, name))
}
func (q *question) press(*view, hal.Key) bool { return false }
func (q *question) touch(*view, int)          {}

// newContactEntry asks for the name and the number of a new contact.
func newContactEntry(v *view, name, number string) page {
	w := v.Words
	finish := func(v *view, name, number string) {
		err := v.src.Contacts.AddContact(Contact{Name: text.Clean(name), Numbers: []Number{{Kind: "other", Value: text.Clean(number)}}})
		if err != nil {
			v.say(v, fmt.Sprintf(v.Words.Setup.Failed, text.Clean(err.Error())))
			return
		}
		v.say(v, fmt.Sprintf(v.Words.People.Saved, text.Clean(name)))
	}
	askNumber := func(v *view, name string) {
		v.open(v, &textEntry{title: w.People.Number, owner: name, value: []rune(number), figures: true, action: w.Keys.Save,
			done: func(v *view, number string) { finish(v, name, number) }})
	}
	return &textEntry{title: w.People.Name, owner: w.People.New, value: []rune(name), capital: true, action: w.Keys.Next,
		done: func(v *view, name string) {
			if number != "" {
				finish(v, name, number)
			} else {
				askNumber(v, name)
			}
		}}
}
