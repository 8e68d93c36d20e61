package phone

import "slices"

// ConfID names a conference at this phone; 0 is none.
type ConfID uint64

// MaxConf is how many far sides a conference has at most.
const MaxConf = 5

// The commands of conferences.
type (
	// Join makes a conference of calls that talk or are held: all hear each other. A call that is in
	// a conference brings it along. Zeros count for nothing. Server: the line's server is to take the
	// conference over, or the one to which one of the calls leads takes the others in; one call is enough
	// then. It is Forbidden where there is none, and where it does not work they stay joined here.
	Join struct {
		cmd
		Calls  [MaxConf]CallID
		Server bool
	}
	// Split takes one call out of its conference, to talk to it alone; the others are held.
	Split struct {
		cmd
		Call CallID
	}
)

// Conference gives the calls of a conference, oldest first.
func (s *State) Conference(id ConfID) []*Call {
	var out []*Call
	for i := range s.Calls {
		if c := &s.Calls[i]; id != 0 && c.Conf == id && c.State != Ended {
			out = append(out, c)
		}
	}
	return out
}

// together gives the calls that are held and resumed as one with c: its conference, or c alone.
func (t *step) together(c *Call) []*Call {
	if c.Conf == 0 {
		return []*Call{c}
	}
	return t.Conference(c.Conf)
}

func (t *step) join(in Join) error {
	all, err := t.gather(in.Calls)
	if err != nil {
		return err
	}
	focus := focusOf(all)
	switch {
	case len(all) == 0 || len(all) == 1 && (!in.Server || focus != nil):
		return WrongValue
	case in.Server && !t.Serves(all):
		return Forbidden
	case len(all) > MaxConf:
		return ConfFull
	}
	t.takePath()
	t.unite(all)
	if in.Server {
		t.escalate(all, focus)
	}
	return nil
}

// gather finds the calls that are to be joined, each once and with its conference.
func (t *step) gather(ids [MaxConf]CallID) ([]*Call, error) {
	var all []*Call
	for _, id := range ids {
		if id == 0 {
			continue
		}
		c := t.Call(id)
		if c == nil {
			return nil, NoSuchCall
		}
		for _, m := range t.together(c) {
			switch {
			case m.Move != NoMove || m.Shadow:
				return nil, Moving
			case !m.State.stands() || m.Page != 0:
				return nil, WrongState
			case !slices.Contains(all, m):
				all = append(all, m)
			}
		}
	}
	return all, nil
}

// unite joins calls, and takes back those that are held.
func (t *step) unite(all []*Call) {
	if len(all) > 1 {
		id := ConfID(t.Seq + 1)
		for _, c := range all {
			c.Conf, c.ConsultOf = id, 0
			t.touched(c)
		}
	}
	for _, c := range all {
		if c.State == Held {
			t.enter(c, Talking, NoCause)
			t.do(SendHold{Call: c.ID})
		}
	}
}

// focusOf finds the call that leads to a conference at a server, if it is the only one.
func focusOf(all []*Call) (focus *Call) {
	for _, c := range all {
		switch {
		case c.Focus == "":
		case focus != nil:
			return nil
		default:
			focus = c
		}
	}
	return focus
}

func (t *step) split(c *Call) error {
	switch {
	case c.Conf == 0:
		return WrongState
	case t.Busy(c):
		return Moving
	}
	others := t.Conference(c.Conf)
	t.leave(c)
	t.touched(c)
	for _, o := range others {
		if o.ID != c.ID && o.State == Talking {
			t.enter(o, Held, NoCause)
			t.do(SendHold{Call: o.ID, On: true})
		}
	}
	return nil
}

// leave takes a call out of its conference; one alone is none.
func (t *step) leave(c *Call) {
	id := c.Conf
	c.Conf = 0
	if rest := t.Conference(id); len(rest) == 1 {
		rest[0].Conf = 0
		t.touched(rest[0])
	}
}
