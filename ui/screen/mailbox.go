package screen

import (
	"fmt"
	"image"
	"slices"
	"strings"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/text"
	"opendeskphone/ui/widget"
)

// Message is a voice message that a server keeps.
type Message struct {
	ID       string
	From     phone.Peer
	Received time.Time
	Lasts    time.Duration // 0: not known yet
	New      bool
	Urgent   bool
}

// MailFault says why a list of messages, or a message, cannot be had.
type MailFault uint8

// The faults, in the order of text.Mailbox.Faults.
const (
	NoMailFault MailFault = iota
	MailUnreachable
	MailUntrusted
	MailPassword
	MailNoFolder
	MailUnplayable
	MailGone
)

// Box is what is known of the messages of a line.
type Box struct {
	Listed   bool // there is a list, perhaps an old one
	Reading  bool
	Fault    MailFault
	Messages []Message // newest first
}

// Place is what is being played, and where.
type Place struct {
	ID        string
	At, Lasts time.Duration
	Peaks     []float64 // its loudness over time, 0 to 1
}

// Mailboxes are the messages of lines whose server gives them out. All that changes them returns at once.
type Mailboxes interface {
	Box(line phone.LineID) (Box, bool) // false: there is none for the line
	Refresh(line phone.LineID)
	Mark(id string, heard bool)
	Delete(id string) // in a moment: until then Undelete brings it back
	Undelete(id string)
	Heard() (Place, bool) // false: nothing is played, or not yet
}

// mailLine is the line whose mailbox the key opens.
func (v *view) mailLine() (phone.LineID, bool) {
	if line, ok := v.st.MailLine(); ok {
		return line, true
	}
	for i := range v.st.Lines {
		if _, ok := v.src.Mailboxes.Box(phone.LineID(i)); ok {
			return phone.LineID(i), true
		}
	}
	return 0, false
}

func (v *view) hasMailbox() bool { _, ok := v.mailLine(); return ok }

// openMailbox lists the messages where the server gives them out, and else calls the mailbox.
func (v *view) openMailbox() {
	line, ok := v.mailLine()
	if !ok {
		return
	}
	if _, ok := v.src.Mailboxes.Box(line); !ok {
		v.do(phone.CallMailbox{Line: line})
		return
	}
	v.src.Mailboxes.Refresh(line)
	v.open(v, &voicemail{line: line})
}

// holdOne is the 1 held down as the first digit of a number: the mailbox, as on most telephones.
func (v *view) holdOne(c *phone.Call) {
	line, ok := v.mailLine()
	if !ok {
		return
	}
	v.do(phone.Hangup{Call: c.ID})
	if _, ok := v.src.Mailboxes.Box(line); !ok {
		v.do(phone.CallMailbox{Line: line})
		return
	}
	v.src.Mailboxes.Refresh(line)
	v.menu = []page{&voicemail{line: line}}
}

// toMailbox puts the way to the mailbox among the keys of a call that rings. Where there are four tabs it takes that of a
// key that silences: the volume keys do so too.
func (v *view) toMailbox(c *phone.Call, keys []key) {
	if !v.st.MayMailbox(c.Line) {
		return
	}
	k := v.act(v.Words.Keys.ToVoicemail, widget.Normal, phone.ToMailbox{Call: c.ID})
	if v.four() {
		keys[1] = k
	} else {
		keys[3] = k
	}
}

// mail is the row of the home screen about new messages.
func (h *home) mail(v *view) (matter, bool) {
	if !v.st.MailWaits() {
		return matter{}, false
	}
	w := &v.Words.Mailbox
	all, counted, stale := phone.Mail{}, true, false
	for i := range v.st.Lines {
		m := &v.st.Lines[i].Mail
		if m.Waiting {
			all.New, all.Old, all.UrgentNew = all.New+m.New, all.Old+m.Old, all.UrgentNew+m.UrgentNew
			counted, stale = counted && m.Counted, stale || m.Stale
		}
	}
	title := w.Some
	var more []string
	switch {
	case !counted || all.New == 0:
	case all.New == 1:
		title = w.One
	default:
		title = fmt.Sprintf(w.Many, all.New)
	}
	if all.UrgentNew > 0 {
		more = append(more, fmt.Sprintf(w.Urgent, all.UrgentNew))
	}
	if all.Old > 0 {
		more = append(more, fmt.Sprintf(w.Kept, all.Old))
	}
	second := strings.Join(more, ", ")
	if stale {
		second = w.Stale
	}
	return matter{widget.Row{Icon: draw.IconVoicemail, IconInk: v.Talk, Title: title, Second: second}, v.openMailbox}, true
}

