package draw

import (
	"bytes"
	"image"
	"math/rand/v2"
	"testing"

	"opendeskphone/ui/font"
	"opendeskphone/ui/theme"
)

var (
	ink  = theme.RGB{R: 0xF6, G: 0xF2, B: 0xE9, A: 0xFF}
	room = theme.RGB{R: 0x0E, G: 0x12, B: 0x14, A: 0xFF}
)

func newFonts(t testing.TB) *font.Set {
	t.Helper()
	s, err := font.NewSet()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func canvas(t testing.TB) *Canvas { return NewCanvas(image.Pt(200, 100), newFonts(t)) }

func TestRoundBoxIsSymmetric(t *testing.T) {
	c := canvas(t)
	c.Next().Reset(image.Pt(200, 100), room)
	c.Next().Round(image.Rect(10, 10, 110, 70), 24, All, ink)
	c.Show()
	pic := c.Picture()
	for y := 10; y < 70; y++ {
		for x := 10; x < 110; x++ {
			p := pic.RGBAAt(x, y)
			if p != pic.RGBAAt(119-x, y) || p != pic.RGBAAt(x, 79-y) {
				t.Fatalf("%d,%d is not mirrored", x, y)
			}
		}
	}
	if pic.RGBAAt(10, 10) != room || pic.RGBAAt(60, 10) != ink || pic.RGBAAt(10, 40) != ink || pic.RGBAAt(60, 40) != ink {
		t.Error("corner, edges and middle are not room, ink, ink, ink")
	}
}

func TestFrameIsHollowAndTabOpen(t *testing.T) {
	c := canvas(t)
	c.Next().Reset(image.Pt(200, 100), room)
	c.Next().Frame(image.Rect(10, 10, 110, 70), 12, 2, Top, ink)
	c.Show()
	pic := c.Picture()
	for p, want := range map[image.Point]theme.RGB{{X: 60, Y: 11}: ink, {X: 60, Y: 12}: room, {X: 11, Y: 40}: ink, {X: 12, Y: 40}: room, {X: 10, Y: 69}: ink, {X: 10, Y: 10}: room, {X: 60, Y: 40}: room} {
		if got := pic.RGBAAt(p.X, p.Y); got != want {
			t.Errorf("at %v: %v, want %v", p, got, want)
		}
	}
}

func TestNothingIsPaintedTwice(t *testing.T) {
	c := canvas(t)
	draw := func(text string) []image.Rectangle {
		s := c.Next()
		s.Reset(image.Pt(200, 100), room)
		s.Icon(IconHandset, image.Pt(20, 20), 24, ink)
		s.Text(font.Style{Size: 20}, 40, 30, Start, text, ink)
		return c.Show()
	}
	if d := draw("0:01"); len(d) != 1 || d[0] != c.Picture().Rect {
		t.Fatalf("the first picture painted %v", d)
	}
	if d := draw("0:01"); len(d) != 0 {
		t.Fatalf("the same picture painted %v", d)
	}
	if d := draw("0:02"); len(d) != 1 || d[0].Dx() > 80 || d[0].Dy() > 32 {
		t.Fatalf("a new digit painted %v", d)
	}
}

func TestEveryIconHasInk(t *testing.T) {
	m := newMasks()
	for i := Icon(1); i < iconCount; i++ {
		for _, size := range []int{16, 24, 64} {
			pic := m.get(maskKey{shape: iconShape, w: int16(size), h: int16(size), a: int16(i)})
			sum := 0
			for _, a := range pic.Pix {
				sum += int(a)
			}
			if share := float64(sum) / 255 / float64(size*size); share < 0.04 || share > 0.7 {
				t.Errorf("icon %d at %d px covers %.2f of its square", i, size, share)
			}
		}
	}
}

func TestMutedMicrophoneIsCut(t *testing.T) {
	m := newMasks()
	on := m.get(maskKey{shape: iconShape, w: 48, h: 48, a: int16(IconMic)})
	off := m.get(maskKey{shape: iconShape, w: 48, h: 48, a: int16(IconMicOff)})
	cut := 0
	for i := range on.Pix {
		if on.Pix[i] == 0xFF && off.Pix[i] == 0 {
			cut++
		}
	}
	if cut < 20 {
		t.Errorf("the stroke takes %d px out of the microphone", cut)
	}
}

func TestTouchFindsTheTopmost(t *testing.T) {
	s := NewScene(nil)
	s.Touchable(image.Rect(0, 0, 100, 100), 1)
	s.Touchable(image.Rect(40, 40, 60, 60), 2)
	for p, want := range map[image.Point]int{{X: 10, Y: 10}: 1, {X: 50, Y: 50}: 2} {
		if got, ok := s.Touched(p); !ok || got != want {
			t.Errorf("a touch at %v means %d, want %d", p, got, want)
		}
	}
	if _, ok := s.Touched(image.Pt(150, 50)); ok {
		t.Error("a touch beside everything means something")
	}
}

// TestRepaintIsWhole draws random scenes that differ a little and compares what was repainted with the whole.
func TestRepaintIsWhole(t *testing.T) {
	fonts := newFonts(t)
	dice := rand.New(rand.NewPCG(1, 2))
	c, full := NewCanvas(image.Pt(200, 100), fonts), NewCanvas(image.Pt(200, 100), fonts)
	words := []string{"Jonas", "0:38", "Ångström", ""}
	things := make([][6]int, 12)
	for range 400 {
		for range 1 + dice.IntN(3) {
			for j := range 6 {
				things[dice.IntN(len(things))][j] = dice.IntN(160) - 10
			}
		}
		shown := things[:4+dice.IntN(len(things)-3)]
		draw := func(s *Scene) {
			s.Reset(image.Pt(200, 100), room)
			for _, v := range shown {
				col := theme.RGB{R: uint8(v[2]), G: uint8(v[3]), B: uint8(v[4]), A: 0xFF}
				r := image.Rect(v[0], v[1], v[0]+v[2]/2, v[1]+v[3]/2)
				switch v[5] & 7 {
				case 0:
					s.Fill(r, col)
				case 1:
					s.Round(r, v[4]/8, Corners(v[2]&15), col)
				case 2:
					s.Frame(r, v[4]/8, 1+v[3]&3, Corners(v[2]&15), col)
				case 3:
					s.Icon(Icon(1+v[2]&31), r.Min, 8+v[3]&31, col)
				case 4:
					s.Shape(Shape{Kind: ShapeKind(1 + v[2]&7%6), Size: 4 + v[3]&31, Width: 1 + v[4]&3, Half: v[4]&4 != 0}, r.Min, col)
				default:
					s.Text(font.Style{Face: font.Face(v[2] & 1), Size: int16(8 + v[3]&31)}, v[0], v[1], Align(v[4]&1), words[v[5]&3], col)
				}
			}
		}
		draw(c.Next())
		c.Show()
		full.Next().Reset(image.Pt(200, 100), theme.RGB{R: 0xFF, A: 0xFF})
		full.Show()
		draw(full.Next())
		full.Show()
		if !bytes.Equal(c.Picture().Pix, full.Picture().Pix) {
			t.Fatal("what was repainted differs from the whole picture")
		}
	}
}

func TestShowDoesNotAllocate(t *testing.T) {
	c := canvas(t)
	texts := []string{"0:38", "0:39"}
	i := 0
	draw := func() {
		s := c.Next()
		s.Reset(image.Pt(200, 100), room)
		s.Round(image.Rect(5, 5, 150, 90), 24, All, ink)
		s.Icon(IconLock, image.Pt(30, 30), 24, room)
		s.Text(font.Style{Face: font.Display, Size: 44}, 50, 60, Start, texts[i&1], room)
		i++
		c.Show()
	}
	draw()
	draw()
	if n := testing.AllocsPerRun(50, draw); n != 0 {
		t.Errorf("%v allocations for pictures that were painted before", n)
	}
}

func FuzzDamage(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 50, 60, 10, 10, 200, 200, 5, 5})
	f.Fuzz(func(t *testing.T, b []byte) {
		var damage, in []image.Rectangle
		for ; len(b) >= 4; b = b[4:] {
			r := image.Rect(int(b[0]), int(b[1]), int(b[0])+1+int(b[2]), int(b[1])+1+int(b[3]))
			in = append(in, r)
			damage = addDamage(damage, r)
		}
		if len(damage) > maxDamage {
			t.Fatalf("%d rectangles", len(damage))
		}
		for _, r := range in {
			covered := false
			for _, d := range damage {
				covered = covered || r.In(d)
			}
			if !covered {
				t.Fatalf("%v is not in %v", r, damage)
			}
		}
	})
}
