package device

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"opendeskphone/firmware/media"
	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/reports"
	"opendeskphone/sip/report"
	"opendeskphone/sip/ua"
)

// Who sends a report learns what became of it, whichever comes first, also when the user agent is made anew.
func TestOutcomesOfReportsFindTheirSenders(t *testing.T) {
	m := &outbox{open: map[ua.NoteRef]chan ua.Noted{}, early: map[ua.NoteRef]ua.Noted{}}
	m.noted(ua.Noted{Note: 1, Code: 200})
	if e := <-m.wait(1); e.Code != 200 {
		t.Errorf("%+v", e)
	}
	later := m.wait(2)
	m.noted(ua.Noted{Note: 2, Code: 503})
	if e := <-later; e.Code != 503 {
		t.Errorf("%+v", e)
	}
	lost := m.wait(3)
	m.renew()
	if e := <-lost; e.Code != 0 || e.Text == "" {
		t.Errorf("%+v", e)
	}
	if len(m.open)+len(m.early) != 0 {
		t.Errorf("%d and %d are left", len(m.open), len(m.early))
	}
}

// A line reports where its settings say, and a report of a line that has ceased to is not sent.
func TestWhereLinesReport(t *testing.T) {
	const more = "\n[[line]]\naor = \"sip:101@192.0.2.9\"\nregister = false\ndialect = \"ocs\"\nreport_to = \"sip:qoe@192.0.2.9\"\n[report]\nmos_warning = 30\n"
	b := start(t, t.TempDir(), oneLine+more, nil)
	if _, ok := b.reportsOf(0); ok {
		t.Error("a line without a collector reports")
	}
	if l, ok := b.reportsOf(1); !ok || !l.OCS || l.AOR != "sip:101@192.0.2.9" {
		t.Errorf("%+v", l)
	}
	if l := b.reportLimits(); l.MOS != (reports.Limit{Warning: 3, Critical: 2.8}) || l.Loss.Warning != 0.03 || l.RoundTrip.Critical != 0.6 {
		t.Errorf("%+v", l)
	}
	if out := b.outbox.send(context.Background(), reports.Report{AOR: b.settings.File().Lines[0].AOR, Method: "PUBLISH"}); !out.Off {
		t.Errorf("%+v", out)
	}
	if r := (shownReports{b.Device}).Reports(1); r.To != "sip:qoe@192.0.2.9" || r.Waiting != 0 {
		t.Errorf("%+v", r)
	}
	if _, err := os.Stat(filepath.Join(b.dir, "reports")); err != nil {
		t.Error(err)
	}
}

// A call that is made anew for the sake of encryption bears another Call-ID; only the last is in force.
func TestVoicesAreFoundByCallID(t *testing.T) {
	v := talked(1, 1, nil)
	v.Session = new(media.Session)
	all := &voices{calls: map[phone.CallID]*voice{7: v}}
	for _, id := range []string{"a", "b", "b"} {
		all.name(7, id)
	}
	if !all.Again("a") || all.Again("b") || all.Again("c") {
		t.Error("which attempt is the last is mistaken")
	}
	all.Describe(&report.Call{CallID: "c"}, reports.Whole) // has no voice
	all.Describe(&report.Call{CallID: "b"}, reports.Whole) // nothing agreed yet
}
