package store

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"opendeskphone/firmware/phone"
)

// MaxCalls is how many calls the log keeps; the oldest go.
const MaxCalls = 500

const maxField = 256 // bytes kept of each text a stranger can set

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
	s.calls = append([]phone.Record{r}, s.calls[:min(len(s.calls), MaxCalls-1)]...)
	s.logged++
	s.putCall(s.logged, r)
}

// texts are those parts of a record that a stranger can set.
func texts(r *phone.Record) []*string {
	return []*string{&r.Remote.Name, &r.Remote.Number, &r.Remote.URI, &r.Conversation}
}

// possible tells whether a record can be one of LogCall's.
func possible(r *phone.Record) bool {
	long := slices.ContainsFunc(texts(r), func(s *string) bool { return len(*s) > maxField })
	return !long && r.Cause < phone.CauseCount && r.Dir <= phone.Incoming && r.Line < phone.MaxLines
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
