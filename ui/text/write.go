package text

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/names"
)

// MaxName is the greatest number of characters of a name that came from outside.
const MaxName = names.Max

// Clean makes a text from outside fit to be shown.
func Clean(s string) string { return names.Clean(s) }

// Initials gives the one or two letters of an avatar: of the first and the last word, titles such as "Dr." and
// the Arabic article passed over.
// A name that does not begin with a letter gives none.
func Initials(name string) string {
	var first, last rune
	for word := range strings.FieldsSeq(name) {
		if article := strings.TrimPrefix(word, "ال"); article != "" {
			word = article
		}
		r, _ := utf8.DecodeRuneInString(word)
		if strings.HasSuffix(word, ".") || !unicode.IsLetter(r) {
			continue
		}
		if first == 0 {
			first = unicode.ToUpper(r)
			if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) {
				return string(r)
			}
		} else {
			last = unicode.ToUpper(r)
		}
	}
	switch {
	case first == 0:
		return ""
	case last == 0:
		return string(first)
	}
	if unicode.Is(unicode.Arabic, first) { // the two shall not join to a word
		return string(first) + " " + string(last)
	}
	return string(first) + string(last)
}

// FirstName gives the word a person is called by: the first that is no title. A number or an address stays whole.
func FirstName(name string) string {
	for word := range strings.FieldsSeq(name) {
		if r, _ := utf8.DecodeRuneInString(word); !strings.HasSuffix(word, ".") && unicode.IsLetter(r) {
			return word
		}
	}
	return name
}

// Duration writes a length of time as 0:42, 12:47 or 1:02:33. A negative one counts as none.
func Duration(d time.Duration) string {
	s := max(0, int(d/time.Second))
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// Spell writes a length of time in words: "42 s", "8 min", "2 h 5 min".
func Spell(d time.Duration) string {
	s := max(0, int(d/time.Second))
	switch {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return fmt.Sprintf("%d min", (s+30)/60)
	}
	return fmt.Sprintf("%d h %d min", s/3600, s/60%60)
}

// Clock writes the time of day.
func Clock(t time.Time) string { return t.Format("15:04") }

// Day says when a day was, seen from now: today, yesterday, a weekday of the last six days, or the date.
func (c *Catalogue) Day(t, now time.Time) string {
	t = t.In(now.Location())
	day := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 12, 0, 0, 0, time.UTC) }
	switch days := int(day(now).Sub(day(t)) / (24 * time.Hour)); {
	case days == 0:
		return c.Log.Today
	case days == 1:
		return c.Log.Yesterday
	case days > 1 && days < 7:
		return c.Weekdays[t.Weekday()]
	}
	return c.DayMonth(c, t)
}

// Thousands writes a number with thin gaps between thousands, as 1 204.
func Thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}

// GroupDigits writes a number in groups: 0171 555 0142, +49 171 555 0142. Anything that is not a plain number stays as
// it is.
func GroupDigits(s string) string {
	for i, r := range s {
		if (r < '0' || r > '9') && (r != '+' || i > 0) {
			return s
		}
	}
	if len(s) < 6 {
		return s
	}
	cut, area := 3, 0 // groups that an area code may take
	if s[0] == '0' {
		cut = 4
	} else if code, _, ok := phone.CallingCode(s); s[0] == '+' && ok {
		if short := phone.ShortArea(code, s[1+len(code):]); short != "" {
			return phone.Group(s)
		}
		cut, area = 1+len(code), 1
	}
	var b strings.Builder
	b.WriteString(s[:cut])
	for rest, group := s[cut:], 0; rest != ""; group++ {
		n := min(3, len(rest))
		if len(rest) == 4 && group > area { // the last group is the longest: 555 0142
			n = 4
		}
		b.WriteString(" " + rest[:n])
		rest = rest[n:]
	}
	return b.String()
}
