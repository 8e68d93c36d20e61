// Package desk is the lab's desk: it puts a phone on a lab.LAN and works it as a person would, by
// its keys, screen, microphone and speaker. The phone is the twin, which is the daemon's own wiring
// on simulated hardware in a process of its own, or the image in QEMU; a scenario written against
// Phone runs with either.
package desk

import (
	"context"
	"fmt"
	"image"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"opendeskphone/hal"
	"opendeskphone/tools/lab"
)

// Phone is a phone on the desk. Its methods may be called from one goroutine at a time.
type Phone interface {
	// Press taps keys one after the other.
	Press(ctx context.Context, keys ...hal.Key) error
	// Hook lifts the handset or lays it down.
	Hook(ctx context.Context, lifted bool) error
	// Lamps gives the lamps that are lit.
	Lamps(ctx context.Context) (map[hal.Lamp]bool, error)
	// Screenshot gives the screen as it is.
	Screenshot(ctx context.Context) (image.Image, error)
	// Say plays a clip before the microphone, once, instead of what was playing; then silence. It
	// gives the time at which the clip's start was given to the sound card.
	Say(ctx context.Context, c lab.Clip) (time.Time, error)
	// Speaker is a WAV file that grows with everything the speaker plays.
	Speaker() string
	// Log is what the phone's programs print.
	Log() *lab.Log
	// Cable pulls the network cable or plugs it in.
	Cable(ctx context.Context, plugged bool) error
	// Addr is the phone's address on the LAN.
	Addr() netip.Addr
	// PID is the process that the phone runs in.
	PID() int
	// Close takes the phone off the desk.
	Close() error
}

// RootsPath is where the phone finds Setup.Roots, for use in its settings.
const RootsPath = "/data/roots.pem"

// Setup describes a phone to put on the desk.
type Setup struct {
	Name     string            // of its directory and log
	LAN      *lab.LAN          // where its cable is plugged
	Host     int               // its number there
	Behind   *lab.NAT          // twin only: it sits behind this, and has no number
	Settings string            // its settings file, TOML; "" is a phone as it leaves the factory
	Good     string            // settings that were good before; "" is none
	Roots    string            // PEM file with authorities to believe
	Console  bool              // QEMU only: have Guest.Type
	Twin     bool              // never QEMU: for what is done to the host that a twin runs on
	Room     bool              // its microphone hears its speaker
	USB      bool              // QEMU only: its USB socket can be plugged, at USBAt
	CPUs     int               // QEMU only: processors; 1 if 0
	Faults   Faults            // what is wrong with it from the start
	Files    map[string][]byte // further files it has kept from before, by name
}

// Faults are what can be wrong with a phone when it is switched on.
type Faults struct {
	NoSound  bool // no sound card
	DataFull bool // not a byte is free on the data partition
}

// dataFiles are the files of the phone's data partition. roots is the path under which the phone
// itself will find the authorities.
func (s Setup) dataFiles(roots string) (map[string][]byte, error) {
	files := map[string][]byte{}
	if s.Roots != "" {
		pem, err := os.ReadFile(s.Roots)
		if err != nil {
			return nil, fmt.Errorf("desk: read roots: %w", err)
		}
		files[filepath.Base(RootsPath)] = pem
	}
	for name, text := range map[string]string{"settings.toml": s.Settings, "settings.good.toml": s.Good} {
		if text != "" {
			files[name] = []byte(strings.ReplaceAll(text, RootsPath, roots))
		}
	}
	maps.Copy(files, s.Files)
	return files, nil
}

// RSS is the resident memory of a process of this machine in bytes.
func RSS(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("desk: read memory: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err != nil {
				return 0, fmt.Errorf("desk: read memory: %w", err)
			}
			return kib << 10, nil
		}
	}
	return 0, fmt.Errorf("desk: process %d has no VmRSS", pid)
}
