// Package font shapes text with the embedded faces and keeps the masks of their glyphs. Shaping is HarfBuzz's (kerning,
// tabular digits, the colon that rises between digits); glyphs are filled once for each face, size and quarter of a pixel
// and kept, since filling an outline costs a hundred times what copying its mask costs.
//
// Texts are set in Inter. What Inter has not is set in Noto Sans: Arabic, Hebrew, Thai, Devanagari, Japanese, Chinese and
// Korean. Those faces are opened when the first such text is set, so a phone that shows none pays nothing for them. A
// character no face has shows as a box.
package font

import (
	"embed"
	"fmt"
	"image"
	"slices"

	"github.com/go-text/typesetting/bidi"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/harfbuzz"
	"golang.org/x/image/vector"
)

//go:embed faces/*.otf faces/*.ttf
var files embed.FS

// Face is one of the embedded faces.
type Face uint8

// The faces a style can ask for: Inter 400 and 600 for text, Inter Display 500 from 32 px up (clock, timer, names). The
// others stand in for characters these have not.
const (
	Regular Face = iota
	SemiBold
	Display
	arabic
	arabicBold
	hebrew
	hebrewBold
	thai
	thaiBold
	devanagari
	devanagariBold
	japanese
	chinese
	korean
	faceCount
	styleFaces = Display + 1
)

var faceFiles = [faceCount]string{
	Regular: "Inter-Regular.otf", SemiBold: "Inter-SemiBold.otf", Display: "InterDisplay-Medium.otf",
	arabic: "NotoSansArabic-Regular.ttf", arabicBold: "NotoSansArabic-Bold.ttf",
	hebrew: "NotoSansHebrew-Regular.ttf", hebrewBold: "NotoSansHebrew-Bold.ttf",
	thai: "NotoSansThai-Regular.ttf", thaiBold: "NotoSansThai-Bold.ttf",
	devanagari: "NotoSansDevanagari-Regular.ttf", devanagariBold: "NotoSansDevanagari-Bold.ttf",
	japanese: "NotoSansCJK-JP.otf", chinese: "NotoSansCJK-SC.otf", korean: "NotoSansCJK-KR.otf",
}

// Style is how a text is set: face, size in px and extra space after each glyph in px (may be negative). Cells sets each
// digit in a cell as wide as a 0: the tabular digits of Inter Display differ in width, and a running time must not sway.
//
// RightToLeft sets a text that has Arabic or Hebrew letters from right to left even if it begins with a Latin name; one
// without such letters is set as ever.
type Style struct {
	Face        Face
	Cells       bool
	RightToLeft bool
	Size        int16
	Track       int16
}

// Fixed is a length in 1/64 px.
type Fixed int32

// Round gives the nearest whole px.
func (f Fixed) Round() int { return int(f+32) >> 6 }

// Glyph is a glyph of a run: which, and how far right of the run's start.
type Glyph struct {
	ID   uint32
	X    Fixed
	Y    Fixed // upwards
	Face Face
}

// Run is a shaped text.
type Run struct {
	Glyphs  []Glyph
	Advance Fixed
	Tall    bool // has letters that reach further up and down than Latin ones
}

// Mask is the coverage of one glyph or drawing, 0 to 255. Its top left corner stands Offset away from the pen.
type Mask struct {
	Pix    []byte
	Size   image.Point
	Offset image.Point
}

type runKey struct {
	style Style
	text  string
}

type maskKey struct {
	face  Face
	size  int16
	phase uint8
	id    uint32
}

// Bounds of the caches. A screen needs some 60 runs and 150 masks; a phone meets new names and times all day.
const (
	maxRuns      = 1024
	maxMaskBytes = 4 << 20
	maxTextBytes = 1024 // a longer text is cut: no line of a screen shows it
)

// Set is the faces with their caches. It is for one goroutine.
type Set struct {
	faces     [faceCount]*harfbuzz.Font
	outlines  [faceCount]*font.Face // nil: not opened yet
	cells     [styleFaces]int32     // advance of a tabular 0 in font units
	features  []harfbuzz.Feature
	buffer    *harfbuzz.Buffer
	bidi      bidi.Paragraph
	runs      map[runKey]*Run
	cut       map[cutKey]string
	masks     map[maskKey]*Mask
	maskBytes int
	raster    vector.Rasterizer
}

