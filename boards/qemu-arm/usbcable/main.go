// Command usbcable is the USB socket of the phone in QEMU: it hands TCP connections of USB/IP hosts
// (Documentation/usb/usbip_protocol.rst of the kernel) to the kernel's usbip-vudc controller, so that
// another machine's own USB stack sees the phone. It listens only where the kernel's command line
// says so, as odp.cable=:3240: a socket without a lid is for test networks alone.
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// controller is the kernel's device, below /sys/devices/platform.
const controller = "usbip-vudc.0"

// Times.
const (
	handshake = 5 * time.Second // for a host to say what it wants
	letGo     = 3 * time.Second // for the controller to let go of the host before
	retry     = time.Second
)

func main() {
	cmdline, err := os.ReadFile("/proc/cmdline")
	addr := ""
	if err == nil {
		addr = cableAt(string(cmdline))
	}
	if addr == "" {
		fmt.Println("usbcable: no odp.cable: nothing to do")
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM)
		<-stop
		return
	}
	s := &socket{dir: filepath.Join("/sys/devices/platform", controller)}
	for {
		fmt.Fprintln(os.Stderr, "usbcable:", s.listen(addr))
		time.Sleep(retry)
	}
}

// cableAt finds where to listen.
func cableAt(cmdline string) string {
	for word := range strings.FieldsSeq(cmdline) {
		if addr, ok := strings.CutPrefix(word, "odp.cable="); ok {
			return addr
		}
	}
	return ""
}

// socket is the controller as hosts see it.
type socket struct {
	dir string // the controller's folder in sysfs
}

func (s *socket) listen(addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	defer l.Close()
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		if err := s.serve(c.(*net.TCPConn)); err != nil {
			fmt.Fprintln(os.Stderr, "usbcable:", err)
		}
		c.Close() // a connection the kernel has taken lives on there
	}
}

// Of the protocol, version 1.1.1.
const (
	version    = 0x0111
	reqDevices = 0x8005
	reqImport  = 0x8003
	replyBit   = 0x8000
	busIDSize  = 32
	statusOK   = 0
	statusNo   = 1
)

// serve answers one request of a host.
func (s *socket) serve(c *net.TCPConn) error {
	if err := c.SetDeadline(time.Now().Add(handshake)); err != nil {
		return err
	}
	var head [8]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return err
	}
	code := binary.BigEndian.Uint16(head[2:])
	switch code {
	case reqDevices:
		return s.devices(c)
	case reqImport:
		var id [busIDSize]byte
		if _, err := io.ReadFull(c, id[:]); err != nil {
			return err
		}
		return s.plug(c, strings.TrimRight(string(id[:]), "\x00"))
	}
	return fmt.Errorf("request %#x", code)
}

func reply(code uint16, status uint32) []byte {
	b := binary.BigEndian.AppendUint16(nil, version)
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(b, code&^replyBit), status)
}

// devices lists the phone, if it is there.
func (s *socket) devices(c io.Writer) error {
	answer := reply(reqDevices, statusOK)
	block, err := s.describe()
	if err != nil {
		_, err = c.Write(binary.BigEndian.AppendUint32(answer, 0))
		return err
	}
	_, err = c.Write(append(binary.BigEndian.AppendUint32(answer, 1), block...))
	return err
}

// plug gives the host the phone. The host before, if there is still one, is unplugged: it may have
// died without a word.
func (s *socket) plug(c *net.TCPConn, id string) error {
	block, err := s.describe()
	if err == nil && id != controller {
		err = fmt.Errorf("no device %q", id)
	}
	if err == nil {
		err = s.free()
	}
	if err != nil {
		_, write := c.Write(reply(reqImport, statusNo))
		return errors.Join(err, write)
	}
	// The kernel reads the socket without end; a host that died must end it.
	keep := net.KeepAliveConfig{Enable: true, Idle: time.Second, Interval: time.Second, Count: 3}
	if err := errors.Join(c.SetNoDelay(true), c.SetKeepAliveConfig(keep), c.SetDeadline(time.Time{})); err != nil {
		return err
	}
	if _, err := c.Write(append(reply(reqImport, statusOK), block...)); err != nil {
		return err
	}
	f, err := c.File()
	if err != nil {
		return err
	}
	defer f.Close()
	return s.attach(fmt.Sprint(f.Fd()))
}

func (s *socket) attach(fd string) error {
	return os.WriteFile(filepath.Join(s.dir, "usbip_sockfd"), []byte(fd), 0)
}

// free makes the controller let go of its host.
func (s *socket) free() error {
	const available = "1" // SDEV_ST_AVAILABLE of the kernel's usbip_common.h
	for end := time.Now().Add(letGo); ; time.Sleep(20 * time.Millisecond) {
		status, err := os.ReadFile(filepath.Join(s.dir, "usbip_status"))
		if err != nil {
			return err
		}
		if strings.TrimSpace(string(status)) == available {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("the controller stays in state %s", strings.TrimSpace(string(status)))
		}
		_ = s.attach("-1") // refused while it is letting go already
	}
}

// describe gives the protocol's description of the phone (struct usbip_usb_device), by the device
// descriptor that the kernel shows (USB 2.0 section 9.6.1).
func (s *socket) describe() ([]byte, error) {
	d, err := os.ReadFile(filepath.Join(s.dir, "dev_desc"))
	if err != nil {
		return nil, fmt.Errorf("no gadget: %w", err)
	}
	const descriptor = 18
	if len(d) < descriptor {
		return nil, fmt.Errorf("device descriptor of %d octets", len(d))
	}
	const bus, device, highSpeed = 1, 1, 3
	b := make([]byte, 256+busIDSize, 256+busIDSize+24)
	copy(b, s.dir)
	copy(b[256:], controller)
	for _, v := range []uint32{bus, device, highSpeed} {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	for _, at := range []int{8, 10, 12} { // vendor, product, release
		b = binary.BigEndian.AppendUint16(b, binary.LittleEndian.Uint16(d[at:]))
	}
	return append(b, d[4], d[5], d[6], 0, d[17], 0), nil // class, subclass, protocol, no configuration, their number, no interfaces told
}
