package diag

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"time"

	"opendeskphone/firmware/phone"
)

// Format names the form of a record: a line of JSON each for the head, for a whole state, and for
// each input taken from there on.
//
//	{"format":"odp-record/1","version":"0.3.0","at":"2026-06-01T12:00:00Z","reason":"panic: ..."}
//	{"state":{...}}
//	{"seq":17,"at":"2026-06-01T11:58:03.1Z","by":"ui","in":"Answer","of":{"Call":3}}
const Format = "odp-record/1"

// Limits of a record that is read.
const (
	maxLine    = 1 << 20
	maxEntries = 100_000
)

// Flight is a record, oldest first.
type Flight struct {
	Version   string    // of the firmware
	At        time.Time // when it was taken
	Reason    string    // why: the panic with its stack, or who asked for it
	Stretches []Stretch
}

// Stretch is a state and the inputs that it met one after the other.
type Stretch struct {
	Start   phone.State
	Entries []Entry
}

type headLine struct {
	Format  string    `json:"format"`
	Version string    `json:"version"`
	At      time.Time `json:"at"`
	Reason  string    `json:"reason"`
}

type line struct {
	State *phone.State    `json:"state,omitempty"`
	Seq   phone.Seq       `json:"seq,omitempty"`
	At    time.Time       `json:"at,omitzero"`
	By    phone.Origin    `json:"by,omitempty"`
	In    string          `json:"in,omitempty"`
	Of    json.RawMessage `json:"of,omitempty"`
}

// Write writes the record.
func (f *Flight) Write(w io.Writer) error {
	buf := bufio.NewWriter(w)
	out := json.NewEncoder(buf)
	err := out.Encode(headLine{Format, f.Version, f.At, f.Reason})
	for _, s := range f.Stretches {
		err = errors.Join(err, out.Encode(line{State: &s.Start}))
		for _, e := range s.Entries {
			of, bad := json.Marshal(e.In)
			err = errors.Join(err, bad, out.Encode(line{Seq: e.Seq, At: e.At, By: e.By, In: nameOf(e.In), Of: of}))
		}
	}
	if err = errors.Join(err, buf.Flush()); err != nil {
		return fmt.Errorf("diag: write record: %w", err)
	}
	return nil
}

// inputs are the types of phone.Inputs by name.
var inputs = func() map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for _, in := range phone.Inputs() {
		out[nameOf(in)] = reflect.TypeOf(in)
	}
	return out
}()

func nameOf(v any) string { return reflect.TypeOf(v).Name() }

// Read reads what Write wrote. A record cut short is read as far as it goes: the crash may have
// been of the disk too.
func Read(r io.Reader) (*Flight, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	f := &Flight{}
	var head headLine
	if !lines.Scan() || json.Unmarshal(lines.Bytes(), &head) != nil || head.Format != Format {
		return nil, fmt.Errorf("diag: this is no record of the form %s", Format)
	}
	f.Version, f.At, f.Reason = head.Version, head.At, head.Reason
	for n := 2; lines.Scan(); n++ {
		if n > maxEntries {
			return nil, fmt.Errorf("diag: record of more than %d lines", maxEntries)
		}
		err := f.read(lines.Bytes())
		if errors.Is(err, errCut) && !lines.Scan() {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("diag: line %d of the record: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("diag: read record: %w", err)
	}
	return f, nil
}

var errCut = errors.New("it is cut short")

func (f *Flight) read(b []byte) error {
	var l line
	err := json.Unmarshal(b, &l)
	switch {
	case err != nil && !bytes.HasSuffix(b, []byte("}")):
		return errCut
	case err != nil:
		return err
	case l.State != nil:
		f.Stretches = append(f.Stretches, Stretch{Start: *l.State})
		return nil
	case len(f.Stretches) == 0:
		return errors.New("an input without a state")
	}
	typ, ok := inputs[l.In]
	if !ok {
		return fmt.Errorf("there is no input %q", l.In)
	}
	in := reflect.New(typ)
	if err := json.Unmarshal(l.Of, in.Interface()); err != nil {
		return err
	}
	last := &f.Stretches[len(f.Stretches)-1]
	last.Entries = append(last.Entries, Entry{l.Seq, l.At, l.By, in.Elem().Interface().(phone.Input)})
	return nil
}
