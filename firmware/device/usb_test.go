package device

import (
	"context"
	"encoding/hex"
	"testing"
	"time"

	"opendeskphone/firmware/settings"
	"opendeskphone/hal"
)

func TestDeviceIDIsTheInstances(t *testing.T) {
	id := DeviceID("urn:uuid:00112233-4455-4677-8899-aabbccddeeff")
	if id != [16]byte{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x46, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff} {
		t.Errorf("%x", id)
	}
	if DeviceID("one") == DeviceID("two") || DeviceID("one") != DeviceID("one") {
		t.Error("another name must give another number, the same one the same")
	}
}

// awaitUSB waits until the PC sees the phone as wanted.
func (b *bench) awaitUSB(what string, ok func(id hal.USBIdentity, seen bool) bool) {
	b.t.Helper()
	limit := time.After(10 * time.Second)
	for {
		changed := b.USB.Changed()
		if id, seen := b.USB.Identity(); ok(id, seen) {
			return
		}
		select {
		case <-changed:
		case <-limit:
			b.t.Fatalf("not in time: %s", what)
		}
	}
}

func TestPhoneShowsItselfByTheSettings(t *testing.T) {
	b := start(t, t.TempDir(), oneLine, nil)
	id := DeviceID("")
	b.awaitUSB("seen", func(got hal.USBIdentity, seen bool) bool {
		return seen && got == hal.USBIdentity{Serial: hex.EncodeToString(id[:])}
	})
	apply := func(change func(*settings.File)) {
		t.Helper()
		if err := b.settings.Apply(context.Background(), "test", change); err != nil {
			t.Fatal(err)
		}
	}
	apply(func(f *settings.File) { f.USB.Name, f.USB.Audio = "Desk 7", 2 })
	b.awaitUSB("renamed", func(got hal.USBIdentity, seen bool) bool { return seen && got.Product == "Desk 7" && got.UAC2 })
	apply(func(f *settings.File) { f.USB.Enabled = false })
	b.awaitUSB("hidden", func(_ hal.USBIdentity, seen bool) bool { return !seen })
	apply(func(f *settings.File) { f.USB.Enabled = true })
	b.awaitUSB("seen again", func(_ hal.USBIdentity, seen bool) bool { return seen })
	b.stop()
	if _, seen := b.USB.Identity(); seen {
		t.Error("seen after the phone's end")
	}
}
