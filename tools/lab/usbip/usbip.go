// Package usbip is a USB host in user space: it plugs a device that another machine shares by USB/IP
// (Documentation/usb/usbip_protocol.rst of the Linux kernel), reads its descriptors, configures it
// and speaks with its HID interfaces. Tests see by it what a PC sees of the phone, without a second
// kernel; and do what no kernel would.
package usbip

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// ErrUnplugged is what transfers give after the end of the connection.
var ErrUnplugged = errors.New("usbip: unplugged")

// Status is the result of a transfer that the device did not make: a negative error number of Linux.
type Status int32

// StatusStall is a request the device does not know (-EPIPE).
const StatusStall Status = -32

// Error implements error.
func (s Status) Error() string { return fmt.Sprintf("usbip: transfer status %d", int32(s)) }

const (
	version   = 0x0111
	reqImport = 0x8003
	busIDSize = 32
	blockSize = 256 + busIDSize + 24
)

// Commands and answers.
const (
	cmdSubmit = 1
	cmdUnlink = 2
	retSubmit = 3
	retUnlink = 4
)

const (
	headSize   = 48
	maxAnswer  = 1 << 20 // bytes a device may answer with
	shakeTime  = 10 * time.Second
	noPackets  = 0xFFFFFFFF // number of packets of what is not isochronous
	packetSize = 16         // of an isochronous packet's description
)

// Device is a plugged device. Its methods may be called from any goroutine.
type Device struct {
	conn  net.Conn
	devID uint32

	mu      sync.Mutex
	seq     uint32
	waiting map[uint32]*urb
	err     error // after the end
	ended   chan struct{}
}

// urb is a transfer under way.
type urb struct {
	in      bool
	packets int
	done    chan struct{}
	data    []byte
	lengths []int // of isochronous packets
	err     error
}

// Plug takes the device with the given bus id over a fresh connection to its machine. The device is
// unplugged by Close, or by the end of the connection.
func Plug(conn net.Conn, busID string) (*Device, error) {
	d := &Device{conn: conn, waiting: map[uint32]*urb{}, ended: make(chan struct{})}
	r := bufio.NewReaderSize(conn, 64<<10)
	if err := d.shake(r, busID); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	go d.read(r)
	return d, nil
}

// Dial connects to a machine and plugs its device. It tries until patience ends: the machine may
// still be starting, and the device not there yet.
func Dial(dial func() (net.Conn, error), busID string, patience time.Duration) (*Device, error) {
	for end := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		conn, err := dial()
		var d *Device
		if err == nil {
			d, err = Plug(conn, busID)
		}
		if err == nil || time.Now().After(end) {
			return d, err
		}
	}
}

func (d *Device) shake(r io.Reader, busID string) error {
	if err := d.conn.SetDeadline(time.Now().Add(shakeTime)); err != nil {
		return fmt.Errorf("usbip: %w", err)
	}
	q := binary.BigEndian.AppendUint16(nil, version)
	q = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(q, reqImport), 0)
	q = append(q, make([]byte, busIDSize)...)
	copy(q[8:], busID)
	if _, err := d.conn.Write(q); err != nil {
		return fmt.Errorf("usbip: ask for %s: %w", busID, err)
	}
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return fmt.Errorf("usbip: answer about %s: %w", busID, err)
	}
	if status := binary.BigEndian.Uint32(head[4:]); status != 0 {
		return fmt.Errorf("usbip: %s is not to be had: status %d", busID, status)
	}
	var block [blockSize]byte
	if _, err := io.ReadFull(r, block[:]); err != nil {
		return fmt.Errorf("usbip: description of %s: %w", busID, err)
	}
	if got := strings.TrimRight(string(block[256:256+busIDSize]), "\x00"); got != busID {
		return fmt.Errorf("usbip: asked for %s, got %s", busID, got)
	}
	d.devID = binary.BigEndian.Uint32(block[288:])<<16 | binary.BigEndian.Uint32(block[292:])
	return d.conn.SetDeadline(time.Time{})
}

// Close unplugs the device.
func (d *Device) Close() error {
	err := d.conn.Close()
	<-d.ended
	return err
}

// Unplugged is closed when the device has gone.
func (d *Device) Unplugged() <-chan struct{} { return d.ended }

