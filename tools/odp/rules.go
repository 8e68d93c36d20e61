package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"opendeskphone/firmware/tpcp"
	"opendeskphone/tools/odp/pc"
)

type rulesCmd struct {
	Show rulesShowCmd `cmd:"" default:"1" help:"Say who gets the calls that come in."`
	Get  rulesGetCmd  `cmd:"" help:"Write the rules to a file, as the XML document that OCS and Lync know."`
	Set  rulesSetCmd  `cmd:"" help:"Set the rules from such a file."`
	DND  rulesDNDCmd  `cmd:"" name:"dnd" help:"Do not disturb: on or off."`
}

func (rulesCmd) Help() string {
	return `Says who gets the calls that come in to the phone, and changes it. Where the phone has given its rules to a server (a line of dialect = ocs), the first line says whether that acts on them, or why the phone does.

Examples:
  odp rules                     what is in force, in words
  odp rules get routing.xml     write it down; "-" is standard output
  odp rules set routing.xml     and take it from there
  odp rules dnd on

The file holds forwarding, simultaneous ring, team, delegates, the interrupt list and the ring time, in the namespace http://schemas.microsoft.com/02/2006/sip/routing. Voicemail, forwarding on busy, blocked callers and working hours are in the phone's settings, under [rules].`
}

type rulesShowCmd struct{}

// Run implements the command.
func (rulesShowCmd) Run(sh *shell) error {
	id, err := sh.firstLine()
	if err != nil {
		return err
	}
	var r tpcp.RulesResult
	if err := sh.request("line.forward.get", params{"lineId": id}, &r); err != nil {
		return err
	}
	return sh.print(r.Rules, func() { fmt.Fprint(sh.out, ruleWords(r.Rules)) })
}

// firstLine names a line, for rules are asked for by one.
func (sh *shell) firstLine() (string, error) {
	if _, err := sh.ready(); err != nil {
		return "", err
	}
	var r tpcp.LinesResult
	if err := sh.request("line.list", nil, &r); err != nil {
		return "", err
	}
	if len(r.Lines) == 0 {
		return "", &pc.Refusal{Kind: pc.Usage, Words: "The phone has no line yet.", Hint: "\"odp signin\" gives it one."}
	}
	return r.Lines[0].LineID, nil
}

// ruleWords says in words what rules are in force.
func ruleWords(r tpcp.RulesView) string {
	var b strings.Builder
	say := func(on bool, format string, args ...any) {
		if on {
			fmt.Fprintf(&b, format+"\n", args...)
		}
	}
	to := func(f tpcp.ForwardView) string {
		switch {
		case f.To != "":
			return f.To
		case r.Voicemail != "":
			return "voicemail"
		}
		return "voicemail, but there is no number for it"
	}
	if r.By == "server" {
		return "The server applies the rules; the phone rings for what it lets through.\n"
	}
	says := ""
	if r.ServerSays != "" {
		says = " (" + r.ServerSays + ")"
	}
	say(r.Server == "taken", "The server acts on these rules; the phone on do not disturb, calls when busy and blocked callers.")
	say(r.Server == "pending", "The server has not taken these rules%s; until it does, the phone acts on them.", says)
	say(r.BlockAll, "Every call is refused.")
	say(len(r.Blocked) > 0, "Refused are calls from %s.", strings.Join(r.Blocked, ", "))
	say(r.DND, "Do not disturb is on; the team and the interrupt list ring through.")
	say(r.WorkHours.On, "What follows holds %s.", strings.Join(r.WorkHours.Hours, "; "))
	say(r.Immediate.On, "Every call goes at once to %s.", to(r.Immediate))
	say(r.Busy.On, "Calls that would hear busy go to %s.", to(r.Busy))
	say(r.SimRing.On && len(r.SimRing.Members) > 0, "%s rings at the same time.", strings.Join(r.SimRing.Members[:min(1, len(r.SimRing.Members))], ""))
	say(r.Team.On, "The team rings at the same time: %s.", strings.Join(r.Team.Members, ", "))
	say(r.Delegates.On && !r.Team.On, "The delegates ring at the same time: %s.", strings.Join(r.Delegates.Members, ", "))
	say(r.SkipPrimary && (r.Team.On || r.Delegates.On), "The phone itself does not ring then.")
	switch {
	case r.NoAnswer.On:
		say(true, "Calls that nobody answers in %d s go to %s.", r.RingMs/1000, to(r.NoAnswer))
	case r.Voicemail != "":
		say(true, "Calls that nobody answers in %d s go to voicemail.", r.RingMs/1000)
	default:
		say(true, "Calls ring here.")
	}
	return b.String()
}

type rulesGetCmd struct {
	File string `arg:"" optional:"" default:"-" help:"File to write; \"-\" is standard output."`
}

// Run implements the command.
func (c *rulesGetCmd) Run(sh *shell) error {
	if _, err := sh.ready(); err != nil {
		return err
	}
	var r tpcp.DocumentResult
	if err := sh.request("rules.get", nil, &r); err != nil {
		return err
	}
	if c.File == "-" {
		_, err := io.WriteString(sh.out, r.Document)
		return err
	}
	return os.WriteFile(c.File, []byte(r.Document), 0o600) // it names whom one knows
}

type rulesSetCmd struct {
	File string `arg:"" help:"File to read; \"-\" is standard input."`
}

// maxRules is how long a file may be.
const maxRules = 45000

// Run implements the command.
func (c *rulesSetCmd) Run(sh *shell) error {
	in := sh.in
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	doc, err := io.ReadAll(io.LimitReader(in, maxRules+1))
	switch {
	case err != nil:
		return err
	case len(doc) > maxRules:
		return &pc.Refusal{Kind: pc.Usage, Words: fmt.Sprintf("%s is longer than %d bytes.", c.File, maxRules)}
	}
	if _, err := sh.ready(); err != nil {
		return err
	}
	var r tpcp.RulesResult
	if err := sh.request("rules.set", params{"document": string(doc)}, &r); err != nil {
		return err
	}
	return sh.print(r.Rules, func() { fmt.Fprint(sh.out, ruleWords(r.Rules)) })
}

type rulesDNDCmd struct {
	State string `arg:"" enum:"on,off" help:"on or off."`
}

// Run implements the command.
func (c *rulesDNDCmd) Run(sh *shell) error {
	id, err := sh.firstLine()
	if err != nil {
		return err
	}
	var r tpcp.RulesResult
	if err := sh.request("line.dnd.set", params{"lineId": id, "on": c.State == "on"}, &r); err != nil {
		return err
	}
	return sh.print(r.Rules, func() { fmt.Fprint(sh.out, ruleWords(r.Rules)) })
}
