// Package names makes names and texts that strangers chose fit to be shown, logged and sent on: the screens, the call
// log and the control port all get them from here. Clean is for any text; Name is for what a caller calls himself, from
// which it also takes what pretends to be something else. The number is never part of a name: who shows a name shows the
// number beside it.
package names

import (
	"strings"
	"unicode"
)

// Max is how many characters of a foreign text are kept.
const Max = 64

// maxMarks is how many combining marks may stand on one letter; Vietnamese and pointed Hebrew need two.
const maxMarks = 2

// The joiners, which some scripts spell with.
const (
	zwnj = '\u200C'
	zwj  = '\u200D'
)

// joined are the scripts that spell with joiners (Unicode 15 §23.2); everywhere else they only hide.
var joined = []*unicode.RangeTable{unicode.Arabic, unicode.Syriac, unicode.Mongolian, unicode.Devanagari, unicode.Bengali, unicode.Gurmukhi,
	unicode.Gujarati, unicode.Oriya, unicode.Tamil, unicode.Telugu, unicode.Kannada, unicode.Malayalam, unicode.Sinhala, unicode.Khmer}

// blank are letters, marks and symbols that show nothing.
var blank = map[rune]bool{'\u034F': true, '\u115F': true, '\u1160': true, '\u17B4': true, '\u17B5': true, '\u2800': true, '\u3164': true,
	'\uFFA0': true, '\uFFFC': true, '\uFFFD': true, '\U0001D159': true}

// hidden tells whether a character shows nothing, or turns what stands beside it.
func hidden(r rune) bool {
	return !unicode.IsPrint(r) || blank[r] || unicode.Is(unicode.Variation_Selector, r)
}

// Clean makes a text one line of at most Max characters: without control characters, without those that set the
// direction of others or show nothing, with single blanks and at most two marks on a letter.
func Clean(text string) string {
	var b strings.Builder
	n, marks, space, joiner, before := 0, 0, false, rune(0), rune(0)
	for _, r := range strings.ToValidUTF8(text, "") {
		mark := unicode.In(r, unicode.Mn, unicode.Me)
		switch {
		case unicode.IsSpace(r):
			space, joiner = n > 0, 0
			continue
		case (r == zwnj || r == zwj) && !space && unicode.In(before, joined...):
			joiner = r
			continue
		case hidden(r):
			continue
		case mark && (n == 0 || space || marks >= maxMarks):
			continue
		}
		if joiner != 0 && !unicode.In(r, joined...) {
			joiner = 0
		}
		if n += 1 + count(space) + count(joiner != 0); n > Max {
			break
		}
		if space {
			b.WriteByte(' ')
		}
		if joiner != 0 {
			b.WriteRune(joiner)
		}
		b.WriteRune(r)
		marks = (marks + 1) * count(mark)
		space, joiner, before = false, 0, r
	}
	return b.String()
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
