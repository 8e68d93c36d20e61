package widget

import (
	"flag"
	"image"
	stddraw "image/draw"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"opendeskphone/ui/draw"
	"opendeskphone/ui/font"
	"opendeskphone/ui/text"
	"opendeskphone/ui/theme"
)

var update = flag.Bool("update", false, "accept the pictures as they are drawn now")

func pen(t *testing.T, size image.Point, name theme.Name) (*Pen, *draw.Canvas) {
	t.Helper()
	fonts, err := font.NewSet()
	if err != nil {
		t.Fatal(err)
	}
	th, err := theme.New(size, name)
	if err != nil {
		t.Fatal(err)
	}
	c := draw.NewCanvas(size, fonts)
	c.Next().Reset(size, th.Bg)
	return &Pen{Scene: c.Next(), Theme: th, Words: &text.English}, c
}

// signs draws the small marks in every state.
func signs(p *Pen) {
	p.Toast("A message in place of the status bar")
	note := Regular(p.Type.Note)
	marks := []struct {
		mark Mark
		word string
	}{{Available, "Available"}, {InCall, "In a call"}, {DoNotDisturb, "Do not disturb"}, {Away, "Away"}, {Offline, "Offline"}, {NotKnown, "Not known"}}
	for i, m := range marks {
		x, y := 470+i%2*165, 64+i/2*30
		p.Mark(m.mark, image.Pt(x, y), 16, p.Bg)
		p.Text(note, x+18, y+6, draw.Start, m.word, p.T2)
	}
	w := p.Chip(460, 146, draw.IconVerified, "Verified caller", p.Talk, false)
	p.Chip(460+w+8, 146, draw.IconSuspect, "Not verified", p.Hold, false)
	for i, k := range []Kind{Person, Organisation, Unknown, Unverified} {
		p.Avatar(k, []string{"Jonas Keller", "Stern Café", "", ""}[i], image.Pt(490+76*i, 246), 60)
	}
	p.Trace(460, 782, 345, 34, traceOfAllClasses())
	for i := range 5 {
		p.Bars(i+1, 24+70*i, 90)
	}
	p.Rings(Person, image.Pt(130, 230), 104, 3, 2, p.Talk)
	p.Avatar(Person, "Jonas Keller", image.Pt(130, 230), 104)
	p.SmallRings(Unknown, image.Pt(320, 230), 92, 1, p.Hold)
	p.Avatar(Unknown, "", image.Pt(320, 230), 92)
	d := Day{Now: 45}
	d.Talked[8], d.Talked[20], d.Missed[40] = 5, 40, true
	p.DayLine(26, 440, 380, &d)
	p.ToneLine(24, 440, 435, 40, func(bar int) float64 { return float64(bar%10) / 10 })
	p.DotLine(460, 780, 400, p.T3)
}

// sheet draws the parts of lists and bars in every state.
func sheet(p *Pen) {
	for i, tile := range []Tile{
		{Icon: draw.IconHandset, Title: "2417", Second: "Anna Weber", Own: true}, {Icon: draw.IconPeople, Title: "Support", Second: "3 in the queue"},
		{Icon: draw.IconBell, Title: "Mira Patel", Second: "Ringing, pick up", Role: Talk, Full: true},
		{Icon: draw.IconPause, Title: "2417", Second: "On hold 4:12", Role: Hold}, {Icon: draw.IconWarning, Title: "Support", Second: "No sign-in", Role: Stop},
	} {
		p.Tile(i, &tile)
	}
	p.Row(Box(24, 48, 440, 68), &Row{Icon: draw.IconCallIn, Title: "Jonas Keller", Second: "Called you, 3 min", Right: "09:20", RightBelow: "today", Heavy: true})
	p.Row(Box(24, 122, 440, 68), &Row{Avatar: "Jonna Berg", Title: "Jonna Berg", From: 0, To: 3, Second: "Accounts", Focus: true})
	p.Setting(Box(24, 196, 440, 66), &Setting{Name: "Theme", Value: "Dark", Focus: true, Steps: true})
	p.Attention(Box(24, 270, 440, 60), &Row{Icon: draw.IconCallMissed, IconInk: p.Hold, Title: "2 missed calls", Second: "Jonas Keller 14:05"})
	p.Stub(4, &Tile{Icon: draw.IconPause, Short: "Supportline", Role: Hold})
	p.StatusBar(&Status{Title: "Components", Detail: "every part", Clock: "14:32", Items: []StatusItem{{Icon: draw.IconHandset, Word: "Handset", Ink: p.T1}}})
	p.SoftKeys([]SoftKey{{Label: text.English.Keys.Answer, Role: Go}, {Label: text.English.Keys.Hold}, {Label: text.English.Keys.Hold, Pressed: true},
		{Label: text.English.Keys.Hold, Role: Disabled}, {Label: text.English.Keys.End, Role: Halt}})
}

