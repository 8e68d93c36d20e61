package font

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-text/typesetting/bidi"
	"github.com/go-text/typesetting/harfbuzz"
)

// firstOther is the first character that Inter may not have or that may run from right to left.
const firstOther = 0x0590

// The marks that keep what stands between them in its own direction (Unicode TR9 §2.4).
const (
	isolate    = '\u2066'
	isolateEnd = '\u2069'
)

// item is a piece of a text that is set with one face in one direction.
type item struct {
	start, end int // of the runes
	face       Face
	level      bidi.Level
}

// shapeMixed sets a text of several scripts: cut into pieces of one face and direction, each shaped, put side by side in
// the order in which they are seen.
func (s *Set) shapeMixed(style Style, text string) *Run {
	runes := isolateNumbers(text)
	run := &Run{Tall: true}
	for _, it := range visual(s.items(style, runes)) {
		b := s.buffer
		b.Clear()
		b.AddRunes(runes, it.start, it.end-it.start)
		b.Props.Direction = harfbuzz.LeftToRight
		if it.level%2 == 1 {
			b.Props.Direction = harfbuzz.RightToLeft
		}
		b.GuessSegmentProperties()
		s.append(run, style, it.face, func(cluster int) byte { return byte(min(runes[cluster], 0xFF)) })
	}
	return run
}

// isolateNumbers puts each number of a text between marks, so that its groups stay in order where the text runs from right
// to left: a telephone number, a time or an address is read from left to right everywhere.
func isolateNumbers(text string) []rune {
	out, from := make([]rune, 0, len(text)), -1 // from: where a number began in out
	last := 0                                   // behind the last digit of it, or of its unit
	end := func() {
		if from >= 0 {
			out = slices.Insert(slices.Insert(out, last, isolateEnd), from, isolate)
			from = -1
		}
	}
	for _, r := range text {
		digit := r >= '0' && r <= '9'
		switch {
		case digit && from < 0 || r == '+':
			end()
			from, last = len(out), len(out)+1
		case digit, from >= 0 && (r >= 'a' && r <= 'z' || r == '%'):
			last = len(out) + 1
		case !strings.ContainsRune(" \u00A0-/:.", r):
			end()
		}
		out = append(out, r)
	}
	end()
	return out
}

// items cuts a text where its direction or its face changes.
func (s *Set) items(style Style, runes []rune) []item {
	var out []item
	pack := s.hanPack(runes)
	base := bidi.Neutral
	if style.RightToLeft && slices.ContainsFunc(runes, fromTheRight) {
		base = bidi.RightToLeft
	}
	runs := s.bidi.Segment(runes, base)
	for i := range runs.NumRuns() {
		run := runs.Run(i)
		face := style.Face
		for at := run.Start; at < run.End; at++ {
			r := runes[at]
			if r == isolate || r == isolateEnd {
				continue
			}
			if !s.stays(face, r) || at == run.Start {
				face = s.faceFor(style.Face, r, pack)
			}
			if n := len(out); n > 0 && out[n-1].end == at && at > run.Start && out[n-1].face == face {
				out[n-1].end++
			} else {
				out = append(out, item{at, at + 1, face, run.Level})
			}
		}
	}
	return out
}

// fromTheRight tells which letters are read from right to left.
func fromTheRight(r rune) bool { return unicode.In(r, unicode.Arabic, unicode.Hebrew) }

// stays tells whether a character belongs to the letters before it: a space, a mark, or a joiner.
func (s *Set) stays(face Face, r rune) bool {
	if r != ' ' && !unicode.In(r, unicode.Mn, unicode.Mc, unicode.Cf) {
		return false
	}
	_, has := s.outlines[face].NominalGlyph(r)
	return has
}

// others are the blocks of characters that stand in faces of their own, in 400 and in 600.
var others = []struct {
	first, last   rune
	regular, bold Face
}{
	{0x0590, 0x05FF, hebrew, hebrewBold}, {0xFB1D, 0xFB4F, hebrew, hebrewBold},
	{0x0600, 0x077F, arabic, arabicBold},
	{0x0900, 0x097F, devanagari, devanagariBold}, {0xA8E0, 0xA8FF, devanagari, devanagariBold},
	{0x0E00, 0x0E7F, thai, thaiBold},
	{0x3000, 0x30FF, japanese, japanese}, {0xFF00, 0xFF9F, japanese, japanese},
	{0x3130, 0x318F, korean, korean}, {0xAC00, 0xD7A3, korean, korean},
}

// faceFor finds the face for a character: the style's own if it has it, which it also is if no face has.
func (s *Set) faceFor(style Face, r rune, pack Face) Face {
	if s.has(style, r) {
		return style
	}
	for _, o := range others {
		face := o.regular
		if style == SemiBold {
			face = o.bold
		}
		if r >= o.first && r <= o.last && s.has(face, r) {
			return face
		}
	}
	if unicode.Is(unicode.Han, r) {
		for _, face := range [...]Face{pack, japanese, chinese} {
			if s.has(face, r) {
				return face
			}
		}
	}
	return style
}

// hanPack chooses the face for the Han characters of a text: the Japanese one unless only the Chinese has them all, so
// that one name is set in one hand.
func (s *Set) hanPack(runes []rune) Face {
	for _, face := range [...]Face{japanese, chinese} {
		if !slices.ContainsFunc(runes, func(r rune) bool { return unicode.Is(unicode.Han, r) && !s.has(face, r) }) {
			return face
		}
	}
	return japanese
}

// has tells whether a face has a character, and opens the face for that. An embedded face that cannot be opened has
// nothing.
func (s *Set) has(face Face, r rune) bool {
	if s.outlines[face] == nil && s.open(face) != nil {
		return false
	}
	_, ok := s.outlines[face].NominalGlyph(r)
	return ok
}

// visual brings pieces into the order in which they are seen from left to right (Unicode TR9 rule L2).
func visual(items []item) []item {
	most := bidi.Level(0)
	for _, it := range items {
		most = max(most, it.level)
	}
	for level := most; level > 0; level-- {
		for from := 0; from < len(items); from++ {
			to := from
			for to < len(items) && items[to].level >= level {
				to++
			}
			slices.Reverse(items[from:to])
			from = max(from, to-1)
		}
	}
	return items
}

// startsCharacter tells whether a text can be cut before s: not inside a character, nor between a letter and its mark.
func startsCharacter(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return utf8.RuneStart(s[0]) && !unicode.In(r, unicode.Mn, unicode.Mc, unicode.Cf)
}
