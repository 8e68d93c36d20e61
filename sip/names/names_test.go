package names

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"opendeskphone/sip/names/hostile"
)

// TestHostileNames: what is shown of each of the names, and that showing it again changes nothing.
func TestHostileNames(t *testing.T) {
	rows := hostile.Names()
	if len(rows) < 200 {
		t.Errorf("only %d names", len(rows))
	}
	for _, r := range rows {
		if got := Name(r.Sent); got != r.Shown {
			t.Errorf("%s: %q is shown as %q, want %q", r.Trick, r.Sent, got, r.Shown)
		}
		if again := Name(r.Shown); again != r.Shown {
			t.Errorf("%s: %q is shown as %q the second time", r.Trick, r.Shown, again)
		}
	}
}

func TestCleanKeepsTextsOfAnyKind(t *testing.T) {
	for in, want := range map[string]string{
		"Busy Here": "Busy Here", "a\u202eb\u2066c": "abc", " two\r\nlines ": "two lines", "\x1b[31mred": "[31mred", "+49 30 5550142": "+49 30 5550142",
		"✓ done": "✓ done", "می\u200cخواهم": "می\u200cخواهم", "يوسف\u200d": "يوسف", "z\u0300\u0301\u0302\u0303x": "z\u0300\u0301x",
	} {
		if got := Clean(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestSkeleton(t *testing.T) {
	for _, alike := range [][]string{
		{"Jonas Keller", "J\u043en\u0430s K\u0435ll\u0435r", "JONAS KE11ER", "J0nas Keller", "J\u00f3nas  Keller", "\uff2aonas-Keller", "jonas kelIer"},
		{"Bernd", "Bemd"}, {"Caro", "\u0421\u0430r\u043e"},
	} {
		for _, name := range alike[1:] {
			if a, b := Skeleton(alike[0]), Skeleton(name); a != b {
				t.Errorf("%q is %q, %q is %q", alike[0], a, name, b)
			}
		}
	}
	if Skeleton("Jonas Keller") == Skeleton("Jonna Berg") {
		t.Error("two persons look alike")
	}
}

func FuzzName(f *testing.F) {
	for _, r := range hostile.Names() {
		f.Add(r.Sent)
	}
	f.Fuzz(func(t *testing.T, in string) {
		Skeleton(in)
		for _, show := range []func(string) string{Clean, Name} {
			out := show(in)
			if !utf8.ValidString(out) || utf8.RuneCountInString(out) > Max || strings.TrimSpace(out) != out {
				t.Errorf("%q: %q", in, out)
			}
			if again := show(out); again != out {
				t.Errorf("%q: %q, and again %q", in, out, again)
			}
			for _, r := range out {
				if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && r != zwj && r != zwnj {
					t.Errorf("%q: %q has %U", in, out, r)
				}
			}
		}
	})
}
