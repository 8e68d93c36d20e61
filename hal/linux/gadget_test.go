package linux

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// kernelFolders are those that configfs makes with the gadget or a configuration.
var kernelFolders = []string{"strings", "configs", "functions"}

// fakeRmdir removes a folder as configfs does: attributes and the kernel's own folders go with it,
// links and folders that somebody made must be gone before.
func fakeRmdir(path string) error {
	if slices.Contains(kernelFolders, filepath.Base(path)) {
		return unix.EPERM
	}
	return fakeRemove(path)
}

func fakeRemove(path string) error {
	have, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, e := range have {
		child := filepath.Join(path, e.Name())
		switch {
		case e.Type()&os.ModeSymlink != 0:
			return unix.EBUSY
		case e.Type().IsRegular():
			err = os.Remove(child)
		case slices.Contains(kernelFolders, e.Name()):
			err = fakeRemove(child)
		default:
			return unix.EBUSY
		}
		if err != nil {
			return err
		}
	}
	return os.Remove(path)
}

func fakeGadget(t *testing.T) *Gadget {
	t.Helper()
	return &Gadget{filepath.Join(t.TempDir(), "phone"), fakeRmdir}
}

func gadgetEntries() []GadgetEntry {
	return []GadgetEntry{
		{Path: "idVendor", Text: []byte("0x1209")},
		{Path: "strings/0x409"}, {Path: "strings/0x409/product", Text: []byte("Desk")},
		{Path: "configs/c.1"}, {Path: "configs/c.1/strings/0x409"}, {Path: "configs/c.1/strings/0x409/configuration", Text: []byte("Phone")},
		{Path: "functions/hid.pair"}, {Path: "functions/hid.pair/report_desc", Text: []byte{5, 0, 10}},
		{Path: "configs/c.1/hid.pair", Link: "functions/hid.pair"},
	}
}

func someUDC() (string, error) { return "dummy_udc.0", nil }

func TestGadgetIsInstalledAndRemoved(t *testing.T) {
	g := fakeGadget(t)
	if err := g.install(gadgetEntries(), someUDC); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"UDC": "dummy_udc.0", "strings/0x409/product": "Desk",
		"configs/c.1/hid.pair/report_desc": "\x05\x00\x0a"} {
		if got := read(t, g.dir, name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	for range 2 {
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Lstat(g.dir); !os.IsNotExist(err) {
		t.Errorf("something is left: %v", err)
	}
}

func TestGadgetLeftOverIsReplaced(t *testing.T) {
	g := fakeGadget(t)
	old := append(gadgetEntries()[:7:7], GadgetEntry{Path: "functions/uac1.other"}, GadgetEntry{Path: "configs/c.1/other", Link: "functions/uac1.other"})
	if err := g.install(old, someUDC); err != nil {
		t.Fatal(err)
	}
	if err := g.install(gadgetEntries(), someUDC); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(filepath.Join(g.dir, "functions/uac1.other")); !os.IsNotExist(err) {
		t.Errorf("the old gadget's function is left: %v", err)
	}
	if read(t, g.dir, "functions/hid.pair/report_desc") == "" {
		t.Error("no new gadget")
	}
}

func TestGadgetRollsBack(t *testing.T) {
	noUDC := errors.New("no controller")
	for name, spoil := range map[string]struct {
		add GadgetEntry
		udc func() (string, error)
	}{
		"no controller":   {GadgetEntry{Path: "functions/x"}, func() (string, error) { return "", noUDC }},
		"no such folder":  {GadgetEntry{Path: "functions/none/attr", Text: []byte("1")}, someUDC},
		"outside":         {GadgetEntry{Path: "../evil", Text: []byte("1")}, someUDC},
		"link to outside": {GadgetEntry{Path: "configs/c.1/evil", Link: "../../etc"}, someUDC},
	} {
		g := fakeGadget(t)
		if err := g.install(append(gadgetEntries(), spoil.add), spoil.udc); err == nil {
			t.Errorf("%s: installed", name)
		}
		if _, err := os.Lstat(g.dir); !os.IsNotExist(err) {
			t.Errorf("%s: something is left", name)
		}
		if _, err := os.Lstat(filepath.Join(g.dir, "../evil")); !os.IsNotExist(err) {
			t.Errorf("%s: wrote outside", name)
		}
	}
}

func TestFindUDC(t *testing.T) {
	class := t.TempDir()
	if _, err := findUDC(class, "", 0); err == nil {
		t.Error("found a controller on a machine without")
	}
	write(t, class, "a.usb/state", "")
	write(t, class, "b.usb/state", "")
	for want, ask := range map[string]string{"b.usb": "b.usb", "a.usb": ""} {
		if got, err := findUDC(class, ask, 0); err != nil || got != want {
			t.Errorf("asked for %q, got %q, %v", ask, got, err)
		}
	}
	if _, err := findUDC(class, "c.usb", 0); err == nil || !strings.Contains(err.Error(), "a.usb") {
		t.Errorf("the error does not name what is there: %v", err)
	}
}
