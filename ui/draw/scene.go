// Package draw is the picture of a screen: a Scene lists what stands where, a Canvas paints scenes into pixels.
//
// A screen is drawn anew as a Scene on every change; that is a few hundred small values and costs microseconds. The Canvas
// compares the new scene with the one it painted last, operation by operation, and paints only the rectangles in which
// they differ. So no screen has to know what changed, a picture that did not change costs nothing, and what is in the
// pixels is always exactly what painting the whole scene would give.
package draw

import (
	"image"

	"opendeskphone/ui/font"
	"opendeskphone/ui/theme"
)

// Corners says which corners of a box are round.
type Corners uint8

// The corners, and the sets screens use.
const (
	TopLeft Corners = 1 << iota
	TopRight
	BottomRight
	BottomLeft
	Top    = TopLeft | TopRight
	Bottom = BottomLeft | BottomRight
	Left   = TopLeft | BottomLeft
	Right  = TopRight | BottomRight
	All    = Top | Bottom
)

type kind uint8

const (
	fillOp  kind = iota // a box with round corners, filled
	frameOp             // the same, outlined inside its edge
	maskOp              // a shape or an icon, filled
	textOp
)

// op is one thing of a scene. It is comparable: two equal ops paint the same pixels.
type op struct {
	kind    kind
	corners Corners
	color   theme.RGB
	box     image.Rectangle // what the op can touch
	radius  int16
	width   int16 // of a frame
	mask    maskKey
	flip    bool // mirrored left to right
	style   font.Style
	text    string
	at      image.Point // of a text: pen at the baseline
}

// Scene is the list of what a picture is made of, in the order of painting, and of what in it can be touched.
type Scene struct {
	fonts *font.Set
	ops   []op
	hits  []Hit
	clip  image.Rectangle
	turn  turn
}

// Hit is a rectangle that can be touched; What is whatever the screen that drew it understands.
type Hit struct {
	Box  image.Rectangle
	What int
}

// NewScene gives an empty scene whose texts are set with fonts.
func NewScene(fonts *font.Set) *Scene { return &Scene{fonts: fonts} }

// Reset empties the scene and begins it with a background over all of size.
func (s *Scene) Reset(size image.Point, bg theme.RGB) {
	s.ops, s.hits, s.turn = s.ops[:0], s.hits[:0], turn{}
	s.clip = image.Rectangle{Max: size}
	s.Fill(s.clip, bg)
}

func (s *Scene) add(o op) {
	o.box = o.box.Intersect(s.clip)
	if !o.box.Empty() {
		s.ops = append(s.ops, o)
	}
}

// Fill fills a box.
func (s *Scene) Fill(r image.Rectangle, c theme.RGB) {
	s.add(op{kind: fillOp, box: s.turn.box(r), color: c})
}

// Round fills a box with some of its corners rounded. A radius beyond half of the shorter side counts as that half.
func (s *Scene) Round(r image.Rectangle, radius int, corners Corners, c theme.RGB) {
	s.roundOp(fillOp, r, radius, 0, corners, c)
}

// Frame outlines a box with a line of the given width inside its edge.
func (s *Scene) Frame(r image.Rectangle, radius, width int, corners Corners, c theme.RGB) {
	s.roundOp(frameOp, r, radius, width, corners, c)
}

func (s *Scene) roundOp(k kind, r image.Rectangle, radius, width int, corners Corners, c theme.RGB) {
	if r.Empty() {
		return
	}
	r, corners = s.turn.box(r), s.turn.corners(corners)
	radius = min(radius, r.Dx()/2, r.Dy()/2)
	o := op{kind: k, box: r, color: c, corners: corners, radius: int16(radius), width: int16(width), at: r.Min, mask: maskKey{w: int16(r.Dx()), h: int16(r.Dy())}}
	s.add(o)
}

// Disc fills a circle around a point.
func (s *Scene) Disc(at image.Point, diameter int, c theme.RGB) {
	s.Shape(Shape{Kind: DiscShape, Size: diameter}, at, c)
}

// Shape fills a shape around a point.
func (s *Scene) Shape(sh Shape, at image.Point, c theme.RGB) {
	if sh.Size <= 0 {
		return
	}
	s.mask(maskKey{shape: sh.Kind, w: int16(sh.Size), h: int16(sh.Size), a: int16(sh.Width), half: sh.Half}, at, false, c)
}

// Icon draws an icon of size px around a point. One that points onwards points the other way where pictures are mirrored.
func (s *Scene) Icon(icon Icon, at image.Point, size int, c theme.RGB) {
	if icon != NoIcon {
		onwards := icon == IconChevron || icon == IconArrow || icon == IconForward
		s.mask(maskKey{shape: iconShape, w: int16(size), h: int16(size), a: int16(icon)}, at, onwards && s.turn.mirrors(), c)
	}
}

