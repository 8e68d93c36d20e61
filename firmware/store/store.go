// Package store keeps what the phone must remember beside its settings: contacts, the call log, and
// the volumes as they were last turned. Memory is what is read; one writer goroutine brings it to a
// bbolt file. A disk that fails or is full never stops the phone: it goes on in memory and says so.
package store

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"opendeskphone/firmware/phone"
)

// Limits of what is kept.
const (
	MaxCalls    = 500  // calls in the log; the oldest go first
	MaxContacts = 2000 // contacts
	maxText     = 255  // bytes of one text
	maxNumbers  = 8    // numbers of one contact
)

var (
	bucketCalls    = []byte("calls")
	bucketContacts = []byte("contacts")
	bucketState    = []byte("state")
	keyVolumes     = []byte("volumes")
)

// Volumes are the steps the user left the volumes at.
type Volumes struct {
	Path [phone.PathCount]uint8
	Ring uint8
}

// Store is the phone's memory. Its methods may be called from any goroutine and never wait for a disk.
type Store struct {
	db  *bolt.DB // nil: nothing could be opened, memory alone
	log *slog.Logger

	mu       sync.Mutex
	calls    []call // oldest first
	contacts []Contact
	lastID   uint64
	volumes  *Volumes
	dirty    []write
	wake     chan struct{} // capacity 1
	problem  string
	notify   func(string)
}

// call is a record with its key in the file.
type call struct {
	key uint64
	phone.Record
}

// write is one thing to bring to the file; a nil value deletes.
type write struct {
	bucket, key, value []byte
}

const openTime = 2 * time.Second // another process may hold the file for so long

// Open reads the file at path, or begins one. A file that is damaged is set aside as path+".damaged"
// and a new one begun; one that cannot be had at all leaves the phone its memory. Problem tells.
func Open(path string, log *slog.Logger) *Store {
	s := &Store{log: log, wake: make(chan struct{}, 1)}
	err := s.open(path)
	if err == nil {
		return s
	}
	log.Error("store: the file cannot be used", "err", err)
	if errors.Is(err, bolt.ErrTimeout) || errors.Is(err, os.ErrPermission) {
		s.problem = err.Error()
		return s
	}
	if err := os.Rename(path, path+".damaged"); err != nil {
		s.problem = err.Error()
		return s
	}
	*s = Store{log: log, wake: s.wake}
	if err := s.open(path); err != nil {
		s.problem = err.Error()
	}
	return s
}

func (s *Store) open(path string) (err error) {
	defer func() { // a damaged page can make bbolt panic where it meets it
		if r := recover(); r != nil {
			err = fmt.Errorf("store: read %s: %v", path, r)
		}
	}()
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: openTime})
	if err != nil {
		return fmt.Errorf("store: open: %w", err)
	}
	if err := s.load(db); err != nil {
		return errors.Join(err, db.Close())
	}
	s.db = db
	return nil
}

