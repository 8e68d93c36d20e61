package phone

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

// profile reads rules written as pattern, translation and marks: i for internal, n for not on devices.
func profile(t testing.TB, access string, rules ...[3]string) *Profile {
	t.Helper()
	p := &Profile{Name: "redmond.example", Access: access, Optimize: access != ""}
	for _, r := range rules {
		pattern, err := ParsePattern(r[0])
		if err != nil {
			t.Fatal(err)
		}
		p.Rules = append(p.Rules, Rewrite{Pattern: pattern, Translation: r[1], Internal: strings.Contains(r[2], "i"), Device: !strings.Contains(r[2], "n")})
	}
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	return p
}

// redmond is a place as the seeds have it: four digits are colleagues, 9 leads outside.
func redmond(t testing.TB) *Profile {
	return profile(t, "9",
		[3]string{`^(7\d{3})$`, `$1;phone-context=redmond.example`, "i"},
		[3]string{`^(\d{4})$`, `+1425555$1`, "i"},
		[3]string{`^1?(\d{10})$`, `+1$1`, ""},
		[3]string{`011(\d{4,})`, `+$1`, ""},
		[3]string{`^(\d{2})$`, `+142555500$1`, ""})
}

func TestFirstRuleOfTheProfileWins(t *testing.T) {
	c := DefaultConfig()
	c.Plan, c.Profile = boston, redmond(t)
	c.Pages = []string{"7000"}
	for typed, want := range map[string]Number{
		"1234":                               {E164: "+14255551234", Target: "+14255551234", Rule: ProfileRule, Rewrite: 2, Internal: true},
		"7123":                               {Target: "7123;phone-context=redmond.example", Rule: ProfileRule, Rewrite: 1, Internal: true},
		"(617) 555-0142":                     {E164: "+16175550142", Target: "+16175550142", Rule: ProfileRule, Rewrite: 3},
		"9 1 617 555.0142":                   {E164: "+16175550142", Target: "+16175550142", Rule: ProfileRule, Rewrite: 3},
		"9011 49 30 1234":                    {E164: "+49301234", Target: "+49301234", Rule: ProfileRule, Rewrite: 4},
		"91234":                              {E164: "+191234", Target: "91234", Rule: NationalRule}, // the rule of extensions is not for outside
		"12345":                              {E164: "+112345", Target: "12345", Rule: NationalRule}, // anchored at both ends
		"+49 30 1234":                        {E164: "+49301234", Target: "+49301234", Rule: InternationalRule},
		"911":                                {Target: "911", Rule: EmergencyRule}, // though rule 5 makes a number of 11
		"9911":                               {Target: "911", Rule: EmergencyRule},
		"7000":                               {Target: "7000", Rule: PageRule},
		"*72":                                {Target: "*72", Rule: FeatureCode},
		"tel:+1-425-555-1234":                {E164: "+14255551234", Target: "+14255551234", Rule: InternationalRule},
		"tel:70-42;phone-context=bo.example": {Target: "7042;phone-context=bo.example"},
		"tel:911;phone-context=+1":           {Target: "911", Rule: EmergencyRule},
		"TEL:1234;ext=7":                     {E164: "+14255551234", Target: "+14255551234", Rule: ProfileRule, Rewrite: 2, Internal: true},
		"sip:1234@bo.example":                {Target: "sip:1234@bo.example", Rule: AddressRule},
	} {
		want.Typed = typed
		if got, err := c.Number(typed); err != nil || got != want {
			t.Errorf("%q: %v\n got %+v\nwant %+v", typed, err, got, want)
		}
	}
	for _, typed := range []string{"90114930123456789012", "7042;phone-context=a b", "a;phone-context=a", "tel:"} {
		if n, err := c.Number(typed); err != WrongNumber {
			t.Errorf("%q: %+v %v", typed, n, err)
		}
	}
	if got := c.Canonical("1234"); got != "+14255551234" {
		t.Errorf("an extension and its number are two: %s", got)
	}
}

