package lock

import (
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"sync"

	"opendeskphone/firmware/durable"
	"opendeskphone/firmware/phone"
)

// File keeps the record in a file of its own, on disk before KeepLock returns: pulling the plug takes no wrong
// PIN back.
type File struct {
	path string
	log  *slog.Logger

	mu  sync.Mutex
	rec Record
}

// OpenFile reads the record at path. A damaged one is as none: its PIN is lost.
func OpenFile(path string, log *slog.Logger) *File {
	f := &File{path: path, log: log}
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &f.rec)
	}
	if err == nil && (f.rec.Kind > phone.HardLock || f.rec.Wrong < 0) {
		err = errors.New("it is not as this firmware writes it")
	}
	if err != nil {
		f.rec = Record{}
		if !errors.Is(err, fs.ErrNotExist) {
			log.Error("the PIN is lost", "err", err)
		}
	}
	return f
}

// Lock implements Memory.
func (f *File) Lock() Record {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rec
}

// KeepLock implements Memory.
func (f *File) KeepLock(r Record) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rec = r
	text, err := json.Marshal(r)
	if err == nil {
		err = durable.Write(f.path, text)
	}
	if err != nil {
		f.log.Error("the lock is not remembered over a restart", "err", err)
	}
}
