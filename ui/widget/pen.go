// Package widget draws the parts screens are made of: bars, tiles, rows, cards, traces, avatars and marks. A part is drawn
// into a Scene from plain values; it keeps nothing. Lengths come from the theme; a number in this package is a length of
// the 800x480 panel and passes through theme.Panel.S on its way to another one.
package widget

import (
	"image"

	"opendeskphone/ui/draw"
	"opendeskphone/ui/font"
	"opendeskphone/ui/text"
	"opendeskphone/ui/theme"
)

// Pen draws with a theme and a language into a scene.
type Pen struct {
	*draw.Scene
	*theme.Theme
	Words *text.Catalogue
}

// Regular, Semi and Big give the styles for a size in px: text, emphasised text, and the display face.
func Regular(size int) font.Style { return font.Style{Face: font.Regular, Size: int16(size)} }

// Semi is the style of emphasised text.
func Semi(size int) font.Style { return font.Style{Face: font.SemiBold, Size: int16(size)} }

// Big is the style of names, headlines and times.
func Big(size int) font.Style { return font.Style{Face: font.Display, Size: int16(size)} }

// Figures is the style of large figures, which stand a little closer.
func Figures(size int) font.Style {
	return font.Style{Face: font.Display, Size: int16(size), Track: int16(-(size + 30) / 60)}
}

// Timer is the style of a running time: figures in cells.
func Timer(size int) font.Style {
	st := Figures(size)
	st.Cells = true
	return st
}

// Stage is the room between status bar and soft keys: 24,48 to 776,412 on the 800x480 panel.
func (p *Pen) Stage() image.Rectangle {
	switch p.Layout() {
	case theme.Compact:
		return image.Rect(p.Margin, p.StatusH+4, p.W-p.Margin, p.H-p.SoftH-6)
	case theme.Tall:
		return image.Rect(p.Margin, p.StatusH+8, p.W-p.Margin, p.H-p.SoftH-16)
	}
	top := p.StatusH + p.S(8)
	return image.Rect(p.Margin, top, p.W-p.Margin, p.H-p.SoftH-p.S(12))
}

// Box is image.Rect by corner and size.
func Box(x, y, w, h int) image.Rectangle { return image.Rect(x, y, x+w, y+h) }

// middle gives the baseline that centres capitals of a size on y.
func middle(y, size int) int { return y + (size*364+500)/1000 }

// Surface fills a box; with high contrast it is outlined instead, in the colour of its state.
func (p *Pen) Surface(r image.Rectangle, radius int, corners draw.Corners, fill, outline theme.RGB) {
	p.Round(r, radius, corners, fill)
	if p.HighContrast() {
		p.Frame(r, radius, 2, corners, outline)
	}
}

// Hairline divides a card.
func (p *Pen) Hairline(x0, x1, y int) { p.Fill(image.Rect(x0, y-1, x1, y+1), p.Line) }

// Role colours a state.
type Role uint8

// The roles.
const (
	Plain Role = iota
	Talk
	Hold
	Stop
	Link
)

// Ink gives the full colour of a role.
func (p *Pen) Ink(r Role) theme.RGB {
	return [...]theme.RGB{Plain: p.T2, Talk: p.Talk, Hold: p.Hold, Stop: p.Stop, Link: p.Link}[r]
}

// Tint gives the card colour of a role.
func (p *Pen) Tint(r Role) theme.RGB {
	return [...]theme.RGB{Plain: p.S1, Talk: p.TalkBg, Hold: p.HoldBg, Stop: p.StopBg, Link: p.LinkBg}[r]
}

// Outline gives what surrounds a card of a role where it needs an outline.
func (p *Pen) Outline(r Role) theme.RGB {
	if r == Plain {
		return p.Edge
	}
	return p.Ink(r)
}

// Paragraph sets text in lines of at most width px, at most rows of them, and gives the baseline below the last.
func (p *Pen) Paragraph(st font.Style, x, y, width, leading, rows int, s string, c theme.RGB) int {
	return p.paragraph(st, x, y, draw.Start, width, leading, rows, s, c)
}

// Fits tells whether a paragraph stands whole in so many rows.
func (p *Pen) Fits(st font.Style, width, rows int, s string) bool {
	for range rows {
		if s == "" {
			break
		}
		line, rest := p.breakLine(st, s, width)
		if rest == "" && p.Width(st, line) > width {
			return false
		}
		s = rest
	}
	return s == ""
}

// Centred is a Paragraph whose lines have their middle at x.
func (p *Pen) Centred(st font.Style, x, y, width, leading, rows int, s string, c theme.RGB) int {
	return p.paragraph(st, x, y, draw.Middle, width, leading, rows, s, c)
}

func (p *Pen) paragraph(st font.Style, x, y int, align draw.Align, width, leading, rows int, s string, c theme.RGB) int {
	for row := 0; s != "" && row < rows; row++ {
		line, rest := p.breakLine(st, s, width)
		if row == rows-1 {
			line, rest = s, ""
		}
		p.FitText(st, x, y, align, width, line, c)
		s, y = rest, y+leading
	}
	return y
}

// breakLine takes the words that fit from the front of s.
func (p *Pen) breakLine(st font.Style, s string, width int) (line, rest string) {
	if p.Width(st, s) <= width {
		return s, ""
	}
	cut := 0
	for i := range len(s) {
		if s[i] == ' ' {
			if cut > 0 && p.Width(st, s[:i]) > width {
				break
			}
			cut = i
		}
	}
	if cut == 0 {
		return s, ""
	}
	return s[:cut], s[cut+1:]
}
