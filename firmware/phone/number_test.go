package phone

import (
	"regexp"
	"strings"
	"testing"
)

var berlin = NumberPlan{Country: "49", International: "00", National: "0", Area: "30", Extension: 3}
var boston = NumberPlan{Country: "1", International: "011", Extension: 4}
var madrid = NumberPlan{Country: "34", International: "00"} // closed: no national prefix

func TestNumber(t *testing.T) {
	for _, row := range []struct {
		plan        NumberPlan
		typed, e164 string
		target      string
		rule        Rule
	}{
		{berlin, "0171 555 0142", "+491715550142", "01715550142", NationalRule},
		{berlin, "+49 (171) 555-01.42", "+491715550142", "+491715550142", InternationalRule},
		{berlin, "0041 44 668/1800", "+41446681800", "0041446681800", InternationalRule},
		{berlin, "5550142", "+49305550142", "5550142", LocalRule},
		{berlin, "201", "", "201", InternalRule},
		{berlin, "00", "", "00", InternalRule},
		{berlin, "112", "", "112", EmergencyRule},
		{berlin, "*21*201#", "", "*21*201#", FeatureCode},
		{berlin, "+49*1", "", "+49*1", FeatureCode},
		{berlin, "0" + strings.Repeat("9", 14), "", "0" + strings.Repeat("9", 14), NationalRule},
		{boston, "6175550142", "+16175550142", "6175550142", NationalRule},
		{boston, "011 49 30 1234", "+49301234", "01149301234", InternationalRule},
		{boston, "1234", "", "1234", InternalRule},
		{madrid, "912 345 678", "+34912345678", "912345678", NationalRule},
		{NumberPlan{}, "0171 5550142", "", "01715550142", AsTyped},
		{NumberPlan{}, "+491715550142", "+491715550142", "+491715550142", InternationalRule},
		{NumberPlan{Country: "49", National: "0"}, "5550142", "", "5550142", AsTyped},
		{NumberPlan{Country: "49", National: "0", DialE164: true}, "0171 5550142", "+491715550142", "+491715550142", NationalRule},
		{NumberPlan{}, "sip:bo@example.org;transport=tcp", "", "sip:bo@example.org;transport=tcp", AddressRule},
		{NumberPlan{}, "bo@example.org", "", "bo@example.org", AddressRule},
		{NumberPlan{}, " anna-lena.berg ", "", "anna-lena.berg", AddressRule},
	} {
		c := DefaultConfig()
		c.Plan = row.plan
		got, err := c.Number(row.typed)
		want := Number{Typed: strings.TrimSpace(row.typed), E164: row.e164, Target: row.target, Rule: row.rule, Internal: row.rule == InternalRule}
		if err != nil || got != want {
			t.Errorf("%q: %v\n got %+v\nwant %+v", row.typed, err, got, want)
		}
	}
	for _, typed := range []string{"", " ", "+", "-", "...", "1+2", "++49", "a b", "a,b", "bo @x", "@", "sip:", "@x", "<sip:x@y>", "x@\n", "müller", "٣", strings.Repeat("1", 129)} {
		c := DefaultConfig()
		if n, err := c.Number(typed); err != WrongNumber {
			t.Errorf("%q is taken for %+v, %v", typed, n, err)
		}
	}
}

func TestCallingCode(t *testing.T) {
	for _, row := range []struct {
		e164, code, region string
		ok                 bool
	}{
		{"+491715550142", "49", "DE", true}, {"+12125550100", "1", "US", true}, {"+35312345", "353", "IE", true}, {"+4", "", "", false},
		{"+2101", "", "", false}, {"", "", "", false}, {"+998", "998", "UZ", true}, {"+ 1:", "", "", false},
	} {
		code, region, ok := CallingCode(row.e164)
		if code != row.code || region != row.region || ok != row.ok {
			t.Errorf("%s: %s %s %v", row.e164, code, region, ok)
		}
	}
}

