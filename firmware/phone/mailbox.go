package phone

// Mail is what the server says of the mailbox of a line (RFC 3842). What it said last holds until it says something else.
type Mail struct {
	Known                          bool // it has said something
	Stale                          bool // it tells no news at present: the rest may not hold any more
	Waiting                        bool // there is a new message
	Counted                        bool // how many messages there are was said
	New, Old, UrgentNew, UrgentOld uint32
	Account                        string // address of the mailbox; empty: not said
}

// The inputs of mailboxes.
type (
	// CallMailbox calls the mailbox of a line, as Dial would call its address.
	CallMailbox struct {
		cmd
		Line LineID
	}
	// ToMailbox declines a ringing call: its caller may speak to the mailbox of the line.
	ToMailbox struct {
		cmd
		Call CallID
	}
	// MailTold: the server of a line tells the state of its mailbox.
	MailTold struct {
		evt
		Line LineID
		Mail Mail
	}
	// MailListed: the messages themselves were looked at, and counted. That is younger than what was told.
	MailListed struct {
		evt
		Line                LineID
		New, Old, UrgentNew uint32
	}
	// MailUnsure: the server of a line tells nothing any more.
	MailUnsure struct {
		evt
		Line LineID
	}
)

// Mailbox is where the mailbox of a line is called: as the settings say, or else the server. Empty: there is none.
func (s *State) Mailbox(line LineID) string {
	l := s.Line(line)
	switch {
	case l == nil:
		return ""
	case int(line) < len(s.Config.Lines) && s.Config.Lines[line].Mailbox != "":
		return s.Config.Lines[line].Mailbox
	}
	return l.Mail.Account
}

// MailLine is the line whose mailbox is looked into first: one with news, or else the selected one, if they have a mailbox.
func (s *State) MailLine() (LineID, bool) {
	for i := range s.Lines {
		if id := LineID(i); s.Lines[i].Mail.Waiting && s.Mailbox(id) != "" {
			return id, true
		}
	}
	if s.Mailbox(s.Selected) != "" {
		return s.Selected, true
	}
	for i := range s.Lines {
		if id := LineID(i); s.Mailbox(id) != "" {
			return id, true
		}
	}
	return 0, false
}

// MailWaits tells whether there is a new message on any line, as far as is known.
func (s *State) MailWaits() bool {
	for i := range s.Lines {
		if s.Lines[i].Mail.Waiting {
			return true
		}
	}
	return false
}

func (t *step) callMailbox(id LineID) error {
	to := t.Mailbox(id)
	switch {
	case t.Line(id) == nil:
		return NoSuchLine
	case t.Lock.Kind != Unlocked:
		return Locked
	case to == "":
		return NoMailbox
	}
	return t.dial(Dial{Line: id, Number: to})
}

// toMailbox declines a call. Some servers are told where to send its caller, others know by themselves when they hear busy.
func (t *step) toMailbox(c *Call) error {
	if t.onBusy(c.Line) {
		t.do(SendReject{Call: c.ID, Cause: UserBusy})
		t.enter(c, Ended, Rejected)
		return nil
	}
	to := t.Mailbox(c.Line)
	if to == "" {
		return NoMailbox
	}
	n, err := t.Config.Number(to)
	switch {
	case err != nil:
		return err
	case n.Rule == PageRule:
		return WrongNumber
	}
	t.do(SendDeflect{Call: c.ID, Target: n.Target, Cause: Rejected})
	t.enter(c, Ended, Rejected)
	return nil
}

// MayMailbox tells whether a ringing call of a line can be sent to its mailbox.
func (s *State) MayMailbox(line LineID) bool {
	return s.onBusy(line) || s.Mailbox(line) != ""
}

func (s *State) onBusy(line LineID) bool {
	return int(line) < len(s.Config.Lines) && s.Config.Lines[line].MailboxOnBusy
}

func (t *step) mailTold(id LineID, m Mail) {
	if l := t.Line(id); l != nil && l.Mail != m {
		l.Mail = m
		t.note(Change{What: MailChanged, Line: id})
	}
}

func (t *step) mailListed(in MailListed) {
	if l := t.Line(in.Line); l != nil {
		m := l.Mail
		m.Known, m.Counted, m.Waiting = true, true, in.New > 0
		m.New, m.Old, m.UrgentNew = in.New, in.Old, in.UrgentNew
		t.mailTold(in.Line, m)
	}
}

// mailUnsure: what was known is kept, and it is known to be old.
func (t *step) mailUnsure(id LineID) {
	if l := t.Line(id); l != nil && l.Mail.Known {
		m := l.Mail
		m.Stale = true
		t.mailTold(id, m)
	}
}
