// Package qemu boots the phone's image in QEMU and stands in for the hands, eyes and ears of its
// user: it presses keys, looks at the screen and the lamps, speaks into the microphone and records
// the speaker. The machine it builds is the one boards/qemu-arm describes.
package qemu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"opendeskphone/boards"
	"opendeskphone/hal"
)

// Config says what to boot and how. Only Image is needed.
type Config struct {
	Image    string    // folder that mkimage wrote
	Dir      string    // folder for sockets, data image and recording; a new one if empty
	Settings []byte    // settings file to put on a new data partition; none if nil
	Files    []File    // more files for a new data partition
	Data     string    // data image to use and keep; a new one in Dir if empty
	Network  []string  // QEMU's -netdev value without id; user-mode networking if empty
	Prefix   []string  // command before QEMU's, such as ip netns exec NAME
	Memory   int       // MiB; 256 if 0
	CPUs     int       // processors; 1 if 0
	Serial   io.Writer // gets a copy of the serial console
	Console  *os.File  // what is typed on the serial console; nothing if nil
	Speaker  io.Writer // gets what the phone plays as it plays: 16-bit little-endian mono, 48 kHz
	Append   string    // more words for the kernel's command line
	Cable    string    // where hosts plug the phone's USB by USB/IP, as ":3240"; nowhere if empty
	NoSound  bool      // the phone has no sound card
	Room     bool      // its microphone is in a room with its speaker, and is to be cleaned of echo and noise
	Flips    bool      // a display that shows memory as it is, so that pages are flipped, in place of one that is told what changed
	Clock    time.Time // what the machine's clock shows when it starts; zero: the host's time
	Log      *slog.Logger
}

// File is a file for the data partition; Name is its path there.
type File struct {
	Name string
	Data []byte
}

// DataSize is the size of a new data image, in bytes.
const DataSize = 64 << 20

// startTime is how long QEMU may take to open its sockets.
const startTime = 10 * time.Second

// Machine is a running phone.
type Machine struct {
	cfg    Config
	cmd    *exec.Cmd
	qmp    *qmp
	serial *serial
	lamps  chan Lamp
	mic    *pacer
	spk    *recording
	began  time.Time
	sticks int // that were plugged in
	ended  chan struct{}
	err    error // of QEMU; valid after ended
	stop   sync.Once
	work   sync.WaitGroup
}

// Lamp is a change of a lamp.
type Lamp struct {
	Lamp hal.Lamp
	On   bool
}

// manifest is what Start needs of the image's manifest.
type manifest struct {
	Cmdline string `json:"cmdline"`
}

// Start boots the phone and returns as soon as QEMU runs; WaitSerial tells how far it has come. The
// machine ends with Stop or with ctx.
func Start(ctx context.Context, cfg Config) (*Machine, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Dir == "" {
		dir, err := os.MkdirTemp("", "odp-qemu")
		if err != nil {
			return nil, fmt.Errorf("qemu: %w", err)
		}
		cfg.Dir = dir
	}
	if cfg.Data == "" {
		cfg.Data = filepath.Join(cfg.Dir, "data.img")
		if err := MakeData(ctx, cfg.Data, cfg.files()); err != nil {
			return nil, err
		}
	}
	m := &Machine{cfg: cfg, serial: newSerial(cfg.Serial), lamps: make(chan Lamp, 256), ended: make(chan struct{})}
	if err := m.launch(ctx); err != nil {
		return nil, err
	}
	if err := m.connect(); err != nil {
		m.Stop()
		return nil, fmt.Errorf("%w\n%s", err, m.Serial())
	}
	return m, nil
}

func (c Config) files() []File {
	if c.Settings == nil {
		return c.Files
	}
	return append([]File{{"settings.toml", c.Settings}}, c.Files...)
}

// USBPort is where Cable usually is, and USBBus the phone's name there.
const (
	USBPort = 3240
	USBBus  = "usbip-vudc.0"
)

