package widget

import (
	"hash/fnv"
	"image"
	"strings"

	"opendeskphone/ui/draw"
	"opendeskphone/ui/text"
	"opendeskphone/ui/theme"
)

// Mark is a small shape that says how somebody or something stands. It always has its word beside it.
type Mark uint8

// The marks.
const (
	NoMark Mark = iota
	Available
	InCall
	DoNotDisturb
	Away
	Offline
	NotKnown
)

// Mark draws a mark of some size around a point; behind is the colour it stands on.
func (p *Pen) Mark(m Mark, at image.Point, size int, behind theme.RGB) {
	line := max(2, size/7)
	switch m {
	case Available:
		p.Disc(at, size, p.Talk)
	case InCall:
		p.Round(Box(at.X-size/2, at.Y-size/2, size, size), max(1, size/9), draw.All, p.Stop)
	case DoNotDisturb:
		p.Disc(at, size, p.Stop)
		p.Round(Box(at.X-size/4, at.Y-line/2, size/2, line), line/2, draw.All, behind)
	case Away:
		p.Shape(draw.Shape{Kind: draw.RingShape, Size: size, Width: line}, at, p.Hold)
		p.Shape(draw.Shape{Kind: draw.HalfDisc, Size: size}, at, p.Hold)
	case Offline:
		p.Shape(draw.Shape{Kind: draw.RingShape, Size: size, Width: line}, at, p.T3)
	case NotKnown:
		p.Shape(draw.Shape{Kind: draw.DashedRing, Size: size, Width: line}, at, p.T3)
	}
}

// Kind is what an avatar stands for; its shape says so.
type Kind uint8

// The kinds.
const (
	Person Kind = iota
	Organisation
	Unknown
	Unverified
)

// AvatarPair gives the colours of a name's avatar.
func (p *Pen) AvatarPair(name string) theme.Pair {
	h := fnv.New32a()
	h.Write([]byte(strings.ToLower(name)))
	return p.Avatars[int(h.Sum32()>>3)%len(p.Avatars)]
}

// Avatar draws the picture of a party around a point, d px wide.
func (p *Pen) Avatar(kind Kind, name string, at image.Point, d int) {
	initials := text.Initials(name)
	if initials == "" && kind == Person {
		kind = Unknown
	}
	size := d * 2 / 5
	style := Big(size)
	if size < 32 {
		style = Semi(size)
	}
	base := middle(at.Y, size)
	pair := p.AvatarPair(name)
	switch kind {
	case Unverified:
		p.Shape(draw.Shape{Kind: draw.OctagonShape, Size: d}, at, p.HoldBg)
		p.Shape(draw.Shape{Kind: draw.OctagonRing, Size: d, Width: max(2, d/50)}, at, p.Hold)
		p.Text(style, at.X, base, draw.Middle, "?", p.Hold)
		return
	case Unknown:
		p.Shape(draw.Shape{Kind: draw.DashedRing, Size: d, Width: max(2, d/40)}, at, p.Edge)
		p.Text(style, at.X, base, draw.Middle, "?", p.T2)
		return
	case Organisation:
		p.Surface(Box(at.X-d/2, at.Y-d/2, d, d), d*26/100, draw.All, pair.Fill, p.Edge)
	default:
		p.Disc(at, d, pair.Fill)
		if p.HighContrast() {
			p.Shape(draw.Shape{Kind: draw.RingShape, Size: d, Width: 2}, at, p.Edge)
		}
	}
	p.Text(style, at.X, base, draw.Middle, initials, pair.Ink)
}

// Rings draws n rings, at most three, round a ringing avatar of d px: the first lit of them in the ring's colour.
func (p *Pen) Rings(kind Kind, at image.Point, d, n, lit int, ink theme.RGB) {
	for i := range min(n, 3) {
		c := ink
		if i >= lit {
			c = p.S3
		}
		p.ring(kind, at, d/2+p.By(12, 10, 12)*(i+1), 4-i, c)
	}
}

// SmallRings draws the two rings of an avatar on a smaller card.
func (p *Pen) SmallRings(kind Kind, at image.Point, d, lit int, ink theme.RGB) {
	for i := range 2 {
		c := ink
		if i >= lit {
			c = p.Edge
		}
		p.ring(kind, at, d/2+p.S(8*(i+1)), 3-i, c)
	}
}

// ring draws a line of some width on a circle of radius r.
func (p *Pen) ring(kind Kind, at image.Point, r, width int, c theme.RGB) {
	shape := draw.RingShape
	if kind == Unverified {
		shape = draw.OctagonRing
	}
	p.Shape(draw.Shape{Kind: shape, Size: 2*r + width + width%2, Width: width, Half: width%2 == 1}, at, c)
}

// Chip draws a verdict: an icon and words in a pill, and gives its width.
func (p *Pen) Chip(x, y int, icon draw.Icon, word string, ink theme.RGB, centred bool) int {
	h, size, pad := p.S(40), p.S(20), p.S(12)
	w := pad + size + p.S(6) + p.Width(Semi(p.Type.Note), word) + pad
	if centred {
		x -= w / 2
	}
	r := Box(x, y, w, h)
	p.Surface(r, h/2, draw.All, p.Bg, ink)
	p.Icon(icon, image.Pt(x+pad+size/2, y+h/2), size, ink)
	p.Text(Semi(p.Type.Note), x+pad+size+p.S(6), middle(y+h/2, p.Type.Note), draw.Start, word, ink)
	return w
}

// Bars is the quality mark: lit of five bars with its left lower corner at a point.
func (p *Pen) Bars(lit int, x, y int) {
	p.Upright(x, x+p.BarsWidth(), func() { p.bars(lit, x, y) })
}

func (p *Pen) bars(lit int, x, y int) {
	w, gap, h := p.By(5, 3, 5), p.By(4, 3, 4), p.By(28, 18, 28)
	c := p.Talk
	switch {
	case lit == 3:
		c = p.Hold
	case lit < 3:
		c = p.Stop
	}
	for i := range 5 {
		ink := c
		if i >= lit {
			ink = p.S3
		}
		bar := h * (8 + 5*i) / 28
		p.Round(Box(x+i*(w+gap), y-bar, w, bar), w/2, draw.All, ink)
	}
}

// BarsWidth is the width of the quality mark.
func (p *Pen) BarsWidth() int {
	return 5*p.By(5, 3, 5) + 4*p.By(4, 3, 4)
}
