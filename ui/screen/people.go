package screen

import (
	"slices"
	"strings"

	"opendeskphone/firmware/phone"
	"opendeskphone/ui/text"
	"opendeskphone/ui/widget"
)

// people is the address book made ready: each name for search by keys, each number for finding its owner. It is made
// anew only when the book changed.
type people struct {
	book   []Contact
	names  []text.Name
	owners map[string]int // a number's digits, or an address, to an index of book
	by     phone.Numbering
	spelt  map[string]spelling // numbers of the book and of the log
}

// spelling is a number as it may be typed.
type spelling struct{ bare, canonical string }

// maxSpelt bounds how many numbers are kept made ready: a full book and a full log.
const maxSpelt = 16384

// spelling makes a number ready for being typed, once.
func (p *people) spelling(number string, c *phone.Config) spelling {
	s, ok := p.spelt[number]
	if !ok {
		if len(p.spelt) >= maxSpelt {
			clear(p.spelt)
		}
		s = spelling{separators.Replace(number), c.Canonical(number)}
		p.spelt[number] = s
	}
	return s
}

// separators are what people write between digits.
var separators = strings.NewReplacer(" ", "", "-", "", "/", "", "(", "", ")", "", ".", "")

func newPeople() *people { return &people{} }

// use takes the book of this moment.
func (p *people) use(book []Contact, c *phone.Config) {
	if p.owners != nil && p.by == c.Numbering && sameBook(book, p.book) {
		return
	}
	p.by, p.spelt = c.Numbering, map[string]spelling{}
	p.book, p.names, p.owners = book, make([]text.Name, len(book)), make(map[string]int, len(book))
	for i := range book {
		p.names[i] = text.NewName(book[i].Name)
		for _, n := range book[i].Numbers {
			p.owners[p.spelling(n.Value, c).canonical] = i
		}
	}
}

// sameBook tells whether two books say the same; most often they are one.
func sameBook(a, b []Contact) bool {
	if len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) {
		return true
	}
	return slices.EqualFunc(a, b, func(x, y Contact) bool {
		return x.ID == y.ID && x.Name == y.Name && x.Organisation == y.Organisation && slices.Equal(x.Numbers, y.Numbers)
	})
}

// owner finds whose number it is.
func (p *people) owner(number string, c *phone.Config) *Contact {
	if i, ok := p.owners[c.Canonical(number)]; ok && number != "" {
		return &p.book[i]
	}
	return nil
}

// party is somebody at the other end, as screens speak of them.
type party struct {
	name    string // what stands in big letters: a name or else the number
	first   string // what they are called by in a sentence
	second  string // the line below: firm and kind of number, or the number
	number  string // written in groups
	known   bool   // name is a name
	contact *Contact
	kind    widget.Kind
}

// party finds out who a peer is: the address book's word before the network's, a name before a number.
func (v *view) party(peer phone.Peer) party {
	if peer.Hidden {
		return party{name: v.Words.Caller.Withheld, first: v.Words.Caller.Withheld, kind: widget.Unknown}
	}
	out := party{number: text.GroupDigits(text.Clean(peer.Number))}
	name, second := text.Clean(peer.Name), out.number
	for _, number := range []string{peer.Number, peer.URI} {
		if c := v.people.owner(number, &v.st.Config); c != nil {
			out.contact = c
			name = text.Clean(c.Name)
			second, out.kind = v.kindOf(c, number), c.kind()
			break
		}
	}
	switch {
	case name != "":
		out.name, out.first, out.known = name, text.FirstName(name), true
	case out.number != "":
		out.name, second = out.number, v.country(peer.Number)
	default:
		out.name = v.Words.Call.Unknown
	}
	if !out.known {
		out.kind = widget.Unknown
	}
	if out.first == "" {
		out.first = out.name
	}
	out.second = second
	return out
}

// kindOf writes the line below a contact's name: the firm and the kind of number, "Nordwerk GmbH, mobile", or in the
// house the extension.
func (v *view) kindOf(c *Contact, number string) string {
	kind := ""
	for _, n := range c.Numbers {
		if v.st.Config.Canonical(n.Value) == v.st.Config.Canonical(number) && n.Kind != "other" && n.Kind != "sip" {
			kind = strings.ToLower(v.Words.People.Kinds[n.Kind])
		}
	}
	if parsed, err := v.st.Config.Number(number); err == nil && parsed.Internal {
		kind = text.Clean(number) // an extension says more than that it is at work
	}
	org := text.Clean(c.Organisation)
	if c.kind() == widget.Organisation {
		org = ""
	}
	switch {
	case org != "" && kind != "":
		return org + ", " + kind
	case org == "" && kind == "":
		return text.GroupDigits(text.Clean(number))
	}
	return org + kind
}

// country names the country of a number, where it can be told.
func (v *view) country(number string) string {
	n, err := v.st.Config.Number(number)
	if err != nil || n.E164 == "" {
		return ""
	}
	if _, region, ok := phone.CallingCode(n.E164); ok {
		return v.Words.Regions[region]
	}
	return ""
}

// lastCall finds the newest past call with a party.
func (v *view) lastCall(peer phone.Peer) *phone.Record {
	if peer.Hidden {
		return nil
	}
	want := v.st.Config.Canonical(peer.Number)
	calls := v.src.Log.Calls()
	for i := range calls {
		if v.st.Config.Canonical(calls[i].Remote.Number) == want {
			return &calls[i]
		}
	}
	return nil
}
