package screen

import (
	"strings"

	"opendeskphone/firmware/phone"
	"opendeskphone/ui/text"
	"opendeskphone/ui/widget"
)

// What the screens count and list are the calls their user knows of. A call that the phone makes for a move (a shadow) is
// nobody's business, and a conference counts as one.

// known counts the calls the user knows of.
func known(st *phone.State) int {
	n := 0
	for i := range st.Calls {
		if !st.Calls[i].Shadow && st.Calls[i].State != phone.Ended {
			n++
		}
	}
	return n
}

// heldCalls gives the calls on hold, oldest first, a conference by its oldest call.
func heldCalls(st *phone.State) []*phone.Call {
	var out []*phone.Call
	seen := map[phone.ConfID]bool{}
	for i := range st.Calls {
		if c := &st.Calls[i]; c.State == phone.Held && !c.Shadow && !seen[c.Conf] {
			out = append(out, c)
			seen[c.Conf] = c.Conf != 0
		}
	}
	return out
}

// waiting gives the call on hold that is spoken of: one that can be resumed before one that is on its way elsewhere.
func waiting(st *phone.State) *phone.Call {
	held := heldCalls(st)
	for _, c := range held {
		if c.Move == phone.NoMove || c.Move == phone.ToPC {
			return c
		}
	}
	if len(held) > 0 {
		return held[0]
	}
	return nil
}

// consultation gives the call that is to be handed over and the one made to ask about it, whichever of them talks now.
func consultation(st *phone.State) (of, asked *phone.Call) {
	front := st.Foreground()
	if front == nil || front.State == phone.Failed || front.Move != phone.NoMove {
		return nil, nil
	}
	for _, c := range heldCalls(st) {
		switch {
		case c.Move != phone.NoMove:
		case front.ConsultOf == c.ID:
			return c, front
		case c.ConsultOf == front.ID && front.State == phone.Talking:
			return front, c
		}
	}
	return nil, nil
}

// stands tells whether a call can be handed over or joined now.
func stands(c *phone.Call) bool {
	return c != nil && !c.Shadow && c.Move == phone.NoMove && (c.State == phone.Talking || c.State == phone.Held)
}

// target is who a call is handed over to, as far as the address tells.
func (v *view) target(c *phone.Call) party {
	if p := v.st.Call(c.With); p != nil && p.Remote != (phone.Peer{}) {
		return v.party(p.Remote)
	}
	number := strings.TrimPrefix(strings.TrimPrefix(c.MoveTarget, "sips:"), "sip:")
	number, _, _ = strings.Cut(number, "@")
	return v.party(phone.Peer{Number: number, URI: c.MoveTarget})
}

// endKey ends a call, with its whole conference: what the user takes for one is ended as one.
func (v *view) endKey(c *phone.Call) key {
	return key{v.Words.Keys.End, widget.Halt, func() {
		ids := []phone.CallID{c.ID}
		for _, m := range v.st.Conference(c.Conf) {
			if m.ID != c.ID {
				ids = append(ids, m.ID)
			}
		}
		for _, id := range ids {
			v.do(phone.Hangup{Call: id})
		}
	}}
}

// callName names a call in a list or on a card: a conference by its own name.
func (v *view) callName(c *phone.Call) string {
	if confers(c) {
		return v.Words.Moves.Conference
	}
	return v.party(c.Remote).name
}

// moveFailed says that a call was not handed over and what has become of it; empty: nothing failed.
func (v *view) moveFailed(c *phone.Call) (why, now string) {
	if c.MoveFailed == phone.NoCause || c.Move != phone.NoMove {
		return "", ""
	}
	if c.Focus == "" && c.MoveTarget != "" && c.MoveTarget == v.st.Factory(c) {
		return v.Words.Moves.NoServer, v.Words.Moves.Here
	}
	words, ok := v.Words.Causes[c.MoveFailed]
	if !ok {
		words = v.Words.Causes[phone.NoCause]
	}
	if c.Focus != "" { // whom the conference was to call
		return fill(words.Head, v.target(c).first), ""
	}
	now = v.Words.Moves.Waits
	if c.State == phone.Talking {
		now = v.Words.Moves.BackWith
	}
	return fill(words.Head, v.target(c).first), fill(now, v.party(c.Remote).first)
}

// four tells that the panel has room for four soft keys only.
func (s *Screens) four() bool { return len(s.arranged(nil)) == 4 }

// ownName is what the phone's user is called: the owner of a line.
func (v *view) ownName(line phone.LineID) string {
	if l := v.st.Line(line); l != nil && text.Clean(l.Display) != "" {
		return text.Clean(l.Display)
	}
	return v.Words.Moves.You
}
