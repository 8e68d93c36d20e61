// Package theme holds every number and colour of the screens. The source is tokens.toml; tokens_gen.go is made from it
// by mktokens and a test proves the two equal. Lengths are px of the named panel, colours opaque sRGB.
package theme

import (
	"fmt"
	"image"
	"image/color"
	"time"
)

//go:generate go run ./mktokens

// RGB is an opaque colour as image.RGBA stores it: red, green, blue and 0xFF.
type RGB = color.RGBA

func rgb(v uint32) RGB { return RGB{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 0xFF} }

// Pair is a fill and the ink that is read on it.
type Pair struct{ Fill, Ink RGB }

// Colors is one colour theme. S1 to S3 are surfaces, T1 to T3 text, Talk Hold Stop Link states with a Bg tint each for
// cards and OnState for text on the full colour; Edge is an outline with a meaning, Line decoration.
type Colors struct {
	Bg, S1, S2, S3, Line, Edge           RGB
	T1, T2, T3, Focus, OnFocus, OnFocus2 RGB
	Talk, Hold, Stop, Link, OnState      RGB
	TalkBg, HoldBg, StopBg, LinkBg       RGB
	Avatars                              []Pair
}

// Name names a colour theme.
type Name string

// The themes. Auto is a rule, not a set of colours: Resolve turns it into Light or Dark.
const (
	Auto    Name = "auto"
	Dark    Name = "dark"
	Light   Name = "light"
	HCDark  Name = "hc_dark"
	HCLight Name = "hc_light"
)

// Resolve turns Auto into Light from 07 to 19 h and Dark else, and any unknown name into Dark.
func (n Name) Resolve(now time.Time) Name {
	switch n {
	case Dark, Light, HCDark, HCLight:
		return n
	case Auto:
		if h := now.Hour(); h >= 7 && h < 19 {
			return Light
		}
	}
	return Dark
}

// Type is the size of each text role in px.
type Type struct {
	Clock, Digits, Hero, Timer, Title, Head, Body, Label, Note, Micro int
}

// Panel is the table of lengths for one display size.
type Panel struct {
	W, H                                              int
	StatusH, SoftH, SoftGap, SoftRadius, SoftText     int
	Margin, Gap                                       int
	TileW, TileH, TilePitch, StubW, RowH              int
	RadiusCard, RadiusRow, RadiusChip                 int
	Icon, IconBig, AvatarList, AvatarCall, AvatarRing int
	Presence, FocusRing                               int
	Type                                              Type
	LargeText                                         bool
}

// Large gives the table of a panel for people who see little: what is read is set larger, and the rows it stands in are
// higher. What is read at arm's length in any case, the time and who calls, keeps its size. A panel that has no room for
// that gives itself.
func (p *Panel) Large() *Panel {
	if p.Layout() != Wide || p.LargeText {
		return p
	}
	q := *p
	q.LargeText = true
	for _, n := range []*int{&q.Type.Title, &q.Type.Head, &q.Type.Body, &q.Type.Label, &q.Type.Note, &q.Type.Micro, &q.SoftText} {
		*n = (*n*5 + 2) / 4
	}
	return &q
}

// R takes a length of a row or of what stands in it: S, and a quarter more where the text is large.
func (p *Panel) R(v800 int) int {
	if p.LargeText {
		return p.S(v800) * 5 / 4
	}
	return p.S(v800)
}

// Layout is the kind of arrangement a panel asks for.
type Layout uint8

// The layouts: Wide (800x480, 1024x600), Compact (480x272) and Tall (480x800).
const (
	Wide Layout = iota
	Compact
	Tall
)

// Layout gives the arrangement for the panel.
func (p *Panel) Layout() Layout {
	switch {
	case p.H > p.W:
		return Tall
	case p.H < 400:
		return Compact
	}
	return Wide
}

// S takes a length of the 800x480 panel to this one: by the ratio of the row heights, then to even px.
func (p *Panel) S(v800 int) int {
	if p.RowH == w800h480.RowH {
		return v800
	}
	half := (v800*p.RowH + w800h480.RowH) / (2 * w800h480.RowH)
	return 2 * half
}

// By chooses a length by the panel's layout: the wide one is of the 800x480 panel and scaled, the others are their own.
func (p *Panel) By(wide, compact, tall int) int {
	switch p.Layout() {
	case Compact:
		return compact
	case Tall:
		return tall
	}
	return p.S(wide)
}

// RadiusPane is the radius of cards that are not calls: 20 px on the 800x480 panel.
func (p *Panel) RadiusPane() int { return p.RadiusCard * 5 / 6 }

// Panels are the sizes the tokens know, the reference first.
var Panels = []*Panel{&w800h480, &w480h272, &w1024h600, &w480h800}

// Theme is what a screen is drawn with: a panel's lengths and a set of colours.
type Theme struct {
	*Panel
	Colors
	Name Name
	Opp  *Colors // the opposite theme: state marks on a focused (inverted) row
}

// HighContrast says that every surface wants an outline.
func (t *Theme) HighContrast() bool { return t.Name == HCDark || t.Name == HCLight }

// New gives the theme for a display of the given size; a size that is not in the tokens is an error.
func New(size image.Point, name Name) (*Theme, error) {
	for _, p := range Panels {
		if p.W == size.X && p.H == size.Y {
			t := &Theme{Panel: p}
			t.Use(name)
			return t, nil
		}
	}
	return nil, fmt.Errorf("theme: no panel of %dx%d", size.X, size.Y)
}

// Enlarge sets text large, or as the panel has it.
func (t *Theme) Enlarge(on bool) {
	switch {
	case on && !t.LargeText:
		t.Panel = t.Panel.Large()
	case !on && t.LargeText:
		for _, p := range Panels {
			if p.W == t.W && p.H == t.H {
				t.Panel = p
			}
		}
	}
}

// Use changes the colours; name must be resolved.
func (t *Theme) Use(name Name) {
	t.Name = name
	switch name {
	case Light:
		t.Colors, t.Opp = light, &dark
	case HCDark:
		t.Colors, t.Opp = hcDark, &hcLight
	case HCLight:
		t.Colors, t.Opp = hcLight, &hcDark
	default:
		t.Colors, t.Opp = dark, &light
	}
}
