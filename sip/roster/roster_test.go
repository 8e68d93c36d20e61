package roster

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// doc is a document of a version and a state.
func doc(version int, state, inner string) []byte {
	return fmt.Appendf(nil, `<?xml version="1.0" encoding="UTF-8"?>
<conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity="sip:room1@pbx.example" state="%s" version="%d">%s</conference-info>`, state, version, inner)
}

func user(entity, state, name, status, audio string) string {
	return fmt.Sprintf(`<user entity="%[1]s" state="%[2]s"><display-text>%[3]s</display-text><endpoint entity="%[1]s;e" state="%[2]s"><status>%[4]s</status>
<media id="1"><type>audio</type><status>%[5]s</status></media></endpoint></user>`, entity, state, name, status, audio)
}

// say writes who is in.
func say(r *Roster) string {
	var out []string
	for i := range r.Users {
		u := &r.Users[i]
		word := u.Display + " " + string(u.Status())
		if u.Muted() {
			word += " muted"
		}
		out = append(out, word)
	}
	return strings.Join(out, ", ")
}

func TestWhoComesAndGoes(t *testing.T) {
	var r Roster
	for _, s := range []struct {
		body []byte
		err  error
		want string
	}{
		{doc(4, "partial", ""), ErrMissed, ""}, // RFC 4575 §4.6: a whole one must come first
		{doc(5, "full", `<conference-description><subject>Friday</subject></conference-description><conference-state><user-count>2</user-count></conference-state><users>`+
			user("sip:a@x", "full", "Anna", "connected", "sendrecv")+user("sip:b@x", "full", "Ben", "alerting", "sendrecv")+`</users>`), nil,
			"Anna connected, Ben alerting"},
		{doc(6, "partial", `<users state="partial"><user entity="sip:b@x" state="partial"><endpoint entity="sip:b@x;e" state="partial"><status>connected</status></endpoint></user></users>`), nil,
			"Anna connected, Ben connected"},
		{doc(6, "partial", `<users state="partial">`+user("sip:b@x", "deleted", "", "", "")+`</users>`), ErrStale, "Anna connected, Ben connected"},
		{doc(8, "partial", `<users state="partial">`+user("sip:b@x", "deleted", "", "", "")+`</users>`), ErrMissed, "Anna connected, Ben connected"},
		{doc(7, "partial", `<users state="partial">`+user("sip:a@x", "deleted", "", "", "")+user("sip:c@x", "full", "Carl", "connected", "recvonly")+`</users>`), nil,
			"Ben connected, Carl connected muted"},
		{doc(8, "partial", `<users state="partial"><user entity="sip:b@x" state="full"><endpoint entity="z"><status>muted-via-focus</status></endpoint></user></users>`), nil,
			" muted-via-focus muted, Carl connected muted"},
		{doc(9, "full", `<users>`+user("sip:d@x", "full", "Dora", "on-hold", "sendrecv")+`</users>`), nil, "Dora on-hold"},
		{doc(10, "deleted", ""), nil, ""},
	} {
		if err := r.Apply(s.body); !errors.Is(err, s.err) {
			t.Errorf("%s: %v, not %v", s.body, err, s.err)
		}
		if got := say(&r); got != s.want {
			t.Errorf("after %s: %q, not %q", s.body, got, s.want)
		}
	}
}

func TestTheConferenceItself(t *testing.T) {
	var r Roster
	if err := r.Apply(doc(1, "", `<conference-description><display-text>Friday</display-text></conference-description><conference-state><user-count>70000</user-count></conference-state>`)); err != nil {
		t.Fatal(err)
	}
	if r.Entity != "sip:room1@pbx.example" || r.Subject != "Friday" || r.Count != 1<<16 {
		t.Errorf("%+v", r)
	}
}

func TestWhatIsRefused(t *testing.T) {
	r := Roster{}
	if err := r.Apply(doc(1, "full", `<users>`+user("sip:a@x", "full", "Anna", "connected", "sendrecv")+`</users>`)); err != nil {
		t.Fatal(err)
	}
	many := strings.Builder{}
	for i := range MaxUsers + 1 {
		fmt.Fprintf(&many, `<user entity="sip:%d@x"/>`, i)
	}
	for name, body := range map[string][]byte{
		"too long":      doc(2, "full", strings.Repeat(" ", maxBody)),
		"too deep":      doc(2, "full", strings.Repeat("<a>", 20)+strings.Repeat("</a>", 20)),
		"too many":      doc(2, "full", `<users>`+many.String()+`</users>`),
		"a DTD":         append([]byte(`<!DOCTYPE x [<!ENTITY a "b">]>`), doc(2, "full", "")...),
		"an entity":     doc(2, "full", "<users><user entity=\"a\"><display-text>&a;</display-text></user></users>"),
		"nobody":        doc(2, "full", `<users><user/></users>`),
		"another state": doc(2, "half", ""),
		"another thing": []byte(`<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info"/>`),
		"not closed":    doc(2, "full", "<users>"),
		"nothing":       nil,
	} {
		if err := r.Apply(body); err == nil || errors.Is(err, ErrStale) || say(&r) != "Anna connected" {
			t.Errorf("%s: %v, %s", name, err, say(&r))
		}
	}
}

// FuzzApply: no sequence of documents breaks a bound, or changes what was given away before.
func FuzzApply(f *testing.F) {
	f.Add(doc(1, "full", `<users>`+user("sip:a@x", "full", "Anna", "connected", "sendrecv")+`</users>`),
		doc(2, "partial", `<users state="partial">`+user("sip:a@x", "partial", "", "on-hold", "inactive")+user("sip:b@x", "deleted", "", "", "")+`</users>`))
	f.Add(doc(7, "", `<conference-description/>`), doc(8, "deleted", ""))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		var r Roster
		if r.Apply(a) != nil {
			return
		}
		before := fmt.Sprintf("%+v", r.Users)
		held := r.Users
		err := r.Apply(b)
		if got := fmt.Sprintf("%+v", held); got != before {
			t.Fatalf("given away %s, and it became %s", before, got)
		}
		if err != nil && fmt.Sprintf("%+v", r.Users) != before {
			t.Fatalf("%v changed %s", err, before)
		}
		if len(r.Users) > MaxUsers || len(r.Subject) > maxText {
			t.Fatalf("%d users of %q", len(r.Users), r.Subject)
		}
		for i := range r.Users {
			u := &r.Users[i]
			if u.Entity == "" || len(u.Endpoints) > maxEndpoints || u.Status() == "" {
				t.Fatalf("%+v", u)
			}
		}
	})
}
