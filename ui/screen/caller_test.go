package screen

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/sip/names/hostile"
)

// clean fails on a text that holds what turns or hides others.
func clean(t *testing.T, where, name string, texts []string) {
	t.Helper()
	for _, s := range texts {
		if strings.ContainsFunc(s, func(r rune) bool {
			return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d' || unicode.Is(unicode.Co, r)
		}) {
			t.Errorf("%s: of %q it shows %q", where, name, s)
		}
	}
}

// TestHostileNamesOnEveryPage: whatever a caller, a record of the log or a contact is called, the number is to be seen where
// it calls, talks, is listed and is looked at, and nothing on the page is turned or hidden.
func TestHostileNamesOnEveryPage(t *testing.T) {
	const number, written = "+12155550121", "+1 215 555 0121"
	d := newDesk(t, fourKeys, Options{Theme: "dark", Language: "en"})
	d.log = nil
	sees := func(where, name string) {
		t.Helper()
		clean(t, where, name, d.texts())
		if !slices.ContainsFunc(d.texts(), func(s string) bool { return strings.Contains(s, written) }) {
			t.Errorf("%s: %q hides the number: %q", where, name, d.texts())
		}
	}
	for _, n := range hostile.Names() {
		who := phone.Peer{Name: n.Shown, Number: number, URI: "sip:" + number + "@nordwerk.example"}
		d.st = withCalls(shown(who, phone.Proof{}, phone.Peer{}))
		d.paint()
		sees("ringing", n.Sent)
		if n.Shown != "" && !slices.ContainsFunc(d.texts(), func(s string) bool { return strings.HasPrefix(n.Shown, strings.TrimSuffix(s, "…")) }) {
			t.Errorf("%q is not shown: %q", n.Shown, d.texts())
		}
		d.st = withCalls(talking(1, who, time.Minute))
		d.paint()
		sees("talking", n.Sent)
	}
	for _, n := range hostile.Names() { // a record from before names were cleaned
		r := remembered(record(at(14, 5), phone.Incoming, number, time.Minute))
		r.Remote.Name = n.Sent
		d = newDesk(t, fourKeys, Options{Theme: "dark", Language: "en"})
		missed := record(at(14, 5), phone.Incoming, number, 0)
		missed.Remote.Name = n.Sent
		d.enter(situation{state: idle(), setUp: func(d *desk) { d.log = history{missed} }})
		sees("home", n.Sent)
		d.enter(situation{state: idle(), keys: []hal.Key{hal.Soft2}, setUp: func(d *desk) { d.log = history{r} }})
		sees("log", n.Sent)
		d.press(hal.OK)
		sees("record", n.Sent)
		d.press(hal.Soft2)
		if sees("sound", n.Sent); !slices.Contains(d.texts(), "Sound quality") {
			t.Errorf("this is not the page of the sound: %q", d.texts())
		}
		d.book.people = []Contact{{"1", n.Sent, n.Sent, []Number{{"work", number}}}}
		d.st = withCalls(shown(phone.Peer{Number: number}, phone.Proof{}, phone.Peer{}))
		d.paint()
		sees("a contact rings", n.Sent)
		people := d.book.people
		d = newDesk(t, fourKeys, Options{Theme: "dark", Language: "en"})
		d.enter(situation{state: idle(), keys: []hal.Key{hal.Soft3}, setUp: func(d *desk) { d.book.people = people }})
		clean(t, "contacts", n.Sent, d.texts()) // a name of one's own book may stand alone
		d.press(hal.OK)
		sees("contact", n.Sent)
	}
}

// TestWhatANumberIsWorth is said in the words of who found it out, also in the log.
func TestWhatANumberIsWorth(t *testing.T) {
	for _, c := range []struct {
		proof phone.Proof
		want  string
		why   string
	}{
		{phone.Proof{}, "", ""},
		{phone.Proof{Doubt: phone.NoCertificate, Here: true}, "", ""}, // nobody could look: no verdict
		{phone.Proof{Verdict: phone.Verified, Here: true, Attest: "A"}, "Verified caller", ""},
		{phone.Proof{Verdict: phone.Verified}, "Verified caller", ""},
		{phone.Proof{Verdict: phone.Verified, Attest: "B"}, "Caller known", "nobody vouches for the number"},
		{phone.Proof{Verdict: phone.Verified, Attest: "C"}, "Caller not known", "the call came through a gateway"},
		{phone.Proof{Verdict: phone.NotVerified, Doubt: phone.Stale}, "Number not verified", "the proof is not of now"},
		{phone.Proof{Verdict: phone.NotVerified, Doubt: phone.ServerDoubts}, "Number not verified", "says the network"},
	} {
		d := wide(t)
		d.log = nil
		d.enter(situation{state: withCalls(shown(claims("Bank", "+12155550121"), c.proof, phone.Peer{}))})
		for _, s := range []string{"Verified caller", "Caller known", "Caller not known", "Number not verified"} {
			if got := slices.Contains(d.texts(), s); got != (s == c.want) {
				t.Errorf("%+v: %q is shown: %v", c.proof, s, got)
			}
		}
		if c.why != "" && !slices.Contains(d.texts(), c.why) {
			t.Errorf("%+v: no %q in %q", c.proof, c.why, d.texts())
		}
		if keys := d.press(hal.Soft1); len(keys) != 1 || keys[0] != (phone.Answer{Call: 1}) {
			t.Errorf("%+v: it cannot be answered: %v", c.proof, keys)
		}
		r := record(at(14, 5), phone.Incoming, "+12155550121", 0)
		r.Proof, r.ForwardedBy = c.proof, mira
		d = wide(t)
		d.enter(situation{state: idle(), keys: []hal.Key{hal.Soft2, hal.OK}, setUp: func(d *desk) { d.log = history{r} }})
		for _, want := range []string{c.want, c.why, "forwarded by Mira Patel"} {
			if got := strings.Join(d.texts(), " "); !strings.Contains(got, want) {
				t.Errorf("the log has %q, want %q", got, want)
			}
		}
	}
}

func TestTheNumberIsHiddenByAKey(t *testing.T) {
	d := wide(t)
	d.st = withCalls(phone.Call{ID: 1, State: phone.Dialing, Began: now, Since: now})
	d.paint()
	if got := d.press(hal.Soft2); len(got) != 1 || got[0] != (phone.WithholdNumber{On: true}) {
		t.Errorf("%v", got)
	}
	d.st.Calls[0].Withheld = true
	d.paint()
	if !slices.Contains(d.texts(), "Your number will not be shown") {
		t.Errorf("%q", d.texts())
	}
	if got := d.press(hal.Soft2); len(got) != 1 || got[0] != (phone.WithholdNumber{}) {
		t.Errorf("%v", got)
	}
}
