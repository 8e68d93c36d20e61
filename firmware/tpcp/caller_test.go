package tpcp

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/names/hostile"
)

// TestHostileNamesReachNoController: nothing that a name holds turns or hides what a controller shows beside it, also
// where a record is from before names were cleaned; what was cleaned passes whole, and the number always.
func TestHostileNamesReachNoController(t *testing.T) {
	s := phone.New(phone.DefaultConfig())
	for _, n := range hostile.Names() {
		for _, name := range []string{n.Sent, n.Shown} {
			who := phone.Peer{Name: name, Number: "+12155550121", URI: "sip:+12155550121@pbx.example"}
			c := phone.Call{ID: 1, State: phone.Ringing, Dir: phone.Incoming, Remote: who, ForwardedBy: who}
			call, entry := viewCall(&s, &c, nil, false), Logged(phone.Record{Remote: who, ForwardedBy: who})
			b, err := json.Marshal([]any{call, entry})
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range []string{call.LegB.Display, call.ForwardedBy.Display, entry.Display, entry.ForwardedBy.Display} {
				if text != call.LegB.Display || name == n.Shown && text != n.Shown {
					t.Errorf("%q is sent as %q", name, text)
				}
			}
			if strings.ContainsFunc(string(b), func(r rune) bool {
				return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && r != zwnj && r != zwj
			}) || strings.Count(string(b), `"number":"+12155550121"`) != 4 {
				t.Errorf("%q is sent as %s", name, b)
			}
		}
	}
}

func TestWhatANumberIsWorth(t *testing.T) {
	s := phone.New(phone.DefaultConfig())
	for proof, want := range map[phone.Proof]string{
		{}: "none  ", {Doubt: phone.NoCertificate, Here: true}: "none  noCertificate", {Verdict: phone.Verified, Attest: "B"}: "network B ",
		{Verdict: phone.Verified, Here: true, Attest: "A"}: "passport A ", {Verdict: phone.NotVerified, Here: true, Doubt: phone.Stale}: "failed  stale",
		{Verdict: phone.NotVerified, Doubt: phone.ServerDoubts}: "failed  network",
	} {
		c := phone.Call{ID: 1, State: phone.Ringing, Dir: phone.Incoming, Proof: proof}
		b, e := viewCall(&s, &c, nil, false).LegB, Logged(phone.Record{Proof: proof, Remote: phone.Peer{Hidden: true}})
		if got := b.Verified + " " + b.Attest + " " + b.Doubt; got != want {
			t.Errorf("%+v: %q, want %q", proof, got, want)
		}
		if got := e.Verified + " " + e.Attest + " " + e.Doubt; got != want || !e.Withheld {
			t.Errorf("%+v in the log: %q, want %q", proof, got, want)
		}
	}
	for d := phone.NoDoubt + 1; d < phone.DoubtCount; d++ {
		if doubts[d] == "" {
			t.Errorf("doubt %d has no word", d)
		}
	}
}
