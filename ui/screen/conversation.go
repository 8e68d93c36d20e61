package screen

import (
	"fmt"
	"image"
	"strings"
	"time"

	"opendeskphone/audio/quality"
	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/text"
	"opendeskphone/ui/theme"
	"opendeskphone/ui/widget"
)

// conversationPage lists the calls of a conversation, and tells of each what is known. It is read from the log each time: a
// call may be added while it stands, or go.
type conversationPage struct {
	id   string // of the conversation
	only string // of the call, where no conversation is known
	list list
}

// openConversation opens the page of a row of the log.
func (v *view) openConversation(c *phone.Conversation) {
	v.open(v, &conversationPage{id: c.ID, only: c.Calls[0].ID})
}

// calls gives the calls of the conversation, newest first.
func (c *conversationPage) calls(v *view) []*phone.Record {
	all := v.src.Log.Calls()
	var out []*phone.Record
	for i := range all {
		if r := &all[i]; c.id != "" && r.Conversation == c.id || c.id == "" && r.ID == c.only {
			out = append(out, r)
		}
	}
	c.list.keep(len(out), v.listRoom(v.Stage().Min.Y))
	return out
}

// current is the call with the focus; nil if all are deleted.
func (c *conversationPage) current(v *view) *phone.Record {
	if calls := c.calls(v); len(calls) > 0 {
		return calls[c.list.focus]
	}
	return nil
}

func (c *conversationPage) draw(v *view) {
	calls := c.calls(v)
	if len(calls) == 0 {
		v.menuStatus(v.Words.Log.Title, "")
		v.nothing(v.Words.Log.Empty, draw.IconHistory)
		return
	}
	y := v.Stage().Min.Y
	room := v.listRoom(y)
	detail := v.surely(calls[0])
	if len(calls) > room {
		detail = fmt.Sprintf(v.Words.Status.Place, c.list.focus+1, len(calls)) + ", " + detail
	}
	v.menuStatus(v.Words.Log.Title, detail)
	for i := c.list.top; i < min(len(calls), c.list.top+room); i++ {
		r := v.rowBox(i-c.list.top, y, true)
		row := v.singleRow(calls[i], calls[0])
		row.Focus = i == c.list.focus
		v.Row(r, &row)
		v.Touchable(r, touchPage+i)
	}
	if v.hasPane() {
		v.factsOf(v.paneBox(y), calls[c.list.focus])
	}
}

// singleRow is one call of a conversation: how it went, and what is worth knowing of it at first sight. Of a party that is
// not that of the newest call the name is said.
func (v *view) singleRow(r, newest *phone.Record) widget.Row {
	row := widget.Row{Title: v.callWords(r), RightBelow: v.timeOf(r), Sentences: true}
	row.Icon, row.IconInk = v.callIcon(r)
	var words []string
	if v.st.Config.Canonical(r.Remote.Number) != v.st.Config.Canonical(newest.Remote.Number) {
		words = append(words, v.surely(r))
	}
	if r.PC != "" {
		words = append(words, v.deviceOf(r))
	}
	if r.Note != "" {
		words = append(words, oneLine(r.Note))
	}
	if row.Second = strings.Join(words, ", "); row.Second == "" {
		row.Second = v.deviceOf(r)
	}
	return row
}

// surely names the party of a past call where there is no room for name and number.
func (v *view) surely(r *phone.Record) string {
	who := v.party(r.Remote)
	return who.surely()
}

// oneLine is a note where there is room for a line.
func oneLine(note string) string { return text.Clean(strings.Join(strings.Fields(note), " ")) }

// deviceOf says which device a call was on.
func (v *view) deviceOf(r *phone.Record) string {
	if r.PC != "" {
		return fmt.Sprintf(v.Words.Log.OnPC, text.Clean(r.PC))
	}
	return v.Words.Log.Here
}

// verdictOf says where the fault of a past call's sound lay.
func (v *view) verdictOf(r *phone.Record, s *quality.Summary) string {
	return fill(v.Words.Sound.Faults[s.Fault].Head, v.party(r.Remote).first)
}

// callFact is a line about a past call.
type callFact struct {
	icon  draw.Icon
	ink   theme.RGB
	words string
}

