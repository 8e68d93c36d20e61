package routing

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
)

const sample = `<?xml version="1.0" encoding="utf-8"?>
<routing xmlns="http://schemas.microsoft.com/02/2006/sip/routing" name="rtcdefault" version="1" minSupportedClientVersion="2.0.0.0">
  <preamble>
    <list name="forwardto">
      <target uri="sip:+14255550100@fabrikam.example;user=phone"/>
    </list>
    <list name="simultaneous_ring">
      <target uri="sip:+14255550199@fabrikam.example;user=phone"/>
    </list>
    <flags name="clientflags" value="work_hours simultaneous_ring enablecf"/>
    <wait name="total" seconds="18"/>
  </preamble>
</routing>
`

func config(r phone.Rules) *phone.Config {
	c := phone.DefaultConfig()
	c.Lines = []phone.LineConfig{{AOR: "sip:100@pbx.example"}}
	c.Plan = phone.NumberPlan{Country: "49", International: "00", National: "0", Extension: 3}
	c.Rules = r
	return &c
}

func TestADocumentIsUnderstood(t *testing.T) {
	base := phone.Rules{DND: true, Voicemail: "*97", Busy: phone.Forward{On: true, To: "201"}, Blocked: []string{"202"}, TeamRing: true, Team: []string{"203"}}
	got, err := Read([]byte(sample), base)
	want := phone.Rules{DND: true, Voicemail: "*97", Busy: phone.Forward{On: true, To: "201"}, Blocked: []string{"202"}, RingFor: 18 * time.Second, WorkHours: true,
		Simultaneous: true, RingWith: []string{"sip:+14255550199@fabrikam.example;user=phone"}, NoAnswer: phone.Forward{On: true, To: "sip:+14255550100@fabrikam.example;user=phone"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n got %+v\nwant %+v", err, got, want)
	}
	if c := config(got); c.Validate() != nil {
		t.Errorf("it cannot be set: %v", c.Validate())
	}
	team := strings.NewReplacer(`version="1" min`, `version="2" min`, `value="`, `value="team_ring what_is_this `, `"total" seconds="18"`, `"user" seconds="10"/><wait name="team2" seconds="12"`).Replace(sample)
	if got, err := Read([]byte(team), base); err != nil || !got.TeamRing || got.RingFor != 22*time.Second {
		t.Errorf("%v: %+v", err, got)
	}
	if got, err := Read([]byte(strings.Replace(team, `version="2"`, `version="1"`, 1)), base); err != nil || got.TeamRing {
		t.Errorf("version 1 has no team: %v, %+v", err, got)
	}
}

// Every combination of flags, with and without lists, is the same bytes again.
func TestDocumentsComeBackBitByBit(t *testing.T) {
	if r, err := Read([]byte(sample), phone.Rules{}); err != nil || string(Write(config(r))) != sample {
		t.Errorf("%v:\n%s", err, Write(config(r)))
	}
	for n := range 1 << len(flags) {
		for _, members := range [][]string{nil, {"sip:a&b@x.example"}, {"sip:+4930@x.example;user=phone", "sip:b@x.example"}} {
			r := phone.Rules{RingFor: time.Duration(n%60+1) * time.Second}
			for i, f := range flags {
				*f.on(&r) = n>>i&1 == 1
			}
			for _, l := range lists {
				*l.of(&r) = members
			}
			if len(members) > 0 {
				r.NoAnswer.To = members[0]
				if r.Always.On && r.NoAnswer.On {
					r.Always.To = members[0]
				}
			}
			doc := Write(config(r))
			back, err := Read(doc, phone.Rules{})
			if again := Write(config(back)); err != nil || !bytes.Equal(again, doc) {
				t.Fatalf("%v:\n%s\n%s", err, doc, again)
			}
			if v2 := r.DelegateRing || r.TeamRing || r.SkipPrimary || len(members) > 0; !reflect.DeepEqual(back, r) && (len(members) > 0 || !r.NoAnswer.On) && v2 {
				t.Fatalf("%+v\n%+v", back, r)
			}
		}
	}
}

func TestNumbersBecomeAddresses(t *testing.T) {
	for to, want := range map[string]string{
		"030 1234": "sip:+49301234@pbx.example;user=phone", "201": "sip:201@pbx.example;user=phone", "*97#": "sip:*97%23@pbx.example;user=phone",
		"anna.berg": "sip:anna.berg@pbx.example", "anna@x.example": "sip:anna@x.example", "tel:+49301234": "tel:+49301234",
	} {
		if got := address(config(phone.Rules{}), "sip:100@pbx.example", to); got != want {
			t.Errorf("%s: %s, not %s", to, got, want)
		}
	}
	if doc := string(Element(config(phone.Rules{NoAnswer: phone.Forward{On: true, To: "201"}}), "sip:7@other.example")); !strings.Contains(doc, "sip:201@other.example") || !strings.HasPrefix(doc, "<routing") {
		t.Errorf("for another line: %s", doc)
	}
	r := phone.Rules{Always: phone.Forward{On: true, To: "201"}, NoAnswer: phone.Forward{On: true, To: "202"}, RingFor: time.Second}
	if doc := string(Write(config(r))); strings.Contains(doc, "202") || !strings.Contains(doc, "sip:201@") {
		t.Errorf("at once goes first: %s", doc)
	}
}

func TestWhatIsNoDocument(t *testing.T) {
	many := strings.Repeat(`<target uri="sip:a@x.example"/>`, phone.MaxRuleList+1)
	for name, doc := range map[string]string{
		"nothing":          "",
		"cut short":        sample[:len(sample)-20],
		"too long":         sample + strings.Repeat(" ", maxDocument),
		"entities":         `<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>` + sample,
		"other entities":   strings.Replace(sample, "work_hours", "&file;", 1),
		"another language": strings.Replace(sample, "utf-8", "utf-16", 1),
		"another document": strings.ReplaceAll(sample, "sip/routing", "sip/rooting"),
		"two":              sample + strings.TrimPrefix(sample, `<?xml version="1.0" encoding="utf-8"?>`),
		"another version":  strings.Replace(sample, `version="1" min`, `version="3" min`, 1),
		"too long a ring":  strings.Replace(sample, `"18"`, `"61"`, 1),
		"no ring":          strings.Replace(sample, `"18"`, `"0"`, 1),
		"a ring of words":  strings.Replace(sample, `"18"`, `"soon"`, 1),
		"a number":         strings.Replace(sample, "sip:+14255550199@fabrikam.example;user=phone", "112", 1),
		"nonsense":         strings.Replace(sample, "sip:+14255550199@fabrikam.example;user=phone", "a b", 1),
		"too many":         strings.Replace(sample, `<list name="simultaneous_ring">`, `<list name="team">`+many, 1),
		"unknown elements": strings.Replace(sample, "<flags", "<script/><flags", 1),
		"deep":             strings.Replace(sample, "<flags", strings.Repeat("<list>", 1000)+"<flags", 1),
		"words":            strings.Replace(sample, "<flags", "hello<flags", 1),
	} {
		if r, err := Read([]byte(doc), phone.Rules{DND: true}); err == nil || !reflect.DeepEqual(r, phone.Rules{DND: true}) {
			t.Errorf("%s is taken: %+v", name, r)
		} else if testing.Verbose() {
			fmt.Println(name+":", err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte(strings.Replace(sample, "work_hours", "team_ring block forward_immediate skip_primary delegate_ring", 1)))
	f.Fuzz(func(t *testing.T, doc []byte) {
		r, err := Read(doc, phone.Rules{})
		if err != nil {
			return
		}
		c := config(r)
		if err := c.Validate(); err != nil {
			t.Fatalf("what is read cannot be set: %v", err)
		}
		once := Write(c)
		back, err := Read(once, phone.Rules{})
		if again := Write(config(back)); err != nil || !bytes.Equal(once, again) {
			t.Fatalf("%v:\n%s\n%s", err, once, again)
		}
	})
}