// voicemail is the list of the messages of a line.
type voicemail struct {
	line phone.LineID
	list list
	gone string    // the message just deleted
	undo time.Time // until when it can be brought back
}

const undoDelete = 4 * time.Second

// timed is a page that changes by itself.
type timed interface {
	next(s *Screens, st *phone.State, now time.Time) time.Time
}

// next is when the place in a message is drawn anew, or a deleted one is gone.
func (p *voicemail) next(s *Screens, st *phone.State, now time.Time) time.Time {
	if st.Playing.ID != "" && !st.Playing.Paused {
		return now.Add(250 * time.Millisecond)
	}
	return p.undo
}

func (p *voicemail) box(v *view) Box {
	b, _ := v.src.Mailboxes.Box(p.line)
	p.list.keep(len(b.Messages), v.listRoom(v.Stage().Min.Y))
	return b
}

func (p *voicemail) draw(v *view) {
	b := p.box(v)
	w := &v.Words.Mailbox
	p.status(v, &b)
	if len(b.Messages) == 0 {
		words := w.None
		if b.Fault != NoMailFault {
			words = w.Faults[b.Fault-1]
		} else if !b.Listed {
			words = w.Reading
		}
		v.nothing(words, draw.IconVoicemail)
		return
	}
	y := v.Stage().Min.Y
	room := v.listRoom(y)
	for i := p.list.top; i < min(len(b.Messages), p.list.top+room); i++ {
		m := &b.Messages[i]
		box := v.rowBox(i-p.list.top, y, true)
		row := widget.Row{Icon: draw.IconVoicemail, Title: v.party(m.From).name, Second: p.second(v, m), Heavy: true, Focus: i == p.list.focus}
		if m.New {
			row.IconInk = v.Talk
		}
		if m.Lasts > 0 {
			row.Right = text.Duration(m.Lasts)
		}
		v.Row(box, &row)
		v.Touchable(box, touchPage+i)
	}
	if v.hasPane() {
		p.pane(v, v.paneBox(y), &b.Messages[p.list.focus], b.Fault)
	}
}

// status tells how many messages there are, what is wrong, and where they are heard.
func (p *voicemail) status(v *view, b *Box) {
	w := &v.Words.Mailbox
	news := 0
	for _, m := range b.Messages {
		if m.New {
			news++
		}
	}
	detail := fmt.Sprintf(w.Place, news, len(b.Messages)-news)
	switch at, heard := v.src.Mailboxes.Heard(); {
	case b.Fault != NoMailFault && (!v.hasPane() || b.Fault < MailUnplayable):
		detail = w.Faults[b.Fault-1]
	case !b.Listed:
		detail = ""
	case heard && at.ID == v.st.Playing.ID && !v.hasPane():
		detail = text.Duration(at.At) + " / " + text.Duration(at.Lasts)
	}
	items := v.networkItems(false)
	if v.st.Playing.ID != "" {
		path, _ := v.st.HeardOn()
		item := widget.StatusItem{Icon: pathIcons[path], Ink: v.T1}
		if v.hasPane() {
			item.Word = v.Words.Paths[path]
		}
		items = append([]widget.StatusItem{item}, items...)
	}
	v.StatusBar(&widget.Status{Title: w.Title, Detail: detail, Clock: text.Clock(v.now), Items: items})
}

// second says whether a message was heard, and of which day it is.
func (p *voicemail) second(v *view, m *Message) string {
	w := &v.Words.Mailbox
	format := w.Heard
	if m.New {
		format = w.New
	}
	out := fmt.Sprintf(format, v.Words.Day(m.Received.In(v.now.Location()), v.now))
	if m.Urgent {
		out += ", " + w.Urgently
	}
	return out
}

