package draw

import (
	"image"

	"opendeskphone/ui/font"
	"opendeskphone/ui/theme"
)

// Canvas holds the pixels of a display and the scene they show. It is for one goroutine.
type Canvas struct {
	pic    *image.RGBA
	fonts  *font.Set
	masks  *masks
	shown  *Scene // what pic shows
	next   *Scene // being made
	damage []image.Rectangle
	fresh  bool // pic shows nothing yet
}

// NewCanvas gives a black canvas; its first Show paints all of it.
func NewCanvas(size image.Point, fonts *font.Set) *Canvas {
	return &Canvas{
		pic: image.NewRGBA(image.Rectangle{Max: size}), fonts: fonts, masks: newMasks(),
		shown: NewScene(fonts), next: NewScene(fonts), fresh: true,
	}
}

// Picture gives the pixels. They change with each Show.
func (c *Canvas) Picture() *image.RGBA { return c.pic }

// Next gives the scene to make the next picture in; it still holds the one before the last.
func (c *Canvas) Next() *Scene { return c.next }

// Shown gives the scene the pixels show, for finding out what was touched.
func (c *Canvas) Shown() *Scene { return c.shown }

// Show paints what differs between the next scene and the shown one and gives the rectangles that were painted, none if
// nothing differs. They are valid until the next call.
func (c *Canvas) Show() []image.Rectangle {
	c.damage = c.damage[:0]
	if c.fresh {
		c.damage, c.fresh = append(c.damage, c.pic.Rect), false
	} else {
		c.damage = diff(c.shown, c.next, c.damage)
	}
	c.shown, c.next = c.next, c.shown
	for _, r := range c.damage {
		c.paint(c.shown, r)
	}
	return c.damage
}

func (c *Canvas) paint(s *Scene, clip image.Rectangle) {
	for i := range s.ops {
		o := &s.ops[i]
		r := o.box.Intersect(clip)
		if r.Empty() {
			continue
		}
		switch o.kind {
		case fillOp:
			c.round(o, r)
		case frameOp:
			c.frame(o, r)
		case maskOp:
			m := c.masks.get(o.mask)
			c.blit(m.Pix, m.Stride, o.at, m.Rect.Size(), o.flip, false, o.color, r)
		case textOp:
			c.text(o, r)
		}
	}
}

func (c *Canvas) fill(r image.Rectangle, col theme.RGB) {
	if r.Empty() {
		return
	}
	first := c.pic.Pix[c.pic.PixOffset(r.Min.X, r.Min.Y):][:4*r.Dx()]
	first[0], first[1], first[2], first[3] = col.R, col.G, col.B, 0xFF
	for n := 4; n < len(first); n *= 2 {
		copy(first[n:], first[:n])
	}
	for y := r.Min.Y + 1; y < r.Max.Y; y++ {
		copy(c.pic.Pix[c.pic.PixOffset(r.Min.X, y):], first)
	}
}

// whole gives the box of a round op as it was asked for, before the scene clipped it.
func (o *op) whole() image.Rectangle {
	return image.Rectangle{o.at, o.at.Add(image.Pt(int(o.mask.w), int(o.mask.h)))}
}

// round fills a box, its round corners by a quarter's mask, mirrored.
func (c *Canvas) round(o *op, clip image.Rectangle) {
	r := int(o.radius)
	if r == 0 || o.corners == 0 {
		c.fill(clip, o.color)
		return
	}
	box := o.whole()
	c.fill(image.Rect(box.Min.X+r, box.Min.Y, box.Max.X-r, box.Max.Y).Intersect(clip), o.color)
	c.fill(image.Rect(box.Min.X, box.Min.Y+r, box.Min.X+r, box.Max.Y-r).Intersect(clip), o.color)
	c.fill(image.Rect(box.Max.X-r, box.Min.Y+r, box.Max.X, box.Max.Y-r).Intersect(clip), o.color)
	c.corner(o, maskKey{shape: cornerShape, w: o.radius, h: o.radius}, box, clip)
}

