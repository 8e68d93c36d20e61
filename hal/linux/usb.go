package linux

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"opendeskphone/hal"
)

// USBPort says where the parts of an installed gadget are.
type USBPort struct {
	Gadget    io.Closer                        // takes the gadget away from the host
	Dir       string                           // its folder in configfs
	Functions [hal.USBFunctions]string         // folders of the HID functions below Dir
	Card      string                           // ALSA card id of the sound function
	OpenCard  func(USBCard) (hal.Sound, error) // opens its PCM
	Log       *slog.Logger
}

// USBCard is what of the gadget's sound card is to be opened.
type USBCard struct {
	PCM            string // of ALSA
	Plays, Records bool   // the host sends sound, the host takes sound; at least one
}

// Times of the USB port.
const (
	usbRescan = 500 * time.Millisecond // to look anew though the kernel says nothing: not every controller's driver speaks up
	usbSettle = 100 * time.Millisecond // in which the kernel may still report the state we have seen already
	usbOwner  = 3 * time.Second        // for a device node to come and get its owner
)

// usbPort is an open USB port.
type usbPort struct {
	p     USBPort
	root  string // of the file system: /
	udc   string
	wake  *os.File      // written to: the watcher looks at once; closed: it ends
	over  chan struct{} // it has ended
	close sync.Once
	err   error // of Close

	mu      sync.Mutex
	status  hal.USBStatus
	changed chan struct{}   // closed at every change
	asked   []chan struct{} // closed by the watcher once it has looked
	taken   [hal.USBFunctions]bool
}

// OpenUSB takes an installed gadget into use until Close, which also closes the gadget.
func OpenUSB(p USBPort) (hal.USB, error) { return openUSB("/", p) }

func openUSB(root string, p USBPort) (*usbPort, error) {
	text, err := os.ReadFile(filepath.Join(p.Dir, "UDC"))
	u := &usbPort{p: p, root: root, udc: strings.TrimSpace(string(text)), over: make(chan struct{}), changed: make(chan struct{}), status: hal.USBStatus{Volume: 100}}
	if err == nil && u.udc == "" {
		err = errors.New("no controller has the gadget")
	}
	var state, wake *os.File
	if err == nil {
		state, err = os.Open(filepath.Join(root, udcClass, u.udc, "state"))
	}
	if err == nil {
		wake, u.wake, err = os.Pipe()
	}
	if err != nil {
		if state != nil {
			state.Close()
		}
		return nil, errors.Join(fmt.Errorf("linux: open USB port: %w", err), p.Gadget.Close())
	}
	go u.watch(state, wake)
	return u, nil
}

