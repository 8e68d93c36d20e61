package phone

import (
	"regexp"
	"strings"
	"testing"
)

func TestDigitMap(t *testing.T) {
	const german DigitMap = "[2-7]xxx|0[1-9]xxxxx.T|00x.T|11[0-2]|*xx#|[*#]x.#"
	for _, row := range []struct {
		m      DigitMap
		digits string
		want   Match
	}{
		{german, "2", Partial}, {german, "2345", Complete}, {german, "23456", NoMatch}, {german, "8", NoMatch},
		{german, "0", Partial}, {german, "00", Perhaps}, {german, "0049", Perhaps}, {german, "0171", Partial}, {german, "017155", Perhaps}, {german, "01715550142", Perhaps},
		{german, "11", Partial}, {german, "112", Complete}, {german, "119", NoMatch},
		{german, "*21", Partial}, {german, "*21#", Complete}, {german, "##", Complete}, {german, "#1234#", Complete}, {german, "+49", NoMatch},
		{"x.T", "", Perhaps}, {"x.", "12", Perhaps}, {"1|12", "1", Perhaps}, {"1|12", "12", Complete}, {"xT", "1", Perhaps}, {"xT", "12", NoMatch},
		{"[1-3+*]x", "+1", Complete}, {"[1-3+*]x", "*1", Complete}, {"[1-3+*]x", "4", NoMatch}, {"X", "7", Complete}, {"xt", "7", Perhaps},
		{"", "1", NoMatch}, {"a", "1", NoMatch},
	} {
		if got := row.m.Match(row.digits); got != row.want {
			t.Errorf("%s of %s: %d, want %d", row.digits, row.m, got, row.want)
		}
	}
	for m, want := range map[DigitMap]string{
		"": "empty", "1||2": "empty", ".": "dot", "T1": "end", "xTT": "end", "[12": "without its ]", "[]": "set is empty", "[a]": "set", "[5-1]": "backwards",
		"[1-*]": "backwards", "[1-]": "set", "1-2": "no meaning", "T": "empty", DigitMap(strings.Repeat("1", 1025)): "longer",
	} {
		if err := m.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", m, err, want)
		}
	}
	if err := german.Validate(); err != nil {
		t.Error(err)
	}
}

// a digit map is a regular expression in other letters: Go's own decides what is right.
func asRegexp(m DigitMap) *regexp.Regexp {
	var alternatives []string
	for alt := range strings.SplitSeq(string(m), "|") {
		r := strings.NewReplacer("x", "[0-9]", "X", "[0-9]", ".", "*", "*", `\*`, "+", `\+`, "T", "", "t", "")
		var out strings.Builder
		for alt != "" {
			if alt[0] == '[' { // a set stays as it is
				end := strings.IndexByte(alt, ']') + 1
				out.WriteString(alt[:end])
				alt = alt[end:]
			} else {
				out.WriteString(r.Replace(alt[:1]))
				alt = alt[1:]
			}
		}
		alternatives = append(alternatives, collapse(out.String()))
	}
	return regexp.MustCompile("^(?:" + strings.Join(alternatives, "|") + ")$")
}

// collapse makes one star of several, which a digit map may have and a regular expression not; an
// escaped star stays.
func collapse(s string) string {
	const escaped = "\x00"
	s = strings.ReplaceAll(s, `\*`, escaped)
	for strings.Contains(s, "**") {
		s = strings.ReplaceAll(s, "**", "*")
	}
	return strings.ReplaceAll(s, escaped, `\*`)
}

func FuzzDigitMap(f *testing.F) {
	f.Add("[2-7]xxx|0[1-9]xxxxx.T|00x.T|11[0-2]|*xx#", "0049171")
	f.Add("x..|[*#+1-3].T", "123")
	f.Add("[0-9*#+].T", "*#+")
	f.Fuzz(func(t *testing.T, spelt, digits string) {
		m := DigitMap(spelt)
		got := m.Match(digits)
		if m.Validate() != nil || strings.Trim(digits, dialKeys) != "" || len(digits) > maxNumber || len(spelt) > 100 {
			return
		}
		full := asRegexp(m).MatchString(digits)
		if full != (got == Complete || got == Perhaps) {
			t.Fatalf("%q of %q: match %d, and as a regular expression %v", digits, m, got, full)
		}
		for _, d := range dialKeys {
			if more := m.Match(digits + string(d)); more != NoMatch && (got == NoMatch || got == Complete) {
				t.Fatalf("%q of %q is %d, but with a %c more %d", digits, m, got, d, more)
			}
		}
	})
}
