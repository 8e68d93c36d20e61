package screen

import (
	"fmt"
	"image"
	"slices"
	"strings"
	"time"

	"opendeskphone/audio/quality"
	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/font"
	"opendeskphone/ui/text"
	"opendeskphone/ui/theme"
	"opendeskphone/ui/widget"
)

// soundPage tells how a call sounds, or sounded: a verdict of where the fault lies, the way the sound takes, and a bar
// for each second.
type soundPage struct {
	call phone.CallID // one that goes on
	past []pastCall   // or ended ones with one party, newest first
	at   int          // of past
}

// pastCall is a call of the log whose sound was measured.
type pastCall struct {
	phone.Record
	sound quality.Summary
}

// soundKey opens the page for past calls; it is no key if the sound of none was measured.
func (v *view) soundKey(calls []*phone.Record) key {
	var past []pastCall
	for _, r := range calls {
		if s, ok := quality.ParseSummary(r.Quality); ok {
			past = append(past, pastCall{*r, s})
		}
	}
	if len(past) == 0 {
		return key{}
	}
	return key{label: v.Words.Keys.Sound, do: func() {
		v.ended.until = time.Time{}
		v.open(v, &soundPage{past: past})
	}}
}

// sounding is what the page tells of.
type sounding struct {
	quality.Summary
	who    party
	detail string // for the status bar
	bars   []widget.Second
	span   int       // seconds of all bars
	start  time.Time // of the first
	now    *Stats    // of a call that goes on
	secure bool
	open   bool // encrypted with keys that others could read
	report Reporting
}

func (p *soundPage) tell(v *view) (s sounding) {
	if len(p.past) > 0 {
		r := &p.past[p.at]
		s = sounding{Summary: r.sound, who: v.party(r.Remote), bars: r.sound.Timeline.Bars(), span: max(1, r.sound.Span), start: r.sound.Began, report: v.reporting(r.Line)}
		s.detail = s.who.surely() + ", " + v.when(r.Began)
		if n := len(p.past); n > 1 {
			s.detail = fmt.Sprintf(v.Words.Status.Place, p.at+1, n) + ", " + s.detail
		}
		return s
	}
	st := v.src.Media.Stats(p.call)
	s = sounding{Summary: st.Sum, bars: st.Trace, span: max(1, len(st.Trace)), start: v.now.Add(-time.Duration(len(st.Trace)) * time.Second), now: &st}
	if c := v.st.Call(p.call); c != nil {
		s.who, s.secure, s.open, s.report = v.party(c.Remote), c.Secure, c.OpenKeys, v.reporting(c.Line)
		s.detail = s.who.surely()
	}
	return s
}

func (p *soundPage) draw(v *view) {
	s := p.tell(v)
	if s.report.To != "" {
		s.detail += v.Words.Sound.And + fmt.Sprintf(v.Words.Sound.Reported, s.report.place())
	}
	v.menuStatus(v.Words.Sound.Title, s.detail)
	y := s.verdict(v, v.Stage().Min.Y)
	y = s.way(v, y+v.By(14, 6, 34))
	s.card(v, y+v.By(14, 5, 30))
}

// verdict says where the fault lies, how it shows, and what to do; it gives where that ends.
func (s *sounding) verdict(v *view, y int) int {
	r := v.Stage()
	words := &v.Words.Sound.Faults[s.Fault]
	head := fill(words.Head, s.who.first)
	most := v.Type.Title * 6 / 5
	if v.LargeText {
		most = v.Type.Title
	}
	size := v.headline(head, r.Dx(), most)
	y += size
	v.FitText(widget.Big(size), r.Min.X, y, draw.Start, r.Dx(), head, v.T1)
	note, leading := widget.Regular(v.Type.Label), v.Type.Label*13/10
	if v.compact() {
		note, leading = widget.Regular(v.Type.Note), v.Type.Note*13/10
	}
	y += leading + v.By(6, 0, 14)
	for _, line := range s.sentences(v, note, words) {
		note := note
		if line == words.Steps[0] {
			note.Face = font.SemiBold
		}
		for int(note.Size) > v.Type.Micro*7/8 && v.Width(note, line) > r.Dx() {
			note.Size--
		}
		v.FitText(note, r.Min.X, y, draw.Start, r.Dx(), line, v.T2)
		y += leading
	}
	return y - leading
}

