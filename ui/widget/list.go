package widget

import (
	"image"

	"opendeskphone/ui/draw"
	"opendeskphone/ui/font"
	"opendeskphone/ui/theme"
)

// Tile is a line key's picture at the edge of the screen.
type Tile struct {
	Icon       draw.Icon
	Mark       Mark   // instead of an icon
	Avatar     string // a person's name, instead of an icon
	Kind       Kind   // of the avatar
	Title      string
	Second     string    // always a word of state
	SecondIcon draw.Icon // before Second
	Short      string    // under the mark of a stub
	Role       Role      // Plain, or the state the tile is filled or tinted with
	Full       bool      // filled with the full colour (ringing) and not tinted
	Own        bool      // the line of the next call
}

// TileBox gives the place of the i-th line tile.
func (p *Pen) TileBox(i int) image.Rectangle {
	if p.Layout() == theme.Tall {
		stage := p.Stage()
		rows := 2
		y := p.H - p.SoftH - p.S(24) - rows*p.TilePitch + p.Gap + (i/2)*p.TilePitch
		return Box(stage.Min.X+(i%2)*(p.TileW+p.Gap), y, p.TileW, p.TileH)
	}
	return Box(p.W-p.TileW, p.Stage().Min.Y+i*p.TilePitch, p.TileW, p.TileH)
}

// MaxTiles is how many tiles the panel has room for.
func (p *Pen) MaxTiles() int {
	if p.Layout() == theme.Wide {
		return 5
	}
	return 4
}

// Tile draws the i-th line tile.
func (p *Pen) Tile(i int, t *Tile) {
	r := p.TileBox(i)
	corners := draw.Left
	if p.Layout() == theme.Tall {
		corners = draw.All
	}
	fill, ink, second, icon := p.S1, p.T1, p.T2, p.T2
	switch {
	case t.Full:
		fill, ink, second, icon = p.Ink(t.Role), p.OnState, p.OnState, p.OnState
	case t.Role != Plain:
		fill, second, icon = p.Tint(t.Role), p.Ink(t.Role), p.Ink(t.Role)
		if t.Role == Stop {
			second = p.T1
		}
	case t.Own:
		fill, icon = p.S2, p.Talk
	}
	p.atKey(r, func() {
		p.Surface(r, p.RadiusRow, corners, fill, p.Outline(t.Role))
		p.inTile(r, func() { p.tile(r, t, fill, ink, second, icon) })
	})
}

// atKey leaves a tile beside its key, which stays where it is in every language. The tall panel's tiles are not at keys.
func (p *Pen) atKey(r image.Rectangle, f func()) {
	if p.Layout() == theme.Tall {
		f()
		return
	}
	p.Fixed(f)
}

// inTile mirrors what stands on a tile within it.
func (p *Pen) inTile(r image.Rectangle, f func()) {
	if p.Layout() == theme.Tall {
		f()
		return
	}
	p.MirroredWithin(r.Min.X, r.Max.X, f)
}

// tile draws what stands on a tile.
func (p *Pen) tile(r image.Rectangle, t *Tile, fill, ink, second, icon theme.RGB) {
	at := image.Pt(r.Min.X+p.By(28, 21, 29), r.Min.Y+p.TileH/2)
	switch {
	case t.Avatar != "":
		p.Avatar(t.Kind, t.Avatar, at, p.By(36, 28, 38))
	case t.Mark != NoMark:
		p.Mark(t.Mark, at, p.By(18, 14, 20), fill)
	default:
		p.Icon(t.Icon, at, p.Theme.Icon, icon)
	}
	x := r.Min.X + p.By(52, 39, 54)
	width := r.Max.X - p.By(12, 6, 8) - x
	large := p.R(4) - p.S(4) // what the two lines need to stand apart
	below := r.Min.Y + p.By(53, 38, 57) + 5*large
	p.FitText(Semi(p.Type.Label), x, r.Min.Y+p.By(32, 20, 33)-large, draw.Start, width, t.Title, ink)
	if t.SecondIcon != draw.NoIcon {
		size := p.By(16, 14, 18)
		p.Icon(t.SecondIcon, image.Pt(x+size/2, below-p.Type.Note*36/100), size, second)
		x, width = x+size+p.By(6, 4, 6), width-size-p.By(6, 4, 6)
	}
	p.FitText(Regular(p.Type.Note), x, below, draw.Start, width, t.Second, second)
}

// FreeTile draws the place of a key that has nothing yet, with what pressing it does.
func (p *Pen) FreeTile(i int, word string) {
	r := p.TileBox(i)
	p.atKey(r, func() { p.inTile(r, func() { p.freeTile(r, word) }) })
}

