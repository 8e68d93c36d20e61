package contacts

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"

	"opendeskphone/tools/odp/pc/keep"
)

const fileName = "contacts.json"

// Book is the address book in its file. Its methods may be called from any goroutine.
type Book struct {
	folder keep.Folder
	mu     sync.Mutex
	all    []Contact
	phones map[string][]Contact // what phones have of their own
}

// Open reads the book of a folder; one that is not there yet is empty.
func Open(folder keep.Folder) (*Book, error) {
	b := &Book{folder: folder, phones: map[string][]Contact{}}
	if err := folder.Load(fileName, &b.all); err != nil {
		return nil, fmt.Errorf("contacts: %w", err)
	}
	return b, nil
}

// Search gives the contacts that a query finds, by name. The slice is the caller's.
func (b *Book) Search(query string) []Contact {
	b.mu.Lock()
	defer b.mu.Unlock()
	return Search(b.both(), query)
}

// Named gives the contact a number belongs to.
func (b *Book) Named(number string) (Contact, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return Named(b.both(), number)
}

// both gives all contacts by name. One of a phone that this book has under the same name and number is
// shown once.
func (b *Book) both() []Contact {
	out := slices.Clone(b.all)
	for _, p := range b.phones {
		for _, c := range p {
			if mine, ok := Named(b.all, c.Numbers[0].Value); !ok || mine.Name != c.Name {
				out = append(out, c)
			}
		}
	}
	Sort(out)
	return out
}

// SetPhone shows a phone's own contacts beside ours, in place of those it had before.
func (b *Book) SetPhone(phone string, all []Contact) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []Contact
	for _, c := range all {
		if c, err := Clean(c); err == nil {
			out = append(out, c)
		}
	}
	b.phones[phone] = out
}

// Put adds contacts, or replaces those whose ID is in the book; what is the same as one already there is
// left out. It gives them as they are kept; if one is refused, none is.
func (b *Book) Put(add ...Contact) ([]Contact, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := slices.Clone(b.all)
	var out []Contact
	for _, c := range add {
		c, err := Clean(c)
		if err != nil {
			return nil, err
		}
		switch i := slices.IndexFunc(all, func(o Contact) bool { return o.ID == c.ID && c.ID != "" || same(o, c) }); {
		case i >= 0:
			c.ID = all[i].ID
			all[i] = c
		case len(all) >= MaxContacts:
			return nil, ErrFull
		default:
			c.ID = rand.Text()[:12]
			all = append(all, c)
		}
		out = append(out, c)
	}
	return out, b.save(all)
}

// ErrNone says that there is no such contact.
var ErrNone = errors.New("there is no such contact")

// Delete removes a contact.
func (b *Book) Delete(id string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := slices.DeleteFunc(slices.Clone(b.all), func(c Contact) bool { return c.ID == id })
	if len(all) == len(b.all) {
		return ErrNone
	}
	return b.save(all)
}

func (b *Book) save(all []Contact) error {
	Sort(all)
	if err := b.folder.Save(fileName, all); err != nil {
		return fmt.Errorf("contacts: %w", err)
	}
	b.all = all
	return nil
}

func same(a, b Contact) bool {
	return a.Name == b.Name && a.Company == b.Company && slices.Equal(a.Numbers, b.Numbers)
}
