package lines

import (
	"strconv"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/ua"
)

// routing is the category of rules for calls that come in ([MS-SIPRE] §3.9).
const routing = "routing"

// SetRules gives the rules of a configuration to the servers that take them; nil: none.
func (a *Adapter) SetRules(c *phone.Config) { a.put(phone.HandRules{Config: c}) }

// WriteRules sets how rules are written for the server of a line. Before Run.
func (a *Adapter) WriteRules(fn func(c *phone.Config, aor string) []byte) { a.write = fn }

// handRules gives the rules to the servers of the OCS dialect, which act on them.
func (a *Adapter) handRules() {
	for i := range a.lines {
		var doc []byte
		if acc := &a.lines[i].Account; a.rules != nil && acc.Dialect == ua.OCS && !acc.Direct {
			doc = a.write(a.rules, acc.AOR)
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
