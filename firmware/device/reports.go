package device

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"opendeskphone/firmware/media"
	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/reports"
	"opendeskphone/firmware/settings"
	"opendeskphone/sip/report"
	"opendeskphone/sip/stack"
	"opendeskphone/sip/ua"
	"opendeskphone/ui/screen"
)

// newReports makes the reports on calls and the queue in which they wait.
func (d *Device) newReports() {
	d.outbox = &outbox{d: d, open: map[ua.NoteRef]chan ua.Noted{}, early: map[ua.NoteRef]ua.Noted{}}
	d.queue = reports.Open(d.opts.Reports, d.outbox.send, d.log)
	add := func(r reports.Report) { d.queue.Add(r); d.refresh() }
	d.watch = reports.NewWatch(d.voices, d.reportsOf, d.reportLimits, add, d.opts.About().Hostname, "OpenDeskPhone/"+d.opts.Version, d.log)
}

// reportsOf tells how a line reports.
func (d *Device) reportsOf(id ua.AccountID) (reports.Line, bool) {
	lines := d.settings.File().Lines
	if id < 0 || int(id) >= len(lines) {
		return reports.Line{}, false
	}
	l := lines[id]
	if d.wholeLine(&l); l.Collector == "" {
		return reports.Line{}, false
	}
	return reports.Line{AOR: l.AOR, OCS: ua.Dialect(l.Dialect) == ua.OCS}, true
}

func (d *Device) reportLimits() reports.Limits {
	r := d.settings.File().Report
	limit := func(warning, critical int, per float64) reports.Limit {
		return reports.Limit{Warning: float64(warning) / per, Critical: float64(critical) / per}
	}
	return reports.Limits{Interval: time.Duration(r.Interval) * time.Second, MOS: limit(r.MOSWarning, r.MOSCritical, 10),
		Loss: limit(r.LossWarning, r.LossCritical, 100), RoundTrip: limit(r.DelayWarning, r.DelayCritical, 1000)}
}

// outbox sends reports through the user agent of the moment.
type outbox struct {
	d *Device

	mu    sync.Mutex
	open  map[ua.NoteRef]chan ua.Noted
	early map[ua.NoteRef]ua.Noted // that came before it was known who waits
}

// send implements reports.Send.
func (m *outbox) send(ctx context.Context, r reports.Report) reports.Outcome {
	lines := m.d.settings.File().Lines
	i := slices.IndexFunc(lines, func(l settings.Line) bool { return l.AOR == r.AOR })
	if i < 0 {
		return reports.Outcome{Off: true}
	}
	l := lines[i]
	if m.d.wholeLine(&l); l.Collector == "" {
		return reports.Outcome{Off: true}
	}
	agent := m.d.sip.agent.Load()
	if agent == nil {
		return reports.Outcome{Text: "the phone has just started"}
	}
	n := ua.Note{Method: stack.Method(r.Method), Headers: r.Headers, Type: r.Type, Body: []byte(r.Body)}
	if !r.Own {
		n.To = l.Collector
	}
	done := m.wait(agent.Note(ua.AccountID(i), n))
	defer m.d.refresh()
	select {
	case e := <-done:
		return reports.Outcome{Code: e.Code, Text: e.Text, After: e.After}
	case <-ctx.Done():
		return reports.Outcome{Text: "no answer"}
	}
}

func (m *outbox) wait(ref ua.NoteRef) <-chan ua.Noted {
	m.mu.Lock()
	defer m.mu.Unlock()
	done := make(chan ua.Noted, 1)
	if e, ok := m.early[ref]; ok {
		delete(m.early, ref)
		done <- e
		return done
	}
	m.open[ref] = done
	return done
}

// noted takes the outcome of one.
func (m *outbox) noted(e ua.Noted) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if done, ok := m.open[e.Note]; ok {
		delete(m.open, e.Note)
		done <- e
		return
	}
	m.early[e.Note] = e
}

// renew tells that there is another user agent: of what the last one had in hand nothing will be heard.
func (m *outbox) renew() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, done := range m.open {
		done <- ua.Noted{Text: "the phone signs in anew"}
	}
	clear(m.open)
	clear(m.early)
}

// name notes the Call-ID of a call; one that is made anew gets another.
func (v *voices) name(call phone.CallID, callID string) {
	const most = 4 // a call is made anew once, for the sake of encryption
	v.mu.Lock()
	defer v.mu.Unlock()
	if c := v.calls[call]; c != nil && len(c.callIDs) < most && !slices.Contains(c.callIDs, callID) {
		c.callIDs = append(c.callIDs, callID)
	}
}

// Again implements reports.Voices.
func (v *voices) Again(callID string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, c := range v.calls {
		if i := slices.Index(c.callIDs, callID); i >= 0 {
			return i < len(c.callIDs)-1
		}
	}
	return false
}

// Describe implements reports.Voices.
func (v *voices) Describe(c *report.Call, part reports.Part) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, of := range v.calls {
		if n := len(of.callIDs); n > 0 && of.callIDs[n-1] == c.CallID {
			since := new(media.Period)
			if part != reports.Whole {
				since = &of.parts[part-1]
			}
			describe(c, of.Session.Report(since), v.local)
			return
		}
	}
}

func describe(c *report.Call, r media.Report, local func(netip.Addr) (netip.Addr, error)) {
	if !r.Agreed {
		return
	}
	c.LocalSide, c.RemoteSide, c.LocalMetrics, c.RemoteMetrics, c.Encrypted, c.SentPackets, c.HeardPacket = r.Local, r.Remote, r.Ours, r.Theirs, r.Encrypted, r.Sent, r.Received
	if !r.Local.Addr.Addr().IsValid() && r.Remote.Addr.IsValid() {
		if ip, err := local(r.Remote.Addr.Addr()); err == nil {
			c.LocalSide.Addr = netip.AddrPortFrom(ip, r.Local.Addr.Port())
		}
	}
}

// shownReports lets the screens tell of reports.
type shownReports struct{ d *Device }

// Reports implements screen.Reports.
func (s shownReports) Reports(line phone.LineID) screen.Reporting {
	lines := s.d.settings.File().Lines
	if int(line) >= len(lines) {
		return screen.Reporting{}
	}
	l := lines[line]
	if s.d.wholeLine(&l); l.Collector == "" {
		return screen.Reporting{}
	}
	st := s.d.queue.Line(l.AOR)
	return screen.Reporting{To: l.Collector, Waiting: st.Waiting, Taken: st.Taken, Next: st.Next, Trouble: st.Trouble, Lost: s.d.queue.Lost()}
}
