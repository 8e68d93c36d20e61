package phone

import (
	"errors"
	"fmt"
	"strings"
)

// DigitMap says when a number typed digit by digit is complete (RFC 3435 §2.1.5): alternatives
// between |, of 0-9 * # + for themselves, x for any of 0-9, [1-57] for a set, a dot for any number
// of what stands before it, and T at the end for "only after the inter-digit pause".
//
//	[2-7]xxx|0[1-9]xxxxx.T|00x.T|11[0-9]
type DigitMap string

// Match is how far a typed number has come in a DigitMap.
type Match uint8

// The outcomes.
const (
	NoMatch  Match = iota // no number of the map begins so
	Partial               // more digits must come
	Perhaps               // complete, and yet more digits may come: wait for the pause
	Complete              // complete, call at once
)

const maxDigitMap = 1024 // characters; a real one has some dozens

// Validate checks the spelling of the map.
func (m DigitMap) Validate() error {
	if len(m) > maxDigitMap {
		return fmt.Errorf("longer than %d characters", maxDigitMap)
	}
	for alt := range strings.SplitSeq(string(m), "|") {
		if _, err := parseAlternative(alt); err != nil {
			return err
		}
	}
	return nil
}

// Match tells how far digits have come. A map that does not validate matches nothing.
func (m DigitMap) Match(digits string) Match {
	full, more := false, false
	for alt := range strings.SplitSeq(string(m), "|") {
		a, err := parseAlternative(alt)
		if err != nil {
			return NoMatch
		}
		f, g := a.match(digits)
		full, more = full || f, more || g
	}
	return matchOf(full, more)
}

// matchOf tells how far a number has come that is one by itself, or becomes one by more digits.
func matchOf(full, more bool) Match {
	switch {
	case full && more:
		return Perhaps
	case full:
		return Complete
	case more:
		return Partial
	}
	return NoMatch
}

// element is one place of an alternative: a set of keys, once or any number of times.
type element struct {
	keys string
	loop bool
}

type alternative struct {
	elements []element
	timer    bool
}

const dialKeys = "0123456789*#+"

func parseAlternative(s string) (alternative, error) {
	var a alternative
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case a.timer:
			return a, errors.New("T must stand at the end")
		case c == 'T' || c == 't':
			a.timer = true
		case c == 'x' || c == 'X':
			a.elements = append(a.elements, element{keys: dialKeys[:10]})
		case c == '.':
			if len(a.elements) == 0 {
				return a, errors.New("a dot needs something before it")
			}
			a.elements[len(a.elements)-1].loop = true
		case c == '[':
			end := strings.IndexByte(s[i:], ']')
			if end < 0 {
				return a, errors.New("a [ without its ]")
			}
			keys, err := parseSet(s[i+1 : i+end])
			if err != nil {
				return a, err
			}
			a.elements = append(a.elements, element{keys: keys})
			i += end
		case strings.IndexByte(dialKeys, c) >= 0:
			a.elements = append(a.elements, element{keys: s[i : i+1]})
		default:
			return a, fmt.Errorf("%q has no meaning", c)
		}
	}
	if len(a.elements) == 0 {
		return a, errors.New("an alternative is empty")
	}
	return a, nil
}

func parseSet(s string) (string, error) {
	var keys strings.Builder
	for i := 0; i < len(s); i++ {
		from := strings.IndexByte(dialKeys, s[i])
		if from < 0 {
			return "", fmt.Errorf("%q cannot stand in a set", s[i])
		}
		to := from
		if i+2 < len(s) && s[i+1] == '-' {
			to = strings.IndexByte(dialKeys[:10], s[i+2])
			if to < from {
				return "", fmt.Errorf("the range %q runs backwards", s[i:i+3])
			}
			i += 2
		}
		keys.WriteString(dialKeys[from : to+1])
	}
	if keys.Len() == 0 {
		return "", errors.New("a set is empty")
	}
	return keys.String(), nil
}

// match tells whether digits fill the alternative, and whether more digits could follow. It walks
// all places the digits may have reached at once, so a hostile map costs len(digits)*len(elements).
func (a alternative) match(digits string) (full, more bool) {
	at := make([]bool, len(a.elements)+1)
	at[0] = true
	a.skip(at)
	for i := range len(digits) {
		next := make([]bool, len(at))
		for e, here := range at[:len(a.elements)] {
			if here && strings.IndexByte(a.elements[e].keys, digits[i]) >= 0 {
				if a.elements[e].loop {
					next[e] = true
				} else {
					next[e+1] = true
				}
			}
		}
		at = next
		a.skip(at)
	}
	for _, here := range at[:len(a.elements)] {
		more = more || here
	}
	full = at[len(a.elements)]
	return full, more || full && a.timer
}

// skip lets an element that may stand zero times be passed over.
func (a alternative) skip(at []bool) {
	for e := range a.elements {
		if at[e] && a.elements[e].loop {
			at[e+1] = true
		}
	}
}
