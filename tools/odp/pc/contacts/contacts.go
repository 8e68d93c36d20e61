// Package contacts is the PC's address book: names with numbers, searched as one types, and read from the
// vCard files that every other address book writes. Beside its own contacts it shows those of phones.
package contacts

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// Limits of a book.
const (
	MaxContacts = 5000
	MaxNumbers  = 8   // of one contact
	maxText     = 128 // bytes of a name or a number
)

// Number is one way to reach somebody.
type Number struct {
	Kind  string `json:"kind"`  // "work", "home", "mobile" or "other"
	Value string `json:"value"` // as to be shown: a telephone number, or user@host
}

// Contact is somebody.
type Contact struct {
	ID      string   `json:"id"`
	Phone   string   `json:"phone,omitempty"` // of a phone's own address book, which is kept there: its ID
	Name    string   `json:"name"`
	Company string   `json:"company,omitempty"`
	Numbers []Number `json:"numbers"`
}

// ErrFull says that the book takes no more.
var ErrFull = fmt.Errorf("the address book is full: %d contacts", MaxContacts)

// Kinds are the kinds of numbers.
var Kinds = []string{"work", "mobile", "home", "other"}

// Clean checks a contact and gives it as it will be kept.
func Clean(c Contact) (Contact, error) {
	c.Name, c.Company = line(c.Name), line(c.Company)
	if c.Name == "" {
		c.Name = c.Company
	}
	switch {
	case c.Name == "":
		return c, errors.New("a contact needs a name")
	case len(c.Numbers) == 0:
		return c, fmt.Errorf("%s has no number", c.Name)
	case len(c.Numbers) > MaxNumbers:
		return c, fmt.Errorf("%s has more than %d numbers", c.Name, MaxNumbers)
	}
	var out []Number
	for _, n := range c.Numbers {
		n.Value = line(n.Value)
		if n.Value == "" {
			return c, fmt.Errorf("%s has an empty number", c.Name)
		}
		if !slices.Contains(Kinds, n.Kind) {
			n.Kind = "other"
		}
		out = append(out, n)
	}
	c.Numbers = out
	return c, nil
}

// line makes one short line of text: no control or direction characters.
func line(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.Join(strings.Fields(s), " ")
	for len(s) > maxText {
		s = s[:strings.LastIndexFunc(s, func(rune) bool { return true })]
	}
	return s
}

// Sort orders contacts by name as people look them up.
func Sort(all []Contact) {
	slices.SortFunc(all, func(a, b Contact) int {
		return cmp.Or(cmp.Compare(fold(a.Name), fold(b.Name)), cmp.Compare(a.ID, b.ID))
	})
}

// Search gives the contacts that every word of the query is found in: at the start of a word of the name
// or company, or anywhere in a number's digits. An empty query finds all.
func Search(all []Contact, query string) []Contact {
	words := strings.Fields(fold(query))
	var out []Contact
	for _, c := range all {
		if matches(c, words) {
			out = append(out, c)
		}
	}
	return out
}

func matches(c Contact, words []string) bool {
	text := " " + fold(c.Name+" "+c.Company)
	for _, w := range words {
		if !strings.Contains(text, " "+w) && !anyNumber(c, w) {
			return false
		}
	}
	return true
}

func anyNumber(c Contact, word string) bool {
	d := digits(word)
	return slices.ContainsFunc(c.Numbers, func(n Number) bool {
		return d != "" && d == strings.Trim(word, "+-/().") && strings.Contains(digits(n.Value), strings.TrimLeft(d, "0")) ||
			strings.Contains(fold(n.Value), word) && strings.Contains(n.Value, "@")
	})
}

// Named gives the contact that a number or URI belongs to: the last nine digits must agree, or all of a
// shorter number; addresses must be equal. The user part of an address counts as number if it is one.
func Named(all []Contact, number string) (Contact, bool) {
	address, key := bare(number), key(number)
	for _, c := range all {
		for _, n := range c.Numbers {
			if strings.Contains(n.Value, "@") {
				if bare(n.Value) == address {
					return c, true
				}
			} else if key != "" && digitsKey(n.Value) == key {
				return c, true
			}
		}
	}
	return Contact{}, false
}

// bare gives an address without scheme and parameters.
func bare(uri string) string {
	uri, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(uri)), ";")
	for _, scheme := range []string{"sips:", "sip:", "tel:"} {
		uri = strings.TrimPrefix(uri, scheme)
	}
	return uri
}

// key gives the digits by which a number or URI is compared, empty for an address with a name.
func key(uri string) string {
	user, _, _ := strings.Cut(bare(uri), "@")
	if user == "" || strings.Trim(user, "+0123456789-.()/ ") != "" {
		return ""
	}
	return digitsKey(user)
}

func digitsKey(number string) string {
	d := digits(number)
	return d[max(0, len(d)-9):]
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// fold makes text comparable: lower case, without accents.
func fold(s string) string {
	t := transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC)
	out, _, err := transform.String(t, s)
	if err != nil {
		out = s
	}
	return strings.ToLower(out)
}
