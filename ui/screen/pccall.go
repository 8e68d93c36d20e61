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
	head, why, role := w.Talking, w.TalkingWhy, widget.Link
	switch {
	case p.Ringing && !p.Silenced:
		head, why, role = w.Ringing, w.RingingWhy, widget.Talk
	case p.Held:
		head, why, role = w.Held, w.HeldWhy, widget.Hold
	case p.Muted || v.st.Muted:
		head, why, role = w.Muted, w.MutedWhy, widget.Hold
	}
	v.StatusBar(&widget.Status{Title: w.Title, Ink: v.Ink(widget.Link), Clock: text.Clock(v.now), Items: []widget.StatusItem{v.pathItem()}})
	foot := v.headCard(draw.IconPc, role, head, why)
	r := v.Stage()
	y := foot + v.By(60, 30, 64)
	v.Icon(pathIcons[v.st.Path], image.Pt(r.Min.X+v.By(24, 16, 24), y), v.By(28, 20, 28), v.T1)
	x, right := r.Min.X+v.By(64, 44, 64), r.Max.X-v.By(150, 110, 140)
	thick := v.By(8, 6, 8)
	v.Round(widget.Box(x, y-thick/2, right-x, thick), thick/2, draw.All, v.S3)
	level := int(v.st.Volume[v.st.Path])
	v.Round(widget.Box(x, y-thick/2, max(thick, (right-x)*level/phone.VolumeMax), thick), thick/2, draw.All, v.Link)
	v.Text(widget.Semi(v.Type.Label), r.Max.X, y+v.Type.Label*36/100, draw.End, fmt.Sprintf(w.Volume, level), v.T1)
	if p.NoControl {
		v.Paragraph(widget.Regular(v.Type.Label), r.Min.X, y+v.By(60, 34, 70), r.Dx(), v.Type.Label*7/5, v.By(3, 2, 6), w.NoControl, v.T2)
	}
}

func (pcCall) keys(v *view) []key {
	w, k, p := &v.Words.PC, &v.Words.Keys, v.st.PCCall
	do := func(l text.Label, role widget.KeyRole, act phone.PCAct) key {
		return v.act(l, role, phone.PCDo{Act: act})
	}
	if p.Ringing && !p.Silenced {
		return []key{do(k.Answer, widget.Go, phone.PCAnswer), v.act(k.Silence, widget.Normal, phone.Silence{}), {}, {}, do(k.Decline, widget.Halt, phone.PCDecline)}
	}
	hold, mute := k.Hold, w.Mute
	if p.Held {
		hold = k.Resume
	}
	if p.Muted || v.st.Muted {
		mute = w.Unmute
	}
	return []key{do(hold, widget.Normal, phone.PCHold), v.newCall(), v.act(mute, widget.Normal, phone.Mute{On: !v.st.MicMuted()}), {},
		do(k.End, widget.Halt, phone.PCHangup)}
}

func (pcCall) press(v *view, k hal.Key) bool {
	switch {
	case k == hal.OK && v.st.PCCall.Ringing:
		v.do(phone.PCDo{Act: phone.PCAnswer})
	case k == hal.Hold && v.st.PCCall.Active:
		v.do(phone.PCDo{Act: phone.PCHold})
	case k == hal.Mute && v.st.PCCall.Active:
		v.do(phone.Mute{On: !v.st.MicMuted()})
	default:
		return false
	}
	return true
}

func (pcCall) touch(*view, int) {}
