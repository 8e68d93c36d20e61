package screen

import (
	"fmt"
	"slices"
	"strings"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/text"
	"opendeskphone/ui/widget"
)

// transferTo is the first step of handing a call over, or of sending on one that rings: to whom. A number is typed, a name spelled with the same keys, or
// somebody chosen below, from the contacts or the past calls, or by the line key of a person.
type transferTo struct {
	call   phone.CallID
	digits string
	focus  int // the match with the focus, -1: none
}

// transferKey begins to hand a call over. Two calls are offered to each other first.
func (v *view) transferKey(c *phone.Call) key {
	if !stands(c) {
		return key{}
	}
	to := func() { v.open(v, &transferTo{call: c.ID, focus: -1}) }
	if h := waiting(v.st); c.State == phone.Talking && c.Conf == 0 && stands(h) && h.Conf == 0 {
		to = func() { v.open(v, &handOver{h.ID, c.ID}) }
	}
	return key{label: v.Words.Keys.Transfer, do: to}
}

// stale is a page over the screen of a call that has nothing to speak of any more.
type stale interface{ stale(st *phone.State) bool }

func (t *transferTo) stale(st *phone.State) bool { return !stands(st.Call(t.call)) && !t.rings(st) }

// rings tells whether the call is one that rings, whose caller is told to call elsewhere.
func (t *transferTo) rings(st *phone.State) bool {
	c := st.Call(t.call)
	return c != nil && c.State == phone.Ringing
}

// matches finds whom the call may go to: those called most while nothing is typed, then whose number begins or whose name
// is spelled as typed.
func (t *transferTo) matches(v *view, n int) []match {
	if v.st.Lock.Kind != phone.Unlocked { // whom the owner knows is nobody's business
		return nil
	}
	var out []match
	seen := map[string]bool{}
	if c := v.st.Call(t.call); c != nil {
		seen[v.st.Config.Canonical(c.Remote.Number)] = true
	}
	add := func(m match) {
		if id := v.st.Config.Canonical(m.number); !seen[id] && len(out) < n {
			seen[id] = true
			out = append(out, m)
		}
	}
	if t.digits == "" {
		for _, f := range v.frequents() {
			add(match{text.Clean(f.contact.Name), v.kindWord(&f.contact, f.number), f.number, f.contact.kind()})
		}
	}
	for _, m := range (&dial{}).matches(v, t.digits, n+1) {
		add(m)
	}
	return out
}

// kindWord is the kind of a contact's number, as a list of numbers says it.
func (v *view) kindWord(c *Contact, number string) string {
	for _, n := range c.Numbers {
		if v.st.Config.Canonical(n.Value) == v.st.Config.Canonical(number) {
			return strings.ToLower(v.Words.People.Kinds[n.Kind])
		}
	}
	return ""
}

// to is the number chosen: that of the match with the focus, else what was typed.
func (t *transferTo) to(v *view) string {
	d := &dial{}
	if m := t.matches(v, d.rows(v)); t.focus >= 0 && t.focus < len(m) {
		return m[t.focus].number
	}
	return t.digits
}

func (t *transferTo) draw(v *view) {
	name := ""
	if c := v.st.Call(t.call); c != nil {
		name = v.party(c.Remote).name
	}
	title := v.Words.Moves.Title
	switch {
	case t.rings(v.st):
		title = v.Words.Keys.SendOn.Long
	case t.adds(v.st):
		title, name = v.Words.Moves.Conference, v.Words.Keys.Add.Long
	}
	v.StatusBar(&widget.Status{Title: title, Detail: name, Clock: text.Clock(v.now), Items: []widget.StatusItem{v.pathItem()}})
	d := &dial{focus: t.focus}
	d.field(v, t.digits, v.Words.Moves.Hint)
	for i, m := range t.matches(v, d.rows(v)) {
		d.matchRow(v, i, &m, t.digits)
	}
}

func (t *transferTo) keys(v *view) []key {
	w := v.Words.Keys
	keys := []key{{}, {}, {}, {}, {label: w.Cancel, do: v.Screens.back}}
	if number := t.to(v); number != "" && t.rings(v.st) {
		keys[0] = v.act(w.SendOn, widget.Go, phone.Deflect{Call: t.call, Target: number})
	} else if number != "" && t.adds(v.st) {
		keys[0] = key{label: w.Add, role: widget.Go, do: func() { t.add(v, number) }}
	} else if number != "" {
		keys[0] = v.act(w.AskFirst, widget.Go, phone.Consult{Call: t.call, Number: number})
		keys[1] = v.act(w.HandOver, widget.Normal, phone.Transfer{Call: t.call, Target: number})
	}
	switch {
	case t.digits != "":
		keys[2] = key{label: w.Delete, do: t.erase}
	case v.st.Lock.Kind == phone.Unlocked:
		keys[2] = key{label: w.Contacts, do: func() { v.open(v, &contacts{}) }}
		keys[3] = key{label: w.Calls, do: func() { v.open(v, &callLog{}) }}
	}
	return keys
}

