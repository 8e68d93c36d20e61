package draw

import (
	"image"
	"math"

	"golang.org/x/image/vector"
)

// Icon names one of the icons of icons.svg.txt.
type Icon uint8

//go:generate go run ./mkicons

type pathMode uint8

const (
	fillPath pathMode = iota
	strokePath
	cutPath // a stroke taken out of what the paths before it painted
)

type iconPath struct {
	mode  pathMode
	pen   int16 // width of a stroke
	lines [][]int16
}

// ShapeKind names a shape that is not a box.
type ShapeKind uint8

// The shapes. Size is the side of the square they fill; Width is the line of the ones that are outlines.
const (
	NoShape      ShapeKind = iota
	DiscShape              // a filled circle
	RingShape              // a circle's outline, inside the size
	DashedRing             // the same, dashed
	HalfDisc               // the right half of a disc
	OctagonShape           // a filled octagon
	OctagonRing            // an octagon's outline
	iconShape
	cornerShape // the top left corner of a filled round box
	frameCorner // the same of an outlined one
)

// Shape is a shape of some size, both in px. Half draws it half a px smaller all round, so that an outline of odd width
// can lie on a circle round a point between four pixels.
type Shape struct {
	Kind  ShapeKind
	Size  int
	Width int
	Half  bool
}

// maskKey names a drawing that is made once and kept. What a means depends on the shape: the width of a line, an icon.
type maskKey struct {
	shape ShapeKind
	w, h  int16
	a     int16
	half  bool
}

// masks keeps drawings by name. Their number is bounded by what the screens can ask for.
type masks struct {
	kept   map[maskKey]*image.Alpha
	raster vector.Rasterizer
	layer  image.Alpha
}

func newMasks() *masks { return &masks{kept: make(map[maskKey]*image.Alpha)} }

// maxMasks is far above what the screens of one panel use.
const maxMasks = 512

func (m *masks) get(key maskKey) *image.Alpha {
	if pic, ok := m.kept[key]; ok {
		return pic
	}
	if len(m.kept) >= maxMasks {
		clear(m.kept)
	}
	pic := image.NewAlpha(image.Rect(0, 0, int(key.w), int(key.h)))
	if key.shape == iconShape {
		m.icon(pic, Icon(key.a))
	} else {
		m.raster.Reset(pic.Rect.Dx(), pic.Rect.Dy())
		m.outline(key)
		m.raster.Draw(pic, pic.Rect, image.Opaque, image.Point{})
	}
	m.kept[key] = pic
	return pic
}

// outline puts a shape into the rasteriser. Holes turn against the outside, so their areas cancel.
func (m *masks) outline(key maskKey) {
	size, width := float64(key.w), float64(key.a)
	mid := size / 2
	r := mid
	if key.half {
		r -= 0.5
	}
	switch key.shape {
	case DiscShape:
		m.circle(mid, mid, r, false)
	case RingShape:
		m.circle(mid, mid, r, false)
		m.circle(mid, mid, r-width, true)
	case DashedRing:
		m.dashes(mid, r, width)
	case HalfDisc:
		m.wedge(mid, mid, r, -math.Pi/2, math.Pi/2)
	case OctagonShape:
		m.octagon(mid, r, false)
	case OctagonRing:
		m.octagon(mid, r, false)
		m.octagon(mid, r-width, true)
	case cornerShape:
		m.wedge(size, size, size, math.Pi, 3*math.Pi/2)
	case frameCorner:
		m.quarterRing(size, width)
	}
}

// curveSteps gives a number of chords for a circle's part so that none is 1/30 px off the curve.
func curveSteps(r, angle float64) int {
	return max(4, int(math.Ceil(math.Abs(angle)*math.Sqrt(r)*2)))
}

// arc goes along a circle from one angle to another, from where the path stands.
func (m *masks) arc(cx, cy, r, from, to float64) {
	n := curveSteps(r, to-from)
	for i := range n + 1 {
		sin, cos := math.Sincos(from + (to-from)*float64(i)/float64(n))
		m.raster.LineTo(float32(cx+r*cos), float32(cy+r*sin))
	}
}

func (m *masks) start(cx, cy, r, angle float64) {
	sin, cos := math.Sincos(angle)
	m.raster.MoveTo(float32(cx+r*cos), float32(cy+r*sin))
}

