package main

import (
	"fmt"
	"slices"
	"strings"

	"opendeskphone/firmware/tpcp"
	"opendeskphone/tools/odp/pc"
)

type conferenceCmd struct {
	Join   joinCmd    `cmd:"" default:"withargs" help:"Join calls into one."`
	Show   whoCmd     `cmd:"" help:"Tell where it is held, of which conversation it is, and who is in it."`
	Add    takeInCmd  `cmd:"" help:"Have the server that holds it call somebody."`
	Drop   dropCmd    `cmd:"" help:"Put somebody out of it."`
	Mute   muteOneCmd `cmd:"" help:"Let nobody hear somebody; for servers that can."`
	Unmute hearOneCmd `cmd:"" help:"Let all hear him again."`
}

func (conferenceCmd) Help() string {
	return `Examples:
  odp conference                   join all calls that have been answered
  odp conference --server          have the line's server hold it; one call is enough
  odp conference add 030 5550142   and another one
  odp conference mute Jonas        nobody hears him
  odp conference drop 2431

When a server takes a call into a conference, the desktop says so, and its "Open its chat", like "Chat" on the page, opens im:ROOM@SERVER (RFC 3860) with the program that xdg-mime knows for x-scheme-handler/im.

A program that has other modes of the conversation, as messages or a shared screen, finds the address to which they move in "odp --json conference show": conf.uri, and conversationId by which it knows its own.`
}

type joinCmd struct {
	Server bool     `help:"Have the line's server hold it; one call is enough."`
	Calls  []string `arg:"" optional:"" help:"Calls to join; all that have been answered if left out."`
}

// Run implements the command.
func (c *joinCmd) Run(sh *shell) error {
	ids := c.Calls
	all, err := sh.calls()
	if err != nil {
		return err
	}
	for _, o := range all {
		if len(c.Calls) == 0 && pc.Talking(o) {
			ids = append(ids, o.CallID)
		}
	}
	mode, least := "local", 2
	if c.Server {
		mode, least = "focus", 1
	}
	if len(ids) < least {
		return &pc.Refusal{Kind: pc.Usage, Words: "A conference needs two calls that have been answered, at a server one."}
	}
	return sh.act("call.conference", params{"callIds": ids, "mode": mode})
}

// conference finds the one you are in: a call of it, that to the server if one holds it.
func (sh *shell) conference() (tpcp.Call, error) {
	all, err := sh.calls()
	if err != nil {
		return tpcp.Call{}, err
	}
	all = slices.DeleteFunc(all, func(c tpcp.Call) bool { return c.Conf == nil })
	slices.SortStableFunc(all, func(a, b tpcp.Call) int { return rank(a) - rank(b) })
	if len(all) == 0 {
		return tpcp.Call{}, &pc.Refusal{Kind: pc.Usage, Words: "You are in no conference.", Hint: "\"odp conference\" joins calls."}
	}
	return all[0], nil
}

// rank is lower for calls that are rather meant.
func rank(c tpcp.Call) (n int) {
	if c.Hold.Local {
		n = 2
	}
	if c.Conf.URI == "" {
		n++
	}
	return n
}

// there is one who is in a conference.
type there struct {
	id, name, number, uri string
	state                 string
	muted, self           bool
}

// present lists who is in a conference: those whom the server tells of, or those whom the phone has joined.
func (sh *shell) present(c tpcp.Call) (out []there, err error) {
	for _, m := range c.Conf.Roster {
		out = append(out, there{m.ParticipantID, m.Display, m.Number, m.URI, m.State, m.Muted, m.Self})
	}
	if len(out) > 0 {
		return out, nil
	}
	v, p, err := sh.now()
	if err != nil {
		return nil, err
	}
	for _, o := range p.Calls {
		if slices.Contains(c.Conf.Participants, o.CallID) {
			name, number := v.Party(o)
			out = append(out, there{id: o.CallID, name: name, number: number, uri: o.LegB.URI, state: o.State})
		}
	}
	return out, nil
}

