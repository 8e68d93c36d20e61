package names

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// alike are the scripts whose letters can be taken for those of another, above all for Latin ones (Unicode TS 39), and
// those that are read the other way. A word has letters of one of them.
var alike = []*unicode.RangeTable{unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee, unicode.Coptic, unicode.Lisu,
	unicode.Georgian, unicode.Deseret, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana, unicode.Nko, unicode.Tifinagh,
	unicode.Devanagari, unicode.Bengali, unicode.Thai, unicode.Lao, unicode.Canadian_Aboriginal, unicode.Osage, unicode.Glagolitic, unicode.Gothic}

// phonetic are Latin and other letters that serve to write sounds down, in ranges of which spelt lists those that
// languages are written with (Ewe, Hausa, Azerbaijani and others).
var phonetic = &unicode.RangeTable{R16: []unicode.Range16{{0x0250, 0x02AF, 1}, {0x1D00, 0x1DBF, 1}, {0x2C60, 0x2C7F, 1}, {0xA720, 0xA7FF, 1}, {0xAB30, 0xAB6F, 1}}}

const spelt = "ɓɔɖɗəɛɠɣɨɩɲɵɯʃʉʊʋʒʔ"

// disguised tells whether a name hides what it is spelt with.
func disguised(name string) bool {
	latin, imitation := false, false
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) }) {
		script := scriptOf(word)
		switch {
		case script == mixed:
			return true
		case script == 0:
			latin = true
		case script == 1 || script == 2: // Cyrillic, Greek
			imitation = imitation || imitates(word)
		}
	}
	return latin && imitation // one whole word of another script can pass for Latin beside those that are
}

// mixed is what scriptOf says of a word that cannot be believed.
const mixed = -2

// scriptOf gives the place of a word's script in alike, -1 for any other.
func scriptOf(word string) int {
	found := -1
	for _, r := range word {
		if unicode.Is(phonetic, r) && !strings.ContainsRune(spelt, r) {
			return mixed
		}
		for i, table := range alike {
			if !unicode.Is(table, r) {
				continue
			}
			if found >= 0 && found != i {
				return mixed
			}
			found = i
		}
	}
	return found
}

// imitates tells whether every letter of a word looks like a Latin one.
func imitates(word string) bool {
	return !strings.ContainsFunc(word, func(r rune) bool { return unicode.IsLetter(r) && looks[unicode.ToLower(r)] == 0 })
}

// looks are the Latin letters that those of other scripts, and digits, are taken for (from Unicode TS 39, confusables,
// those a reader at arm's length takes for one another).
var looks = func() map[rune]rune {
	out := map[rune]rune{}
	for _, row := range []string{
		"aаαᎪ", "bьвВβΒ", "cсϲᏟ", "dԁᏧ", "eеёεЕΕ", "gԍɡ", "hһнНΗ", "iіıιӏΙІ1l|", "jјЈ", "kкκКΚ", "mмМΜ", "nпηո", "oоοσօΟО0",
		"pрρРΡ", "qԛ", "rгᴦ", "sѕЅ5", "tтτТΤ", "uцυս", "vѵν", "wԝѡω", "xхχХΧ", "yуүγУΥ", "zᴢΖ2",
	} {
		letters := []rune(row)
		for _, r := range letters[1:] {
			out[r] = letters[0]
			out[unicode.ToLower(r)] = letters[0]
		}
	}
	return out
}()

// Skeleton gives two names that look alike at arm's length the same form. It is for comparing, not for showing.
func Skeleton(name string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(plain(name))) {
		if to, ok := looks[r]; ok {
			r = to
		}
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(r)
		}
	}
	return strings.NewReplacer("rn", "m", "vv", "w").Replace(b.String())
}