// adds tells whether somebody is looked for whom a conference at a server shall call.
func (t *transferTo) adds(st *phone.State) bool {
	c := st.Call(t.call)
	return c != nil && c.Focus != ""
}

func (t *transferTo) add(v *view, number string) {
	v.back()
	v.do(phone.AddMember{Call: t.call, Number: number})
}

func (t *transferTo) erase() {
	if t.digits != "" {
		t.digits, t.focus = t.digits[:len(t.digits)-1], -1
	}
}

func (t *transferTo) press(v *view, k hal.Key) bool {
	d := &dial{}
	n := len(t.matches(v, d.rows(v)))
	switch {
	case k.Digit() != 0:
		if len(t.digits) < maxDigits {
			t.digits, t.focus = t.digits+string(k.Digit()), -1
		}
	case k == hal.Down:
		t.focus = min(t.focus+1, n-1)
	case k == hal.Up:
		t.focus = max(t.focus-1, -1)
	case k == hal.Left:
		t.erase()
	case k == hal.OK:
		switch number := t.to(v); {
		case number == "":
		case t.rings(v.st):
			v.do(phone.Deflect{Call: t.call, Target: number})
		case t.adds(v.st):
			t.add(v, number)
		default:
			v.do(phone.Consult{Call: t.call, Number: number})
		}
	default:
		return false
	}
	return true
}

func (t *transferTo) touch(_ *view, what int) { t.focus = what }
func (*transferTo) blinks()                   {}

// sendsOn tells whether somebody chooses where the call that rings shall go.
func (s *Screens) sendsOn(st *phone.State) bool {
	t, ok := s.over[0].(*transferTo)
	return ok && t.rings(st)
}

// sendOnKey sends a ringing call on to another number; what stood open before is closed.
func (v *view) sendOnKey(c *phone.Call) key {
	return key{label: v.Words.Keys.SendOn, do: func() { v.over = nil; v.open(v, &transferTo{call: c.ID, focus: -1}) }}
}

// plus turns the 0 just typed into the + of an international number.
func (t *transferTo) plus() {
	if rest, ok := strings.CutSuffix(t.digits, "0"); ok {
		t.digits = rest + "+"
	}
}

// choosing gives the transfer that stands open, for which numbers are chosen from lists and not called.
func (s *Screens) choosing() *transferTo {
	for _, p := range s.over {
		if t, ok := p.(*transferTo); ok {
			return t
		}
	}
	return nil
}

// pick takes a number for the transfer that stands open and goes back to it; false: there is none.
func (s *Screens) pick(number string) bool {
	t := s.choosing()
	if t == nil {
		return false
	}
	s.over = s.over[:slices.Index(s.over, page(t))+1]
	t.digits, t.focus = strings.TrimPrefix(strings.TrimPrefix(strings.ReplaceAll(number, " ", ""), "sip:"), "sips:"), -1
	return true
}

// callLabel is the key of a list that calls a number, or chooses it for a transfer.
func (v *view) callLabel() text.Label {
	if v.choosing() != nil {
		return v.Words.Keys.Choose
	}
	return v.Words.Keys.Call
}

// handOver asks whether two calls shall be handed over to each other.
type handOver struct{ call, to phone.CallID }

func (h *handOver) stale(st *phone.State) bool {
	return !stands(st.Call(h.call)) || !stands(st.Call(h.to))
}

func (h *handOver) draw(v *view) {
	if c, to := v.st.Call(h.call), v.st.Call(h.to); c != nil && to != nil {
		v.drawHandOver(c, to)
	}
}

func (h *handOver) keys(v *view) []key {
	w := v.Words.Keys
	other := key{}
	if c := v.st.Call(h.to); c != nil {
		other = v.more(c)
	}
	return []key{v.act(w.HandOver, widget.Go, phone.CompleteTransfer{Call: h.call, Consult: h.to}), {}, {}, other, {label: w.Cancel, do: v.Screens.back}}
}

func (h *handOver) press(v *view, k hal.Key) bool {
	if k == hal.OK {
		v.do(phone.CompleteTransfer{Call: h.call, Consult: h.to})
	}
	return k == hal.OK
}
func (h *handOver) touch(*view, int) {}

// asking is the second step: somebody was asked about a call, which waits.
type asking struct{}

