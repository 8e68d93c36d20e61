package settings

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"

	"opendeskphone/firmware/durable"
	"opendeskphone/firmware/phone"
)

// Paths say where the layers lie. Each file may be absent.
type Paths struct {
	Board string // what the board sets beside our defaults; read only
	User  string // what the user set, e.g. /data/settings.toml
}

// good is the copy of the last user file that was found right.
func (p Paths) good() string { return strings.TrimSuffix(p.User, ".toml") + ".good.toml" }

// rejected keeps a user file that was wrong when the phone itself writes a new one.
func (p Paths) rejected() string { return strings.TrimSuffix(p.User, ".toml") + ".rejected.toml" }

// Load reads the settings without changing anything: defaults, board, user. A user file that is
// wrong or cut short is passed over for the last good one, or for none; the File can always be
// used, and the error (Problems, or one of the file system) tells why it is not what the user wrote.
func Load(p Paths) (File, error) {
	l := load(p)
	return l.file, l.err
}

// Check reads one user file on top of the defaults for the command line; the error, of type
// Problems where the file could be read, names everything that is wrong with it.
func Check(path string) error {
	doc, err := readFile(path)
	if err != nil {
		return fmt.Errorf("settings: check: %w", err)
	}
	if reason := cut(doc, nil); reason != "" {
		return Problems{{File: filepath.Base(path), Text: reason}}
	}
	_, err = Parse(filepath.Base(path), doc, Default())
	return err
}

type loaded struct {
	base, file File
	doc        []byte // the user's file, nil if absent
	goodDoc    []byte
	err        error
}

func load(p Paths) loaded {
	l := loaded{base: Default()}
	doc, err := readFile(p.Board)
	if err == nil {
		l.base, err = Parse(filepath.Base(p.Board), doc, l.base)
	}
	l.note(err)
	l.file = l.base
	good, err := readFile(p.good())
	l.note(err)
	l.goodDoc = good
	doc, err = readFile(p.User)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return l // removed by hand: the factory's state, and the old accounts must not come back
	case err == nil:
		l.doc = doc
		name := filepath.Base(p.User)
		if reason := cut(doc, good); reason != "" {
			err = Problems{{File: name, Text: reason}}
		} else if l.file, err = Parse(name, doc, l.base); err == nil {
			return l
		}
	}
	l.note(err)
	if good != nil {
		l.file, err = Parse(filepath.Base(p.good()), good, l.base)
		l.note(err)
	}
	return l
}

// note keeps the first thing that went wrong; that a file is absent is nothing wrong.
func (l *loaded) note(err error) {
	if err != nil && !errors.Is(err, fs.ErrNotExist) && l.err == nil {
		l.err = err
	}
}

// readFile reads a file of at most a little more than maxFile, so that Parse can name the excess.
func readFile(path string) ([]byte, error) {
	if path == "" {
		return nil, fs.ErrNotExist
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > 4*maxFile {
		return nil, fmt.Errorf("%s is no settings file", filepath.Base(path))
	}
	return os.ReadFile(path)
}

// Sinks take parts of the settings into use. A nil one is passed over. Phone may refuse; the others
// are told only of a change of their own part and must not call the Store.
type Sinks struct {
	Phone     func(ctx context.Context, by phone.Origin, c phone.Config) error
	Lines     func([]Line)
	Numbers   func(Numbers)
	SIP       func(SIP)
	STIR      func(STIR)
	Media     func(Media)
	Sound     func(Sound)
	Paging    func(Paging)
	Keys      func(Keys)
	Gateways  func(Gateways)
	Recording func(Recording)
	Trace     func(Trace)
	Screen    func(Screen)
	Lock      func(Lock)
	TPCP      func(TPCP)
	USB       func(USB)
}

// ErrNotSaved: the settings are in force, but could not be written and will be lost at a restart.
var ErrNotSaved = errors.New("settings: in force, but not saved")

// Store is the settings in force and their one writer. All methods may be called from any goroutine.
type Store struct {
	paths  Paths
	log    *slog.Logger
	mu     sync.Mutex // one Apply at a time
	sinks  Sinks
	base   File
	file   atomic.Pointer[File] // what is in force; a sink may ask for it
	reject bool                 // the file on disk is not the one in force
	stale  bool                 // what is in force could not be written
	err    error
}

// Open loads the settings; it never fails, for a phone must start. What is wrong with the files is
// told by Problem. A user file that is right becomes the last good one.
func Open(p Paths, log *slog.Logger) *Store {
	l := load(p)
	s := &Store{paths: p, log: log, base: l.base, err: l.err, reject: l.err != nil && l.doc != nil}
	s.file.Store(&l.file)
	switch {
	case l.err != nil:
		log.Error("settings refused", "err", l.err)
	case l.doc != nil && string(l.doc) != string(l.goodDoc):
		if err := durable.Write(p.good(), l.doc); err != nil {
			log.Warn("no copy of the good settings", "err", err)
		}
	}
	return s
}

// Use names who takes parts of the settings into use from now on; they have got File() already.
func (s *Store) Use(sinks Sinks) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sinks = sinks
}

