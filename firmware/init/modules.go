package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// moduleLoader loads the kernel modules of the initramfs by their groups. It holds the folder open,
// since after the change to the system disk no path leads there any more.
type moduleLoader struct {
	dir *os.File

	mu    sync.Mutex
	steps []moduleStep
}

// moduleStep is one line of the list that mkimage wrote: modules in loading order.
type moduleStep struct{ group, name, params string }

func openModules(dir string) (*moduleLoader, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("init: open modules: %w", err)
	}
	f, err := openAt(d, "list")
	if err != nil {
		return nil, err
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
	l.mu.Lock()
	defer l.mu.Unlock()
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
	f, err := openAt(l.dir, s.name+".ko")
	if err != nil {
		return err
	}
	defer f.Close()
	err = unix.FinitModule(int(f.Fd()), s.params, 0)
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("init: load module %s: %w", s.name, err)
	}
	return nil
}

// Free gives the memory of the module files of some groups back; the modules themselves stay loaded.
func (l *moduleLoader) Free(groups ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.steps = slices.DeleteFunc(l.steps, func(s moduleStep) bool {
		if !slices.Contains(groups, s.group) {
			return false
		}
		_ = unix.Unlinkat(int(l.dir.Fd()), s.name+".ko", 0) // a file left behind costs memory, nothing else
		return true
	})
}

func openAt(dir *os.File, name string) (*os.File, error) {
	fd, err := unix.Openat(int(dir.Fd()), name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("init: open %s: %w", name, err)
	}
	return os.NewFile(uintptr(fd), name), nil
}