func (asking) draw(v *view) {
	if of, asked := consultation(v.st); of != nil {
		v.drawHandOver(of, asked)
		v.stubs()
	}
}

// drawHandOver draws two calls and the question whether one is handed over to the other.
func (v *view) drawHandOver(of, to *phone.Call) {
	w := &v.Words.Moves
	from, who := v.party(of.Remote), v.party(to.Remote)
	step := fmt.Sprintf(w.Step, 2)
	if v.tall() {
		step = ""
	}
	v.StatusBar(&widget.Status{Title: w.Title, Detail: step, Clock: text.Clock(v.now), Items: []widget.StatusItem{v.pathItem()}})
	sub := fmt.Sprintf(w.OnLine, who.first, from.first)
	switch {
	case to.State == phone.Calling || to.State == phone.Ringback:
		sub = fmt.Sprintf(w.RingsThere, who.first, from.first)
	case of.State == phone.Talking && to.State == phone.Held:
		sub = fmt.Sprintf(w.OnLine, from.first, who.first)
	case of.State == phone.Talking: // both are in a conference
		sub = ""
	}
	v.twoTiles(fmt.Sprintf(w.AskHead, from.first, who.first), sub, v.tileOf(of), v.tileOf(to))
}

func (asking) keys(v *view) []key {
	of, asked := consultation(v.st)
	if of == nil {
		return nil
	}
	w := v.Words.Keys
	keys := []key{v.act(w.HandOver, widget.Go, phone.CompleteTransfer{Call: of.ID, Consult: asked.ID}), {}, {}, {},
		v.act(w.BackTo, widget.Normal, phone.Reconnect{Call: of.ID, Consult: asked.ID})}
	if stands(asked) {
		keys[1] = v.act(w.Swap, widget.Normal, phone.Swap{})
		keys[2] = v.joinKey(w.JoinAll, of, asked)
		keys[3] = v.more(v.st.Foreground())
	}
	return keys
}

// joinKey makes a conference of two calls, or of calls and a conference.
func (v *view) joinKey(l text.Label, a, b *phone.Call) key {
	return v.act(l, widget.Normal, phone.Join{Calls: [phone.MaxConf]phone.CallID{a.ID, b.ID}, Server: v.st.Serves(append(v.together(a), v.together(b)...))})
}

func (asking) press(*view, hal.Key) bool { return false }
func (asking) touch(*view, int)          {}

// moving is a call on its way to somebody else, or one that this phone holds together with another.
type moving struct{}

func (moving) draw(v *view) {
	c := waiting(v.st)
	if c == nil {
		return
	}
	w := &v.Words.Moves
	from, to := v.party(c.Remote), v.target(c)
	title := widget.Status{Title: w.Title, Detail: v.lineName(c.Line), Clock: text.Clock(v.now), Items: []widget.StatusItem{v.pathItem()}}
	v.StatusBar(&title)
	a := v.tileOf(c)
	a.word = w.BeingMoved
	b := callTile{who: to, role: widget.Plain, icon: draw.IconCallOut, word: v.Words.Status.Calling}
	if p := v.st.Call(c.With); p != nil {
		if b.time = v.elapsed(p); p.State == phone.Ringback {
			b.word = v.Words.Call.RingingThere
		}
	}
	head, sub := fmt.Sprintf(w.Going, from.first, to.first), fmt.Sprintf(w.Hears, from.first)
	if c.Move == phone.Bridged {
		head, sub = fmt.Sprintf(w.Rejoined, from.first, to.first), w.Kept
		a.role, a.icon, a.word = widget.Talk, draw.IconHandset, v.Words.Call.Talking
		b.role, b.icon, b.word = widget.Talk, draw.IconHandset, v.Words.Call.Talking
	}
	v.twoTiles(head, sub, a, b)
	v.stubs()
}

func (moving) keys(v *view) []key {
	c := waiting(v.st)
	if c == nil {
		return nil
	}
	w := v.Words.Keys
	keys := []key{{}, v.newCall(), {}, {}, v.act(w.End, widget.Halt, phone.Hangup{Call: c.ID})}
	switch p := v.st.Call(c.With); {
	case p == nil || !p.Shadow || c.Referred:
	case c.Move == phone.Bridged:
		keys[0] = v.act(w.BackTo, widget.Go, phone.Resume{Call: c.ID})
	case c.Move == phone.Transferring:
		keys[0] = v.act(w.BackTo, widget.Go, phone.Reconnect{Call: c.ID, Consult: p.ID})
	}
	return keys
}

func (moving) press(*view, hal.Key) bool { return false }
func (moving) touch(*view, int)          {}
