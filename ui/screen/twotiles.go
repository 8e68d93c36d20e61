package screen

import (
	"image"

	"opendeskphone/firmware/phone"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/font"
	"opendeskphone/ui/text"
	"opendeskphone/ui/theme"
	"opendeskphone/ui/widget"
)

// callTile is a call as an upright card: who, in what state, for how long.
type callTile struct {
	who  party
	role widget.Role
	icon draw.Icon
	word string
	time string
}

func (v *view) tileOf(c *phone.Call) callTile {
	t := callTile{who: v.party(c.Remote), time: v.elapsed(c)}
	w := &v.Words.Call
	switch c.State {
	case phone.Held:
		t.role, t.icon, t.word = widget.Hold, draw.IconPause, w.OnHold
	case phone.Calling:
		t.icon, t.word = draw.IconCallOut, v.Words.Status.Calling
	case phone.Ringback:
		t.icon, t.word = draw.IconBell, w.RingingThere
	default:
		t.role, t.icon, t.word = widget.Talk, draw.IconHandset, w.Talking
		if c.RemoteHeld {
			t.role, t.icon, t.word = widget.Hold, draw.IconPause, w.RemoteHolds
		}
	}
	return t
}

// twoTiles draws a question and two calls with an arrow from one to the other.
func (v *view) twoTiles(head, sub string, a, b callTile) {
	r := v.beside()
	size := v.headline(head, r.Dx(), v.By(38, 24, 36))
	y := r.Min.Y + v.By(45, 20, 40)
	v.FitText(widget.Big(size), r.Min.X, y, draw.Start, r.Dx(), head, v.T1)
	st := widget.Regular(v.Type.Body)
	if v.Layout() != theme.Wide {
		st.Size = int16(v.Type.Note)
	}
	rows := v.By(1, 1, 3)
	for rows == 1 && v.Width(st, sub) > r.Dx() && int(st.Size) > v.Type.Micro {
		st.Size--
	}
	v.Paragraph(st, r.Min.X, y+v.By(32, 20, 36), r.Dx(), v.Type.Label*7/5, rows, sub, v.T2)
	top := r.Min.Y + v.By(104, 50, 160)
	bottom := r.Max.Y - v.By(10, 0, 170)
	gap := v.By(80, 36, 52)
	w := (r.Dx() - gap) / 2
	left := image.Rect(r.Min.X, top, r.Min.X+w, bottom)
	right := image.Rect(r.Max.X-w, top, r.Max.X, bottom)
	v.callTile(left, &a)
	v.callTile(right, &b)
	mid, d := image.Pt((r.Min.X+r.Max.X)/2, (top+bottom)/2), v.By(76, 32, 48)
	v.Disc(mid, d+v.By(16, 8, 10), v.Bg)
	v.Disc(mid, d, v.T1)
	v.Icon(draw.IconArrow, mid, d/2, v.Bg)
}

func (v *view) callTile(box image.Rectangle, t *callTile) {
	if t.role == widget.Hold {
		v.Frame(box, v.RadiusCard, 2, draw.All, v.Hold)
	} else {
		v.Surface(box, v.RadiusCard, draw.All, v.Tint(t.role), v.Outline(t.role))
	}
	x := (box.Min.X + box.Max.X) / 2
	width := box.Dx() - v.By(32, 16, 20)
	d := v.By(96, 46, 88)
	v.Avatar(t.who.kind, t.who.name, image.Pt(x, box.Min.Y+v.By(80, 34, 72)), d)
	v.shrink(widget.Big(v.Type.Title), x, box.Min.Y+v.By(168, 86, 172), width, t.who.name)
	y := box.Min.Y + v.By(204, 110, 216)
	ink := v.Ink(t.role)
	v.iconWord(x, y, draw.Middle, t.icon, t.word, ink)
	v.Text(widget.Timer(v.Type.Label), x, y+v.below(), draw.Middle, t.time, v.T2)
}

// shrink writes a name in the middle, smaller rather than cut.
func (v *view) shrink(st font.Style, x, y, width int, name string) {
	for least := st.Size * 5 / 8; st.Size > least && v.Width(st, name) > width; {
		st.Size--
	}
	if v.Width(st, name) > width {
		name = text.FirstName(name)
	}
	v.FitText(st, x, y, draw.Middle, width, name, v.T1)
}

// below is how far a line stands below the word of state above it.
func (v *view) below() int {
	if v.Layout() == theme.Wide {
		return v.R(29)
	}
	return v.By(0, 24, 34)
}
