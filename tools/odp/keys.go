package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"opendeskphone/firmware/tpcp"
	"opendeskphone/tools/odp/pc"
)

// keys are what the phone's keys show beside its lines.
type keys struct {
	Appearances []tpcp.Appearance `json:"appearances"`
	Watched     []tpcp.Watched    `json:"watched"`
	LineID      string            `json:"lineId"` // of which the watched are
	GroupPickup bool              `json:"groupPickup"`
}

// readKeys reads them from the phone.
func (sh *shell) readKeys() (k keys, err error) {
	if _, err := sh.ready(); err != nil {
		return k, err
	}
	k.Appearances, k.Watched = []tpcp.Appearance{}, []tpcp.Watched{}
	for more := true; more; {
		var r tpcp.AppearancesResult
		if err := sh.request("appearance.list", params{"skip": len(k.Appearances), "limit": 100}, &r); err != nil {
			return k, err
		}
		k.Appearances, more = append(k.Appearances, r.Appearances...), r.More && len(r.Appearances) > 0
	}
	for more := true; more; {
		var r tpcp.WatchedResult
		if err := sh.request("presence.list", params{"skip": len(k.Watched), "limit": 100}, &r); err != nil {
			return k, err
		}
		k.LineID, k.GroupPickup = r.LineID, r.GroupPickup
		k.Watched, more = append(k.Watched, r.Watched...), r.More && len(r.Watched) > 0
	}
	return k, nil
}

// lines say what the keys show, one each.
func (k keys) lines() (out []string) {
	for _, a := range k.Appearances {
		out = append(out, appearanceLine(a))
	}
	for _, w := range k.Watched {
		out = append(out, watchedLine(w))
	}
	return out
}

func appearanceLine(a tpcp.Appearance) string {
	state := map[string]string{"unknown": "not known", "ringing": "rings", "busy": "in use", "held": "on hold"}[a.State]
	switch {
	case a.CallID != "":
		state = "call " + a.CallID + " of this phone"
	case state == "":
		state = a.State
	case a.Private:
		state += ", privately"
	case a.Joinable:
		state += ", may be joined"
	}
	return strings.TrimRight(fmt.Sprintf("line %s place %d  %s  %s", a.LineID, a.Appearance, state, partyWords(a.With)), " ")
}

func watchedLine(w tpcp.Watched) string {
	state := map[string]string{"unknown": "not known", "ringing": "rings", "busy": "in a call"}[w.Lamp]
	switch {
	case w.Place && w.Lamp == "busy":
		state = "somebody waits"
	case state == "":
		state = w.Lamp
	}
	if by := partyWords(w.Caller); by != "" {
		state += ": " + by
	}
	if p := map[string]string{"inCall": "in a call", "doNotDisturb": "do not disturb"}[w.Presence]; p != "" {
		w.Presence = p
	}
	if !w.Place && w.Presence != "unknown" && w.Presence != state {
		state += "; " + w.Presence
	}
	if w.Note != "" {
		state += ", " + fmt.Sprintf("%q", w.Note)
	}
	return fmt.Sprintf("%-12s %-24s %s", w.Number, w.Name, state)
}

func partyWords(p *tpcp.Party) string {
	switch {
	case p == nil:
		return ""
	case p.Display == "":
		return p.Number
	case p.Number == "":
		return p.Display
	}
	return p.Display + " (" + p.Number + ")"
}

// about finds who is meant among those who fit: by number, or by a part of the name; nobody named: the only one. None tells
// that nobody fits who was not named.
func (k keys) about(who string, none string, fits func(tpcp.Watched) bool) (tpcp.Watched, error) {
	var found []tpcp.Watched
	for _, w := range k.Watched {
		switch {
		case who != "" && w.Number == strings.ReplaceAll(who, " ", ""):
			return w, nil
		case who == "" && fits(w), who != "" && strings.Contains(strings.ToLower(w.Name), strings.ToLower(who)):
			found = append(found, w)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) == 0 && who == "":
		return tpcp.Watched{}, &pc.Refusal{Kind: pc.Usage, Words: none, Hint: "\"odp keys\" shows what the phone's keys show."}
	case len(found) == 0:
		return tpcp.Watched{}, &pc.Refusal{Kind: pc.Usage, Words: "No key of the phone is about " + who + ".", Hint: "\"odp keys\" lists them; the phone's settings have them under [keys]."}
	}
	var numbers []string
	for _, w := range found {
		numbers = append(numbers, w.Number)
	}
	return tpcp.Watched{}, &pc.Refusal{Kind: pc.Usage, Words: "Several are meant: " + strings.Join(numbers, ", ") + ". Say which."}
}

