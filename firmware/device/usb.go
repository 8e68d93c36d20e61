package device

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/settings"
	"opendeskphone/hal"
)

// usbPatience is how long the port waits for the lines: a PC can wait, a call should not.
const usbPatience = 15 * time.Second

// DeviceID is the phone's number towards PCs and controllers, made of its instance name.
func DeviceID(instance string) (id [16]byte) {
	digits := strings.ReplaceAll(strings.TrimPrefix(instance, "urn:uuid:"), "-", "")
	if n, err := hex.Decode(id[:], []byte(digits)); err != nil || n != len(id) || len(digits) != 2*len(id) {
		sum := sha256.Sum256([]byte(instance))
		copy(id[:], sum[:])
	}
	return id
}

// setUSB takes the phone off the PC and shows it again by these settings.
func (d *Device) setUSB(settings.USB) {
	select {
	case d.usbChanged <- struct{}{}:
	default: // the change before has not been taken up; this one will be with it
	}
}

// usb shows the phone to a PC as the settings say, once its lines have had their time.
func (d *Device) usb(ctx context.Context) error {
	d.linesSettled(ctx)
	for ctx.Err() == nil {
		if err := d.usbOnce(ctx); err != nil {
			return err
		}
	}
	return nil
}

// usbOnce opens the port and runs what lives on it, until the settings change or ctx ends.
func (d *Device) usbOnce(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		defer cancel()
		select {
		case <-d.usbChanged:
		case <-ctx.Done():
		}
	}()
	s := d.settings.File().USB
	if !s.Enabled {
		<-ctx.Done()
		return nil
	}
	id := DeviceID(d.opts.Instance)
	port, err := d.hardware.OpenUSB(hal.USBIdentity{Serial: hex.EncodeToString(id[:]), Product: s.Name, UAC2: s.Audio == 2,
		Vendor: uint16(s.Vendor), ProductID: uint16(s.Product)})
	if err != nil {
		return fmt.Errorf("device: %w", err)
	}
	supervise(ctx, d.log, d.usbParts(port)...)
	<-ctx.Done()
	return port.Close()
}

// usbParts are the adapters that live on the USB port. Each must give up what it has opened there
// when it ends.
func (d *Device) usbParts(port hal.USB) []part {
	return []part{
		{"pairing", func(ctx context.Context) error { return d.pairs.Plug(ctx, port) }},
		{"pc", func(ctx context.Context) error { return d.pc.Run(ctx, port) }},
	}
}

// linesSettled waits until every line has registered or failed.
func (d *Device) linesSettled(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, usbPatience)
	defer cancel()
	for seq := phone.Seq(0); ; {
		u, err := d.loop.Watch(ctx, seq)
		if err != nil {
			return
		}
		settled := true
		for _, l := range u.State.Lines {
			settled = settled && (l.State == phone.LineRegistered || l.State == phone.LineFailing)
		}
		if settled {
			return
		}
		seq = u.State.Seq
	}
}