// pane shows one message, and how far it has been heard.
func (p *voicemail) pane(v *view, box image.Rectangle, m *Message, fault MailFault) {
	v.Surface(box, v.RadiusPane(), draw.Left, v.S1, v.Edge)
	who := v.party(m.From)
	v.Avatar(who.kind, who.name, box.Min.Add(image.Pt(v.S(50), v.S(50))), v.S(64))
	x, width := box.Min.X+v.S(94), box.Max.X-box.Min.X-v.S(106)
	v.nameText(x, box.Min.Y+v.S(46), width, who.name)
	v.FitText(widget.Regular(v.Type.Label), x, box.Min.Y+v.S(74), draw.Start, width, v.when(m.Received), v.T2)

	x0, x1 := box.Min.X+v.S(26), box.Max.X-v.S(26)
	y := box.Min.Y + v.S(158)
	at, heard := v.src.Mailboxes.Heard()
	heard = heard && at.ID == m.ID && v.st.Playing.ID == m.ID
	if heard && at.Lasts > 0 {
		v.Wave(x0, x1, y, v.S(48), at.Peaks, float64(at.At)/float64(at.Lasts))
	} else {
		at = Place{Lasts: m.Lasts}
		v.Wave(x0, x1, y, v.S(48), nil, 0)
	}
	v.Upright(x0, x1, func() { // time runs to the right everywhere
		v.Text(widget.Semi(v.Type.Body), x0, box.Min.Y+v.S(233), draw.Start, text.Duration(at.At), v.T1)
		if at.Lasts > 0 {
			v.Text(widget.Regular(v.Type.Body), x1, box.Min.Y+v.S(233), draw.End, text.Duration(at.Lasts), v.T2)
		}
	})
	note := widget.Regular(v.Type.Note)
	switch {
	case fault >= MailUnplayable:
		v.Paragraph(note, x0, box.Min.Y+v.S(271), x1-x0, v.Type.Note*7/5, 2, v.Words.Mailbox.Faults[fault-1], v.Stop)
	case heard:
		v.FitText(note, x0, box.Min.Y+v.S(271), draw.Start, x1-x0, v.Words.Mailbox.Skip, v.T2)
	}
	if number := m.From.Number; number != "" && number != who.name {
		v.FitText(widget.Regular(v.Type.Label), x0, box.Min.Y+v.S(345), draw.Start, x1-x0, who.number, v.T2)
	}
}

// current is the message with the focus; nil if there is none.
func (p *voicemail) current(v *view) *Message {
	b := p.box(v)
	if p.list.focus >= len(b.Messages) {
		return nil
	}
	return &b.Messages[p.list.focus]
}

func (p *voicemail) keys(v *view) []key {
	w := &v.Words.Keys
	keys := []key{{}, {}, {}, {label: w.More, do: func() { v.open(v, &mailMenu{of: p}) }}, {label: w.Back, do: func() { p.stop(v); v.back() }}}
	m := p.current(v)
	if m != nil {
		keys[0] = key{w.Play, widget.Go, func() { p.play(v, m) }}
		if v.st.Playing.ID == m.ID && !v.st.Playing.Paused {
			keys[0] = key{w.Pause, widget.Go, func() { p.play(v, m) }}
		}
		if number := callBack(m.From); number != "" {
			keys[1] = key{label: w.CallBack, do: func() { p.stop(v); v.callNumber(number) }}
		}
		keys[2] = key{label: w.Delete, do: func() { p.delete(v, m) }}
	}
	if v.now.Before(p.undo) {
		undo := key{label: w.Undo, do: func() { v.src.Mailboxes.Undelete(p.gone); p.undo = time.Time{} }}
		if keys[2] = undo; v.four() {
			keys[2], keys[3] = key{}, undo
		}
	}
	return keys
}

// play plays a message, pauses it, or goes on.
func (p *voicemail) play(v *view, m *Message) {
	if v.st.Playing.ID == m.ID {
		v.do(phone.PausePlaying{On: !v.st.Playing.Paused})
		return
	}
	v.do(phone.PlayRecording{ID: m.ID})
}

