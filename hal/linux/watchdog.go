package linux

import (
	"fmt"
	"os"
	"unsafe"
)

// watchdogTimeout is how long the device may go unfed, in seconds.
const watchdogTimeout = 10

// setTimeout is WDIOC_SETTIMEOUT (linux/watchdog.h): _IOWR('W', 6, int).
const setTimeout = 3<<30 | 4<<16 | 'W'<<8 | 6

// Watchdog is a kernel watchdog device; it runs from its opening to its Close.
type Watchdog struct{ file *os.File }

// OpenWatchdog starts the watchdog.
func OpenWatchdog(path string) (*Watchdog, error) {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("linux: open watchdog: %w", err)
	}
	seconds := int32(watchdogTimeout)
	// A device with a fixed time keeps its own.
	_ = control(f, setTimeout, unsafe.Pointer(&seconds))
	return &Watchdog{f}, nil
}

// Feed keeps the device from restarting for the next seconds.
func (w *Watchdog) Feed() error { return w.write("\x00") }

// Close stops the watchdog in order: the letter V tells the kernel that this is no crash.
func (w *Watchdog) Close() error {
	if err := w.write("V"); err != nil {
		return err
	}
	return w.file.Close()
}

func (w *Watchdog) write(s string) error {
	if _, err := w.file.WriteString(s); err != nil {
		return fmt.Errorf("linux: feed watchdog: %w", err)
	}
	return nil
}
