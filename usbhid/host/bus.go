package host

import (
	"fmt"
	"slices"

	"github.com/google/gousb"
)

// Device is a USB device as its descriptors tell.
type Device struct {
	Bus, Address    int
	Vendor, Product uint16
	Speed           string // "low", "full", "high", "super"
	Interfaces      []Interface
}

// Interface is one function of a device, in its first alternate setting.
type Interface struct {
	Number                    int
	Class, SubClass, Protocol uint8
	Endpoints                 int
}

// String gives the device as lsusb does: "001.004 1d6b:0104 (high speed)".
func (d Device) String() string {
	return fmt.Sprintf("%03d.%03d %04x:%04x (%s speed)", d.Bus, d.Address, d.Vendor, d.Product, d.Speed)
}

// Bus sees all USB devices. libusb wants one context a process: make one Bus.
type Bus struct{ ctx *gousb.Context }

// OpenBus begins to look at the USB devices. A machine without USB gets an error.
func OpenBus() (b *Bus, err error) {
	defer func() { // the library panics where there is no USB at all
		if p := recover(); p != nil {
			b, err = nil, fmt.Errorf("host: USB: %v", p)
		}
	}()
	return &Bus{gousb.NewContext()}, nil
}

// Devices lists the devices by bus and address. It opens none.
func (b *Bus) Devices() ([]Device, error) {
	var out []Device
	_, err := b.ctx.OpenDevices(func(d *gousb.DeviceDesc) bool {
		out = append(out, device(d))
		return false
	})
	slices.SortFunc(out, func(a, c Device) int { return (a.Bus-c.Bus)*1000 + a.Address - c.Address })
	if err != nil && len(out) == 0 {
		return nil, fmt.Errorf("host: USB devices: %w", err)
	}
	return out, nil // a device that was pulled while we read is just not there
}

// Close ends it.
func (b *Bus) Close() error {
	if err := b.ctx.Close(); err != nil {
		return fmt.Errorf("host: USB: %w", err)
	}
	return nil
}

func device(d *gousb.DeviceDesc) Device {
	out := Device{Bus: d.Bus, Address: d.Address, Vendor: uint16(d.Vendor), Product: uint16(d.Product), Speed: d.Speed.String()}
	for _, c := range d.Configs {
		for _, i := range c.Interfaces {
			if len(i.AltSettings) == 0 {
				continue
			}
			a := i.AltSettings[0]
			out.Interfaces = append(out.Interfaces, Interface{i.Number, uint8(a.Class), uint8(a.SubClass), uint8(a.Protocol), len(a.Endpoints)})
		}
		break // a phone has one configuration
	}
	return out
}
