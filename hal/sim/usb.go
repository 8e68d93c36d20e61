package sim

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"opendeskphone/hal"
)

// The queues of a USB cable, as Linux has them at both ends.
const (
	deviceQueue = 4  // reports to the phone that wait for it; then the host is held back
	hostQueue   = 64 // reports to a program on the host; then the newest are dropped
)

const takePatience = time.Second // see hal.USB.Reports

// ErrUSBBusy is a port or HID interface that has been opened already.
var ErrUSBBusy = errors.New("sim: in use already")

// USB is the phone's USB port from the PC's side: a cable to plug and programs that read and write.
// Its methods may be called from any goroutine.
type USB struct {
	// Sound is the sound card the PC sees: Speak plays into it, Listen records from it. It works
	// while Stream says that the PC streams.
	Sound *Card

	mu       sync.Mutex
	changed  chan struct{} // closed at every change
	identity hal.USBIdentity
	present  bool
	cable    bool
	status   hal.USBStatus
	pipes    [hal.USBFunctions]pipe
}

// pipe is one HID interface.
type pipe struct {
	taken  bool // the phone has it open
	out    [][]byte
	in     []byte // what the phone has sent and no program has taken
	hosts  []*HostReports
	single bool // an interface without OUT endpoint: a new report takes the old one's place
}

func newUSB() *USB {
	u := &USB{Sound: newCard(), changed: make(chan struct{}), status: hal.USBStatus{Volume: 100}}
	u.pipes[hal.USBTelephony].single = true
	u.Sound.Unplug()
	return u
}

// Plug connects the cable; a PC configures the phone at once, or as soon as the phone is there.
func (u *USB) Plug() { u.change(func() { u.cable = true; u.configure() }) }

// Unplug pulls the cable: reports on their way are lost, the PC's programs lose their device, and
// the PC streams nothing.
func (u *USB) Unplug() { u.change(func() { u.cable = false; u.leave() }) }

// Suspend lets the PC sleep, or wakes it.
func (u *USB) Suspend(asleep bool) {
	u.change(func() {
		switch {
		case asleep && u.status.State == hal.USBConfigured:
			u.status.State = hal.USBSuspended
		case !asleep && u.status.State == hal.USBSuspended:
			u.status.State = hal.USBConfigured
		}
	})
}

// Stream lets the PC play to the phone and record from it, at 48 kHz.
func (u *USB) Stream(plays, records bool) {
	u.change(func() {
		u.stream(plays && u.status.State == hal.USBConfigured, records && u.status.State == hal.USBConfigured)
	})
}

// SetVolume sets the volume, 0 to 100, and the mute switches on the PC.
func (u *USB) SetVolume(percent int, muted, micMuted bool) {
	u.change(func() {
		u.status.Volume, u.status.Muted, u.status.MicMuted = min(max(percent, 0), 100), muted, micMuted
	})
}

// Identity gives the name under which the phone is seen; ok is false while it is not.
func (u *USB) Identity() (id hal.USBIdentity, ok bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.identity, u.present
}

// Changed is closed when anything about the port has changed since the call.
func (u *USB) Changed() <-chan struct{} {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.changed
}

// Host opens an HID interface on the PC; hal.ErrNoHost while it sees no phone. Several programs may
// open one interface: each gets all reports.
func (u *USB) Host(f hal.USBFunction) (*HostReports, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.status.State == hal.USBUnplugged {
		return nil, hal.ErrNoHost
	}
	h := &HostReports{usb: u, f: f}
	u.pipes[f].hosts = append(u.pipes[f].hosts, h)
	u.deliver(f)
	u.tell()
	return h, nil
}

func (u *USB) change(do func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	do()
	u.tell()
}

func (u *USB) tell() {
	close(u.changed)
	u.changed = make(chan struct{})
}

func (u *USB) configure() {
	if u.cable && u.present && u.status.State == hal.USBUnplugged {
		u.status.State = hal.USBConfigured
		u.status.Plug++
	}
}

func (u *USB) leave() {
	u.status.State = hal.USBUnplugged
	u.stream(false, false)
	for i := range u.pipes {
		p := &u.pipes[i]
		for _, h := range p.hosts {
			h.gone = true
		}
		p.out, p.in, p.hosts = nil, nil, nil
	}
}

func (u *USB) stream(plays, records bool) {
	if plays != u.status.Plays || records != u.status.Records {
		u.Sound.Unplug() // who has it open must open it anew
	}
	u.status.Plays, u.status.Records, u.status.Rate = plays, records, 0
	if plays || records {
		u.status.Rate = rate
		u.Sound.Plug()
	}
}

// deliver hands what the phone has sent to the programs, if there are any.
func (u *USB) deliver(f hal.USBFunction) {
	p := &u.pipes[f]
	if p.in == nil || len(p.hosts) == 0 {
		return
	}
	for _, h := range p.hosts {
		if len(h.queue) < hostQueue {
			h.queue = append(h.queue, p.in)
		}
	}
	p.in = nil
}