// sentences are how the fault shows, with the time at which it was worst, and what to do.
func (s *sounding) sentences(v *view, st font.Style, words *text.Fault) []string {
	why, worst := words.Why, s.worst(v)
	if strings.Contains(why, "%d") {
		why = fmt.Sprintf(why, s.extent())
	}
	lines := []string{why}
	switch {
	case worst == "":
	case v.Width(st, why+" "+worst) <= v.Stage().Dx():
		lines[0] += " " + worst
	case v.tall():
		lines = append(lines, worst)
	}
	if words.Steps[0] != "" {
		lines = append(lines, words.Steps[0])
	}
	return lines
}

// extent is the number that a fault is told with: per cent lost when it was worst, or the delay in ms.
func (s *sounding) extent() int {
	if s.Fault == quality.LongDelay {
		return int(s.Delay.Milliseconds())
	}
	return max(1, int(s.SpellLost*100+0.5))
}

// worst says when the fault was worst, if that was not all the time.
func (s *sounding) worst(v *view) string {
	if s.Fault <= quality.NoFault || s.Lasting == 0 || s.Lasting*4 > s.span*3 {
		return ""
	}
	at := s.Began.Add(time.Duration(s.From) * time.Second).In(v.now.Location())
	return fmt.Sprintf(v.Words.Sound.Worst, at.Format("15:04:05"), spell(time.Duration(s.Lasting)*time.Second))
}

// way draws the way the sound takes, from this phone to the other side, with the faulty part filled; it gives where that
// ends.
func (s *sounding) way(v *view, y int) int {
	r, d := v.Stage(), v.By(48, 26, 64)
	places := []struct {
		icon draw.Icon
		name string
	}{{draw.IconPhone, v.Words.Sound.Phone}, {draw.IconNetwork, v.Words.Sound.Network}, {draw.IconPerson, s.who.first}}
	pitch := r.Dx() / len(places)
	mid := y + d/2
	place := s.Fault.Place()
	label := widget.Semi(v.Type.Note)
	base := y + d + v.Type.Note*5/4
	for i, p := range places {
		at := image.Pt(r.Min.X+pitch/2+i*pitch, mid)
		ink := v.Talk
		switch {
		case s.Fault == quality.NotMeasured:
			ink = v.Edge
		case int(place) == i+1:
			ink = v.Stop
		}
		if i > 0 {
			s.stretch(v, at.X-pitch+d/2+v.S(10), at.X-d/2-v.S(10), mid, place)
		}
		s.station(v, at, d, p.icon, ink, ink == v.Stop)
		word := v.T1
		if ink == v.Stop {
			word = v.Stop
		}
		v.FitText(label, at.X, base, draw.Middle, pitch-v.S(8), p.name, word)
	}
	return base + v.Type.Note/4
}

// stretch is the line between two stations: dotted where sound is lost on it.
func (s *sounding) stretch(v *view, x0, x1, y int, place quality.Place) {
	switch {
	case s.Fault == quality.NotMeasured:
		v.DotLine(x0, x1, y, v.Edge)
	case place == quality.Network:
		for x := x0; x+theme.TraceBar <= x1; x += v.S(12) {
			v.Round(widget.Box(x, y-theme.TraceBar/2, theme.TraceBar, theme.TraceBar), theme.TraceBar/2, draw.All, v.Stop)
		}
	default:
		v.Round(widget.Box(x0, y-theme.TraceBar/2, x1-x0, theme.TraceBar), theme.TraceBar/2, draw.All, v.Talk)
	}
}

// station is a part of the way: outlined with a check where it is sound, filled with a warning where it is not.
func (s *sounding) station(v *view, at image.Point, d int, icon draw.Icon, ink theme.RGB, faulty bool) {
	mark, face := draw.IconCheck, v.T1
	if faulty {
		v.Disc(at, d, ink)
		mark, face = draw.IconWarning, v.Bg
	} else {
		v.Shape(draw.Shape{Kind: draw.RingShape, Size: d, Width: v.By(3, 2, 3)}, at, ink)
	}
	v.Icon(icon, at, d/2, face)
	if s.Fault == quality.NotMeasured {
		return
	}
	size := d * 3 / 8
	corner := at.Add(image.Pt(d*7/16, -d*3/8))
	v.Disc(corner, size+v.By(6, 4, 6), v.Bg)
	v.Icon(mark, corner, size, ink)
}

