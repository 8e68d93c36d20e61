package widget

import (
	"image"
	"slices"

	"opendeskphone/audio/quality"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/theme"
)

// Second is one second of a call's sound, as the trace draws it.
type Second = quality.Bar

// level takes dBFS to px of at most full.
func level(dbfs int8, full int) int {
	part := int(dbfs) - theme.TraceLevelFloor
	h := theme.TraceMinH + (full-theme.TraceMinH)*part/(theme.TraceLevelFull-theme.TraceLevelFloor)
	return max(theme.TraceMinH, min(full, h))
}

func (p *Pen) classInk(mos float32) theme.RGB {
	switch {
	case mos >= theme.TraceMOSGood || mos == 0:
		return p.Talk
	case mos >= theme.TraceMOSFair:
		return p.Hold
	}
	return p.Stop
}

// Trace draws what was heard above the line y and what was sent below it, one bar a second, newest at the right. Seconds
// that do not fit are left out; where there are fewer the line begins with silence.
func (p *Pen) Trace(x0, x1, y, half int, seconds []Second) {
	p.Upright(x0, x1, func() { p.trace(x0, x1, y, half, seconds, p.classInk) })
}

// TraceIn is Trace for sound that has no quality to tell, in one colour.
func (p *Pen) TraceIn(x0, x1, y, half int, seconds []Second, ink theme.RGB) {
	p.Upright(x0, x1, func() { p.trace(x0, x1, y, half, seconds, func(float32) theme.RGB { return ink }) })
}

func (p *Pen) trace(x0, x1, y, half int, seconds []Second, class func(mos float32) theme.RGB) {
	n := (x1 - x0) / theme.TracePitch
	x0 = x1 - n*theme.TracePitch
	missing := n - len(seconds)
	if missing < 0 {
		seconds, missing = seconds[-missing:], 0
	}
	top, bottom := y-theme.TraceGapMid/2, y+theme.TraceGapMid/2
	for i := range n {
		x := x0 + i*theme.TracePitch
		if i < missing {
			p.traceBar(x, top-theme.TraceMinH, theme.TraceMinH, p.S3)
			p.traceBar(x, bottom, theme.TraceMinH, p.S3)
			continue
		}
		s := seconds[i-missing]
		if s.Lost > theme.TraceLostShare {
			for dy := theme.TraceLostDot; dy <= half; dy += theme.TraceLostPitch {
				p.traceBar(x, top-dy, theme.TraceLostDot, p.Stop)
			}
		} else {
			h := level(s.Heard, half)
			p.traceBar(x, top-h, h, class(s.MOS))
		}
		switch {
		case s.Muted:
			p.traceBar(x, bottom, theme.TraceMinH, p.T3)
		case s.FarLost > theme.TraceLostShare:
			for dy := theme.TraceLostDot; dy <= half; dy += theme.TraceLostPitch {
				p.traceBar(x, bottom+dy-theme.TraceLostDot, theme.TraceLostDot, p.Stop)
			}
		default:
			p.traceBar(x, bottom, level(s.Sent, half), class(0))
		}
	}
}

func (p *Pen) traceBar(x, y, h int, c theme.RGB) {
	p.Round(Box(x, y, theme.TraceBar, h), theme.TraceBar/2, draw.All, c)
}

// DotLine is the trace of a party that waits: a row of dots.
func (p *Pen) DotLine(x0, x1, y int, c theme.RGB) {
	for x := x0; x+theme.TraceBar <= x1; x += theme.TracePitch {
		p.traceBar(x, y-theme.TraceBar/2, theme.TraceBar, c)
	}
}

// ToneLine is the trace of a call that rings there: a burst for each ring heard, over a line of dots. Past is how many
// bars of the line lie behind us; burst tells for each bar how far it stands out, 0 to 1.
func (p *Pen) ToneLine(x0, x1, y, past int, burst func(bar int) float64) {
	p.Upright(x0, x1, func() { p.toneLine(x0, x1, y, past, burst) })
}

