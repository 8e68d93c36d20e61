package text

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"opendeskphone/firmware/phone"
)

// walk visits every string of a catalogue by its path.
func walk(path string, v reflect.Value, visit func(path, s string)) {
	switch v.Kind() {
	case reflect.String:
		visit(path, v.String())
	case reflect.Struct:
		for i := range v.NumField() {
			walk(path+"."+v.Type().Field(i).Name, v.Field(i), visit)
		}
	case reflect.Array, reflect.Slice:
		for i := range v.Len() {
			walk(fmt.Sprintf("%s[%d]", path, i), v.Index(i), visit)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			walk(fmt.Sprintf("%s[%v]", path, k), v.MapIndex(k), visit)
		}
	}
}

var verbRE = regexp.MustCompile(`%[sd%]`)

func TestLanguagesAreComplete(t *testing.T) {
	english := map[string]string{}
	walk("", reflect.ValueOf(English), func(path, s string) { english[path] = s })
	for _, c := range Languages {
		seen := map[string]bool{}
		walk("", reflect.ValueOf(*c), func(path, s string) {
			seen[path] = true
			optional := strings.Contains(path, ".Steps[") || strings.Contains(path, ".Sayings[") && english[path] == ""
			if s == "" && !optional {
				t.Errorf("%s%s is empty", c.Code, path)
			}
			if s != "" && english[path] == "" && strings.Contains(path, ".Sayings[") {
				t.Errorf("%s%s says what English does not", c.Code, path)
			}
			if got, want := fmt.Sprint(verbRE.FindAllString(s, -1)), fmt.Sprint(verbRE.FindAllString(english[path], -1)); got != want {
				t.Errorf("%s%s takes %s, English %s", c.Code, path, got, want)
			}
			if strings.ContainsAny(s, "!") || strings.Contains(strings.ToLower(s), "please") || strings.Contains(strings.ToLower(s), "error") {
				t.Errorf("%s%s: %q breaks the rules of wording", c.Code, path, s)
			}
		})
		for path := range english {
			if !seen[path] {
				t.Errorf("%s%s is missing", c.Code, path)
			}
		}
	}
}

// TestArabicIsTranslated wants nearly every word of the Arabic screens to be Arabic: what is not shows in English.
func TestArabicIsTranslated(t *testing.T) {
	english, left, all := map[string]string{}, []string{}, 0
	walk("", reflect.ValueOf(English), func(path, s string) { english[path] = s })
	walk("", reflect.ValueOf(Arabic), func(path, s string) {
		if all++; s == english[path] && strings.ContainsAny(verbRE.ReplaceAllString(s, ""), "abcdefghijklmnopqrstuvwxyz") && s != "abc" {
			left = append(left, path)
		}
	})
	if len(left)*10 > all {
		t.Errorf("%d of %d words are still English: %v", len(left), all, left)
	}
	t.Logf("English: %v", left)
}

func TestEveryStateHasWords(t *testing.T) {
	for _, c := range Languages {
		for f := phone.NoFault; f.String() != "invalid"; f++ {
			if _, ok := c.LineCards[f]; !ok || int(f) >= len(c.FaultWord) {
				t.Errorf("%s: no words for the fault %v", c.Code, f)
			}
		}
		for s := phone.LineOff; s.String() != "invalid"; s++ {
			if int(s) >= len(c.LineWords) {
				t.Errorf("%s: no words for the line state %v", c.Code, s)
			}
		}
		for cause := phone.NoCause; cause.String() != "invalid"; cause++ {
			switch cause {
			case phone.LocalHangup, phone.RemoteHangup, phone.Elsewhere, phone.Cancelled, phone.HandedOver, phone.Replaced: // never the cause of a failed call
				continue
			}
			if _, ok := c.Causes[cause]; !ok {
				t.Errorf("%s: no words for the cause %v", c.Code, cause)
			}
		}
		if got, want := len(c.Dial.Rules), int(phone.ProfileRule)+1; got != want {
			t.Errorf("%s: %d words for %d rules", c.Code, got, want)
		}
	}
}

