package linux

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"opendeskphone/hal"
)

func TestUSBStatusFollowsTheController(t *testing.T) {
	w := usbWatcher{settle: 100 * time.Millisecond}
	at := time.Unix(0, 0)
	rows := []struct {
		after time.Duration
		state hal.USBState
		woken bool
		sound usbStreams
		want  hal.USBStatus
	}{
		{0, hal.USBUnplugged, false, usbStreams{}, hal.USBStatus{Volume: 100}},
		{0, hal.USBConfigured, true, usbStreams{}, hal.USBStatus{State: hal.USBConfigured, Plug: 1, Volume: 100}},
		// The kernel's word for what we have seen already.
		{5 * time.Millisecond, hal.USBConfigured, true, usbStreams{}, hal.USBStatus{State: hal.USBConfigured, Plug: 1, Volume: 100}},
		{time.Second, hal.USBConfigured, false, usbStreams{playRate: 48000, volume: 40, muted: true, known: true},
			hal.USBStatus{State: hal.USBConfigured, Plug: 1, Plays: true, Rate: 48000, Volume: 40, Muted: true}},
		{time.Second, hal.USBConfigured, false, usbStreams{recordRate: 16000, volume: 40, known: true},
			hal.USBStatus{State: hal.USBConfigured, Plug: 1, Records: true, Rate: 16000, Volume: 40}},
		{time.Second, hal.USBSuspended, true, usbStreams{recordRate: 16000, volume: 40, known: true},
			hal.USBStatus{State: hal.USBSuspended, Plug: 1, Volume: 40}},
		{time.Second, hal.USBConfigured, true, usbStreams{}, hal.USBStatus{State: hal.USBConfigured, Plug: 1, Volume: 40}},
		// Out and in again between two looks.
		{time.Second, hal.USBConfigured, true, usbStreams{}, hal.USBStatus{State: hal.USBConfigured, Plug: 2, Volume: 40}},
		{time.Second, hal.USBUnplugged, true, usbStreams{playRate: 48000}, hal.USBStatus{Plug: 2, Volume: 40}},
		{time.Millisecond, hal.USBConfigured, true, usbStreams{}, hal.USBStatus{State: hal.USBConfigured, Plug: 3, Volume: 40}},
	}
	for i, r := range rows {
		at = at.Add(r.after)
		if got := w.step(at, r.state, r.woken, r.sound); got != r.want {
			t.Errorf("row %d: %+v, want %+v", i, got, r.want)
		}
	}
}

func TestUSBStreamsAreTheCardsControls(t *testing.T) {
	for _, long := range []int{4, 8} {
		f := &fakeCard{long: long, controls: map[string]*fakeControl{
			"Capture Rate":         {kind: kindInteger, channels: 1, iface: ifacePCM, max: 48000, values: []int{48000}},
			"Playback Rate":        {kind: kindInteger, channels: 1, iface: ifacePCM, max: 48000, values: []int{0}},
			"PCM Capture Volume":   {kind: kindInteger, channels: 1, max: 48, values: []int{12}},
			"PCM Capture Switch":   {kind: kindBoolean, channels: 1, values: []int{1}},
			"PCM Playback Switch":  {kind: kindBoolean, channels: 1, values: []int{0}},
			"PCM Playback Volume":  {kind: kindInteger, channels: 1, max: 48, values: []int{48}},
			"Capture Pitch 100000": {kind: kindInteger, channels: 1, iface: ifacePCM, values: []int{1}},
		}}
		c := &mixerCard{do: f.do, long: long}
		got, err := readStreams(c)
		if want := (usbStreams{playRate: 48000, volume: 25, micMuted: true, known: true}); err != nil || got != want {
			t.Errorf("%+v, %v", got, err)
		}
		f.gone = true
		if _, err := readStreams(c); err == nil {
			t.Error("read a card that is gone")
		}
	}
}

type closer struct{ closed int }

func (c *closer) Close() error { c.closed++; return nil }

