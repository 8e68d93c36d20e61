package reports

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// collector is the far end of a queue: it says what its script says, and notes when what came.
type collector struct {
	t   *testing.T
	dir string
	*Queue
	cancel func()
	ended  chan struct{}

	mu   sync.Mutex
	says func(r Report) Outcome // nil: it is silent
	got  []string
	at   []time.Time
}

func newCollector(t *testing.T, says func(r Report) Outcome) *collector {
	c := &collector{t: t, dir: filepath.Join(t.TempDir(), "reports"), says: says}
	c.start()
	return c
}

func (c *collector) start() {
	c.Queue = Open(c.dir, c.take, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	c.ended, c.cancel = make(chan struct{}), cancel
	go func() {
		defer close(c.ended)
		_ = c.Run(ctx)
	}()
	synctest.Wait()
}

func (c *collector) stop() {
	c.cancel()
	<-c.ended
}

func (c *collector) take(ctx context.Context, r Report) Outcome {
	c.mu.Lock()
	c.got, c.at = append(c.got, r.Body), append(c.at, time.Now())
	says := c.says
	c.mu.Unlock()
	if says == nil {
		<-ctx.Done()
		return Outcome{Text: "no answer"}
	}
	return says(r)
}

func (c *collector) script(says func(r Report) Outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.says = says
}

func (c *collector) came() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.got)
}

func (c *collector) add(aor string, bodies ...string) {
	for _, b := range bodies {
		c.Add(Report{AOR: aor, Method: "PUBLISH", Headers: [][2]string{{"Event", "vq-rtcpxr"}}, Type: "application/vq-rtcpxr", Body: b, Made: time.Now()})
	}
	synctest.Wait()
}

func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func answers(code int) func(Report) Outcome {
	return func(Report) Outcome { return Outcome{Code: code, Text: "so"} }
}

const alice, bob = "sip:alice@x", "sip:bob@x"

func TestReportsGoAtOnceAndInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCollector(t, answers(200))
		c.add(alice, "1")
		if got := c.came(); !slices.Equal(got, []string{"1"}) {
			t.Errorf("%v", got)
		}
		c.add(alice, "2", "3", "4")
		pass(10 * time.Second)
		c.stop()
		if got := c.came(); !slices.Equal(got, []string{"1", "2", "3", "4"}) {
			t.Errorf("%v", got)
		}
		for i := 1; i < len(c.at); i++ {
			if d := c.at[i].Sub(c.at[i-1]); d < spacing {
				t.Errorf("%v between", d)
			}
		}
		if s := c.Line(alice); s.Waiting != 0 || s.Trouble != "" || s.Taken.IsZero() {
			t.Errorf("%+v", s)
		}
		if files, _ := os.ReadDir(c.dir); len(files) != 0 {
			t.Errorf("%v is left", files)
		}
	})
}

func TestRetryAfterIsObeyed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCollector(t, func(Report) Outcome {
			return Outcome{Code: 503, Text: "Service Unavailable", After: 5 * time.Minute}
		})
		c.add(alice, "1", "2")
		pass(time.Second)
		c.Back(alice) // a line that signs in again does not undo what the collector asked for
		if s := c.Line(alice); s.Waiting != 2 || s.Trouble != "503 Service Unavailable" || s.Next.Before(time.Now().Add(4*time.Minute)) {
			t.Errorf("%+v", s)
		}
		pass(5*time.Minute - 2*time.Second)
		if got := c.came(); len(got) != 1 {
			t.Errorf("%v", got)
		}
		c.script(answers(200))
		pass(10 * time.Second)
		c.stop()
		if got := c.came(); !slices.Equal(got, []string{"1", "1", "2"}) {
			t.Errorf("%v", got)
		}
	})
}

func TestASilentCollectorIsAskedMoreAndMoreSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCollector(t, nil)
		c.add(alice, "1", "2", "3")
		pass(24 * time.Hour)
		if n := len(c.came()); n < 40 || n > 120 {
			t.Errorf("%d tries in a day", n)
		}
		for i, at := range c.at[1:] {
			if pause := at.Sub(c.at[i]) - patience; pause < base/2 || pause > limit {
				t.Errorf("pause %v", pause)
			}
		}
		c.script(answers(200))
		c.Back(alice)
		pass(patience + time.Minute)
		c.stop()
		if got := c.came(); !slices.Equal(got[len(got)-3:], []string{"1", "2", "3"}) {
			t.Errorf("%v", got[len(got)-3:])
		}
	})
}

func TestWhatWillNeverBeTakenIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCollector(t, nil)
		for code, kept := range map[int]bool{400: false, 403: false, 404: false, 405: false, 415: false, 489: false, 501: false, 513: false, 603: false, 302: false,
			401: true, 407: true, 408: true, 480: true, 500: true, 502: true, 503: true, 504: true} {
			c.script(answers(code))
			aor := fmt.Sprint("sip:", code, "@x")
			c.add(aor, "1")
			pass(time.Second)
			if s := c.Line(aor); (s.Waiting == 1) != kept || s.Trouble != fmt.Sprintf("%d so", code) {
				t.Errorf("%d: %+v", code, s)
			}
		}
		c.script(func(Report) Outcome { return Outcome{Off: true} })
		c.add(bob, "1")
		if s := c.Line(bob); s.Waiting != 0 || s.Trouble != "" {
			t.Errorf("%+v", s)
		}
		c.stop()
	})
}

// A report that went the way a line has left is sent again soon, as are those that wait.
func TestALineThatSignsInWhileAReportIsOnItsWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCollector(t, nil)
		c.add(alice, "1", "2")
		pass(patience / 2)
		c.Back(alice)
		c.script(answers(200))
		pass(patience/2 + 5*returned + 2*spacing)
		c.stop()
		if got := c.came(); !slices.Equal(got, []string{"1", "1", "2"}) {
			t.Errorf("%v", got)
		}
	})
}

// One line's collector keeps no other line's reports.
func TestLinesDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCollector(t, nil)
		c.add(alice, "1", "2")
		c.add(bob, "a")
		if got := c.came(); !slices.Equal(got, []string{"1", "a"}) {
			t.Errorf("%v", got)
		}
		c.stop()
	})
}

func TestTheOldestGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCollector(t, nil)
		for i := range MaxReports + 5 {
			c.add(alice, fmt.Sprint(i))
		}
		if s := c.Line(alice); s.Waiting != MaxReports || c.Lost() != 5 {
			t.Errorf("%+v, %d lost", s, c.Lost())
		}
		big := strings.Repeat("x", MaxBody)
		for range MaxBytes/MaxBody + 2 {
			c.add(alice, big)
		}
		if s := c.Line(alice); s.Waiting > MaxBytes/MaxBody {
			t.Errorf("%+v", s)
		}
		c.add(bob, big+"x")
		if s := c.Line(bob); s.Waiting != 0 {
			t.Errorf("%+v", s)
		}
		files, _ := os.ReadDir(c.dir)
		if s := c.Line(alice); len(files) != s.Waiting {
			t.Errorf("%d files for %d reports", len(files), s.Waiting)
		}
		c.stop()
	})
}

func TestReportsOutliveARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCollector(t, nil)
		c.add(alice, "1", "2")
		c.add(bob, "a")
		c.stop()
		for name, text := range map[string]string{"9.report": "{", "x.report": "{}", "7.report.new": "half", "8.report": `{"AOR":"sip:a@x","Method":"INVITE","Type":"x","Body":"x"}`} {
			if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c.mu.Lock()
		c.got, c.says = nil, answers(200)
		c.mu.Unlock()
		c.start()
		pass(settling - time.Millisecond)
		if got := c.came(); len(got) != 0 {
			t.Errorf("%v at once", got)
		}
		c.add(alice, "3")
		pass(time.Minute)
		c.stop()
		var ours []string
		for _, b := range c.came() {
			if b != "a" {
				ours = append(ours, b)
			}
		}
		if !slices.Equal(ours, []string{"1", "2", "3"}) || len(c.came()) != 4 {
			t.Errorf("%v", c.came())
		}
		if files, _ := os.ReadDir(c.dir); len(files) != 0 {
			t.Errorf("%v is left", files)
		}
	})
}

// A collector that comes back to a full queue is sent a report every second or two.
func TestACollectorThatReturnsIsNotStormed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCollector(t, answers(500))
		for i := range MaxReports {
			c.add(alice, fmt.Sprint(i))
		}
		pass(time.Hour)
		c.script(answers(200))
		c.mu.Lock()
		c.got, c.at = nil, nil
		c.mu.Unlock()
		c.Back(alice)
		pass(5 * time.Minute)
		c.stop()
		if len(c.at) != MaxReports {
			t.Errorf("%d came", len(c.at))
		}
		for i, at := range c.at[1:] {
			if d := at.Sub(c.at[i]); d < spacing || d > 2*spacing {
				t.Errorf("%v between", d)
			}
		}
	})
}

// A file is as keep writes it, or it is refused; what is taken is what is written.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"AOR":"sip:a@x","Method":"PUBLISH","Headers":[["Event","vq-rtcpxr"]],"Type":"application/vq-rtcpxr","Body":"VQ\r\n"}`))
	f.Add([]byte(`{"AOR":"sip:a@x\r\n","Method":"PUBLISH","Type":"t","Body":"b"}`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := parse(text)
		if err != nil {
			return
		}
		for _, s := range []string{r.AOR, r.Method, r.Type} {
			if s == "" || strings.ContainsAny(s, "\r\n") {
				t.Fatalf("%q", s)
			}
		}
		if len(r.Body) > MaxBody || len(r.Headers) > 4 {
			t.Fatalf("%d bytes, %d headers", len(r.Body), len(r.Headers))
		}
	})
}
