package names

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxRead is how much of a name is looked at: more than Max characters with all their marks take.
const maxRead = 1024

// Name is what a caller calls himself, as it may be shown. It is clean as by Clean, and besides
//
//   - letters in fancy dress (full width, mathematical, in circles) are plain ones;
//   - there are no pictures: a tick, a lock or a flag would be taken for the phone's own;
//   - there is no telephone number: the one that stands beside the name is the only one to believe.
//
// It is empty where nothing of it can be believed: an address, a word that mixes letters of scripts that look alike, or
// one of letters that no language spells names with. Then the number stands alone.
func Name(text string) string {
	text = strings.ToValidUTF8(text[:min(len(text), maxRead)], "")
	text = norm.NFC.String(Clean(strings.Map(picture, plain(text))))
	if strings.Contains(text, "@") || scheme(text) {
		return ""
	}
	text = tidy(numberless(text))
	if disguised(text) || !strings.ContainsFunc(text, unicode.IsLetter) {
		return ""
	}
	return text
}

// scheme tells whether a text begins as the URI of a call does.
func scheme(text string) bool {
	s, _, ok := strings.Cut(strings.ToLower(text), ":")
	return ok && (s == "sip" || s == "sips" || s == "tel")
}

// fancy are the letters and digits in dress (Unicode blocks): letterlike, number forms, in circles, mathematical,
// ligatures and presentation forms, half and full width.
var fancy = &unicode.RangeTable{
	R16: []unicode.Range16{{0x2100, 0x2115, 1}, {0x2117, 0x211F, 1}, {0x2123, 0x214F, 1}, {0x2160, 0x217F, 1}, {0x2460, 0x24FF, 1}, {0x3200, 0x33FF, 1},
		{0xFB00, 0xFB06, 1}, {0xFB50, 0xFDFF, 1}, {0xFE70, 0xFEFC, 1}, {0xFF01, 0xFFEF, 1}},
	R32: []unicode.Range32{{0x1D400, 0x1D7FF, 1}, {0x1F100, 0x1F12F, 1}, {0x1FBF0, 0x1FBF9, 1}},
}

// negative are the white capitals on black, which have no plain form in Unicode: 26 from each of these.
var negative = []rune{0x1F150, 0x1F170, 0x1F130}

// plain undresses fancy letters.
func plain(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.Is(fancy, r) {
			b.WriteString(norm.NFKC.String(string(r)))
			continue
		}
		for _, first := range negative {
			if r >= first && r < first+26 {
				r = 'A' + r - first
			}
		}
		b.WriteRune(r)
	}
	return b.String()
}

// picture drops what is no part of a name: pictures, arrows, mathematical signs and skin colours.
func picture(r rune) rune {
	switch {
	case r < unicode.MaxASCII, strings.ContainsRune("©®™°№·±×", r):
		return r
	case unicode.In(r, unicode.So, unicode.Sm, unicode.Sk):
		return -1
	}
	return r
}

// longest is how many digits in a row may stand in a name: "Room 2417", "Studio 54".
const longest = 4

// numberless takes telephone numbers out: five digits and more, with what people write between them.
func numberless(text string) string {
	var out, run strings.Builder
	digits := 0
	flush := func() {
		if digits <= longest {
			out.WriteString(run.String())
		} else {
			out.WriteByte(' ')
		}
		run.Reset()
		digits = 0
	}
	for _, r := range text {
		switch {
		case unicode.IsDigit(r):
			digits++
			run.WriteRune(r)
		case strings.ContainsRune(" +-./()\u2010\u2011\u2012\u2013", r):
			run.WriteRune(r)
		default:
			flush()
			out.WriteRune(r)
		}
	}
	flush()
	return out.String()
}

// left is what a number leaves behind at the ends of a name.
const left = " -,;:/|<>"

// tidy takes away what a number left behind.
func tidy(text string) string {
	text = strings.NewReplacer("<>", " ", "()", " ", "[]", " ", `""`, " ").Replace(text)
	text = strings.TrimRight(Clean(text), left)
	return strings.TrimLeftFunc(text, func(r rune) bool { return unicode.IsMark(r) || strings.ContainsRune(left, r) })
}
