package host

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/gousb"
	"golang.org/x/sys/unix"

	"opendeskphone/usbhid"
)

func TestThisMachineIsListedWithoutOpeningAnything(t *testing.T) {
	phones, err := Phones()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range phones {
		if p.Node == "" {
			t.Errorf("a phone without a node: %+v", p)
		}
	}
	bus, err := OpenBus()
	if err != nil {
		if _, there := os.Stat("/dev/bus/usb"); there == nil {
			t.Fatalf("the machine has USB: %v", err)
		}
		return
	}
	devices, err := bus.Devices()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range devices {
		if d.Vendor == 0 || d.Speed == "" {
			t.Errorf("not read: %v", d)
		}
	}
	if err := bus.Close(); err != nil {
		t.Error(err)
	}
}

func TestDescriptorsBecomeFacts(t *testing.T) {
	d := device(&gousb.DeviceDesc{Bus: 1, Address: 4, Vendor: 0x1d6b, Product: 0x104, Speed: gousb.SpeedHigh, Configs: map[int]gousb.ConfigDesc{
		1: {Interfaces: []gousb.InterfaceDesc{
			{Number: 0, AltSettings: []gousb.InterfaceSetting{{Class: gousb.ClassAudio, SubClass: 1}}},
			{Number: 1},
			{Number: 2, AltSettings: []gousb.InterfaceSetting{{Class: gousb.ClassHID, Endpoints: map[gousb.EndpointAddress]gousb.EndpointDesc{0x81: {}, 0x01: {}}}}},
		}},
	}})
	if d.String() != "001.004 1d6b:0104 (high speed)" {
		t.Error(d.String())
	}
	if len(d.Interfaces) != 2 || d.Interfaces[1] != (Interface{Number: 2, Class: 3, Endpoints: 2}) {
		t.Errorf("interfaces %+v", d.Interfaces)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "hidraw7")); err == nil || !strings.Contains(err.Error(), "hidraw7") || errors.Is(err, ErrPermission) {
		t.Errorf("missing node: %v", err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file); err == nil || !strings.Contains(err.Error(), "not a HIDRAW device") {
		t.Errorf("a file that is no device: %v", err)
	}
}

func TestReportsHaveOneLength(t *testing.T) {
	c := new(Cable)
	if _, err := c.Write(make([]byte, 63)); err == nil {
		t.Error("a short report was sent")
	}
	if _, err := c.Read(make([]byte, 8)); !errors.Is(err, io.ErrShortBuffer) {
		t.Errorf("a short buffer: %v", err)
	}
	c.closed.Store(true)
	if _, err := c.Write(make([]byte, usbhid.PairingSize)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("write after close: %v", err)
	}
	if _, err := c.Read(make([]byte, usbhid.PairingSize)); !errors.Is(err, io.EOF) {
		t.Errorf("read after close: %v", err)
	}
}

func TestOnlyNewsOfUSBFromTheKernelCounts(t *testing.T) {
	for text, want := range map[string]bool{
		"add@/devices/x\x00ACTION=add\x00SUBSYSTEM=hidraw\x00": true,
		"add@/devices/x\x00SUBSYSTEM=usb\x00SEQNUM=1\x00":      true,
		"add@/devices/x\x00SUBSYSTEM=net\x00":                  false,
		"":                                                     false,
	} {
		if got := concerns([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if fromKernel(&unix.SockaddrNetlink{Pid: 1234}) || !fromKernel(&unix.SockaddrNetlink{}) {
		t.Error("the sender is judged wrongly")
	}
}

func TestWatchTellsAtOnceAndEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	Watch(ctx, cancel) // the first word ends it
}
