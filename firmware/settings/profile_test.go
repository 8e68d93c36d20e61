package settings

import (
	"reflect"
	"strings"
	"testing"

	"opendeskphone/firmware/phone"
)

const places = `
[numbers]
location = "Berlin"

[[profile]]
name = "Redmond"
rules = ['^(\d{4})$ => +1425555$1 internal', '^1?(\d{10})$ => +1$1 wait']
access_prefix = "9"
optimize_dialing = true

[[profile]]
name = "Berlin"
rules = ['^0([1-9]\d+)$ => +49$1', '^(7\d\d)$ => $1;phone-context=berlin.example']
`

func TestProfilesAreReadAndWritten(t *testing.T) {
	f, err := Parse("settings.toml", []byte(places), Default())
	if err != nil {
		t.Fatal(err)
	}
	c := f.Config()
	if n, err := c.Number("030 5550142"); err != nil || n.Target != "+49305550142" || c.Profile.Name != "Berlin" {
		t.Errorf("%+v %v", n, err)
	}
	f.Numbers.Location = ""
	c = f.Config()
	if n, err := c.Number("9 1 425 555 0142"); err != nil || n.Target != "+14255550142" || n.Rewrite != 2 || c.Profile.Rules[1].Device || !c.Profile.Rules[0].Internal {
		t.Errorf("%+v %v", n, err)
	}
	f.Numbers.Location = "Cologne" // one of a file or the server
	if c = f.Config(); c.Profile != nil || c.Location != "Cologne" {
		t.Errorf("%+v", c.Profile)
	}
	doc, err := f.Encode(Default())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Parse("settings.toml", doc, Default()); err != nil || !reflect.DeepEqual(again.Profiles, f.Profiles) {
		t.Errorf("%v\n%s", err, doc)
	}
	f.Profiles = nil
	base := Default()
	base.Profiles = []Profile{{Name: "board", Rules: []string{"1 => +1"}}}
	if doc, err = f.Encode(base); err != nil {
		t.Fatal(err)
	}
	if again, err := Parse("settings.toml", doc, base); err != nil || len(again.Profiles) != 0 {
		t.Errorf("the board's profile came back: %v\n%s", err, doc)
	}
}

func TestWrongProfilesAreNamed(t *testing.T) {
	for change, want := range map[string]string{
		`(\d{4})$ =>|(?=9)(\d{4})$ =>`:                "settings.toml:7: profile.0.rules.0: must be a rule like ^(\\d{4})$ => +1425555$1: look-around, (?=,",
		`+1$1 wait|+1$2`:                              "settings.toml:5: profile.0: rule 2, ^1?(\\d{10})$: the translation wants group $2, and the pattern has 1",
		`"9"|"x"`:                                     "profile.0.access_prefix: must be at most 4 of",
		`"Berlin"\nrules|"Redmond"\nrules`:            "profile.1.name: is that of another profile",
		` internal|  external`:                        "neither internal nor wait",
		`location = "Berlin"|url = "http://x/"`:       "numbers.url: must be an address like https://",
		`location = "Berlin" |url = "https://u:p@x/"`: "neither user nor fragment",
	} {
		old, now, _ := strings.Cut(strings.ReplaceAll(change, `\n`, "\n"), "|")
		doc := strings.Replace(places, strings.TrimSpace(old), now, 1)
		_, err := Parse("settings.toml", []byte(doc), Default())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", change, err)
		}
	}
}

func TestLinesSayHowNumbersAreWritten(t *testing.T) {
	for form, want := range map[string]phone.URIForm{"phone": phone.PhoneURI, "sip": phone.PlainURI, "tel": phone.TelURI} {
		if l := (Line{NumberForm: form}); l.URIs() != want {
			t.Errorf("%s: %s", form, l.URIs())
		}
	}
}
