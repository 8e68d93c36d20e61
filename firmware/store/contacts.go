package store

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Number is one way to reach a contact.
type Number struct {
	Kind  string // "work", "mobile", "home", "sip" or "other"
	Value string // a number as written, or an address
}

// Contact is a person or a firm of the address book.
type Contact struct {
	ID           string `json:"-"` // the book's own name for the entry
	Name         string
	Organisation string
	Numbers      []Number
}

// The reasons for which a contact is not taken.
var (
	ErrNameless = errors.New("store: a contact needs a name")
	ErrNumber   = errors.New("store: a contact needs one to 8 numbers")
	ErrLong     = errors.New("store: a text of a contact is longer than 255 bytes")
	ErrFull     = errors.New("store: the address book is full")
	ErrUnknown  = errors.New("store: no such contact")
)

var kinds = []string{"work", "mobile", "home", "sip", "other"}

func (c *Contact) check() error {
	if strings.TrimSpace(c.Name) == "" {
		return ErrNameless
	}
	if len(c.Numbers) == 0 || len(c.Numbers) > maxNumbers {
		return ErrNumber
	}
	for _, text := range append([]string{c.Name, c.Organisation}, values(c.Numbers)...) {
		if len(text) > maxText {
			return ErrLong
		}
	}
	for i := range c.Numbers {
		if !slices.Contains(kinds, c.Numbers[i].Kind) {
			c.Numbers[i].Kind = "other"
		}
	}
	return nil
}

func values(numbers []Number) []string {
	var out []string
	for _, n := range numbers {
		out = append(out, n.Value)
	}
	return out
}

func idNumber(id string) uint64 {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func sortContacts(list []Contact) {
	slices.SortFunc(list, func(a, b Contact) int {
		if c := strings.Compare(fold(a.Name), fold(b.Name)); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
}

// fold makes names comparable: lower case, the common Latin accents off.
func fold(s string) string {
	return accents.Replace(strings.ToLower(s))
}

var accents = strings.NewReplacer("ä", "a", "ö", "o", "ü", "u", "ß", "ss", "é", "e", "è", "e", "ê", "e", "ë", "e", "á", "a", "à", "a",
	"â", "a", "å", "a", "ã", "a", "ç", "c", "í", "i", "ì", "i", "î", "i", "ï", "i", "ñ", "n", "ó", "o", "ò", "o", "ô", "o", "õ", "o",
	"ø", "o", "ú", "u", "ù", "u", "û", "u", "ý", "y", "ÿ", "y", "č", "c", "š", "s", "ž", "z", "ł", "l")

// Contacts gives the address book by name. The slice is the caller's, what is in it is not.
func (s *Store) Contacts() []Contact {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.contacts)
}

// PutContact adds a contact (empty ID) or replaces the one of its ID, and gives the ID.
func (s *Store) PutContact(c Contact) (id string, err error) {
	c.Name, c.Organisation = strings.TrimSpace(c.Name), strings.TrimSpace(c.Organisation)
	c.Numbers = slices.Clone(c.Numbers)
	if err := c.check(); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.Clone(s.contacts)
	if c.ID == "" {
		if len(list) >= MaxContacts {
			return "", ErrFull
		}
		s.lastID++
		c.ID = fmt.Sprintf("%08d", s.lastID)
		list = append(list, c)
	} else {
		i := slices.IndexFunc(list, func(o Contact) bool { return o.ID == c.ID })
		if i < 0 {
			return "", ErrUnknown
		}
		list[i] = c
	}
	sortContacts(list)
	s.contacts = list
	s.put(bucketContacts, []byte(c.ID), c)
	return c.ID, nil
}

// DeleteContact removes a contact.
func (s *Store) DeleteContact(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.contacts, func(c Contact) bool { return c.ID == id })
	if i < 0 {
		return ErrUnknown
	}
	s.contacts = slices.Delete(slices.Clone(s.contacts), i, i+1)
	s.put(bucketContacts, []byte(id), nil)
	return nil
}

const suffix = 7 // digits that must agree for two numbers written differently to be one

// NameOf finds the contact that has a number; numbers written in different forms are the same if
// their last seven digits are, shorter ones only if they are equal.
func (s *Store) NameOf(number string) (name string, ok bool) {
	want := bare(number)
	if want == "" {
		return "", false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.contacts {
		for _, n := range c.Numbers {
			if same(bare(n.Value), want) {
				return c.Name, true
			}
		}
	}
	return "", false
}

func same(a, b string) bool {
	if a == b {
		return true
	}
	return len(a) >= suffix && len(b) >= suffix && a[len(a)-suffix:] == b[len(b)-suffix:]
}

// bare leaves the digits of a number, or the whole of an address in lower case.
func bare(number string) string {
	number = strings.TrimPrefix(strings.ToLower(strings.TrimSpace(number)), "sip:")
	if strings.ContainsFunc(number, func(r rune) bool { return r >= 'a' && r <= 'z' || r == '@' }) {
		return number
	}
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '*' || r == '#' {
			return r
		}
		return -1
	}, number)
}
