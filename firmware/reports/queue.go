// Package reports keeps reports on calls until their collector has taken them. They lie on disk, so that a restart loses
// none; of each line one at a time is sent, in their order, and a collector that is away or asks for patience gets it.
package reports

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Report is one report of a line. It holds nothing secret.
type Report struct {
	AOR     string      // of the line that sends it
	Method  string      // PUBLISH or SERVICE
	Own     bool        // it goes to the line's own address, else to its collector
	Headers [][2]string // of the request
	Type    string      // of the body
	Body    string
	Made    time.Time
}

// Outcome is what became of a report that was sent.
type Outcome struct {
	Code  int           // SIP response code, 0: there was no response
	Text  string        // its words, or what went wrong
	After time.Duration // when to try again, as the server says; 0: it does not
	Off   bool          // the line has no collector any more, or is no more
}

// Send sends a report and waits for its outcome, or for ctx to end.
type Send func(ctx context.Context, r Report) Outcome

// Limits of what is kept.
const (
	MaxReports = 64        // of all lines
	MaxBytes   = 256 << 10 // of their bodies
	MaxBody    = 16 << 10
)

// The rhythm.
const (
	patience    = 2 * time.Minute // with one report: longer than any transaction
	spacing     = time.Second     // between the reports of a line that waited, up to twice that
	settling    = 5 * time.Second // after the start, up to six times that: after a power cut all phones start together
	base, limit = 30 * time.Second, 30 * time.Minute
	most        = time.Hour       // of a time that the server names
	returned    = 2 * time.Second // after a line has signed in again, up to five times that
)

// Status is how a line's reports fare.
type Status struct {
	Waiting int
	Taken   time.Time // when the last one was taken; zero: none since the start
	Next    time.Time // when the next is sent; zero: none waits, or one is on its way
	Trouble string    // why they wait, or the last one was refused; empty: nothing is wrong
}

// Queue is the reports that wait. Its methods may be called from any goroutine, and never block.
type Queue struct {
	shelf shelf
	send  Send
	log   *slog.Logger
	wake  chan struct{} // capacity 1
	done  chan result

	mu      sync.Mutex
	waiting []*entry // oldest first
	lines   map[string]*line
	last    uint64 // number of the youngest
	lost    int    // dropped, because there were too many
}

// entry is a report with its number, which is its name on disk and its place.
type entry struct {
	Report
	id    uint64
	saved bool
}

// line is the state of one line's reports.
type line struct {
	next    time.Time
	busy    bool // one is on its way
	back    bool // and the line has signed in anew since it left
	fails   int  // in a row
	told    bool // next is a time that the server named
	taken   time.Time
	trouble string
}

type result struct {
	e   *entry
	out Outcome
}

// Open reads what waits in a folder, which is made if it is not there.
func Open(dir string, send Send, log *slog.Logger) *Queue {
	q := &Queue{shelf: shelf{dir}, send: send, log: log, wake: make(chan struct{}, 1), done: make(chan result, MaxReports), lines: map[string]*line{}}
	found, err := q.shelf.load()
	if err != nil {
		log.Error("reports that waited cannot be read", "err", err)
	}
	q.waiting = found
	start := time.Now().Add(between(settling, 6*settling))
	for _, e := range found {
		q.last = max(q.last, e.id)
		q.line(e.AOR).next = start
	}
	q.bound()
	return q
}

func between(low, high time.Duration) time.Duration {
	return low + time.Duration(rand.Float64()*float64(high-low))
}

func (q *Queue) line(aor string) *line {
	l := q.lines[aor]
	if l == nil {
		l = &line{}
		q.lines[aor] = l
	}
	return l
}

// Add takes a report. If there are too many, the oldest is dropped.
func (q *Queue) Add(r Report) {
	if len(r.Body) > MaxBody {
		q.log.Error("a report is too long", "line", r.AOR, "bytes", len(r.Body))
		return
	}
	q.mu.Lock()
	q.last++
	q.waiting = append(q.waiting, &entry{Report: r, id: q.last})
	q.bound()
	q.mu.Unlock()
	q.stir()
}

// bound drops what is too much, oldest first.
func (q *Queue) bound() {
	bytes := 0
	for _, e := range q.waiting {
		bytes += len(e.Body)
	}
	for len(q.waiting) > MaxReports || bytes > MaxBytes {
		e := q.waiting[0]
		q.waiting, bytes = q.waiting[1:], bytes-len(e.Body)
		q.lost++
		q.log.Warn("a report was dropped: too many wait", "line", e.AOR, "made", e.Made, "dropped", q.lost)
	}
}

