package linux

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"opendeskphone/boards"
	"opendeskphone/hal"
)

// lamps drives the lamps of a board; each is one of three kinds.
type lamps struct {
	set  map[hal.Lamp]func(on bool) error
	port *lampPort // takes the lamps that have no other driver; nil if the board has none
}

func openLamps(b boards.Lamps, log *slog.Logger) *lamps {
	l := &lamps{set: map[hal.Lamp]func(bool) error{}}
	for lamp, name := range b.LED {
		l.set[lamp] = ledLamp(filepath.Join("/sys/class/leds", name)).set
	}
	for lamp, g := range b.Line {
		pin, err := line(g)
		if err != nil {
			log.Error("no lamp", "lamp", lamp, "err", err)
			continue
		}
		l.set[lamp] = lineLamp{pin, g.ActiveLow}.set
	}
	if b.VirtioPort != "" {
		port, err := openLampPort("/", b.VirtioPort)
		if err != nil {
			log.Error("no lamps", "err", err)
			return l
		}
		l.port = port
	}
	return l
}

// Set switches a lamp; one the board lacks is not an error.
func (l *lamps) Set(lamp hal.Lamp, on bool) error {
	if set := l.set[lamp]; set != nil {
		return set(on)
	}
	if l.port != nil {
		return l.port.set(lamp, on)
	}
	return nil
}

// Close leaves the lamps dark.
func (l *lamps) Close() error {
	var errs []error
	for _, set := range l.set {
		errs = append(errs, set(false))
	}
	if l.port != nil {
		errs = append(errs, unix.Close(l.port.fd))
	}
	return errors.Join(errs...)
}

// ledLamp is a folder below /sys/class/leds.
type ledLamp string

func (d ledLamp) set(on bool) error {
	value := "0"
	if on {
		full, err := os.ReadFile(filepath.Join(string(d), "max_brightness"))
		if err != nil {
			return fmt.Errorf("linux: lamp: %w", err)
		}
		value = strings.TrimSpace(string(full))
	}
	if err := os.WriteFile(filepath.Join(string(d), "brightness"), []byte(value), 0); err != nil {
		return fmt.Errorf("linux: lamp: %w", err)
	}
	return nil
}

// lampPort shows the lamps of an emulated board to whoever listens on a virtio port: one line a
// change, "ring 1".
type lampPort struct{ fd int }

// openLampPort finds the port by its name, in the tree below root.
func openLampPort(root, name string) (*lampPort, error) {
	files, _ := filepath.Glob(filepath.Join(root, "sys/class/virtio-ports/*/name"))
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil || strings.TrimSpace(string(data)) != name {
			continue
		}
		dev := filepath.Join(root, "dev", filepath.Base(filepath.Dir(f)))
		// Without blocking: with nobody listening the phone must not wait.
		fd, err := unix.Open(dev, unix.O_WRONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if err != nil {
			return nil, fmt.Errorf("linux: open %s: %w", dev, err)
		}
		return &lampPort{fd}, nil
	}
	return nil, fmt.Errorf("linux: no virtio port %s", name)
}

func (p *lampPort) set(l hal.Lamp, on bool) error {
	state := 0
	if on {
		state = 1
	}
	_, err := unix.Write(p.fd, fmt.Appendf(nil, "%s %d\n", l, state))
	if err != nil && !errors.Is(err, unix.EAGAIN) { // EAGAIN: nobody listens, or too slowly
		return fmt.Errorf("linux: lamp %s: %w", l, err)
	}
	return nil
}
