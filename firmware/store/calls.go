package store

import (
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
	for _, text := range []*string{&r.Remote.Name, &r.Remote.Number, &r.Remote.URI, &r.Conversation} {
		*text = strings.ToValidUTF8((*text)[:min(len(*text), maxField)], "")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append([]phone.Record{r}, s.calls[:min(len(s.calls), MaxCalls-1)]...)
	s.logged++
	s.putCall(s.logged, r)
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

// adoptCalls lays the log of a file under that in memory.
func (s *Store) adoptCalls(in map[string][]byte) {
	var found []call
	for _, b := range in {
		var c call
		if json.Unmarshal(b, &c) != nil {
			s.damaged = "some of the call log was damaged and is lost"
			continue
		}
		found = append(found, c)
	}
	slices.SortFunc(found, func(a, b call) int { return int(min(max(int64(b.N-a.N), -1), 1)) })
	young := len(s.calls)
	all := slices.Clone(s.calls)
	for _, c := range found[:min(len(found), MaxCalls-young)] {
		all = append(all, c.Record)
	}
	s.calls = all
	if len(found) == 0 || found[0].N == 0 {
		return
	}
	s.logged += found[0].N
	maps.DeleteFunc(s.pending, func(k key, _ []byte) bool { return k.bucket == callsBucket })
	for i, r := range s.calls[:young] { // those logged while the file could not be opened count from its number on
		s.putCall(s.logged-uint64(i), r)
	}
}
