package reports

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/sip/report"
	"opendeskphone/sip/ua"
)

// ears are voices that sound as a test wants.
type ears struct {
	mu    sync.Mutex
	now   report.Metrics
	again []string
}

func (e *ears) Describe(c *report.Call, _ Part) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c.LocalMetrics = e.now
}

// sound makes calls sound so from now on.
func (e *ears) sound(m report.Metrics) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.now = m
}

func (e *ears) Again(id string) bool { return slices.Contains(e.again, id) }

type watching struct {
	*Watch
	ears *ears
	line Line
	lim  atomic.Pointer[Limits]
	got  []Report
}

var usual = Limits{MOS: Limit{3.5, 2.8}, Loss: Limit{0.03, 0.1}, RoundTrip: Limit{0.3, 0.6}}

func watch(t *testing.T, test func(w *watching)) {
	synctest.Test(t, func(t *testing.T) {
		w := &watching{ears: &ears{now: good}, line: Line{AOR: alice}}
		w.lim.Store(&usual)
		w.Watch = NewWatch(w.ears, func(a ua.AccountID) (Line, bool) { return w.line, a == 1 }, func() Limits { return *w.lim.Load() },
			func(r Report) { w.got = append(w.got, r) }, "desk", "OpenDeskPhone/1", slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() { defer close(ended); _ = w.Run(ctx) }()
		test(w)
		cancel()
		<-ended
	})
}

var good = report.Metrics{Codec: "PCMA", Clock: 8000, PacketMS: 20, Heard: true, LQ: 4.4, CQ: 4.4, RoundTrip: 20 * time.Millisecond}

func story(n ua.CallRef) ua.Story {
	return ua.Story{Call: n, Account: 1, CallID: fmt.Sprint("c", n), LocalTag: "l", RemoteTag: "r", Local: ua.Peer{URI: alice}, Remote: ua.Peer{URI: bob}, Caller: true}
}

// Handle hands over an event, and it is dealt with.
func (w *watching) Handle(e ua.Event) {
	w.Watch.Handle(e)
	synctest.Wait()
}

// kinds are the first lines of the reports so far, and forgets them.
func (w *watching) kinds() (out []string) {
	synctest.Wait()
	for _, r := range w.got {
		first, _, _ := strings.Cut(r.Body, "\r\n")
		out = append(out, first)
	}
	w.got = nil
	return out
}

func (w *watching) wants(t *testing.T, want ...string) {
	t.Helper()
	if got := w.kinds(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

const session = "VQSessionReport: CallTerm"

func TestACallIsReportedAtItsEndAndBefore(t *testing.T) {
	watch(t, func(w *watching) {
		w.lim.Store(&Limits{Interval: 30 * time.Second})
		w.Handle(ua.Stood{Story: story(1)})
		pass(65 * time.Second)
		if len(w.got) != 2 || !strings.Contains(w.got[1].Body, "MOSCQ=4.4") {
			t.Fatalf("%+v", w.got)
		}
		w.wants(t, "VQIntervalReport", "VQIntervalReport")
		w.Handle(ua.Over{Story: story(1), Answered: true})
		synctest.Wait()
		if r := w.got[0]; r.AOR != alice || r.Method != "PUBLISH" || r.Type != "application/vq-rtcpxr" || r.Headers[0] != [2]string{"Event", "vq-rtcpxr"} || r.Own {
			t.Errorf("%+v", r)
		}
		w.wants(t, session)
		w.Handle(ua.Stood{Story: ua.Story{Call: 2, Account: 5}}) // its line reports to nobody
		w.Handle(ua.Over{Story: ua.Story{Call: 2, Account: 5}, Answered: true})
		w.wants(t)
	})
}

func TestAlarms(t *testing.T) {
	watch(t, func(w *watching) {
		at := func(change func(m *report.Metrics)) {
			m := good
			change(&m)
			w.ears.sound(m)
			pass(lookEvery)
		}
		fine := func(*report.Metrics) {}
		w.Handle(ua.Stood{Story: story(1)})
		at(fine)
		w.wants(t)
		at(func(m *report.Metrics) { m.CQ = 3.4 })
		w.wants(t, "VQAlertReport: Type=MOSCQ Severity=Warning Dir=local")
		at(func(m *report.Metrics) { m.CQ = 3.4 }) // it is known
		w.wants(t)
		at(func(m *report.Metrics) { m.CQ, m.Loss = 2.7, 0.2 })
		w.wants(t, "VQAlertReport: Type=MOSCQ Severity=Critical Dir=local", "VQAlertReport: Type=NLR Severity=Critical Dir=local")
		at(fine)
		at(func(m *report.Metrics) { m.CQ, m.Loss = 2.7, 0.2 }) // it flickers
		w.wants(t)
		for range calm {
			at(fine)
		}
		at(func(m *report.Metrics) { m.Discard, m.RoundTrip = 0.05, 700*time.Millisecond })
		w.wants(t, "VQAlertReport: Type=JDR Severity=Warning Dir=local", "VQAlertReport: Type=RTD Severity=Critical Dir=local")
		for range calm {
			at(fine)
		}
		at(func(m *report.Metrics) { m.LQ, m.CQ = 0, 0 }) // on hold nothing is heard, and nothing is wrong
		w.wants(t)
		w.lim.Store(new(Limits))
		at(func(m *report.Metrics) { m.CQ, m.Loss, m.RoundTrip = 1, 1, time.Hour })
		w.wants(t)
	})
}

func TestCallsThatDoNotComeAbout(t *testing.T) {
	watch(t, func(w *watching) {
		for _, c := range []struct {
			name string
			over ua.Over
			want bool
		}{
			{"no common codec", ua.Over{Code: 488, Text: "Not Acceptable Here"}, true},
			{"no way", ua.Over{Code: 503, Text: "no way"}, true},
			{"unknown", ua.Over{Code: 404}, true},
			{"busy", ua.Over{Code: 486}, false},
			{"declined", ua.Over{Code: 603}, false},
			{"given up", ua.Over{GivenUp: true}, false},
		} {
			c.over.Story = story(7)
			w.Handle(c.over)
			pass(5 * time.Second)
			if got := w.kinds(); (len(got) == 1) != c.want {
				t.Errorf("%s: %q", c.name, got)
			}
		}
		in := story(8)
		in.Caller = false
		for code, want := range map[int]int{488: 1, 603: 0, 433: 0, 404: 0} {
			w.Handle(ua.Over{Story: in, Code: code})
			pass(5 * time.Second)
			if got := w.kinds(); len(got) != want {
				t.Errorf("we refuse with %d: %q", code, got)
			}
		}
		w.ears.again = []string{"c9"}
		w.Handle(ua.Over{Story: story(9), Code: 488}) // and was then made without encryption
		pass(5 * time.Second)
		w.wants(t)
		for n := range ua.CallRef(2 * maxFailed) { // a flood
			w.Handle(ua.Over{Story: story(100 + n), Code: 500})
		}
		pass(5 * time.Second)
		if got := w.kinds(); len(got) != maxFailed {
			t.Errorf("%d reports", len(got))
		}
	})
}

func TestTheDialectOfOCS(t *testing.T) {
	watch(t, func(w *watching) {
		w.line.OCS = true
		w.Handle(ua.Stood{Story: story(1)})
		w.ears.sound(report.Metrics{Codec: "PCMA", Heard: true, CQ: 1.5})
		pass(10 * time.Second)
		w.wants(t) // it knows no alerts
		w.Handle(ua.Over{Story: story(1), Answered: true})
		w.Handle(ua.Over{Story: story(2), Code: 500, Text: "so", Diagnostics: `10000;reason="Gateway"`})
		pass(5 * time.Second)
		if len(w.got) != 2 {
			t.Fatalf("%+v", w.got)
		}
		if r := w.got[0]; r.Method != "SERVICE" || r.Own || r.Type != "application/vq-rtcpxr+xml" || !strings.Contains(r.Body, "<VQSessionReport ") {
			t.Errorf("%+v", r)
		}
		if r := w.got[1]; r.Method != "SERVICE" || !r.Own || r.Type != "application/msrtc-reporterror+xml" || !strings.Contains(r.Body, `responseCode="500"`) {
			t.Errorf("%+v", r)
		}
	})
}