// fakePort is a USB port in a tree of files: the HID node is a pipe whose other end is itself.
func fakePort(t *testing.T, state string) (u *usbPort, root string, gadget *closer) {
	t.Helper()
	root, gadget = t.TempDir(), &closer{}
	dir := filepath.Join(root, "gadget")
	write(t, dir, "UDC", "dummy.0\n")
	write(t, dir, "functions/hid.pair/dev", "236:5\n")
	write(t, root, "sys/class/udc/dummy.0/state", state+"\n")
	write(t, root, "dev/null", "")
	if err := unix.Mkfifo(filepath.Join(root, "dev/hidg5"), 0o600); err != nil {
		t.Fatal(err)
	}
	u, err := openUSB(root, USBPort{Gadget: gadget, Dir: dir, Card: "UAC1Gadget", Log: slog.New(slog.DiscardHandler),
		Functions: [hal.USBFunctions]string{hal.USBPairing: "functions/hid.pair"},
		OpenCard:  func(USBCard) (hal.Sound, error) { return nil, errors.New("no card in a test") }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { u.Close() })
	return u, root, gadget
}

// until reads statuses until one is as wanted.
func until(t *testing.T, status <-chan hal.USBStatus, state hal.USBState) hal.USBStatus {
	t.Helper()
	limit := time.After(10 * time.Second)
	for {
		select {
		case s := <-status:
			if s.State == state {
				return s
			}
		case <-limit:
			t.Fatalf("never %v", state)
		}
	}
}

func TestUSBPortTellsWhatTheHostDoes(t *testing.T) {
	u, root, gadget := fakePort(t, "not attached")
	status := u.Watch(t.Context())
	until(t, status, hal.USBUnplugged)
	r, err := u.Reports(hal.USBPairing)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := u.Reports(hal.USBPairing); err == nil {
		t.Error("opened twice")
	}
	if _, err := r.Write([]byte{1}); !errors.Is(err, hal.ErrNoHost) {
		t.Errorf("written to nobody: %v", err)
	}
	write(t, root, "sys/class/udc/dummy.0/state", "configured\n")
	if s := until(t, status, hal.USBConfigured); s.Plug != 1 {
		t.Errorf("%+v", s)
	}
	if _, err := u.OpenSound(); !errors.Is(err, hal.ErrNoStream) {
		t.Errorf("sound without stream: %v", err)
	}
	if n, err := r.Write([]byte("report")); n != 6 || err != nil {
		t.Fatal(n, err)
	}
	buf := make([]byte, 64)
	if n, err := r.Read(buf); err != nil || string(buf[:n]) != "report" {
		t.Errorf("%q, %v", buf[:n], err)
	}
	if err := u.Close(); err != nil || gadget.closed != 1 {
		t.Errorf("the gadget was closed %d times (%v)", gadget.closed, err)
	}
	until(t, status, hal.USBUnplugged)
}

// Whoever has read a report is told of the plug-in it came in, however lately that was.
func TestUSBPortLooksWhenAsked(t *testing.T) {
	u, root, _ := fakePort(t, "not attached")
	if s := u.Now(); s.State != hal.USBUnplugged || s.Plug != 0 {
		t.Errorf("%+v", s)
	}
	for plug := range uint64(3) {
		write(t, root, "sys/class/udc/dummy.0/state", "configured\n")
		if s := u.Now(); s.State != hal.USBConfigured || s.Plug != plug+1 {
			t.Errorf("%+v", s)
		}
		write(t, root, "sys/class/udc/dummy.0/state", "not attached\n")
		if s := u.Now(); s.State != hal.USBUnplugged || s.Plug != plug+1 {
			t.Errorf("%+v", s)
		}
	}
	u.Close()
	if s := u.Now(); s.State != hal.USBUnplugged {
		t.Errorf("closed: %+v", s)
	}
}

func TestUSBReportsEndAndGiveUp(t *testing.T) {
	u, root, _ := fakePort(t, "configured")
	status := u.Watch(t.Context())
	until(t, status, hal.USBConfigured)
	r, err := u.Reports(hal.USBPairing)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil { // the pipe is full when nobody reads
		_, err = r.Write(make([]byte, 4096))
	}
	if !errors.Is(err, hal.ErrNotTaken) {
		t.Errorf("a host that does not read: %v", err)
	}
	drain, err := os.OpenFile(filepath.Join(root, "dev/hidg5"), os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer drain.Close()
	if _, err := io.ReadFull(drain, make([]byte, 16*4096)); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() {
		_, err := r.Read(make([]byte, 64))
		ended <- err
	}()
	r.Close()
	if err := <-ended; err != io.EOF {
		t.Errorf("a closed reader got %v", err)
	}
	if _, err := r.Write([]byte{1}); err != io.EOF {
		t.Errorf("written after Close: %v", err)
	}
	again, err := u.Reports(hal.USBPairing)
	if err != nil {
		t.Fatalf("a closed function cannot be opened again: %v", err)
	}
	again.Close()
}

func TestUSBPortNeedsABoundGadget(t *testing.T) {
	dir, gadget := t.TempDir(), &closer{}
	write(t, dir, "UDC", "\n")
	if _, err := openUSB("/", USBPort{Gadget: gadget, Dir: dir}); err == nil || gadget.closed != 1 {
		t.Errorf("%v; the gadget was closed %d times", err, gadget.closed)
	}
}
