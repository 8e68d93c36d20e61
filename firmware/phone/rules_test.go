package phone

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// every is how many cases of the table are passed over to try one; the bench tries each.
var every = flag.Int("every", 37, "of the cases of the rules, try one in so many")

// aCase is one combination of rules, caller and moment.
type aCase struct {
	byServer, block, sim, team, delegates, skip, workHours bool
	always, onBusy, noAnswer                               int // 0 off, 1 to a number, 2 to the mailbox
	dnd, mailbox, inHours, busy                            bool
	caller                                                 string
}

var callers = []string{"stranger", "hidden", "blocked", "team", "interrupt", "delegate", "destination", "by team"}

// cases gives the n-th of all combinations; ok is false after the last.
func cases(n int) (k aCase, ok bool) {
	digit := func(base int) int { d := n % base; n /= base; return d }
	for _, b := range []*bool{&k.byServer, &k.block, &k.sim, &k.team, &k.delegates, &k.skip, &k.workHours, &k.dnd, &k.mailbox, &k.inHours, &k.busy} {
		*b = digit(2) == 1
	}
	k.always, k.onBusy, k.noAnswer = digit(3), digit(3), digit(3)
	k.caller = callers[digit(len(callers))]
	return k, n == 0
}

// the moment and the parties of a case as the engine is told them.
func (k aCase) route() Route {
	c := DefaultConfig()
	c.Lines = []LineConfig{{AOR: "sip:100@pbx.example"}}
	to := func(kind int, number string) Forward { return Forward{kind > 0, []string{"", number, ""}[kind]} }
	c.Rules = Rules{ByServer: k.byServer, DND: k.dnd, RingFor: RingFor, Always: to(k.always, "301"), Busy: to(k.onBusy, "302"), NoAnswer: to(k.noAnswer, "+49 30 303"),
		Simultaneous: k.sim, RingWith: []string{"311", "312"}, TeamRing: k.team, Team: []string{"sip:321@pbx.example", "322"},
		DelegateRing: k.delegates, Delegates: []string{"331", "332"}, First: []string{"332"}, SkipPrimary: k.skip, Breakthrough: []string{"sip:+4930341@pbx.example;user=phone"},
		BlockAll: k.block, Blocked: []string{"+49 (30) 351"}, WorkHours: k.workHours, Hours: []Span{{Days: 1 << time.Monday, From: 9 * 60, To: 17 * 60}}}
	if k.mailbox {
		c.Rules.Voicemail = "399"
	}
	at := noon // a Monday
	if !k.inHours {
		at = at.Add(5 * time.Hour)
	}
	parties := map[string]Peer{"stranger": anna, "hidden": {Hidden: true}, "blocked": {Number: "+49 30 351"}, "team": {Number: "321", URI: "sip:321@pbx.example"},
		"interrupt": {Number: "+4930341", URI: "sip:+4930341@carrier.example"}, "delegate": {Number: "332"}, "destination": {Number: "+4930303"}, "by team": anna}
	var by []Peer
	if k.caller == "by team" {
		by = []Peer{parties["team"]}
	}
	return c.Route(parties[k.caller], by, k.busy, at)
}

// sentences are what the rules are to do, as the specification says it: the first that fits a case has its outcome. Outcomes are
// written as shown writes those of the engine.
var sentences = []struct {
	says string
	fits func(k aCase) bool
	is   func(k aCase) string
}{
	{"a phone whose server routes says busy when it is", func(k aCase) bool { return k.byServer && k.busy }, says("refused: busy")},
	{"and rings for what comes otherwise", func(k aCase) bool { return k.byServer }, says("rings")},
	{"the block flag refuses every call", func(k aCase) bool { return k.block }, says("refused: declined")},
	{"a blocked caller is refused", func(k aCase) bool { return k.caller == "blocked" }, says("refused: declined")},
	{"do not disturb sends to voicemail, but not the team and the interrupt list", func(k aCase) bool { return k.dnd && !k.mayInterrupt() && k.mailbox }, says("sent to 399: not disturb")},
	{"without a mailbox they hear that nobody is there", func(k aCase) bool { return k.dnd && !k.mayInterrupt() }, says("refused: no answer")},
	{"forwarding at once goes before ringing", func(k aCase) bool { return k.always == 1 && k.applies() }, says("sent to 301: always")},
	{"without a number it is to the mailbox", func(k aCase) bool { return k.always == 2 && k.applies() && k.mailbox }, says("sent to 399: always")},
	{"forwarding on busy", func(k aCase) bool { return k.busy && k.onBusy == 1 && k.applies() }, says("sent to 302: busy")},
	{"and to the mailbox", func(k aCase) bool { return k.busy && k.onBusy == 2 && k.applies() && k.mailbox }, says("sent to 399: busy")},
	{"who is busy says so", func(k aCase) bool { return k.busy }, says("refused: busy")},
	{"all others ring", func(aCase) bool { return true }, func(k aCase) string { return k.rings() }},
}