// stop ends playing, if anything is played.
func (p *voicemail) stop(v *view) {
	if v.st.Playing.ID != "" {
		v.do(phone.StopPlaying{})
	}
}

// messagePlays shows the voice message that is played, also when a computer has asked for it.
func (s *Screens) messagePlays(st *phone.State, now time.Time) {
	if st.Playing.ID == "" {
		return
	}
	for i := range st.Lines {
		b, _ := s.src.Mailboxes.Box(phone.LineID(i))
		at := slices.IndexFunc(b.Messages, func(m Message) bool { return m.ID == st.Playing.ID })
		if at < 0 {
			continue
		}
		if len(s.menu) > 0 {
			if p, ok := s.menu[len(s.menu)-1].(*voicemail); ok && p.line == phone.LineID(i) {
				p.list.focus = at
				return
			}
		}
		s.menu = append(s.menu, &voicemail{line: phone.LineID(i), list: list{focus: at}})
		s.lastPress = now
		return
	}
}

func (p *voicemail) delete(v *view, m *Message) {
	if v.st.Playing.ID == m.ID {
		p.stop(v)
	}
	v.src.Mailboxes.Delete(m.ID)
	p.gone, p.undo = m.ID, v.now.Add(undoDelete)
	v.say(v, v.Words.Mailbox.Deleted)
}

func (p *voicemail) press(v *view, k hal.Key) bool {
	m := p.current(v)
	if m == nil {
		return false
	}
	at, heard := v.src.Mailboxes.Heard()
	heard = heard && at.ID == m.ID && v.st.Playing.ID == m.ID
	digit := k.Digit()
	switch {
	case k == hal.OK:
		p.play(v, m)
	case heard && k == hal.Left:
		v.do(phone.SeekPlaying{To: max(0, at.At-skip)})
	case heard && k == hal.Right:
		v.do(phone.SeekPlaying{To: min(at.Lasts, at.At+skip)})
	case heard && digit >= '1' && digit <= '9':
		v.do(phone.SeekPlaying{To: at.Lasts * time.Duration(digit-'0') / 10})
	default:
		before := p.list.focus
		if !p.list.move(k, len(p.box(v).Messages), v.listRoom(v.Stage().Min.Y)) {
			return false
		}
		if p.list.focus != before {
			p.stop(v)
		}
	}
	return true
}

const skip = 5 * time.Second

func (p *voicemail) touch(v *view, what int) {
	if what != p.list.focus {
		p.stop(v)
	}
	p.list.focus = what
}

// mailMenu lists what else can be done with a message and the mailbox.
type mailMenu struct {
	of   *voicemail
	list list
}

func (m *mailMenu) entries(v *view) []entry {
	w := &v.Words.Mailbox
	var out []entry
	if v.st.Mailbox(m.of.line) != "" {
		out = append(out, entry{draw.IconVoicemail, w.CallIt, func() { v.back(); m.of.stop(v); v.do(phone.CallMailbox{Line: m.of.line}) }})
	}
	if c := m.of.current(v); c != nil {
		name := w.MarkNew
		if c.New {
			name = w.MarkHeard
		}
		if v.four() { // the key has no place there
			out = append(out, entry{draw.IconTrash, v.Words.Keys.Delete.Long, func() { v.back(); m.of.delete(v, c) }})
		}
		out = append(out, entry{draw.IconCheck, name, func() { v.back(); v.src.Mailboxes.Mark(c.ID, c.New) }})
	}
	return out
}

func (m *mailMenu) draw(v *view) {
	v.menuStatus(v.Words.Keys.More.Long, v.Words.Mailbox.Title)
	v.menuRows(&m.list, m.entries(v))
}

func (m *mailMenu) keys(v *view) []key {
	return []key{{label: v.Words.Keys.Choose, do: func() { v.menuPress(&m.list, m.entries(v), hal.OK) }}, {}, {}, {}, v.backKey()}
}
func (m *mailMenu) press(v *view, k hal.Key) bool { return v.menuPress(&m.list, m.entries(v), k) }
func (m *mailMenu) touch(v *view, what int)       { touchEntry(m.entries(v), what) }
