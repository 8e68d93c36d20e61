package phone

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Limits of the rules.
const (
	MaxRingFor  = 60 * time.Second // the longest ring before a call goes on
	RingFor     = 20 * time.Second // and what it is unless somebody sets it
	MaxRuleList = 32               // entries of one list
	maxBeside   = 4                // of others who ring at the same time
)

// Rules say who gets the calls that come in. Targets and lists hold numbers as they are dialled, and addresses.
type Rules struct {
	ByServer bool // the server routes: this phone rings for whatever it lets through
	Ours     bool // some were set here once: a server gets these, even where none is left
	DND      bool // do not disturb

	RingFor   time.Duration // how long a call rings before it goes on, if there is somewhere to go
	Voicemail string        // number of the mailbox; empty: there is none
	Always    Forward       // calls do not ring here at all
	Busy      Forward       // calls that would hear busy
	NoAnswer  Forward       // calls nobody has answered; off: to the mailbox

	Simultaneous bool     // the first of RingWith rings at the same time
	RingWith     []string // another telephone of the user's
	TeamRing     bool     // the team rings at the same time
	Team         []string
	DelegateRing bool     // the delegates ring at the same time, unless the team does
	Delegates    []string // those who take calls for the user
	First        []string // those of them who are rung before others when not all can be
	SkipPrimary  bool     // while team or delegates ring, this phone does not
	Breakthrough []string // who rings through, besides the team: the interrupt list

	BlockAll bool     // every call is refused
	Blocked  []string // whose calls are refused

	WorkHours bool // all but blocking and do-not-disturb goes within Hours alone
	Hours     []Span
}

// Forward sends calls on: to To, or where that is empty to the mailbox.
type Forward struct {
	On bool
	To string
}

// SendsOn tells where all calls go at once: a target, "voicemail", or nowhere.
func (r *Rules) SendsOn() string {
	switch {
	case !r.Always.On:
		return ""
	case r.Always.To != "":
		return r.Always.To
	case r.Voicemail != "":
		return "voicemail"
	}
	return ""
}

// Given tells whether there are any that a server could act on, or were.
func (r *Rules) Given() bool {
	return r.Ours || r.Always.On || r.NoAnswer.On || r.Simultaneous || r.TeamRing || r.DelegateRing || r.BlockAll || r.RingFor != RingFor
}

// unhanded is what a server that acts on the rules has no place for: whom to block, do not disturb, and what becomes of calls
// that meet a busy phone.
func (r Rules) unhanded() Rules {
	r.Always, r.NoAnswer, r.Simultaneous, r.TeamRing, r.DelegateRing, r.BlockAll = Forward{}, Forward{}, false, false, false, false
	return r
}

// Undisturbed tells whether the user is not to be disturbed, as he or his computer says, and the phone sees to it.
func (s *State) Undisturbed() bool {
	return !s.Config.Rules.ByServer && (s.Config.Rules.DND || s.Availability == DoNotDisturb)
}

// Why is the reason for which a call is sent on.
type Why uint8

// The reasons, with the cause that stands for each (RFC 4458 §2).
const (
	Deflected     Why = iota // a person has sent it on while it rang: 487
	WhyAlways                // 302
	WhyBusy                  // 486
	WhyNoAnswer              // 408
	WhyNotDisturb            // 480, with reason do-not-disturb (RFC 5806 §5)
	WhyDeclined              // a person does not want it, and sends it to the mailbox: 603
)

// Route is what becomes of a call. Refuse or To end it at once; else it rings.
type Route struct {
	Refuse Cause
	To     string // sent on to this
	Why    Why

	Quiet bool          // this phone holds the call and does not ring
	With  []string      // who else rings
	For   time.Duration // how long; 0: as long as any call
	Then  string        // who gets it when nobody answers; empty: nobody
}

