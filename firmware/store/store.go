// Package store remembers, in one bbolt file on the data partition: contacts, the call log, and the
// little that must outlast a power cut (volumes, missed calls). Everything is answered from memory;
// Run writes behind, in batches, so that flash lives long. A disk that is full or broken costs the
// memory of the phone across its next restart, and nothing else.
//
//	UI, centre --> memory --> pending --- Run ---> bbolt, at most a write a second
package store

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"syscall"
	"time"

	"opendeskphone/firmware/phone"
)

const (
	gatherTime = time.Second      // how long changes are gathered into one write
	retryTime  = 30 * time.Second // after which a failed write is tried again
)

// Volumes are those last set by hand.
type Volumes struct {
	Path [phone.PathCount]uint8
	Ring uint8
}

// key names a value in the file.
type key struct{ bucket, name string }

// The buckets, and the keys of the last.
const (
	contactsBucket = "contacts" // ID -> Contact
	logBucket      = "log"      // ID -> call
	oldCallsBucket = "calls"    // slot of a ring -> call, by older firmware
	memoryBucket   = "memory"   // what there is one of
	volumesKey     = "volumes"
	unseenKey      = "unseen"
	oldMissedKey   = "missed" // by older firmware
)

// Store is what the phone remembers. All methods but Run may be called from any goroutine and
// answer at once.
type Store struct {
	log  *slog.Logger
	file file // of Open, then of Run alone
	wake chan struct{}

	mu       sync.Mutex
	contacts []Contact // by name; a new slice with each change
	names    nameIndex
	calls    []phone.Record          // newest first; a new slice with each call
	logged   uint64                  // number of the newest call
	numbers  map[string]uint64       // those of the calls, by ID
	notes    map[phone.CallID]string // to calls that go on
	volumes  *Volumes
	unseen   phone.Unseen
	pending  map[key][]byte // what differs from the file; nil: to be deleted
	damaged  string         // what was found broken, until the phone starts again
	failed   string         // why nothing can be written now
	notify   func(string)
}

// Open reads the file at path, or begins a new one. It never fails, for a phone without memory is a
// phone; Problem tells what is wrong.
func Open(path string, log *slog.Logger) *Store {
	s := &Store{log: log, file: file{path: path}, wake: make(chan struct{}, 1), pending: map[key][]byte{}, notes: map[phone.CallID]string{}, numbers: map[string]uint64{}, notify: func(string) {}}
	s.open()
	return s
}

// open opens the file and adds what is in it to the memory. A file in which anything is damaged is
// set aside, and what could be read is written into a new one.
func (s *Store) open() bool {
	c, err := s.file.open()
	damaged := errors.Is(err, errDamaged)
	if damaged {
		s.log.Error("store damaged", "err", err)
		err = nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	lost := s.adopt(c)
	switch {
	case damaged:
		s.damaged = "contacts and call log were damaged and begin anew"
	case lost:
		s.damaged = "some contacts or calls were damaged and are lost"
	}
	if damaged || lost {
		if err = s.file.setAside(); err == nil {
			_, err = s.file.open()
		}
		s.pending = s.everything()
		s.stir()
	}
	if err != nil {
		s.fail(err)
		return false
	}
	s.failed = ""
	return true
}

// fail notes why the file cannot be used. The caller holds mu.
func (s *Store) fail(err error) {
	s.log.Warn("store not written", "err", err)
	s.failed = "contacts and call log cannot be saved"
	if errors.Is(err, syscall.ENOSPC) {
		s.failed = "the memory is full, contacts and call log cannot be saved"
	}
}

// adopt adds what a file holds; what is in memory already is younger. It tells whether some of it
// was damaged. The caller holds mu.
func (s *Store) adopt(c content) (lost bool) {
	known := map[string]bool{}
	for _, x := range s.contacts {
		known[x.ID] = true
	}
	all := s.contacts[:len(s.contacts):len(s.contacts)]
	for id, b := range c[contactsBucket] {
		var x Contact
		if json.Unmarshal(b, &x) != nil || x.ID != id || x.check() != nil {
			lost = true
			continue
		}
		if _, changed := s.pending[key{contactsBucket, id}]; !known[id] && !changed && len(all) < MaxContacts {
			all = append(all, x)
		}
	}
	s.setContacts(all)
	lost = s.adoptCalls(c[logBucket], c[oldCallsBucket]) || lost
	if b, ok := c[memoryBucket][volumesKey]; ok && s.volumes == nil {
		var v Volumes
		if json.Unmarshal(b, &v) == nil {
			s.volumes = &v
		} else {
			lost = true
		}
	}
	return s.adoptUnseen(c[memoryBucket]) || lost
}

// adoptUnseen takes the counts of calls that nobody has seen; older firmware knew of missed ones alone.
func (s *Store) adoptUnseen(memory map[string][]byte) (lost bool) {
	if s.pending[key{memoryBucket, unseenKey}] != nil {
		return false
	}
	if b, ok := memory[unseenKey]; ok {
		return json.Unmarshal(b, &s.unseen) != nil
	}
	if b, ok := memory[oldMissedKey]; ok {
		s.drop(key{memoryBucket, oldMissedKey})
		if json.Unmarshal(b, &s.unseen.Missed) != nil {
			return true
		}
		s.put(key{memoryBucket, unseenKey}, s.unseen)
	}
	return false
}

// Problem says in a line what is wrong with the memory of the phone; empty if nothing is.
func (s *Store) Problem() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.problem()
}

