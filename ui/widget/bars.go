package widget

import (
	"image"

	"opendeskphone/ui/draw"
	"opendeskphone/ui/font"
	"opendeskphone/ui/text"
	"opendeskphone/ui/theme"
)

// StatusItem is a thing at the right of the status bar: an icon, a word, or both.
type StatusItem struct {
	Icon draw.Icon
	Word string
	Ink  theme.RGB
}

// Status is the bar at the top of every screen.
type Status struct {
	Mark   Mark // before Title, on the home screen
	Title  string
	Ink    theme.RGB // of Title; zero: plain
	Detail string
	Items  []StatusItem // from right to left
	Clock  string       // empty where the screen shows the time itself
}

// StatusBar draws the bar.
func (p *Pen) StatusBar(s *Status) { p.Within(0, p.W, func() { p.statusBar(s) }) }

func (p *Pen) statusBar(s *Status) {
	base := p.StatusH/2 + p.Type.Note*39/100
	right := p.StatusRight(s, base)
	x := p.Margin
	if s.Mark != NoMark {
		p.Mark(s.Mark, image.Pt(x+p.Presence/2, p.StatusH/2), p.Presence, p.Bg)
		x += p.Presence + p.By(8, 6, 8)
	}
	ink := s.Ink
	if ink == (theme.RGB{}) {
		ink = p.T1
	}
	x += p.FitText(Semi(p.Type.Note), x, base, draw.Start, right-x, s.Title, ink)
	if x += p.By(10, 9, 10); right-x > p.S(40) {
		p.FitText(Regular(p.Type.Note), x, base, draw.Start, right-x, s.Detail, p.T2)
	}
}

// StatusRight draws the right part and gives where it begins.
func (p *Pen) StatusRight(s *Status, base int) int {
	x, step, size := p.W-p.Margin, p.By(16, 13, 18), p.By(22, 16, 22)
	if s.Clock != "" {
		x -= p.Text(Semi(p.Type.Note), x, base, draw.End, s.Clock, p.T1) + step
	}
	for _, item := range s.Items {
		if item.Word != "" {
			x -= p.Text(Regular(p.Type.Note), x, base, draw.End, item.Word, item.Ink)
			if item.Icon != draw.NoIcon {
				x -= p.By(6, 5, 6)
			}
		}
		if item.Icon != draw.NoIcon {
			p.Icon(item.Icon, image.Pt(x-size/2, p.StatusH/2), size, item.Ink)
			x -= size
		}
		x -= step
	}
	return x
}

// Toast draws a message in place of the status bar.
func (p *Pen) Toast(message string) { p.Within(0, p.W, func() { p.toast(message) }) }

func (p *Pen) toast(message string) {
	p.Fill(image.Rect(0, 0, p.W, p.StatusH), p.Focus)
	base := p.StatusH/2 + p.Type.Note*39/100
	p.FitText(Semi(p.Type.Note), p.Margin, base, draw.Start, p.W-2*p.Margin, message, p.OnFocus)
}

// Volume draws a level in place of the status bar.
func (p *Pen) Volume(message string, level, most int) {
	p.Toast(message)
	w := min(p.S(200), p.W/3)
	bar := Box(p.W-p.Margin-w, p.StatusH/2-p.S(4), w, p.S(8))
	p.Within(0, p.W, func() {
		p.Round(bar, bar.Dy()/2, draw.All, p.OnFocus2)
		bar.Max.X = bar.Min.X + w*level/max(1, most)
		p.Round(bar, bar.Dy()/2, draw.All, p.OnFocus)
	})
}

// KeyRole says what pressing a soft key means.
type KeyRole uint8

// The roles: at most one Go and one Halt on a screen.
const (
	Normal KeyRole = iota
	Go
	Halt
	Disabled
)

// SoftKey is one tab of the soft-key bar. An empty label draws nothing.
type SoftKey struct {
	Label   text.Label
	Role    KeyRole
	Pressed bool
}

// SoftKeyBox gives the place of the i-th of n tabs.
func (p *Pen) SoftKeyBox(i, n int) image.Rectangle {
	// Edges by rounding x0+i*pitch and x0+i*pitch+w, pitch (W-gap)/n, so neighbours never drift apart.
	round := func(num int) int { return (2*num + n) / (2 * n) }
	x0 := round(p.SoftGap*n + i*(p.W-p.SoftGap))
	x1 := round(p.SoftGap*n + (i+1)*(p.W-p.SoftGap) - p.SoftGap*n)
	return image.Rect(x0, p.H-p.SoftH, x1, p.H)
}

// SoftKeys draws the bar at the bottom.
func (p *Pen) SoftKeys(keys []SoftKey) { p.Within(0, p.W, func() { p.softKeys(keys) }) }

func (p *Pen) softKeys(keys []SoftKey) {
	for i, k := range keys {
		if k.Label.Long == "" {
			continue
		}
		r := p.SoftKeyBox(i, len(keys))
		fill, ink, outline := p.S2, p.T1, p.Edge
		switch k.Role {
		case Go:
			fill, ink, outline = p.Talk, p.OnState, p.Talk
		case Halt:
			fill, ink, outline = p.Stop, p.OnState, p.Stop
		case Disabled:
			fill, ink = p.S1, p.T3
		}
		if k.Pressed {
			fill, ink = p.S3, p.T1
		}
		p.Round(r, p.SoftRadius, draw.Top, fill)
		if p.HighContrast() {
			out := r
			out.Max.Y += 2 // the tab runs off the screen: no line below
			p.Frame(out, p.SoftRadius, 2, draw.Top, outline)
		}
		label, st := p.KeyLabel(k.Label, r.Dx())
		p.Text(st, (r.Min.X+r.Max.X)/2, middle(r.Min.Y+p.SoftH/2, p.SoftText)-1, draw.Middle, label, ink)
	}
}

// KeyLabel chooses the form of a label that fits a tab of some width; the short one is set smaller where it must be.
func (p *Pen) KeyLabel(l text.Label, width int) (string, font.Style) {
	room, st := width-p.By(12, 8, 10), Semi(p.SoftText)
	if p.Width(st, l.Long) <= room {
		return l.Long, st
	}
	for st.Size > int16(p.SoftText*4/5) && p.Width(st, l.Short) > room {
		st.Size--
	}
	return l.Short, st
}
