package recording

import (
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
)

// Shelves are where recordings lie: on the phone, and on a USB stick while one is plugged in. Their methods may be called from
// any goroutine.
type Shelves struct {
	phone  *Shelf
	stick  atomic.Pointer[Shelf]  // nil: none is plugged in
	wanted atomic.Bool            // recordings go to the stick
	free   func(dir string) int64 // bytes left on the disk of a folder; negative: not known
	log    *slog.Logger
}

const onStick = "stick/" // what the names of recordings on the stick begin with

// OpenShelves takes stock of the phone's recordings, see Shelf; free tells how many bytes the disk of a folder has left,
// a negative number if that is not known.
func OpenShelves(dir string, free func(dir string) int64, log *slog.Logger) *Shelves {
	phone := &Shelf{dir: dir, leave: reserve, free: func() int64 { return free(dir) }, log: log}
	phone.takeStock()
	return &Shelves{phone: phone, free: free, log: log}
}

// UseStick chooses whether recordings go to the stick.
func (s *Shelves) UseStick(on bool) { s.wanted.Store(on) }

// SetStick takes stock of a stick that was plugged in, by the phone's folder on it, or leaves the one that there was: dir is
// empty then.
func (s *Shelves) SetStick(dir string) {
	s.stick.Store(nil)
	if dir == "" {
		return
	}
	stick := &Shelf{dir: dir, place: onStick, leave: spare, free: func() int64 { return s.free(dir) }, log: s.log}
	stick.quota.Store(math.MaxInt64)
	stick.takeStock()
	s.stick.Store(stick)
}

// Place tells whether recordings go to the stick, and whether there is one.
func (s *Shelves) Place() (wanted, there bool) { return s.wanted.Load(), s.stick.Load() != nil }

// has tells whether a shelf is in reach still.
func (s *Shelves) has(shelf *Shelf) bool { return shelf == s.phone || shelf == s.stick.Load() }

// of finds the shelf of a recording; nil: it is out of reach.
func (s *Shelves) of(id string) *Shelf {
	if strings.HasPrefix(id, onStick) {
		return s.stick.Load()
	}
	return s.phone
}

// Items gives the finished recordings, the newest first.
func (s *Shelves) Items() []Item {
	stick := s.stick.Load()
	if stick == nil {
		return s.phone.list()
	}
	items := slices.Concat(s.phone.list(), stick.list())
	slices.SortStableFunc(items, func(a, b Item) int { return b.Began.Compare(a.Began) })
	return items
}

// Remove deletes a recording. One that is not there is no error.
func (s *Shelves) Remove(id string) error {
	if shelf := s.of(id); shelf != nil {
		return shelf.remove(id)
	}
	return nil
}

// open opens a recording.
func (s *Shelves) open(id string) (*os.File, error) {
	shelf := s.of(id)
	if shelf == nil {
		return nil, os.ErrNotExist
	}
	return os.Open(filepath.Join(shelf.dir, filepath.Base(id)))
}
