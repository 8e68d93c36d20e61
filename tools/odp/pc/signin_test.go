package pc

import (
	"strings"
	"testing"

	"opendeskphone/firmware/credentials"
)

// What is sealed is what the phone takes; with a realm the password itself is not in it.
func TestPhoneTakesWhatIsSealed(t *testing.T) {
	for name, a := range map[string]Account{
		"password": {AOR: "sip:Mufasa@host.com", Password: "Circle Of Life"},
		"digests":  {AOR: "sip:x@host.com", User: "Mufasa", Realm: "testrealm@host.com", Password: "Circle Of Life"},
	} {
		kind, doc, err := a.credential()
		if err != nil {
			t.Fatal(err)
		}
		c, err := credentials.Parse(doc)
		if err != nil || string(c.Kind) != kind || c.User != "Mufasa" {
			t.Errorf("%s: kind %q, user %q, %v", name, kind, c.User, err)
		}
		if told := strings.Contains(string(doc), "Circle"); told != (a.Realm == "") {
			t.Errorf("%s: the password itself goes to the phone: %v", name, told)
		}
		if a.Realm != "" && c.MD5 != "939e7578ed9e3c518a452acee763bce9" { // RFC 2617 §3.5's example
			t.Errorf("%s: digest %s", name, string(c.MD5))
		}
	}
}
