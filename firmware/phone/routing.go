package phone

// What the rules make of calls that come in. Others who ring at the same time are called by shadows, each with Call.Beside: the
// one that is answered first gets the caller, by the means a transfer has.

// Handed is what the server of a line does with the rules.
type Handed uint8

// The values.
const (
	RulesHere    Handed = iota // it is not given them: this phone acts on them
	RulesPending               // it has not taken them: this phone acts on them
	RulesTaken                 // it acts on them
	handedCount
)

// The input and the effect of rules that servers act on.
type (
	// RulesHanded tells what the server of a line does with the rules, and of RulesPending why, if it has said so.
	RulesHanded struct {
		evt
		Line   LineID
		Handed Handed
		Why    string
	}
	// HandRules gives HandedRules to the servers that take rules.
	HandRules struct{ fx }
)

// HandedRules is the configuration whose rules servers are given; nil: none, since they are kept there, or nobody has set any
// at this phone and there may be some.
func (s *State) HandedRules() *Config {
	if !s.Ruled || s.Config.Rules.ByServer {
		return nil
	}
	c := s.Config
	return &c
}

// Handed is what servers do with the rules: of several the one that has not taken them.
func (s *State) Handed() (h Handed, why string) {
	for i := range s.Lines {
		switch l := &s.Lines[i]; {
		case l.Rules == RulesPending && (h != RulesPending || why == ""):
			h, why = l.Rules, l.Why
		case l.Rules == RulesTaken && h == RulesHere:
			h = l.Rules
		}
	}
	return h, why
}

func (t *step) rulesHanded(in RulesHanded) {
	l := t.Line(in.Line)
	if l == nil || in.Handed >= handedCount || l.Rules == in.Handed && l.Why == in.Why {
		return
	}
	l.Rules, l.Why = in.Handed, in.Why
	t.note(Change{What: LineStateChanged, Line: in.Line})
}

// route is what the rules make of a call. Where the server of its line acts on them, the phone sees to the rest alone.
func (t *step) route(in Invited, by []Peer, busy bool) Route {
	c := t.Config
	c.Rules.DND = t.Undisturbed()
	if t.Line(in.Line).Rules != RulesTaken {
		return c.Route(in.Remote, by, busy, t.now)
	}
	c.Rules = c.Rules.unhanded()
	r := c.Route(in.Remote, by, busy, t.now)
	r.Then, r.For = "", 0 // the server knows for how long it rings
	return r
}

// routed carries out what the rules say of a call; rings is false if it was sent on or refused.
func (t *step) routed(in Invited) (r Route, rings bool) {
	r.Refuse, _ = t.refuses(in)
	if !in.Callback && !t.AwaitsHelp && r.Refuse != NotAllowed { // help that calls back is never kept out
		var by []Peer
		for _, p := range []Peer{in.ForwardedBy, in.ReferredBy} {
			if p != (Peer{}) {
				by = append(by, p)
			}
		}
		r = t.route(in, by, r.Refuse == UserBusy)
	}
	cause, to := r.Refuse, Peer{}
	switch {
	case r.To != "":
		n, _ := t.Config.Number(r.To) // checked when the rules were set
		t.do(RefuseInvite{Ref: in.Ref, Target: n.Target, Why: r.Why})
		cause, to = HandedOver, t.peer(n)
	case cause != NoCause:
		t.do(RefuseInvite{Ref: in.Ref, Cause: cause})
	default:
		return r, true
	}
	if cause == HandedOver || cause == Rejected || cause == NoAnswer { // the log tells what the rules did; it never was a call here, and has no name
		c := Call{Line: in.Line, Dir: Incoming, Remote: in.Remote, Conversation: in.Conversation,
			ForwardedBy: in.ForwardedBy, ForwardedTo: to, Proof: in.Proof, Began: t.now, Cause: cause}
		t.log(&c)
	}
	return r, false
}

// beside rings the others that a route names, as many as there is room for.
func (t *step) beside(c *Call, r Route) {
	for _, to := range r.With {
		n, line, err := t.dialable(to, c.Line)
		if err != nil || t.Full() {
			continue
		}
		p := t.begin(Call{Line: line, Remote: t.peer(n), Shadow: true, Beside: c.ID, Conversation: c.Conversation}, Calling)
		t.send(p, SendInvite{Target: n.Target, Conversation: p.Conversation, Beside: c.ID})
	}
}

// unanswered sends a call on that has rung for long enough, or tells the caller that nobody is there.
func (t *step) unanswered(c *Call) {
	n, err := t.Config.Number(c.Then)
	if c.Then == "" || err != nil {
		t.end(c, NoAnswer)
		return
	}
	t.do(SendDeflect{Call: c.ID, Target: n.Target, Why: WhyNoAnswer})
	c.ForwardedTo = t.peer(n)
	t.enter(c, Ended, HandedOver)
}

// unbeside ends what rings beside a call.
func (t *step) unbeside(c *Call) {
	for i := range t.Calls {
		if p := &t.Calls[i]; p.Beside == c.ID {
			p.Beside = 0
			t.end(p, Elsewhere)
		}
	}
}

// answeredBeside: somebody who rang at the same time has answered, and gets the caller as soon as his phone knows.
func (t *step) answeredBeside(p *Call) {
	c := t.Call(p.Beside)
	p.Beside = 0
	if c == nil || c.State != Ringing {
		t.end(p, Elsewhere)
		return
	}
	t.enter(c, Held, NoCause)
	t.do(SendAccept{Call: c.ID})
	p.Move, c.With, p.With = Transferring, p.ID, c.ID
	t.start(c, Transferring, p.Remote.URI)
}

// confirmed: our answer has arrived.
func (t *step) confirmed(c *Call) {
	p := t.Call(c.With)
	switch {
	case c.State == Answering:
		t.enter(c, Talking, NoCause)
		if c.Joins != 0 {
			t.do(Chime{})
		}
	case c.State == Held && c.Move == Transferring && !c.Referred && p != nil && p.Shadow && p.State == Talking:
		t.connect(c, p)
	}
}

// meetRules sends calls on that this phone keeps for others, none of whom is to be had any more.
func (t *step) meetRules() {
	for i := range t.Calls {
		c := &t.Calls[i]
		if c.State != Ringing || !c.Quiet {
			continue
		}
		waits := false
		for j := range t.Calls {
			waits = waits || t.Calls[j].Beside == c.ID && t.Calls[j].State != Ended
		}
		if !waits {
			t.unanswered(c)
		}
	}
}
