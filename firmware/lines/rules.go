package lines

import (
	"strconv"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/ua"
)

// routing is the category of rules for calls that come in ([MS-SIPRE] §3.9).
const routing = "routing"

// OnRules sets what writes the rules of the phone for the server of a line; nil are none. Before Run.
func (a *Adapter) OnRules(fn func(aor string) []byte) { a.rules = fn }

// handRules gives the rules to the servers of the OCS dialect, which act on them.
func (a *Adapter) handRules() {
	for i := range a.lines {
		var doc []byte
		if acc := &a.lines[i].Account; a.rules != nil && acc.Dialect == ua.OCS && !acc.Direct {
			doc = a.rules(acc.AOR)
		}
		a.agent.PublishCategory(ua.AccountID(i), routing, doc)
	}
}

var handed = map[ua.PublicationState]phone.Handed{ua.Withdrawn: phone.RulesHere, ua.Pending: phone.RulesPending, ua.Kept: phone.RulesTaken}

// published tells what the server of a line does with the rules.
func (a *Adapter) published(e ua.Published) {
	if e.Event != routing {
		return
	}
	why := e.Text
	if e.Code != 0 {
		why = strconv.Itoa(e.Code) + " " + why
	}
	a.post(phone.RulesHanded{Line: phone.LineID(e.Account), Handed: handed[e.State], Why: why})
}
