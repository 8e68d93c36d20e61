package reports

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"opendeskphone/sip/report"
	"opendeskphone/sip/ua"
)

// Part is which time of a call is described.
type Part uint8

// The parts.
const (
	Whole         Part = iota
	SinceInterval      // since it was last described so
	SinceLook          // likewise
)

// Voices knows how calls sound, by their Call-IDs.
type Voices interface {
	// Describe enters what is known of a call's voice, of which there may be none.
	Describe(c *report.Call, part Part)
	// Again tells whether a call that was refused was made anew under another Call-ID.
	Again(callID string) bool
}

// Line is how a line reports.
type Line struct {
	AOR string
	OCS bool // as the servers of that dialect want it
}

// Limit is where warnings begin; 0: never. At Critical a warning is critical.
type Limit struct{ Warning, Critical float64 }

// Limits are when calls are reported on before their end.
type Limits struct {
	Interval  time.Duration // 0: never
	MOS       Limit         // MOS-CQ, from which downwards
	Loss      Limit         // share of packets, 0..1, from which upwards: lost, or late
	RoundTrip Limit         // seconds, from which upwards
}

// Watch makes the reports on calls. Its events come by Handle, and it works in Run.
type Watch struct {
	voices Voices
	line   func(ua.AccountID) (Line, bool) // ok is false if the line reports to nobody
	limits func() Limits
	add    func(Report)
	self   report.Call // Host and UserAgent
	log    *slog.Logger
	in     chan ua.Event

	// Of Run alone.
	calls  map[ua.CallRef]*watched
	failed []failure
}

// watched is a call that stands.
type watched struct {
	story    ua.Story
	began    time.Time
	interval time.Time
	look     time.Time
	alarms   [alarmCount]alarm
}

// failure is a call that has not come about, until it is known that it was not made anew.
type failure struct {
	ua.Over
	at time.Time
}

const (
	lookEvery = 5 * time.Second // the time over which alarms are judged
	calm      = 3               // looks in a row that are better, until an alarm may sound again
	settles   = 2 * time.Second // in which a refused call is made anew
	maxEvents = 256
	maxFailed = 32
)

// NewWatch makes a Watch. host and agent name this phone.
func NewWatch(voices Voices, line func(ua.AccountID) (Line, bool), limits func() Limits, add func(Report), host, agent string, log *slog.Logger) *Watch {
	return &Watch{voices: voices, line: line, limits: limits, add: add, self: report.Call{Host: host, UserAgent: agent}, log: log,
		in: make(chan ua.Event, maxEvents), calls: map[ua.CallRef]*watched{}}
}

// Handle takes an event of the user agent; it never blocks.
func (w *Watch) Handle(e ua.Event) {
	switch e.(type) {
	case ua.Stood, ua.Over:
		select {
		case w.in <- e:
		default:
			w.log.Error("reports: too much happens at once, a call is not reported on")
		}
	}
}

// Run works until ctx ends.
func (w *Watch) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-w.in:
			w.take(e, time.Now())
		case now := <-tick.C:
			w.pass(now)
		}
	}
}

func (w *Watch) take(e ua.Event, now time.Time) {
	switch e := e.(type) {
	case ua.Stood:
		w.calls[e.Call] = &watched{story: e.Story, began: now, interval: now, look: now}
		c := w.call(e.Story, now, now) // from here on the parts are counted
		w.voices.Describe(&c, SinceInterval)
		w.voices.Describe(&c, SinceLook)
	case ua.Over:
		c := w.calls[e.Call]
		delete(w.calls, e.Call)
		switch {
		case c != nil:
			w.report(c.story, report.Session, c.began, now, Whole)
		case fails(&e) && len(w.failed) < maxFailed:
			w.failed = append(w.failed, failure{e, now})
		}
	}
}

// fails tells calls that have not come about from those that somebody did not want.
func fails(o *ua.Over) bool {
	if o.Answered || o.GivenUp || o.Code < 300 {
		return false
	}
	if !o.Caller { // refused by this phone, but not by its user
		return slices.Contains([]int{408, 415, 488, 500, 504}, o.Code)
	}
	return !slices.Contains([]int{480, 486, 487, 600, 603}, o.Code)
}