func (q *Queue) stir() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// Back tells that a line is signed in anew: what waits for no time that a server named is sent soon. So is a report that
// is on its way, if it went the way that the line has left.
func (q *Queue) Back(aor string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.lines[aor]
	if l == nil {
		return
	}
	l.back = l.busy
	if next := soon(time.Now()); !l.busy && !l.told && l.fails > 0 && next.Before(l.next) {
		l.next = next
		q.stir()
	}
}

// soon is when a line that has signed in anew sends what waits.
func soon(now time.Time) time.Time { return now.Add(between(returned, 5*returned)) }

// Line is how the reports of a line fare.
func (q *Queue) Line(aor string) Status {
	q.mu.Lock()
	defer q.mu.Unlock()
	var s Status
	for _, e := range q.waiting {
		if e.AOR == aor {
			s.Waiting++
		}
	}
	if l := q.lines[aor]; l != nil {
		s.Taken, s.Trouble = l.taken, l.trouble
		if s.Waiting > 0 && !l.busy {
			s.Next = l.next
		}
	}
	return s
}

// Lost is how many reports were dropped since the start, because too many waited.
func (q *Queue) Lost() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.lost
}

// Run sends until ctx ends, and returns when none is on its way.
func (q *Queue) Run(ctx context.Context) error {
	var all sync.WaitGroup
	defer all.Wait()
	for {
		q.keep()
		due, next := q.due(time.Now())
		for _, e := range due {
			all.Go(func() {
				try, cancel := context.WithTimeout(ctx, patience)
				defer cancel()
				q.done <- result{e, q.send(try, e.Report)}
			})
		}
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
			timer.Stop()
			q.keep()
			return nil
		case r := <-q.done:
			q.outcome(r, time.Now())
		case <-q.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// keep brings the disk up to date. One that is full is told of and tried again with the next change.
func (q *Queue) keep() {
	q.mu.Lock()
	all := slices.Clone(q.waiting)
	q.mu.Unlock()
	if err := q.shelf.keep(all); err != nil {
		q.log.Error("reports do not outlive a restart", "err", err)
	}
}

// due marks and gives the reports to be sent now, and how long it is until there may be more.
func (q *Queue) due(now time.Time) (due []*entry, next time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	next = limit
	seen := map[string]bool{}
	for _, e := range q.waiting {
		l := q.line(e.AOR)
		if seen[e.AOR] || l.busy {
			continue
		}
		seen[e.AOR] = true
		if wait := l.next.Sub(now); wait > 0 {
			next = min(next, wait)
			continue
		}
		l.busy = true
		due = append(due, e)
	}
	return due, next
}

// outcome judges what became of a report.
func (q *Queue) outcome(r result, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.line(r.e.AOR)
	back := l.back
	l.busy, l.back, l.told = false, false, false
	l.next = now.Add(between(spacing, 2*spacing))
	switch verdictOn(r.out) {
	case taken:
		l.fails, l.taken, l.trouble = 0, now, ""
	case refused:
		l.fails, l.trouble = 0, words(r.out)
		q.log.Warn("a report was dropped: it will never be taken", "line", r.e.AOR, "made", r.e.Made, "reason", l.trouble)
	case unwanted:
		l.fails, l.trouble = 0, ""
	default:
		l.fails++
		l.told = r.out.After > 0
		l.trouble = words(r.out)
		l.next = now.Add(backoff(l.fails, r.out.After))
		if back && !l.told {
			l.next = soon(now)
		}
		q.log.Info("reports wait", "line", r.e.AOR, "reason", l.trouble, "next", l.next)
		return
	}
	q.waiting = slices.DeleteFunc(q.waiting, func(e *entry) bool { return e == r.e })
}

// backoff is how long to wait after the n-th failure in a row (from 1): as long as the server says, else 50 to 100 % of a
// time that doubles (RFC 5626 §4.5).
func backoff(n int, after time.Duration) time.Duration {
	if after > 0 {
		return min(after, most) + between(0, 3*time.Second)
	}
	d := min(base<<min(n-1, 10), limit)
	return between(d/2, d)
}

func words(o Outcome) string {
	if o.Code == 0 {
		return o.Text
	}
	return fmt.Sprintf("%d %s", o.Code, o.Text)
}

type verdict uint8

const (
	later verdict = iota
	taken
	refused
	unwanted
)

// verdictOn tells what will never be taken from what may be taken later: the latter are silence, trouble of the server
// and of the way there, a password that may be mended, and whatever names a time.
func verdictOn(o Outcome) verdict {
	switch c := o.Code; {
	case o.Off:
		return unwanted
	case c >= 200 && c < 300:
		return taken
	case c == 0, o.After > 0, c == 401, c == 407, c == 408, c == 480, c == 486, c == 491:
		return later
	case c == 501, c == 505, c == 513: // not this method, version or length, ever
		return refused
	case c >= 500 && c < 600:
		return later
	}
	return refused
}
