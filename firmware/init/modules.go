package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Folders of modules: what is loaded before the phone starts is in the initramfs, all else on the system disk.
const (
	earlyModules = "/modules"
	laterModules = "/lib/modules"
)

// moduleLoader loads the kernel modules of a folder by their groups. It holds the folder open, since after the change to
// the system disk no path leads to the initramfs any more.
type moduleLoader struct {
	dir   *os.Root
	steps []moduleStep
}

// moduleStep is one line of the list that mkimage wrote: modules in loading order.
type moduleStep struct{ group, name, params string }

func openModules(dir string) (*moduleLoader, error) {
	d, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("init: modules: %w", err)
	}
	f, err := d.Open("list")
	if err != nil {
		return nil, fmt.Errorf("init: list of modules: %w", err)
	}
	defer f.Close()
	steps, err := parseModules(f)
	return &moduleLoader{dir: d, steps: steps}, err
}

func parseModules(r io.Reader) ([]moduleStep, error) {
	var steps []moduleStep
	sc := bufio.NewScanner(r)
	for sc.Scan() {
		f := strings.SplitN(sc.Text(), " ", 3)
		if len(f) < 2 || f[1] == "" || strings.ContainsRune(f[1], '/') {
			return nil, fmt.Errorf("init: strange line %q in the list of modules", sc.Text())
		}
		s := moduleStep{group: f[0], name: f[1]}
		if len(f) == 3 {
			s.params = f[2]
		}
		steps = append(steps, s)
	}
	return steps, sc.Err()
}

// Load loads one group and gives the faults of those that could not be loaded.
func (l *moduleLoader) Load(group string) []error {
	var faults []error
	for _, s := range l.steps {
		if s.group != group {
			continue
		}
		if err := l.load(s); err != nil {
			faults = append(faults, err)
		}
	}
	return faults
}

func (l *moduleLoader) load(s moduleStep) error {
	f, err := l.dir.Open(s.name + ".ko")
	if err != nil {
		return fmt.Errorf("init: load module: %w", err)
	}
	defer f.Close()
	err = unix.FinitModule(int(f.Fd()), s.params, 0)
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("init: load module %s: %w", s.name, err)
	}
	return nil
}

// Free gives the memory of an initramfs's module files back; the modules themselves stay loaded.
func (l *moduleLoader) Free() {
	for _, s := range l.steps {
		_ = l.dir.Remove(s.name + ".ko") // a file left behind costs memory, nothing else
	}
	l.dir.Close()
}
