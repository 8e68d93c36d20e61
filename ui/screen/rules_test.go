package screen

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
)

// rulesDesk is the page of rules of a phone under some.
func rulesDesk(t *testing.T, r phone.Rules) *desk {
	d := wide(t)
	if r.RingFor == 0 {
		r.RingFor = phone.RingFor
	}
	d.st.Config.Rules = r
	d.menu = []page{&rulesPage{}}
	d.paint()
	return d
}

func TestDoNotDisturbIsOneKey(t *testing.T) {
	d := wide(t)
	d.paint()
	d.press(hal.Mute)
	if r := d.options.rules; r == nil || !r.DND || !slices.Contains(d.texts(), "Do not disturb is on") {
		t.Fatalf("the key set %+v and said %q", r, d.texts())
	}
	d.st.Config.Rules.DND = true
	d.paint()
	if !slices.Contains(d.texts(), "Callers hear that you cannot be reached.") {
		t.Errorf("home says %q", d.texts())
	}
	d.press(hal.Mute)
	if d.options.rules.DND {
		t.Error("the key does not end it")
	}
	d = wide(t)
	d.st = withCalls(talking(1, jonas, time.Minute))
	d.paint()
	if commands := d.press(hal.Mute); len(commands) != 1 || d.options.rules != nil {
		t.Errorf("in a call the key gives %v and sets %+v", commands, d.options.rules)
	}
}

func TestRulesAreSetByKeys(t *testing.T) {
	downs := func(n int, more ...hal.Key) []hal.Key { return append(slices.Repeat([]hal.Key{hal.Down}, n), more...) }
	under := phone.Rules{Voicemail: "299", Always: phone.Forward{To: "201"}, RingWith: []string{"202"}, Team: []string{"203"}, Delegates: []string{"204"}}
	for name, c := range map[string]struct {
		keys  []hal.Key
		holds func(r *phone.Rules) bool
	}{
		"disturb":       {[]hal.Key{hal.OK}, func(r *phone.Rules) bool { return r.DND }},
		"forward":       {downs(1, hal.Right), func(r *phone.Rules) bool { return r.Always == phone.Forward{On: true, To: "201"} }},
		"forward to":    {downs(1, hal.Soft2, hal.Digit7, hal.Soft1), func(r *phone.Rules) bool { return r.Always.On && r.Always.To == "2017" }},
		"unanswered":    {downs(2, hal.OK), func(r *phone.Rules) bool { return r.NoAnswer.On && r.NoAnswer.To == "" }},
		"busy":          {downs(3, hal.OK), func(r *phone.Rules) bool { return r.Busy.On }},
		"ring longer":   {downs(4, hal.Right), func(r *phone.Rules) bool { return r.RingFor == 25*time.Second }},
		"ring shorter":  {downs(4, hal.Left), func(r *phone.Rules) bool { return r.RingFor == 15*time.Second }},
		"also":          {downs(5, hal.OK), func(r *phone.Rules) bool { return r.Simultaneous }},
		"team":          {downs(6, hal.OK), func(r *phone.Rules) bool { return r.TeamRing }},
		"delegates":     {downs(7, hal.OK), func(r *phone.Rules) bool { return r.DelegateRing }},
		"not here":      {downs(8, hal.OK), func(r *phone.Rules) bool { return r.SkipPrimary }},
		"working hours": {downs(9, hal.OK), func(r *phone.Rules) bool { return r.WorkHours && len(r.Hours) == 1 }},
		"mailbox":       {downs(10, hal.OK, hal.Digit9, hal.Soft1), func(r *phone.Rules) bool { return r.Voicemail == "2999" }},
		"server":        {downs(11, hal.OK), func(r *phone.Rules) bool { return r.ByServer }},
	} {
		d := rulesDesk(t, under)
		d.press(c.keys...)
		if r := d.options.rules; r == nil || !c.holds(r) {
			t.Errorf("%s: %+v", name, r)
		}
	}
	d := rulesDesk(t, phone.Rules{}) // with nowhere to send calls, the number is asked for
	d.press(hal.Down, hal.OK, hal.Digit3, hal.Soft1)
	if r := d.options.rules; r == nil || r.Always != (phone.Forward{On: true, To: "3"}) {
		t.Errorf("%+v", r)
	}
}

func TestRulesThatCannotBeSavedAreSaid(t *testing.T) {
	d := rulesDesk(t, phone.Rules{})
	d.options.refuse = errors.New("the disk is full")
	d.press(hal.OK)
	if !slices.Contains(d.texts(), "Not saved. the disk is full") {
		t.Errorf("said: %q", d.texts())
	}
}

func TestWhatServersDoWithTheRulesIsSaid(t *testing.T) {
	for _, c := range []struct {
		lines []phone.Line
		want  string
	}{
		{[]phone.Line{{Rules: phone.RulesTaken}, {}}, "Your server acts on these rules, and this phone on do not disturb, calls when busy and blocked numbers."},
		{[]phone.Line{{Rules: phone.RulesPending}}, "Your server is being given these rules. Until it has them, this phone acts on them."},
		{[]phone.Line{{Rules: phone.RulesPending, Why: "501\tno"}}, "Your server does not take these rules (501 no). They hold while this phone is on."},
	} {
		d := rulesDesk(t, phone.Rules{})
		d.st.Lines = c.lines
		d.paint()
		if got := strings.Join(d.texts(), " "); !strings.Contains(got, c.want) || !strings.Contains(got, "Calls ring here.") {
			t.Errorf("%q", got)
		}
	}
}