func (p *Pen) freeTile(r image.Rectangle, word string) {
	mid := r.Min.Y + p.TileH/2
	p.Icon(draw.IconAdd, image.Pt(r.Min.X+p.By(28, 21, 29), mid), p.Theme.Icon, p.T3)
	x := r.Min.X + p.By(52, 39, 54)
	p.FitText(Regular(p.Type.Note), x, middle(mid, p.Type.Note), draw.Start, r.Max.X-p.By(12, 6, 8)-x, word, p.T3)
}

// StubBox gives the place of the i-th stub, the tile's form beside a call.
func (p *Pen) StubBox(i int) image.Rectangle {
	return Box(p.W-p.StubW, p.Stage().Min.Y+i*p.TilePitch, p.StubW, p.TileH)
}

// Stub draws the i-th stub.
func (p *Pen) Stub(i int, t *Tile) { p.Fixed(func() { p.stub(i, t) }) }

func (p *Pen) stub(i int, t *Tile) {
	r := p.StubBox(i)
	fill, ink, icon := p.S1, p.T2, p.T2
	style := Regular(p.Type.Micro)
	switch {
	case t.Role != Plain:
		fill, ink, icon, style = p.Ink(t.Role), p.OnState, p.OnState, Semi(p.Type.Micro)
	case t.Own:
		fill, icon, style = p.S2, p.T1, Semi(p.Type.Micro)
	}
	p.Surface(r, p.RadiusRow, draw.Left, fill, p.Outline(t.Role))
	at := image.Pt((r.Min.X+r.Max.X)/2, r.Min.Y+p.By(22, 13, 22))
	if t.Mark != NoMark {
		p.Mark(t.Mark, at, p.S(14), fill)
	} else {
		p.Icon(t.Icon, at, p.By(20, 16, 20), icon)
	}
	p.Text(style, at.X, r.Min.Y+p.By(56, 37, 56), draw.Middle, p.abbreviate(style, t.Short, r.Dx()-p.By(6, 2, 6)), ink)
}

// abbreviate cuts a name to width with a full stop, as one does by hand where an ellipsis takes half the room.
func (p *Pen) abbreviate(st font.Style, name string, width int) string {
	if p.Width(st, name) <= width {
		return name
	}
	runes := []rune(name)
	for n := len(runes) - 1; n > 0; n-- {
		if s := string(runes[:n]) + "."; p.Width(st, s) <= width {
			return s
		}
	}
	return ""
}

// Row is one row of a list.
type Row struct {
	Icon       draw.Icon
	IconInk    theme.RGB
	Avatar     string // a contact's name instead of an icon
	Kind       Kind   // of the avatar
	Title      string
	From, To   int // the bytes of Title that were matched
	Second     string
	Right      string
	RightBelow string
	Focus      bool
	Heavy      bool // title in 600
	Sentences  bool // title and second line get smaller rather than be cut
}

// Row draws a row of a list in r.
func (p *Pen) Row(r image.Rectangle, row *Row) {
	ink, second, icon := p.T1, p.T2, row.IconInk
	if icon == (theme.RGB{}) {
		icon = p.T2
	}
	if row.Focus {
		p.Round(r, p.RadiusRow, draw.All, p.Focus)
		ink, second = p.OnFocus, p.OnFocus2
		icon = p.opposite(icon)
	}
	mid := (r.Min.Y + r.Max.Y) / 2
	x := r.Min.X + p.R(58)
	if row.Avatar != "" {
		p.Avatar(row.Kind, row.Avatar, image.Pt(r.Min.X+p.R(36), mid), p.R(44))
		x = r.Min.X + p.R(74)
	} else {
		p.Icon(row.Icon, image.Pt(r.Min.X+p.R(29), mid), p.R(26), icon)
	}
	right := r.Max.X - p.S(16)
	h := r.Dy()
	y1, y2 := r.Min.Y+(h*28+34)/68, r.Min.Y+(h*52+34)/68
	if row.Second == "" && row.RightBelow == "" {
		y1 = middle(mid, p.Type.Body)
	}
	w1 := p.Text(Regular(p.Type.Label), right, y1, draw.End, row.Right, ink)
	w2 := p.Text(Regular(p.Type.Note), right, y2, draw.End, row.RightBelow, second)
	p.matchedTitle(x, y1, right-w1-x-p.S(12), row, ink)
	note := Regular(p.Type.Note)
	if row.Sentences {
		note = p.shrunk(note, row.Second, right-w2-x-p.S(12))
	}
	p.FitText(note, x, y2, draw.Start, right-w2-x-p.S(12), row.Second, second)
}

// shrunk is a style so small that a text fits a width, but no smaller than can be read.
func (p *Pen) shrunk(st font.Style, s string, width int) font.Style {
	for int(st.Size) > p.Type.Micro*7/8 && p.Width(st, s) > width {
		st.Size--
	}
	return st
}

