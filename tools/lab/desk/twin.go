package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"net/netip"
	"net/rpc"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"opendeskphone/hal"
	"opendeskphone/tools/lab"
)

// Twin is a phone on simulated hardware, in a process and a host of its own.
type Twin struct {
	setup Setup
	host  *lab.Namespace
	proc  *lab.Process
	dir   string // short: the path of a socket has its limits
	rpc   *rpc.Client
}

// twinConfig is what the twin's process is told.
type twinConfig struct {
	Dir     string // takes the socket
	Speaker string // file of the speaker's sound
	Data    string // the data partition
	NoSound bool
	Room    bool // the microphone hears the speaker
}

// twinEnv makes a program that calls TwinMain a twin.
const twinEnv = "ODP_TWIN"

// StartTwin starts a twin; the program must call TwinMain first thing in its main.
func StartTwin(ctx context.Context, s Setup) (*Twin, error) {
	host, err := s.place()
	if err != nil {
		return nil, err
	}
	t := &Twin{setup: s, host: host}
	if t.dir, err = os.MkdirTemp("", "twin"); err != nil {
		return nil, fmt.Errorf("desk: make directory: %w", err)
	}
	if err := t.fillData(); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	cfg, err := json.Marshal(twinConfig{Dir: t.dir, Speaker: t.Speaker(), Data: t.Data(), NoSound: s.Faults.NoSound, Room: s.Room})
	if err != nil {
		return nil, fmt.Errorf("desk: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("desk: find own program: %w", err)
	}
	t.proc, err = host.Start(lab.Command{Name: s.Name, Argv: []string{self}, Env: []string{twinEnv + "=" + string(cfg)}})
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	err = lab.Poll(ctx, "twin ready", func() (bool, error) {
		select {
		case <-t.proc.Done():
			return false, fmt.Errorf("it has ended: %s", t.proc.Log.Since(0))
		default:
		}
		t.rpc, err = rpc.Dial("unix", socketIn(t.dir))
		return err == nil, nil
	})
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// place is where the phone's cable is plugged.
func (s Setup) place() (*lab.Namespace, error) {
	if s.Behind != nil {
		return s.Behind.Host, nil
	}
	return s.LAN.Host(s.Name, s.Host)
}

// Data is the folder that stands for the data partition.
func (t *Twin) Data() string { return filepath.Join(t.dir, "data") }

func socketIn(dir string) string { return filepath.Join(dir, "ctl") }

// RSS is the resident memory of the twin's process in bytes: the phone, its simulated hardware and the
// program that started it.
func (t *Twin) RSS() (int64, error) { return RSS(t.proc.PID()) }

// Speaker implements Phone.
func (t *Twin) Speaker() string { return filepath.Join(t.host.Dir(), "speaker.wav") }

// Log implements Phone.
func (t *Twin) Log() *lab.Log { return t.proc.Log }

// Addr implements Phone.
func (t *Twin) Addr() netip.Addr {
	if t.setup.Behind != nil {
		return t.setup.Behind.Private()
	}
	return lab.LANAddr(t.setup.Host).Addr()
}

// Readdress gives the phone another address on the LAN.
func (t *Twin) Readdress(n int) error {
	t.setup.Host = n
	return t.setup.LAN.Readdress(t.host, n)
}

// PID implements Phone.
func (t *Twin) PID() int { return t.proc.PID() }

// Process is the running twin.
func (t *Twin) Process() *lab.Process { return t.proc }

// fullSize is the data partition of a phone whose data partition is full.
const fullSize = "size=128k"

// fillData writes the data partition's files. A full one is a file system of its own, full to the
// last byte.
func (t *Twin) fillData() error {
	if err := os.MkdirAll(t.Data(), 0o755); err != nil {
		return fmt.Errorf("desk: make data directory: %w", err)
	}
	full := t.setup.Faults.DataFull
	if full {
		if err := unix.Mount("tmpfs", t.Data(), "tmpfs", 0, fullSize); err != nil {
			return fmt.Errorf("desk: mount data: %w", err)
		}
	}
	files, err := t.setup.dataFiles(filepath.Join(t.Data(), filepath.Base(RootsPath)))
	if err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(t.Data(), name), text, 0o644); err != nil {
			return fmt.Errorf("desk: write %s: %w", name, err)
		}
	}
	if !full {
		return nil
	}
	err = os.WriteFile(filepath.Join(t.Data(), "ballast"), make([]byte, 256<<10), 0o600)
	if !errors.Is(err, unix.ENOSPC) {
		return fmt.Errorf("desk: the data partition cannot be filled: %w", err)
	}
	return nil
}

// Press implements Phone.
func (t *Twin) Press(_ context.Context, keys ...hal.Key) error {
	return t.call("Press", keys, new(bool))
}

// Hook implements Phone.
func (t *Twin) Hook(_ context.Context, lifted bool) error { return t.call("Hook", lifted, new(bool)) }

// Lamps implements Phone.
func (t *Twin) Lamps(context.Context) (map[hal.Lamp]bool, error) {
	var lit map[hal.Lamp]bool
	err := t.call("Lamps", true, &lit)
	return lit, err
}

// Screenshot implements Phone.
func (t *Twin) Screenshot(context.Context) (image.Image, error) {
	var pic image.RGBA
	if err := t.call("Picture", true, &pic); err != nil {
		return nil, err
	}
	return &pic, nil
}

// NextPicture waits until the screen changes and gives the time at which it did, after the keys
// were pressed and the time at which they were.
func (t *Twin) NextPicture(keys ...hal.Key) (pressed, changed time.Time, err error) {
	var times [2]time.Time
	err = t.call("PressAndWatch", keys, &times)
	return times[0], times[1], err
}

// Say implements Phone.
func (t *Twin) Say(_ context.Context, c lab.Clip) (time.Time, error) {
	var at time.Time
	err := t.call("Say", c.At(twinRate).PCM(), &at)
	return at, err
}

// Sound pulls the sound card or plugs it in.
func (t *Twin) Sound(plugged bool) error { return t.call("Sound", plugged, new(bool)) }

// Cable implements Phone.
func (t *Twin) Cable(_ context.Context, plugged bool) error {
	return t.setup.LAN.Cable(t.host, plugged)
}

func (t *Twin) call(method string, args, reply any) error {
	if err := t.rpc.Call("Twin."+method, args, reply); err != nil {
		return fmt.Errorf("desk: twin: %s: %w", method, err)
	}
	return nil
}

// Close implements Phone.
func (t *Twin) Close() error {
	if t.rpc != nil {
		t.rpc.Close()
	}
	if t.proc != nil {
		t.proc.Stop()
	}
	err := t.setup.LAN.Remove(t.host)
	if t.setup.Faults.DataFull {
		err = errors.Join(err, unix.Unmount(t.Data(), unix.MNT_DETACH))
	}
	return errors.Join(err, os.RemoveAll(t.dir))
}
