package linux

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"opendeskphone/hal"
)

// takePatience is how long a host may leave a report lying, see hal.USB. On the pairing interface a lost report ends
// the stream, and a host that has begun to speak there may be busy.
var takePatience = [hal.USBFunctions]time.Duration{hal.USBTelephony: time.Second, hal.USBVolume: time.Second, hal.USBPairing: 3 * time.Second}

// errUSBBusy is an HID interface somebody has already.
var errUSBBusy = errors.New("linux: the USB function is in use")

// Reports implements hal.USB.
func (u *usbPort) Reports(f hal.USBFunction) (io.ReadWriteCloser, error) {
	if f >= hal.USBFunctions {
		return nil, errors.New("linux: no such USB function")
	}
	if !u.take(f, true) {
		return nil, errUSBBusy
	}
	file, err := openHIDG(u.root, filepath.Join(u.p.Dir, u.p.Functions[f]), usbOwner)
	if err != nil {
		u.take(f, false)
		return nil, fmt.Errorf("linux: open USB %v: %w", f, err)
	}
	return &usbReports{port: u, f: f, file: file}, nil
}

// take notes that a function is in use or free; false if it is so already.
func (u *usbPort) take(f hal.USBFunction, on bool) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	was := u.taken[f]
	u.taken[f] = on
	return was != on
}

// openHIDG opens the device node of an HID function by the number its folder names, waiting for the
// node to come and to be given to us.
func openHIDG(root, function string, patience time.Duration) (*os.File, error) {
	text, err := os.ReadFile(filepath.Join(function, "dev"))
	if err != nil {
		return nil, err
	}
	_, minor, ok := strings.Cut(strings.TrimSpace(string(text)), ":")
	if !ok {
		return nil, fmt.Errorf("strange device number %q", text)
	}
	node := filepath.Join(root, "dev", "hidg"+minor)
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		f, err := os.OpenFile(node, os.O_RDWR|unix.O_NONBLOCK, 0)
		soon := errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)
		if !soon || time.Now().After(end) {
			return f, err
		}
	}
}

// usbReports is an HID function's reports.
type usbReports struct {
	port *usbPort
	f    hal.USBFunction
	file *os.File
	shut atomic.Bool
}

// Read gives the host's next report.
func (r *usbReports) Read(b []byte) (int, error) {
	n, err := r.file.Read(b)
	if err != nil {
		return n, r.ended(err)
	}
	return n, nil
}

// Write sends a report to the host.
func (r *usbReports) Write(b []byte) (int, error) {
	// Asked without a host, some controllers keep the report for the next one.
	if now, _ := r.port.now(); now.State == hal.USBUnplugged {
		return 0, hal.ErrNoHost
	}
	if err := r.file.SetWriteDeadline(time.Now().Add(takePatience[r.f])); err != nil {
		return 0, r.ended(err)
	}
	n, err := r.file.Write(b)
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return 0, hal.ErrNotTaken
	case errors.Is(err, unix.ESHUTDOWN), errors.Is(err, unix.ENODEV):
		return 0, hal.ErrNoHost
	}
	return n, r.ended(err)
}

func (r *usbReports) ended(err error) error {
	if r.shut.Load() {
		return io.EOF
	}
	return fmt.Errorf("linux: USB report: %w", err)
}

// Close gives the function up; a Read that waits ends.
func (r *usbReports) Close() error {
	if r.shut.Swap(true) {
		return nil
	}
	defer r.port.take(r.f, false)
	return r.file.Close()
}
