package theme

import (
	"bytes"
	"image"
	"math"
	"os"
	"testing"
	"time"

	"opendeskphone/ui/theme/tokens"
)

func TestGeneratedEqualsTokens(t *testing.T) {
	source, err := os.ReadFile("tokens.toml")
	if err != nil {
		t.Fatal(err)
	}
	want, err := tokens.Generate(source)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("tokens_gen.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatal("tokens_gen.go is not what tokens.toml gives; run go generate ./ui/theme")
	}
}

// luminance is the relative luminance of WCAG 2.2, 0 to 1.
func luminance(c RGB) float64 {
	linear := func(v uint8) float64 {
		if f := float64(v) / 255; f > 0.04045 {
			return math.Pow((f+0.055)/1.055, 2.4)
		}
		return float64(v) / 255 / 12.92
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

func contrast(a, b RGB) float64 {
	la, lb := luminance(a), luminance(b)
	if la < lb {
		la, lb = lb, la
	}
	return (la + 0.05) / (lb + 0.05)
}

func TestContrast(t *testing.T) {
	for _, c := range []*Colors{&dark, &light, &hcDark, &hcLight} {
		pairs := [][2]RGB{
			{c.T1, c.Bg}, {c.T1, c.S1}, {c.T1, c.S2}, {c.T2, c.Bg}, {c.T2, c.S1}, {c.T3, c.Bg}, {c.T3, c.S1},
			{c.T1, c.TalkBg}, {c.T1, c.HoldBg}, {c.T1, c.StopBg}, {c.T2, c.TalkBg}, {c.T2, c.HoldBg}, {c.T2, c.StopBg},
			{c.Talk, c.TalkBg}, {c.Hold, c.HoldBg}, {c.Stop, c.StopBg}, {c.Link, c.LinkBg}, {c.OnState, c.Talk},
			{c.OnState, c.Hold}, {c.OnState, c.Stop}, {c.OnFocus, c.Focus}, {c.OnFocus2, c.Focus},
		}
		for _, a := range c.Avatars {
			pairs = append(pairs, [2]RGB{a.Ink, a.Fill})
		}
		for i, p := range pairs {
			if r := contrast(p[0], p[1]); r < 4.5 {
				t.Errorf("pair %d: contrast %.2f of %v on %v is below 4.5", i, r, p[0], p[1])
			}
		}
	}
}

func TestScale(t *testing.T) {
	for _, c := range []struct {
		panel     *Panel
		v800, out int
	}{{&w800h480, 37, 37}, {&w480h272, 24, 16}, {&w1024h600, 68, 86}, {&w480h272, 0, 0}} {
		if got := c.panel.S(c.v800); got != c.out {
			t.Errorf("%dx%d: S(%d) = %d, want %d", c.panel.W, c.panel.H, c.v800, got, c.out)
		}
	}
}

func TestAuto(t *testing.T) {
	for h, want := range map[int]Name{6: Dark, 7: Light, 18: Light, 19: Dark} {
		if got := Auto.Resolve(time.Date(2026, 11, 20, h, 0, 0, 0, time.UTC)); got != want {
			t.Errorf("at %d h: %s, want %s", h, got, want)
		}
	}
	if _, err := New(image.Pt(640, 480), Dark); err == nil {
		t.Error("a panel of 640x480 is not in the tokens and was accepted")
	}
}