func (s *Store) load(db *bolt.DB) error {
	err := db.Update(func(tx *bolt.Tx) error {
		for _, name := range [][]byte{bucketCalls, bucketContacts, bucketState} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store: prepare: %w", err)
	}
	return db.View(func(tx *bolt.Tx) error {
		_ = tx.Bucket(bucketCalls).ForEach(func(k, v []byte) error {
			c := call{}
			if len(k) == 8 && json.Unmarshal(v, &c.Record) == nil {
				c.key = binary.BigEndian.Uint64(k)
				s.calls = append(s.calls, c)
			}
			return nil
		})
		_ = tx.Bucket(bucketContacts).ForEach(func(k, v []byte) error {
			var c Contact
			if json.Unmarshal(v, &c) == nil && c.check() == nil {
				c.ID = string(k)
				s.contacts = append(s.contacts, c)
				s.lastID = max(s.lastID, idNumber(c.ID))
			}
			return nil
		})
		sortContacts(s.contacts)
		var v Volumes
		if b := tx.Bucket(bucketState).Get(keyVolumes); b != nil && json.Unmarshal(b, &v) == nil {
			s.volumes = &v
		}
		return nil
	})
}

// Notify names who is told of a problem with the disk, and by an empty text that it is gone. It is
// called from the writer.
func (s *Store) Notify(f func(problem string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notify = f
}

// Problem says what is wrong with the disk; empty if nothing is.
func (s *Store) Problem() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.problem
}

// put queues a write; the caller holds mu.
func (s *Store) put(bucket, key []byte, v any) {
	var value []byte
	if v != nil {
		var err error
		if value, err = json.Marshal(v); err != nil {
			s.log.Error("store: encode", "err", err)
			return
		}
	}
	s.dirty = append(s.dirty, write{bucket, key, value})
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

const (
	batchTime = 200 * time.Millisecond // writes of a moment go in one transaction, kind to flash
	retryTime = 30 * time.Second       // after a failed write
	maxDirty  = 4096                   // writes kept for a disk that may come back
)

// Run is the writer. When ctx ends it writes what is left and closes the file.
func (s *Store) Run(ctx context.Context) error {
	if s.db == nil {
		<-ctx.Done()
		return nil
	}
	for {
		wait := batchTime
		select {
		case <-ctx.Done():
			return errors.Join(s.flush(), s.close())
		case <-s.wake:
		}
		for {
			select {
			case <-ctx.Done():
				return errors.Join(s.flush(), s.close())
			case <-time.After(wait):
			}
			if s.flush() == nil {
				break
			}
			wait = retryTime
		}
	}
}

func (s *Store) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	db := s.db
	s.db = nil
	return db.Close()
}

// flush brings everything that waits to the file in one transaction.
func (s *Store) flush() error {
	s.mu.Lock()
	batch := s.dirty
	s.dirty = nil
	s.mu.Unlock()
	if len(batch) == 0 {
		return nil
	}
	err := s.db.Update(func(tx *bolt.Tx) error {
		for _, w := range batch {
			b := tx.Bucket(w.bucket)
			if w.value == nil {
				if err := b.Delete(w.key); err != nil {
					return err
				}
			} else if err := b.Put(w.key, w.value); err != nil {
				return err
			}
		}
		return nil
	})
	s.outcome(batch, err)
	return err
}

// outcome keeps a batch that could not be written and tells the phone's user when that changes.
func (s *Store) outcome(batch []write, err error) {
	text := ""
	s.mu.Lock()
	if err != nil {
		text = err.Error()
		s.dirty = append(batch, s.dirty...)
		if n := len(s.dirty) - maxDirty; n > 0 {
			s.dirty = slices.Delete(s.dirty, 0, n)
		}
	}
	tell, changed := s.notify, text != s.problem
	s.problem = text
	s.mu.Unlock()
	if changed {
		if err != nil {
			s.log.Error("store: write", "err", err)
		}
		if tell != nil {
			tell(text)
		}
	}
}

// LogCall appends a call to the log.
func (s *Store) LogCall(r phone.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := call{Record: r, key: 1}
	if n := len(s.calls); n > 0 {
		c.key = s.calls[n-1].key + 1
	}
	s.calls = append(s.calls, c)
	s.put(bucketCalls, callKey(c.key), r)
	if len(s.calls) > MaxCalls {
		s.put(bucketCalls, callKey(s.calls[0].key), nil)
		s.calls = s.calls[1:]
	}
}

func callKey(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// Calls gives the call log, newest first.
func (s *Store) Calls() []phone.Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]phone.Record, len(s.calls))
	for i, c := range s.calls {
		out[len(out)-1-i] = c.Record
	}
	return out
}

// Volumes gives the volumes as they were last; ok is false if none were kept.
func (s *Store) Volumes() (v Volumes, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.volumes == nil {
		return v, false
	}
	return *s.volumes, true
}

// KeepVolumes remembers the volumes.
func (s *Store) KeepVolumes(v Volumes) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.volumes == nil || *s.volumes != v {
		s.volumes = &v
		s.put(bucketState, keyVolumes, v)
	}
}
