// Package laptop is the PC on the lab's desk: a Debian with systemd and a user's session, in QEMU, on
// a lab.LAN, whose own USB stack sees the phone through the cable that Plug plugs. Tests run programs
// on it, kill it and boot it again. `make laptop` makes its disk.
package laptop

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"opendeskphone/tools/lab"
	"opendeskphone/tools/laptop/wire"
)

// User is who sits before the laptop, logged in on its first console.
const User = "anna"

// Setup describes a laptop to put on the desk.
type Setup struct {
	Name  string   // of its directory and its log
	LAN   *lab.LAN // where its network card is plugged
	Host  int      // its number there
	Image string   // folder that `make laptop` wrote
}

// Laptop is a running laptop. What it has written to its disk outlives Kill and Boot.
type Laptop struct {
	setup Setup
	dir   string
	tap   string
	boots int
	proc  *lab.Process
}

const stateSize = "1G" // of the disk that keeps what is written, sparse

// Boot puts a laptop on the desk and switches it on; it returns when commands can be run on it. Its
// user's session may need a few seconds more: see Session.
func Boot(ctx context.Context, s Setup) (*Laptop, error) {
	if err := lab.Require("qemu-system-x86_64", "mke2fs"); err != nil {
		return nil, err
	}
	l := &Laptop{setup: s, dir: filepath.Join(s.LAN.Core.Dir(), s.Name), tap: fmt.Sprint("pc", s.Host)}
	if err := os.MkdirAll(l.dir, 0o755); err != nil {
		return nil, fmt.Errorf("laptop: make directory: %w", err)
	}
	if err := lab.Run("mke2fs", "-q", "-F", "-t", "ext4", l.state(), stateSize); err != nil {
		return nil, err
	}
	if err := s.LAN.Tap(l.tap); err != nil {
		return nil, err
	}
	if err := l.Boot(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *Laptop) state() string { return filepath.Join(l.dir, "state.img") }

// Boot switches the laptop on again after Kill.
func (l *Laptop) Boot(ctx context.Context) error {
	l.boots++
	image := func(name string) string { return filepath.Join(l.setup.Image, name) }
	// An emulated processor leaks nothing by speculation, and pays dearly for the guards against it.
	cmdline := fmt.Sprintf("console=ttyS0 quiet panic=-1 mitigations=off lab.addr=%v lab.gateway=%v", lab.LANAddr(l.setup.Host), lab.LANAddr(1).Addr())
	var err error
	l.proc, err = l.setup.LAN.Core.Start(lab.Command{Name: fmt.Sprintf("%s-%d", l.setup.Name, l.boots), Argv: []string{
		"qemu-system-x86_64", "-M", "q35,accel=tcg", "-cpu", "max", "-smp", "1", "-m", "768", "-nodefaults", "-no-reboot",
		"-kernel", image("vmlinuz"), "-initrd", image("initrd"), "-append", cmdline, "-display", "none", "-serial", "stdio",
		"-vga", "std", // without a screen there is no seat, and without a seat no user's session
		"-drive", "if=none,id=root,format=raw,readonly=on,file=" + image("root.squashfs"), "-device", "virtio-blk-pci,drive=root",
		"-drive", "if=none,id=state,format=raw,file=" + l.state(), "-device", "virtio-blk-pci,drive=state",
		"-netdev", "tap,id=net,script=no,downscript=no,ifname=" + l.tap,
		"-device", fmt.Sprintf("virtio-net-pci,netdev=net,romfile=,mac=02:00:00:4d:01:%02x", l.setup.Host),
	}})
	if err != nil {
		return err
	}
	return lab.Poll(ctx, l.setup.Name+" booted", func() (bool, error) {
		select {
		case <-l.proc.Done():
			return false, fmt.Errorf("laptop: ended while booting: %s", tail(l.proc.Log.Since(0)))
		default:
		}
		_, err := l.Run(ctx, "", "true")
		return err == nil, nil
	})
}

func tail(s string) string { return s[max(0, len(s)-2000):] }

// Session waits until the user's session is there: logind knows it as active, and its bus answers.
func (l *Laptop) Session(ctx context.Context) error {
	return lab.PollEvery(ctx, 200*time.Millisecond, "session of "+User, func() (bool, error) {
		_, err := l.Run(ctx, User, "sh", "-c", `[ "$(loginctl show-user `+User+` -p State --value)" = active ] && systemctl --user is-active dbus.socket`)
		return err == nil, nil
	})
}

// Kill ends the laptop as a power cut does.
func (l *Laptop) Kill() { l.proc.Kill() }

// Close takes the laptop off the desk.
func (l *Laptop) Close() error {
	if l.proc != nil {
		l.Kill()
	}
	return l.setup.LAN.RemoveTap(l.tap)
}

// Addr is the laptop's address on the LAN.
func (l *Laptop) Addr() netip.Addr { return lab.LANAddr(l.setup.Host).Addr() }

// Start runs a program as a user of the laptop's, root if user is empty, and does not wait for it.
// It is killed by Stop, or when ctx ends.
func (l *Laptop) Start(ctx context.Context, c wire.Command) (*Program, error) {
	conn, err := l.dial(ctx)
	if err != nil {
		return nil, err
	}
	if err := wire.WriteCommand(conn, c); err != nil {
		return nil, errors.Join(fmt.Errorf("laptop: %s: %w", c.Argv[0], err), conn.Close())
	}
	return follow(ctx, c, conn), nil
}

const dialTime = 2 * time.Second // an answer takes milliseconds, or does not come

func (l *Laptop) dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	conn, err := l.setup.LAN.Core.Dial(ctx, "tcp", netip.AddrPortFrom(l.Addr(), wire.Port))
	if err != nil {
		return nil, fmt.Errorf("laptop: %w", err)
	}
	return conn, nil
}