// actWords is act with words of its own for some refusals.
func (sh *shell) actWords(method string, p params, words map[tpcp.Code]string) error {
	err := sh.act(method, p)
	var r *pc.Refusal
	if errors.As(err, &r) && words[tpcp.Code(r.Code)] != "" {
		said := *r
		said.Words = words[tpcp.Code(r.Code)]
		return &said
	}
	return err
}

type keysCmd struct{}

func (keysCmd) Help() string {
	return `Shows the places of shared lines and what the line's other phones do there, who of the people on the phone's keys rings or is in a call, how they are, and who waits at the places to park calls. "odp watch" tells when that changes.

The keys are in the phone's settings: "appearances" of a line, and people, places and group pickup under [keys]. A locked phone shows none.`
}

// Run implements the command.
func (keysCmd) Run(sh *shell) error {
	k, err := sh.readKeys()
	if err != nil {
		return err
	}
	return sh.print(k, func() {
		for _, l := range k.lines() {
			fmt.Fprintln(sh.out, l)
		}
		if len(k.lines()) == 0 {
			fmt.Fprintln(sh.out, "no keys but those of the lines")
		}
	})
}

type pickUpCmd struct {
	Who   []string `arg:"" optional:"" help:"Number or name on the key of who is called; the only one at whom it rings if left out."`
	Group bool     `help:"Any call that rings in the phone's group, as its server has it."`
}

func (pickUpCmd) Help() string {
	return `Examples:
  odp pickup             at whomever it rings; if at nobody with a key, any call of the group
  odp pickup Jonas       the call that rings at Jonas
  odp pickup --group`
}

// Run implements the command.
func (c *pickUpCmd) Run(sh *shell) error {
	k, err := sh.readKeys()
	if err != nil {
		return err
	}
	rings := func(w tpcp.Watched) bool { return w.Lamp == "ringing" && !w.Place }
	p := params{}
	who := strings.Join(c.Who, " ")
	if !c.Group && (who != "" || !k.GroupPickup || slices.ContainsFunc(k.Watched, rings)) {
		w, err := k.about(who, "It rings at nobody who has a key.", rings)
		if err != nil {
			return err
		}
		p["number"] = w.Number
	}
	return sh.actWords("call.pickUp", p, map[tpcp.Code]string{
		tpcp.CodeBadState:     "No call rings there that could be picked up.",
		tpcp.CodeNotSupported: "The server does not tell enough of the call, and the phone's settings name no code to pick it up by.",
	})
}

type parkCmd struct {
	Place []string `arg:"" optional:"" help:"Number or name of the place; the first where nobody waits if left out."`
	Call  string   `help:"Call to park; the one you speak in if left out." placeholder:"CALL"`
}

func (parkCmd) Help() string {
	return `Examples:
  odp park               at the first free place, which it names
  odp park "Place 2"
  odp retrieve           fetch the call again, at this phone or another`
}

// Run implements the command.
func (c *parkCmd) Run(sh *shell) error {
	k, err := sh.readKeys()
	if err != nil {
		return err
	}
	first := slices.IndexFunc(k.Watched, func(w tpcp.Watched) bool { return w.Place && w.Lamp == "free" })
	w, err := k.about(strings.Join(c.Place, " "), "No place to park at is free.", func(o tpcp.Watched) bool { return first >= 0 && o == k.Watched[first] })
	switch {
	case err != nil:
		return err
	case !w.Place:
		return &pc.Refusal{Kind: pc.Usage, Words: w.Number + " is no place to park at.", Hint: "\"odp transfer\" hands a call over to somebody."}
	case w.Lamp == "busy":
		return &pc.Refusal{Kind: pc.Usage, Words: "Somebody waits at " + w.Number + " already."}
	}
	if err := sh.on(c.Call, "to park", active, "call.transfer", params{"to": w.Number}); err != nil || sh.cli.JSON {
		return err
	}
	_, err = fmt.Fprintln(sh.out, "goes to", strings.TrimSpace(w.Number+" "+w.Name))
	return err
}

type retrieveCmd struct {
	Place []string `arg:"" optional:"" help:"Number or name of the place; the only one where somebody waits if left out."`
}

