package tpcp

import (
	"bytes"
	"testing"

	"opendeskphone/firmware/phone"
)

// ruleTwin keeps rules as a phone does: it refuses those that cannot be.
type ruleTwin struct{ rules phone.Rules }

func (k *ruleTwin) Change(change func(*phone.Rules) error) error {
	c := phone.DefaultConfig()
	if err := change(&c.Rules); err != nil {
		return err
	}
	if err := c.Validate(); err != nil {
		return Refuse(CodeBadParams, err.Error())
	}
	k.rules = c.Rules
	return nil
}

func (k *ruleTwin) Document() []byte { return []byte("<routing/>") }

func (k *ruleTwin) Read(doc []byte, r *phone.Rules) error {
	if !bytes.HasPrefix(doc, []byte("<")) {
		return Refuse(CodeBadParams, "no document")
	}
	r.BlockAll = true
	return nil
}

func TestRulesAreChangedAndTold(t *testing.T) {
	bubble(t, "rules", func(t *testing.T) {
		s := services()
		twin := s.Rules.(*ruleTwin)
		b := start(t, s)
		seat := b.seat()
		for _, do := range []struct {
			method, params string
			holds          func(r *phone.Rules) bool
		}{
			{"line.forward.set", `{"lineId":"l-1","kind":"immediate","on":true,"to":"202","ringMs":30000}`, func(r *phone.Rules) bool {
				return r.Always == phone.Forward{On: true, To: "202"} && r.RingFor.Seconds() == 30
			}},
			{"line.forward.set", `{"lineId":"l-1","kind":"noAnswer","on":true}`, func(r *phone.Rules) bool { return r.NoAnswer == phone.Forward{On: true} }},
			{"line.forward.set", `{"lineId":"l-1","kind":"busy","on":false,"to":"203"}`, func(r *phone.Rules) bool { return r.Busy == phone.Forward{To: "203"} }},
			{"line.dnd.set", `{"lineId":"l-1","on":true}`, func(r *phone.Rules) bool { return r.DND }},
			{"line.simring.set", `{"lineId":"l-1","on":true,"members":["202"]}`, func(r *phone.Rules) bool { return r.Simultaneous && r.RingWith[0] == "202" }},
			{"line.team.set", `{"lineId":"l-1","on":true,"members":["202","203"]}`, func(r *phone.Rules) bool { return r.TeamRing && len(r.Team) == 2 }},
			{"line.workHours.set", `{"lineId":"l-1","on":true,"hours":["mon 09:00-17:00"]}`, func(r *phone.Rules) bool { return r.WorkHours && len(r.Hours) == 1 }},
			{"rules.set", `{"document":"<routing/>"}`, func(r *phone.Rules) bool { return r.BlockAll }},
		} {
			if _, err := seat.ask(do.method, do.params); err != nil || !do.holds(&twin.rules) {
				t.Errorf("%s %s: %v, %+v", do.method, do.params, err, twin.rules)
			}
		}
	})
	st := phone.New(phone.DefaultConfig())
	st.Lines = []phone.Line{{AOR: "sip:100@pbx.example"}}
	st.Config.Rules.DND, st.Config.Rules.Always = true, phone.Forward{On: true, To: "202"}
	st.Lines[0].Rules, st.Lines[0].Why = phone.RulesPending, "501 Not Implemented"
	if r := viewRules(&st); r.By != "phone" || r.Server != "pending" || r.ServerSays != "501 Not Implemented" {
		t.Errorf("%+v", r)
	}
	st.Lines[0].Rules, st.Lines[0].Why = phone.RulesTaken, ""
	if r := viewRules(&st); r.Server != "taken" {
		t.Errorf("%+v", r)
	}
	if l := viewLines(&st)[0]; !l.DND || l.Forward != "202" {
		t.Errorf("%+v", l)
	}
}
