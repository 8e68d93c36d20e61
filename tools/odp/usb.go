package main

import (
	"context"
	_ "embed" // for rule
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"

	"opendeskphone/tools/odp/pc"
	"opendeskphone/usbhid/host"
)

//go:embed dist/70-odp.rules
var rule string

type ruleCmd struct{}

func (ruleCmd) Help() string {
	return `The package installs it. Without the package:
  odp rule | sudo tee /etc/udev/rules.d/70-odp.rules
  sudo udevadm control --reload && sudo udevadm trigger`
}

// Run implements the command.
func (ruleCmd) Run(sh *shell) error {
	_, err := io.WriteString(sh.out, rule)
	return err
}

// usb is the machine's USB as the agent wants it.
type usb struct {
	bus *host.Bus // nil: this machine has none
	log *slog.Logger
}

func openUSB(log *slog.Logger) *usb {
	bus, err := host.OpenBus()
	if err != nil {
		log.Warn("the USB cannot be looked at", "err", err)
		bus = nil
	}
	return &usb{bus, log}
}

// Close ends it.
func (u *usb) Close() {
	if u.bus == nil {
		return
	}
	if err := u.bus.Close(); err != nil {
		u.log.Warn("close", "err", err)
	}
}

// Watch implements pc.Finder.
func (u *usb) Watch(ctx context.Context, changed func()) { host.Watch(ctx, changed) }

// Phones implements pc.Finder.
func (u *usb) Phones() ([]pc.Plugged, error) {
	phones, err := host.Phones()
	var out []pc.Plugged
	for _, p := range phones {
		out = append(out, pc.Plugged{Node: p.Node, Serial: p.Serial, Name: p.Name})
	}
	return out, err
}

// Open implements pc.Finder.
func (u *usb) Open(node string) (io.ReadWriteCloser, error) {
	c, err := host.Open(node)
	if errors.Is(err, host.ErrPermission) {
		return nil, fmt.Errorf("%w: %w", err, fs.ErrPermission)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Seen implements pc.Finder.
func (u *usb) Seen() []string {
	if u.bus == nil {
		return []string{"nothing: this machine's USB cannot be looked at"}
	}
	devices, err := u.bus.Devices()
	if err != nil {
		return []string{"nothing: " + err.Error()}
	}
	var out []string
	for _, d := range devices {
		out = append(out, d.String())
	}
	return out
}