func TestBadRulesAreNamed(t *testing.T) {
	for pattern, want := range map[string]string{
		`^(?=9)\d+$`: "look-around, (?=,", `^(?<!9)\d+$`: "look-around, (?<!,", `^(?!9)\d+$`: "look-around", `^(\d)\1$`: `a back reference, \1`, `(?<a>\d)\k<a>`: "a back reference",
		`^(?>\d+)$`: "atomic group", `^(?(1)a|b)$`: "condition", `^(\d$`: "no regular expression", `\d{2000}`: "no regular expression", `(\d{100}){9}\d{900}\d{900}`: "repeats too much",
		"": "1 to 255", strings.Repeat("1", 256): "1 to 255",
	} {
		if _, err := ParsePattern(pattern); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", pattern, err, want)
		}
	}
	for _, row := range [][3]string{
		{`^(\d{4})$`, `1399`, "must begin with + or carry"}, {`^\d{4}$`, `+1425555$1`, "the pattern has 0"}, {`^(\d)$`, `+1$`, "needs a digit"}, {`^(\d)$`, `+1$0`, "needs a digit"},
		{`^(\d)$`, `$1;phone-context=a/b`, "must begin"}, {`^(\d)$`, `+1;phone-context=b`, "must begin"}, {`^(\d)$`, `+1$1;x=y`, "must begin"}, {`^(\d)$`, strings.Repeat("1", 256), "longer"},
	} {
		p := *redmond(t)
		pattern, err := ParsePattern(row[0])
		if err != nil {
			t.Fatal(err)
		}
		p.Rules = append(p.Rules[:1:1], Rewrite{Pattern: pattern, Translation: row[1]})
		if err := p.Validate(); err == nil || !strings.HasPrefix(err.Error(), "rule 2, "+row[0]+": ") || !strings.Contains(err.Error(), row[2]) {
			t.Errorf("%s => %s: %v", row[0], row[1], err)
		}
	}
	for want, wrong := range map[string]func(*Profile){
		"name": func(p *Profile) { p.Name = "" }, "no rule": func(p *Profile) { p.Rules = nil }, "at most 256": func(p *Profile) { p.Rules = make([]Rewrite, 257) },
		"prefix": func(p *Profile) { p.Access = "90000" }, "printable": func(p *Profile) { p.Name = "a\nb" },
	} {
		p := *redmond(t)
		wrong(&p)
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// Numbers behind the access prefix, and extensions, go out by themselves; what may still become a call for help waits.
func TestNumbersAreDialledAsTheyAreTyped(t *testing.T) {
	for typed, want := range map[string]string{
		"1234":         "sent 1234",
		"91617555":     "not yet",
		"916175550142": "sent 916175550142",
		"96175550142":  "sent 96175550142",
		"61755501423":  "sent 6175", // begun without the prefix it is an extension
		"91":           "not yet",
		"911":          "in 4s", // 11 is a number by the last rule, but 91 may become 911
		"912":          "in 4s",
		"9011493012":   "in 4s",
	} {
		b := oneLine(t)
		b.s.Config.DigitMap, b.s.Config.Plan, b.s.Config.Profile = "5", boston, redmond(t)
		b.do(Dial{})
		var got string
		for _, d := range typed {
			b.do(Digit{Digit: d})
			got = "not yet"
			for _, e := range b.effects {
				switch e := e.(type) {
				case SendInvite:
					got = "sent " + b.s.Calls[0].Digits
				case StartTimer:
					if e.ID.Kind == InterDigit {
						got = "in " + e.After.Round(time.Second).String()
					}
				}
			}
			if strings.HasPrefix(got, "sent") {
				break
			}
		}
		if got != want {
			t.Errorf("%s: %s, want %s", typed, got, want)
		}
	}
}

func TestStepsOfANumberAreTold(t *testing.T) {
	c := DefaultConfig()
	c.Plan, c.Profile = boston, redmond(t)
	for typed, want := range map[string]string{
		"(617) 555-0142":            "stripped 6175550142|profile redmond.example|missed 1|missed 2|matched 3 +16175550142",
		"9-1234":                    "stripped 91234|profile redmond.example|access 1234|passed 1|passed 2|missed 3|missed 4|missed 5|norule|plan 3 +191234",
		"911":                       "emergency",
		"+1 425":                    "stripped +1425|global",
		"*21#":                      "feature",
		"anna@bo":                   "address",
		"7;phone-context=b.example": "context b.example",
		"011493012345678901234":     "profile redmond.example|missed 1|missed 2|missed 3|matched 4 +493012345678901234|wrong +493012345678901234",
	} {
		n, steps, err := c.Explain(typed)
		var words []string
		for _, s := range steps {
			w := s.Kind.String()
			if s.Rule > 0 {
				w += " " + string(rune('0'+s.Rule))
			}
			if s.To != "" {
				w += " " + s.To
			}
			words = append(words, w)
		}
		if got := strings.Join(words, "|"); got != want {
			t.Errorf("%s:\n got %s\nwant %s", typed, got, want)
		}
		if again, err2 := c.Number(typed); again != n || err2 != err {
			t.Errorf("%s is %+v, %v and %+v, %v", typed, n, err, again, err2)
		}
	}
}

func TestNumbersAsAddresses(t *testing.T) {
	const context = "7123;phone-context=redmond.example"
	for _, row := range []struct{ target, aor, phone, plain, tel string }{
		{"+14255551234", "sip:100@pbx.example", "sip:+14255551234@pbx.example;user=phone", "sip:+14255551234@pbx.example", "tel:+14255551234"},
		{context, "sip:100@pbx.example", "sip:" + context + "@pbx.example;user=phone", "sip:" + context + "@pbx.example", "tel:" + context},
		{"201", "sips:100@pbx.example:5061", "sips:201@pbx.example:5061", "sips:201@pbx.example:5061", "tel:201;phone-context=pbx.example"},
		{"*21#", "sip:100@192.0.2.1", "sip:*21%23@192.0.2.1", "sip:*21%23@192.0.2.1", "sip:*21%23@192.0.2.1"},
		{"anna", "sip:100@pbx.example", "sip:anna@pbx.example", "sip:anna@pbx.example", "sip:anna@pbx.example"},
		{"anna@bo.example", "sip:100@pbx.example", "sip:anna@bo.example", "sip:anna@bo.example", "sip:anna@bo.example"},
		{"tel:1;ext=2", "sip:100@pbx.example", "sip:1;ext=2@pbx.example;user=phone", "sip:1;ext=2@pbx.example", "tel:1;ext=2"},
	} {
		for form, want := range map[URIForm]string{PhoneURI: row.phone, PlainURI: row.plain, TelURI: row.tel} {
			if got := form.URI(row.target, row.aor); got != want {
				t.Errorf("%s as %s: %s, want %s", row.target, form, got, want)
			}
		}
	}
}

// A flight record holds the profile, and gives it back.
func TestProfileIsRecorded(t *testing.T) {
	p := redmond(t)
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var again Profile
	if err := json.Unmarshal(text, &again); err != nil || !reflect.DeepEqual(*p, again) {
		t.Errorf("%v: %s makes %+v", err, text, again)
	}
}

// Whatever a rule says, what comes out is a number or refused; and a number that the pattern matches was one that
// could be seen coming at each of its digits.
func FuzzProfile(f *testing.F) {
	for _, s := range [][3]string{{`^(\d{4})$`, "+1425555$1", "1234"}, {`^9?(\d{10})$`, "+1$1", "96175550142"}, {`(7)(\d+)`, "$1$2;phone-context=a.b", "7123"}, {`(\+\d+|0*)`, "$1", "+1"}, {`\b5(?m:$|^)\B`, "+5", "5"}} {
		f.Add(s[0], s[1], s[2], "9")
	}
	f.Fuzz(func(t *testing.T, pattern, translation, typed, access string) {
		re, err := ParsePattern(pattern)
		if err != nil {
			return
		}
		c := DefaultConfig()
		c.Profile = &Profile{Name: "x", Rules: []Rewrite{{Pattern: re, Translation: translation, Device: true}}, Access: access, Optimize: true}
		if c.Validate() != nil {
			return
		}
		n, steps, err := c.Explain(typed)
		if err == nil && n.Rule == ProfileRule {
			number, context := cutContext(n.Target)
			if !wellFormed(number, context) || len(steps) < 2 || n.E164 != "" && !isE164(n.E164) {
				t.Fatalf("%q makes %+v by %v", typed, n, steps)
			}
		}
		digits := strip(typed)
		if len(digits) > maxNumber || strings.ContainsFunc(digits, isNoDialKey) || !strings.Contains(pattern, `\b`) && !strings.Contains(pattern, `\B`) && re.groups(digits) == nil {
			return
		}
		for i := range digits {
			if re.groups(digits) != nil && !re.more(digits[:i]) {
				t.Fatalf("%s matches %s, and was not seen coming at %q", pattern, digits, digits[:i])
			}
		}
	})
}
