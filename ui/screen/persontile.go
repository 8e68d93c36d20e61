package screen

import (
	"cmp"
	"slices"

	"opendeskphone/firmware/phone"
	"opendeskphone/ui/text"
	"opendeskphone/ui/theme"
	"opendeskphone/ui/widget"
)

// The line keys that neither a line nor the settings need call people: those of the address book who are called and call most. They stand in an
// order that changes seldom, so that a hand learns their places.

// frequent is somebody with a key of their own.
type frequent struct {
	contact Contact
	number  string // the one last used with them
	last    phone.Record
	calls   int
}

// frequents keeps who they are for as long as neither log nor book changes.
type frequents struct {
	of    *phone.Record
	count int
	book  []Contact
	found []frequent
}

const (
	frequentCalls = 200 // so many calls back somebody counts
	frequentMost  = 5   // the most keys there are
)

// frequents gives those people, the most frequent first.
func (v *view) frequents() []frequent {
	calls, f := v.src.Log.Calls(), &v.Screens.often
	var head *phone.Record
	if len(calls) > 0 {
		head = &calls[0]
	}
	if f.of == head && f.count == len(calls) && f.found != nil && sameBook(f.book, v.people.book) {
		return f.found
	}
	*f = frequents{of: head, count: len(calls), book: v.people.book, found: []frequent{}}
	index := map[*Contact]int{}
	for i := range calls[:min(len(calls), frequentCalls)] {
		r := &calls[i]
		c := v.people.owner(r.Remote.Number, &v.st.Config)
		if c == nil {
			continue
		}
		at, ok := index[c]
		if !ok {
			at = len(f.found)
			index[c] = at
			f.found = append(f.found, frequent{contact: *c, number: r.Remote.Number, last: *r})
		}
		f.found[at].calls++
	}
	slices.SortStableFunc(f.found, func(a, b frequent) int {
		return cmp.Or(cmp.Compare(b.calls, a.calls), cmp.Compare(a.contact.Name, b.contact.Name))
	})
	f.found = f.found[:min(len(f.found), frequentMost)]
	return f.found
}

// person gives whose key the i-th line key is; nil: a line's, or nobody's.
func (v *view) person(i int) *frequent {
	found, at := v.frequents(), i-len(v.st.Lines)-v.setKeys()
	if at < 0 || len(v.st.Lines) == 0 || at >= len(found) || i >= maxTiles(v.Screens.theme) {
		return nil
	}
	return &found[at]
}

// personTiles draws the keys of people, and behind them the key that adds one.
func (v *view) personTiles() {
	if len(v.st.Lines) == 0 { // nobody can be called yet
		return
	}
	for i := len(v.st.Lines) + v.setKeys(); i < v.MaxTiles(); i++ {
		p := v.person(i)
		if p == nil {
			v.FreeTile(i, v.Words.People.New)
			v.touchableTile(i)
			return
		}
		icon, _ := v.callIcon(&p.last)
		t := widget.Tile{Avatar: text.Clean(p.contact.Name), Kind: p.contact.kind(), Title: text.Clean(p.contact.Name),
			Second: v.timeOf(&p.last), SecondIcon: icon, Role: widget.Plain}
		v.Tile(i, &t)
		v.touchableTile(i)
	}
}

// personKey calls somebody by their key. In a call the keys of people do nothing: a hand that slips holds nobody.
func (v *view) personKey(i int) {
	front := v.st.Foreground()
	if v.choosing() != nil {
		if p := v.person(i); p != nil {
			v.pick(p.number)
		}
		return
	}
	if len(v.st.Lines) == 0 || len(v.st.Calls) > 0 && (front == nil || front.State != phone.Dialing) {
		return
	}
	if p := v.person(i); p != nil {
		v.do(phone.Dial{Line: v.st.Selected, Number: p.number})
	} else if i == len(v.st.Lines)+v.setKeys()+len(v.frequents()) && i < maxTiles(v.Screens.theme) && len(v.st.Calls) == 0 {
		v.open(v, newContactEntry(v, "", ""))
	}
}

func maxTiles(t *theme.Theme) int { return (&widget.Pen{Theme: t}).MaxTiles() }
