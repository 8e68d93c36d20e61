package screen

import (
	"fmt"
	"image"
	"math"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/text"
	"opendeskphone/ui/theme"
	"opendeskphone/ui/widget"
)

// The screens of calls keep nothing; what they show is the state.
type (
	talk     struct{} // one call that talks
	heldOnly struct{} // no call talks, some are held
	calling  struct{} // we call, it rings there
	two      struct{} // one call talks, others are held
	second   struct{} // one call talks, another rings
)

func (talk) draw(v *view) {
	c := v.st.Foreground()
	if c == nil {
		return
	}
	title := v.Words.Status.Talking
	switch {
	case c.State == phone.Answering:
		title = v.Words.Status.Connecting
	case c.Page != 0:
		title = v.Words.Dial.Rules[phone.PageRule]
	}
	v.callStatus(title, v.Talk, c.Line)
	l := v.fullCard()
	v.Surface(l.box, v.RadiusCard, draw.All, v.TalkBg, v.Talk)
	icon, word, ink := v.security(c)
	if c.RemoteHeld {
		icon, word, ink = draw.IconPause, v.Words.Call.RemoteHolds, v.Hold
	}
	if c.Move == phone.ToPC {
		icon, word, ink = draw.IconPc, v.Words.Moves.ToPC, v.Link
	}
	who := v.party(c.Remote)
	v.head(&l, who, who.name, v.elapsed(c), v.T1, icon, word, ink)
	st := v.src.Media.Stats(c.ID)
	v.trace(&l, v.Words.Call.YouHear, v.Words.Call.TheyHear, &st)
	if v.st.Muted {
		v.Text(widget.Semi(v.Type.Note), l.trace.Max.X-v.S(8), l.they.Y, draw.End, v.Words.Call.MutedMark, v.Hold)
	}
	v.foot(&l, c.ID, &st)
	v.Touchable(image.Rectangle{image.Pt(l.box.Min.X, l.hair), l.box.Max}, touchPage)
	v.stubs()
}

// security says whether the voice is encrypted. "Not encrypted" is the normal case of most networks and stays quiet;
// encryption with keys that others could read is worth a warning, and no lock.
func (v *view) security(c *phone.Call) (draw.Icon, string, theme.RGB) {
	switch {
	case c.Secure:
		return draw.IconLock, v.Words.Call.Encrypted, v.Talk
	case c.OpenKeys:
		return draw.NoIcon, v.Words.Call.OpenKeys, v.Hold
	}
	return draw.NoIcon, v.Words.Call.NotEncrypted, v.T2
}

func (talk) keys(v *view) []key {
	c := v.st.Foreground()
	if c == nil {
		return nil
	}
	if c.Page != 0 { // nobody is there to be held or handed over
		return []key{{}, {}, {}, {}, v.endKey(c)}
	}
	w := v.Words.Keys
	keys := []key{{}, v.transferKey(c), v.add(), v.more(c), v.endKey(c)}
	if c.State == phone.Talking {
		keys[0] = v.act(w.Hold, widget.Normal, phone.Hold{Call: c.ID})
	}
	return keys
}

// newCall begins another call; the one that talks is held.
func (v *view) newCall() key {
	return key{label: v.Words.Keys.NewCall, do: func() { v.do(phone.Dial{Line: v.st.Selected}) }}
}

// add is newCall where it joins the call that goes on.
func (v *view) add() key {
	k := v.newCall()
	k.label = v.Words.Keys.Add
	return k
}

func (talk) press(v *view, k hal.Key) bool {
	c := v.st.Foreground()
	if c != nil && k == hal.Down {
		v.open(v, &soundPage{call: c.ID})
		return true
	}
	return false
}

// touch is on the foot of the card, where the sound is judged.
func (talk) touch(v *view, _ int) {
	if c := v.st.Foreground(); c != nil {
		v.open(v, &soundPage{call: c.ID})
	}
}

func (heldOnly) draw(v *view) {
	c := waiting(v.st)
	if c == nil {
		return
	}
	v.callStatus(v.Words.Status.OnHold, v.Hold, c.Line)
	l := v.fullCard()
	v.Frame(l.box, v.RadiusCard, 2, draw.All, v.Hold)
	who := v.party(c.Remote)
	v.head(&l, who, who.name, v.elapsed(c), v.T2, draw.IconPause, v.Words.Call.OnHold, v.Hold)
	note := widget.Regular(v.Type.Note)
	mid := (l.trace.Min.Y + l.trace.Max.Y) / 2
	width := l.trace.Min.X - l.hear.X
	if l.centred {
		width = l.trace.Dx()
		v.FitText(note, l.hear.X, l.hear.Y, draw.Start, width, v.Words.Call.TheyWait, v.T2)
	} else {
		v.FitText(note, l.hear.X, mid+v.Type.Note*36/100, draw.Start, width, v.Words.Call.TheyWait, v.T2)
	}
	v.DotLine(l.trace.Min.X, l.trace.Max.X, mid, v.Edge)
	if why, now := v.moveFailed(c); why != "" {
		v.failedMove(&l, why, now)
	} else if n := countHeld(v.st); n > 1 {
		v.Hairline(l.box.Min.X+l.inset-1, l.box.Max.X-l.inset+1, l.hair)
		v.FitText(widget.Semi(v.Type.Body), l.box.Min.X+l.inset, l.foot, draw.Start, l.box.Dx()-2*l.inset, fmt.Sprintf(v.Words.Call.HeldN, n), v.T1)
	}
	v.stubs()
}

