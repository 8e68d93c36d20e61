// Package pc is a computer at the phone's cable, without a kernel: it plugs itself in by the lab's USB host in user
// space and says what odp would. Known makes phones that are paired with it from the start.
package pc

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"opendeskphone/tools/lab/usbip"
	"opendeskphone/usbhid/pairing"
	"opendeskphone/usbhid/pairing/cable"
)

// Computer is a PC that may be plugged in; Record is what it knows of the phone.
type Computer struct {
	Self   pairing.Self
	Record pairing.Record
}

// New makes a computer that no phone knows; all that it is comes from its name.
func New(name string) *Computer {
	seed := sha256.Sum256([]byte(name))
	c := &Computer{Self: pairing.Self{Key: ed25519.NewKeyFromSeed(seed[:]), Name: name, User: "anna"}}
	copy(c.Self.Device[:], seed[:])
	return c
}

// PhoneKey is the key of the phones that Known makes.
var PhoneKey = ed25519.NewKeyFromSeed([]byte("a phone that was paired long ago"))

// PairingsFile is the file of the phone's data in which it keeps what Known gives.
const PairingsFile = "pairings"

// Known makes n computers, and the file of a phone that is paired with them. What the computers' records lack is the
// phone's number, its USB serial number: Meet fills it in.
func Known(n int) (out []*Computer, file []byte, err error) {
	type pair struct {
		ID      []byte         `json:"id"`
		Device  []byte         `json:"device"`
		Key     []byte         `json:"key"`
		Name    string         `json:"name"`
		Rights  pairing.Rights `json:"rights"`
		LinkKey []byte         `json:"linkKey"`
		Created time.Time      `json:"created"`
		Seen    time.Time      `json:"lastAttach"`
	}
	kept := struct {
		Seed  []byte `json:"seed"`
		Pairs []pair `json:"pairs"`
	}{Seed: PhoneKey.Seed()}
	for i := range n {
		c := New(fmt.Sprint("known-", i))
		public := c.Self.Key.Public().(ed25519.PublicKey)
		link := sha256.Sum256(public)
		c.Record = pairing.Record{ID: pairing.ID(link[:16]), Key: PhoneKey.Public().(ed25519.PublicKey), Rights: pairing.AllRights, LinkKey: link}
		kept.Pairs = append(kept.Pairs, pair{c.Record.ID[:], c.Self.Device[:], public, c.Self.Name, pairing.AllRights, link[:], time.Now().Add(-time.Hour), time.Now()})
		out = append(out, c)
	}
	file, err = json.Marshal(kept)
	return out, file, err
}

// Socket is where a phone's USB can be plugged: machine and bus id.
type Socket struct {
	Dial func() (net.Conn, error)
	Bus  string
}

// Plug plugs the phone in and configures it.
func (s Socket) Plug(patience time.Duration) (*usbip.Device, *usbip.Config, error) {
	d, err := usbip.Dial(s.Dial, s.Bus, patience)
	if err != nil {
		return nil, nil, err
	}
	c, err := d.Configure()
	if err != nil {
		return nil, nil, errors.Join(err, d.Close())
	}
	return d, c, nil
}

// HIDs are the HID interfaces of a phone: telephony, volume, pairing.
func HIDs(c *usbip.Config) (out []usbip.Interface) {
	for _, i := range c.Interfaces {
		if i.Class == usbip.ClassHID {
			out = append(out, i)
		}
	}
	return out
}

// ErrNoPhone is a device that has not a phone's three HID interfaces.
var ErrNoPhone = errors.New("pc: the device has not the interfaces of a phone")

// Open opens the pairing interface.
func Open(d *usbip.Device, c *usbip.Config) (*usbip.HID, error) {
	hids := HIDs(c)
	if len(hids) != 3 {
		return nil, ErrNoPhone
	}
	return d.OpenHID(hids[2])
}

// Line is a computer at an open pairing interface.
type Line struct {
	*cable.Cable
	dev  *usbip.Device
	over chan struct{}
}

// Start begins to speak over a pairing interface of d, until Pull.
func (c *Computer) Start(d *usbip.Device, hid io.ReadWriteCloser) *Line {
	l := &Line{cable.New(hid, c.Self), d, make(chan struct{})}
	go func() { defer close(l.over); _ = l.Run(context.Background()) }() // ends with the cable
	return l
}

// Pull pulls the cable. Once more does nothing.
func (l *Line) Pull() {
	_ = l.dev.Close() // the error is of the connection that is gone anyway
	<-l.over
}