// card draws the bars of the call with the times, and the facts below.
func (s *sounding) card(v *view, y int) {
	box := v.Stage()
	box.Min.Y = y
	v.Surface(box, v.RadiusPane(), draw.All, v.S1, v.Edge)
	inset, note := v.By(20, 10, 20), widget.Regular(v.Type.Note)
	times := s.facts(v, box.Min.X+inset, box.Max.X-inset, box.Max.Y-v.By(16, 7, 20))
	bars := image.Rect(box.Min.X+inset, box.Min.Y+v.By(12, 7, 20), box.Max.X-inset, times-v.Type.Note-v.By(6, 2, 12))
	hear, they := v.Words.Call.YouHeard, v.Words.Call.TheyHeard
	if s.now != nil {
		hear, they = v.Words.Call.YouHear, v.Words.Call.TheyHear
	}
	mid := (bars.Min.Y + bars.Max.Y) / 2
	for i, word := range []string{hear, they} {
		v.FitText(note, bars.Min.X, mid+(2*i-1)*max(bars.Dy()/4, v.Type.Note*5/8)+v.Type.Note*36/100, draw.Start, box.Dx()/3, word, v.T2)
	}
	bars.Min.X += max(v.Width(note, hear), v.Width(note, they)) + v.By(20, 10, 16)
	v.Upright(bars.Min.X, bars.Max.X, func() { s.timeline(v, bars, times) })
}

// timeline draws the bars, the times at their ends, and round those of the worst time a frame with a word.
func (s *sounding) timeline(v *view, r image.Rectangle, base int) {
	n := r.Dx() / theme.TracePitch
	bars := quality.Squeeze(s.bars, n)
	mid, half := (r.Min.Y+r.Max.Y)/2, r.Dy()/2
	v.Trace(r.Min.X, r.Max.X, mid, half, bars)
	first := r.Max.X - len(bars)*theme.TracePitch
	note := widget.Regular(v.Type.Note)
	clock := func(bar int) string {
		return text.Clock(s.start.Add(time.Duration(bar*s.span/max(1, len(bars))) * time.Second).In(v.now.Location()))
	}
	end := r.Max.X - v.Text(note, r.Max.X, base, draw.End, clock(len(bars)), v.T2) - v.S(12)
	begin := r.Min.X
	if w := v.Width(note, clock(0)); first+w <= end {
		v.Text(note, first, base, draw.Start, clock(0), v.T2)
		begin = first + w + v.S(12)
	}
	if s.Fault <= quality.NoFault || s.Lasting == 0 {
		return
	}
	at := s.From + int(s.Began.Sub(s.start)/time.Second)
	from := min(max(0, at*len(bars)/s.span), len(bars))
	to := min(max(from, ((at+s.Lasting)*len(bars)+s.span-1)/s.span), len(bars))
	if from == to {
		return
	}
	x0, x1 := first+from*theme.TracePitch-theme.TraceBar/2-v.S(2), first+to*theme.TracePitch+v.S(2)
	v.Frame(image.Rect(x0, r.Min.Y-v.By(4, 3, 6), x1, r.Max.Y+v.By(4, 3, 6)), v.By(8, 5, 8), 2, draw.All, v.Stop)
	word := v.Words.Sound.Marks[s.Fault]
	if w := v.Width(widget.Semi(v.Type.Note), word); end-begin >= w {
		v.Text(widget.Semi(v.Type.Note), min(max((x0+x1-w)/2, begin), end-w), base, draw.Start, word, v.Stop)
	}
}

// facts are the lines of figures that end at a baseline, as many of them as there is room for; it gives the baseline
// above them. The smallest panel has no room at
// all, and what was not measured has no figures.
func (s *sounding) facts(v *view, x0, x1, base int) int {
	if v.compact() || s.Seconds == 0 {
		return base
	}
	w := &v.Words.Sound
	per := func(share float32) int { return int(share*100 + 0.5) }
	pieces := []string{orDash(s.Codec), fmt.Sprintf(w.Lost, per(s.Lost))}
	if s.FarLost >= 0 {
		pieces = append(pieces, fmt.Sprintf(w.FarLost, per(s.FarLost)))
	}
	pieces = append(pieces, fmt.Sprintf(w.Delay, s.Delay.Milliseconds()), fmt.Sprintf(w.Jitter, s.Jitter.Milliseconds()), fmt.Sprintf(w.Packets, s.PacketMS))
	st, leading := widget.Regular(v.Type.Note), v.Type.Note*7/5
	rows := 1
	if v.tall() {
		rows = 2
	}
	var lines []string
	for len(pieces) > 0 && len(lines) < rows {
		n := len(pieces)
		for n > 1 && v.Width(st, strings.Join(pieces[:n], w.And)) > x1-x0 {
			n--
		}
		lines = append(lines, strings.Join(pieces[:n], w.And))
		pieces = pieces[n:]
	}
	for i, line := range lines {
		v.FitText(st, x0, base-(len(lines)-1-i)*leading, draw.Start, x1-x0, line, v.T1)
	}
	return base - len(lines)*leading - v.By(8, 0, 14)
}

