package phone

import (
	"slices"
	"testing"
	"time"
)

// ruled is a phone under rules.
func ruled(t testing.TB, words string, change func(r *Rules)) *bench {
	b := oneLine(t)
	c := b.s.Config
	change(&c.Rules)
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	b.do(Configure{Config: c})
	return b.reach(words)
}

var someRings = Invited{Ref: 7, Remote: anna}

func TestCallsThatTheRulesSendOn(t *testing.T) {
	b := ruled(t, "", func(r *Rules) { r.Always = Forward{On: true, To: "300"} })
	b.do(someRings)
	b.say("", "refuse 7 to 300 (1), log 0")
	if b.s.Missed > 0 {
		t.Error("a call that was sent on is missed")
	}
	b = ruled(t, "", func(r *Rules) { r.DND = true })
	b.do(someRings)
	b.say("", "refuse 7: no answer, log 0 missed")
	if b.s.Missed != 1 {
		t.Error("a call that nobody could take is not noted as missed")
	}
	b = ruled(t, "", func(r *Rules) { r.Blocked = []string{anna.Number} })
	b.do(someRings)
	b.say("", "refuse 7: declined, log 0")
	b = ruled(t, "", func(r *Rules) { r.Busy, r.RingFor = Forward{On: true}, time.Minute; r.Voicemail = "399" })
	for range MaxCalls {
		b.do(someRings)
	}
	b.do(someRings)
	if got := orders(b.effects); got != "refuse 7 to 399 (2), log 0" {
		t.Errorf("a full phone: %s", got)
	}
}

func TestNobodyAnswers(t *testing.T) {
	b := ruled(t, "", func(r *Rules) { r.Voicemail = "399" })
	b.do(someRings)
	b.say("Ringing", "start ring 1 20s, ringing 1, sound ring speaker")
	b.do(TimerFired{ID: TimerID{RingTime, 1}})
	b.say("", "deflect 1 to 399, stop ring 1, log 1, sound speaker")
	b.do(someRings, Byed{Call: 2, Cause: Cancelled})
	b.say("", "stop ring 2, log 2 missed, sound speaker") // he hung up before he was at the mailbox
}

func TestHelpIsNeverKeptOut(t *testing.T) {
	keptOut := func(r *Rules) {
		r.BlockAll, r.DND, r.Always = true, true, Forward{On: true, To: "300"}
	}
	b := ruled(t, "", keptOut)
	b.do(Invited{Ref: 7, Remote: anna, Callback: true})
	b.say("Ringing", "start ring 1 2m0s, ringing 1, sound ring speaker")
	b = ruled(t, "", keptOut)
	b.do(Dial{Number: "112"}, Hangup{Call: 1}, Invited{Ref: 7, Remote: Peer{Hidden: true}})
	b.say("Ringing", "start ring 2 2m0s, ringing 2, sound ring speaker")
}

func simultaneous(r *Rules) { r.Simultaneous, r.RingWith = true, []string{"300"} }

func TestSimultaneousRing(t *testing.T) {
	b := ruled(t, "", simultaneous)
	b.do(Invited{Ref: 7, Remote: anna, Refers: true, TakesOver: true})
	b.say("Ringing Calling", "start ring 1 20s, ringing 1, start call 2 3m0s, invite 2 to 300 on 0, sound ring speaker")
	b.do(Progressed{Call: 2}, Able{Call: 2, Refers: true, Replaces: true}, Accepted{Call: 2})
	b.move("transferring with 2, shadow transferring with 1", "Held Talking", "stop call 2, stop ring 1, accept 1, sound speaker")
	b.do(Confirmed{Call: 1})
	b.move("transferring with 2, shadow transferring with 1", "Held Talking", "refer 1 to 2, start move 1 32s")
	b.do(Moved{Call: 1})
	b.say("", "bye 2, bye 1, log 1, stop move 1")

	b = ruled(t, "", simultaneous) // far sides that know nothing of it: the phone joins them itself
	b.do(someRings, Accepted{Call: 2}, Confirmed{Call: 1})
	b.move("bridged with 2, shadow bridged with 1", "Held Talking", "bridge 1 2")
	b.do(Byed{Call: 2, Cause: RemoteHangup})
	b.say("", "bye 1, log 1")
}