// File gives the settings in force. The lists in it must not be written.
func (s *Store) File() File { return *s.file.Load() }

// Problem says in a line what is wrong with the settings on disk; empty if nothing is. It is the
// text of the notice phone.SettingsInvalid.
func (s *Store) Problem() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all Problems
	switch {
	case s.err == nil:
		return ""
	case errors.As(s.err, &all):
		return all.Summary()
	}
	return s.err.Error()
}

// Apply changes the settings: patch edits a copy, the whole is checked as if read from a file, the
// centre may refuse its part, then the file is written and every part that differs is taken into
// use. The error is of type Problems, a phone.Refusal, or ErrNotSaved (the change is in force all
// the same, since a full disk is no reason not to turn the ringer down).
func (s *Store) Apply(ctx context.Context, by phone.Origin, patch func(*File)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	next, doc, err := s.patched(patch)
	if err != nil {
		return err
	}
	if reflect.DeepEqual(next, s.File()) && s.err == nil && !s.stale {
		return nil
	}
	if c := next.Config(); s.sinks.Phone != nil && !reflect.DeepEqual(c, s.file.Load().Config()) {
		if err := s.sinks.Phone(ctx, by, c); err != nil {
			return err
		}
	}
	err = s.persist(doc)
	old := s.file.Swap(&next)
	s.configure(old, &next)
	s.log.Info("settings", "by", by)
	return err
}

// Again hands the centre its part again, whoever makes it whole having news.
func (s *Store) Again(ctx context.Context, by phone.Origin) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sinks.Phone(ctx, by, s.file.Load().Config())
}

// Try tells what Apply would find wrong with a change, and changes nothing.
func (s *Store) Try(patch func(*File)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _, err := s.patched(patch)
	return err
}

// patched makes the settings that a patch leads to, checked as if read from a file. The caller holds mu.
func (s *Store) patched(patch func(*File)) (next File, doc []byte, err error) {
	next = s.file.Load().clone()
	patch(&next)
	if doc, err = next.Encode(s.base); err != nil {
		return next, nil, err
	}
	next, err = Parse(filepath.Base(s.paths.User), doc, s.base)
	return next, doc, err
}

// persist writes the file, then its good copy; cut off between the two, the next start makes the copy.
func (s *Store) persist(doc []byte) error {
	if s.reject {
		_ = os.Remove(s.paths.rejected())
		_ = os.Link(s.paths.User, s.paths.rejected()) // a kindness to whoever wrote it, no more
	}
	for _, path := range []string{s.paths.User, s.paths.good()} {
		if err := durable.Write(path, doc); err != nil {
			s.stale = true
			return fmt.Errorf("%w: %w", ErrNotSaved, err)
		}
	}
	s.stale, s.reject, s.err = false, false, nil
	return nil
}

// configure hands each part that differs to its sink.
func (s *Store) configure(old, now *File) {
	hand(s.sinks.Lines, old.Lines, now.Lines)
	hand(s.sinks.Numbers, old.Numbers, now.Numbers)
	hand(s.sinks.SIP, old.SIP, now.SIP)
	hand(s.sinks.STIR, old.STIR, now.STIR)
	hand(s.sinks.Media, old.Media, now.Media)
	hand(s.sinks.Sound, old.Sound, now.Sound)
	hand(s.sinks.Gateways, old.Gateways, now.Gateways)
	hand(s.sinks.Paging, old.Paging, now.Paging)
	hand(s.sinks.Keys, old.Keys, now.Keys)
	hand(s.sinks.Recording, old.Recording, now.Recording)
	hand(s.sinks.Trace, old.Trace, now.Trace)
	hand(s.sinks.Screen, old.Screen, now.Screen)
	hand(s.sinks.Lock, old.Lock, now.Lock)
	hand(s.sinks.TPCP, old.TPCP, now.TPCP)
	hand(s.sinks.USB, old.USB, now.USB)
}

func hand[T any](sink func(T), old, now T) {
	if sink != nil && !reflect.DeepEqual(old, now) {
		sink(now)
	}
}
