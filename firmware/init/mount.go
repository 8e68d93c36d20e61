package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const quietMount = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC

// mountKernel mounts what the kernel offers.
func mountKernel() error {
	for _, m := range []struct {
		kind, at string
		flags    uintptr
	}{{"devtmpfs", "/dev", unix.MS_NOSUID}, {"proc", "/proc", quietMount}, {"sysfs", "/sys", quietMount}} {
		if err := unix.Mount(m.kind, m.at, m.kind, m.flags, ""); err != nil {
			return fmt.Errorf("init: mount %s: %w", m.at, err)
		}
	}
	return nil
}

// mountRoot mounts the system disk and makes it the root of everything, this process included.
func mountRoot(device string) error {
	if err := waitFor(device, 5*time.Second); err != nil {
		return err
	}
	if err := unix.Mount(device, "/root", "squashfs", unix.MS_RDONLY|unix.MS_NODEV, ""); err != nil {
		return fmt.Errorf("init: mount system disk %s: %w", device, err)
	}
	for _, d := range []string{"/dev", "/proc", "/sys"} {
		if err := unix.Mount(d, "/root"+d, "", unix.MS_MOVE, ""); err != nil {
			return fmt.Errorf("init: move %s: %w", d, err)
		}
	}
	if err := errors.Join(os.Chdir("/root"), unix.Mount(".", "/", "", unix.MS_MOVE, ""), unix.Chroot("."), os.Chdir("/")); err != nil {
		return fmt.Errorf("init: change to the system disk: %w", err)
	}
	for _, d := range []string{"/run", "/tmp"} {
		if err := unix.Mount("tmpfs", d, "tmpfs", quietMount, "size=8m"); err != nil {
			return fmt.Errorf("init: mount %s: %w", d, err)
		}
	}
	if err := errors.Join(os.Mkdir("/dev/shm", 0o755), unix.Mount("tmpfs", "/dev/shm", "tmpfs", quietMount, "size=8m,mode=1777")); err != nil {
		return fmt.Errorf("init: mount /dev/shm: %w", err)
	}
	return nil
}

// waitFor waits until a device node is there: a driver may need a moment to find its disk.
func waitFor(path string, limit time.Duration) error {
	for end := time.Now().Add(limit); ; time.Sleep(10 * time.Millisecond) {
		_, err := os.Stat(path)
		if err == nil {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("init: no device: %w", err)
		}
	}
}
