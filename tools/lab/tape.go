package lab

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"
)

// Tape is a WAV file that another program is recording into.
type Tape struct {
	file *os.File
	head wavHeader
}

// OpenTape waits until the file that path names exists and has a header.
func OpenTape(ctx context.Context, path func() (string, error)) (*Tape, error) {
	t := &Tape{}
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
	return t, nil
}

// Close closes the file.
func (t *Tape) Close() error { return t.file.Close() }

// Length is how much sound the file holds now: a mark to cut from later.
func (t *Tape) Length() time.Duration {
	info, err := t.file.Stat()
	if err != nil {
		return 0
	}
	return t.head.duration(max(info.Size()-int64(t.head.data), 0))
}

func (h wavHeader) duration(size int64) time.Duration {
	return time.Duration(size/int64(2*h.channels)) * time.Second / time.Duration(h.rate)
}

// WaitLength waits until the file holds this much sound.
func (t *Tape) WaitLength(ctx context.Context, d time.Duration) error {
	return Poll(ctx, fmt.Sprintf("recording of %v", d), func() (bool, error) { return t.Length() >= d, nil })
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
