package lines

import (
	"testing"
	"testing/synctest"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/offer"
	"opendeskphone/sip/ua"
)

// Rules go to the servers of the OCS dialect, each in the words of its line, also of a line that is new; what becomes of them is
// told to the centre.
func TestRulesGoToServers(t *testing.T) {
	inWorld(t, offer.Off, func(w *world) {
		rules := ""
		w.OnRules(func(aor string) []byte {
			if rules == "" {
				return nil
			}
			return []byte(rules + " for " + aor)
		})
		set := func(to string) { rules = to; w.ask(phone.HandRules{}) }
		has := func(docs ...string) {
			t.Helper()
			synctest.Wait()
			for i, doc := range docs {
				if got := w.docs[ua.AccountID(i)]; got != "routing "+doc {
					t.Errorf("the server of line %d is to have %q, not %q", i, got, doc)
				}
			}
		}
		ocs := Line{Account: ua.Account{AOR: "sip:anna@ocs.example", Dialect: ua.OCS}}
		direct := ocs
		direct.Account.Direct = true
		w.Configure([]Line{ocs, {Account: ua.Account{AOR: "sip:anna@example.com"}}, direct})
		has("", "", "")
		set("201")
		has("201 for sip:anna@ocs.example", "", "")
		w.Configure([]Line{{Account: ua.Account{AOR: "sip:anna@example.com"}}, ocs})
		has("", "201 for sip:anna@ocs.example")
		set("202")
		has("", "202 for sip:anna@ocs.example")
		set("")
		has("", "")

		w.done = nil
		for _, e := range []ua.Published{{Account: 1, Event: "routing", State: ua.Pending}, {Account: 1, Event: "presence", State: ua.Kept}, {Account: 1, Event: "routing", State: ua.Kept},
			{Account: 1, Event: "routing", State: ua.Pending, Code: 501, Text: "Not Implemented"}, {Account: 1, Event: "routing", State: ua.Pending, Text: "no answer"}, {Account: 1, Event: "routing"}} {
			w.ask(e)
		}
		w.wantDone(phone.RulesHanded{Line: 1, Handed: phone.RulesPending}, phone.RulesHanded{Line: 1, Handed: phone.RulesTaken},
			phone.RulesHanded{Line: 1, Handed: phone.RulesPending, Why: "501 Not Implemented"}, phone.RulesHanded{Line: 1, Handed: phone.RulesPending, Why: "no answer"},
			phone.RulesHanded{Line: 1, Handed: phone.RulesHere})
	})
}