// pass does what is due.
func (w *Watch) pass(now time.Time) {
	for len(w.failed) > 0 && now.Sub(w.failed[0].at) >= settles {
		f := w.failed[0]
		if w.failed = w.failed[1:]; !w.voices.Again(f.CallID) {
			w.fail(&f)
		}
	}
	limits := w.limits()
	for _, ref := range slices.Sorted(maps.Keys(w.calls)) {
		c := w.calls[ref]
		if now.Sub(c.look) >= lookEvery {
			w.look(c, &limits, now)
		}
		if limits.Interval > 0 && now.Sub(c.interval) >= limits.Interval {
			w.report(c.story, report.Interval, c.interval, now, SinceInterval)
			c.interval = now
		}
	}
}

// call begins a report on a call.
func (w *Watch) call(s ua.Story, from, to time.Time) report.Call {
	c := w.self
	c.CallID, c.LocalTag, c.RemoteTag, c.Caller, c.Began, c.Ended = s.CallID, s.LocalTag, s.RemoteTag, s.Caller, from, to
	c.Local, c.Remote = report.Party{Display: s.Local.Display, URI: s.Local.URI}, report.Party{Display: s.Remote.Display, URI: s.Remote.URI}
	return c
}

func (w *Watch) report(s ua.Story, kind report.Kind, from, to time.Time, part Part) {
	c := w.call(s, from, to)
	c.Kind = kind
	w.voices.Describe(&c, part)
	w.send(s, &c)
}

func (w *Watch) fail(f *failure) {
	c := w.call(f.Story, f.at, f.at)
	c.Failure = &report.Failure{Code: f.Code, Text: f.Text, Reason: f.Reason, Diagnostics: f.Diagnostics}
	w.send(f.Story, &c)
}

// send writes a report as the line wants it.
func (w *Watch) send(s ua.Story, c *report.Call) {
	line, ok := w.line(s.Account)
	if !ok || line.OCS && c.Kind == report.Alert {
		return
	}
	r := Report{AOR: line.AOR, Method: "PUBLISH", Headers: [][2]string{{"Event", "vq-rtcpxr"}, {"Expires", "3600"}}, Type: report.Text, Made: c.Ended}
	body, err := report.WriteText(c), error(nil)
	switch {
	case line.OCS && c.Failure != nil:
		r.Method, r.Headers, r.Type, r.Own = "SERVICE", nil, report.ErrorXML, true
		body, err = report.WriteError(c)
	case line.OCS:
		r.Method, r.Headers, r.Type = "SERVICE", nil, report.XML
		body, err = report.WriteXML(c)
	}
	if err != nil {
		w.log.Error("reports: a report cannot be written", "err", err)
		return
	}
	r.Body = string(body)
	w.add(r)
}

// The alarms.
const (
	alarmMOS = iota
	alarmLoss
	alarmLate
	alarmRoundTrip
	alarmCount
)

var alarmNames = [alarmCount]string{"MOSCQ", "NLR", "JDR", "RTD"}

// alarm sounds when its level rises, and again only after it has been lower for a while.
type alarm struct {
	level  int // 0 nothing, 1 warning, 2 critical
	better int // looks in a row
}

func (a *alarm) judge(level int) (sounds bool) {
	switch {
	case level > a.level:
		a.level, a.better = level, 0
		return true
	case level < a.level:
		if a.better++; a.better >= calm {
			a.level, a.better = level, 0
		}
	default:
		a.better = 0
	}
	return false
}

// above and below give the level of a measure.
func (l Limit) above(x float64) int {
	switch {
	case l.Critical > 0 && x >= l.Critical:
		return 2
	case l.Warning > 0 && x >= l.Warning:
		return 1
	}
	return 0
}

func (l Limit) below(x float64) int {
	switch {
	case x <= 0: // nothing was heard
		return 0
	case x <= l.Critical:
		return 2
	case x <= l.Warning:
		return 1
	}
	return 0
}

// look judges the last seconds of a call.
func (w *Watch) look(c *watched, l *Limits, now time.Time) {
	said := w.call(c.story, c.look, now)
	c.look = now
	w.voices.Describe(&said, SinceLook)
	m := &said.LocalMetrics
	levels := [alarmCount]int{alarmMOS: l.MOS.below(m.CQ), alarmRoundTrip: l.RoundTrip.above(m.RoundTrip.Seconds())}
	if m.Heard {
		levels[alarmLoss], levels[alarmLate] = l.Loss.above(m.Loss), l.Loss.above(m.Discard)
	}
	for i, level := range levels {
		if c.alarms[i].judge(level) {
			said.Kind, said.Alert = report.Alert, report.Warning{Metric: alarmNames[i], Critical: level == 2}
			w.send(c.story, &said)
		}
	}
}