func (c Config) cable() string {
	if c.Cable == "" {
		return ""
	}
	return " odp.cable=" + c.Cable
}

func (c Config) room() string {
	if !c.Room {
		return ""
	}
	return " odp.room=1"
}

// MakeData makes a data image with the given files on it.
func MakeData(ctx context.Context, path string, files []File) error {
	tree, err := os.MkdirTemp("", "odp-data")
	if err != nil {
		return fmt.Errorf("qemu: %w", err)
	}
	defer os.RemoveAll(tree)
	for _, f := range files {
		to := filepath.Join(tree, f.Name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, f.Data, 0o600)); err != nil {
			return fmt.Errorf("qemu: data file: %w", err)
		}
	}
	if err := os.RemoveAll(path); err != nil {
		return fmt.Errorf("qemu: %w", err)
	}
	cmd := exec.CommandContext(ctx, "mke2fs", "-q", "-F", "-t", "ext4", "-L", "odp-data", "-E", "lazy_itable_init=0",
		"-d", tree, path, fmt.Sprint(DataSize>>10, "k"))
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("qemu: make data image: %w\n%s", err, out)
	}
	return nil
}

// launch starts the QEMU process.
func (m *Machine) launch(ctx context.Context) error {
	text, err := os.ReadFile(filepath.Join(m.cfg.Image, "manifest.json"))
	if err != nil {
		return fmt.Errorf("qemu: no image: %w", err)
	}
	var mf manifest
	if err := json.Unmarshal(text, &mf); err != nil {
		return fmt.Errorf("qemu: manifest: %w", err)
	}
	if m.spk, err = newRecording(m.path("speaker.wav"), m.cfg.Speaker); err != nil {
		return err
	}
	args := append(m.cfg.Prefix, append([]string{"qemu-system-arm"}, m.args(mf.Cmdline)...)...)
	m.cmd = exec.CommandContext(ctx, args[0], args[1:]...)
	// The phone must not outlive the program that started it, even one that was killed.
	m.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	m.cmd.Stdout, m.cmd.Stderr = m.serial, m.serial
	if m.cfg.Console != nil {
		m.cmd.Stdin = m.cfg.Console
	}
	m.cmd.WaitDelay = time.Second
	m.cfg.Log.Info("start", "command", strings.Join(args, " "))
	if err := m.cmd.Start(); err != nil {
		return errors.Join(fmt.Errorf("qemu: start: %w", err), m.spk.Close())
	}
	m.began = time.Now()
	m.work.Go(func() {
		m.err = m.cmd.Wait()
		close(m.ended)
	})
	return nil
}

func (m *Machine) path(name string) string { return filepath.Join(m.cfg.Dir, name) }

