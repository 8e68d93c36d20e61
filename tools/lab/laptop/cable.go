package laptop

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"opendeskphone/tools/lab"
	"opendeskphone/tools/qemu"
)

// Plug plugs the phone's USB cable into the laptop, and returns when the laptop's kernel has bound
// drivers to all its interfaces: a sound card and three HID devices.
func (l *Laptop) Plug(ctx context.Context, phone netip.AddrPort) error {
	if _, err := l.Run(ctx, "", "modprobe", "-a", "vhci_hcd", "snd_usb_audio", "usbhid", "hid_generic"); err != nil {
		return err
	}
	attach := []string{"usbip", "--tcp-port", fmt.Sprint(phone.Port()), "attach", "-r", phone.Addr().String(), "-b", qemu.USBBus}
	err := lab.PollEvery(ctx, 200*time.Millisecond, "plugging the phone", func() (bool, error) {
		_, err := l.Run(ctx, "", attach...) // the phone may not have its gadget yet
		return err == nil, nil
	})
	if err != nil {
		return err
	}
	return lab.PollEvery(ctx, 50*time.Millisecond, "enumeration", func() (bool, error) {
		out, err := l.Run(ctx, "", "sh", "-c", `ls -d /sys/class/hidraw/*; ls /proc/asound | grep '^card[0-9]'`)
		return err == nil && strings.Count(out, "hidraw/") == 3 && strings.Contains(out, "card"), nil
	})
}

// Unplug pulls the cable.
func (l *Laptop) Unplug(ctx context.Context) error {
	if _, err := l.Run(ctx, "", "usbip", "detach", "-p", "0"); err != nil {
		return err
	}
	return lab.PollEvery(ctx, 50*time.Millisecond, "the phone's devices to go", func() (bool, error) {
		out, err := l.Run(ctx, "", "sh", "-c", `ls /sys/class/hidraw /proc/asound | grep -E '^(hidraw|card)[0-9]' || true`)
		return err == nil && strings.TrimSpace(out) == "", nil
	})
}

// OnlyCable leaves the laptop no way to the phone but the USB cable, or gives it all back: for what
// must work where the network does not let the two meet.
func (l *Laptop) OnlyCable(ctx context.Context, phone netip.AddrPort, on bool) error {
	rules := "flush ruleset\n"
	if on {
		rules += fmt.Sprintf(`table ip lab { chain out { type filter hook output priority 0;
ip daddr %v tcp dport != %d drop
ip daddr %v meta l4proto != tcp drop
} }
`, phone.Addr(), phone.Port(), phone.Addr())
	}
	_, err := l.Run(ctx, "", "sh", "-c", "nft -f - <<'RULES'\n"+rules+"RULES")
	return err
}

// Alerts gives the lines of the laptop's kernel log that are warnings or worse, since it was booted.
func (l *Laptop) Alerts(ctx context.Context) ([]string, error) {
	out, err := l.Run(ctx, "", "dmesg", "--level", "emerg,alert,crit,err,warn")
	if err != nil {
		return nil, err
	}
	return strings.FieldsFunc(out, func(r rune) bool { return r == '\n' }), nil
}
