package gadget

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path"
	"strings"
	"testing"

	"opendeskphone/usbhid"
)

var update = flag.Bool("update", false, "accept the trees as they are now")

func good() Config {
	return Config{Vendor: 0x1209, Product: 0x0001, Release: 0x0100, Serial: "0123456789abcdef0123456789abcdef",
		Maker: "Open Desk Phone", Name: "Open Desk Phone", Top: usbhid.UsageHeadset}
}

func TestTreeIsTheGolden(t *testing.T) {
	two := good()
	two.UAC2, two.Top = true, usbhid.UsagePhone
	for name, c := range map[string]Config{"uac1": good(), "uac2": two} {
		entries, err := Tree(c)
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		for _, e := range entries {
			switch {
			case e.Folder():
				fmt.Fprintf(&got, "%s/\n", e.Path)
			case e.Link != "":
				fmt.Fprintf(&got, "%s -> %s\n", e.Path, e.Link)
			case path.Base(e.Path) == "report_desc":
				fmt.Fprintf(&got, "%s = % x\n", e.Path, e.Text)
			default:
				fmt.Fprintf(&got, "%s = %s\n", e.Path, e.Text)
			}
		}
		file := "testdata/" + name + ".txt"
		if *update {
			if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s differs; go test -update accepts\n%s", file, got.Bytes())
		}
	}
}

// configfs makes a folder's attributes with the folder, and links only to functions that are there.
func TestTreeIsInOrder(t *testing.T) {
	entries, err := Tree(good())
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]bool{".": true, "strings": true, "configs": true, "functions": true, "configs/c.1/strings": true}
	linked := false
	for _, e := range entries {
		if made[e.Path] || !made[path.Dir(e.Path)] {
			t.Errorf("%s comes twice, or before its folder", e.Path)
		}
		if e.Folder() {
			made[e.Path] = true
		}
		if e.Link != "" {
			linked = true
			if !made[e.Link] {
				t.Errorf("%s links to %s before that is there", e.Path, e.Link)
			}
		} else if linked {
			t.Errorf("%s is written after a function has been linked, when it is in use", e.Path)
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	for name, spoil := range map[string]func(*Config){
		"no vendor":      func(c *Config) { c.Vendor = 0 },
		"no product":     func(c *Config) { c.Product = 0 },
		"short serial":   func(c *Config) { c.Serial = "12" },
		"path as serial": func(c *Config) { c.Serial = "../../../../etc" },
		"long name":      func(c *Config) { c.Name = strings.Repeat("x", MaxName+1) },
		"empty name":     func(c *Config) { c.Name = "" },
		"newline":        func(c *Config) { c.Name = "a\nb" },
		"blank end":      func(c *Config) { c.Name = "a " },
		"not ASCII":      func(c *Config) { c.Maker = "Müller" },
		"wrong top":      func(c *Config) { c.Top = 4 },
	} {
		c := good()
		spoil(&c)
		if _, err := Tree(c); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