func TestSimultaneousRingThatOthersEnd(t *testing.T) {
	b := ruled(t, "", simultaneous)
	b.do(someRings, Answer{Call: 1})
	b.say("Answering", "stop ring 1, start confirm 1 32s, cancel 2, stop call 2, accept 1, sound voice 1 speaker")
	b = ruled(t, "", simultaneous)
	b.do(someRings, Byed{Call: 1, Cause: Cancelled})
	b.say("", "stop ring 1, cancel 2, stop call 2, log 1 missed, sound speaker")
	b = ruled(t, "", simultaneous)
	b.do(someRings, CallFailed{Call: 2, Cause: UserBusy})
	b.say("Ringing", "stop call 2") // it rings on here
	b.do(TimerFired{ID: TimerID{RingTime, 1}})
	b.say("", "reject 1: no answer, stop ring 1, log 1 missed, sound speaker")
	b = ruled(t, "", simultaneous)
	b.do(someRings, Accepted{Call: 2}, Byed{Call: 1, Cause: RemoteHangup})
	b.say("", "log 1, bye 2") // the caller went as he was about to be joined
}

func TestTheTeamRingsAndThisPhoneDoesNot(t *testing.T) {
	b := ruled(t, "", func(r *Rules) {
		r.TeamRing, r.SkipPrimary, r.Team, r.Voicemail = true, true, []string{"300", "301"}, "399"
	})
	b.do(someRings)
	b.say("Ringing Calling Calling", "start ring 1 20s, ringing 1, start call 2 3m0s, invite 2 to 300 on 0, start call 3 3m0s, invite 3 to 301 on 0")
	b.do(CallFailed{Call: 2, Cause: UserBusy})
	b.say("Ringing Calling", "stop call 2")
	b.do(CallFailed{Call: 3, Cause: UserBusy})
	b.say("", "stop call 3, deflect 1 to 399, stop ring 1, log 1")
}