// factsAbout tells all that is known of a past call.
func (v *view) factsAbout(r *phone.Record) []callFact {
	w := &v.Words.Log
	icon, ink := v.callIcon(r)
	device := callFact{draw.IconPhone, v.T2, v.when(r.Began) + ", " + v.deviceOf(r)}
	if r.PC != "" {
		device.icon = draw.IconPc
	}
	out := []callFact{{icon, ink, v.callWords(r)}, device}
	if reason := text.Clean(r.Reason); reason != "" {
		out = append(out, callFact{draw.IconInfo, v.T2, reason})
	}
	if r.ForwardedBy != (phone.Peer{}) {
		out = append(out, callFact{draw.IconForward, v.T2, v.forwarded(r.ForwardedBy)})
	}
	if r.ForwardedTo != (phone.Peer{}) && r.Outcome() != phone.WasForwarded {
		out = append(out, callFact{draw.IconForward, v.T2, fmt.Sprintf(w.SentOn, v.party(r.ForwardedTo).name)})
	}
	if icon, worth, why, ink := v.worth(r.Proof); worth != "" {
		if why != "" {
			worth += ", " + why
		}
		out = append(out, callFact{icon, ink, worth})
	}
	if s, ok := quality.ParseSummary(r.Quality); ok {
		out = append(out, callFact{draw.IconSound, v.T2, fmt.Sprintf("%.1f  %s", s.LQ, v.verdictOf(r, &s))})
	}
	if c := v.recordingOf(r); c != nil {
		out = append(out, callFact{draw.IconRecord, v.Stop, fmt.Sprintf(w.Recorded, spell(c.Lasts))})
	}
	if r.Note != "" {
		out = append(out, callFact{draw.IconEdit, v.T2, oneLine(r.Note)})
	}
	return out
}

// slack is how much the clocks of a call and its recording may differ.
const slack = 2 * time.Second

// recordingOf finds the recording of a past call; nil if there is none.
func (v *view) recordingOf(r *phone.Record) *RecordedCall {
	if r.Answered.IsZero() || r.PC != "" {
		return nil
	}
	all := v.src.Recordings.Recordings()
	for i := range all {
		c := &all[i]
		if !c.Began.Before(r.Answered.Add(-slack)) && !c.Began.After(r.Ended.Add(slack)) && (c.Number == "" || c.Number == r.Remote.Number) {
			return c
		}
	}
	return nil
}

// factsOf draws what is known of a past call: its party, and the facts below each other, as far as they fit.
func (v *view) factsOf(box image.Rectangle, r *phone.Record) {
	v.paneHead(box, r)
	x, width := box.Min.X+v.S(58), box.Dx()-v.S(70)
	note, leading := widget.Regular(v.Type.Note), v.Type.Note*4/3
	y := box.Min.Y + v.S(132)
	for i, f := range v.factsAbout(r) {
		st, ink := note, v.T2
		if i == 0 {
			st, ink = widget.Regular(v.Type.Label), v.T1
		}
		room := (box.Max.Y - v.S(10) - y) / leading
		if room < 0 {
			break
		}
		v.Icon(f.icon, image.Pt(box.Min.X+v.S(36), y-v.S(6)), v.S(20), f.ink)
		y = v.Paragraph(st, x, y, width, leading, min(4, room+1), f.words, ink) + v.S(10)
	}
}

func (c *conversationPage) keys(v *view) []key {
	calls := c.calls(v)
	if len(calls) == 0 {
		return []key{{}, {}, {}, {}, v.backKey()}
	}
	w := &v.Words.Keys
	keys := []key{{}, v.soundKey(calls), {label: w.Note, do: func() { c.note(v) }}, {label: w.More, do: func() { v.open(v, &conversationMenu{of: c}) }}, v.backKey()}
	if callBack(calls[0].Remote) != "" {
		keys[0] = key{v.callLabel(), widget.Go, func() { v.continueWith(calls[0]) }}
	}
	if keys[1].do == nil {
		keys[1] = v.recordSteps(calls, key{})
	}
	return keys
}

// continueWith calls the party of a past call, as the same conversation.
func (v *view) continueWith(r *phone.Record) {
	number := callBack(r.Remote)
	if number == "" || v.pick(number) {
		return
	}
	line := v.st.Selected
	if l := v.st.Line(r.Line); l != nil && l.State == phone.LineRegistered && r.PC == "" {
		line = r.Line
	}
	v.do(phone.Dial{Line: line, Number: number, Conversation: r.Conversation})
}

// note lets the user write to the call with the focus.
func (c *conversationPage) note(v *view) {
	r := c.current(v)
	if r == nil {
		return
	}
	id := r.ID
	v.open(v, &textEntry{title: v.Words.Log.Note, owner: v.surely(r), value: []rune(oneLine(r.Note)), mayBeEmpty: true, capital: true, action: v.Words.Keys.Save,
		done: func(v *view, note string) {
			if err := v.src.Log.NoteLogged(id, text.Clean(note)); err != nil {
				v.say(v, fmt.Sprintf(v.Words.Setup.Failed, text.Clean(err.Error())))
			}
		}})
}

func (c *conversationPage) press(v *view, k hal.Key) bool {
	switch k {
	case hal.OK, hal.Right:
		if r := c.current(v); r != nil && !v.hasPane() {
			v.open(v, &pastCallPage{of: c})
		}
	case hal.Left:
		v.back()
	default:
		return c.list.move(k, len(c.calls(v)), v.listRoom(v.Stage().Min.Y))
	}
	return true
}

