package usbip

import (
	"fmt"
	"io"
	"sync"
)

// hidQueue is how many reports wait for a reader; later ones are lost, as they are in Linux's hidraw.
const hidQueue = 64

// HID is an open HID interface, polled as a PC polls it once a program has opened it.
type HID struct {
	Descriptor []byte // its report descriptor

	d       *Device
	i       Interface
	reports chan []byte
	closed  chan struct{}
	once    sync.Once
	work    sync.WaitGroup
}

// OpenHID opens one of the configuration's HID interfaces: it reads the report descriptor and begins
// to poll.
func (d *Device) OpenHID(i Interface) (*HID, error) {
	const setIdle = 0x0A
	if i.Class != ClassHID || i.in() == nil {
		return nil, fmt.Errorf("usbip: interface %d is no HID interface", i.Number)
	}
	if _, err := d.Control(0x21, setIdle, 0, uint16(i.Number), 0, nil); err != nil {
		return nil, err
	}
	desc, err := d.Control(0x81, getDescriptor, typeReport<<8, uint16(i.Number), i.Report, nil)
	if err != nil {
		return nil, err
	}
	h := &HID{Descriptor: desc, d: d, i: i, reports: make(chan []byte, hidQueue), closed: make(chan struct{})}
	h.work.Go(h.poll)
	return h, nil
}

// poll keeps a transfer waiting at the device.
func (h *HID) poll() {
	defer close(h.reports)
	for {
		u, number, err := h.d.submit(transfer{endpoint: h.i.in().Address, length: h.i.in().Packet})
		if err != nil {
			return
		}
		select {
		case <-u.done:
		case <-h.closed:
			h.d.cancel(u, number)
			return
		}
		if u.err != nil {
			return
		}
		if len(u.data) == 0 {
			continue // it ends a transfer of whole packets; systems pass it over
		}
		select {
		case h.reports <- u.data:
		default:
		}
	}
}

// Reports delivers what the device sends, each report with its id, until Close or unplugging.
func (h *HID) Reports() <-chan []byte { return h.reports }

// Read gives the next report; io.EOF after Close or unplugging.
func (h *HID) Read(b []byte) (int, error) {
	r, ok := <-h.reports
	if !ok {
		return 0, io.EOF
	}
	return copy(b, r), nil
}

// Write sends a report, its id first: by the OUT endpoint, or by SET_REPORT where there is none.
func (h *HID) Write(report []byte) (int, error) {
	if out := h.i.out(); out != nil {
		if _, err := h.d.do(transfer{endpoint: out.Address, data: report}, reportTime); err != nil {
			return 0, err
		}
		return len(report), nil
	}
	return len(report), h.SetReport(report)
}

// SetReport sends an output report by the control pipe.
func (h *HID) SetReport(report []byte) error {
	const setReport, output = 9, 2
	if len(report) == 0 {
		return fmt.Errorf("usbip: empty report")
	}
	_, err := h.d.Control(0x21, setReport, output<<8|uint16(report[0]), uint16(h.i.Number), 0, report)
	return err
}

// Close stops polling.
func (h *HID) Close() error {
	h.once.Do(func() { close(h.closed) })
	h.work.Wait()
	return nil
}
