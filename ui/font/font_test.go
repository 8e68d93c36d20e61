package font

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func newSet(t testing.TB) *Set {
	t.Helper()
	s, err := NewSet()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDigitsAreTabular(t *testing.T) {
	s := newSet(t)
	for face := range styleFaces {
		style := Style{Face: face, Size: 60, Cells: face == Display}
		want := s.Width(style, "0000")
		for _, d := range "123456789" {
			if got := s.Width(style, strings.Repeat(string(d), 4)); got != want {
				t.Errorf("face %d: four %c are %d px wide, four 0 are %d", face, d, got, want)
			}
		}
	}
}

func TestKerning(t *testing.T) {
	s := newSet(t)
	style := Style{Size: 100}
	if pair, apart := s.Width(style, "AV"), s.Width(style, "A")+s.Width(style, "V"); pair >= apart {
		t.Errorf("AV is %d px wide, A and V apart %d: no kerning", pair, apart)
	}
}

func TestTrack(t *testing.T) {
	s := newSet(t)
	plain, tight := s.Width(Style{Face: Display, Size: 136}, "14:32"), s.Width(Style{Face: Display, Size: 136, Track: -4}, "14:32")
	if plain-tight != 20 {
		t.Errorf("five glyphs at -4 px are %d px narrower, want 20", plain-tight)
	}
}

func TestFitEndsInsideTheBox(t *testing.T) {
	s := newSet(t)
	style := Style{Face: SemiBold, Size: 20}
	for _, text := range []string{"Donaudampfschifffahrtsgesellschaft", "Ångström Müller-Lüdenscheidt", "日本語の名前です", "a\xffb"} {
		for width := 20; width < 400; width += 17 {
			got := s.Fit(style, text, width)
			if w := s.Width(style, got); w > width && got != "…" {
				t.Errorf("%q in %d px gives %q of %d px", text, width, got, w)
			}
			if !utf8.ValidString(got) && utf8.ValidString(text) {
				t.Errorf("%q in %d px gives broken text %q", text, width, got)
			}
		}
	}
}

func TestRepeatedShapeDoesNotAllocate(t *testing.T) {
	s := newSet(t)
	style := Style{Face: Display, Size: 44}
	draw := func() {
		run := s.Shape(style, "Jonas Keller")
		for _, g := range run.Glyphs {
			s.Mask(style.Size, g)
		}
	}
	draw()
	if n := testing.AllocsPerRun(50, draw); n != 0 {
		t.Errorf("%v allocations for a run that was drawn before", n)
	}
}

func TestCachesAreBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("draws thousands of words: the race detector and emulated processors look for other faults")
	}
	s := newSet(t)
	for i := range 3000 {
		text := strings.Repeat("x", i%50) + string(rune('0'+i%10)) + string(rune(0x400+i%90)) + string(rune(0x3b1+i/90%20))
		style := Style{Size: int16(100 + i%60)}
		for _, g := range s.Shape(style, text).Glyphs {
			s.Mask(style.Size, g)
		}
	}
	if len(s.runs) > maxRuns || s.maskBytes > maxMaskBytes+1<<20 {
		t.Errorf("%d runs and %d bytes of masks are kept", len(s.runs), s.maskBytes)
	}
}

func FuzzShape(f *testing.F) {
	f.Add("Jonas Keller", int16(44), int16(0))
	f.Add("\u202eevil\u0000\xff", int16(1), int16(-3))
	f.Add("a\u2066+1 (يوسف\u2069 佐 \u0301דו-9", int16(20), int16(0))
	s := newSet(f)
	f.Fuzz(func(t *testing.T, text string, size, track int16) {
		style := Style{Size: size & 255, Track: track & 7}
		for _, g := range s.Shape(style, text).Glyphs {
			s.Mask(style.Size, g)
		}
		s.Fit(style, text, 100)
	})
}

func BenchmarkNewSet(b *testing.B) {
	for b.Loop() {
		if _, err := NewSet(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkShapeNew(b *testing.B) {
	s := newSet(b)
	for b.Loop() {
		s.shape(Style{Face: Display, Size: 44}, "Jonas Keller 12:47")
	}
}
