package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"opendeskphone/firmware/dialplan"
	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/settings"
	"opendeskphone/firmware/tpcp"
	"opendeskphone/tools/odp/pc"
	words "opendeskphone/ui/text"
)

type explainCmd struct {
	Number   string `arg:"" help:"Number as it would be typed, or a tel: or sip: address."`
	Profile  string `help:"Explain it by this file instead of at the phone: a location profile (XML, or JSON as a server hands it out), or a phone's settings (.toml)." placeholder:"FILE" type:"existingfile"`
	Location string `help:"Which profile of the file, if it has several." placeholder:"NAME"`
}

func (explainCmd) Help() string {
	return `Tells step by step what becomes of a number: which rules are asked, which matches and what it makes, and what the server is asked for in the end. Nothing is called.

Examples:
  odp explain-number "(425) 555-0142"               as the phone would, by the rules in force there
  odp explain-number 1234 --profile redmond.xml     try rules before a phone has them
  odp explain-number 1234 --profile settings.toml

A file with a rule that is wrong is refused with the rule's number and the reason, just as the phone does.`
}

// Run implements the command.
func (c *explainCmd) Run(sh *shell) error {
	var r tpcp.ExplainResult
	if c.Profile == "" {
		if _, err := sh.ready(); err != nil {
			return err
		}
		if err := sh.request("number.explain", params{"number": c.Number}, &r); err != nil {
			return err
		}
	} else {
		config, err := c.config()
		if err != nil {
			return &pc.Refusal{Kind: pc.Usage, Words: filepath.Base(c.Profile) + " is refused: " + err.Error()}
		}
		aor, form := "", phone.PhoneURI
		if len(config.Lines) > 0 {
			aor, form = config.Lines[0].AOR, config.Lines[0].URIs
		}
		r = tpcp.Explain(config, c.Number, form, aor)
	}
	return sh.print(r, func() {
		for _, line := range explained(&r) {
			fmt.Fprintln(sh.out, line)
		}
	})
}

// config makes a phone's configuration of a file.
func (c *explainCmd) config() (*phone.Config, error) {
	doc, err := os.ReadFile(c.Profile)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(strings.ToLower(c.Profile), ".toml") {
		f, err := settings.Parse(filepath.Base(c.Profile), doc, settings.Default())
		if err != nil {
			return nil, err
		}
		if c.Location != "" {
			f.Numbers.Location = c.Location
		}
		config := f.Config()
		return &config, nil
	}
	all, err := dialplan.Read(doc)
	if err != nil {
		return nil, err
	}
	config := phone.DefaultConfig()
	var names []string
	for _, p := range all {
		if c.Location == "" || p.Name == c.Location {
			config.Profile = p
			return &config, nil
		}
		names = append(names, p.Name)
	}
	return nil, fmt.Errorf("there is no profile %q in it, but %s", c.Location, strings.Join(names, ", "))
}

// explained says the steps in plain words.
func explained(r *tpcp.ExplainResult) []string {
	kinds := map[string]phone.StepKind{}
	for k := range phone.StepKindCount {
		kinds[k.String()] = k
	}
	out := []string{r.Number}
	for _, s := range r.Steps {
		k, ok := kinds[s.Step]
		if !ok { // of a newer phone
			continue
		}
		line := "  " + words.English.Step(phone.NumberStep{Kind: k, Rule: s.Rule, From: s.From, To: s.To})
		if s.Rule > 0 && s.From != "" {
			line += "    " + s.From
		}
		out = append(out, line)
	}
	if !r.Callable {
		return append(out, words.English.Numbers.Refused+".")
	}
	return append(out, fmt.Sprintf(words.English.Numbers.Called, r.URI))
}