// Watch implements hal.USB.
func (u *usbPort) Watch(ctx context.Context) <-chan hal.USBStatus {
	out := make(chan hal.USBStatus)
	go func() {
		defer close(out)
		var told *hal.USBStatus
		for {
			now, changed := u.now()
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
func (u *usbPort) Now() hal.USBStatus {
	looked := make(chan struct{})
	u.mu.Lock()
	u.asked = append(u.asked, looked)
	u.mu.Unlock()
	if _, err := u.wake.Write([]byte{0}); err == nil {
		select {
		case <-looked:
		case <-u.over:
		}
	}
	s, _ := u.now()
	return s
}

// ask takes who waits for a look.
func (u *usbPort) ask() []chan struct{} {
	u.mu.Lock()
	defer u.mu.Unlock()
	out := u.asked
	u.asked = nil
	return out
}

func (u *usbPort) now() (hal.USBStatus, <-chan struct{}) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.status, u.changed
}

func (u *usbPort) set(s hal.USBStatus) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if s == u.status {
		return
	}
	if s.State != u.status.State || s.Plug != u.status.Plug {
		u.p.Log.Info("usb", "host", s.State, "plug", s.Plug)
	}
	u.status = s
	close(u.changed)
	u.changed = make(chan struct{})
}

// Close implements hal.USB.
func (u *usbPort) Close() error {
	u.close.Do(func() {
		u.wake.Close()
		<-u.over
		u.err = u.p.Gadget.Close()
		s, _ := u.now()
		u.set(hal.USBStatus{Plug: s.Plug, Volume: s.Volume, Muted: s.Muted, MicMuted: s.MicMuted})
	})
	return u.err
}

// OpenSound implements hal.USB.
func (u *usbPort) OpenSound() (hal.Sound, error) {
	now, _ := u.now()
	if !now.Plays && !now.Records {
		return nil, hal.ErrNoStream
	}
	card, err := u.p.OpenCard(USBCard{PCM: "hw:CARD=" + u.p.Card + ",DEV=0", Plays: now.Plays, Records: now.Records})
	if err != nil {
		return nil, fmt.Errorf("linux: open USB sound: %w", err)
	}
	return &usbSound{Sound: card, port: u, as: now}, nil
}

// usbSound is the gadget's card while the host streams as it did when the card was opened.
type usbSound struct {
	hal.Sound
	port *usbPort
	as   hal.USBStatus
}

// Exchange implements hal.Sound.
func (s *usbSound) Exchange(mic, spk []int16) error {
	now, _ := s.port.now()
	if now.Plug != s.as.Plug || now.Plays != s.as.Plays || now.Records != s.as.Records || now.Rate != s.as.Rate {
		return hal.ErrNoStream
	}
	return s.Sound.Exchange(mic, spk)
}

// watch follows controller and sound card until Close.
func (u *usbPort) watch(state, wake *os.File) {
	defer close(u.over)
	defer state.Close()
	defer wake.Close()
	var card *os.File
	defer func() { closeFile(card) }()
	w := usbWatcher{settle: usbSettle}
	for woken := false; ; {
		asked := u.ask()
		if card == nil {
			card = u.openCard()
		}
		var sound usbStreams
		if card != nil {
			var err error
			if sound, err = readStreams(newMixerCard(card)); err != nil {
				closeFile(card)
				card = nil
			}
		}
		u.set(w.step(time.Now(), readState(state), woken, sound))
		for _, looked := range asked {
			close(looked)
		}
		var ended bool
		if woken, ended = awaitUSB(state, wake, card); ended {
			return
		}
	}
}

func closeFile(f *os.File) {
	if f != nil {
		f.Close()
	}
}

// openCard opens the sound card's controls for events; nil while it is not there.
func (u *usbPort) openCard() *os.File {
	f, err := openControl(u.root, u.p.Card)
	if err != nil {
		return nil
	}
	on := [4]byte{1, 0, 0, 0}
	if err := ioctlBytes(f, ctlSubscribe, on[:]); err != nil {
		u.p.Log.Warn("no events of the USB sound card", "err", err)
	}
	return f
}

// awaitUSB waits until the state or a control changes or somebody asks, and tells whether it was the state.
func awaitUSB(state, wake, card *os.File) (stateChanged, ended bool) {
	fds := []unix.PollFd{{Fd: int32(state.Fd()), Events: unix.POLLPRI}, {Fd: int32(wake.Fd()), Events: unix.POLLIN}}
	if card != nil {
		fds = append(fds, unix.PollFd{Fd: int32(card.Fd()), Events: unix.POLLIN})
	}
	if n, err := unix.Poll(fds, int(usbRescan.Milliseconds())); err != nil || n == 0 {
		return false, err != nil && err != unix.EINTR
	}
	if card != nil && fds[2].Revents&unix.POLLIN != 0 {
		var events [4096]byte // what they say is read from the controls themselves
		if _, err := card.Read(events[:]); err != nil {
			return false, false // the card is gone: reading its controls will tell
		}
	}
	if fds[1].Revents&unix.POLLIN != 0 {
		var asks [64]byte
		if _, err := wake.Read(asks[:]); err != nil {
			return false, true
		}
	}
	return fds[0].Revents&unix.POLLPRI != 0, fds[1].Revents&(unix.POLLHUP|unix.POLLERR) != 0
}

// readState reads a controller's state (Documentation/ABI/stable/sysfs-class-udc).
func readState(f *os.File) hal.USBState {
	var text [64]byte
	n, _ := f.ReadAt(text[:], 0) // a controller that is gone has no state
	switch strings.TrimSpace(string(text[:n])) {
	case "configured":
		return hal.USBConfigured
	case "suspended":
		return hal.USBSuspended
	}
	return hal.USBUnplugged
}

// usbStreams is what the sound card's controls say.
type usbStreams struct {
	playRate, recordRate   int // Hz, 0 while the host does not stream
	volume                 int // percent
	muted, micMuted, known bool
}

// readStreams reads the controls of the kernel's u_audio; "Capture" is what the phone captures, which
// is what the host plays.
func readStreams(c *mixerCard) (s usbStreams, err error) {
	get := func(iface uint32, name string) (value, low, high int) {
		if err == nil {
			value, low, high, err = c.get(iface, name)
		}
		return value, low, high
	}
	s.known = true
	s.playRate, _, _ = get(ifacePCM, "Capture Rate")
	s.recordRate, _, _ = get(ifacePCM, "Playback Rate")
	volume, low, high := get(ifaceMixer, "PCM Capture Volume")
	if high > low {
		s.volume = 100 * (volume - low) / (high - low)
	}
	on, _, _ := get(ifaceMixer, "PCM Capture Switch")
	micOn, _, _ := get(ifaceMixer, "PCM Playback Switch")
	s.muted, s.micMuted = on == 0, micOn == 0
	return s, err
}

// usbWatcher makes the status of what is seen. Its settle is the time in which a report of the
// kernel's is still that of the state we have seen already.
type usbWatcher struct {
	settle time.Duration
	status hal.USBStatus
	known  bool
	since  time.Time // configured since
}

// step takes a look at the controller and its sound; woken tells that the kernel has reported a
// change of state since the last step, even if it has changed back.
func (w *usbWatcher) step(now time.Time, state hal.USBState, woken bool, s usbStreams) hal.USBStatus {
	if !w.known {
		w.status.Volume, w.known = 100, true
	}
	before := w.status.State
	if before == hal.USBUnplugged && state == hal.USBSuspended { // asleep before it configured us
		state = hal.USBUnplugged
	}
	w.status.State = state
	if state == hal.USBConfigured {
		came := before == hal.USBUnplugged
		back := before == hal.USBConfigured && woken && now.Sub(w.since) > w.settle
		if came || back {
			w.status.Plug++
			w.since = now
		}
	}
	live := state == hal.USBConfigured
	w.status.Plays, w.status.Records = live && s.playRate > 0, live && s.recordRate > 0
	w.status.Rate = 0
	switch {
	case w.status.Plays:
		w.status.Rate = s.playRate
	case w.status.Records:
		w.status.Rate = s.recordRate
	}
	if s.known {
		w.status.Volume, w.status.Muted, w.status.MicMuted = s.volume, s.muted, s.micMuted
	}
	return w.status
}
