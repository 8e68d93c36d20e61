// Package diag keeps the phone's flight record: the last inputs of the centre and states from which
// they can be run again. Because phone.Step is pure, a record from the field replays a bug bit by
// bit on a desk. What a user sends by keys into a call (a PIN, say) is not in it; who called whom is.
package diag

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"opendeskphone/firmware/phone"
)

const (
	segmentLen = 250 // inputs between two states kept whole
	segments   = 9   // so that 2,000 inputs are left when the oldest segment is given up
	keptFiles  = 5   // crash records in a folder; the oldest go
)

// Entry is one input of the centre as it was taken.
type Entry struct {
	Seq phone.Seq // of the state it met
	At  time.Time
	By  phone.Origin
	In  phone.Input
}

// segment is a stretch of the record that begins with a whole state.
type segment struct {
	start   *phone.State // published, so never written again: keeping it costs nothing
	entries []Entry
}

// Recorder implements phone.Recorder: a ring of segments. Record costs a lock and a copy; all
// methods may be called from any goroutine.
type Recorder struct {
	mu   sync.Mutex
	ring [segments]segment
	at   int // the segment being filled
}

// NewRecorder makes an empty record.
func NewRecorder() *Recorder {
	r := &Recorder{}
	for i := range r.ring {
		r.ring[i].entries = make([]Entry, 0, segmentLen)
	}
	return r
}

// Record implements phone.Recorder.
func (r *Recorder) Record(s *phone.State, now time.Time, by phone.Origin, in phone.Input) {
	r.mu.Lock()
	defer r.mu.Unlock()
	g := &r.ring[r.at]
	if len(g.entries) == segmentLen {
		r.at = (r.at + 1) % segments
		g = &r.ring[r.at]
		clear(g.entries)
		g.entries = g.entries[:0]
	}
	if len(g.entries) == 0 {
		g.start = s
	}
	g.entries = append(g.entries, Entry{Seq: s.Seq, At: now, By: by, In: redact(in)})
}

// redact hides the digits sent into calls. All that may be sent decide alike, so the replay is the same.
func redact(in phone.Input) phone.Input {
	if d, ok := in.(phone.SendDTMF); ok && d.Digit < 128 && strings.ContainsRune("123456789*#ABCD", d.Digit) {
		d.Digit = '0'
		return d
	}
	return in
}

// Flight takes the record as it stands, oldest input first.
func (r *Recorder) Flight() Flight {
	r.mu.Lock()
	defer r.mu.Unlock()
	var f Flight
	for i := range segments {
		g := &r.ring[(r.at+1+i)%segments]
		if len(g.entries) == 0 {
			continue
		}
		f.Stretches = append(f.Stretches, Stretch{Start: *g.start, Entries: slices.Clone(g.entries)})
	}
	return f
}

// OnPanic is to be deferred above the centre: it saves the record into dir when the goroutine
// panics, and lets the panic go on.
//
//	defer recorder.OnPanic("/data/crash", version)
func (r *Recorder) OnPanic(dir, version string) {
	p := recover()
	if p == nil {
		return
	}
	f := r.Flight()
	f.Version, f.At = version, time.Now()
	f.Reason = fmt.Sprintf("panic: %v\n\n%s", p, debug.Stack())
	if _, err := f.Save(dir); err != nil {
		panic(errors.Join(fmt.Errorf("%v", p), err)) // both stories belong on the console
	}
	panic(p)
}

// Save writes the record into a file of dir, named by its time, and gives up all but the newest
// records there. It returns the file's path.
func (f *Flight) Save(dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("diag: save record: %w", err)
	}
	old, err := filepath.Glob(filepath.Join(dir, "crash-*.rec"))
	if err != nil {
		return "", fmt.Errorf("diag: save record: %w", err)
	}
	slices.Sort(old)
	for len(old) >= keptFiles {
		if err := os.Remove(old[0]); err != nil {
			return "", fmt.Errorf("diag: save record: %w", err)
		}
		old = old[1:]
	}
	path := filepath.Join(dir, "crash-"+f.At.UTC().Format("20060102T150405.000")+".rec")
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return "", fmt.Errorf("diag: save record: %w", err)
	}
	err = f.Write(file)
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		_ = os.Remove(path) // half a record on a full disk helps nobody
		return "", fmt.Errorf("diag: save record: %w", err)
	}
	return path, nil
}