// read takes the answers until the end of the connection.
func (d *Device) read(r io.Reader) {
	var err error
	for err == nil {
		err = d.answer(r)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err = fmt.Errorf("%w: %w", ErrUnplugged, err)
	for _, u := range d.waiting {
		u.err = d.err
		close(u.done)
	}
	d.waiting = nil
	d.conn.Close()
	close(d.ended)
}

// answer reads one answer and hands it to its transfer.
func (d *Device) answer(r io.Reader) error {
	var head [headSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	word := func(i int) uint32 { return binary.BigEndian.Uint32(head[4*i:]) }
	d.mu.Lock()
	u := d.waiting[word(1)]
	delete(d.waiting, word(1))
	d.mu.Unlock()
	if u == nil {
		return fmt.Errorf("answer to nothing: command %d, number %d", word(0), word(1))
	}
	defer close(u.done)
	if status := Status(word(5)); status != 0 {
		u.err = status
	}
	if word(0) == retUnlink {
		return nil
	}
	length := word(6)
	if word(0) != retSubmit || length > maxAnswer {
		return fmt.Errorf("command %d with %d octets", word(0), length)
	}
	if u.in {
		u.data = make([]byte, length)
		if _, err := io.ReadFull(r, u.data); err != nil {
			return err
		}
	}
	for range u.packets {
		var p [packetSize]byte
		if _, err := io.ReadFull(r, p[:]); err != nil {
			return err
		}
		u.lengths = append(u.lengths, int(binary.BigEndian.Uint32(p[8:])))
	}
	return nil
}

// transfer is what is asked of an endpoint.
type transfer struct {
	endpoint byte // with bit 7 for in
	setup    [8]byte
	data     []byte // out
	length   int    // in: room for the answer
	packets  []int  // isochronous: their lengths, together as long as data or length
}

// submit sends a transfer; its number is for cancel.
func (d *Device) submit(t transfer) (*urb, uint32, error) {
	u := &urb{in: t.endpoint&0x80 != 0, packets: len(t.packets), done: make(chan struct{})}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return nil, 0, d.err
	}
	d.seq++
	direction, length, packets := uint32(0), len(t.data), uint32(noPackets)
	if u.in {
		direction, length = 1, t.length
	}
	if len(t.packets) > 0 {
		packets = uint32(len(t.packets))
	}
	b := make([]byte, 0, headSize+len(t.data)+packetSize*len(t.packets))
	for _, w := range []uint32{cmdSubmit, d.seq, d.devID, direction, uint32(t.endpoint & 0x0F), 0, uint32(length), 0, packets, 0} {
		b = binary.BigEndian.AppendUint32(b, w)
	}
	b = append(append(b, t.setup[:]...), t.data...)
	at := 0
	for _, n := range t.packets {
		for _, w := range []int{at, n, 0, 0} {
			b = binary.BigEndian.AppendUint32(b, uint32(w))
		}
		at += n
	}
	d.waiting[d.seq] = u
	if _, err := d.conn.Write(b); err != nil {
		delete(d.waiting, d.seq)
		return nil, 0, fmt.Errorf("%w: %w", ErrUnplugged, err)
	}
	return u, d.seq, nil
}

// cancel takes a transfer back; it has ended, one way or the other, when cancel returns.
func (d *Device) cancel(u *urb, number uint32) {
	d.mu.Lock()
	if d.err != nil || d.waiting[number] == nil {
		d.mu.Unlock()
		<-u.done
		return
	}
	d.seq++
	gone := &urb{done: make(chan struct{})}
	d.waiting[d.seq] = gone
	b := make([]byte, 0, headSize)
	for _, w := range []uint32{cmdUnlink, d.seq, d.devID, 0, 0, number} {
		b = binary.BigEndian.AppendUint32(b, w)
	}
	_, err := d.conn.Write(b[:headSize])
	d.mu.Unlock()
	if err != nil {
		d.conn.Close()
	}
	<-gone.done
	d.mu.Lock()
	if d.waiting[number] != nil { // it had not ended before
		delete(d.waiting, number)
		close(u.done)
	}
	d.mu.Unlock()
}

// do makes a transfer and waits for its end, at most limit.
func (d *Device) do(t transfer, limit time.Duration) (*urb, error) {
	u, number, err := d.submit(t)
	if err != nil {
		return nil, err
	}
	late := time.NewTimer(limit)
	defer late.Stop()
	select {
	case <-u.done:
		return u, u.err
	case <-late.C:
		d.cancel(u, number)
		return nil, fmt.Errorf("usbip: endpoint %#x gave no answer within %v", t.endpoint, limit)
	}
}

const controlTime = 5 * time.Second // USB 2.0 section 9.2.6.1

// Control makes a control transfer. With bit 7 of requestType it gives up to length octets, else it
// sends data.
func (d *Device) Control(requestType, request byte, value, index uint16, length int, data []byte) ([]byte, error) {
	t := transfer{endpoint: requestType & 0x80, data: data, length: length}
	if requestType&0x80 == 0 {
		length = len(data)
	}
	t.setup[0], t.setup[1] = requestType, request
	for i, v := range []uint16{value, index, uint16(length)} {
		binary.LittleEndian.PutUint16(t.setup[2+2*i:], v)
	}
	u, err := d.do(t, controlTime)
	if err != nil {
		return nil, fmt.Errorf("usbip: request %#x %#x %#x: %w", requestType, request, value, err)
	}
	return u.data, nil
}