func TestRulesThatAreNone(t *testing.T) {
	for name, change := range map[string]func(*Rules){
		"no ring":          func(r *Rules) { r.RingFor = 0 },
		"a long ring":      func(r *Rules) { r.RingFor = MaxRingFor + 1 },
		"to help":          func(r *Rules) { r.Always.To = "112" },
		"nonsense":         func(r *Rules) { r.Voicemail = "@" },
		"an empty member":  func(r *Rules) { r.Team = []string{"200", ""} },
		"too many members": func(r *Rules) { r.Team = make([]string, MaxRuleList+1) },
		"no day":           func(r *Rules) { r.Hours = []Span{{From: 1, To: 2}} },
		"backwards":        func(r *Rules) { r.Hours = []Span{{Days: 1, From: 2, To: 1}} },
	} {
		c := DefaultConfig()
		change(&c.Rules)
		if c.Validate() == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestSpans(t *testing.T) {
	for in, want := range map[string]string{
		"mon-fri 09:00-17:00": "", "sat,sun 10:00-24:00": "sat-sun 10:00-24:00", "fri-mon 00:00-00:01": "mon,fri-sun 00:00-00:01",
		"mon-sun 08:30-12:15": "", "sun-sat 08:30-12:15": "mon-sun 08:30-12:15", "wed 07:00-07:01": "",
		"mon": "no", "": "no", "mon 9:00-17:00": "no", "mon 09:00-25:00": "no", "mon 17:00-09:00": "no", "mon 09:60-17:00": "no", "day 09:00-17:00": "no", "mon- 09:00-17:00": "no",
	} {
		s, err := ParseSpan(in)
		switch got := s.String(); {
		case want == "no" && err == nil, want != "no" && err != nil:
			t.Errorf("%q: %v, %v", in, got, err)
		case err == nil && got != want && got != in:
			t.Errorf("%q is written %q", in, got)
		}
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	work, _ := ParseSpan("mon-fri 09:00-17:00")
	for at, want := range map[string]bool{ // the clock of the wall, before and after it is put forward
		"2026-03-27T08:00:00Z": true, "2026-03-27T07:59:59Z": false, "2026-03-30T07:00:00Z": true, "2026-03-30T15:00:00Z": false, "2026-03-29T10:00:00Z": false,
	} {
		moment, _ := time.Parse(time.RFC3339, at)
		if work.Holds(moment.In(berlin)) != want {
			t.Errorf("%s: %v", at, !want)
		}
	}
}

func FuzzParseSpan(f *testing.F) {
	f.Add("mon-fri 09:00-17:00")
	f.Fuzz(func(t *testing.T, s string) {
		if span, err := ParseSpan(s); err == nil {
			if again, err := ParseSpan(span.String()); err != nil || again != span {
				t.Errorf("%q is %v, which is read as %v, %v", s, span, again, err)
			}
		}
	})
}

// What the server of a line acts on the phone does not act on as well: it keeps to what the server has no place for. A server
// that has not taken the rules, or is away, leaves all to the phone.
func TestTheServerActsOnTheRules(t *testing.T) {
	rules := func(r *Rules) {
		simultaneous(r)
		r.Voicemail, r.NoAnswer, r.Busy, r.Blocked = "399", Forward{On: true, To: "301"}, Forward{On: true, To: "302"}, []string{"299"}
	}
	const here = "start ring 1 20s, ringing 1, start call 2 3m0s, invite 2 to 300 on 0, sound ring speaker"
	const there = "start ring 1 2m0s, ringing 1, sound ring speaker"
	for _, h := range []Handed{RulesHere, RulesPending} {
		b := ruled(t, "", rules)
		b.do(RulesHanded{Handed: h, Why: "x"}, Invited{Ref: 7, Remote: anna, Refers: true, TakesOver: true})
		b.say("Ringing Calling", here)
	}
	taken := func(change func(r *Rules)) *bench {
		b := ruled(t, "", change)
		b.do(RulesHanded{Handed: RulesTaken}, RulesHanded{Line: 9, Handed: RulesTaken}, RulesHanded{Handed: 77})
		return b
	}
	b := taken(rules)
	b.do(Invited{Ref: 7, Remote: anna, Refers: true, TakesOver: true})
	b.say("Ringing", there)
	b = taken(rules)
	b.do(Invited{Ref: 7, Remote: Peer{Number: "299"}})
	b.say("", "refuse 7: declined, log 0")
	b = taken(func(r *Rules) { r.DND, r.Voicemail = true, "399" })
	b.do(someRings)
	b.say("", "refuse 7 to 399 (4), log 0")
	b = taken(func(r *Rules) { r.Busy = Forward{On: true, To: "302"} })
	for range MaxCalls {
		b.do(someRings)
	}
	if b.do(someRings); orders(b.effects) != "refuse 7 to 302 (2), log 0" {
		t.Errorf("a full phone: %s", orders(b.effects))
	}
	always := func(r *Rules) { r.Always, r.BlockAll = Forward{On: true, To: "300"}, false }
	b = taken(always)
	b.do(someRings)
	b.say("Ringing", there)
	b = taken(always)
	b.do(LineChanged{State: LineFailing}, LineChanged{State: LineRegistered}, someRings) // a server that may have lost them
	b.say("", "refuse 7 to 300 (1), log 0")
}

// Rules are handed to servers once there are some at the phone, and as long as they are kept here; by then also that there are
// none any more.
func TestRulesAreHandedToServers(t *testing.T) {
	b := oneLine(t)
	set := func(change func(c *Config)) *Config {
		t.Helper()
		given, c := b.s.HandedRules(), b.s.Config
		change(&c)
		b.do(Configure{Config: c})
		if now := b.s.HandedRules(); (given != nil || now != nil) && !slices.Contains(b.effects, Effect(HandRules{})) {
			t.Error("servers are not told")
		}
		return b.s.HandedRules()
	}
	if set(func(c *Config) { c.Rules.DND = true }) != nil {
		t.Error("who has set none here may have some at the server")
	}
	if c := set(func(c *Config) { c.Rules.Always = Forward{On: true, To: "300"} }); c == nil || c.Rules.Always.To != "300" {
		t.Errorf("%+v", c)
	}
	if set(func(c *Config) { c.Rules.ByServer = true }) != nil {
		t.Error("rules are handed to the server that keeps them")
	}
	if c := set(func(c *Config) { c.Rules.ByServer, c.Rules.Always = false, Forward{} }); c == nil || c.Rules.Always.On {
		t.Errorf("the server is not told that there are none: %+v", c)
	}
	s := New(*b.s.HandedRules())
	if s.HandedRules() != nil {
		t.Error("a phone without rules hands them over")
	}
	cleared := b.s.Config
	cleared.Rules.Ours = true
	if s := New(cleared); s.HandedRules() == nil {
		t.Error("a phone whose rules were cleared does not say so")
	}
	b.s.Config.Rules.TeamRing = true
	if s := New(b.s.Config); s.HandedRules() == nil {
		t.Error("a phone with rules does not hand them over")
	}
}

// Of several servers the one that has not taken the rules is told of, best with its reason.
func TestWhatServersDoWithTheRules(t *testing.T) {
	for _, c := range []struct {
		lines []Line
		want  Handed
		why   string
	}{
		{[]Line{{}, {}}, RulesHere, ""},
		{[]Line{{Rules: RulesTaken}, {}}, RulesTaken, ""},
		{[]Line{{Rules: RulesPending}, {Rules: RulesTaken}}, RulesPending, ""},
		{[]Line{{Rules: RulesPending}, {Rules: RulesPending, Why: "501 no"}, {Rules: RulesPending, Why: "other"}}, RulesPending, "501 no"},
	} {
		if h, why := (&State{Lines: c.lines}).Handed(); h != c.want || why != c.why {
			t.Errorf("%+v: %d %q", c.lines, h, why)
		}
	}
}
