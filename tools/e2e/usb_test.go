package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"opendeskphone/boards"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
	"opendeskphone/tools/lab/pc"
	"opendeskphone/tools/lab/usbip"
	"opendeskphone/tools/qemu"
	"opendeskphone/usbhid"
)

// bootForUSB boots the image with its USB socket open.
func bootForUSB(t *testing.T, settings string, processors int) (*scene, *desk.Guest) {
	t.Helper()
	if *imageDir == "" {
		t.Skip("no -image: the twin's cable is tested in hal/sim")
	}
	s := newScene(t)
	s.start(t, desk.Setup{Settings: settings, USB: true, CPUs: processors})
	if settings != noLine {
		s.atRegistrar(t, phoneUser, 1, 60*time.Second)
	}
	return s, s.phone.(*desk.Guest)
}

// plug plugs the phone into a host that is this test.
func plug(t *testing.T, s *scene, g *desk.Guest) *usbip.Device {
	t.Helper()
	d, err := usbip.Dial(func() (net.Conn, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		return s.lan.Core.Dial(ctx, "tcp", g.USBAt())
	}, qemu.USBBus, 60*time.Second)
	must(t, err)
	return d
}

// TestUSB plugs the phone into a host that is this test, with no kernel between.
func TestUSB(t *testing.T) {
	s, g := bootForUSB(t, mainSettings(""), 1)
	t.Run("descriptors", func(t *testing.T) { usbDescriptors(t, s, g) })
	t.Run("replug", func(t *testing.T) { usbReplug(t, s, g) })
}

// usbDescriptors reads what the running phone says of itself.
func usbDescriptors(t *testing.T, s *scene, g *desk.Guest) {
	d := plug(t, s, g)
	defer d.Close()
	id, err := d.Identity()
	must(t, err)
	b := boards.QEMUArm.USB
	if id.USB != 0x0200 || id.Class != 0xEF || id.SubClass != 2 || id.Protocol != 1 || id.Vendor != b.Vendor || id.Product != b.Product ||
		id.Maker != b.Maker || id.Name != b.Name || len(id.Serial) != 32 || strings.Trim(id.Serial, "0123456789abcdef") != "" {
		t.Errorf("%+v", id)
	}
	c, err := d.Configure()
	must(t, err)
	waitPlugs(t, g, 1)
	if c.Attributes != 0xE0 || c.Power != 2 {
		t.Errorf("attributes %#x, %d mA: the phone is self powered and wakes its host", c.Attributes, c.Power)
	}
	hids := pc.HIDs(c)
	if len(hids) != 3 {
		t.Fatalf("%d HID interfaces", len(hids))
	}
	for n, want := range [][]byte{usbhid.TelephonyDescriptor(usbhid.UsageHeadset), usbhid.VolumeDescriptor(), usbhid.PairingDescriptor()} {
		h, err := d.OpenHID(hids[n])
		must(t, err)
		if !bytes.Equal(h.Descriptor, want) {
			t.Errorf("HID interface %d describes % x", n, h.Descriptor)
		}
		if _, err := usbhid.ParseDescriptor(h.Descriptor); err != nil {
			t.Error(err)
		}
		h.Close()
	}
	if outs := []int{len(hids[0].Endpoints), len(hids[1].Endpoints), len(hids[2].Endpoints)}; !slices.Equal(outs, []int{1, 1, 2}) {
		t.Errorf("%v endpoints: only the pairing interface has one to the phone", outs)
	}
	audio := slices.IndexFunc(c.Interfaces, func(i usbip.Interface) bool { return i.Class == usbip.ClassAudio })
	if audio != 0 || c.Interfaces[0].Protocol != 0 {
		t.Errorf("no USB Audio 1.0 in front: %+v", c.Interfaces[0])
	}
}

// usbReplug pulls the cable and puts it back: each time the phone is whole, and knows that it was out.
func usbReplug(t *testing.T, s *scene, g *desk.Guest) {
	const times = 10
	before := plugs(g)
	for n := range times {
		d := plug(t, s, g)
		c, err := d.Configure()
		must(t, err)
		if len(pc.HIDs(c)) != 3 {
			t.Errorf("plug %d: %+v", n, c)
		}
		waitPlugs(t, g, before+n+1)
		d.Close()
	}
}

var plugLine = regexp.MustCompile(`usb configured plug (\d+)`)

// plugs is how often the phone says it was plugged.
func plugs(g *desk.Guest) (n int) {
	for _, m := range plugLine.FindAllStringSubmatch(g.Log().Since(0), -1) {
		n, _ = strconv.Atoi(m[1])
	}
	return n
}

func waitPlugs(t *testing.T, g *desk.Guest, n int) {
	t.Helper()
	must(t, lab.Poll(soon(t), fmt.Sprintf("plug %d on the phone", n), func() (bool, error) {
		if have := plugs(g); have > n {
			return false, fmt.Errorf("the phone has counted %d plugs", have)
		} else {
			return have == n, nil
		}
	}))
}