// Run runs a program to its end and gives what it printed, errors too. An exit status other than 0
// is an error that says what was printed.
func (l *Laptop) Run(ctx context.Context, user string, argv ...string) (string, error) {
	return l.RunWith(ctx, nil, wire.Command{User: user, Argv: argv})
}

// RunWith is Run with more to say about the program, and with its standard input.
func (l *Laptop) RunWith(ctx context.Context, input []byte, c wire.Command) (string, error) {
	p, err := l.Start(ctx, c)
	if err != nil {
		return "", err
	}
	if err := p.Input(input); err == nil {
		_ = p.EndInput() // a program that has ended takes no input: Wait tells
	}
	err = p.Wait(ctx)
	out := p.Log.Since(0)
	if err != nil {
		return out, fmt.Errorf("laptop: %s: %w: %s", strings.Join(c.Argv, " "), err, tail(out))
	}
	return out, nil
}

// Put writes a file on the laptop, with the given mode.
func (l *Laptop) Put(ctx context.Context, path string, data []byte, mode os.FileMode) error {
	script := fmt.Sprintf(`mkdir -p "$(dirname "$1")" && cat > "$1" && chmod %o "$1"`, mode.Perm())
	_, err := l.RunWith(ctx, data, wire.Command{Argv: []string{"sh", "-c", script, "put", path}})
	return err
}

// Get reads a file of the laptop's.
func (l *Laptop) Get(ctx context.Context, path string) ([]byte, error) {
	out, err := l.Run(ctx, "", "cat", path)
	return []byte(out), err
}

// Install installs a Debian package of this machine's on the laptop, which needs nothing that is not
// there.
func (l *Laptop) Install(ctx context.Context, deb string) error {
	data, err := os.ReadFile(deb)
	if err != nil {
		return fmt.Errorf("laptop: %w", err)
	}
	at := "/tmp/" + filepath.Base(deb)
	if err := l.Put(ctx, at, data, 0o644); err != nil {
		return err
	}
	_, err = l.Run(ctx, "", "dpkg", "--install", at)
	return err
}
