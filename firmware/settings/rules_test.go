package settings

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
)

func TestRulesAreWhatTheySay(t *testing.T) {
	want := phone.Rules{
		ByServer: true, Ours: true, DND: true, RingFor: 25 * time.Second, Voicemail: "*97", Always: phone.Forward{On: true, To: "201"}, Busy: phone.Forward{On: true, To: "202"},
		NoAnswer: phone.Forward{On: true, To: "203"}, Simultaneous: true, RingWith: []string{"204"}, TeamRing: true, Team: []string{"205"}, DelegateRing: true,
		Delegates: []string{"206"}, First: []string{"207"}, SkipPrimary: true, Breakthrough: []string{"208"}, BlockAll: true, Blocked: []string{"209"}, WorkHours: true,
		Hours: []phone.Span{{Days: 0b0111110, From: 540, To: 1020}},
	}
	for v := reflect.ValueOf(want); v.IsValid(); v = (reflect.Value{}) {
		for i := range v.NumField() {
			if v.Field(i).IsZero() {
				t.Errorf("%s is not tried", v.Type().Field(i).Name)
			}
		}
	}
	f := Default()
	f.Rules = NewRules(want)
	doc, err := f.Encode(Default())
	if err != nil {
		t.Fatal(err)
	}
	back, err := Parse("settings.toml", doc, Default())
	if err != nil {
		t.Fatalf("%v\n%s", err, doc)
	}
	if c := back.Config(); !reflect.DeepEqual(c.Rules, want) {
		t.Errorf("got  %+v\nwant %+v", c.Rules, want)
	}
}

// TestRulesThatWereClearedAreOursStill: a server that was away when they were cleared must hear of it later, after a power cut too.
func TestRulesThatWereClearedAreOursStill(t *testing.T) {
	f := Default()
	if f.Config().Rules.Ours {
		t.Error("a new phone says that its server has no rules")
	}
	f.Rules.Always, f.Rules.AlwaysTo = true, "201" // by hand
	r := f.Config().Rules
	r.Always = phone.Forward{}
	f.Rules = NewRules(r)
	doc, err := f.Encode(Default())
	if err != nil {
		t.Fatal(err)
	}
	back, err := Parse("settings.toml", doc, Default())
	if err != nil {
		t.Fatal(err)
	}
	if c := back.Config().Rules; !c.Ours || c.Always.On {
		t.Errorf("%s gives %+v", doc, c)
	}
}

func TestWrongRulesAreNamed(t *testing.T) {
	for doc, want := range map[string]string{
		"ring_for = 61":         "rules.ring_for",
		"ring_for = 0":          "rules.ring_for",
		`always_to = "a b@"`:    "rules.always_to",
		`hours = ["mon 9-17"]`:  "rules.hours",
		`team = [""]`:           "rules.team",
		`by = "nobody"`:         "rules.by",
		`voicemail = "112"`:     "rules.voicemail",
		`dnd = "yes"`:           "rules.dnd",
		`blocked = ["x\u0007"]`: "rules.blocked",
		`forward = "201"`:       "rules.forward",
	} {
		if _, err := Parse("settings.toml", []byte("[rules]\n"+doc), Default()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", doc, err)
		}
	}
}
