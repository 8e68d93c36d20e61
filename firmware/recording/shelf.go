package recording

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Item is a recording that is finished.
type Item struct {
	ID    string // its file's name; behind "stick/" if it lies on the stick
	With  string // number or user part of the far side; empty: not known
	Began time.Time
	Lasts time.Duration
}

// OnStick tells whether the recording lies on the USB stick.
func (it Item) OnStick() bool { return strings.HasPrefix(it.ID, onStick) }

// Limits of what is kept.
const (
	maxItems = 10_000   // files looked at
	spare    = 1 << 20  // bytes of a stick left free: its folder grows too
	reserve  = 16 << 20 // bytes of the disk left to the rest of the phone
)

// Shelf is a folder of recordings. Its methods may be called from any goroutine; list answers from memory.
type Shelf struct {
	dir   string
	place string       // what its recordings' names begin with
	quota atomic.Int64 // bytes that all its recordings together may take
	leave int64        // bytes of its disk left free
	free  func() int64 // bytes left on the disk; negative: not known
	log   *slog.Logger

	mu    sync.Mutex
	items []Item // newest first; never written again
	used  int64  // bytes of all finished files
}

// takeStock lists what lies in the folder, which need not exist yet. A file that a power cut left in the middle gets a header
// that says how long it really is; one without any sound is removed.
func (s *Shelf) takeStock() {
	entries, err := os.ReadDir(s.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.log.Error("recordings cannot be read", "err", err)
	}
	for _, e := range entries[:min(len(entries), maxItems)] {
		if it, ok := named(e.Name()); ok && e.Type().IsRegular() {
			if err := s.take(it); err != nil {
				s.log.Error("a recording cannot be read", "err", bare(err))
			}
		}
	}
}

// bare is an error without the name of the file, which names the far side: that belongs into no log.
func bare(err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return fmt.Errorf("%s: %w", p.Op, p.Err)
	}
	return err
}

// take mends a file and lists it.
func (s *Shelf) take(it Item) error {
	path := filepath.Join(s.dir, it.ID)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	data := whole(info.Size())
	if data == 0 {
		return os.Remove(path)
	}
	have := make([]byte, head)
	if _, err := f.ReadAt(have, 0); err != nil {
		return err
	}
	if want := header(data); !bytes.Equal(have, want) {
		if _, err := f.WriteAt(want, 0); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
		s.log.Warn("a recording was cut off; mended", "lasts", lasts(data))
	}
	it.ID, it.Lasts = s.place+it.ID, lasts(data)
	s.put(it, head+data)
	return nil
}

// put lists a finished recording of so many bytes.
func (s *Shelf) put(it Item, size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	items := append(slices.Clone(s.items), it)
	slices.SortFunc(items, func(a, b Item) int { return strings.Compare(b.ID, a.ID) })
	s.items, s.used = items, s.used+size
}

// list gives the finished recordings, the newest first.
func (s *Shelf) list() []Item {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.items
}

// remove deletes a recording. One that is not there is no error.
func (s *Shelf) remove(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.items, func(it Item) bool { return it.ID == id })
	if i < 0 {
		return nil
	}
	path := filepath.Join(s.dir, filepath.Base(id))
	info, err := os.Stat(path)
	if err == nil {
		err = os.Remove(path)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return bare(err)
	}
	s.items = slices.Delete(slices.Clone(s.items), i, i+1)
	if info != nil {
		s.used -= info.Size()
	}
	return nil
}

// room is how many bytes a recording that has taken so many may still take, at least 0.
func (s *Shelf) room(taken int64) int64 {
	s.mu.Lock()
	left := min(s.quota.Load()-s.used, most) - taken
	s.mu.Unlock()
	if free := s.free(); free >= 0 {
		left = min(left, free-s.leave)
	}
	return max(0, left)
}

const stamp = "20060102-150405"

// name is the file name of a recording that begins now: time, and who is at the other end, in letters that every file
// system takes.
func name(began time.Time, with string) string {
	keep := func(r rune) rune {
		if r < 128 && (r == '+' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') {
			return r
		}
		return -1
	}
	with = strings.Map(keep, with)
	return began.Format(stamp) + "_" + with[:min(len(with), 32)] + ".wav"
}

// named reads a name that name made.
func named(file string) (Item, bool) {
	base, ok := strings.CutSuffix(file, ".wav")
	at, with, cut := strings.Cut(base, "_")
	began, err := time.ParseInLocation(stamp, at, time.Local)
	if !ok || !cut || err != nil || name(began, with) != file {
		return Item{}, false
	}
	return Item{ID: file, With: with, Began: began}, true
}
