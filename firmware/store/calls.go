package store

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"opendeskphone/firmware/phone"
)

// MaxCalls is how many calls the log keeps; the oldest go.
const MaxCalls = 500

const (
	maxField   = 256  // bytes kept of each text a stranger can set
	maxNote    = 512  // bytes of a note
	maxQuality = 1536 // bytes of how a call sounded
	maxNotes   = 16   // notes to calls that go on
	freshTime  = 2 * time.Minute
)

// ErrNoCall: the log has no call to put a note to.
var ErrNoCall = errors.New("store: no such call")

// call is a record in the file. The calls are a ring there: the next takes the place of the oldest.
type call struct {
	N      uint64 // of all calls ever logged, from 1
	Record phone.Record
}

// LogCall adds a call that has ended.
func (s *Store) LogCall(r phone.Record) {
	for _, text := range texts(&r) {
		*text = strings.ToValidUTF8((*text)[:min(len(*text), maxField)], "")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r.Note = s.notes[r.Call]
	delete(s.notes, r.Call)
	s.calls = append([]phone.Record{r}, s.calls[:min(len(s.calls), MaxCalls-1)]...)
	s.logged++
	s.putCall(s.logged, r)
}

// Note puts a note to a call of this life of the phone, in place of an older one: a call that goes on has it
// when it ends, one that has ended may have done so up to freshTime ago.
func (s *Store) Note(call phone.CallID, on bool, text string, now time.Time) error {
	if len(text) > maxNote || !utf8.ValidString(text) {
		return fmt.Errorf("store: a note has at most %d bytes of UTF-8", maxNote)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if on {
		if len(s.notes) >= maxNotes {
			clear(s.notes) // of calls that were never logged
		}
		s.notes[call] = text
		return nil
	}
	i := slices.IndexFunc(s.calls, func(r phone.Record) bool { return call != 0 && r.Call == call })
	if i < 0 || now.Sub(s.calls[i].Ended) > freshTime {
		return ErrNoCall
	}
	s.calls = slices.Clone(s.calls)
	s.calls[i].Note = text
	s.putCall(s.logged-uint64(i), s.calls[i])
	return nil
}

// texts are those parts of a record that a stranger can set.
func texts(r *phone.Record) []*string {
	return []*string{&r.Remote.Name, &r.Remote.Number, &r.Remote.URI, &r.Conversation,
		&r.ForwardedBy.Name, &r.ForwardedBy.Number, &r.ForwardedBy.URI, &r.Proof.Attest}
}

// possible tells whether a record can be one of LogCall's.
func possible(r *phone.Record) bool {
	long := slices.ContainsFunc(texts(r), func(s *string) bool { return len(*s) > maxField })
	return !long && len(r.Quality) <= maxQuality && len(r.Note) <= maxNote && r.Cause < phone.CauseCount && r.Proof.Doubt < phone.DoubtCount && r.Proof.Verdict <= phone.NotVerified && r.Dir <= phone.Incoming && r.Line < phone.MaxLines
}

func (s *Store) putCall(n uint64, r phone.Record) {
	s.put(key{callsBucket, string(binary.BigEndian.AppendUint16(nil, uint16(n%MaxCalls)))}, call{n, r})
}

// Calls gives the call log, newest first. The slice is the same until a call is added, and is never
// written again.
func (s *Store) Calls() []phone.Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// adoptCalls lays the log of a file under that in memory, and tells whether some of it was damaged.
func (s *Store) adoptCalls(in map[string][]byte) (lost bool) {
	var found []call
	for _, b := range in {
		var c call
		if json.Unmarshal(b, &c) != nil || !possible(&c.Record) {
			lost = true
			continue
		}
		found = append(found, c)
	}
	slices.SortFunc(found, func(a, b call) int { return cmp.Compare(b.N, a.N) })
	young := len(s.calls)
	all := slices.Clone(s.calls)
	for _, c := range found[:min(len(found), MaxCalls-young)] {
		all = append(all, c.Record)
	}
	s.calls = all
	if len(found) == 0 {
		return lost
	}
	s.logged += found[0].N
	maps.DeleteFunc(s.pending, func(k key, _ []byte) bool { return k.bucket == callsBucket })
	for i, r := range s.calls[:young] { // those logged while the file could not be opened count from its number on
		s.putCall(s.logged-uint64(i), r)
	}
	return lost
}
