package store

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"opendeskphone/firmware/phone"
)

// Limits of the call log.
const (
	MaxCalls = 2000 // that are kept; the oldest go
	MaxOfPC  = 500  // of these those that one computer has told of: it cannot push out what the phone did
	MaxNote  = 512  // bytes of a note
)

const (
	maxField   = 256  // bytes kept of each text a stranger can set
	maxQuality = 1536 // bytes of how a call sounded
	maxNotes   = 16   // notes to calls that go on
	maxID      = 64   // bytes of an ID
	freshTime  = 2 * time.Minute
)

// Errors of the call log. Others say what is wrong with a call.
var (
	ErrNoCall  = errors.New("store: no such call")
	ErrLogFull = errors.New("store: the call log is full")
)

// call is a record in the file. N orders the calls there, for a clock may jump.
type call struct {
	N      uint64
	Record phone.Record
}

// LogCall adds a call that has ended.
func (s *Store) LogCall(r phone.Record) {
	for _, text := range texts(&r) {
		*text = strings.Map(printable, strings.ToValidUTF8((*text)[:min(len(*text), maxField)], ""))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r.Note = s.notes[r.Call]
	delete(s.notes, r.Call)
	r.ID = newID()
	s.addCall(r)
}

func printable(r rune) rune {
	if unicode.IsControl(r) {
		return -1
	}
	return r
}

// addCall puts a call on top of the log. The caller holds mu.
func (s *Store) addCall(r phone.Record) {
	if len(s.calls) >= MaxCalls {
		s.forget(len(s.calls) - 1)
	}
	s.calls = append([]phone.Record{r}, s.calls...)
	s.logged++
	s.putCall(s.logged, r)
}

// AddPC adds what a computer tells of: a call of a program there, or another mode of a conversation. An ID it has
// told of before is changed, so that a conversation may grow; only a computer's own entries may be.
func (s *Store) AddPC(r phone.Record) (id string, err error) {
	if r.Owner == "" {
		return "", errors.New("store: the entry is of no computer")
	}
	if err := check(&r); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.indexOf(r.ID); r.ID != "" && i >= 0 {
		if s.calls[i].Owner != r.Owner {
			return "", ErrNoCall
		}
		if r.Note == "" {
			r.Note = s.calls[i].Note
		}
		s.change(i, r)
		return r.ID, nil
	}
	if r.ID == "" {
		r.ID = newID()
	}
	if n, oldest := s.ofOwner(r.Owner); n >= MaxOfPC {
		s.forget(oldest)
	}
	if len(s.calls) == 0 || !s.calls[0].Ended.After(r.Ended) {
		s.addCall(r)
		return r.ID, nil
	}
	if len(s.calls) >= MaxCalls {
		s.forget(len(s.calls) - 1)
	}
	s.calls = atItsTime(slices.Clone(s.calls), r)
	s.renumber()
	return r.ID, nil
}

// ofOwner counts the calls that a computer has told of, and gives the place of the oldest.
func (s *Store) ofOwner(owner string) (n, oldest int) {
	for i := range s.calls {
		if s.calls[i].Owner == owner {
			n, oldest = n+1, i
		}
	}
	return n, oldest
}

// atItsTime puts a call before the first that did not end later.
func atItsTime(all []phone.Record, r phone.Record) []phone.Record {
	at := slices.IndexFunc(all, func(old phone.Record) bool { return !old.Ended.After(r.Ended) })
	if at < 0 {
		at = len(all)
	}
	return slices.Insert(all, at, r)
}

// Imported says what became of calls that were to be imported.
type Imported struct{ Added, Known int }

// Import adds calls of another log, each at its time. One that is there already is left as it is. All are added or
// none: a call that cannot be is an error, and so is one too many, for an import pushes nothing out.
func (s *Store) Import(in []phone.Record) (n Imported, err error) {
	for i := range in {
		if err := check(&in[i]); err != nil {
			return n, fmt.Errorf("%w (call %d)", err, i+1)
		}
		if in[i].ID == "" {
			return n, fmt.Errorf("store: the call has no ID (call %d)", i+1)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	known := make(map[string]bool, len(s.calls))
	for i := range s.calls {
		known[s.calls[i].ID] = true
	}
	all := slices.Clone(s.calls)
	for _, r := range in {
		if known[r.ID] {
			n.Known++
			continue
		}
		known[r.ID] = true
		n.Added++
		all = atItsTime(all, r)
	}
	if len(all) > MaxCalls {
		return Imported{}, ErrLogFull
	}
	if n.Added > 0 {
		s.calls = all
		s.renumber()
	}
	return n, nil
}

// renumber writes the log anew in its order. The caller holds mu.
func (s *Store) renumber() {
	s.logged += uint64(len(s.calls))
	for i, r := range s.calls {
		s.putCall(s.logged-uint64(i), r)
	}
}

// DeleteCalls deletes calls of the log, and tells how many of them there were.
func (s *Store) DeleteCalls(ids ...string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		if i := s.indexOf(id); i >= 0 {
			s.forget(i)
			n++
		}
	}
	return n
}

// forget takes a call out of the log. The caller holds mu.
func (s *Store) forget(i int) {
	s.drop(key{logBucket, s.calls[i].ID})
	delete(s.numbers, s.calls[i].ID)
	s.calls = slices.Delete(slices.Clone(s.calls), i, i+1)
}

func (s *Store) indexOf(id string) int {
	return slices.IndexFunc(s.calls, func(r phone.Record) bool { return r.ID == id })
}

// Note puts a note to a call of this life of the phone, in place of an older one: a call that goes on has it
// when it ends, one that has ended may have done so up to freshTime ago.
func (s *Store) Note(call phone.CallID, on bool, text string, now time.Time) error {
	if err := checkNote(text); err != nil {
		return err
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
	i := slices.IndexFunc(s.calls, func(r phone.Record) bool { return call != 0 && r.Call == call && r.Owner == "" })
	if i < 0 || now.Sub(s.calls[i].Ended) > freshTime {
		return ErrNoCall
	}
	s.annotate(i, text)
	return nil
}

// NoteLogged puts a note to a call of the log, in place of an older one.
func (s *Store) NoteLogged(id, text string) error {
	if err := checkNote(text); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.indexOf(id)
	if i < 0 {
		return ErrNoCall
	}
	s.annotate(i, text)
	return nil
}

func checkNote(text string) error {
	if len(text) > MaxNote || !utf8.ValidString(text) {
		return fmt.Errorf("store: a note has at most %d bytes of UTF-8", MaxNote)
	}
	return nil
}

func (s *Store) annotate(i int, text string) {
	r := s.calls[i]
	r.Note = text
	s.change(i, r)
}

// change puts another record in the place of one. The caller holds mu.
func (s *Store) change(i int, r phone.Record) {
	s.calls = slices.Clone(s.calls)
	s.calls[i] = r
	s.putCall(s.numbers[r.ID], r)
}

// texts are those parts of a record that a stranger can set.
func texts(r *phone.Record) []*string {
	return []*string{&r.Remote.Name, &r.Remote.Number, &r.Remote.URI, &r.Conversation, &r.Reason,
		&r.ForwardedBy.Name, &r.ForwardedBy.Number, &r.ForwardedBy.URI, &r.ForwardedTo.Name, &r.ForwardedTo.Number, &r.ForwardedTo.URI, &r.Proof.Attest, &r.PC, &r.Owner}
}

// check tells what is wrong with a record from outside.
func check(r *phone.Record) error {
	for _, s := range texts(r) {
		if len(*s) > maxField || !utf8.ValidString(*s) || strings.ContainsFunc(*s, unicode.IsControl) {
			return fmt.Errorf("store: a text of the call is longer than %d bytes or holds control characters", maxField)
		}
	}
	switch {
	case len(r.ID) > maxID || strings.ContainsFunc(r.ID, func(c rune) bool { return c <= ' ' || c > '~' }):
		return fmt.Errorf("store: an ID has at most %d printable characters", maxID)
	case !datable(r.Began) || !datable(r.Ended) || !r.Answered.IsZero() && !datable(r.Answered):
		return errors.New("store: the times of the call cannot be")
	case !possible(r):
		return errors.New("store: the call cannot be")
	}
	return checkNote(r.Note)
}

// possible tells whether a record can be one of the log's.
func possible(r *phone.Record) bool {
	long := slices.ContainsFunc(texts(r), func(s *string) bool { return len(*s) > maxField })
	return !long && len(r.ID) <= maxID && len(r.Quality) <= maxQuality && len(r.Note) <= MaxNote && r.Cause < phone.CauseCount && r.Proof.Doubt < phone.DoubtCount &&
		r.Proof.Verdict <= phone.NotVerified && r.Dir <= phone.Incoming && r.Line < phone.MaxLines && r.Mode < phone.ModeCount
}

// datable tells whether a time can be written: the clock of a phone may have jumped, but not everywhere.
func datable(t time.Time) bool { return t.Year() >= 1970 && t.Year() <= 9999 }

func (s *Store) putCall(n uint64, r phone.Record) {
	s.numbers[r.ID] = n
	s.put(key{logBucket, r.ID}, call{n, r})
}

// Calls gives the call log, newest first. The slice is the same until the log changes, and is never
// written again.
func (s *Store) Calls() []phone.Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// adoptCalls lays the log of a file under that in memory, and tells whether some of it was damaged. The calls of an older
// file lie in another bucket, and have no IDs yet: they move.
func (s *Store) adoptCalls(in, old map[string][]byte) (lost bool) {
	var found []call
	moved := map[string]bool{}
	for id, b := range in {
		var c call
		if json.Unmarshal(b, &c) != nil || !possible(&c.Record) || c.Record.ID != id {
			lost = true
			continue
		}
		_, changed := s.pending[key{logBucket, id}] // deleted while the file could not be opened
		if _, known := s.numbers[id]; !known && !changed {
			found = append(found, c)
		}
	}
	for slot, b := range old {
		var c call
		s.drop(key{oldCallsBucket, slot})
		if json.Unmarshal(b, &c) != nil || !possible(&c.Record) {
			lost = true
			continue
		}
		c.Record.ID = fmt.Sprintf("%x-%d", c.Record.Began.UnixMilli(), c.Record.Call)
		moved[c.Record.ID] = true
		found = append(found, c)
	}
	slices.SortFunc(found, func(a, b call) int { return cmp.Compare(b.N, a.N) })
	s.layUnder(found, moved)
	return lost
}

// layUnder puts the calls of a file under those that were logged while it could not be opened.
func (s *Store) layUnder(found []call, moved map[string]bool) {
	young := len(s.calls)
	all := slices.Clone(s.calls)
	for i, c := range found {
		if i >= MaxCalls-young {
			s.drop(key{logBucket, c.Record.ID})
			continue
		}
		s.numbers[c.Record.ID] = c.N
		if moved[c.Record.ID] {
			s.putCall(c.N, c.Record)
		}
		all = append(all, c.Record)
	}
	s.calls = all
	if len(found) == 0 {
		return
	}
	s.logged += found[0].N
	for i, r := range s.calls[:young] { // they count from the file's number on
		s.putCall(s.logged-uint64(i), r)
	}
}

// allCalls writes the whole log. The caller holds mu.
func (s *Store) allCalls() {
	numbers := maps.Clone(s.numbers)
	for _, r := range s.calls {
		s.putCall(numbers[r.ID], r)
	}
}