func (p *Pen) toneLine(x0, x1, y, past int, burst func(bar int) float64) {
	n := (x1 - x0) / theme.TracePitch
	for i := range n {
		h, ink := theme.TraceBar, p.T3
		if b := burst(i); b > 0 {
			h, ink = theme.TraceBar+2*int(b*float64(p.S(11))), p.Talk
		}
		if i >= past {
			ink = p.S3
		}
		p.traceBar(x0+i*theme.TracePitch, y-h/2, h, ink)
	}
}

// Wave draws a sound between x0 and x1 as bars of its loudness about y, half high at most: what was heard, where it is being
// heard, and what is to come.
func (p *Pen) Wave(x0, x1, y, half int, peaks []float64, heard float64) {
	p.Upright(x0, x1, func() {
		n := (x1 - x0) / theme.TracePitch
		for i := range n {
			h := theme.TraceBar
			if from := len(peaks) * i / n; from < len(peaks) {
				h = max(h, int(slices.Max(peaks[from:max(from+1, len(peaks)*(i+1)/n)])*float64(2*half)))
			}
			ink := p.T1
			if float64(i) >= heard*float64(n) {
				ink = p.T3
			}
			p.traceBar(x0+i*theme.TracePitch, y-h/2, h, ink)
		}
		at := x0 + int(heard*float64(x1-x0-theme.TraceBar))
		p.Fill(image.Rect(at, y-half, at+p.S(3), y+half), p.Talk)
	})
}

// Day is one working day as a row of bars, a slot every ten minutes from 7 to 19 h.
type Day struct {
	Talked [DaySlots]int  // minutes of talk that began in the slot
	Missed [DaySlots]bool // a call was missed in it
	Now    int            // the present slot; outside of 0 to DaySlots it is not marked
}

// DaySlots is the number of slots of a Day; DayStart is the hour it begins at.
const (
	DaySlots = 72
	DayStart = 7
)

// DayLine draws a day between x0 and x1 with the feet of its bars at y.
func (p *Pen) DayLine(x0, x1, y int, d *Day) {
	p.Upright(x0, x1, func() { p.dayLine(x0, x1, y, d) })
}

func (p *Pen) dayLine(x0, x1, y int, d *Day) {
	at := func(slot int) int { return x0 + ((x1-x0)*slot*2+DaySlots)/(2*DaySlots) }
	bar := theme.TraceBar
	for slot := range DaySlots {
		x, ink := at(slot), p.Edge
		if slot > d.Now {
			ink = p.S3
		}
		switch {
		case slot == d.Now:
			p.Round(Box(x, y-p.By(34, 34, 34), bar, p.By(38, 38, 38)), bar/2, draw.All, p.T1)
		case d.Talked[slot] > 0:
			tall := min(32, 16+d.Talked[slot]/2)
			h := p.By(tall, tall, tall)
			p.Round(Box(x, y-h, bar, h), bar/2, draw.All, p.T2)
		case !d.Missed[slot]:
			p.Round(Box(x, y-bar, bar, bar), bar/2, draw.All, ink)
		}
		if d.Missed[slot] {
			p.Shape(draw.Shape{Kind: draw.RingShape, Size: 12, Width: 3}, image.Pt(x+bar/2, y-9), p.Hold)
		}
	}
	for hour := DayStart + 1; hour < DayStart+DaySlots/6; hour += 2 {
		word := [...]string{"8", "10", "12", "14", "16", "18"}[(hour-DayStart)/2]
		p.Text(Regular(p.Type.Micro), at((hour-DayStart)*6)+bar/2, y+p.By(22, 22, 24), draw.Middle, word, p.T3)
	}
}

// Voice draws the speech of one party as bars that stand on y, one a second, newest at the right: what was heard, or with
// sent what was said here.
func (p *Pen) Voice(x0, x1, y, most int, seconds []Second, sent bool, ink theme.RGB) {
	p.Upright(x0, x1, func() {
		n := (x1 - x0) / theme.TracePitch
		for i := range n {
			h := theme.TraceMinH
			if at := len(seconds) - n + i; at >= 0 {
				s := seconds[at]
				switch {
				case sent && s.Muted:
				case sent:
					h = level(s.Sent, most)
				default:
					h = level(s.Heard, most)
				}
			}
			p.traceBar(x1-(n-i)*theme.TracePitch, y-h, h, ink)
		}
	})
}