// find finds who is meant: by number, address, or a part of the name that no other has.
func (sh *shell) find(c tpcp.Call, who string) (there, error) {
	all, err := sh.present(c)
	if err != nil {
		return there{}, err
	}
	digits := strings.NewReplacer(" ", "", "-", "", "/", "").Replace(who)
	var found []there
	for _, m := range all {
		switch {
		case m.self:
		case m.id == who, m.uri == who, m.number != "" && m.number == digits:
			return m, nil
		case who != "" && strings.Contains(strings.ToLower(m.name), strings.ToLower(who)):
			found = append(found, m)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return there{}, &pc.Refusal{Kind: pc.Usage, Words: "Nobody in the conference is " + who + ".", Hint: "\"odp conference show\" lists them."}
	}
	return there{}, &pc.Refusal{Kind: pc.Usage, Words: fmt.Sprintf("%d in the conference are called %s. Say the number.", len(found), who)}
}

// about makes a request about one who is in the conference.
func (sh *shell) about(who []string, method string, more params) error {
	c, err := sh.conference()
	if err != nil {
		return err
	}
	m, err := sh.find(c, strings.Join(who, " "))
	if err != nil {
		return err
	}
	p := params{"confId": c.Conf.ConfID, "participantId": m.id}
	for k, v := range more {
		p[k] = v
	}
	return sh.act(method, p)
}

type whoCmd struct{}

// Run implements the command.
func (whoCmd) Run(sh *shell) error {
	c, err := sh.conference()
	if err != nil {
		return err
	}
	all, err := sh.present(c)
	if err != nil {
		return err
	}
	return sh.print(c, func() {
		where := "at the phone"
		if c.Conf.URI != "" {
			where = "at " + c.Conf.URI
		}
		fmt.Fprintln(sh.out, "conference", where)
		if c.ConversationID != "" {
			fmt.Fprintln(sh.out, "conversation", c.ConversationID)
		}
		if chat := pc.Chat(c); chat != "" {
			fmt.Fprintln(sh.out, "chat", chat)
		}
		for _, m := range all {
			fmt.Fprintln(sh.out, "  "+m.line())
		}
	})
}

func (m there) line() string {
	out := m.name
	if m.number != "" && m.number != m.name {
		out = strings.TrimSpace(out + " (" + m.number + ")")
	}
	if out == "" {
		out = m.uri
	}
	out += "  " + map[string]string{"alerting": "being called", "held": "holds it", "ended": "leaves"}[m.state]
	if m.muted {
		out += "  muted"
	}
	if m.self {
		out += "  this phone"
	}
	return strings.TrimSpace(out)
}

type takeInCmd struct {
	To []string `arg:"" help:"Number, SIP address or name of a contact."`
}

// Run implements the command.
func (c *takeInCmd) Run(sh *shell) error {
	conf, err := sh.conference()
	if err != nil {
		return err
	}
	to, err := sh.target(strings.Join(c.To, " "))
	if err != nil {
		return err
	}
	return sh.act("call.addParticipant", params{"confId": conf.Conf.ConfID, "uri": to})
}

type dropCmd struct {
	Who []string `arg:"" help:"Number, address or name of who is in it."`
}

// Run implements the command.
func (c *dropCmd) Run(sh *shell) error { return sh.about(c.Who, "call.dropParticipant", nil) }

type muteOneCmd struct {
	Who []string `arg:"" help:"Number, address or name of who is in it."`
}

// Run implements the command.
func (c *muteOneCmd) Run(sh *shell) error {
	return sh.about(c.Who, "call.muteParticipant", params{"on": true})
}

type hearOneCmd struct {
	Who []string `arg:"" help:"Number, address or name of who is in it."`
}

// Run implements the command.
func (c *hearOneCmd) Run(sh *shell) error {
	return sh.about(c.Who, "call.muteParticipant", params{"on": false})
}
