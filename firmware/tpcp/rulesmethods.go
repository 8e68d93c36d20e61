package tpcp

import (
	"time"

	"opendeskphone/firmware/phone"
)

// Rules of the phone, as line.forward.get shows them. Targets and members are numbers or SIP addresses.
type (
	// RulesView is who gets the calls that come in.
	RulesView struct {
		By           string      `json:"by"`                   // phone, server: where they are kept
		Server       string      `json:"server,omitempty"`     // what it does with those of the phone: taken, pending
		ServerSays   string      `json:"serverSays,omitempty"` // why they are pending
		DND          bool        `json:"dnd"`
		RingMs       int64       `json:"ringMs"`
		Voicemail    string      `json:"voicemail,omitempty"`
		Immediate    ForwardView `json:"immediate"`
		Busy         ForwardView `json:"busy"`
		NoAnswer     ForwardView `json:"noAnswer"`
		SimRing      MembersView `json:"simring"`
		Team         MembersView `json:"team"`
		Delegates    MembersView `json:"delegates"`
		SkipPrimary  bool        `json:"skipPrimary"`
		Breakthrough []string    `json:"breakthrough"`
		BlockAll     bool        `json:"blockAll"`
		Blocked      []string    `json:"blocked"`
		WorkHours    HoursView   `json:"workHours"`
	}
	// ForwardView is one kind of forwarding; without To, to voicemail.
	ForwardView struct {
		On bool   `json:"on"`
		To string `json:"to,omitempty"`
	}
	// MembersView is who rings at the same time.
	MembersView struct {
		On      bool     `json:"on"`
		Members []string `json:"members"`
	}
	// HoursView is when the rules apply.
	HoursView struct {
		On    bool     `json:"on"`
		Hours []string `json:"hours"` // "mon-fri 09:00-17:00"
	}
	// RulesResult is that of the methods on rules.
	RulesResult struct {
		Rules RulesView `json:"rules"`
	}
	// DocumentResult is that of rules.get.
	DocumentResult struct {
		Document string `json:"document"`
	}
	// DocumentParams are those of rules.set.
	DocumentParams struct {
		Act
		Document string `json:"document"`
	}
	// ForwardParams are those of line.forward.set.
	ForwardParams struct {
		Act
		LineID string  `json:"lineId"`
		Kind   string  `json:"kind"` // immediate, busy, noAnswer
		On     bool    `json:"on"`
		To     *string `json:"to,omitempty"`     // none: as it was; empty: to voicemail
		RingMs int64   `json:"ringMs,omitempty"` // 1000 to 60000; none: as it was
	}
	// SwitchParams are those of line.dnd.set.
	SwitchParams struct {
		Act
		LineID string `json:"lineId"`
		On     bool   `json:"on"`
	}
	// MembersParams are those of line.simring.set and line.team.set.
	MembersParams struct {
		SwitchParams
		Members []string `json:"members,omitempty"` // none: as they were
	}
	// HoursParams are those of line.workHours.set.
	HoursParams struct {
		SwitchParams
		Hours []string `json:"hours,omitempty"` // none: as they were
	}
)

// maxRules is how long a document may be that fits a frame however it is spelt there.
const maxRules = 45000

func viewRules(s *phone.State) RulesView {
	r := &s.Config.Rules
	v := RulesView{
		By: "phone", DND: r.DND, RingMs: r.RingFor.Milliseconds(), Voicemail: r.Voicemail,
		Immediate: ForwardView(r.Always), Busy: ForwardView(r.Busy), NoAnswer: ForwardView(r.NoAnswer),
		SimRing: MembersView{r.Simultaneous, listed(r.RingWith)}, Team: MembersView{r.TeamRing, listed(r.Team)}, Delegates: MembersView{r.DelegateRing, listed(r.Delegates)},
		SkipPrimary: r.SkipPrimary, Breakthrough: listed(r.Breakthrough), BlockAll: r.BlockAll, Blocked: listed(r.Blocked), WorkHours: HoursView{On: r.WorkHours, Hours: []string{}},
	}
	if r.ByServer {
		v.By = "server"
	}
	handed, why := s.Handed()
	v.Server, v.ServerSays = map[phone.Handed]string{phone.RulesPending: "pending", phone.RulesTaken: "taken"}[handed], why
	for _, span := range r.Hours {
		v.WorkHours.Hours = append(v.WorkHours.Hours, span.String())
	}
	return v
}

// listed writes no members as an empty list.
func listed(l []string) []string { return append([]string{}, l...) }

func (r *request) rules() RulesView { return viewRules(r.server.control.State()) }

// onLine sees that there is the line that rules are asked for. The phone has one set for all its lines.
func (r *request) onLine(id string) error {
	_, err := r.aor(id)
	return err
}

func forwardGet(r *request, p LineParams) (any, error) {
	if err := r.onLine(p.LineID); err != nil {
		return nil, err
	}
	return RulesResult{r.rules()}, nil
}

// changeRules changes the rules and shows them.
func (r *request) changeRules(line string, change func(*phone.Rules) error) (any, error) {
	if err := r.onLine(line); err != nil {
		return nil, err
	}
	if err := r.server.services.Rules.Change(change); err != nil {
		return nil, err
	}
	return RulesResult{r.rules()}, nil
}

func forwardSet(r *request, p ForwardParams) (any, error) {
	return r.changeRules(p.LineID, func(rules *phone.Rules) error {
		f := map[string]*phone.Forward{"immediate": &rules.Always, "busy": &rules.Busy, "noAnswer": &rules.NoAnswer}[p.Kind]
		if f == nil || p.RingMs < 0 {
			return refuse(CodeBadParams, "kind is immediate, busy or noAnswer; ringMs is 1000 to 60000")
		}
		if f.On = p.On; p.To != nil {
			f.To = *p.To
		}
		if p.RingMs > 0 {
			rules.RingFor = time.Duration(min(p.RingMs, 1<<20)) * time.Millisecond
		}
		return nil
	})
}

func dndSet(r *request, p SwitchParams) (any, error) {
	return r.changeRules(p.LineID, func(rules *phone.Rules) error { rules.DND = p.On; return nil })
}

func simringSet(r *request, p MembersParams) (any, error) {
	return r.changeRules(p.LineID, func(rules *phone.Rules) error {
		if rules.Simultaneous = p.On; p.Members != nil {
			rules.RingWith = p.Members
		}
		return nil
	})
}

func teamSet(r *request, p MembersParams) (any, error) {
	return r.changeRules(p.LineID, func(rules *phone.Rules) error {
		if rules.TeamRing = p.On; p.Members != nil {
			rules.Team = p.Members
		}
		return nil
	})
}

func workHoursSet(r *request, p HoursParams) (any, error) {
	return r.changeRules(p.LineID, func(rules *phone.Rules) error {
		if rules.WorkHours = p.On; p.Hours == nil {
			return nil
		}
		rules.Hours = nil
		for _, s := range p.Hours {
			span, err := phone.ParseSpan(s)
			if err != nil {
				return refuse(CodeBadParams, err.Error())
			}
			rules.Hours = append(rules.Hours, span)
		}
		return nil
	})
}

func rulesGet(r *request) (any, error) {
	doc := r.server.services.Rules.Document()
	if len(doc) > maxRules {
		return nil, refuse(CodeResource, "the rules are too long for a frame")
	}
	return DocumentResult{string(doc)}, nil
}

func rulesSet(r *request, p DocumentParams) (any, error) {
	return r.changeRules("", func(rules *phone.Rules) error { return r.server.services.Rules.Read([]byte(p.Document), rules) })
}
