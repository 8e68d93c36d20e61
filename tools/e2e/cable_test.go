package e2e

import (
	"context"
	"flag"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"opendeskphone/boards"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
	"opendeskphone/tools/lab/laptop"
)

var laptopDir = flag.String("laptop", "", "directory of the laptop that `make laptop` made; empty: no tests with a laptop")

// laptopHost is the laptop's number on the LAN.
const laptopHost = 120

// desktop is two machines, the phone and a laptop, with the cable not yet plugged.
type desktop struct {
	*scene
	phone *desk.Guest
	pc    *laptop.Laptop
}

// newDesktop boots phone and laptop.
func newDesktop(t *testing.T, settings string) *desktop {
	t.Helper()
	if *imageDir == "" || *laptopDir == "" {
		t.Skip("no -image or no -laptop: nothing to plug the cable into")
	}
	// What a USB controller does in hardware, the phone in QEMU does on a processor: it has one more.
	s, g := bootForUSB(t, settings, 2)
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
	d := newDesktop(t, mainSettings(""))
	d.plugIn(t)
	t.Run("enumerated", d.enumerated)
	t.Run("replugged", d.replugged)
	t.Run("laptop-killed", d.laptopKilled)
	t.Run("phone-rebooted", d.phoneRebooted)
	t.Run("no-complaints", d.noComplaints)
}

// enumerated looks at what the laptop has made of the phone.
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
		if regexp.MustCompile(`(?i)warning|invalid|error|unrecogni[sz]ed`).MatchString(line) {
			t.Errorf("lsusb: %s", line)
		}
	}
	if cards := d.run(t, "cat", "/proc/asound/cards"); !strings.Contains(cards, usb.Name) {
		t.Errorf("no sound card by the phone's name:\n%s", cards)
	}
	// The volume keys are keys of the laptop's; telephony and pairing are none.
	keys := d.run(t, "sh", "-c", "grep -l '"+usb.Name+"' /sys/class/input/event*/device/name | wc -l")
	if strings.TrimSpace(keys) != "1" {
		t.Errorf("%s input devices", keys)
	}
}

// replugs is how often the cable is pulled and put back; the figures do it a hundred times.
const replugs = 20

func (d *desktop) replugged(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	before, began := plugs(d.phone), time.Now()
	good, err := d.pc.Replug(ctx, d.phone.USBAt(), replugs)
	t.Logf("replug_cycles_ok %d of %d, %v each", good, replugs, (time.Since(began) / replugs).Round(time.Millisecond))
	must(t, err)
	if good != replugs {
		t.Errorf("the phone was whole again %d of %d times", good, replugs)
	}
	waitPlugs(t, d.phone, before+replugs)
}

// laptopKilled takes the laptop's power with the cable plugged, and boots it again.
func (d *desktop) laptopKilled(t *testing.T) {
	before := plugs(d.phone)
	d.pc.Kill()
	must(t, lab.Poll(soon(t), "the phone to notice", func() (bool, error) {
		return strings.Contains(d.phone.Log().Since(0), fmt.Sprintf("usb unplugged plug %d ", before)), nil
	}))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	must(t, d.pc.Boot(ctx))
	d.plugIn(t)
	waitPlugs(t, d.phone, before+1)
}

// phoneRebooted takes the phone's power with the cable plugged.
func (d *desktop) phoneRebooted(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	must(t, d.phone.Reboot(ctx))
	must(t, d.pc.Unplug(ctx))
	must(t, d.pc.Plug(ctx, d.phone.USBAt()))
}

// devices are what a kernel's line about the phone speaks of; ofLaptop are lines about the laptop's own
// USB/IP controller, among them those when a cable is pulled.
var (
	devices  = regexp.MustCompile(`(?i)usb|hid|snd|audio|alsa`)
	ofLaptop = regexp.MustCompile(`vhci_hcd|We don't know the algorithms for LPM`)
)

// noComplaints asks the laptop's kernel what it did not like.
func (d *desktop) noComplaints(t *testing.T) {
	alerts, err := d.pc.Alerts(soon(t))
	must(t, err)
	for _, a := range alerts {
		if devices.MatchString(a) && !ofLaptop.MatchString(a) {
			t.Errorf("the laptop's kernel complains: %s", a)
		}
	}
}