// corner paints the four corners of a box, round or square.
func (c *Canvas) corner(o *op, key maskKey, box, clip image.Rectangle) {
	r := int(o.radius)
	m := c.masks.get(key)
	for _, k := range [4]struct {
		corner Corners
		at     image.Point
		flipX  bool
		flipY  bool
	}{
		{TopLeft, box.Min, false, false}, {TopRight, image.Pt(box.Max.X-r, box.Min.Y), true, false},
		{BottomRight, box.Max.Sub(image.Pt(r, r)), true, true}, {BottomLeft, image.Pt(box.Min.X, box.Max.Y-r), false, true},
	} {
		square := image.Rectangle{k.at, k.at.Add(image.Pt(r, r))}
		switch {
		case o.corners&k.corner != 0:
			c.blit(m.Pix, m.Stride, k.at, m.Rect.Size(), k.flipX, k.flipY, o.color, square.Intersect(clip))
		case o.kind == fillOp:
			c.fill(square.Intersect(clip), o.color)
		default:
			c.squareCorner(o, square, k.flipX, k.flipY, clip)
		}
	}
}

// squareCorner paints the two strips of a frame at a corner that is not round.
func (c *Canvas) squareCorner(o *op, square image.Rectangle, right, bottom bool, clip image.Rectangle) {
	w := int(o.width)
	h, v := square, square
	if bottom {
		h.Min.Y = h.Max.Y - w
	} else {
		h.Max.Y = h.Min.Y + w
	}
	if right {
		v.Min.X = v.Max.X - w
	} else {
		v.Max.X = v.Min.X + w
	}
	c.fill(h.Intersect(clip), o.color)
	c.fill(v.Intersect(clip), o.color)
}

func (c *Canvas) frame(o *op, clip image.Rectangle) {
	r, w := int(o.radius), int(o.width)
	box := o.whole()
	for _, side := range [4]image.Rectangle{
		image.Rect(box.Min.X+r, box.Min.Y, box.Max.X-r, box.Min.Y+w), image.Rect(box.Min.X+r, box.Max.Y-w, box.Max.X-r, box.Max.Y),
		image.Rect(box.Min.X, box.Min.Y+r, box.Min.X+w, box.Max.Y-r), image.Rect(box.Max.X-w, box.Min.Y+r, box.Max.X, box.Max.Y-r),
	} {
		c.fill(side.Intersect(clip), o.color)
	}
	if r > 0 {
		c.corner(o, maskKey{shape: frameCorner, w: o.radius, h: o.radius, a: o.width}, box, clip)
	}
}

func (c *Canvas) text(o *op, clip image.Rectangle) {
	for _, g := range c.fonts.Shape(o.style, o.text).Glyphs {
		m := c.fonts.Mask(o.style.Size, g)
		if len(m.Pix) > 0 {
			at := o.at.Add(image.Pt(int(g.X>>6), -g.Y.Round())).Add(m.Offset)
			c.blit(m.Pix, m.Size.X, at, m.Size, false, false, o.color, clip)
		}
	}
}

// blit lays a colour over the pixels through a mask that stands at a point, perhaps mirrored.
func (c *Canvas) blit(mask []byte, stride int, at, size image.Point, flipX, flipY bool, col theme.RGB, clip image.Rectangle) {
	r := image.Rectangle{at, at.Add(size)}.Intersect(clip)
	if r.Empty() {
		return
	}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		my := y - at.Y
		if flipY {
			my = size.Y - 1 - my
		}
		row := mask[my*stride : my*stride+size.X]
		dst := c.pic.Pix[c.pic.PixOffset(r.Min.X, y):][:4*r.Dx()]
		mx, step := r.Min.X-at.X, 1
		if flipX {
			mx, step = size.X-1-mx, -1
		}
		for i := 0; i < len(dst); i += 4 {
			a := uint32(row[mx])
			mx += step
			switch a {
			case 0:
			case 0xFF:
				dst[i], dst[i+1], dst[i+2] = col.R, col.G, col.B
			default:
				b := 255 - a
				dst[i] = uint8((uint32(dst[i])*b + uint32(col.R)*a + 127) / 255)
				dst[i+1] = uint8((uint32(dst[i+1])*b + uint32(col.G)*a + 127) / 255)
				dst[i+2] = uint8((uint32(dst[i+2])*b + uint32(col.B)*a + 127) / 255)
			}
		}
	}
}
