package desk

import (
	"context"
	"errors"
	"fmt"
	"image"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"opendeskphone/hal"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/qemu"
)

// Guest is a phone's image in QEMU, its network card plugged into the LAN.
type Guest struct {
	setup   Setup
	config  qemu.Config
	machine *qemu.Machine
	log     *lab.Log
	console *os.File           // what is typed on the serial console; nil unless asked for
	voice   context.CancelFunc // stops what the microphone hears
	room    *roomPort          // nil: the microphone does not hear the speaker
	echoing sync.WaitGroup
	talking sync.WaitGroup

	mu  sync.Mutex
	lit map[hal.Lamp]bool
}

// guestTap is the guest's port of the switch.
const guestTap = "tap0"

// Boot boots an image. It returns as soon as QEMU runs: what the phone does is seen on the network
// and on the screen.
func Boot(ctx context.Context, imageDir string, s Setup) (*Guest, error) {
	if err := lab.Require("qemu-system-arm", "mke2fs"); err != nil {
		return nil, err
	}
	dir := filepath.Join(s.LAN.Core.Dir(), s.Name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("desk: make directory: %w", err)
	}
	if err := s.LAN.Tap(guestTap); err != nil {
		return nil, err
	}
	serial, err := os.Create(filepath.Join(dir, "serial.log"))
	if err != nil {
		return nil, fmt.Errorf("desk: make log: %w", err)
	}
	g := &Guest{setup: s, log: lab.NewLog(serial), voice: func() {}, lit: map[hal.Lamp]bool{}}
	data, err := g.makeData(ctx, dir)
	if err != nil {
		return nil, err
	}
	var keyboard *os.File
	if s.Console {
		if keyboard, g.console, err = os.Pipe(); err != nil {
			return nil, fmt.Errorf("desk: make console: %w", err)
		}
		defer keyboard.Close()
	}
	cable := ""
	if s.USB {
		cable = fmt.Sprint(":", qemu.USBPort)
	}
	g.config = qemu.Config{
		Image: imageDir, Dir: dir, Data: data, Serial: g.log, NoSound: s.Faults.NoSound, Console: keyboard, Cable: cable, CPUs: s.CPUs, Room: s.Room,
		Network: []string{"tap", "ifname=" + guestTap, "script=no", "downscript=no"},
		Prefix:  []string{"ip", "netns", "exec", s.LAN.Core.Name()},
	}
	if s.Room {
		g.room = newRoomPort()
		g.config.Speaker = g.room
	}
	return g, g.start(ctx)
}

func (g *Guest) start(ctx context.Context) error {
	var err error
	if g.machine, err = qemu.Start(context.WithoutCancel(ctx), g.config); err == nil {
		go g.watchLamps(g.machine)
		if g.room != nil {
			m := g.machine
			g.echoing.Go(func() { g.room.run(m) })
		}
	}
	return err
}

// Reboot takes the phone's power away and gives it back; its data stays. The recording of the speaker
// begins anew, the log goes on. A phone with a console cannot be rebooted.
func (g *Guest) Reboot(ctx context.Context) error {
	g.voice()
	g.machine.Stop()
	g.talking.Wait()
	g.echoing.Wait()
	return g.start(ctx)
}

// watchLamps keeps the state of the lamps until the machine ends.
func (g *Guest) watchLamps(m *qemu.Machine) {
	for change := range m.Lamps() {
		g.mu.Lock()
		g.lit[change.Lamp] = change.On
		g.mu.Unlock()
	}
}

// Lamps implements Phone.
func (g *Guest) Lamps(context.Context) (map[hal.Lamp]bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return maps.Clone(g.lit), nil
}

// Hook implements Phone.
func (g *Guest) Hook(_ context.Context, lifted bool) error { return g.machine.Key(hal.Hook, lifted) }