func (p *soundPage) keys(v *view) []key {
	w := v.Words.Keys
	keys := []key{{}, {}, {}, {label: w.Numbers, do: func() { v.open(v, &soundNumbers{of: p}) }}, v.backKey()}
	keys[1] = v.callSteps(p.call, key{})
	if len(p.past) > 0 {
		keys[1] = v.recordSteps([]*phone.Record{&p.past[p.at].Record}, key{})
		if callBack(p.past[p.at].Remote) != "" {
			keys[0] = key{w.CallAgain, widget.Go, func() { v.continueWith(&p.past[p.at].Record) }}
		}
	}
	return keys
}

func (p *soundPage) press(_ *view, k hal.Key) bool {
	switch {
	case k == hal.Down && len(p.past) > 0:
		p.at = min(p.at+1, len(p.past)-1)
	case k == hal.Up && len(p.past) > 0:
		p.at = max(p.at-1, 0)
	default:
		return false
	}
	return true
}

func (p *soundPage) touch(*view, int) {}

// soundNumbers tells the same in figures.
type soundNumbers struct {
	of   *soundPage
	page int
}

func (n *soundNumbers) draw(v *view) {
	s := n.of.tell(v)
	facts, room := s.figures(v), (v.Stage().Dy()+v.S(4))/v.factPitch()
	pages := (len(facts) + room - 1) / room
	n.page = min(n.page, pages-1)
	v.menuStatus(v.Words.Call.Numbers, fmt.Sprintf(v.Words.Status.Place, n.page+1, pages))
	v.facts(facts[:min(len(facts), (n.page+1)*room)], n.page*room)
}

// figures are all the figures there are.
func (s *sounding) figures(v *view) []Fact {
	w, c := &v.Words.Sound, &v.Words.Call
	ms := func(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }
	mos := []Fact{{w.Listening, score(float64(s.LQ))}, {w.Conversation, score(float64(s.CQ))}, {w.Least, score(float64(s.Least))}, {c.Loss, share(float64(s.Lost))}, {w.TheyLost, share(float64(s.FarLost))},
		{c.Delay, ms(s.Delay)}, {w.Uneven, ms(s.Jitter)}}
	how := []Fact{{c.Codec, orDash(s.Codec)}, {w.PacketTime, fmt.Sprintf("%d ms", s.PacketMS)}}
	st := s.now
	if st == nil {
		return slices.Concat(mos, how, reportFacts(v, s.report))
	}
	security, rtt, noise := c.NotEncrypted, "–", st.Room.Noise
	switch {
	case s.secure:
		security = c.Encrypted
	case s.open:
		security = c.OpenKeys
	}
	if st.RTT > 0 {
		rtt = ms(st.RTT)
	}
	if noise == 0 {
		noise = st.Said.Noise
	}
	how = append(how, Fact{c.Rate, fmt.Sprintf("%d kbit/s", st.Kbps)}, Fact{w.RoundTrip, rtt}, Fact{w.TheyHear, score(st.Far.LQ)}, Fact{c.Security, security})
	return slices.Concat(mos, how, []Fact{{w.Voice, decibels(st.Said.Speech, "dBm0")}, {w.TheirVoice, decibels(st.Heard.Speech, "dBm0")},
		{w.Noise, decibels(noise, "dBm0")}, {w.Taken, decibels(st.Room.ERLE, "dB")}, {w.Echo, decibels(st.Room.RERL, "dB")}}, reportFacts(v, s.report))
}

// score, share and decibels write figures; what is not known is a dash.
func score(mos float64) string {
	if mos <= 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f", mos)
}

func share(x float64) string {
	if x < 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", x*100)
}

func decibels(x float64, unit string) string {
	if x == 0 {
		return "–"
	}
	return strings.Replace(fmt.Sprintf("%.0f %s", x, unit), "-", "−", 1)
}

func (n *soundNumbers) keys(v *view) []key { return []key{{}, {}, {}, {}, v.backKey()} }

func (n *soundNumbers) press(_ *view, k hal.Key) bool {
	switch k {
	case hal.Down:
		n.page++ // draw holds it within what there is
	case hal.Up:
		n.page = max(0, n.page-1)
	default:
		return false
	}
	return true
}

func (n *soundNumbers) touch(*view, int) {}