// args is the machine of boards/qemu-arm. The order of the disks is that of the board's devices.
func (m *Machine) args(cmdline string) []string {
	network := "user"
	if len(m.cfg.Network) > 0 {
		network = strings.Join(m.cfg.Network, ",")
	}
	memory := m.cfg.Memory
	if memory == 0 {
		memory = 256
	}
	more := m.cfg.Append
	if m.cfg.NoSound {
		more += " module_blacklist=snd_aloop"
	}
	display := "virtio-gpu-pci"
	if m.cfg.Flips {
		display = "bochs-display"
	}
	size := boards.QEMUArm.Display.Size
	args := []string{
		"-M", "virt", "-cpu", "cortex-a15", "-smp", fmt.Sprint(max(1, m.cfg.CPUs)), "-m", fmt.Sprint(memory), "-nodefaults", "-no-reboot",
		"-kernel", filepath.Join(m.cfg.Image, "vmlinuz"), "-initrd", filepath.Join(m.cfg.Image, "initramfs"),
		"-append", strings.TrimSpace(cmdline + m.cfg.cable() + m.cfg.room() + " " + more), "-display", "none", "-serial", "stdio",
		"-qmp", "unix:" + m.path("qmp") + ",server=on,wait=off",
		"-drive", "if=none,id=system,format=raw,readonly=on,file=" + filepath.Join(m.cfg.Image, "root.squashfs"),
		"-device", "virtio-blk-pci,drive=system",
		"-drive", "if=none,id=data,format=raw,cache=unsafe,file=" + m.cfg.Data, "-device", "virtio-blk-pci,drive=data",
		"-netdev", network + ",id=net", "-device", "virtio-net-pci,id=nic,netdev=net,romfile=",
		"-device", fmt.Sprintf("%s,xres=%d,yres=%d", display, size.X, size.Y),
		"-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci", "-device", "virtio-serial-pci",
		"-chardev", "socket,id=mic,server=on,wait=off,path=" + m.path("mic"),
		"-device", "virtserialport,chardev=mic,name=org.opendeskphone.mic",
		"-chardev", "socket,id=speaker,server=on,wait=off,path=" + m.path("speaker"),
		"-device", "virtserialport,chardev=speaker,name=org.opendeskphone.speaker",
		"-chardev", "socket,id=lamps,server=on,wait=off,path=" + m.path("lamps"),
		"-device", "virtserialport,chardev=lamps,name=" + boards.QEMUArm.Lamps.VirtioPort,
		"-audiodev", "none,id=unheard", "-device", "qemu-xhci",
	}
	if !m.cfg.Clock.IsZero() {
		args = append(args, "-rtc", "base="+m.cfg.Clock.UTC().Format("2006-01-02T15:04:05"))
	}
	return args
}

// connect opens QEMU's sockets.
func (m *Machine) connect() error {
	control, err := m.dial("qmp")
	if err != nil {
		return err
	}
	if m.qmp, err = newQMP(control); err != nil {
		return err
	}
	lamps, err := m.dial("lamps")
	if err != nil {
		return err
	}
	m.work.Go(func() { m.readLamps(lamps) })
	mic, err := m.dial("mic")
	if err != nil {
		return err
	}
	m.mic = &pacer{w: mic}
	speaker, err := m.dial("speaker")
	if err != nil {
		return err
	}
	m.work.Go(func() { m.spk.run(speaker) })
	return nil
}