func says(s string) func(aCase) string { return func(aCase) string { return s } }

func (k aCase) mayInterrupt() bool {
	return k.caller == "team" || k.caller == "interrupt" || k.caller == "by team"
}

// applies: working hours hold for all rules but blocking and do not disturb.
func (k aCase) applies() bool { return !k.workHours || k.inHours }

// rings says with whom a call rings, and where it goes unanswered.
func (k aCase) rings() string {
	// Who else: the team before the delegates, of these the first before the others, none of them to himself; nobody under do not
	// disturb.
	group := map[string]string{"team": "sip:321@pbx.example 322", "team to one of it": "322", "delegates": "332 331", "delegates to one": "331", "": ""}
	which := ""
	switch {
	case !k.applies() || k.dnd:
	case k.team && (k.caller == "team" || k.caller == "by team"):
		which = "team to one of it"
	case k.team:
		which = "team"
	case k.delegates && k.caller == "delegate":
		which = "delegates to one"
	case k.delegates:
		which = "delegates"
	}
	// Skipping the phone skips the simultaneous ring too, and neither for the interrupt list nor for the delegates.
	skipped := k.skip && which != "" && k.caller != "interrupt" && k.caller != "delegate"
	out, with := "rings", strings.Fields(group[which])
	if k.sim && k.applies() && !k.dnd && !skipped {
		with = append([]string{"311"}, with...)
	}
	if skipped {
		out = "waits"
	}
	if len(with) > 0 {
		out += " with " + strings.Join(with, " ")
	}
	then := ""
	switch {
	case k.noAnswer == 1 && k.applies() && k.caller != "destination":
		then = "+49 30 303"
	case k.mailbox:
		then = "399"
	}
	if then != "" || len(with) > 0 {
		out += " for 20s"
	}
	if then != "" {
		out += ", then " + then
	}
	return out
}

// shownRoute writes a route.
func shownRoute(r Route) string {
	switch {
	case r.To != "":
		return fmt.Sprintf("sent to %s: %s", r.To, []string{"deflected", "always", "busy", "no answer", "not disturb"}[r.Why])
	case r.Refuse != NoCause:
		return "refused: " + r.Refuse.String()
	}
	out := map[bool]string{false: "rings", true: "waits"}[r.Quiet]
	if len(r.With) > 0 {
		out += " with " + strings.Join(r.With, " ")
	}
	if r.For > 0 {
		out += fmt.Sprintf(" for %v", r.For)
	}
	if r.Then != "" {
		out += ", then " + r.Then
	}
	return out
}

// Every combination of rules, caller and moment against the sentences of the specification.
func TestTheRules(t *testing.T) {
	passed, failed := 0, 0
	for n := 0; ; n += *every {
		k, ok := cases(n)
		if !ok {
			break
		}
		s := sentences[slices.IndexFunc(sentences, func(s struct {
			says string
			fits func(k aCase) bool
			is   func(k aCase) string
		}) bool {
			return s.fits(k)
		})]
		got, want := shownRoute(k.route()), s.is(k)
		if got == want {
			passed++
			continue
		}
		if failed++; failed < 10 {
			t.Errorf("%+v\n got %s\nwant %s (%s)", k, got, want, s.says)
		}
	}
	if passed < 442368 / *every || failed > 0 {
		t.Errorf("%d cases failed", failed)
	}
	t.Logf("rules: %d cases passed", passed)
}
