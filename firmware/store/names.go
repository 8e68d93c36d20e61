package store

import (
	"strings"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/names"
)

// tail is how many digits from the right two ways of writing a number must share to be the same
// number, where the number plan does not make E.164 of both: 0171 5550142 and +49 171 5550142.
// Shorter ones are extensions and must be equal.
const tail = 7

// nameIndex finds a contact by any of its numbers.
type nameIndex struct {
	by     phone.Numbering    // what the numbers were read by
	e164   map[string]string  // E.164 -> name
	exact  map[string]string  // address or short number -> name
	tails  map[string][]owner // the last digits -> who has a number that ends so
	spelt  map[string]bool    // names of contacts, folded
	looks  map[string]bool    // how they look
	config phone.Config
}

type owner struct {
	digits, name string
	e164         bool
}

func indexNames(book []Contact, by phone.Numbering) nameIndex {
	x := nameIndex{by: by, e164: map[string]string{}, exact: map[string]string{}, tails: map[string][]owner{}, spelt: map[string]bool{}, looks: map[string]bool{},
		config: phone.Config{Numbering: by}}
	for _, c := range book {
		name := c.Name
		if name == "" {
			name = c.Organisation
		}
		if name == "" {
			continue
		}
		x.spelt[fold(name)], x.looks[names.Skeleton(name)] = true, true
		for _, n := range c.Numbers {
			x.add(n.Value, name)
		}
	}
	return x
}

func (x *nameIndex) add(number, name string) {
	digits, plain := reduce(number)
	canonical := x.config.Canonical(number)
	e164 := strings.HasPrefix(canonical, "+")
	if e164 {
		put(x.e164, canonical, name)
	}
	if len(digits) >= tail {
		end := digits[len(digits)-tail:]
		x.tails[end] = append(x.tails[end], owner{digits, name, e164})
	} else if plain != "" {
		put(x.exact, plain, name)
	}
}

// put keeps who came first.
func put(m map[string]string, key, name string) {
	if _, taken := m[key]; !taken {
		m[key] = name
	}
}

// find gives the name of whose number it is in E.164, else of whose agrees with the most digits.
func (x *nameIndex) find(number string) (string, bool) {
	canonical := x.config.Canonical(number)
	if name, ok := x.e164[canonical]; ok {
		return name, true
	}
	digits, plain := reduce(number)
	if len(digits) < tail {
		name, ok := x.exact[plain]
		return name, ok
	}
	best, e164 := owner{}, strings.HasPrefix(canonical, "+")
	for _, o := range x.tails[digits[len(digits)-tail:]] {
		if o.e164 && e164 { // both are known to the last digit, and differ
			continue
		}
		if (strings.HasSuffix(digits, o.digits) || strings.HasSuffix(o.digits, digits)) && len(o.digits) > len(best.digits) {
			best = o
		}
	}
	return best.name, best.name != ""
}

// reduce gives the digits of a telephone number without the prefixes that depend on where one
// dials (+, 00, 0), or none for an address; and the plain form in which short numbers and addresses
// must be equal.
func reduce(number string) (digits, plain string) {
	number = strings.ToLower(strings.TrimSpace(number))
	for _, scheme := range []string{"sip:", "sips:", "tel:"} {
		number = strings.TrimPrefix(number, scheme)
	}
	if strings.ContainsFunc(number, func(r rune) bool { return !strings.ContainsRune("0123456789+ ()-./", r) }) {
		return "", number
	}
	plain = strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, number)
	return strings.TrimLeft(plain, "0"), plain
}

// NameOf finds the name of a number or address among the contacts, both read by the same rules; ok is
// false for a stranger.
func (s *Store) NameOf(number string, by phone.Numbering) (name string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.names.by != by {
		s.names = indexNames(s.contacts, by)
	}
	return s.names.find(number)
}

// Imitates tells whether a name looks like that of a contact but is spelt otherwise, beyond case and
// accents.
func (s *Store) Imitates(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.names.looks[names.Skeleton(name)] && !s.names.spelt[fold(name)]
}
