package store

import "strings"

// tail is how many digits from the right two ways of writing a number must share to be the same
// number: 0171 5550142 and +49 171 5550142. Shorter ones are extensions and must be equal.
const tail = 7

// nameIndex finds a contact by any of its numbers.
type nameIndex struct {
	exact map[string]string  // address or short number -> name
	tails map[string][]owner // the last digits -> who has a number that ends so
}

type owner struct{ digits, name string }

func indexNames(book []Contact) nameIndex {
	x := nameIndex{exact: map[string]string{}, tails: map[string][]owner{}}
	for _, c := range book {
		name := c.Name
		if name == "" {
			name = c.Organisation
		}
		if name == "" {
			continue
		}
		for _, n := range c.Numbers {
			digits, plain := reduce(n.Value)
			if len(digits) >= tail {
				end := digits[len(digits)-tail:]
				x.tails[end] = append(x.tails[end], owner{digits, name})
			} else if _, taken := x.exact[plain]; !taken && plain != "" {
				x.exact[plain] = name
			}
		}
	}
	return x
}

// find gives the name of whose number agrees with the most digits.
func (x nameIndex) find(number string) (string, bool) {
	digits, plain := reduce(number)
	if len(digits) < tail {
		name, ok := x.exact[plain]
		return name, ok
	}
	best := owner{}
	for _, o := range x.tails[digits[len(digits)-tail:]] {
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

// NameOf finds the name of a number or address among the contacts; ok is false for a stranger.
func (s *Store) NameOf(number string) (name string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.names.find(number)
}