func (s *Store) problem() string {
	if s.failed != "" {
		return s.failed
	}
	return s.damaged
}

// Notify names who is told when Problem changes.
func (s *Store) Notify(f func(problem string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notify = f
}

// Volumes gives the volumes last set; ok is false on a phone where none ever was.
func (s *Store) Volumes() (v Volumes, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.volumes == nil {
		return Volumes{}, false
	}
	return *s.volumes, true
}

// KeepVolumes remembers the volumes.
func (s *Store) KeepVolumes(v Volumes) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.volumes == nil || *s.volumes != v {
		s.volumes = &v
		s.put(key{memoryBucket, volumesKey}, v)
	}
}

// Unseen counts the calls that came in and nobody has seen yet.
func (s *Store) Unseen() phone.Unseen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.unseen
}

// KeepUnseen remembers how many calls came in that nobody has seen yet.
func (s *Store) KeepUnseen(n phone.Unseen) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unseen != n {
		s.unseen = n
		s.put(key{memoryBucket, unseenKey}, n)
	}
}

// put has a value written soon. The caller holds mu.
func (s *Store) put(k key, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // our own types can be written
	}
	s.pending[k] = b
	s.stir()
}

// drop has a value deleted soon. The caller holds mu.
func (s *Store) drop(k key) {
	s.pending[k] = nil
	s.stir()
}

func (s *Store) stir() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run writes what changes, until ctx ends; then it writes the rest and closes the file. It may be
// run again.
func (s *Store) Run(ctx context.Context) error {
	retry := time.NewTicker(retryTime)
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			s.flush()
			return s.file.close()
		case <-retry.C:
			if s.Problem() == "" {
				continue
			}
		case <-s.wake:
			select {
			case <-time.After(gatherTime):
			case <-ctx.Done():
			}
		}
		s.flush()
	}
}

// flush writes all that is pending, and tells if the memory became unsafe or safe.
func (s *Store) flush() {
	before := s.Problem()
	if s.file.db != nil || s.open() {
		if batch := s.takePending(); len(batch) > 0 {
			s.written(batch, s.file.write(batch)) // the disk may be slow, and the screen wants to read: no lock
		}
	}
	s.mu.Lock()
	now, notify := s.problem(), s.notify
	s.mu.Unlock()
	if now != before {
		notify(now)
	}
}

func (s *Store) takePending() map[key][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	batch := s.pending
	s.pending = map[key][]byte{}
	return batch
}

// written takes the outcome of a write; what failed is pending again, under what came after it.
func (s *Store) written(batch map[key][]byte, err error) {
	aside := errors.Is(err, errDamaged)
	if aside { // the file broke under us: all of the memory goes into a new one
		s.log.Error("store damaged", "err", err)
		err = s.file.setAside()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err != nil:
		s.fail(err)
	case aside:
		s.damaged = "the file of contacts and call log was damaged and is written anew"
		maps.Copy(batch, s.everything())
		s.stir()
	default:
		s.failed = ""
		return
	}
	maps.Copy(batch, s.pending)
	s.pending = batch
}

// everything is the whole memory as it goes into an empty file. The caller holds mu.
func (s *Store) everything() map[key][]byte {
	others := s.pending
	defer func() { s.pending = others }()
	s.pending = map[key][]byte{}
	for _, c := range s.contacts {
		s.put(key{contactsBucket, c.ID}, c)
	}
	s.allCalls()
	if s.volumes != nil {
		s.put(key{memoryBucket, volumesKey}, *s.volumes)
	}
	s.put(key{memoryBucket, unseenKey}, s.unseen)
	return s.pending
}
