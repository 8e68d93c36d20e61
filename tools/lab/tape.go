package lab

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// Tape watches a WAV file that another program is recording into, and knows at which time each
// part of it was recorded: so sound in two recordings can be laid on one time line.
type Tape struct {
	file *os.File
	head wavHeader
	stop chan struct{}
	over chan struct{}

	mu    sync.Mutex
	marks []tapeMark
}

type tapeMark struct {
	at   time.Time
	size int64 // bytes of samples in the file at that time
}

// OpenTape waits until the file that path names exists and has a header, then watches it grow.
func OpenTape(ctx context.Context, path func() (string, error)) (*Tape, error) {
	t := &Tape{stop: make(chan struct{}), over: make(chan struct{})}
	err := Poll(ctx, "a recording", func() (bool, error) {
		name, err := path()
		if err != nil {
			return false, nil // not there yet
		}
		head := make([]byte, 128)
		if t.file, err = os.Open(name); err != nil {
			return false, nil
		}
		n, _ := io.ReadFull(t.file, head)
		if t.head, err = parseWAVHeader(head[:n]); err == nil {
			return true, nil
		}
		t.file.Close()
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	t.look()
	go t.watch()
	return t, nil
}

func (t *Tape) watch() {
	defer close(t.over)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			t.look()
		case <-t.stop:
			return
		}
	}
}

func (t *Tape) look() {
	now := time.Now()
	info, err := t.file.Stat()
	if err != nil {
		return
	}
	size := info.Size() - int64(t.head.data)
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := len(t.marks); n == 0 || size > t.marks[n-1].size {
		t.marks = append(t.marks, tapeMark{now, size})
	}
}

// Close stops watching.
func (t *Tape) Close() error {
	close(t.stop)
	<-t.over
	return t.file.Close()
}

// Length is how much sound the file holds now: a mark to cut from later.
func (t *Tape) Length() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.head.duration(t.marks[len(t.marks)-1].size)
}

func (h wavHeader) duration(size int64) time.Duration {
	return time.Duration(size/int64(2*h.channels)) * time.Second / time.Duration(h.rate)
}

// WaitLength waits until the file holds this much sound.
func (t *Tape) WaitLength(ctx context.Context, d time.Duration) error {
	return Poll(ctx, fmt.Sprintf("recording of %v", d), func() (bool, error) { return t.Length() >= d, nil })
}

// When gives the time at which the sample at a place in the file was recorded: the file grew over
// it then. Writers flush in blocks, so it is late by at most one block.
func (t *Tape) When(place time.Duration) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, m := range t.marks {
		if t.head.duration(m.size) >= place {
			return m.at
		}
	}
	return time.Time{}
}

// Cut reads the sound between two places of the file.
func (t *Tape) Cut(from, to time.Duration) (Clip, error) {
	frame := int64(2 * t.head.channels)
	at := func(d time.Duration) int64 { return int64(d) * int64(t.head.rate) / int64(time.Second) * frame }
	b := make([]byte, max(at(to)-at(from), 0))
	n, err := t.file.ReadAt(b, int64(t.head.data)+at(from))
	if err != nil && err != io.EOF {
		return Clip{}, fmt.Errorf("lab: read recording: %w", err)
	}
	h := t.head
	h.length = 0
	return h.decode(b[:n]), nil
}