// makeData makes the data partition. A full one is filled to the last byte through a loop mount.
func (g *Guest) makeData(ctx context.Context, dir string) (string, error) {
	files, err := g.setup.dataFiles(RootsPath)
	if err != nil {
		return "", err
	}
	var list []qemu.File
	for name, text := range files {
		list = append(list, qemu.File{Name: name, Data: text})
	}
	path := filepath.Join(dir, "data.img")
	if err := qemu.MakeData(ctx, path, list); err != nil || !g.setup.Faults.DataFull {
		return path, err
	}
	return path, fillImage(path, filepath.Join(dir, "mnt"))
}

func fillImage(path, at string) error {
	if err := os.MkdirAll(at, 0o700); err != nil {
		return fmt.Errorf("desk: make mount point: %w", err)
	}
	if err := lab.Run("mount", "-o", "loop", path, at); err != nil {
		return err
	}
	ballast, err := os.Create(filepath.Join(at, "ballast"))
	if err == nil {
		block := make([]byte, 64<<10)
		for err == nil {
			_, err = ballast.Write(block)
			if errors.Is(err, unix.ENOSPC) && len(block) > 1 {
				block, err = block[:len(block)/2], nil
			}
		}
		ballast.Close()
	}
	if !errors.Is(err, unix.ENOSPC) {
		return errors.Join(fmt.Errorf("desk: the data partition cannot be filled: %w", err), lab.Run("umount", at))
	}
	return lab.Run("umount", at)
}

// Press implements Phone.
func (g *Guest) Press(_ context.Context, keys ...hal.Key) error { return g.machine.Press(keys...) }

// Screenshot implements Phone.
func (g *Guest) Screenshot(context.Context) (image.Image, error) { return g.machine.Screenshot() }

// Say implements Phone. QEMU's microphone takes its sound in real time.
func (g *Guest) Say(_ context.Context, c lab.Clip) (time.Time, error) {
	if g.room != nil {
		g.room.tell(c)
		return time.Now(), nil
	}
	g.voice()
	g.talking.Wait()
	ctx, stop := context.WithCancel(context.Background())
	g.voice = stop
	pcm := c.At(qemu.Rate).PCM()
	const piece = qemu.Rate / 50 * 2
	at := time.Now()
	g.talking.Go(func() {
		for len(pcm) > 0 && ctx.Err() == nil {
			n := min(piece, len(pcm))
			if _, err := g.machine.Mic().Write(pcm[:n]); err != nil {
				return // the machine has ended, which its user notices elsewhere
			}
			pcm = pcm[n:]
		}
	})
	return at, nil
}

// Speaker implements Phone.
func (g *Guest) Speaker() string { return g.machine.SpeakerWAV() }

// Log implements Phone.
func (g *Guest) Log() *lab.Log { return g.log }

// Stick plugs the image of a USB stick in, or pulls the one that is there: image is empty then.
func (g *Guest) Stick(image string) error { return g.machine.Stick(image) }

// Cable implements Phone.
func (g *Guest) Cable(_ context.Context, plugged bool) error { return g.machine.SetLink(plugged) }

// Addr implements Phone.
func (g *Guest) Addr() netip.Addr { return lab.LANAddr(g.setup.Host).Addr() }

// USBAt is where USB/IP hosts find the phone, under the bus id qemu.USBBus.
func (g *Guest) USBAt() netip.AddrPort { return netip.AddrPortFrom(g.Addr(), qemu.USBPort) }

// Type types a line on the serial console, where a debug image has a shell.
func (g *Guest) Type(line string) error {
	if _, err := fmt.Fprintln(g.console, line); err != nil {
		return fmt.Errorf("desk: type: %w", err)
	}
	return nil
}

// PID implements Phone.
func (g *Guest) PID() int { return g.machine.PID() }

// Machine is the machine the phone is.
func (g *Guest) Machine() *qemu.Machine { return g.machine }

// Close implements Phone.
func (g *Guest) Close() error {
	g.voice()
	g.machine.Stop()
	g.talking.Wait()
	g.echoing.Wait()
	if g.console != nil {
		g.console.Close()
	}
	return g.setup.LAN.RemoveTap(guestTap)
}