func (c *conversationPage) touch(v *view, what int) {
	if what == c.list.focus {
		c.press(v, hal.OK)
	}
	c.list.focus = what
}

// pastCallPage tells of one call where there is no room for a pane beside the list.
type pastCallPage struct{ of *conversationPage }

func (p *pastCallPage) draw(v *view) {
	v.menuStatus(v.Words.Log.Title, "")
	if r := p.of.current(v); r != nil {
		v.factsOf(v.Stage(), r)
	}
}
func (p *pastCallPage) keys(v *view) []key { return p.of.keys(v) }
func (p *pastCallPage) press(v *view, k hal.Key) bool {
	if k == hal.Left {
		v.back()
		return true
	}
	return p.of.list.move(k, len(p.of.calls(v)), v.listRoom(v.Stage().Min.Y))
}
func (p *pastCallPage) touch(*view, int) {}

// conversationMenu lists what else can be done with a conversation, or with its call that has the focus.
type conversationMenu struct {
	of   *conversationPage
	list list
}

func (m *conversationMenu) entries(v *view) []entry {
	r := m.of.current(v)
	if r == nil {
		return nil
	}
	w := &v.Words.Log
	calls := m.of.calls(v)
	out := []entry{{draw.IconEdit, w.Note, func() { v.back(); m.of.note(v) }}}
	if c := v.recordingOf(r); c != nil {
		id := c.ID
		out = append(out, entry{draw.IconPlay, v.Words.Keys.Play.Long, func() { v.do(phone.PlayRecording{ID: id}) }})
	}
	if k := v.soundKey(calls); k.do != nil {
		out = append(out, entry{draw.IconSound, v.Words.Sound.Title, func() { v.back(); k.do() }})
	}
	if k := v.recordSteps([]*phone.Record{r}, key{}); k.do != nil {
		out = append(out, entry{draw.IconLadder, v.Words.Ladder.Title, func() { v.back(); k.do() }})
	}
	if who := v.party(r.Remote); who.contact == nil && callBack(r.Remote) != "" {
		name, number := "", r.Remote.Number
		if who.known {
			name = who.name
		}
		out = append(out, entry{draw.IconAdd, w.Save, func() { v.back(); v.open(v, newContactEntry(v, name, number)) }})
	}
	out = append(out, entry{draw.IconTrash, w.DeleteCall, func() { v.back(); v.open(v, &deleteCalls{of: m.of, ids: []string{r.ID}}) }})
	if len(calls) > 1 {
		out = append(out, entry{draw.IconTrash, w.DeleteAll, func() { v.back(); v.open(v, &deleteCalls{of: m.of, ids: recordIDs(calls)}) }})
	}
	return out
}

func recordIDs(calls []*phone.Record) (ids []string) {
	for _, r := range calls {
		ids = append(ids, r.ID)
	}
	return ids
}

func (m *conversationMenu) draw(v *view) {
	v.menuStatus(v.Words.Keys.More.Long, "")
	v.menuRows(&m.list, m.entries(v))
}

func (m *conversationMenu) keys(v *view) []key {
	return []key{{label: v.Words.Keys.Choose, do: func() { v.menuPress(&m.list, m.entries(v), hal.OK) }}, {}, {}, {}, v.backKey()}
}
func (m *conversationMenu) press(v *view, k hal.Key) bool {
	return v.menuPress(&m.list, m.entries(v), k)
}
func (m *conversationMenu) touch(v *view, what int) { touchEntry(m.entries(v), what) }

// deleteCalls asks before calls are deleted from the log. OK does nothing here: the choice must be read.
type deleteCalls struct {
	of  *conversationPage
	ids []string
}

func (d *deleteCalls) draw(v *view) {
	w := &v.Words.Log
	name := ""
	if r := d.of.current(v); r != nil {
		name = v.surely(r)
	}
	head := w.DeleteCall
	if len(d.ids) > 1 {
		head = fmt.Sprintf(w.DeleteHead, len(d.ids))
	}
	v.menuStatus(w.Title, name)
	v.headCard(draw.IconTrash, widget.Stop, head, w.DeleteWhy)
}

func (d *deleteCalls) keys(v *view) []key {
	return []key{{v.Words.Keys.Delete, widget.Halt, func() { d.delete(v) }}, {}, {}, {}, v.backKey()}
}

// delete leads back to what is left: the conversation, or the log where nothing of it is.
func (d *deleteCalls) delete(v *view) {
	v.back()
	v.src.Log.DeleteCalls(d.ids...)
	if len(d.of.calls(v)) == 0 {
		v.back()
	}
}
func (d *deleteCalls) press(*view, hal.Key) bool { return false }
func (d *deleteCalls) touch(*view, int)          {}