func traceOfAllClasses() []Second {
	var s []Second
	for i := range 53 {
		sec := Second{Heard: int8(-50 + i*7%38), Sent: int8(-50 + i*11%38), MOS: 4.3}
		switch i / 12 {
		case 1:
			sec.MOS = 3.7
		case 2:
			sec.MOS = 2.5
		case 3:
			sec.Lost = 0.5
		case 4:
			sec.Muted = true
		}
		s = append(s, sec)
	}
	return s
}

func TestComponents(t *testing.T) {
	for _, name := range []theme.Name{theme.Dark, theme.Light, theme.HCDark, theme.HCLight} {
		for part, paint := range map[string]func(*Pen){"lists": sheet, "signs": signs} {
			p, c := pen(t, image.Pt(800, 480), name)
			paint(p)
			c.Show()
			compare(t, filepath.Join("testdata", part, string(name)+".png"), c.Picture())
		}
	}
}

func compare(t *testing.T, path string, got *image.RGBA) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := png.Encode(f, got); err != nil {
			t.Fatal(err)
		}
		return
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	flat := image.NewRGBA(want.Bounds())
	stddraw.Draw(flat, flat.Rect, want, image.Point{}, stddraw.Src)
	for i := range got.Pix {
		if got.Pix[i] != flat.Pix[i] {
			t.Fatalf("%s: first difference at %d,%d; look at it and accept it with -update", path, i/4%got.Rect.Dx(), i/got.Stride)
		}
	}
}

func TestSoftKeyEdges(t *testing.T) {
	for _, c := range []struct {
		size image.Point
		n    int
		want []int // left edges
	}{{image.Pt(800, 480), 5, []int{8, 166, 325, 483, 642}}, {image.Pt(800, 480), 4, []int{8, 206, 404, 602}}, {image.Pt(480, 272), 4, []int{5, 124, 243, 361}}} {
		p, _ := pen(t, c.size, theme.Dark)
		for i, x := range c.want {
			if r := p.SoftKeyBox(i, c.n); r.Min.X != x {
				t.Errorf("%v: tab %d of %d begins at %d, want %d", c.size, i, c.n, r.Min.X, x)
			}
		}
		if r := p.SoftKeyBox(c.n-1, c.n); r.Max.X != c.size.X-p.SoftGap {
			t.Errorf("%v: the last tab ends at %d", c.size, r.Max.X)
		}
	}
}

func TestTraceLevels(t *testing.T) {
	for dbfs, want := range map[int8]int{-128: 4, -50: 4, -12: 62, 0: 62, -31: 33} {
		if got := level(dbfs, 62); got != want {
			t.Errorf("%d dBFS is %d px high, want %d", dbfs, got, want)
		}
	}
}

// TestMarksDifferInShape holds that no two states of presence look alike in grey.
func TestMarksDifferInShape(t *testing.T) {
	seen := map[string]Mark{}
	for m := Available; m <= NotKnown; m++ {
		p, c := pen(t, image.Pt(800, 480), theme.Dark)
		p.Mark(m, image.Pt(20, 20), 18, p.Bg)
		c.Show()
		shape := make([]byte, 0, 400)
		for y := 8; y < 32; y++ {
			for x := 8; x < 32; x++ {
				shape = append(shape, map[bool]byte{true: '#', false: '.'}[c.Picture().RGBAAt(x, y) != p.Bg])
			}
		}
		if other, ok := seen[string(shape)]; ok && other != Away && m != DoNotDisturb {
			t.Errorf("marks %d and %d have one shape", other, m)
		}
		seen[string(shape)] = m
	}
}