// Run implements the command.
func (c *retrieveCmd) Run(sh *shell) error {
	k, err := sh.readKeys()
	if err != nil {
		return err
	}
	w, err := k.about(strings.Join(c.Place, " "), "Nobody waits at any place.", func(w tpcp.Watched) bool { return w.Place && w.Lamp == "busy" })
	switch {
	case err != nil:
		return err
	case !w.Place:
		return &pc.Refusal{Kind: pc.Usage, Words: w.Number + " is no place to park at.", Hint: "\"odp pickup\" takes a call that rings at somebody."}
	case w.Lamp == "free":
		return &pc.Refusal{Kind: pc.Usage, Words: "Nobody waits at " + w.Number + "."}
	}
	return sh.act("call.make", params{"to": w.Number, "lineId": k.LineID})
}

type takeCmd struct {
	Place uint8    `arg:"" optional:"" help:"Place on the shared line, from 1; the only one where another phone holds a call if left out."`
	To    []string `arg:"" optional:"" help:"Whom to call from there; number, SIP address or name of a contact."`
	Line  string   `help:"Shared line, by its ID, as l-2, if the phone has several." placeholder:"LINE"`
}

func (takeCmd) Help() string {
	return `Presses the key of a place on a shared line: a call that rings there is answered, one that this phone or another holds is taken over, and at a free place the phone gives dial tone, or calls whom you name. What another phone holds privately ("odp hold --private") it keeps.

Examples:
  odp take               what another phone of the line holds
  odp take 2
  odp take 1 030 5550142`
}

// Run implements the command.
func (c *takeCmd) Run(sh *shell) error {
	k, err := sh.readKeys()
	if err != nil {
		return err
	}
	a, err := place(k.Appearances, c.Place, c.Line, "No other phone holds a call that you may take.", func(a tpcp.Appearance) bool { return a.State == "held" && !a.Private })
	if err != nil {
		return err
	}
	p := params{"lineId": a.LineID, "appearance": a.Appearance}
	if len(c.To) > 0 {
		if p["to"], err = sh.target(strings.Join(c.To, " ")); err != nil {
			return err
		}
	}
	return sh.actWords("appearance.take", p, map[tpcp.Code]string{
		tpcp.CodeBadState:     "That place is in use.",
		tpcp.CodeNotSupported: "Another phone of the line holds that call privately.",
	})
}

type joinCallCmd struct {
	Place uint8  `arg:"" optional:"" help:"Place on the shared line, from 1; the only one whose call may be joined if left out."`
	Line  string `help:"Shared line, by its ID, as l-2, if the phone has several." placeholder:"LINE"`
}

func (joinCallCmd) Help() string {
	return `Asks the phone of the line that talks there to let this one in. Whoever sits there is asked, unless the settings of that phone say otherwise ("barge_in" of the line), and everybody in the call hears a tone. To let another phone into a call of yours say "odp answer".

"odp conference join" joins calls of this phone with each other.`
}

// Run implements the command.
func (c *joinCallCmd) Run(sh *shell) error {
	k, err := sh.readKeys()
	if err != nil {
		return err
	}
	a, err := place(k.Appearances, c.Place, c.Line, "No other phone has a call that you may join.", func(a tpcp.Appearance) bool { return a.Joinable })
	if err != nil {
		return err
	}
	return sh.actWords("appearance.join", params{"lineId": a.LineID, "appearance": a.Appearance}, map[tpcp.Code]string{
		tpcp.CodeBadState: "Nobody talks there whose call could be joined.",
	})
}

// place finds the appearance that is meant: the one of that number, 0 for the only one that fits. None tells that none fits.
func place(all []tpcp.Appearance, number uint8, line, none string, fits func(tpcp.Appearance) bool) (tpcp.Appearance, error) {
	var found []tpcp.Appearance
	for _, a := range all {
		if (line == "" || line == a.LineID) && (a.Appearance == number || number == 0 && fits(a)) {
			found = append(found, a)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(all) == 0:
		return tpcp.Appearance{}, &pc.Refusal{Kind: pc.Usage, Words: "No line of the phone is shared.", Hint: "The phone's settings make it so by \"appearances\" of a line."}
	case len(found) == 0 && number == 0:
		return tpcp.Appearance{}, &pc.Refusal{Kind: pc.Usage, Words: none, Hint: "\"odp keys\" shows the places."}
	case len(found) == 0:
		return tpcp.Appearance{}, &pc.Refusal{Kind: pc.Usage, Words: "There is no such place.", Hint: "\"odp keys\" shows the places."}
	}
	var places []string
	for _, a := range found {
		places = append(places, fmt.Sprintf("%d of %s", a.Appearance, a.LineID))
	}
	return tpcp.Appearance{}, &pc.Refusal{Kind: pc.Usage, Words: "Several are meant: " + strings.Join(places, ", ") + ". Say which."}
}
