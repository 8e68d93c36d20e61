package main

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"opendeskphone/hal"
)

// format makes a file system by the tools that sticks are made with, and reads how it begins.
func format(t *testing.T, tool string, args ...string) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "stick")
	if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Truncate(file, 40<<20)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(tool, append(args, file)...)
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", tool, err, out)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	head := make([]byte, superblockAt+superblockSize)
	if _, err := f.ReadAt(head, 0); err != nil {
		t.Fatal(err)
	}
	return head
}

func TestStickKind(t *testing.T) {
	t.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin")
	for _, c := range []struct{ want, tool, args string }{
		{"vfat", "mkfs.vfat", "-F16"}, {"vfat", "mkfs.vfat", "-F32"}, {"exfat", "mkfs.exfat", "-Lstick"}, {"ext4", "mkfs.ext4", "-qF"},
	} {
		if got := stickKind(format(t, c.tool, c.args)); got != c.want {
			t.Errorf("%s %s is %q", c.tool, c.args, got)
		}
	}
	for _, head := range [][]byte{nil, make([]byte, 2048), slices.Repeat([]byte{0x55, 0xaa}, 1024)} {
		if got := stickKind(head); got != "" {
			t.Errorf("nothing is %q", got)
		}
	}
}

func FuzzStickKind(f *testing.F) {
	f.Add(make([]byte, 2048))
	f.Fuzz(func(t *testing.T, head []byte) {
		if kind := stickKind(head); kind != "" && stickOptions[kind] == "" {
			t.Fatalf("%q is mounted without care", kind)
		}
	})
}

// port is a machine with disks that come and go.
type port struct {
	sticks
	t       *testing.T
	mounts  []string
	refuses string // node that cannot be mounted
}

func newPort(t *testing.T) *port {
	p := &port{t: t}
	p.sticks = sticks{block: t.TempDir(), dev: t.TempDir(), log: slog.New(slog.DiscardHandler), told: func(string) {},
		mount: func(node, kind string) error {
			if filepath.Base(node) == p.refuses {
				return errors.New("it is broken")
			}
			p.mounts = append(p.mounts, filepath.Base(node)+" "+kind)
			return nil
		},
		unmount: func() error { p.mounts = append(p.mounts, "none"); return nil },
	}
	return p
}

// plug adds a disk or partition.
func (p *port) plug(name, bus string, head []byte) {
	p.t.Helper()
	err := errors.Join(os.Symlink("../../devices/"+bus+"/block/"+name, filepath.Join(p.block, name)), os.WriteFile(filepath.Join(p.dev, name), head, 0o600))
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *port) pull(names ...string) {
	for _, n := range names {
		if err := errors.Join(os.Remove(filepath.Join(p.block, n)), os.Remove(filepath.Join(p.dev, n))); err != nil {
			p.t.Fatal(err)
		}
	}
}

func TestTheFirstUsableStickIsTaken(t *testing.T) {
	fat := format(t, "mkfs.vfat", "-F16")
	const usb = "pci0000:00/0000:00:05.0/usb1/1-1/1-1:1.0/host0"
	p := newPort(t)
	p.plug("sdc", "pci0000:00/ata1", fat) // a disk inside the phone
	p.plug("vda", usb, fat)               // and what is none
	if p.look() || p.mounted != "" {
		t.Fatalf("mounted %q", p.mounted)
	}
	p.plug("sda", usb, make([]byte, 2048))
	p.plug("sda1", usb, make([]byte, 2048))
	if !p.look() || p.now.Fault == "" || p.now.Dir != "" {
		t.Errorf("a stick without file system: %+v", p.now)
	}
	p.plug("sda2", usb, fat)
	p.plug("sda3", usb, fat)
	p.refuses = "sda2"
	if !p.look() || p.now != (hal.Stick{Dir: "/run/stick/recordings"}) {
		t.Errorf("told %+v", p.now)
	}
	if p.look() {
		t.Error("told of no change")
	}
	p.pull("sda", "sda1", "sda2", "sda3")
	if !p.look() || p.now != (hal.Stick{}) || !slices.Equal(p.mounts, []string{"sda3 vfat", "none"}) {
		t.Errorf("told %+v, did %q", p.now, p.mounts)
	}
}

func TestTheDaemonIsToldOfSticks(t *testing.T) {
	p := newPort(t)
	ours, theirs := net.Pipe()
	disks, over := make(chan struct{}, 1), make(chan struct{})
	go func() { defer close(over); p.serve(t.Context(), theirs, disks) }()
	in := json.NewDecoder(ours)
	var s hal.Stick
	if err := in.Decode(&s); err != nil || s != (hal.Stick{}) {
		t.Fatalf("told %+v, %v", s, err)
	}
	p.plug("sda", "usb1/1-1", format(t, "mkfs.vfat", "-F16"))
	disks <- struct{}{}
	if err := in.Decode(&s); err != nil || s.Dir == "" {
		t.Fatalf("told %+v, %v", s, err)
	}
	ours.Close() // and it is unmounted
	<-over
	if last := p.mounts[len(p.mounts)-1]; last != "none" {
		t.Errorf("did %q", p.mounts)
	}
}

// the folder on a stick is made once, and is a folder: what leads elsewhere is nobody's business.
func TestStickFolder(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		if err := makeStickFolder(dir, os.Getuid(), os.Getgid()); err != nil {
			t.Fatal(err)
		}
	}
	evil := t.TempDir()
	if err := os.Symlink(dir, filepath.Join(evil, stickFolder)); err != nil {
		t.Fatal(err)
	}
	if err := makeStickFolder(evil, os.Getuid(), os.Getgid()); err == nil {
		t.Error("a link was followed")
	}
}