// await calls try under the lock, now and after every change, until it is done; false when patience,
// if it is not 0, has come to its end.
func (u *USB) await(patience time.Duration, try func() bool) bool {
	var end <-chan time.Time
	if patience > 0 {
		end = time.After(patience)
	}
	for {
		u.mu.Lock()
		done, changed := try(), u.changed
		u.mu.Unlock()
		if done {
			return true
		}
		select {
		case <-changed:
		case <-end:
			return false
		}
	}
}

// open is the phone's side of it.
func (u *USB) open(id hal.USBIdentity) (hal.USB, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.present {
		return nil, ErrUSBBusy
	}
	u.present, u.identity = true, id
	u.configure()
	u.tell()
	return &port{usb: u}, nil
}

// port is the port as the phone has it open.
type port struct {
	usb   *USB
	close sync.Once
}

// Watch implements hal.USB.
func (p *port) Watch(ctx context.Context) <-chan hal.USBStatus {
	out := make(chan hal.USBStatus)
	go func() {
		defer close(out)
		var told *hal.USBStatus
		for {
			p.usb.mu.Lock()
			now, changed := p.usb.status, p.usb.changed
			p.usb.mu.Unlock()
			send := out
			if told != nil && *told == now {
				send = nil
			}
			select {
			case send <- now:
				told = &now
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// Now implements hal.USB.
func (p *port) Now() hal.USBStatus {
	p.usb.mu.Lock()
	defer p.usb.mu.Unlock()
	return p.usb.status
}

// Reports implements hal.USB.
func (p *port) Reports(f hal.USBFunction) (io.ReadWriteCloser, error) {
	p.usb.mu.Lock()
	defer p.usb.mu.Unlock()
	if f >= hal.USBFunctions {
		return nil, errors.New("sim: no such USB function")
	}
	if p.usb.pipes[f].taken {
		return nil, ErrUSBBusy
	}
	p.usb.pipes[f].taken = true
	return &deviceReports{usb: p.usb, f: f}, nil
}

// OpenSound implements hal.USB.
func (p *port) OpenSound() (hal.Sound, error) {
	s, err := p.usb.Sound.open()
	if err != nil {
		return nil, hal.ErrNoStream
	}
	return s, nil
}

// Close implements hal.USB.
func (p *port) Close() error {
	p.close.Do(func() {
		p.usb.change(func() { p.usb.present = false; p.usb.leave() })
	})
	return nil
}

// deviceReports is an HID interface as the phone has it open.
type deviceReports struct {
	usb    *USB
	f      hal.USBFunction
	closed bool
}

// Read gives the next report of the host.
func (r *deviceReports) Read(b []byte) (n int, err error) {
	r.usb.await(0, func() bool {
		p := &r.usb.pipes[r.f]
		switch {
		case r.closed:
			err = io.EOF
		case len(p.out) == 0:
			return false
		default:
			n, p.out = copy(b, p.out[0]), p.out[1:]
			r.usb.tell()
		}
		return true
	})
	return n, err
}

// Write sends a report to the host.
func (r *deviceReports) Write(b []byte) (n int, err error) {
	taken := r.usb.await(takePatience, func() bool {
		p := &r.usb.pipes[r.f]
		switch {
		case r.closed:
			err = io.EOF
		case r.usb.status.State == hal.USBUnplugged:
			err = hal.ErrNoHost
		case p.in != nil:
			return false
		default:
			n, p.in = len(b), slices.Clone(b)
			r.usb.deliver(r.f)
			r.usb.tell()
		}
		return true
	})
	if !taken {
		return 0, hal.ErrNotTaken
	}
	return n, err
}

// Close gives the interface up.
func (r *deviceReports) Close() error {
	r.usb.change(func() {
		if !r.closed {
			r.closed, r.usb.pipes[r.f].taken = true, false
		}
	})
	return nil
}

// HostReports is an HID interface as one program on the PC has it open.
type HostReports struct {
	usb   *USB
	f     hal.USBFunction
	queue [][]byte
	gone  bool
}

// Read gives the next report of the phone, its id included; io.EOF after Close or unplugging.
func (h *HostReports) Read(b []byte) (n int, err error) {
	h.usb.await(0, func() bool {
		switch {
		case len(h.queue) > 0:
			n, h.queue = copy(b, h.queue[0]), h.queue[1:]
		case h.gone:
			err = io.EOF
		default:
			return false
		}
		return true
	})
	return n, err
}

// Write sends a report, its id included, to the phone; it waits while the phone's queue is full.
func (h *HostReports) Write(b []byte) (n int, err error) {
	h.usb.await(0, func() bool {
		p := &h.usb.pipes[h.f]
		switch {
		case h.gone:
			err = io.EOF
			return true
		case p.single:
			p.out = nil
		case len(p.out) == deviceQueue:
			return false
		}
		n, p.out = len(b), append(p.out, slices.Clone(b))
		h.usb.tell()
		return true
	})
	return n, err
}

// Close closes the program's handle.
func (h *HostReports) Close() error {
	h.usb.change(func() {
		h.gone = true
		p := &h.usb.pipes[h.f]
		p.hosts = slices.DeleteFunc(p.hosts, func(o *HostReports) bool { return o == h })
	})
	return nil
}
