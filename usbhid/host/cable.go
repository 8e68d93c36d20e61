package host

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sstallion/go-hid"
	"golang.org/x/sys/unix"

	"opendeskphone/usbhid"
)

// patience is how long a Read waits before it looks whether the cable was closed.
const patience = 100 * time.Millisecond

// Cable is an open pairing interface. Read gives one report, Write sends one; one goroutine may read
// while another writes. It opens the node twice: a hidapi handle keeps its last error without a lock,
// so reading and writing must not share one.
type Cable struct {
	node    string
	in, out *hid.Device
	reading sync.Mutex
	writing sync.Mutex
	closed  atomic.Bool
}

// Open opens the pairing interface behind a node. ErrPermission says that the udev rule is missing.
func Open(node string) (*Cable, error) {
	if err := unix.Access(node, unix.R_OK|unix.W_OK); errors.Is(err, os.ErrPermission) {
		return nil, fmt.Errorf("host: %s: %w", node, ErrPermission)
	}
	global.Lock()
	defer global.Unlock()
	in, err := hid.OpenPath(node)
	if err != nil {
		return nil, fmt.Errorf("host: open %s: %w", node, err)
	}
	out, err := hid.OpenPath(node)
	if err != nil {
		in.Close()
		return nil, fmt.Errorf("host: open %s: %w", node, err)
	}
	return &Cable{node: node, in: in, out: out}, nil
}

// Read waits for a report. It ends with io.EOF after Close, and with an error when the cable is pulled.
func (c *Cable) Read(p []byte) (int, error) {
	if len(p) < usbhid.PairingSize {
		return 0, io.ErrShortBuffer
	}
	c.reading.Lock()
	defer c.reading.Unlock()
	for !c.closed.Load() {
		n, err := c.in.ReadWithTimeout(p, patience)
		switch {
		case err == nil:
			return n, nil
		case errors.Is(err, hid.ErrTimeout), strings.Contains(err.Error(), unix.EINTR.Error()):
		default:
			return 0, fmt.Errorf("host: read %s: %w", c.node, err)
		}
	}
	return 0, io.EOF
}

// Write sends a report. It blocks while the phone has not taken the last four.
func (c *Cable) Write(p []byte) (int, error) {
	if len(p) != usbhid.PairingSize {
		return 0, fmt.Errorf("host: a report of %d bytes, want %d", len(p), usbhid.PairingSize)
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.closed.Load() {
		return 0, io.ErrClosedPipe
	}
	n, err := c.out.Write(p)
	if err != nil {
		return 0, fmt.Errorf("host: write %s: %w", c.node, err)
	}
	return n, nil
}

// Close lets go of the interface, after a Read under way has noticed.
func (c *Cable) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	c.reading.Lock()
	defer c.reading.Unlock()
	c.writing.Lock()
	defer c.writing.Unlock()
	return errors.Join(c.in.Close(), c.out.Close())
}
