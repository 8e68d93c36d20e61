// Package host is the PC's end of the cable: which phones are plugged in, what their descriptors say,
// and the reports of the pairing interface. gousb tells what is on the bus, without opening anything;
// hidapi lists the pairing interfaces and carries their reports. Nobody else imports either.
//
//	Bus.Devices   every USB device: ids, speed, interfaces      (needs no permission)
//	Phones        the pairing interfaces and their nodes        (needs no permission)
//	Open          one pairing interface, 64 bytes a report      (needs the udev rule)
//	Watch         "something was plugged in or pulled"
package host

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/sstallion/go-hid"

	"opendeskphone/usbhid"
)

// ErrPermission says that the node is there but this user may not open it.
var ErrPermission = errors.New("no permission")

// Phone is a plugged-in phone, by its pairing interface.
type Phone struct {
	Node    string // /dev/hidrawN
	Serial  string // USB serial number, which is the phone's device ID in hex
	Name    string // product name
	Maker   string
	Vendor  uint16
	Product uint16
}

// global guards what hidapi keeps for the whole process, its last error among it.
var global sync.Mutex

// Phones lists the phones that are plugged in, by their serial numbers; none is no error.
func Phones() ([]Phone, error) {
	global.Lock()
	defer global.Unlock()
	var out []Phone
	err := hid.Enumerate(hid.VendorIDAny, hid.ProductIDAny, func(i *hid.DeviceInfo) error {
		if i.UsagePage == usbhid.PagePairing && i.Usage == usbhid.UsagePairing {
			out = append(out, Phone{Node: i.Path, Serial: i.SerialNbr, Name: i.ProductStr, Maker: i.MfrStr, Vendor: i.VendorID, Product: i.ProductID})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("host: list HID interfaces: %w", err)
	}
	slices.SortFunc(out, func(a, b Phone) int { return cmp.Or(cmp.Compare(a.Serial, b.Serial), cmp.Compare(a.Node, b.Node)) })
	return out, nil
}
