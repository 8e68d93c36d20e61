package dial

import (
	"strings"
	"testing"
)

func TestLinks(t *testing.T) {
	for text, want := range map[string]Target{
		"tel:+49-30-5550-142":                    {"tel:+49305550142", "+49-30-5550-142"},
		"tel:%2B49305550142":                     {"tel:+49305550142", "+49305550142"},
		"TEL:+1(425)555.0123":                    {"tel:+14255550123", "+1(425)555.0123"},
		"tel:7042;phone-context=example.com":     {"7042", "7042"},
		"tel:5550142;phone-context=+4930":        {"tel:+49305550142", "+49305550142"},
		"callto:+49305550142":                    {"tel:+49305550142", "+49305550142"},
		"callto://030%205550%20142":              {"0305550142", "030 5550 142"},
		"callto:mira@example.com":                {"sip:mira@example.com", "mira@example.com"},
		"sip:Mira@Example.COM":                   {"sip:Mira@example.com", "Mira@example.com"},
		"sip:101@192.0.2.1:5070;transport=tcp":   {"sip:101@192.0.2.1:5070;transport=tcp", "101@192.0.2.1:5070"},
		"sips:m@[2001:db8::1]:5061":              {"sips:m@[2001:db8::1]:5061", "m@[2001:db8::1]:5061"},
		"sip:m@[2001:db8::1]":                    {"sip:m@[2001:db8::1]", "m@[2001:db8::1]"},
		"sip:+49305550142@gw.example;user=phone": {"sip:+49305550142@gw.example;user=phone", "+49305550142@gw.example"},
	} {
		if got, err := Link(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func TestLinksThatCouldDoMoreAreRefused(t *testing.T) {
	for text, why := range map[string]string{
		"":                                "nothing to call",
		"tel:":                            "nothing to call",
		"tel:*21*0900123%23":              "service codes",
		"tel:%2A%2306%23":                 "service codes",
		"sip:*21@example.com":             "service codes",
		"callto:**21*1%23":                "service codes",
		"tel:+49;ext=12":                  `parameter "ext"`,
		"tel:+49;rn=1":                    `parameter "rn"`,
		"tel:+1234567890123456":           "no telephone number",
		"tel:+49\r\nX: y":                 "belong into no link",
		"tel:+49%0d%0aX":                  "belong into no link",
		"tel:+49%zz":                      "wrong %",
		"sip:a@b?Replaces=x":              "header fields",
		"sip:a:secret@b":                  "password",
		"sip:a%3Asecret@b":                "password",
		"sip:b":                           "user@host",
		"sip:////@b":                      "user part",
		"sip:a@b;maddr=192.0.2.1":         `parameter "maddr=192.0.2.1"`,
		"sip:a@b:99999x":                  "port",
		"sip:a@-b":                        "host",
		"sip:a@[::1":                      "host",
		"sip:a@[::%25 ]":                  "host",
		"sip:a@[fe80::1%eth0]:5060":       "host",
		"sip:a@[192.0.2.1]":               "host",
		"sip:a@b@c":                       "host",
		"javascript:alert(1)":             "scheme",
		"030":                             "no scheme",
		"tel:" + strings.Repeat("1", 300): "longer",
		"sip:ü@b":                         "belong into no link",
	} {
		if got, err := Link(text); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %+v, %v; want a word about %q", text, got, err, why)
		}
	}
}

func TestTyped(t *testing.T) {
	for text, want := range map[string]string{
		" 030 5550 142 ": "0305550142", "*21*5#": "*21*5#", "+49 (30) 5550-142": "+49305550142", "101": "101",
		"mira@example.com": "sip:mira@example.com", "tel:+4930": "tel:+4930",
	} {
		if got, err := Typed(text); err != nil || got.To != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "mira", "+", "a:b", "1\n2"} {
		if got, err := Typed(text); err == nil {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func TestReadable(t *testing.T) {
	for uri, want := range map[string]string{
		"tel:+4930": "+4930", "sip:101@192.0.2.1:5070;transport=tcp": "101", "sip:mira@example.com": "mira@example.com", "sips:%2B49@x": "+49", "": "", "7042": "7042",
	} {
		if got := Readable(uri); got != want {
			t.Errorf("%q reads %q, want %q", uri, got, want)
		}
	}
}

// FuzzLink: whatever a page sends, a target is plain text that reads the same once more.
func FuzzLink(f *testing.F) {
	for _, s := range []string{"tel:+49-30", "sip:a@b:5060;transport=tcp", "callto://x@y", "tel:1;phone-context=+49", "sips:m@[::1]:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Link(s)
		if err != nil {
			return
		}
		if plain(got.To) != nil || plain(got.Shown) != nil || strings.ContainsAny(got.To, "?*# <>\"") {
			t.Fatalf("%q became %+v", s, got)
		}
		again, err := Typed(got.To)
		if err != nil || again.To != got.To {
			t.Fatalf("%q became %q, which reads as %+v, %v", s, got.To, again, err)
		}
	})
}