func (m *Machine) dial(name string) (net.Conn, error) {
	for end := time.Now().Add(startTime); ; {
		c, err := net.Dial("unix", m.path(name))
		if err == nil {
			return c, nil
		}
		if time.Now().After(end) {
			return nil, fmt.Errorf("qemu: %w", err)
		}
		select {
		case <-m.ended:
			return nil, fmt.Errorf("qemu: ended at once: %w", m.err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// readLamps reads the lamp port's lines; changes nobody fetches are dropped, oldest first.
func (m *Machine) readLamps(r io.ReadCloser) {
	defer close(m.lamps)
	defer r.Close()
	stopped := make(chan struct{})
	defer close(stopped)
	go func() {
		select {
		case <-m.ended:
			r.Close()
		case <-stopped:
		}
	}()
	for line := range lines(r) {
		l, ok := parseLamp(line)
		if !ok {
			continue
		}
		for sent := false; !sent; {
			select {
			case m.lamps <- l:
				sent = true
			default:
				select {
				case <-m.lamps:
				default:
				}
			}
		}
	}
}

func parseLamp(line string) (Lamp, bool) {
	name, state, _ := strings.Cut(strings.TrimSpace(line), " ")
	l, ok := hal.LampByName(name)
	return Lamp{l, state == "1"}, ok && (state == "0" || state == "1")
}

// Lamps delivers lamp changes until the machine ends.
func (m *Machine) Lamps() <-chan Lamp { return m.lamps }

// Mic is the phone's microphone: 16-bit little-endian mono samples at 48 kHz. A write takes as long as
// the sound lasts.
func (m *Machine) Mic() io.Writer { return m.mic }

// SpeakerWAV is the recording of the speaker so far: mono, 16 bit, 48 kHz. It is a whole WAV file
// at any time.
func (m *Machine) SpeakerWAV() string { return m.spk.path }

// Serial gives everything the phone has said on its serial console.
func (m *Machine) Serial() string { return m.serial.String() }

// Dir is the folder with the machine's files.
func (m *Machine) Dir() string { return m.cfg.Dir }

// PID is the process id of QEMU, or of the prefix command.
func (m *Machine) PID() int { return m.cmd.Process.Pid }

// Began is when QEMU was started.
func (m *Machine) Began() time.Time { return m.began }

// Done is closed when QEMU has ended.
func (m *Machine) Done() <-chan struct{} { return m.ended }

// WaitSerial waits until the serial console has said text and gives the first line with it.
func (m *Machine) WaitSerial(text string, timeout time.Duration) (string, error) {
	limit := time.NewTimer(timeout)
	defer limit.Stop()
	for {
		line, more := m.serial.find(text)
		if line != "" {
			return line, nil
		}
		select {
		case <-more:
		case <-m.ended:
			return "", fmt.Errorf("qemu: ended before %q: %w\n%s", text, m.err, m.Serial())
		case <-limit.C:
			return "", fmt.Errorf("qemu: no %q within %v\n%s", text, timeout, m.Serial())
		}
	}
}

// Screenshot gives the picture on the phone's screen.
func (m *Machine) Screenshot() (image.Image, error) {
	file := m.path("screen.ppm")
	if err := m.qmp.do("screendump", map[string]any{"filename": file}); err != nil {
		return nil, err
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("qemu: screenshot: %w", err)
	}
	defer f.Close()
	return decodePPM(f)
}

// SetLink pulls the network cable and puts it back.
func (m *Machine) SetLink(up bool) error {
	return m.qmp.do("set_link", map[string]any{"name": "nic", "up": up})
}

// USBCard plugs a USB sound card in or pulls it. It has the mixer that the phone's own card lacks;
// nobody hears it.
func (m *Machine) USBCard(plugged bool) error {
	if plugged {
		return m.qmp.do("device_add", map[string]any{"driver": "usb-audio", "id": "card", "audiodev": "unheard"})
	}
	return m.qmp.do("device_del", map[string]any{"id": "card"})
}

// Stick plugs the image of a USB stick in, or pulls the one that is plugged in: image is empty then.
func (m *Machine) Stick(image string) error {
	if image == "" {
		return m.qmp.do("device_del", map[string]any{"id": "stick"})
	}
	node := fmt.Sprint("stick", m.sticks)
	m.sticks++
	return errors.Join(
		m.qmp.do("blockdev-add", map[string]any{"driver": "file", "node-name": node, "filename": image}),
		m.qmp.do("device_add", map[string]any{"driver": "usb-storage", "id": "stick", "drive": node}))
}

// PowerDown presses the power key: the phone shuts down in order.
func (m *Machine) PowerDown() error { return m.qmp.do("system_powerdown", nil) }

// Pause stops the machine's processor and lets it run again; it then has missed the time between.
func (m *Machine) Pause(on bool) error {
	if on {
		return m.qmp.do("stop", nil)
	}
	return m.qmp.do("cont", nil)
}

// Stop ends the machine as a power cut does, and waits for its end. The data image and the recording
// stay.
func (m *Machine) Stop() {
	m.stop.Do(func() {
		select {
		case <-m.ended:
		default:
			if m.qmp == nil || m.qmp.do("quit", nil) != nil {
				m.cmd.Process.Kill()
			}
			select {
			case <-m.ended:
			case <-time.After(5 * time.Second):
				m.cmd.Process.Kill()
				<-m.ended
			}
		}
		if m.qmp != nil {
			m.qmp.Close()
		}
		m.work.Wait()
	})
}