// failedMove says in the foot of a card that the call was not handed over.
func (v *view) failedMove(l *cardLayout, why, now string) {
	r := image.Rectangle{image.Pt(l.box.Min.X, l.hair), l.box.Max}
	v.Surface(r, v.RadiusCard, draw.Bottom, v.StopBg, v.Stop)
	v.Frame(l.box, v.RadiusCard, 2, draw.All, v.Hold)
	x, icon := r.Min.X+l.inset, v.By(28, 20, 28)
	v.Icon(draw.IconWarning, image.Pt(x+icon/2, (r.Min.Y+r.Max.Y)/2), icon, v.Stop)
	x += icon * 3 / 2
	width := r.Max.X - l.inset - x
	if v.compact() { // the word of state says the rest
		v.FitText(widget.Semi(v.Type.Label), x, (r.Min.Y+r.Max.Y)/2+v.Type.Label*36/100, draw.Start, width, why, v.T1)
		return
	}
	v.FitText(widget.Semi(v.Type.Label), x, r.Min.Y+r.Dy()*31/72, draw.Start, width, why, v.T1)
	v.FitText(widget.Regular(v.Type.Note), x, r.Min.Y+r.Dy()*57/72, draw.Start, width, now, v.T1)
}

func countHeld(st *phone.State) int { return len(heldCalls(st)) }

func (heldOnly) keys(v *view) []key {
	c := waiting(v.st)
	if c == nil {
		return nil
	}
	w := v.Words.Keys
	return []key{v.act(w.Resume, widget.Go, phone.Resume{Call: c.ID}), v.newCall(), v.transferKey(c), v.more(c), v.endKey(c)}
}

func (heldOnly) press(v *view, k hal.Key) bool {
	if c := waiting(v.st); c != nil && k == hal.OK {
		v.do(phone.Resume{Call: c.ID})
		return true
	}
	return false
}
func (heldOnly) touch(*view, int) {}

func (calling) draw(v *view) {
	c := v.st.Foreground()
	if c == nil {
		return
	}
	v.callStatus(v.Words.Status.Calling, v.Talk, c.Line)
	l := v.fullCard()
	v.Surface(l.box, v.RadiusCard, draw.All, v.S1, v.Edge)
	word := v.Words.Status.Calling
	if c.State == phone.Ringback {
		word = v.Words.Call.RingingThere
	}
	who := v.party(c.Remote)
	if who.known {
		who.second = who.number
	}
	v.head(&l, who, who.name, v.elapsed(c), v.T2, draw.NoIcon, word, v.Talk)
	mid := (l.trace.Min.Y + l.trace.Max.Y) / 2
	note := widget.Regular(v.Type.Note)
	y := mid + v.Type.Note*36/100
	if l.centred {
		y = l.hear.Y
	}
	v.FitText(note, l.hear.X, y, draw.Start, l.box.Dx()/3, v.Words.Call.YouHear, v.T2)
	calling{}.tone(v, c, &l, mid)
	v.Hairline(l.box.Min.X+l.inset-1, l.box.Max.X-l.inset+1, l.hair)
	calling{}.history(v, c, &l)
	v.stubs()
}

// tone is the ringing there as a trace: a burst of a second and a pause of three and a half, four bars a second.
func (calling) tone(v *view, c *phone.Call, l *cardLayout, mid int) {
	const perSecond, cycle, burst = 5, 22, 7
	past := 0
	if c.State == phone.Ringback {
		past = int(v.now.Sub(c.Since).Seconds()) * perSecond
	}
	n := l.trace.Dx() / theme.TracePitch
	if past > n { // the line begins anew rather than standing full
		past %= n
	}
	v.ToneLine(l.trace.Min.X, l.trace.Max.X, mid, past, func(bar int) float64 {
		at := bar % cycle
		if at >= burst || c.State != phone.Ringback {
			return 0
		}
		return math.Sin(math.Pi * (float64(at) + 0.5) / burst)
	})
}

// history tells how this party is, if that is known, and when it was last spoken to.
func (calling) history(v *view, c *phone.Call, l *cardLayout) {
	x := l.box.Min.X + l.inset
	words := v.Words.Call.NoCalls
	if last := v.lastCall(c.Remote); last != nil {
		words = fmt.Sprintf(v.Words.Call.LastCall, v.when(last.Began), spellTalk(v, last))
	}
	if is := v.presenceOf(c.Remote.Number, c.Remote.URI); is != "" {
		words = is + " · " + words
	}
	v.Icon(draw.IconHistory, image.Pt(x+v.S(12), l.foot-v.S(7)), v.S(24), v.T2)
	v.FitText(widget.Regular(v.Type.Label), x+v.S(36), l.foot, draw.Start, l.box.Max.X-l.inset-x-v.S(36), words, v.T1)
}

func spellTalk(v *view, r *phone.Record) string {
	if d := talked(r); d > 0 {
		return spell(d)
	}
	return v.Words.Call.Missed
}

func (calling) keys(v *view) []key {
	c := v.st.Foreground()
	if c == nil {
		return nil
	}
	return []key{{}, {}, {}, {}, v.act(v.Words.Keys.End, widget.Halt, phone.Hangup{Call: c.ID})}
}
func (calling) press(*view, hal.Key) bool { return false }
func (calling) touch(*view, int)          {}

// more lists what else can be done with a call.
func (v *view) more(c *phone.Call) key {
	return key{label: v.Words.Keys.More, do: func() { v.open(v, &moreMenu{call: c.ID}) }}
}

// spell is a duration in words, never "0 s".
func spell(d time.Duration) string { return text.Spell(max(time.Second, d)) }