// Mirrored draws an icon turned left to right: a chevron that points back.
func (s *Scene) Mirrored(icon Icon, at image.Point, size int, c theme.RGB) {
	s.mask(maskKey{shape: iconShape, w: int16(size), h: int16(size), a: int16(icon)}, at, !s.turn.mirrors(), c)
}

func (s *Scene) mask(key maskKey, at image.Point, flip bool, c theme.RGB) {
	// An odd size stands with its middle pixel on the point.
	lo := at.Sub(image.Pt(int(key.w)/2, int(key.h)/2))
	box := s.turn.box(image.Rectangle{lo, lo.Add(image.Pt(int(key.w), int(key.h)))})
	s.add(op{kind: maskOp, color: c, mask: key, flip: flip, at: box.Min, box: box})
}

// Align says which point of a text stands at x.
type Align uint8

// The alignments.
const (
	Start Align = iota
	Middle
	End
)

// Text sets one line with its baseline at y and gives its width in px.
func (s *Scene) Text(st font.Style, x, y int, align Align, text string, c theme.RGB) int {
	if text == "" {
		return 0
	}
	st.RightToLeft = s.turn.mirrors()
	run := s.fonts.Shape(st, text)
	width := run.Advance.Round()
	x, align = s.turn.text(x, align)
	switch align {
	case Middle:
		x -= width / 2
	case End:
		x -= width
	}
	size := int(st.Size)
	box := image.Rect(x-size/4-1, y-size-size/8, x+width+size/4+1, y+size*3/8+1)
	if run.Tall {
		box.Min.Y, box.Max.Y = y-size*5/4, y+size*5/8
	}
	s.add(op{kind: textOp, color: c, style: st, text: text, at: image.Pt(x, y), box: box})
	return width
}

// FitText is Text for at most width px; a longer text ends in an ellipsis.
func (s *Scene) FitText(st font.Style, x, y int, align Align, width int, text string, c theme.RGB) int {
	return s.Text(st, x, y, align, s.fonts.Fit(st, text, max(0, width)), c)
}

// Width gives the width of a text in px.
func (s *Scene) Width(st font.Style, text string) int { return s.fonts.Width(st, text) }

// Touchable says that touching r means what.
func (s *Scene) Touchable(r image.Rectangle, what int) {
	s.hits = append(s.hits, Hit{s.turn.box(r), what})
}

// Touched gives what was meant by a touch at p: the topmost touchable thing there.
func (s *Scene) Touched(p image.Point) (what int, ok bool) {
	for i := len(s.hits) - 1; i >= 0; i-- {
		if p.In(s.hits[i].Box) {
			return s.hits[i].What, true
		}
	}
	return 0, false
}

// Word is a text of a scene and the room its capitals take.
type Word struct {
	Text string
	Box  image.Rectangle
}

// Words gives every text of the scene, in the order of painting: what a reader of the screen sees.
func (s *Scene) Words() []Word {
	var words []Word
	for i := range s.ops {
		if o := &s.ops[i]; o.kind == textOp {
			width := s.fonts.Width(o.style, o.text)
			words = append(words, Word{o.text, image.Rect(o.at.X, o.at.Y-int(o.style.Size)*73/100, o.at.X+width, o.at.Y)})
		}
	}
	return words
}

// diff adds to damage the rectangles in which painting b differs from painting a.
func diff(a, b *Scene, damage []image.Rectangle) []image.Rectangle {
	x, y := a.ops, b.ops
	for len(x) > 0 && len(y) > 0 && x[0] == y[0] {
		x, y = x[1:], y[1:]
	}
	for len(x) > 0 && len(y) > 0 && x[len(x)-1] == y[len(y)-1] {
		x, y = x[:len(x)-1], y[:len(y)-1]
	}
	// Where both lists are as long the ops stand opposite each other; else all of the middle counts as changed.
	same := len(x) == len(y)
	for i := range max(len(x), len(y)) {
		if same && x[i] == y[i] {
			continue
		}
		if i < len(x) {
			damage = addDamage(damage, x[i].box)
		}
		if i < len(y) {
			damage = addDamage(damage, y[i].box)
		}
	}
	return damage
}

// maxDamage bounds the list of damaged rectangles; past it the two that waste least are joined.
const maxDamage = 8

// addDamage adds r to the list, joined with a rectangle it nearly shares.
func addDamage(damage []image.Rectangle, r image.Rectangle) []image.Rectangle {
	for {
		best, waste := -1, 0
		for i, d := range damage {
			if r.In(d) {
				return damage
			}
			w := area(d.Union(r)) - area(d) - area(r)
			if w <= 0 || len(damage) >= maxDamage || r.Overlaps(d) {
				if best < 0 || w < waste {
					best, waste = i, w
				}
			}
		}
		if best < 0 {
			return append(damage, r)
		}
		r = r.Union(damage[best])
		damage[best] = damage[len(damage)-1]
		damage = damage[:len(damage)-1]
	}
}

func area(r image.Rectangle) int { return r.Dx() * r.Dy() }
