package screen

import (
	"image"
	"sync"
	"testing"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
)

// redmond is a location of four-digit extensions, behind a 9 for outside.
var redmond = sync.OnceValue(func() *phone.Profile {
	p := &phone.Profile{Name: "Redmond", Access: "9", Optimize: true}
	for _, r := range [][2]string{{`^(7\d{3})$`, `$1;phone-context=redmond.example`}, {`^(\d{4})$`, `+1425555$1`}, {`^1?(\d{10})$`, `+1$1`}} {
		pattern, err := phone.ParsePattern(r[0])
		if err != nil {
			panic(err)
		}
		p.Rules = append(p.Rules, phone.Rewrite{Pattern: pattern, Translation: r[1], Internal: r[0] != `^1?(\d{10})$`, Device: true})
	}
	return p
})

// inRedmond is a phone there on which a number is being typed.
func inRedmond(typed string) *phone.State {
	s := withCalls(phone.Call{ID: 1, State: phone.Dialing, Digits: typed, Began: now, Since: now})
	s.Config.Profile = redmond()
	return s
}

// dialPlans are the situations of numbers and their rules.
func dialPlans() []situation {
	refused := idle()
	refused.Notices[phone.DialPlanRefused] = `https://pbx.example/config: profile "Redmond": rule 2, ^(?!911)(\d{10})$: look-around, (?!, is not allowed: it can take a pattern forever`
	home := idle()
	home.Config.Profile = redmond()
	return []situation{
		{name: "dial-location", state: inRedmond("1234")},
		{name: "dial-context", state: inRedmond("7123")},
		{name: "number-steps", state: inRedmond("914255550123"), keys: []hal.Key{hal.Right}},
		{name: "number-steps-plan", state: inRedmond("03055501"), keys: []hal.Key{hal.Right, hal.Down, hal.Down}},
		{name: "settings-location", state: home, setUp: func(d *desk) {
			d.options.places = []string{"Redmond", "Berlin"}
			inSettings(sectionLines, hal.Down, hal.Down, hal.Down, hal.Down)(d)
		}},
		{name: "fault-dial-plan", state: refused, keys: []hal.Key{hal.Down, hal.OK}},
	}
}

// The screen shows, as the number is typed, which rule makes what of it; and one key further each step.
func TestRuleShowsWhileTyping(t *testing.T) {
	for typed, want := range map[string][]string{
		"1234": {"+1 425 555 1234", "Rule 2 of Redmond"}, "7123": {"7123;phone-context=redmond.example", "Rule 1 of Redmond"}, "112": {"Emergency call"},
	} {
		d := newDesk(t, image.Pt(1024, 600), Options{Language: "en"})
		d.enter(situation{state: inRedmond(typed)})
		d.shows(t, want...)
	}
	d := newDesk(t, image.Pt(1024, 600), Options{Language: "en"})
	d.enter(situation{state: inRedmond("914255550123"), keys: []hal.Key{hal.Right}})
	d.shows(t, "9 leads outside; left: 14255550123", "Rule 1 is for extensions only", "Rule 3 matches: +14255550123", `^1?(\d{10})$`,
		"Called: +14255550123", "sip:+14255550123@nordwerk.example;user=phone")
}

func TestLocationIsChosen(t *testing.T) {
	d := newDesk(t, image.Pt(1024, 600), Options{Language: "en"})
	s := idle()
	s.Config.Profile = redmond()
	d.enter(situation{state: s, setUp: func(d *desk) {
		d.options.places = []string{"Redmond", "Berlin"}
		inSettings(sectionLines, hal.Down, hal.Down, hal.Down, hal.Down, hal.Right)(d)
	}})
	d.shows(t, "Location", "Redmond")
	if d.options.o.Location != "Berlin" {
		t.Errorf("the location wanted is %q", d.options.o.Location)
	}
}
