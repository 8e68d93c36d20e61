package store

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Limits of the address book.
const (
	MaxContacts = 2000
	maxNumbers  = 16
	maxText     = 128 // bytes of a name or number
)

// Number is one way to reach a contact.
type Number struct {
	Kind  string // one of Kinds
	Value string // a number as written, or an address
}

// Kinds are the kinds of numbers.
var Kinds = []string{"mobile", "work", "home", "sip", "other"}

// Contact is a person or a firm.
type Contact struct {
	ID           string // given by PutContact; empty for one that is new
	Name         string
	Organisation string
	Favourite    bool
	Numbers      []Number
}

// Errors of the address book. Others say what is wrong with a contact.
var (
	ErrFull      = errors.New("store: the address book is full")
	ErrNoContact = errors.New("store: no such contact")
)

func (c *Contact) check() error {
	texts := []string{c.Name, c.Organisation}
	for _, n := range c.Numbers {
		if !slices.Contains(Kinds, n.Kind) {
			return fmt.Errorf("store: there is no kind of number %q", n.Kind)
		}
		if n.Value == "" {
			return errors.New("store: a number of the contact is empty")
		}
		texts = append(texts, n.Value)
	}
	for _, s := range texts {
		if len(s) > maxText || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
			return fmt.Errorf("store: a text of the contact is longer than %d bytes or holds control characters", maxText)
		}
	}
	if c.Name == "" && c.Organisation == "" && len(c.Numbers) == 0 {
		return errors.New("store: the contact is empty")
	}
	if len(c.Numbers) > maxNumbers {
		return fmt.Errorf("store: a contact has at most %d numbers", maxNumbers)
	}
	return nil
}

// Contacts gives the address book by name. The slice is the same until the book changes, and is
// never written again.
func (s *Store) Contacts() []Contact {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.contacts
}

// PutContact adds a contact, or changes the one of the same ID, and gives its ID.
func (s *Store) PutContact(c Contact) (id string, err error) {
	c.Numbers = slices.Clone(c.Numbers)
	if err := c.check(); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.Clone(s.contacts)
	switch i := slices.IndexFunc(all, func(x Contact) bool { return x.ID == c.ID }); {
	case c.ID == "" && len(all) >= MaxContacts:
		return "", ErrFull
	case c.ID == "":
		c.ID = newID()
		all = append(all, c)
	case i < 0:
		return "", ErrNoContact
	default:
		all[i] = c
	}
	s.setContacts(all)
	s.put(key{contactsBucket, c.ID}, c)
	return c.ID, nil
}

// DeleteContact deletes a contact.
func (s *Store) DeleteContact(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.contacts, func(x Contact) bool { return x.ID == id })
	if i < 0 {
		return ErrNoContact
	}
	s.setContacts(slices.Delete(slices.Clone(s.contacts), i, i+1))
	s.drop(key{contactsBucket, id})
	return nil
}

// newID is random, so that books from two files can be laid together.
func newID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

// setContacts sorts a book that is not yet shared, and makes the index of its names.
func (s *Store) setContacts(all []Contact) {
	order := make(map[string]string, len(all))
	for _, c := range all {
		order[c.ID] = sortKey(&c)
	}
	slices.SortFunc(all, func(a, b Contact) int { return strings.Compare(order[a.ID], order[b.ID]) })
	s.contacts, s.names = all, indexNames(all, s.names.by)
}

// sortKey orders by what is shown first, whatever its case and accents; equal ones by what tells
// them apart, so that the order is always the same.
func sortKey(c *Contact) string {
	shown := c.Name
	if shown == "" {
		shown = c.Organisation
	}
	if shown == "" {
		shown = c.Numbers[0].Value
	}
	return fold(shown) + "\x00" + fold(c.Organisation) + "\x00" + c.ID
}

// letters are those that do not come apart into a letter and an accent.
var letters = strings.NewReplacer("ß", "ss", "æ", "ae", "œ", "oe", "ø", "o", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "ı", "i")

// fold takes accents and case off.
func fold(s string) string {
	var out strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(s)) {
		if !unicode.Is(unicode.Mn, r) {
			out.WriteRune(r)
		}
	}
	return letters.Replace(out.String())
}
