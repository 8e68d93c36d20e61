// Package simphone is a whole phone on simulated hardware: the wiring of the firmware with the twin
// of the device below it. The simulator, the exchange's extensions and tests of whole phones use it.
package simphone

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"image"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"opendeskphone/audio/codec"
	"opendeskphone/audio/codec/opus"
	"opendeskphone/firmware/credentials"
	"opendeskphone/firmware/device"
	"opendeskphone/firmware/diag"
	"opendeskphone/firmware/lock"
	"opendeskphone/firmware/pairing"
	"opendeskphone/firmware/recording"
	"opendeskphone/firmware/settings"
	"opendeskphone/firmware/store"
	"opendeskphone/firmware/tpcp"
	"opendeskphone/hal/sim"
	"opendeskphone/sip/stack"
)

// Config of a simulated phone.
type Config struct {
	Folder    string // data of the phone: settings, contacts, call log
	Settings  string // written to the folder if there are none yet
	Width     int    // of the panel in pixels; 0 is 800x480
	Height    int
	Cleaned   bool               // what the microphone gives is to be sent as it is; a browser's is free of echo and noise
	Network   stack.Network      // nil: the machine's
	Identity  ed25519.PrivateKey // the phone's key towards computers; nil: a new one
	Computers tpcp.Pairings      // computers that may control it; nil: none
	Changes   <-chan struct{}    // of the machine's addresses; nil: nobody watches
	Log       *slog.Logger
}

// Phone is a phone and its simulated hardware.
type Phone struct {
	*sim.Twin
	*device.Device
	store *store.Store
}

// New makes a phone; nothing runs yet.
func New(cfg Config) (*Phone, error) {
	if cfg.Width == 0 {
		cfg.Width, cfg.Height = 800, 480
	}
	if cfg.Network == nil {
		cfg.Network = stack.System{}
	}
	path := filepath.Join(cfg.Folder, "settings.toml")
	if _, err := os.Stat(path); err != nil && cfg.Settings != "" {
		if err := os.WriteFile(path, []byte(cfg.Settings), 0o600); err != nil {
			return nil, fmt.Errorf("simphone: %w", err)
		}
	}
	st := store.Open(filepath.Join(cfg.Folder, "phone.db"), cfg.Log)
	twin := sim.New(image.Pt(cfg.Width, cfg.Height))
	twin.Card.SetSleep(sleep)
	hardware := twin.Devices()
	hardware.Cleaned = cfg.Cleaned
	d, err := device.New(hardware, device.Options{
		DialPlan: filepath.Join(cfg.Folder, "dialplan.json"),
		Settings: settings.Open(settings.Paths{User: path}, cfg.Log), Store: st, Pairings: pairing.OpenFile(filepath.Join(cfg.Folder, "pairings"), cfg.Log), PIN: lock.OpenFile(filepath.Join(cfg.Folder, "lock"), cfg.Log), Vault: credentials.Open(cfg.Folder, cfg.Log),
		Recordings: recording.OpenShelves(filepath.Join(cfg.Folder, "recordings"), free, cfg.Log), Reports: filepath.Join(cfg.Folder, "reports"),
		Recorder: diag.NewRecorder(), Identity: cfg.Identity, Computers: cfg.Computers,
		Codecs: append([]codec.Codec{opus.Codec}, codec.All()...), Network: cfg.Network, Version: "simulated", Board: "Simulator",
		About: func() device.Facts {
			host, _ := os.Hostname()
			return device.LocalFacts(host, func() int64 { return free(cfg.Folder) })
		},
		NetChanged: cfg.Changes, Crashes: filepath.Join(cfg.Folder, "crash"), Log: cfg.Log,
	})
	if err != nil {
		return nil, err
	}
	return &Phone{Twin: twin, Device: d, store: st}, nil
}

// free says that nobody knows how much room the machine has.
func free(string) int64 { return -1 }

// sleep asks the kernel, which is good to some 50 µs; being woken early costs nothing.
func sleep(d time.Duration) {
	if d > 0 {
		ts := unix.NsecToTimespec(d.Nanoseconds())
		_ = unix.Nanosleep(&ts, nil)
	}
}

// Run is the phone's life.
func (p *Phone) Run(ctx context.Context) error { return p.Device.Run(ctx) }
