package linux

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"opendeskphone/boards"
)

// firstPath is the path a phone begins on.
const firstPath = "handset"

// Mixer sets the controls of a sound card as the board wants them for a path. The card may come
// late, go and come back: its controls are set each time it comes.
type Mixer struct {
	board boards.Mixer
	log   *slog.Logger
	open  func() (*mixerCard, error)
	wake  chan struct{} // holds a token when there is another path
	stop  chan struct{}
	close sync.Once
	work  sync.WaitGroup

	mu   sync.Mutex
	path string // wanted

	// Of the watcher alone.
	card    *mixerCard // nil while it is away
	applied string     // path the card is set for, "" if for none
	absent  map[string]bool
}

// OpenMixer sets the controls for the handset, now or as soon as the card is there, and keeps them
// right until Close.
func OpenMixer(b boards.Mixer, log *slog.Logger) *Mixer {
	m := newMixer(b, log, func() (*mixerCard, error) { return openMixerCard("/", b.Card) })
	m.work.Go(m.watch)
	return m
}

func newMixer(b boards.Mixer, log *slog.Logger, open func() (*mixerCard, error)) *Mixer {
	return &Mixer{board: b, log: log, open: open, path: firstPath, wake: make(chan struct{}, 1), stop: make(chan struct{}),
		absent: map[string]bool{}}
}

// SetPath sets the controls for a path of the board's table. It does not wait for the card: a
// control of a USB card may take as long as the bus does. An error means that there is no such path.
func (m *Mixer) SetPath(path string) error {
	if _, ok := m.board.Paths[path]; !ok {
		return fmt.Errorf("linux: the mixer has no path %q", path)
	}
	m.mu.Lock()
	m.path = path
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default: // the watcher will see the last path anyhow
	}
	return nil
}

// Close lets go of the card; its controls stay as they are.
func (m *Mixer) Close() error {
	m.close.Do(func() { close(m.stop) })
	m.work.Wait()
	return nil
}

func (m *Mixer) watch() {
	tick := time.NewTicker(rescan)
	defer tick.Stop()
	for {
		m.settle()
		select {
		case <-m.stop:
			m.drop()
			return
		case <-m.wake:
		case <-tick.C:
		}
	}
}

// settle takes the card if it has come, lets go of one that went, and sets the controls of one that
// is not as wanted. A card that may not be opened is tried again: its owner may be set a moment
// after it appears.
func (m *Mixer) settle() {
	if m.card != nil && !m.card.alive() {
		m.drop()
	}
	if m.card == nil {
		c, err := m.open()
		if err != nil {
			return
		}
		m.card = c
	}
	m.mu.Lock()
	path := m.path
	m.mu.Unlock()
	if path != m.applied {
		m.apply(path)
	}
}

func (m *Mixer) drop() {
	if m.card != nil {
		m.card.close()
	}
	m.card, m.applied = nil, ""
}

// apply sets a path's controls. One that fails leaves the others; it is not tried again before the
// next path or the card's return, for a control that refuses once mostly does so for ever.
func (m *Mixer) apply(path string) {
	m.applied = path
	var set []string
	for _, name := range slices.Sorted(maps.Keys(m.board.Paths[path])) {
		switch value, err := m.card.set(name, m.board.Paths[path][name]); {
		case err == nil:
			set = append(set, fmt.Sprintf("%s=%d", name, value))
		case !errors.Is(err, unix.ENOENT):
			m.log.Warn("mixer control not set", "card", m.board.Card, "control", name, "err", err)
		case !m.absent[name]:
			m.absent[name] = true
			m.log.Warn("the card lacks a mixer control", "card", m.board.Card, "control", name)
		}
	}
	m.log.Info("mixer set", "card", m.board.Card, "path", path, "controls", strings.Join(set, ", "))
}

// openMixerCard opens the control device of the card with the given id, in the tree below root.
func openMixerCard(root, id string) (*mixerCard, error) {
	f, err := openControl(root, id)
	if err != nil {
		return nil, err
	}
	return newMixerCard(f), nil
}

func newMixerCard(f *os.File) *mixerCard {
	do := func(request uintptr, arg []byte) error { return ioctlBytes(f, request, arg) }
	return &mixerCard{do: do, close: f.Close, long: wordSize}
}

func openControl(root, id string) (*os.File, error) {
	cards, _ := filepath.Glob(filepath.Join(root, "sys/class/sound/card*/id"))
	for _, c := range cards {
		text, err := os.ReadFile(c)
		if err != nil || strings.TrimSpace(string(text)) != id {
			continue
		}
		number := strings.TrimPrefix(filepath.Base(filepath.Dir(c)), "card")
		f, err := os.OpenFile(filepath.Join(root, "dev/snd/controlC"+number), os.O_RDWR, 0)
		if err != nil {
			return nil, fmt.Errorf("linux: open mixer: %w", err)
		}
		return f, nil
	}
	return nil, fmt.Errorf("linux: no sound card %s", id)
}
