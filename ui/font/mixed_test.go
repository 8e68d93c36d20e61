package font

import (
	"os"
	"path/filepath"
	"testing"
)

// order gives the runes of a text as they stand from left to right, as far as one glyph stands for one rune.
func order(s *Set, text string, rightToLeft bool) string {
	var out []rune
	runes := isolateNumbers(text)
	for _, it := range visual(s.items(Style{RightToLeft: rightToLeft}, runes)) {
		piece := append([]rune{}, runes[it.start:it.end]...)
		if it.level%2 == 1 {
			for i, j := 0, len(piece)-1; i < j; i, j = i+1, j-1 {
				piece[i], piece[j] = piece[j], piece[i]
			}
		}
		out = append(out, piece...)
	}
	return string(out)
}

func TestTextsRunAsTheyAreRead(t *testing.T) {
	s := newSet(t)
	for text, want := range map[string]string{
		"Jonas Keller":         "Jonas Keller",
		"אבג":                  "גבא",
		"אבג +49 171 555 0142": "+49 171 555 0142 גבא",
		"אבג 16:20, 8 דה":      "הד 8 ,16:20 גבא",
		"Anna אבג 2417":        "Anna גבא 2417",
		"אבג 29 min, דה":       "הד ,29 min גבא",
		"+49 171 555 0142":     "+49 171 555 0142",
		"佐藤 健一":                "佐藤 健一",
		"אבג 192.0.2.17 דה":    "הד 192.0.2.17 גבא",
	} {
		if got := order(s, text, false); got != want {
			t.Errorf("%q is set as %q, want %q", text, got, want)
		}
	}
}

// TestMirroredTextsRunFromTheRight sets texts as mirrored screens do: a Latin name at their beginning stands at the right.
func TestMirroredTextsRunFromTheRight(t *testing.T) {
	s := newSet(t)
	for text, want := range map[string]string{
		"Anna אבג": "גבא Anna", "אבג Anna": "Anna גבא", "Anna Weber, אבג": "גבא ,Anna Weber", "2 אבג": "גבא 2", "••m": "••m", "Jonas… –": "Jonas… –",
	} {
		if got := order(s, text, true); got != want {
			t.Errorf("%q is set as %q, want %q", text, got, want)
		}
	}
	style := Style{Size: 20, RightToLeft: true}
	if run := s.Shape(style, "+49 (Anna)"); len(run.Glyphs) != 10 || run.Glyphs[0].X > run.Glyphs[9].X || run.Tall {
		t.Errorf("a Latin text changes: %v", run)
	}
}

func TestArabicLettersJoin(t *testing.T) {
	s := newSet(t)
	style := Style{Size: 52}
	whole, apart := s.Width(style, "يوسف"), 0
	for _, r := range "يوسف" {
		apart += s.Width(style, string(r))
	}
	if whole >= apart {
		t.Errorf("the joined word is %d px wide, its letters alone %d: they do not join", whole, apart)
	}
	run := s.Shape(style, "يو")
	if len(run.Glyphs) < 2 || run.Glyphs[0].Face != arabic {
		t.Errorf("glyphs %v", run.Glyphs)
	}
}

// TestFacesCoverTheirScripts sets words of each script and finds no box among their glyphs.
func TestFacesCoverTheirScripts(t *testing.T) {
	s := newSet(t)
	for _, text := range []string{"Jürgen Müller", "Ζωή Παπαδοπούλου", "Дмитрий Їжак", "يوسف الكردي", "فارسی‌زبان", "דוד לוי", "สมชาย ใจดี", "अनीता शर्मा",
		"佐藤 健一", "ノルドヴェルク", "髙橋 﨑", "齋藤 龍之介", "王小明", "欧阳询", "김민준", "ﾊﾝｶｸ"} {
		for face := range styleFaces {
			for i, g := range s.Shape(Style{Face: face, Size: 20}, text).Glyphs {
				if g.ID == 0 {
					t.Errorf("%q in face %d: glyph %d is a box", text, face, i)
				}
			}
		}
	}
}

func TestOneNameIsSetInOneHand(t *testing.T) {
	s := newSet(t)
	for text, want := range map[string]Face{"佐藤": japanese, "齋藤": japanese, "欧阳询": chinese, "王小明": japanese, "김": korean} {
		for _, g := range s.Shape(Style{Size: 20}, text).Glyphs {
			if g.Face != want {
				t.Errorf("%q is set in face %d, want %d", text, g.Face, want)
			}
		}
	}
}

// TestMissingCharacterIsABox wants ink for a character that no face has: the reader shall see that something stands there.
func TestMissingCharacterIsABox(t *testing.T) {
	s := newSet(t)
	for face := range styleFaces {
		for _, text := range []string{"\u1202", "𠮷", "\U0001F600"} {
			run := s.Shape(Style{Face: face, Size: 20}, text)
			if len(run.Glyphs) != 1 || len(s.Mask(20, run.Glyphs[0]).Pix) == 0 || run.Advance <= 0 {
				t.Errorf("%q in face %d: %v leaves no mark", text, face, run)
			}
		}
	}
}

// TestOtherFacesWait holds memory against what is shown: a face is opened by the first text that needs it.
func TestOtherFacesWait(t *testing.T) {
	s := newSet(t)
	s.Shape(Style{Size: 20}, "Jürgen – Ζωή – Дмитрий … €")
	for face := styleFaces; face < faceCount; face++ {
		if s.outlines[face] != nil {
			t.Errorf("%s is open though nothing needs it", faceFiles[face])
		}
	}
	s.Shape(Style{Size: 20}, "김")
	if s.outlines[korean] == nil || s.outlines[japanese] != nil || s.outlines[chinese] != nil {
		t.Error("a Korean name opened other faces than the Korean")
	}
}

// TestFacesAreBounded keeps the image small: all faces together are at most 5 MB.
func TestFacesAreBounded(t *testing.T) {
	total := int64(0)
	names, err := filepath.Glob("faces/*.?tf")
	if err != nil || len(names) != int(faceCount) {
		t.Fatalf("%d faces of %d, %v", len(names), faceCount, err)
	}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if total > 5e6 {
		t.Errorf("the faces take %d bytes", total)
	}
}
