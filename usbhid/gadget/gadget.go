// Package gadget is what Linux's USB gadget configfs must contain for the phone to be a composite
// device of sound card, telephony, volume keys and pairing channel: as data, in the order in which
// it must be written. It is pure; hal/linux writes it.
//
// Attributes: Documentation/ABI/testing/configfs-usb-gadget* of the kernel.
package gadget

import (
	"errors"
	"fmt"
	"strings"

	"opendeskphone/usbhid"
)

// ErrConfig is a configuration no gadget can be made of.
var ErrConfig = errors.New("gadget: bad configuration")

// Config says who the phone is on USB.
type Config struct {
	Vendor, Product uint16 // USB's numbers; the maker's own
	Release         uint16 // bcdDevice, the hardware's or firmware's release
	Serial          string // device id, hexadecimal: PCs keep settings by it
	Maker, Name     string // strings shown to people; Name is also the sound card's
	UAC2            bool   // USB Audio 2.0 (Windows 10 1703 and later) in place of 1.0, which all have
	Top             byte   // top usage of the telephony collection: usbhid.UsageHeadset or UsagePhone
}

// MaxName is the longest Name in octets: hosts cut a sound card's label after it, and web pages find
// the phone's HID interface by that label.
const MaxName = 30

// serial tells whether a text may be a serial number: 8 to 64 hexadecimal digits.
func serial(s string) bool {
	return len(s) >= 8 && len(s) <= 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// Validate refuses what a host would stumble over.
func (c Config) Validate() error {
	switch {
	case c.Vendor == 0 || c.Product == 0:
		return fmt.Errorf("%w: no vendor or product number", ErrConfig)
	case !serial(c.Serial):
		return fmt.Errorf("%w: serial %q is not 8 to 64 hexadecimal digits", ErrConfig, c.Serial)
	case !printable(c.Name, MaxName):
		return fmt.Errorf("%w: name %q is not 1 to %d printable ASCII characters", ErrConfig, c.Name, MaxName)
	case !printable(c.Maker, MaxName):
		return fmt.Errorf("%w: maker %q is not 1 to %d printable ASCII characters", ErrConfig, c.Maker, MaxName)
	case c.Top != usbhid.UsageHeadset && c.Top != usbhid.UsagePhone:
		return fmt.Errorf("%w: top usage %#x is neither headset nor phone", ErrConfig, c.Top)
	}
	return nil
}

func printable(s string, most int) bool {
	return s != "" && len(s) <= most && s == strings.TrimSpace(s) &&
		!strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// Entry is one thing below the gadget's folder: a folder to make, an attribute to write, or a
// symbolic link to a folder, also below the gadget's.
type Entry struct {
	Path string
	Text []byte // of an attribute
	Link string // target of a symbolic link
}

// The names of the functions' folders.
const (
	Telephony = "functions/hid.telephony"
	Volume    = "functions/hid.volume"
	Pairing   = "functions/hid.pairing"
	UAC1      = "functions/uac1.sound"
	UAC2      = "functions/uac2.sound"
)

const (
	english = "strings/0x409"
	config  = "configs/c.1"
)

// Tree gives everything in order; binding to a controller comes after it. Config must be valid.
func Tree(c Config) ([]Entry, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	sound, soundEntries := uac(c)
	t := device(c)
	t = append(t, soundEntries...)
	// Without an OUT endpoint hosts set the lamps by SET_REPORT, whichever call their programs use.
	t = append(t, hid(Telephony, usbhid.TelephonySize, usbhid.TelephonyDescriptor(c.Top), false)...)
	t = append(t, hid(Volume, usbhid.VolumeSize, usbhid.VolumeDescriptor(), false)...)
	// The pairing channel must not lose a report: f_hid queues what comes by an OUT endpoint.
	t = append(t, hid(Pairing, usbhid.PairingSize, usbhid.PairingDescriptor(), true)...)
	for _, f := range []string{sound, Telephony, Volume, Pairing} {
		t = append(t, Entry{Path: config + "/" + f[len("functions/"):], Link: f})
	}
	return t, nil
}

// device is the device and its one configuration.
func device(c Config) []Entry {
	return []Entry{
		{Path: "bcdUSB", Text: []byte("0x0200")},
		{Path: "idVendor", Text: hex16(c.Vendor)},
		{Path: "idProduct", Text: hex16(c.Product)},
		{Path: "bcdDevice", Text: hex16(c.Release)},
		// A composite device with interface associations (USB IAD ECN).
		{Path: "bDeviceClass", Text: []byte("0xEF")},
		{Path: "bDeviceSubClass", Text: []byte("0x02")},
		{Path: "bDeviceProtocol", Text: []byte("0x01")},
		{Path: english},
		{Path: english + "/serialnumber", Text: []byte(c.Serial)},
		{Path: english + "/manufacturer", Text: []byte(c.Maker)},
		{Path: english + "/product", Text: []byte(c.Name)},
		{Path: config},
		// Self powered, wakes the host; it takes next to nothing from the cable.
		{Path: config + "/bmAttributes", Text: []byte("0xE0")},
		{Path: config + "/MaxPower", Text: []byte("2")},
		{Path: config + "/" + english},
		{Path: config + "/" + english + "/configuration", Text: []byte("Phone")},
	}
}

// Rates are the sampling rates offered to the host, in Hz, the first by preference.
var Rates = []int{48000, 16000}

// uac is the sound card: what the host plays ("c_", captured by us) and what it records ("p_"),
// 16 bit mono. Hosts mix stereo down themselves, and better than we could.
func uac(c Config) (folder string, entries []Entry) {
	folder = UAC1
	if c.UAC2 {
		folder = UAC2
	}
	set := func(name, text string) {
		entries = append(entries, Entry{Path: folder + "/" + name, Text: []byte(text)})
	}
	rates := strings.Trim(strings.ReplaceAll(fmt.Sprint(Rates), " ", ","), "[]")
	entries = []Entry{{Path: folder}}
	for _, way := range []string{"c_", "p_"} {
		set(way+"chmask", "1")
		set(way+"srate", rates)
		set(way+"ssize", "2")
		set(way+"mute_present", "1")
		set(way+"volume_present", "1")
		set(way+"volume_min", fmt.Sprint(VolumeMin))
		set(way+"volume_max", fmt.Sprint(VolumeMax))
		set(way+"volume_res", fmt.Sprint(VolumeStep))
	}
	if c.UAC2 {
		set("c_sync", "async") // the host follows our clock by feedback
	}
	set("req_number", "8") // transfers under way: a busy phone may be late by that many milliseconds
	set("function_name", c.Name)
	return folder, entries
}

// The host's volume control in 1/256 dB.
const (
	VolumeMin  = -48 * 256
	VolumeMax  = 0
	VolumeStep = 256
)

func hid(folder string, length int, descriptor []byte, out bool) []Entry {
	none := "1"
	if out {
		none = "0"
	}
	return []Entry{
		{Path: folder},
		{Path: folder + "/subclass", Text: []byte("0")},
		{Path: folder + "/protocol", Text: []byte("0")},
		{Path: folder + "/no_out_endpoint", Text: []byte(none)},
		{Path: folder + "/report_length", Text: fmt.Append(nil, length)},
		{Path: folder + "/report_desc", Text: descriptor},
	}
}

func hex16(v uint16) []byte { return fmt.Appendf(nil, "0x%04x", v) }

// Folder tells whether the entry is a folder to make.
func (e Entry) Folder() bool { return e.Text == nil && e.Link == "" }
