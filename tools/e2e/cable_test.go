package e2e

import (
	"context"
	"flag"
	"regexp"
	"strings"
	"testing"
	"time"

	"opendeskphone/boards"
	"opendeskphone/tools/lab/desk"
	"opendeskphone/tools/lab/laptop"
)

var laptopDir = flag.String("laptop", "", "directory of the laptop that `make laptop` made; empty: no tests with a laptop")

// laptopHost is the laptop's number on the LAN.
const laptopHost = 120

// pair of machines: the phone and a laptop, with the cable not yet plugged.
type desktop struct {
	*scene
	phone *desk.Guest
	pc    *laptop.Laptop
}

// newDesktop boots phone and laptop.
func newDesktop(t *testing.T) *desktop {
	t.Helper()
	if *imageDir == "" || *laptopDir == "" {
		t.Skip("no -image or no -laptop: nothing to plug the cable into")
	}
	s, g := bootForUSB(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	began := time.Now()
	pc, err := laptop.Boot(ctx, laptop.Setup{Name: "laptop", LAN: s.lan, Host: laptopHost, Image: *laptopDir})
	must(t, err)
	t.Cleanup(func() { must(t, pc.Close()) })
	t.Logf("laptop booted after %v", time.Since(began).Round(time.Millisecond))
	return &desktop{s, g, pc}
}

// run runs a program on the laptop as root and gives what it printed.
func (d *desktop) run(t *testing.T, argv ...string) string {
	t.Helper()
	out, err := d.pc.Run(soon(t), "", argv...)
	must(t, err)
	return out
}

// plugIn plugs the cable and says how long the laptop took to have all its drivers bound.
func (d *desktop) plugIn(t *testing.T) {
	t.Helper()
	began := time.Now()
	must(t, d.pc.Plug(soon(t), d.phone.USBAt()))
	t.Logf("plugged and bound after %v", time.Since(began).Round(time.Millisecond))
}

// TestCable has a laptop's own kernel enumerate the phone, again and again.
func TestCable(t *testing.T) {
	d := newDesktop(t)
	d.plugIn(t)
	t.Run("enumerated", func(t *testing.T) { d.enumerated(t) })
	t.Run("replugged", func(t *testing.T) { d.replugged(t) })
}

// complaints are what a kernel says of a device it does not like.
var complaints = regexp.MustCompile(`(?i)usb|hid|snd|audio|alsa`)

// harmless are lines about the laptop itself: its stock USB/IP host controller taints nothing and has no peculiarity we could mend.
var harmless = regexp.MustCompile(`vhci_hcd`)

func (d *desktop) enumerated(t *testing.T) {
	usb := boards.QEMUArm.USB
	tree := d.run(t, "lsusb", "-v", "-d", "1209:0001")
	for _, want := range []string{"iProduct", usb.Name, "bInterfaceClass         3 Human Interface Device", "bInterfaceClass         1 Audio",
		"Remote Wakeup", "Self Powered", "wDescriptorLength     114", "wDescriptorLength      29"} {
		if !strings.Contains(tree, want) {
			t.Errorf("lsusb does not tell %q\n%s", want, tree)
		}
	}
	for line := range strings.Lines(tree) {
		if strings.Contains(line, "Warning") || strings.Contains(line, "INVALID") || strings.Contains(line, "error") {
			t.Errorf("lsusb: %s", line)
		}
	}
	if cards := d.run(t, "cat", "/proc/asound/cards"); !strings.Contains(cards, usb.Name) {
		t.Errorf("no sound card by the phone's name:\n%s", cards)
	}
	alerts, err := d.pc.Alerts(soon(t))
	must(t, err)
	for _, a := range alerts {
		if complaints.MatchString(a) && !harmless.MatchString(a) {
			t.Errorf("the laptop's kernel complains: %s", a)
		}
	}
	t.Log(d.run(t, "sh", "-c", "cat /proc/asound/cards; ls -l /dev/hidraw* /dev/input; amixer -c 0 contents; dmesg | tail -40"))
}

func (d *desktop) replugged(t *testing.T) {
	for range 3 {
		must(t, d.pc.Unplug(soon(t)))
		d.plugIn(t)
	}
}