func (m *masks) circle(cx, cy, r float64, hole bool) {
	if r <= 0 {
		return
	}
	from, to := 0.0, 2*math.Pi
	if hole {
		from, to = to, from
	}
	m.start(cx, cy, r, from)
	m.arc(cx, cy, r, from, to)
	m.raster.ClosePath()
}

// wedge is a slice of a disc.
func (m *masks) wedge(cx, cy, r, from, to float64) {
	m.raster.MoveTo(float32(cx), float32(cy))
	m.arc(cx, cy, r, from, to)
	m.raster.ClosePath()
}

func (m *masks) quarterRing(size, width float64) {
	m.start(size, size, size, math.Pi)
	m.arc(size, size, size, math.Pi, 3*math.Pi/2)
	if inner := size - width; inner > 0 {
		m.arc(size, size, inner, 3*math.Pi/2, math.Pi)
	} else {
		m.raster.LineTo(float32(size), float32(size))
	}
	m.raster.ClosePath()
}

// dashes is a ring of dashes about as long as the gaps between them.
func (m *masks) dashes(mid, r, width float64) {
	n := max(8, int(math.Round(2*math.Pi*r/(5*width))))
	for i := range n {
		from := 2 * math.Pi * float64(i) / float64(n)
		to := from + 1.1*math.Pi/float64(n)
		m.start(mid, mid, r, from)
		m.arc(mid, mid, r, from, to)
		m.arc(mid, mid, r-width, to, from)
		m.raster.ClosePath()
	}
}

// octagon stands on a side; r is the distance from its middle to a side.
func (m *masks) octagon(mid, r float64, hole bool) {
	corner := r / math.Cos(math.Pi/8)
	for i := range 8 {
		step := float64(i)
		if hole {
			step = -step
		}
		sin, cos := math.Sincos(math.Pi/8 + step*math.Pi/4)
		x, y := float32(mid+corner*cos), float32(mid+corner*sin)
		if i == 0 {
			m.raster.MoveTo(x, y)
		} else {
			m.raster.LineTo(x, y)
		}
	}
	m.raster.ClosePath()
}

// icon paints the paths of an icon over each other.
func (m *masks) icon(pic *image.Alpha, icon Icon) {
	if icon >= iconCount {
		return
	}
	size := pic.Rect.Dx()
	unit := float64(size) / 2400
	if len(m.layer.Pix) < len(pic.Pix) {
		m.layer.Pix = make([]byte, len(pic.Pix))
	}
	m.layer.Stride, m.layer.Rect = pic.Stride, pic.Rect
	layer := m.layer.Pix[:len(pic.Pix)]
	for _, path := range icons[icon] {
		clear(layer)
		m.raster.Reset(size, size)
		for _, line := range path.lines {
			if path.mode == fillPath {
				m.polygon(line, unit)
			} else {
				m.stroke(line, unit, float64(path.pen)/2*unit)
			}
		}
		m.raster.Draw(&m.layer, pic.Rect, image.Opaque, image.Point{})
		for i, a := range layer {
			if path.mode == cutPath {
				pic.Pix[i] = uint8(int(pic.Pix[i]) * (255 - int(a)) / 255)
			} else {
				pic.Pix[i] = uint8(int(pic.Pix[i]) + int(a)*(255-int(pic.Pix[i]))/255)
			}
		}
	}
}

func (m *masks) polygon(line []int16, unit float64) {
	for i := 0; i < len(line); i += 2 {
		x, y := float32(float64(line[i])*unit), float32(float64(line[i+1])*unit)
		if i == 0 {
			m.raster.MoveTo(x, y)
		} else {
			m.raster.LineTo(x, y)
		}
	}
	m.raster.ClosePath()
}

// stroke makes each segment a capsule. All capsules turn the same way, so overlaps unite.
func (m *masks) stroke(line []int16, unit, r float64) {
	if len(line) == 2 {
		m.circle(float64(line[0])*unit, float64(line[1])*unit, r, false)
	}
	for i := 2; i < len(line); i += 2 {
		x0, y0 := float64(line[i-2])*unit, float64(line[i-1])*unit
		x1, y1 := float64(line[i])*unit, float64(line[i+1])*unit
		along := math.Atan2(y1-y0, x1-x0)
		m.start(x0, y0, r, along+math.Pi/2)
		m.arc(x0, y0, r, along+math.Pi/2, along+3*math.Pi/2)
		m.arc(x1, y1, r, along-math.Pi/2, along+math.Pi/2)
		m.raster.ClosePath()
	}
}
