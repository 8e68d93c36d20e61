package screen

import (
	"fmt"
	"image"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/text"
	"opendeskphone/ui/theme"
	"opendeskphone/ui/widget"
)

// incoming is the page of a caller; it takes the full width for as long as it rings.
//
// The name stands beside the number, whoever gave it. A call that nobody has checked shows no verdict at all.
type incoming struct{}

// callerLayout is where things stand on a caller's page.
type callerLayout struct {
	avatar          image.Point
	d               int
	name            image.Point // anchor of the name, baseline
	lines           [2]int      // baselines of the lines below
	hair            int
	notes           [2]int // baselines below the hairline; 0: no such line
	noteX           int
	align           draw.Align
	nameSize, width int
	lineSize        int
	rings           int // room between the rings is for so many
	origin, pitch   int // baseline of what the number is worth, and from line to line
}

func (incoming) layout(v *view) callerLayout {
	r := v.Stage()
	switch v.Layout() {
	case theme.Compact:
		return callerLayout{avatar: image.Pt(98, 116), d: v.AvatarRing, name: image.Pt(184, 84), lines: [2]int{109, 131}, hair: 190, notes: [2]int{216, 0},
			noteX: 54, nameSize: 34, width: r.Max.X - 14 - 184, lineSize: v.Type.Body, rings: 2, origin: 150, pitch: 17}
	case theme.Tall:
		return callerLayout{avatar: image.Pt(v.W/2, 238), d: v.AvatarRing, name: image.Pt(v.W/2, 440), lines: [2]int{486, 520}, hair: 624, notes: [2]int{664, 694},
			noteX: 48, align: draw.Middle, nameSize: v.Type.Hero, width: r.Dx() - 48, lineSize: v.Type.Body, rings: 3, origin: 556, pitch: 28}
	}
	x := r.Min.X + v.S(308)
	return callerLayout{avatar: image.Pt(r.Min.X+v.S(152), r.Min.Y+v.S(156)), d: v.AvatarRing, name: image.Pt(x, r.Min.Y+v.S(88)),
		lines: [2]int{r.Min.Y + v.S(128), r.Min.Y + v.S(164)}, hair: r.Max.Y - v.S(76), notes: [2]int{r.Max.Y - v.S(41), r.Max.Y - v.S(15)},
		noteX: r.Min.X + v.S(60), nameSize: v.Type.Hero, width: r.Max.X - v.S(24) - x, lineSize: v.Type.Head, rings: 3,
		origin: r.Min.Y + v.S(202), pitch: v.S(30)}
}

func (incoming) draw(v *view) {
	c := v.st.First(phone.Ringing)
	if c == nil {
		return
	}
	title := v.Words.Status.Incoming
	v.StatusBar(&widget.Status{Title: title, Detail: fmt.Sprintf(v.Words.Status.To, v.lineName(c.Line)), Clock: text.Clock(v.now),
		Items: []widget.StatusItem{{Icon: draw.IconBell, Ink: v.T1}}})
	l := incoming{}.layout(v)
	r := v.Stage()
	v.Surface(r, v.RadiusCard, draw.All, v.TalkBg, v.Talk)
	who := v.caller(c)
	v.Rings(who.kind, l.avatar, l.d, l.rings, v.lit(c), v.Talk)
	v.Avatar(who.kind, who.name, l.avatar, l.d)
	size := l.nameSize
	for size > l.nameSize*2/3 && v.Width(widget.Big(size), who.name) > l.width {
		size -= 2
	}
	v.FitText(widget.Big(size), l.name.X, l.name.Y, l.align, l.width, who.name, v.T1)
	lines := []string{who.second, who.number}
	if who.second == who.number || !who.known {
		lines = []string{who.second, ""}
	}
	for i, s := range lines {
		v.FitText(widget.Regular(l.lineSize), l.name.X, l.lines[i], l.align, l.width, s, v.T2)
	}
	incoming{}.origin(v, c, &l)
	incoming{}.foot(v, c, &l)
}

// lit is how many rings are lit: they run out from the avatar, unless the ring was silenced.
func (v *view) lit(c *phone.Call) int {
	if c.Silenced {
		return 0
	}
	step := v.now.Sub(c.Since) * theme.RingFrames / theme.RingPeriod
	return int(step)%theme.RingFrames + 1
}

