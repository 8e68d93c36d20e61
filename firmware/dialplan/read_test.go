package dialplan

import (
	"strings"
	"testing"

	"opendeskphone/firmware/phone"
)

const redmondXML = `<?xml version="1.0" encoding="utf-8"?>
<LocationProfileDescription xmlns="http://schemas.microsoft.com/2007/03/LocationProfileDescription">
  <Name>redmond.example</Name>
  <Rule>
    <Pattern>^(\d{4})$</Pattern>
    <Translation>+1425555$1</Translation>
    <InternalEnterpriseExtension>true</InternalEnterpriseExtension>
    <ApplicableForDeviceDialing>true</ApplicableForDeviceDialing>
  </Rule>
  <Rule>
    <Pattern>^1?(\d{10})$</Pattern>
    <Translation>+1$1</Translation>
    <InternalEnterpriseExtension>false</InternalEnterpriseExtension>
    <ApplicableForDeviceDialing>false</ApplicableForDeviceDialing>
  </Rule>
  <Rule><Pattern>^(7\d)$</Pattern><Translation>$1;phone-context=redmond.example</Translation></Rule>
  <ExternalAccessPrefix>9</ExternalAccessPrefix>
  <OptimizeDeviceDialing>true</OptimizeDeviceDialing>
</LocationProfileDescription>`

const twoJSON = `{"media": {"encryption": "required"}, "dialplan": {"profiles": [
	{"name": "Berlin", "rules": [{"pattern": "^0([1-9]\\d+)$", "translation": "+49$1"}]},
	{"name": "Köln", "access_prefix": "0", "optimize_dialing": true, "rules": [{"pattern": "^(\\d{3})$", "translation": "+49221555$1", "internal": true, "device": false}]}]}}`

func TestProfilesOfTheSeedsAreRead(t *testing.T) {
	all, err := Read([]byte("\xef\xbb\xbf" + redmondXML))
	if err != nil || len(all) != 1 {
		t.Fatal(err)
	}
	p := all[0]
	if p.Name != "redmond.example" || p.Access != "9" || !p.Optimize || len(p.Rules) != 3 || !p.Rules[0].Internal || !p.Rules[0].Device || p.Rules[1].Device || p.Rules[1].Internal || !p.Rules[2].Device {
		t.Errorf("%+v", p)
	}
	c := phone.DefaultConfig()
	c.Profile = p
	for typed, want := range map[string]string{"1234": "+14255551234", "9 (425) 555-0142": "+14255550142", "70": "70;phone-context=redmond.example", "911": "911"} {
		if n, err := c.Number(typed); err != nil || n.Target != want {
			t.Errorf("%s: %+v %v", typed, n, err)
		}
	}
	if all, err = Read([]byte(twoJSON)); err != nil || len(all) != 2 || all[1].Name != "Köln" || all[1].Rules[0].Device || !all[1].Rules[0].Internal || !all[1].Optimize {
		t.Errorf("%+v %v", all, err)
	}
}

func TestBadDocumentsAreRefusedWhole(t *testing.T) {
	change := func(old, now string) string { return strings.Replace(redmondXML, old, now, 1) }
	for doc, want := range map[string]string{
		change(`^1?(\d{10})$`, `^(?!911)(\d{10})$`):                                       `profile "redmond.example": rule 2, ^(?!911)(\d{10})$: look-around, (?!,`,
		change(`^(7\d)$`, `^(7)\1$`):                                                      `rule 3, ^(7)\1$: a back reference, \1,`,
		change("+1$1", "$1"):                                                              "",
		change("+1$1", "1$1"):                                                             "rule 2, ^1?(\\d{10})$: the translation \"1$1\" makes no number",
		change("<Name>redmond.example</Name>", ""):                                        "name must be",
		change("2007/03", "2008/03"):                                                      "namespace must be",
		change("<Name>", "<!DOCTYPE a [<!ENTITY x 'y'>]><Name>"):                          "document type",
		change("</Rule>", ""):                                                             "element <Rule> closed by",
		change("<ExternalAccessPrefix>9", "<ExternalAccessPrefix>x"):                      "prefix must be",
		change("<InternalEnterpriseExtension>true", "<InternalEnterpriseExtension>maybe"): "no LocationProfileDescription",
		"<a xmlns='b'/>":                                                                  "no LocationProfileDescription",
		strings.Repeat("<a>", 70) + strings.Repeat("</a>", 70):                            "too deep",
		strings.Repeat(" ", maxDocument+1):                                                "longer than",
		"":                                                                                "neither XML nor JSON",
		"{}":                                                                              "has no dialplan",
		`{"dialplan": {"profiles": [{}]}}`:                                                "name must be",
		strings.Replace(twoJSON, `^(\\d{3})$`, `(`, 1):                                    `profile "Köln": rule 1, (: it is no regular expression`,
		`{"dialplan": {"profiles": [` + strings.Repeat("{},", 32) + `{}]}}`:                                                "at most 32 profiles",
		strings.Replace(twoJSON, `"rules": [`, `"rules": [`+strings.Repeat(`{"pattern":"1","translation":"+1"},`, 256), 1): "at most 256 rules, not 257",
	} {
		all, err := Read([]byte(doc))
		switch {
		case want == "" && err != nil:
			t.Error(err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || all != nil):
			t.Errorf("%.200s\n%v %v, want %s", doc, all, err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(redmondXML))
	f.Add([]byte(twoJSON))
	f.Fuzz(func(t *testing.T, doc []byte) {
		all, err := Read(doc)
		if err != nil {
			return
		}
		for _, p := range all {
			if err := p.Validate(); err != nil {
				t.Fatalf("%+v: %v", p, err)
			}
		}
	})
}
