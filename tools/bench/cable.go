package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
	"opendeskphone/tools/lab/pc"
	"opendeskphone/tools/qemu"
	"opendeskphone/usbhid/pairing"
)

// replugs is how often the cable is pulled and put back.
const replugs = 100

// measureCable boots the image, paired with a computer that is this program, and plugs it in again and again: how
// often phone and computer find each other by the proof of keys, and how long after the computer has set the phone's
// USB configuration.
func measureCable(ctx context.Context, b *bench) error {
	computers, file, err := pc.Known(1)
	if err != nil {
		return err
	}
	lan, err := lab.NewLAN(filepath.Join(b.dir, "cable"))
	if err != nil {
		return err
	}
	defer lan.Close()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	g, err := desk.Boot(ctx, b.image, desk.Setup{Name: "phone", LAN: lan, Host: oursHost, Settings: bootSettings(), USB: true,
		Files: map[string][]byte{pc.PairingsFile: file}})
	if err != nil {
		return err
	}
	defer g.Close()
	socket := pc.Socket{Bus: qemu.USBBus, Dial: func() (net.Conn, error) { return lan.Core.Dial(ctx, "tcp", g.USBAt()) }}
	times, failed := replug(ctx, socket, computers[0])
	if len(times) == 0 {
		return errors.Join(failed...)
	}
	for _, err := range failed {
		fmt.Fprintln(os.Stderr, "bench:", err)
	}
	slices.Sort(times)
	b.ours("attach_after_enumeration_s", "%.3f", lab.Percentile(times, 50).Seconds())
	b.ours("replug_cycles_ok", "%d", len(times))
	return nil
}

// replug plugs a computer in and pulls it, and gives how long each proof took that succeeded.
func replug(ctx context.Context, s pc.Socket, c *pc.Computer) (times []time.Duration, failed []error) {
	for n := 0; n <= replugs && ctx.Err() == nil; n++ { // the first waits for the phone's boot
		took, err := attach(ctx, s, c)
		switch {
		case err != nil:
			failed = append(failed, fmt.Errorf("plug %d: %w", n, err))
		case n > 0:
			times = append(times, took)
		}
	}
	return times, failed
}

// attach plugs in, attaches and pulls.
func attach(ctx context.Context, s pc.Socket, c *pc.Computer) (time.Duration, error) {
	d, cfg, err := s.Plug(90 * time.Second)
	if err != nil {
		return 0, err
	}
	defer d.Close()
	began := time.Now()
	id, err := d.Identity()
	if err != nil {
		return 0, err
	}
	if _, err := hex.Decode(c.Record.Device[:], []byte(id.Serial[:min(len(id.Serial), 2*len(pairing.ID{}))])); err != nil {
		return 0, err
	}
	hid, err := pc.Open(d, cfg)
	if err != nil {
		return 0, err
	}
	line := c.Start(d, hid)
	defer line.Pull()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	_, err = line.Attach(ctx, c.Record)
	return time.Since(began), err
}