// foot tells of the last call with the caller, and how long it rings.
func (incoming) foot(v *view, c *phone.Call, l *callerLayout) {
	r := v.Stage()
	right := r.Max.X - v.By(24, 14, 24)
	v.Hairline(r.Min.X+v.By(24, 14, 24)-1, right+1, l.hair)
	body := widget.Regular(v.Type.Label)
	if !v.tall() && !c.Remote.Hidden {
		v.Icon(draw.IconHistory, image.Pt(r.Min.X+v.By(36, 23, 0), l.notes[0]-v.By(7, 6, 0)), v.By(24, 18, 0), v.T2)
	}
	ringing := fmt.Sprintf(v.Words.Call.Ringing, text.Duration(v.now.Sub(c.Since)))
	if v.tall() {
		ringing = text.Duration(v.now.Sub(c.Since))
	}
	w := v.Text(widget.Semi(v.Type.Label), right, l.notes[0], draw.End, ringing, v.Talk)
	width := right - w - l.noteX - v.S(16)
	last := v.lastCall(c.Remote)
	if c.Remote.Hidden {
		return
	}
	note := func(words string) {
		if words != "" && l.notes[1] > 0 {
			v.FitText(widget.Regular(v.Type.Note), l.noteX, l.notes[1], draw.Start, r.Dx()-v.S(84), words, v.T2)
		}
	}
	if last == nil {
		v.FitText(body, l.noteX, l.notes[0], draw.Start, width, v.Words.Call.NoCalls, v.T1)
		note(v.howIs(c))
		return
	}
	what, how := v.Words.Call.YouCalled, spellTalk(v, last)
	switch {
	case last.Missed():
		what = v.Words.Call.TheyRang
	case last.Answered.IsZero():
		what = v.Words.Log.NoAnswer
	case last.Dir == phone.Incoming:
		what = v.Words.Call.TheyCalled
	}
	words := fmt.Sprintf(v.Words.Call.LastCall, v.when(last.Began), how)
	if v.tall() {
		words, what = fmt.Sprintf(v.Words.Call.LastCallAt, v.when(last.Began)), v.callWords(last)
	}
	v.FitText(body, l.noteX, l.notes[0], draw.Start, width, words, v.T1)
	if is := v.howIs(c); is != "" {
		what = is + " · " + what
	}
	note(what)
}

// howIs tells how a watched caller is; empty: not known. That they are in a call, and their lamp lit, everybody who hears it
// ring knows.
func (v *view) howIs(c *phone.Call) string {
	for _, n := range []string{c.Remote.Number, c.Remote.URI} {
		if w := v.st.Watching(n); n != "" && w != nil && w.Presence != phone.PresenceUnknown && w.Presence != phone.InCall {
			return v.Words.Watch.Presences[w.Presence]
		}
	}
	return ""
}

func (incoming) keys(v *view) []key { return v.ringKeys(v.Words.Keys.Silence) }

// ringKeys are the keys while a call rings; silence names the one that stops the ringing and leaves the call be.
func (v *view) ringKeys(silence text.Label) []key {
	c := v.st.First(phone.Ringing)
	if c == nil {
		return nil
	}
	w := v.Words.Keys
	keys := []key{v.act(w.Answer, widget.Go, phone.Answer{Call: c.ID}), {}, {}, {}, v.act(w.Decline, widget.Halt, phone.Reject{Call: c.ID})}
	if !c.Silenced {
		keys[1] = v.act(silence, widget.Normal, phone.Silence{})
	}
	if c.Joins != 0 {
		keys[0].label = v.Words.Watch.LetIn
		return keys
	}
	keys[2] = v.sendOnKey(c)
	v.toMailbox(c, keys)
	return keys
}

func (incoming) press(v *view, k hal.Key) bool {
	c := v.st.First(phone.Ringing)
	if k == hal.OK && c != nil {
		v.do(phone.Answer{Call: c.ID})
		return true
	}
	return k.Digit() != 0
}

func (incoming) touch(*view, int) {}