func TestGroup(t *testing.T) {
	for e164, want := range map[string]string{
		"+491715550142": "+49 171 555 0142", "+4930123": "+49 30 123", "+493055502200": "+49 30 5550 2200", "+442079460018": "+44 20 7946 0018", "+4930": "+49 30", "+12125550100": "+1 212 555 0100", "+49": "+49", "+2": "+2", "": "",
	} {
		if got := Group(e164); want != got {
			t.Errorf("%s: got %q, want %q", e164, got, want)
		}
	}
}

func TestPlanValidate(t *testing.T) {
	for _, p := range []NumberPlan{{Country: "+49"}, {National: "123456789"}, {Area: "x"}, {International: " "}, {Extension: -1}, {Extension: 11}} {
		if p.Validate() == nil {
			t.Errorf("%+v passes", p)
		}
	}
	if err := berlin.Validate(); err != nil {
		t.Error(err)
	}
}

func TestConfigValidate(t *testing.T) {
	for key, wrong := range map[string]func(*Config){
		"lines":       func(c *Config) { c.Lines = make([]LineConfig, MaxLines+1) },
		"inter_digit": func(c *Config) { c.InterDigit = 0 },
		"ring_time":   func(c *Config) { c.RingTime = 1 << 60 },
		"call_time":   func(c *Config) { c.CallTime = -1 },
		"hands_free":  func(c *Config) { c.HandsFree = Handset },
		"digit_map":   func(c *Config) { c.DigitMap = "[" },
		"plan.area":   func(c *Config) { c.Plan.Area = "+" },
	} {
		c := DefaultConfig()
		wrong(&c)
		if err := c.Validate(); err == nil || !strings.HasPrefix(err.Error(), key+":") {
			t.Errorf("%s: %v", key, err)
		}
	}
	c := DefaultConfig()
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

var e164 = regexp.MustCompile(`^\+[0-9]{1,15}$`)

func FuzzNumber(f *testing.F) {
	for _, s := range []string{"0171 5550142", "+1 (617) 555", "*21#", "sip:a@b", "anna", "+", "a@", "110"} {
		f.Add(s, "49", "00", "0", "30", 3)
	}
	f.Fuzz(func(t *testing.T, typed, country, international, national, area string, extension int) {
		c := DefaultConfig()
		c.Plan = NumberPlan{country, international, national, area, extension, true}
		if c.Plan.Validate() != nil {
			return
		}
		n, err := c.Number(typed)
		if err != nil {
			if err != WrongNumber {
				t.Fatal(err)
			}
			return
		}
		if n.Target == "" || len(n.Target) > 2*maxNumber || strings.ContainsFunc(n.Target, func(r rune) bool { return r <= ' ' || r == 0x7f }) || n.Rule >= ruleCount {
			t.Fatalf("%q makes %+v", typed, n)
		}
		if n.E164 == "" {
			return
		}
		if !e164.MatchString(n.E164) {
			t.Fatalf("%q makes %+v", typed, n)
		}
		if again, err := c.Number(n.E164); err != nil || again.E164 != n.E164 {
			t.Fatalf("%q makes %q makes %q, %v", typed, n.E164, again.E164, err)
		}
		if strings.ReplaceAll(Group(n.E164), " ", "") != n.E164 {
			t.Fatalf("%s is grouped %s", n.E164, Group(n.E164))
		}
	})
}

// TestGatewaysTakeNumbersWithoutAServer: where the line's server is gone, numbers may be called for which there is a gateway.
func TestGatewaysTakeNumbersWithoutAServer(t *testing.T) {
	for _, r := range []struct {
		number string
		want   error
	}{
		{"030 555 0142", nil}, {"+4989123", nil}, {"200", nil}, {"300", LineDown}, {"+1555", LineDown}, {"sip:200@pbx.example", LineDown}, {"112", nil},
	} {
		b := oneLine(t)
		b.s.Config.Plan = NumberPlan{Country: "49", International: "00", National: "0", Extension: 3}
		b.s.Config.Gateways = []string{"+49", "2"}
		if err := b.try(Dial{Line: 1, Number: r.number}); err != r.want {
			t.Errorf("%s: %v, want %v", r.number, err, r.want)
		}
	}
}
