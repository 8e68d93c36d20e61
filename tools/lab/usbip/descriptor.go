package usbip

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
	"unicode/utf16"
)

// Descriptor types and requests (USB 2.0 tables 9-4 and 9-5, HID 1.11 section 7.1).
const (
	typeDevice    = 1
	typeConfig    = 2
	typeString    = 3
	typeInterface = 4
	typeEndpoint  = 5
	typeHID       = 0x21
	typeReport    = 0x22

	getDescriptor = 6
	setAddress    = 5
	setConfig     = 9
	setInterface  = 11
)

// Classes of interfaces.
const (
	ClassAudio = 1
	ClassHID   = 3
)

// Identity is the device descriptor with its strings.
type Identity struct {
	USB, Vendor, Product, Release uint16
	Class, SubClass, Protocol     byte
	Maker, Name, Serial           string
}

// Interface is one interface in one of its settings.
type Interface struct {
	Number, Setting           byte
	Class, SubClass, Protocol byte
	Endpoints                 []Endpoint
	Report                    int    // length of an HID interface's report descriptor
	Extra                     []byte // class specific descriptors as they come
}

// Endpoint is one endpoint.
type Endpoint struct {
	Address    byte // bit 7: to the host
	Attributes byte // bits 0 and 1: 1 isochronous, 2 bulk, 3 interrupt
	Packet     int
	Interval   byte
}

// Config is the configuration as the device describes it.
type Config struct {
	Attributes byte // bit 6 self powered, bit 5 remote wakeup
	Power      int  // mA
	Interfaces []Interface
}

func (d *Device) descriptor(kind, index byte, language uint16, length int) ([]byte, error) {
	return d.Control(0x80, getDescriptor, uint16(kind)<<8|uint16(index), language, length, nil)
}

// Identity reads who the device is.
func (d *Device) Identity() (Identity, error) {
	b, err := d.descriptor(typeDevice, 0, 0, 18)
	if err != nil {
		return Identity{}, err
	}
	if len(b) != 18 || b[0] != 18 || b[1] != typeDevice {
		return Identity{}, fmt.Errorf("usbip: device descriptor % x", b)
	}
	le := binary.LittleEndian
	id := Identity{USB: le.Uint16(b[2:]), Class: b[4], SubClass: b[5], Protocol: b[6],
		Vendor: le.Uint16(b[8:]), Product: le.Uint16(b[10:]), Release: le.Uint16(b[12:])}
	for i, to := range []*string{&id.Maker, &id.Name, &id.Serial} {
		if *to, err = d.text(b[14+i]); err != nil {
			return Identity{}, err
		}
	}
	return id, nil
}

// text reads a string descriptor in English.
func (d *Device) text(index byte) (string, error) {
	const english = 0x409
	if index == 0 {
		return "", nil
	}
	b, err := d.descriptor(typeString, index, english, 255)
	if err != nil {
		return "", err
	}
	if len(b) < 2 || int(b[0]) != len(b) || b[1] != typeString || len(b)%2 != 0 {
		return "", fmt.Errorf("usbip: string descriptor % x", b)
	}
	var units []uint16
	for i := 2; i < len(b); i += 2 {
		units = append(units, binary.LittleEndian.Uint16(b[i:]))
	}
	return string(utf16.Decode(units)), nil
}

// Configure gives the device its address and configuration, as a PC does, and tells what is in it.
func (d *Device) Configure() (*Config, error) {
	head, err := d.descriptor(typeConfig, 0, 0, 9)
	if err != nil {
		return nil, err
	}
	if len(head) != 9 {
		return nil, fmt.Errorf("usbip: configuration descriptor % x", head)
	}
	all, err := d.descriptor(typeConfig, 0, 0, int(binary.LittleEndian.Uint16(head[2:])))
	if err != nil {
		return nil, err
	}
	c, err := ParseConfig(all)
	if err != nil {
		return nil, err
	}
	if _, err := d.Control(0, setAddress, 7, 0, 0, nil); err != nil {
		return nil, err
	}
	if _, err := d.Control(0, setConfig, uint16(head[5]), 0, 0, nil); err != nil {
		return nil, err
	}
	return c, nil
}

// ParseConfig reads a configuration descriptor with all that follows it.
func ParseConfig(b []byte) (*Config, error) {
	if len(b) < 9 || b[1] != typeConfig || int(binary.LittleEndian.Uint16(b[2:])) != len(b) {
		return nil, errors.New("usbip: configuration descriptor without its length")
	}
	c := &Config{Attributes: b[7], Power: 2 * int(b[8])}
	numbers := map[byte]bool{}
	for rest := b[b[0]:]; len(rest) > 0; {
		n := int(rest[0])
		if n < 2 || n > len(rest) {
			return nil, fmt.Errorf("usbip: descriptor of %d octets in %d", n, len(rest))
		}
		if err := c.add(rest[:n]); err != nil {
			return nil, err
		}
		rest = rest[n:]
	}
	for _, i := range c.Interfaces {
		numbers[i.Number] = true
	}
	if int(b[4]) != len(numbers) {
		return nil, fmt.Errorf("usbip: %d interfaces are told, %d are there", b[4], len(numbers))
	}
	return c, nil
}

func (c *Config) add(d []byte) error {
	if d[1] == typeInterface {
		if len(d) < 9 {
			return errors.New("usbip: short interface descriptor")
		}
		c.Interfaces = append(c.Interfaces, Interface{Number: d[2], Setting: d[3], Class: d[5], SubClass: d[6], Protocol: d[7]})
		return nil
	}
	if len(c.Interfaces) == 0 {
		return nil // an interface association
	}
	i := &c.Interfaces[len(c.Interfaces)-1]
	switch d[1] {
	case typeEndpoint:
		if len(d) < 7 {
			return errors.New("usbip: short endpoint descriptor")
		}
		i.Endpoints = append(i.Endpoints, Endpoint{d[2], d[3], int(binary.LittleEndian.Uint16(d[4:])), d[6]})
	case typeHID:
		if len(d) < 9 {
			return errors.New("usbip: short HID descriptor")
		}
		i.Report = int(binary.LittleEndian.Uint16(d[7:]))
	default:
		i.Extra = append(i.Extra, d...)
	}
	return nil
}

// SetInterface chooses a setting of an interface.
func (d *Device) SetInterface(number, setting byte) error {
	_, err := d.Control(1, setInterface, uint16(setting), uint16(number), 0, nil)
	return err
}

// in gives the interface's endpoint to the host, out that from it; nil if there is none.
func (i *Interface) in() *Endpoint  { return i.endpoint(0x80) }
func (i *Interface) out() *Endpoint { return i.endpoint(0) }

func (i *Interface) endpoint(direction byte) *Endpoint {
	for n := range i.Endpoints {
		if i.Endpoints[n].Address&0x80 == direction {
			return &i.Endpoints[n]
		}
	}
	return nil
}

// reportTime is how long the device may leave a report lying.
const reportTime = 5 * time.Second
