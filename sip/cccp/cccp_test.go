package cccp

import (
	"encoding/xml"
	"strings"
	"testing"
)

func TestAMuteIsAskedFor(t *testing.T) {
	m := Mute{ID: 7, Conference: "sip:anna@x.example;gruu;opaque=app:conf:focus:id:AB12", From: "sip:anna@x.example", User: "sip:jonas@x.example", Endpoint: "{9F}", Media: "1", On: true}
	got := string(m.XML())
	for _, want := range []string{`<request xmlns="urn:ietf:params:xml:ns:cccp" C3PVersion="1" to="sip:anna@x.example;gruu;opaque=app:conf:focus:id:AB12" from="sip:anna@x.example" requestId="7">`,
		`mcuUri="sip:anna@x.example;gruu;opaque=app:conf:audio-video:id:AB12"`,
		`<mediaKeys confEntity="sip:anna@x.example;gruu;opaque=app:conf:focus:id:AB12" userEntity="sip:jonas@x.example" endpointEntity="{9F}" mediaId="1"></mediaKeys>`,
		`<media xmlns="urn:ietf:params:xml:ns:conference-info" id="1">`, `<status>recvonly</status>`,
		`<media-ingress-filter xmlns="http://schemas.microsoft.com/rtc/2005/08/confinfoextensions">block</media-ingress-filter>`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	m.On = false
	if got := string(m.XML()); !strings.Contains(got, ">unblock<") || !strings.Contains(got, "<status>sendrecv<") {
		t.Error(got)
	}
	if !IsFocus(m.Conference) || IsFocus("sip:room1@x.example") {
		t.Error("a focus is not told from another address")
	}
}

const answer = `<?xml version="1.0"?><response xmlns="urn:ietf:params:xml:ns:cccp" C3PVersion="1" from="f" to="t" requestId="7" code="%"><modifyEndpointMedia reason="notAllowed"/></response>`

func TestAnswers(t *testing.T) {
	for code, want := range map[string]Answer{"success": {7, Done, ""}, "pending": {7, Pending, "notAllowed"}, "failure": {7, Refused, "notAllowed"}} {
		if got, err := Read([]byte(strings.Replace(answer, "%", code, 1))); got != want || err != nil {
			t.Errorf("%s: %+v, %v", code, got, err)
		}
	}
	for what, bad := range map[string]string{"no code": answer, "nothing": "", "no number": strings.Replace(answer, `"7"`, `"x"`, 1), "another document": "<response/>",
		"a document type": "<!DOCTYPE a>" + answer, "too long": answer + strings.Repeat(" ", maxBody)} {
		if got, err := Read([]byte(bad)); err == nil {
			t.Errorf("%s is read as %+v", what, got)
		}
	}
}

// Whatever a roster says a request can be read, and no answer does harm.
func FuzzCCCP(f *testing.F) {
	f.Add("sip:a@b", "<&\"\x00", []byte(strings.Replace(answer, "%", "failure", 1)))
	f.Fuzz(func(t *testing.T, conference, user string, body []byte) {
		var any struct{}
		m := Mute{Conference: conference, User: user, Endpoint: user, Media: conference}
		if err := xml.Unmarshal(m.XML(), &any); err != nil {
			t.Fatal(err)
		}
		if a, err := Read(body); err == nil && len(a.Reason) > maxReason {
			t.Fatalf("%+v", a)
		}
	})
}
