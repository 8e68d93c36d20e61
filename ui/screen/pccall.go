package screen

import (
	"fmt"
	"image"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/text"
	"opendeskphone/ui/widget"
)

// pcCall is the call of a program on the PC that uses this phone: it rings, talks or is held. What the phone cannot
// know, such as who calls, the PC shows.
type pcCall struct{}

func (pcCall) draw(v *view) {
	w, p := &v.Words.PC, v.st.PCCall
	title, host := w.Title, text.Clean(v.st.PC.Name)
	if !p.Active && !p.Ringing {
		title = w.Audio
	}
	if v.tall() {
		host = ""
	}
	v.StatusBar(&widget.Status{Title: title, Ink: v.Ink(widget.Link), Detail: host, Clock: text.Clock(v.now), Items: []widget.StatusItem{v.pathItem()}})
	if p.Ringing && !p.Silenced {
		v.headCard(draw.IconPc, widget.Talk, w.Ringing, w.RingingWhy)
		return
	}
	head, why, role := w.Talking, w.TalkingWhy, widget.Link
	switch {
	case p.Held:
		head, why, role = w.Held, w.HeldWhy, widget.Hold
	case p.Muted || v.st.Muted:
		head, why, role = w.Muted, w.MutedWhy, widget.Hold
	case !p.Active:
		why = w.AudioWhy
	}
	l := v.fullCard()
	v.Surface(l.box, v.RadiusCard, draw.All, v.Tint(role), v.Ink(role))
	v.Icon(draw.IconPc, l.avatar, l.d*2/3, v.Ink(role))
	align, width := draw.Start, l.box.Max.X-l.inset-l.name.X
	if l.centred {
		align, width = draw.Middle, l.box.Dx()-2*l.inset
	}
	if v.tall() {
		v.Centred(widget.Big(v.Type.Title), l.name.X, l.name.Y-36, width, 40, 2, head, v.T1)
	} else {
		v.FitText(widget.Big(v.headline(head, width, l.nameSize)), l.name.X, l.name.Y, align, width, head, v.T1)
	}
	st := widget.Regular(l.secondSize)
	for int(st.Size) > v.Type.Micro*7/8 && v.Width(st, why) > width {
		st.Size--
	}
	v.FitText(st, l.name.X, l.second, align, width, why, v.T2)
	pcCall{}.sound(v, &l, role)
	v.Hairline(l.box.Min.X+l.inset-1, l.box.Max.X-l.inset+1, l.hair)
	pcCall{}.slider(v, &l, role)
	v.stubs()
}

// sound shows what the PC plays and hears, or, where the program does not answer the phone's keys, says so.
func (pcCall) sound(v *view, l *cardLayout, role widget.Role) {
	w := &v.Words.PC
	if v.st.PCCall.NoControl {
		y := l.second + v.By(56, 24, 60)
		v.Paragraph(widget.Regular(v.Type.Label), l.box.Min.X+l.inset, y, l.box.Dx()-2*l.inset, v.Type.Label*6/5, v.By(4, 3, 6), w.NoControl, v.T1)
		return
	}
	st := v.src.Media.Stats(OfPC)
	note := widget.Regular(v.Type.Note)
	width := l.trace.Min.X - l.hear.X
	if width <= 0 {
		width = l.trace.Dx()
	}
	for int(note.Size) > v.Type.Note*5/8 && max(v.Width(note, w.ToYou), v.Width(note, w.ToPC)) > width {
		note.Size--
	}
	v.FitText(note, l.hear.X, l.hear.Y, draw.Start, width, w.ToYou, v.T2)
	v.FitText(note, l.they.X, l.they.Y, draw.Start, width, w.ToPC, v.T2)
	v.TraceIn(l.trace.Min.X, l.trace.Max.X, (l.trace.Min.Y+l.trace.Max.Y)/2, l.trace.Dy()/2, st.Trace, v.Ink(role))
}

