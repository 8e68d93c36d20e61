package screen

import (
	"fmt"
	"image"
	"strings"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/text"
	"opendeskphone/ui/widget"
)

// asked asks what only the person at the phone may decide. It comes by itself and takes no key at first, so that
// nobody agrees by accident; the last key, which is also Back, declines.
type asked struct{}

func (asked) draw(v *view) {
	q, w := &v.st.Question, &v.Words.Asks
	from := text.Clean(q.From)
	v.StatusBar(&widget.Status{Title: w.Title, Detail: fmt.Sprintf(v.Words.Status.From, from), Clock: text.Clock(v.now), Items: v.networkItems(true)})
	foot := v.headCard(draw.IconPc, widget.Link, w.SignInHead, fmt.Sprintf(w.SignInWhy, from))
	v.countdown(foot, q.Since)
	r := v.Stage()
	y := foot + v.By(56, 32, 60)
	v.FitText(widget.Semi(v.Type.Body), r.Min.X, y, draw.Start, r.Dx(), text.Clean(strings.TrimPrefix(q.Subject, "sip:")), v.T1)
	v.Paragraph(widget.Regular(v.Type.Label), r.Min.X, y+v.By(44, 24, 48), r.Dx(), v.Type.Label*7/5, v.By(3, 3, 6), w.SignInNote, v.T2)
}

func (asked) keys(v *view) []key {
	answer := func(yes bool) func() {
		return func() { v.do(phone.AnswerQuestion{Ref: v.st.Question.Ref, Yes: yes}) }
	}
	return []key{{label: v.Words.Asks.Agree, role: widget.Go, do: answer(true)}, {label: v.Words.Keys.Decline, role: widget.Halt, do: answer(false)}}
}

func (asked) press(*view, hal.Key) bool { return false }
func (asked) touch(*view, int)          {}

// headCard is the card on top of a page that tells one thing: an icon in the colour of its role, a headline, and why.
// It gives the card's lower edge.
func (v *view) headCard(icon draw.Icon, role widget.Role, head, why string) (foot int) {
	r := v.Stage()
	r.Max.Y = r.Min.Y + v.By(148, 92, 212)
	v.Surface(r, v.RadiusCard, draw.All, v.Tint(role), v.Ink(role))
	v.Icon(icon, image.Pt(r.Min.X+v.By(56, 38, 54), r.Min.Y+v.By(60, 40, 60)), v.By(64, 42, 60), v.Ink(role))
	x := r.Min.X + v.By(112, 74, 104)
	width := r.Max.X - v.By(24, 14, 20) - x
	size := v.headline(head, width, v.By(38, 24, 38))
	y := r.Min.Y + v.S(56)
	v.FitText(widget.Big(size), x, y, draw.Start, width, head, v.T1)
	rows := 2
	if v.tall() {
		rows = 5
	}
	v.Paragraph(widget.Regular(v.Type.Label), x, y+v.S(38), width, v.Type.Label*7/5, rows, why, v.T1)
	return r.Max.Y
}

// countdown draws how much of the time for an answer is left, in the lower part of a headCard, or below it where that is full: a bar and the seconds.
func (v *view) countdown(foot int, since time.Time) {
	if since.IsZero() {
		return
	}
	left := max(0, phone.AnswerTime-v.now.Sub(since))
	r := v.Stage()
	x, right := r.Min.X+v.By(112, 14, 0), r.Max.X-v.By(24, 14, 0)
	mid, thick := foot-v.By(24, 8, -20), v.By(8, 4, 8)
	words := fmt.Sprintf("%d s", int((left+time.Second-1)/time.Second))
	v.Text(widget.Timer(v.Type.Label), right, mid+v.Type.Label*36/100, draw.End, words, v.T2)
	right -= v.Width(widget.Timer(v.Type.Label), "00 s") + v.By(16, 8, 12)
	track := image.Rect(x, mid-thick/2, right, mid+thick/2)
	v.Round(track, thick/2, draw.All, v.S3)
	track.Max.X = x + max(thick, int(int64(track.Dx())*int64(left)/int64(phone.AnswerTime)))
	v.Round(track, thick/2, draw.All, v.Link)
}

// nextLeft is when the seconds of a countdown turn.
func nextLeft(since, now time.Time) time.Time {
	if since.IsZero() || !now.Before(since.Add(phone.AnswerTime)) {
		return time.Time{}
	}
	return since.Add(max(0, now.Sub(since)).Truncate(time.Second) + time.Second)
}
