package tpcp

import "opendeskphone/firmware/phone"

type (
	// ExplainParams are those of number.explain.
	ExplainParams struct {
		Number string `json:"number"`
		LineID string `json:"lineId,omitempty"` // none: the phone's selected line
	}
	// ExplainResult is that of number.explain.
	ExplainResult struct {
		Number   string       `json:"number"`
		Callable bool         `json:"callable"`
		E164     string       `json:"e164,omitempty"`
		URI      string       `json:"uri,omitempty"`      // what the line's server is asked for
		Location string       `json:"location,omitempty"` // the profile in force
		Steps    []NumberStep `json:"steps"`
	}
	// NumberStep is a phone.NumberStep.
	NumberStep struct {
		Step string `json:"step"`
		Rule int    `json:"rule,omitempty"`
		From string `json:"from,omitempty"`
		To   string `json:"to,omitempty"`
	}
)

// maxExplained is how long a number may be that is explained.
const maxExplained = 128

func numberExplain(r *request, p ExplainParams) (any, error) {
	s := r.server.control.State()
	line := s.Selected
	if p.LineID != "" {
		line = parseLine(p.LineID)
	}
	switch l := s.Line(line); {
	case p.Number == "" || len(p.Number) > maxExplained:
		return nil, refuse(CodeBadParams, "number is 1 to 128 bytes long")
	case l == nil && p.LineID != "":
		return nil, refuse(CodeNoSuchLine, "there is no such line")
	case l == nil: // none is set up
		return Explain(&s.Config, p.Number, phone.PhoneURI, ""), nil
	default:
		return Explain(&s.Config, p.Number, s.Config.Lines[line].URIs, l.AOR), nil
	}
}

// Explain tells what becomes of a number, and how it is written for the server of aor; empty: for none.
func Explain(c *phone.Config, number string, form phone.URIForm, aor string) ExplainResult {
	n, steps, err := c.Explain(number)
	out := ExplainResult{Number: cut(number), Callable: err == nil, E164: n.E164, Steps: []NumberStep{}}
	if c.Profile != nil {
		out.Location = cut(c.Profile.Name)
	}
	if err == nil && aor != "" && n.Rule != phone.PageRule {
		out.URI = cut(form.URI(n.Target, aor))
	} else if err == nil {
		out.URI = cut(n.Target)
	}
	for _, s := range steps {
		out.Steps = append(out.Steps, NumberStep{s.Kind.String(), s.Rule, cut(s.From), cut(s.To)})
	}
	return out
}
