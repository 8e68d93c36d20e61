// Package calllog reads and writes a call log as a file in an open format: one JSON object, described by
// docs/call-log.schema.json. What one phone gives another takes, and nothing of it is lost.
package calllog

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"opendeskphone/firmware/tpcp"
)

// Format and Version name the format. A reader passes over members that it does not know; a file of a higher version may
// mean other things by those it does.
const (
	Format  = "opendeskphone-call-log"
	Version = 1
)

// Limits of a file.
const (
	maxBytes = 32 << 20
	MaxCalls = 20_000
	maxBatch = 48 << 10 // bytes of calls in one request: a frame has 64 KiB
)

// File is a log.
type File struct {
	Format   string          `json:"format"`
	Version  int             `json:"version"`
	Exported tpcp.Time       `json:"exportedAt"`
	DeviceID string          `json:"deviceId,omitempty"` // the phone it comes from
	Calls    []tpcp.LogEntry `json:"calls"`              // newest first
}

// New makes a file of a phone's log.
func New(device string, calls []tpcp.LogEntry, now time.Time) *File {
	return &File{Format: Format, Version: Version, Exported: tpcp.Time{Time: now}, DeviceID: device, Calls: calls}
}

// Write writes a file.
func (f *File) Write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(f)
}

// Read reads a file and checks that it is one. Each call is checked by the phone that takes it.
func Read(r io.Reader) (*File, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	switch {
	case err != nil:
		return nil, err
	case len(b) > maxBytes:
		return nil, fmt.Errorf("the file is larger than %d MiB", maxBytes>>20)
	}
	var f File
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, fmt.Errorf("this is no call log: %w", err)
	}
	switch {
	case f.Format != Format:
		return nil, fmt.Errorf("this is no call log: its format is %q, not %q", f.Format, Format)
	case f.Version < 1 || f.Version > Version:
		return nil, fmt.Errorf("the file is of version %d; this program reads version %d", f.Version, Version)
	case len(f.Calls) > MaxCalls:
		return nil, fmt.Errorf("the file has more than %d calls", MaxCalls)
	}
	for i := range f.Calls {
		if f.Calls[i].LogID == "" {
			return nil, fmt.Errorf("call %d has no logId", i+1)
		}
	}
	return &f, nil
}

// Batches cuts calls into parts that fit a request.
func Batches(calls []tpcp.LogEntry) (out [][]tpcp.LogEntry, err error) {
	size, from := 0, 0
	for i := range calls {
		b, err := json.Marshal(&calls[i])
		if err != nil {
			return nil, err
		}
		if len(b) > maxBatch {
			return nil, errors.New("a call of the file is too long to be one")
		}
		if size += len(b) + 1; size > maxBatch || i-from == 100 {
			out, from, size = append(out, calls[from:i]), i, len(b)+1
		}
	}
	if from < len(calls) {
		out = append(out, calls[from:])
	}
	return out, nil
}
