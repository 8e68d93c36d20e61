package reports

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"opendeskphone/firmware/durable"
)

// shelf is the folder in which reports wait: a file each, named by its number.
type shelf struct{ dir string }

const suffix = ".report"

func (s shelf) path(id uint64) string { return filepath.Join(s.dir, strconv.FormatUint(id, 10)+suffix) }

// load reads what is there, oldest first; what is not as keep writes it is removed.
func (s shelf) load() ([]*entry, error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, fmt.Errorf("reports: %w", err)
	}
	files, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("reports: %w", err)
	}
	var out []*entry
	var errs []error
	for _, f := range files {
		e, err := s.read(f.Name())
		if err != nil {
			errs = append(errs, err, os.RemoveAll(filepath.Join(s.dir, f.Name())))
			continue
		}
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b *entry) int { return cmp.Compare(a.id, b.id) })
	return out, errors.Join(errs...)
}

func (s shelf) read(name string) (*entry, error) {
	number, ok := strings.CutSuffix(name, suffix)
	id, err := strconv.ParseUint(number, 10, 63)
	if !ok || err != nil {
		return nil, fmt.Errorf("reports: %q is none", name)
	}
	path := filepath.Join(s.dir, name)
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, fmt.Errorf("reports: %q is none", name)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reports: %w", err)
	}
	r, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("reports: %s: %w", name, err)
	}
	return &entry{Report: r, id: id, saved: true}, nil
}

// maxFile bounds a file: a body of which each byte may need six in JSON, and the rest.
const maxFile = 6*MaxBody + 4096

// parse reads a file. What it says is sent: it must be what this firmware sends.
func parse(text []byte) (r Report, err error) {
	if err := json.Unmarshal(text, &r); err != nil {
		return r, err
	}
	bad := func(s string, most int) bool {
		return s == "" || len(s) > most || strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f })
	}
	wrong := bad(r.AOR, 255) || r.Method != "PUBLISH" && r.Method != "SERVICE" || bad(r.Type, 64) || len(r.Headers) > 4 || r.Body == "" || len(r.Body) > MaxBody
	for _, h := range r.Headers {
		wrong = wrong || bad(h[0], 32) || bad(h[1], 64)
	}
	if wrong {
		return Report{}, errors.New("it is not as this firmware writes it")
	}
	return r, nil
}

// keep makes the folder hold these reports and no others.
func (s shelf) keep(all []*entry) error {
	var errs []error
	held := map[string]bool{}
	for _, e := range all {
		path := s.path(e.id)
		held[filepath.Base(path)] = true
		if e.saved {
			continue
		}
		text, err := json.Marshal(e.Report)
		if err == nil {
			err = durable.Write(path, text)
		}
		e.saved = err == nil
		errs = append(errs, err)
	}
	files, err := os.ReadDir(s.dir)
	errs = append(errs, err)
	for _, f := range files {
		if !held[f.Name()] {
			if err := os.Remove(filepath.Join(s.dir, f.Name())); !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}
