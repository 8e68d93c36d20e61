package linux

import (
	"image"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/gpio/gpiotest"

	"opendeskphone/boards"
	"opendeskphone/hal"
)

// newKeys is Keys without its search for devices.
func newKeys(b *boards.Board) *Keys {
	return &Keys{board: b, panel: image.Pt(800, 480), log: slog.New(slog.DiscardHandler), keys: make(chan hal.KeyEvent, 16),
		touches: make(chan hal.Touch, 16), stop: make(chan struct{}), open: map[string]*os.File{}}
}

// device is a pipe that stands for an input device.
func device(t *testing.T) (path string, w *os.File) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "event0")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	return path, w
}

func TestKeysComeWithoutRepeats(t *testing.T) {
	k := newKeys(&boards.QEMUArm)
	path, w := device(t)
	k.scan(path)
	k.scan(path) // the second look finds nothing new
	for _, e := range []event{{evKey, 59, 1}, {evKey, 59, 2}, {evKey, 59, 2}, {evKey, 59, 0}, {evKey, 250, 1}, {evKey, 88, 1}} {
		w.Write(raw(wordSize, e))
	}
	for _, want := range []hal.KeyEvent{{Key: hal.Soft1, Pressed: true}, {Key: hal.Soft1}, {Key: hal.Hook, Pressed: true}} {
		if got := <-k.Keys(); got != want {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
	w.Write(append(raw(wordSize, event{evKey, btnLeft, 1}), raw(wordSize, event{evSyn, synReport, 0})...))
	if got := <-k.Touches(); !got.Pressed {
		t.Errorf("touch %v", got)
	}
	w.Close()
	k.Close()
	if _, open := <-k.Touches(); open {
		t.Error("a touch after Close")
	}
	k.Close()
}

func TestKeysOfALostDeviceAreReleased(t *testing.T) {
	k := newKeys(&boards.Board{Switches: map[uint16]hal.Key{3: hal.Hook}})
	path := filepath.Join(t.TempDir(), "event0")
	if err := os.WriteFile(path, raw(wordSize, event{evSw, 3, 1}), 0o600); err != nil { // a file ends where a device would go
		t.Fatal(err)
	}
	k.scan(path)
	for _, want := range []hal.KeyEvent{{Key: hal.Hook, Pressed: true}, {Key: hal.Hook}} {
		if got := <-k.Keys(); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	k.Close()
}

// a plug is two switches at least, which come one after the other and together are one event.
func TestAHeadsetIsPluggedInOnce(t *testing.T) {
	k := newKeys(&boards.QEMUArm)
	path, w := device(t)
	k.scan(path)
	for _, e := range []event{{evSw, 2, 1}, {evSw, 4, 1}, {evSw, 14, 1}, {evSw, 4, 0}, {evSw, 2, 0}, {evKey, 59, 1}} {
		w.Write(raw(wordSize, e))
	}
	for _, want := range []hal.KeyEvent{{Key: hal.Jack, Pressed: true}, {Key: hal.Jack}, {Key: hal.Soft1, Pressed: true}} {
		if got := <-k.Keys(); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	w.Close()
	k.Close()
}

func TestHookOnALine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pin := &gpiotest.Pin{N: "hook", EdgesChan: make(chan gpio.Level, 8)}
		stop, told := make(chan struct{}), make(chan bool, 8)
		ended := make(chan error, 1)
		go func() { ended <- watchSwitch(pin, true, stop, func(on bool) { told <- on }) }()
		synctest.Wait()
		if len(told) != 0 {
			t.Error("a handset in its cradle was told as lifted")
		}
		for _, l := range []gpio.Level{gpio.Low, gpio.High, gpio.Low} { // it bounces
			pin.EdgesChan <- l
			time.Sleep(debounce / 3)
		}
		if on := <-told; !on {
			t.Error("lifted, but told as put down")
		}
		time.Sleep(time.Second)
		if len(told) != 0 {
			t.Errorf("a bounce was told %d times more", len(told))
		}
		pin.EdgesChan <- gpio.High
		if on := <-told; on {
			t.Error("put down, but told as lifted")
		}
		close(stop)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestLampOnALine(t *testing.T) {
	pin := &gpiotest.Pin{N: "lamp"}
	for _, activeLow := range []bool{false, true} {
		l := &lamps{set: map[hal.Lamp]func(bool) error{hal.LampRing: lineLamp{pin, activeLow}.set}}
		if err := l.Set(hal.LampRing, true); err != nil || bool(pin.Read()) == activeLow {
			t.Errorf("active low %v: lit lamp has level %v (%v)", activeLow, pin.Read(), err)
		}
		if err := l.Close(); err != nil || bool(pin.Read()) != activeLow {
			t.Errorf("active low %v: lamp after Close has level %v (%v)", activeLow, pin.Read(), err)
		}
		if err := l.Set(hal.LampMute, true); err != nil {
			t.Error("a lamp the board lacks:", err)
		}
	}
}