// Route decides on a call from a caller, sent on to us by others if that is said. busy: the phone takes no more calls. now is the
// wall clock of the user, for working hours go by it.
func (c *Config) Route(from Peer, by []Peer, busy bool, now time.Time) Route {
	r := &c.Rules
	trusted := func(lists ...[]string) bool { return c.named(slices.Concat(lists...), append(by, from)...) }
	within := !r.WorkHours || slices.ContainsFunc(r.Hours, func(s Span) bool { return s.Holds(now) })
	full := Route{}
	if busy {
		full.Refuse = UserBusy
	}
	switch {
	case r.ByServer:
		return full
	case r.BlockAll, c.named(r.Blocked, from):
		return Route{Refuse: Rejected}
	case r.DND && !trusted(r.Team, r.Breakthrough):
		if to := c.elsewhere(r.Voicemail, from, by); to != "" {
			return Route{To: to, Why: WhyNotDisturb}
		}
		return Route{Refuse: NoAnswer}
	}
	if to := c.forward(r.Always, from, by); to != "" && within {
		return Route{To: to, Why: WhyAlways}
	}
	if busy {
		if to := c.forward(r.Busy, from, by); to != "" && within {
			return Route{To: to, Why: WhyBusy}
		}
		return full
	}
	out := Route{}
	if within && !r.DND {
		others := c.others()
		out.Quiet = r.SkipPrimary && len(others) > 0 && !trusted(r.Breakthrough, r.Delegates)
		if r.Simultaneous && !out.Quiet {
			others = append(slices.Clone(r.RingWith[:min(1, len(r.RingWith))]), others...)
		}
		for _, to := range others {
			if to = c.elsewhere(to, from, by); to != "" && len(out.With) < maxBeside && !slices.Contains(out.With, to) {
				out.With = append(out.With, to)
			}
		}
		out.Quiet = out.Quiet && len(out.With) > 0
	}
	if out.Then = c.elsewhere(r.Voicemail, from, by); within && r.NoAnswer.On {
		if to := c.forward(r.NoAnswer, from, by); to != "" {
			out.Then = to
		}
	}
	if out.Then != "" || len(out.With) > 0 {
		out.For = r.RingFor
	}
	return out
}

// others are the team, or else the delegates, that ring with this phone. The team goes before the delegates.
func (c *Config) others() []string {
	switch r := &c.Rules; {
	case r.TeamRing:
		return r.Team
	case r.DelegateRing:
		return slices.Concat(r.First, r.Delegates)
	}
	return nil
}

// forward gives where a Forward that is on sends a call; empty: nowhere.
func (c *Config) forward(f Forward, from Peer, by []Peer) string {
	switch {
	case !f.On:
		return ""
	case f.To == "":
		return c.elsewhere(c.Rules.Voicemail, from, by)
	}
	return c.elsewhere(f.To, from, by)
}

// elsewhere gives a target, unless that is the caller, somebody who has just sent the call to us, or ourselves: no call goes in
// circles for our sake.
func (c *Config) elsewhere(to string, from Peer, by []Peer) string {
	if to == "" || c.named([]string{to}, append(by, from)...) {
		return ""
	}
	for _, l := range c.Lines {
		user, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(l.AOR, "sip:"), "sips:"), "@")
		if c.named([]string{to}, Peer{Number: user, URI: l.AOR}) {
			return ""
		}
	}
	return to
}

// named tells whether one of the parties is in a list.
func (c *Config) named(list []string, parties ...Peer) bool {
	return slices.ContainsFunc(list, func(entry string) bool {
		want := c.party(entry)
		return want != "" && slices.ContainsFunc(parties, func(p Peer) bool { return want == c.party(p.Number) || want == c.party(p.URI) })
	})
}

// party is the form that all ways of naming somebody share: sip:+49…@any;user=phone is the number.
func (c *Config) party(s string) string {
	s, _, _ = strings.Cut(s, ";")
	user, _, address := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(s, "sips:"), "sip:"), "@")
	if address && strings.HasPrefix(user, "+") {
		s = user
	}
	return c.Canonical(s)
}

// validate checks the bounds, and that every target is one that calls may be sent to.
func (r *Rules) validate(c *Config) error {
	if r.RingFor < time.Second || r.RingFor > MaxRingFor {
		return fmt.Errorf("ring_for: must be 1s to %v, not %v", MaxRingFor, r.RingFor)
	}
	for _, l := range []struct {
		key     string
		targets []string
	}{
		{"voicemail", []string{r.Voicemail}}, {"always", []string{r.Always.To}}, {"busy", []string{r.Busy.To}}, {"no_answer", []string{r.NoAnswer.To}},
		{"ring_with", r.RingWith}, {"team", r.Team}, {"delegates", r.Delegates}, {"first_delegates", r.First}, {"breakthrough", r.Breakthrough}, {"blocked", r.Blocked},
	} {
		if len(l.targets) > MaxRuleList {
			return fmt.Errorf("%s: at most %d entries, not %d", l.key, MaxRuleList, len(l.targets))
		}
		for _, to := range l.targets {
			n, err := c.Number(to)
			switch {
			case to == "" && len(l.targets) == 1:
			case err != nil:
				return fmt.Errorf("%s: %q: %w", l.key, to, err)
			case n.Rule == EmergencyRule || n.Rule == PageRule:
				return fmt.Errorf("%s: %q is no number that calls are sent to", l.key, to)
			}
		}
	}
	if len(r.Hours) > MaxRuleList {
		return fmt.Errorf("hours: at most %d entries, not %d", MaxRuleList, len(r.Hours))
	}
	for _, s := range r.Hours {
		if !s.valid() {
			return fmt.Errorf("hours: %v is no span of a week", s)
		}
	}
	return nil
}