// matchedTitle draws a title with the part the keys spelled in 600 and underlined.
func (p *Pen) matchedTitle(x, y, width int, row *Row, ink theme.RGB) {
	style := Regular(p.Type.Body)
	if row.Heavy {
		style = Semi(p.Type.Body)
	}
	if row.Sentences {
		style = p.shrunk(style, row.Title, width)
	}
	if row.From >= row.To || p.Width(Semi(p.Type.Body), row.Title) > width {
		p.FitText(style, x, y, draw.Start, width, row.Title, ink)
		return
	}
	hit := p.Talk
	if row.Focus {
		hit = ink
	}
	before, matched, after := row.Title[:row.From], row.Title[row.From:row.To], row.Title[row.To:]
	whole := p.Width(style, before) + p.Width(Semi(p.Type.Body), matched) + p.Width(style, after)
	p.Upright(x, x+whole, func() { // keys spell Latin names
		x += p.Text(style, x, y, draw.Start, before, ink)
		w := p.Text(Semi(p.Type.Body), x, y, draw.Start, matched, hit)
		p.Fill(Box(x, y+p.S(4), w, 2), hit)
		p.Text(style, x+w, y, draw.Start, after, ink)
	})
}

// opposite gives a state's colour as the opposite theme has it: what is read on an inverted row.
func (p *Pen) opposite(c theme.RGB) theme.RGB {
	switch c {
	case p.Talk:
		return p.Opp.Talk
	case p.Hold:
		return p.Opp.Hold
	case p.Stop:
		return p.Opp.Stop
	case p.Link:
		return p.Opp.Link
	}
	return p.OnFocus
}

// Attention draws a row of the home screen that wants to be looked at.
func (p *Pen) Attention(r image.Rectangle, row *Row) {
	fill, ink, second, icon := p.S1, p.T1, p.T2, row.IconInk
	if row.Focus {
		fill, ink, second, icon = p.Focus, p.OnFocus, p.OnFocus2, p.opposite(icon)
	}
	p.Surface(r, p.RadiusRow, draw.All, fill, p.Edge)
	mid := (r.Min.Y + r.Max.Y) / 2
	p.Icon(row.Icon, image.Pt(r.Min.X+p.By(29, 22, 30), mid), p.By(26, 20, 26), icon)
	p.Icon(draw.IconChevron, image.Pt(r.Max.X-p.By(17, 15, 17), mid), p.By(18, 18, 18), second)
	x, h := r.Min.X+p.By(58, 44, 60), r.Dy()
	width := r.Max.X - p.By(34, 26, 34) - x
	p.FitText(Semi(p.Type.Label), x, r.Min.Y+h*25/60, draw.Start, width, row.Title, ink)
	p.FitText(Regular(p.Type.Note), x, r.Min.Y+h*48/60, draw.Start, width, row.Second, second)
}

// Setting is one row of the settings: a name and its value.
type Setting struct {
	Name, Value string
	Focus       bool
	Steps       bool // Left and Right change it at once
	Opens       bool // OK opens a page
	Last        bool // no hairline below
}

// Setting draws a settings row in r.
func (p *Pen) Setting(r image.Rectangle, s *Setting) {
	ink, value := p.T1, p.T2
	style := Regular(p.Type.Body)
	if s.Focus {
		p.Round(r, p.RadiusRow, draw.All, p.Focus)
		ink, value, style = p.OnFocus, p.OnFocus, Semi(p.Type.Body)
	} else if !s.Last {
		p.Fill(image.Rect(r.Min.X+p.S(24), r.Max.Y+p.S(2), r.Max.X-p.S(20), r.Max.Y+p.S(2)+1), p.Line)
	}
	mid := (r.Min.Y + r.Max.Y) / 2
	base := middle(mid, p.Type.Body)
	x := r.Min.X + p.S(24)
	x += p.FitText(style, x, base, draw.Start, r.Dx()*2/3, s.Name, ink) + p.S(16)
	right := r.Max.X - p.S(20)
	if s.Focus && (s.Steps || s.Opens) {
		p.Icon(draw.IconChevron, image.Pt(right-p.S(6), mid), p.S(18), ink)
		right -= p.S(28)
	}
	if s.Focus && s.Steps {
		x += p.S(28)
	}
	for size := p.Type.Label; p.Width(style, s.Value) > right-x && size >= p.Type.Micro; size -= 2 {
		style.Size = int16(size)
	}
	w := p.FitText(style, right, base, draw.End, right-x, s.Value, value)
	if s.Focus && s.Steps {
		p.Mirrored(draw.IconChevron, image.Pt(right-w-p.S(20), mid), p.S(18), ink)
	}
}