// slider shows the volume of the path the PC is heard on.
func (pcCall) slider(v *view, l *cardLayout, role widget.Role) {
	y := (l.hair + l.box.Max.Y) / 2
	left, end := l.box.Min.X+l.inset, l.box.Max.X-l.inset
	icon := v.By(28, 20, 28)
	v.Icon(pathIcons[v.st.Path], image.Pt(left+icon/2, y), icon, v.T1)
	words := fmt.Sprintf(v.Words.PC.Volume, v.st.Volume[v.st.Path])
	st := widget.Semi(v.Type.Label)
	v.Text(st, end, y+v.Type.Label*36/100, draw.End, words, v.T1)
	x, right := left+icon*3/2, end-v.Width(st, fmt.Sprintf(v.Words.PC.Volume, 88))-v.By(28, 14, 20)
	thick, handle := v.By(8, 6, 8), v.By(24, 16, 24)
	v.Round(widget.Box(x, y-thick/2, right-x, thick), thick/2, draw.All, v.S3)
	at := x + (right-x)*int(v.st.Volume[v.st.Path])/phone.VolumeMax
	v.Round(widget.Box(x, y-thick/2, max(thick, at-x), thick), thick/2, draw.All, v.Ink(role))
	v.Disc(image.Pt(at, y), handle, v.T1)
}

func (pcCall) keys(v *view) []key {
	w, k, p := &v.Words.PC, &v.Words.Keys, v.st.PCCall
	do := func(l text.Label, role widget.KeyRole, act phone.PCAct) key {
		return v.act(l, role, phone.PCDo{Act: act})
	}
	switch {
	case p.Ringing && !p.Silenced:
		return []key{do(k.Answer, widget.Go, phone.PCAnswer), v.act(k.Silence, widget.Normal, phone.Silence{}), {}, {}, do(k.Decline, widget.Halt, phone.PCDecline)}
	case p.Held:
		return []key{do(k.Resume, widget.Go, phone.PCHold), v.newCall(), {}, {}, do(k.End, widget.Halt, phone.PCHangup)}
	}
	mute := w.Mute
	if v.st.MicMuted() || p.Muted {
		mute = w.Unmute
	}
	path := v.act(k.Headset, widget.Normal, phone.SetPath{Path: phone.Headset})
	if v.st.Path == phone.Headset {
		path = v.act(k.Speaker, widget.Normal, phone.SetPath{Path: phone.Speaker})
	}
	keys := []key{v.newCall(), v.act(mute, widget.Normal, phone.Mute{On: !v.st.MicMuted()}), path, {}, {label: k.Close, do: func() { v.pcAway = true }}}
	if p.Active {
		keys[3], keys[4] = do(k.Hold, widget.Normal, phone.PCHold), do(k.End, widget.Halt, phone.PCHangup)
		if v.four() { // any digit begins a call too
			keys[0] = keys[3]
		}
	}
	return keys
}

func (pcCall) press(v *view, k hal.Key) bool {
	switch {
	case k.Digit() != 0:
		v.do(phone.Dial{Line: v.st.Selected})
		v.do(phone.Digit{Digit: k.Digit()})
	case k == hal.OK && v.st.PCCall.Ringing:
		v.do(phone.PCDo{Act: phone.PCAnswer})
	case k == hal.Hold && v.st.PCCall.Active:
		v.do(phone.PCDo{Act: phone.PCHold})
	case k == hal.Mute && (v.st.PCCall.Active || v.st.PCCall.Records):
		v.do(phone.Mute{On: !v.st.MicMuted()})
	default:
		return false
	}
	return true
}

// pcSpeaks tells whether the PC listens through the phone without a call of its own, and the user has not put the page
// about that away.
func (s *Screens) pcSpeaks(st *phone.State) bool {
	s.pcAway = s.pcAway && st.PCCall.Records
	return st.PCCall.Records && !s.pcAway
}

func (pcCall) touch(*view, int) {}