// NewSet opens the embedded faces.
func NewSet() (*Set, error) {
	s := &Set{
		buffer: harfbuzz.NewBuffer(), runs: make(map[runKey]*Run), cut: make(map[cutKey]string), masks: make(map[maskKey]*Mask),
	}
	for _, tag := range []string{"tnum", "calt", "kern"} {
		s.features = append(s.features, harfbuzz.Feature{
			Tag: opentype.MustNewTag(tag), Value: 1, Start: harfbuzz.FeatureGlobalStart, End: harfbuzz.FeatureGlobalEnd,
		})
	}
	for face := range styleFaces {
		if err := s.open(face); err != nil {
			return nil, err
		}
		s.buffer.Clear()
		s.buffer.AddRune('0', 0)
		s.buffer.GuessSegmentProperties()
		s.buffer.Shape(s.faces[face], s.features)
		s.cells[face] = s.buffer.Pos[0].XAdvance
	}
	return s, nil
}

func (s *Set) open(face Face) error {
	name := faceFiles[face]
	f, err := files.Open("faces/" + name)
	if err != nil {
		return fmt.Errorf("font: open %s: %w", name, err)
	}
	defer f.Close()
	parsed, err := font.ParseTTF(f.(font.Resource)) // read where it stands in the program; ReadFile would copy it
	if err != nil {
		return fmt.Errorf("font: parse %s: %w", name, err)
	}
	s.outlines[face], s.faces[face] = parsed, harfbuzz.NewFont(parsed)
	return nil
}

// Shape sets text in one line. A text whose first letter is Arabic or Hebrew runs from right to left. The run is kept and must not be changed.
func (s *Set) Shape(style Style, text string) *Run {
	if len(text) > maxTextBytes {
		text = text[:maxTextBytes]
	}
	key := runKey{style, text}
	if run, ok := s.runs[key]; ok {
		return run
	}
	if len(s.runs) >= maxRuns {
		clear(s.runs)
		clear(s.cut)
	}
	run := s.shape(style, text)
	s.runs[key] = run
	return run
}

func (s *Set) shape(style Style, text string) *Run {
	for _, r := range text {
		if r >= firstOther {
			return s.shapeMixed(style, text)
		}
	}
	b := s.buffer
	b.Clear()
	for i, r := range text {
		b.AddRune(r, i)
	}
	b.GuessSegmentProperties()
	b.Props.Direction = harfbuzz.LeftToRight
	run := &Run{}
	s.append(run, style, style.Face, func(cluster int) byte { return text[cluster] })
	return run
}

// append shapes what stands in the buffer with a face and puts it to the right of a run. at gives the first byte of a
// cluster.
func (s *Set) append(run *Run, style Style, face Face, at func(cluster int) byte) {
	b := s.buffer
	b.Shape(s.faces[face], s.features)
	scale := scaler{size: int64(style.Size), upem: int64(s.outlines[face].Upem())}
	pen := run.Advance
	run.Glyphs = slices.Grow(run.Glyphs, len(b.Info))
	for i, info := range b.Info {
		pos := b.Pos[i]
		advance, inset := scale.fixed(pos.XAdvance), Fixed(0)
		if c := at(info.Cluster); style.Cells && face < styleFaces && c >= '0' && c <= '9' {
			cell := scale.fixed(s.cells[face])
			advance, inset = cell, (cell-advance)/2
		}
		run.Glyphs = append(run.Glyphs, Glyph{ID: uint32(info.Glyph), X: pen + inset + scale.fixed(pos.XOffset), Y: scale.fixed(pos.YOffset), Face: face})
		pen += advance + Fixed(style.Track)*64
	}
	run.Advance = pen
}

// scaler takes font units to 1/64 px in whole numbers, so that every machine sets a text alike.
type scaler struct{ size, upem int64 }

func (s scaler) fixed(units int32) Fixed {
	v := int64(units) * s.size * 64
	if v < 0 {
		return Fixed((v - s.upem/2) / s.upem)
	}
	return Fixed((v + s.upem/2) / s.upem)
}

// Width is the advance of text in whole px.
func (s *Set) Width(style Style, text string) int { return s.Shape(style, text).Advance.Round() }