func TestShortLabels(t *testing.T) {
	for _, c := range Languages {
		keys := reflect.ValueOf(c.Keys)
		for i := range keys.NumField() {
			l := keys.Field(i).Interface().(Label)
			if n := utf8.RuneCountInString(l.Short); n > 9 {
				t.Errorf("%s: short form %q of %s has %d characters, more than 9", c.Code, l.Short, keys.Type().Field(i).Name, n)
			}
			if strings.HasSuffix(l.Short, "…") || strings.HasSuffix(l.Long, "…") {
				t.Errorf("%s: key %q ends in an ellipsis", c.Code, l.Long)
			}
		}
	}
}

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{
		"Jonas Keller": "JK", "Dr. Chidi Okafor": "CO", "Mira": "M", "anna maria weber": "AW", "": "", "+49 171": "", "佐藤 健一": "佐", "Ångström Östen": "ÅÖ",
		"يوسف الكردي": "ي ك", "김민준": "김", "דוד לוי": "דל",
	} {
		if got := Initials(name); got != want {
			t.Errorf("initials of %q: %q, want %q", name, got, want)
		}
	}
}

// TestCleanKeepsSpelling holds the joiners that belong to the spelling of a word against those that only hide.
func TestCleanKeepsSpelling(t *testing.T) {
	for in, want := range map[string]string{
		"می\u200cخواهم": "می\u200cخواهم", "क्\u200dष": "क्\u200dष", "An\u200cna": "Anna", "\u200dيوسف": "يوسف", "يوسف\u202e": "يوسف",
	} {
		if got := Clean(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestT9(t *testing.T) {
	for _, c := range []struct {
		name, digits, want string
		ok                 bool
	}{
		{"Jonas Keller", "566", "Jon", true}, {"Ruth Jones", "566", "Jon", true}, {"Aino Konttinen", "566", "Kon", true},
		{"Müller", "685537", "Müller", true}, {"Jonas", "6", "", false}, {"Strauß", "787287", "Strauß", true}, {"", "2", "", false},
		{"Stern Café", "2233", "Café", true}, {"Cafe\u0301", "2233", "Cafe\u0301", true},
	} {
		from, to, ok := NewName(c.name).Match(c.digits)
		if ok != c.ok || c.name[from:to] != c.want {
			t.Errorf("%q by %s: %q %v, want %q %v", c.name, c.digits, c.name[from:to], ok, c.want, c.ok)
		}
	}
}

func TestWriting(t *testing.T) {
	now := time.Date(2025, 11, 20, 14, 32, 0, 0, time.UTC)
	for got, want := range map[string]string{
		Duration(12*time.Minute + 47*time.Second): "12:47", Duration(-time.Hour): "0:00", Duration(3753 * time.Second): "1:02:33",
		Spell(8 * time.Minute): "8 min", Spell(42 * time.Second): "42 s", Thousands(1204): "1 204", Thousands(1234567): "1 234 567",
		English.Day(now, now): "today", English.Day(now.AddDate(0, 0, -1), now): "yesterday", English.Day(now.AddDate(0, 0, -3), now): "Monday",
		German.Day(now.AddDate(0, -1, 0), now): "20. Oktober", English.Date(&English, now): "Thursday 20 November", German.Date(&German, now): "Donnerstag, 20. November",
		GroupDigits("01715550"): "0171 555 0", GroupDigits("017155501"): "0171 555 01", GroupDigits("+491715550"): "+49 171 555 0", GroupDigits("2417"): "2417", GroupDigits("+491715550142"): "+49 171 555 0142", GroupDigits("*21#"): "*21#",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("Jonas\u202eKeller\x00\n\t  x")
	f.Add(strings.Repeat("é", 300))
	f.Fuzz(func(t *testing.T, s string) {
		got := Clean(s)
		if utf8.RuneCountInString(got) > MaxName || !utf8.ValidString(got) {
			t.Fatalf("%q is too long or broken", got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
				t.Fatalf("%q holds %U", got, r)
			}
		}
		if again := Clean(got); again != got {
			t.Fatalf("cleaned twice: %q, once: %q", again, got)
		}
		Initials(got)
		FirstName(got)
	})
}

func FuzzT9(f *testing.F) {
	f.Add("Jonas Keller", "566")
	f.Fuzz(func(t *testing.T, name, digits string) {
		from, to, ok := NewName(name).Match(digits)
		if ok && (from < 0 || to > len(name) || from > to) {
			t.Fatalf("%q by %q: %d to %d", name, digits, from, to)
		}
	})
}
