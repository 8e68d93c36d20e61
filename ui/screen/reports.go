package screen

import (
	"fmt"
	"strings"

	"opendeskphone/firmware/phone"
	"opendeskphone/ui/text"
)

// reporting is how the reports of a line fare.
func (v *view) reporting(line phone.LineID) Reporting {
	if v.src.Reports == nil {
		return Reporting{}
	}
	return v.src.Reports.Reports(line)
}

// place is where reports go, without what every address has.
func (r *Reporting) place() string { return text.Clean(strings.TrimPrefix(r.To, "sip:")) }

// state says how they fare, in the words of a row.
func (r *Reporting) state(v *view) string {
	w := &v.Words.Sound
	switch {
	case r.Waiting > 0:
		return fmt.Sprintf(w.ReportsWait, r.Waiting)
	case r.Trouble != "":
		return text.Clean(r.Trouble)
	case !r.Taken.IsZero():
		return fmt.Sprintf(w.ReportsSent, text.Clock(r.Taken.In(v.now.Location())))
	}
	return r.place()
}

// reportRows say for each line that reports how that fares, or that none does.
func reportRows(v *view) []settingRow {
	w := &v.Words.Sound
	var out []settingRow
	lost := 0
	for i := range v.st.Lines {
		l := &v.st.Lines[i]
		if r := v.reporting(l.ID); r.To != "" {
			out = append(out, settingRow{name: w.Reports + w.And + v.lineLabel(l), value: r.state(v)})
			if r.Waiting > 0 && r.Trouble != "" {
				out = append(out, settingRow{name: w.Reports, value: text.Clean(r.Trouble)})
			}
			lost = r.Lost
		}
	}
	if len(out) == 0 {
		return []settingRow{{name: w.Reports, value: v.Words.Setup.Off}}
	}
	if lost > 0 {
		out = append(out, settingRow{name: w.Reports, value: fmt.Sprintf(w.ReportsLost, lost)})
	}
	return out
}

// reportFacts say where the reports of a call's line go and how they fare; of a line without a collector they are none.
func reportFacts(v *view, r Reporting) []Fact {
	w := &v.Words.Sound
	if r.To == "" {
		return nil
	}
	out := []Fact{{w.ReportsTo, r.place()}}
	if r.Waiting > 0 || r.Trouble != "" || !r.Taken.IsZero() {
		out = append(out, Fact{w.Reports, r.state(v)})
	}
	if r.Waiting > 0 && r.Trouble != "" {
		out = append(out, Fact{w.Reports, text.Clean(r.Trouble)})
	}
	return out
}