// Mask gives the coverage of a glyph of a run set in some size; of where it stands only the quarter of a pixel counts.
// A glyph without ink gives an empty mask.
func (s *Set) Mask(size int16, g Glyph) *Mask {
	phase := uint8(g.X>>4) & 3
	key := maskKey{g.Face, size, phase, g.ID}
	if m, ok := s.masks[key]; ok {
		return m
	}
	if s.maskBytes > maxMaskBytes {
		clear(s.masks)
		s.maskBytes = 0
	}
	m := s.fill(g.Face, size, g.ID, float32(phase)/4)
	s.masks[key] = m
	s.maskBytes += len(m.Pix)
	return m
}

func (s *Set) fill(of Face, size int16, id uint32, dx float32) *Mask {
	face := s.outlines[of]
	outline, ok := face.GlyphData(font.GID(id)).(font.GlyphOutline)
	if !ok || len(outline.Segments) == 0 {
		return &Mask{}
	}
	scale := float32(size) / float32(face.Upem())
	box := bounds(outline.Segments, scale, dx)
	to := func(p opentype.SegmentPoint) (x, y float32) {
		return p.X*scale + dx - float32(box.Min.X), -p.Y*scale - float32(box.Min.Y)
	}
	s.raster.Reset(box.Dx(), box.Dy())
	for i, seg := range outline.Segments {
		x0, y0 := to(seg.Args[0])
		switch seg.Op {
		case opentype.SegmentOpMoveTo:
			if i > 0 {
				s.raster.ClosePath()
			}
			s.raster.MoveTo(x0, y0)
		case opentype.SegmentOpLineTo:
			s.raster.LineTo(x0, y0)
		case opentype.SegmentOpQuadTo:
			x1, y1 := to(seg.Args[1])
			s.raster.QuadTo(x0, y0, x1, y1)
		case opentype.SegmentOpCubeTo:
			x1, y1 := to(seg.Args[1])
			x2, y2 := to(seg.Args[2])
			s.raster.CubeTo(x0, y0, x1, y1, x2, y2)
		}
	}
	s.raster.ClosePath()
	m := &Mask{Pix: make([]byte, box.Dx()*box.Dy()), Size: box.Size(), Offset: box.Min}
	alpha := image.Alpha{Pix: m.Pix, Stride: box.Dx(), Rect: image.Rectangle{Max: box.Size()}}
	s.raster.Draw(&alpha, alpha.Rect, image.Opaque, image.Point{})
	return m
}

// bounds is the box of whole px around an outline's control points, which enclose the curve.
func bounds(segments []opentype.Segment, scale, dx float32) image.Rectangle {
	minX, minY, maxX, maxY := float32(1e9), float32(1e9), float32(-1e9), float32(-1e9)
	for i := range segments {
		for _, p := range segments[i].ArgsSlice() {
			x, y := p.X*scale+dx, -p.Y*scale
			minX, maxX = min(minX, x), max(maxX, x)
			minY, maxY = min(minY, y), max(maxY, y)
		}
	}
	return image.Rect(floor(minX), floor(minY), floor(maxX)+1, floor(maxY)+1)
}

func floor(f float32) int {
	i := int(f)
	if float32(i) > f {
		i--
	}
	return i
}

type cutKey struct {
	style Style
	text  string
	width int
}

// Fit cuts text with an ellipsis so that it is at most width px wide.
func (s *Set) Fit(style Style, text string, width int) string {
	if s.Width(style, text) <= width {
		return text
	}
	key := cutKey{style, text, width}
	if t, ok := s.cut[key]; ok {
		return t
	}
	t := s.fit(style, text, width)
	s.cut[key] = t
	return t
}

func (s *Set) fit(style Style, text string, width int) string {
	const ellipsis = "…"
	if len(text) > maxTextBytes {
		text = text[:maxTextBytes]
	}
	lo, hi := 0, len(text) // text[:lo] fits, text[:hi] does not
	for hi-lo > 1 {
		mid := (lo + hi) / 2
		if s.shape(style, text[:mid]+ellipsis).Advance.Round() <= width {
			lo = mid
		} else {
			hi = mid
		}
	}
	for lo > 0 && !startsCharacter(text[lo:]) {
		lo--
	}
	for lo > 0 && text[lo-1] == ' ' {
		lo--
	}
	return text[:lo] + ellipsis
}
