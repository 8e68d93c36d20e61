package phone

// ConfID names a conference at this phone; 0 is none.
type ConfID uint64

// MaxConf is how many far sides a conference has at most.
const MaxConf = 5

// The commands of conferences.
type (
	// Join makes a conference of calls that talk or are held: all hear each other. A call that is in
	// a conference brings it along. Zeros count for nothing.
	Join struct {
		cmd
		Calls [MaxConf]CallID
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

func (t *step) join(ids [MaxConf]CallID) error {
	var all []*Call
	seen := map[CallID]bool{}
	for _, id := range ids {
		if id == 0 {
			continue
		}
		c := t.Call(id)
		if c == nil {
			return NoSuchCall
		}
		for _, m := range t.together(c) {
			switch {
			case m.Move != NoMove || m.Shadow:
				return Moving
			case !m.State.stands() || m.Page != 0:
				return WrongState
			case !seen[m.ID]:
				seen[m.ID] = true
				all = append(all, m)
			}
		}
	}
	switch {
	case len(all) < 2:
		return WrongValue
	case len(all) > MaxConf:
		return ConfFull
	}
	t.takePath()
	id := ConfID(t.Seq + 1)
	for _, c := range all {
		c.Conf, c.ConsultOf = id, 0
		t.touched(c)
	}
	for _, c := range all {
		if c.State == Held {
			t.enter(c, Talking, NoCause)
			t.do(SendHold{Call: c.ID})
		}
	}
	return nil
}

func (t *step) split(c *Call) error {
	if c.Conf == 0 {
		return WrongState
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
