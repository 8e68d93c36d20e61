package laptop

import (
	"context"
	_ "embed"
	"fmt"
	"net/netip"
	"strings"

	"opendeskphone/tools/qemu"
)

//go:embed cable.sh
var cableScript string

func (l *Laptop) cable(ctx context.Context, phone netip.AddrPort, job ...string) (string, error) {
	argv := []string{"sh", "-c", cableScript, "cable.sh", phone.Addr().String(), fmt.Sprint(phone.Port()), qemu.USBBus}
	return l.Run(ctx, "", append(argv, job...)...)
}

// Plug plugs the phone's USB cable into the laptop, and returns when the laptop's kernel has bound
// drivers to all its interfaces: a sound card and three HID devices.
func (l *Laptop) Plug(ctx context.Context, phone netip.AddrPort) error {
	_, err := l.cable(ctx, phone, "plug")
	return err
}

// Unplug pulls the cable, and returns when the phone's devices have gone.
func (l *Laptop) Unplug(ctx context.Context) error {
	_, err := l.cable(ctx, netip.AddrPort{}, "unplug")
	return err
}

// Replug pulls the cable and puts it back n times, and gives how often all was bound again. It leaves
// the phone plugged.
func (l *Laptop) Replug(ctx context.Context, phone netip.AddrPort, n int) (good int, err error) {
	out, err := l.cable(ctx, phone, "replug", fmt.Sprint(n))
	return strings.Count(out, "plugged "), err
}

// OnlyCable leaves the laptop no way to the phone but the USB cable, or gives it all back: for what
// must work where the network does not let the two meet.
func (l *Laptop) OnlyCable(ctx context.Context, phone netip.AddrPort, on bool) error {
	rules := "flush ruleset\n"
	if on {
		rules += fmt.Sprintf(`table ip lab { chain out { type filter hook output priority 0;
  ip daddr %v tcp dport != %d drop
ip daddr %v meta l4proto != tcp drop; }; }
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
