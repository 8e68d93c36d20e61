package names

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// hostile reads the names of testdata/hostile.txt.
func hostile(t testing.TB) (out [][3]string) {
	t.Helper()
	f, err := os.Open("testdata/hostile.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		row := strings.Split(lines.Text(), "\t")
		if len(row) != 3 {
			t.Fatalf("%q", lines.Text())
		}
		name, err := strconv.Unquote(row[1])
		want, err2 := strconv.Unquote(row[2])
		if err != nil || err2 != nil {
			t.Fatalf("%q: %v %v", row, err, err2)
		}
		out = append(out, [3]string{row[0], name, want})
	}
	return out
}

// TestHostileNames: what is shown of each of the names, and that showing it again changes nothing.
func TestHostileNames(t *testing.T) {
	rows := hostile(t)
	if len(rows) < 200 {
		t.Errorf("only %d names", len(rows))
	}
	for _, r := range rows {
		if got := Name(r[1]); got != r[2] {
			t.Errorf("%s: %q is shown as %q, want %q", r[0], r[1], got, r[2])
		}
		if again := Name(r[2]); again != r[2] {
			t.Errorf("%s: %q is shown as %q the second time", r[0], r[2], again)
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
	for _, r := range hostile(f) {
		f.Add(r[1])
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
