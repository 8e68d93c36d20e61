package linux

import (
	"errors"
	"fmt"
	"image"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"opendeskphone/boards"
	"opendeskphone/hal"
)

// rescan is how often new input devices are looked for.
const rescan = time.Second

// Keys are the phone's keys, hook switch and touch panel. Devices may come and go; the keys of a
// device that goes are released.
type Keys struct {
	board   *boards.Board
	panel   image.Point // size of the panel in pixels
	log     *slog.Logger
	keys    chan hal.KeyEvent
	touches chan hal.Touch
	stop    chan struct{}
	work    sync.WaitGroup

	mu   sync.Mutex
	open map[string]*os.File // by path
}

// OpenKeys looks for the board's input devices now and from time to time until Close.
func OpenKeys(b *boards.Board, panel image.Point, log *slog.Logger) *Keys {
	k := &Keys{board: b, panel: panel, log: log, keys: make(chan hal.KeyEvent, 16), touches: make(chan hal.Touch, 16),
		stop: make(chan struct{}), open: map[string]*os.File{}}
	k.work.Go(k.watch)
	if b.Hook.Chip != "" {
		k.work.Go(k.watchHook)
	}
	return k
}

// Keys delivers key changes until Close.
func (k *Keys) Keys() <-chan hal.KeyEvent { return k.keys }

// Touches delivers touches until Close.
func (k *Keys) Touches() <-chan hal.Touch { return k.touches }

// Close lets go of all devices and closes both channels.
func (k *Keys) Close() error {
	k.mu.Lock()
	select {
	case <-k.stop:
		k.mu.Unlock()
		return nil
	default:
	}
	close(k.stop)
	for _, f := range k.open {
		f.Close() // ends its reader
	}
	k.mu.Unlock()
	k.work.Wait()
	close(k.keys)
	close(k.touches)
	return nil
}

func (k *Keys) watch() {
	tick := time.NewTicker(rescan)
	defer tick.Stop()
	for {
		k.scan("/dev/input/event*")
		select {
		case <-k.stop:
			return
		case <-tick.C:
		}
	}
}

// scan opens the devices that are not open yet. One that may not be opened is tried again: its
// owner may be set a moment after it appears.
func (k *Keys) scan(pattern string) {
	paths, _ := filepath.Glob(pattern)
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, p := range paths {
		if k.open[p] != nil {
			continue
		}
		f, err := os.Open(p)
		if err != nil {
			continue
		}
		select {
		case <-k.stop:
			f.Close()
			return
		default:
		}
		k.open[p] = f
		k.log.Info("input device", "path", p, "name", deviceName(f))
		k.work.Go(func() { k.read(p, f) })
	}
}

// read delivers a device's events until it goes or is closed.
func (k *Keys) read(path string, f *os.File) {
	held := map[hal.Key]bool{}
	t := &toucher{panel: k.panel, x: axisOf(f, absX, absMTX), y: axisOf(f, absY, absMTY)}
	k.startState(f, held)
	buf := make([]byte, 64*(2*wordSize+8))
	for {
		n, err := f.Read(buf)
		if err != nil {
			break
		}
		for _, e := range decode(buf[:n], wordSize) {
			k.deliver(e, t, held)
		}
	}
	f.Close()
	for _, key := range slices.Sorted(maps.Keys(held)) {
		k.send(hal.KeyEvent{Key: key})
	}
	k.mu.Lock()
	delete(k.open, path)
	k.mu.Unlock()
}

// startState delivers what is held down already: a handset may be off its cradle when the phone starts.
func (k *Keys) startState(f *os.File, held map[hal.Key]bool) {
	for kind, codes := range map[uint16]map[uint16]hal.Key{evKey: k.board.Keys, evSw: k.board.Switches} {
		var bits [96]byte // KEY_CNT bits, the larger of the two
		if ioctlBytes(f, stateRequest(kind, len(bits)), bits[:]) != nil {
			continue
		}
		for code, key := range codes {
			if int(code) < 8*len(bits) && bits[code/8]>>(code%8)&1 != 0 {
				k.press(key, true, held)
			}
		}
	}
}

func (k *Keys) deliver(e event, t *toucher, held map[hal.Key]bool) {
	switch {
	case e.kind == evKey && e.value <= 1: // 2 is the kernel's repeat
		if key, ok := k.board.Keys[e.code]; ok {
			k.press(key, e.value == 1, held)
		}
	case e.kind == evSw:
		if key, ok := k.board.Switches[e.code]; ok {
			k.press(key, e.value != 0, held)
		}
	}
	if k.board.Touch && t.take(e) {
		select {
		case k.touches <- hal.Touch{At: t.at, Pressed: t.down}:
		case <-k.stop:
		}
	}
}

// press delivers a key's change and remembers what is held; no change is no event.
func (k *Keys) press(key hal.Key, down bool, held map[hal.Key]bool) {
	if held[key] == down {
		return
	}
	if down {
		held[key] = true
	} else {
		delete(held, key)
	}
	k.send(hal.KeyEvent{Key: key, Pressed: down})
}

func (k *Keys) send(e hal.KeyEvent) {
	select {
	case k.keys <- e:
	case <-k.stop:
	}
}

func deviceName(f *os.File) string {
	var name [64]byte
	if ioctlBytes(f, inputRequest(0x06, len(name)), name[:]) != nil { // EVIOCGNAME
		return "unknown"
	}
	return unix.ByteSliceToString(name[:])
}

// axisOf gives the range of the first of the axes that the device has.
func axisOf(f *os.File, codes ...uint16) axis {
	for _, c := range codes {
		var info [6]int32 // struct input_absinfo: value, minimum, maximum, fuzz, flat, resolution
		b := unsafe.Slice((*byte)(unsafe.Pointer(&info)), unsafe.Sizeof(info))
		if ioctlBytes(f, inputRequest(0x40+uintptr(c), len(b)), b) == nil && info[2] > info[1] { // EVIOCGABS
			return axis{info[1], info[2]}
		}
	}
	return axis{}
}

// stateRequest asks which keys (EVIOCGKEY) or switches (EVIOCGSW) are on.
func stateRequest(kind uint16, size int) uintptr {
	if kind == evSw {
		return inputRequest(0x1b, size)
	}
	return inputRequest(0x18, size)
}

// inputRequest is an evdev read request (linux/input.h): _IOC(_IOC_READ, 'E', nr, size).
func inputRequest(nr uintptr, size int) uintptr { return 2<<30 | uintptr(size)<<16 | 'E'<<8 | nr }

func ioctlBytes(f *os.File, request uintptr, b []byte) error {
	return control(f, request, unsafe.Pointer(unsafe.SliceData(b)))
}

// control makes an ioctl without taking the file out of the poller, as Fd would.
func control(f *os.File, request uintptr, arg unsafe.Pointer) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return fmt.Errorf("linux: %s: %w", f.Name(), err)
	}
	var errno unix.Errno
	err = raw.Control(func(fd uintptr) {
		for {
			_, _, errno = unix.Syscall(unix.SYS_IOCTL, fd, request, uintptr(arg))
			if errno != unix.EINTR && errno != unix.EAGAIN {
				return
			}
		}
	})
	if err == nil && errno != 0 {
		err = errno
	}
	if err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("linux: request %#x to %s: %w", request, f.Name(), err)
	}
	return err
}
