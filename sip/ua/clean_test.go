package ua

import (
	"testing"
	"time"

	"opendeskphone/sip/stack"
)

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{"1234": "1234", "*21#": "*21%23", "a b@c": "a%20b%40c", "+49(0)30": "+49(0)30", "é": "%C3%A9"} {
		if got := escape(in); got != want || unescape(got) != in {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func TestDestination(t *testing.T) {
	a := &account{p: profile{aor: stack.Uri{Scheme: "sip", User: "alice", Host: "phone.test"}}}
	for in, want := range map[string]string{
		"1234": "sip:1234@phone.test;user=phone", "bob": "sip:bob@phone.test", "bob@example.com": "sip:bob@example.com",
		"sip:bob@example.com:5070;transport=tcp?Subject=x": "sip:bob@example.com:5070;transport=tcp",
		"tel:+49-30-123;phone-context=x":                   "tel:+49-30-123;phone-context=x",
		"sips:bob@example.com":                             "sips:bob@example.com", "": "", "sip:": "", "sip:bob@x\r\nRoute: y": "",
	} {
		uri, err := a.destination(in)
		if (err != nil) != (want == "") || err == nil && uri.String() != want {
			t.Errorf("%q: %s %v, want %q", in, uri.String(), err, want)
		}
	}
}

func TestReason(t *testing.T) {
	for in, want := range map[string]string{
		`SIP;cause=200;text="Call completed elsewhere"`: "200 Call completed elsewhere",
		`Q.850;cause=16;text="Normal", SIP ;cause=600`:  "600 ",
		`Q.850;cause=17;text="a, \"b\"; c"`:             "17 a, \"b\"; c",
		`SIP;cause=99999999999999999999;text=x`:         "0 x",
		`preemption`:                                    "0 ",
		"SIP;cause=486;text=\"\u202Eevil\"":             "486 evil",
	} {
		res := stack.NewResponse(200, "")
		res.AppendHeader(stack.NewHeader("Reason", in))
		if cause, text := reasonOf(res); itoa(cause)+" "+text != want {
			t.Errorf("%s: %d %q", in, cause, text)
		}
	}
}

// TestBackoff holds the rhythm of each fault within its bounds.
func TestBackoff(t *testing.T) {
	rows := []struct {
		f        Fault
		n        int
		since    time.Duration
		after    time.Duration
		low, top time.Duration
	}{
		{Unreachable, 1, 0, 0, 2 * time.Second, 4 * time.Second},
		{Unreachable, 50, 9 * time.Minute, 0, 2 * time.Second, 4 * time.Second},
		{Unreachable, 1000, time.Hour, 0, 15 * time.Minute, 30 * time.Minute},
		{WrongPassword, 1, 0, 0, 5 * time.Minute, 10 * time.Minute},
		{WrongPassword, 100, time.Hour, 0, 5 * time.Minute, 30 * time.Minute},
		{Refused, 1, 0, 0, 5 * time.Minute, 10 * time.Minute},
		{ServerTrouble, 1, 0, 0, 15 * time.Second, 30 * time.Second},
		{ServerTrouble, 1 << 30, 0, 0, 15 * time.Minute, 30 * time.Minute},
		{CertExpired, 9, 0, 0, 2 * time.Minute, 5 * time.Minute},
		{ServerTrouble, 1, 0, 90 * time.Second, 90 * time.Second, 95 * time.Second},
		{ServerTrouble, 1, 0, 1 << 60, time.Hour, time.Hour + 5*time.Second},
	}
	for _, r := range rows {
		for _, random := range []float64{0, 0.5, 0.999} {
			if d := backoff(r.f, r.n, r.since, r.after, random); d < r.low || d > r.top {
				t.Errorf("%v: %v", r, d)
			}
		}
	}
}
