package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// keyLetters are the letters on the keys 2 to 9 (ITU-T E.161).
var keyLetters = [10]string{2: "abc", 3: "def", 4: "ghi", 5: "jkl", 6: "mno", 7: "pqrs", 8: "tuv", 9: "wxyz"}

// KeyLetters gives the letters of a dial key, none for a key without.
func KeyLetters(digit rune) string {
	if digit < '0' || digit > '9' {
		return ""
	}
	return keyLetters[digit-'0']
}

// folded are letters that do not fall apart into a base letter and a mark.
var folded = map[rune]rune{'ß': 's', 'æ': 'a', 'ø': 'o', 'đ': 'd', 'ð': 'd', 'ł': 'l', 'œ': 'o', 'þ': 't', 'ı': 'i', 'ħ': 'h'}

// key gives the digit a letter is typed with, 0 for a character that no key has.
func key(r rune) byte {
	r = unicode.ToLower(r)
	if r > 127 {
		if f, ok := folded[r]; ok {
			r = f
		} else if d := norm.NFD.PropertiesString(string(r)).Decomposition(); len(d) > 0 {
			r, _ = utf8.DecodeRune(d)
		}
	}
	if r >= '0' && r <= '9' {
		return byte(r)
	}
	for digit, letters := range keyLetters {
		if letters != "" && strings.ContainsRune(letters, r) {
			return byte('0' + digit)
		}
	}
	return 0
}

// Name is a name made ready for search by keys.
type Name struct {
	digits []byte // the key of each letter; 0 between words
	starts []int  // where in the name each letter begins, and the name's end
}

// NewName makes a name ready for search.
func NewName(name string) Name {
	n := Name{digits: make([]byte, 0, len(name)), starts: make([]int, 0, len(name)+1)}
	for i, r := range name {
		if unicode.Is(unicode.Mn, r) { // a mark belongs to the letter before it
			continue
		}
		n.digits = append(n.digits, key(r))
		n.starts = append(n.starts, i)
	}
	n.starts = append(n.starts, len(name))
	return n
}

// Match finds the first word of the name that begins as the digits spell, and gives the bytes of the name that matched.
func (n Name) Match(digits string) (from, to int, ok bool) {
	if digits == "" {
		return 0, 0, false
	}
	for at := range n.digits {
		if at > 0 && n.digits[at-1] != 0 || at+len(digits) > len(n.digits) {
			continue
		}
		if string(n.digits[at:at+len(digits)]) == digits {
			return n.starts[at], n.starts[at+len(digits)], true
		}
	}
	return 0, 0, false
}
