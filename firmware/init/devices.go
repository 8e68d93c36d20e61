package main

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// The phone daemon's user and the groups that own devices; the numbers are also in tools/mkimage.
const (
	phoneUID = 1000
	phoneGID = 1000
	audioGID = 29
	videoGID = 44
	inputGID = 104
)

// deviceRules give device nodes to the groups of the daemon that may use them; all others stay
// root's. The pattern is below /dev.
var deviceRules = []struct {
	pattern string
	gid     int
}{
	{"dri/card*", videoGID}, {"fb*", videoGID}, {"input/event*", inputGID}, {"snd/*", audioGID},
	{"vport*", phoneGID}, {"gpiochip*", phoneGID}, {"watchdog*", phoneGID}, {"hidg*", phoneGID},
}

// deviceGroup finds the group of a node, given below /dev.
func deviceGroup(name string) (gid int, ok bool) {
	for _, r := range deviceRules {
		if match, _ := path.Match(r.pattern, name); match {
			return r.gid, true
		}
	}
	return 0, false
}

// uevent is what the kernel says about a device that came or went
// (Documentation/ABI/testing/sysfs-uevent; the message is "action@path" and KEY=value strings).
type uevent struct {
	action, devpath, subsystem, devname string
}

func parseUevent(msg []byte) (e uevent, ok bool) {
	for i, field := range bytes.Split(msg, []byte{0}) {
		key, v, found := strings.Cut(string(field), "=")
		if i == 0 || !found {
			continue
		}
		switch key {
		case "ACTION":
			e.action = v
		case "DEVPATH":
			e.devpath = v
		case "SUBSYSTEM":
			e.subsystem = v
		case "DEVNAME":
			e.devname = v
		}
	}
	clean := filepath.IsLocal(e.devname) || e.devname == ""
	return e, clean && e.action != "" && strings.HasPrefix(e.devpath, "/") && path.Clean(e.devpath) == e.devpath
}

// watchDevices gives devices their groups, those that are there and those that come later. It puts a word into disks, which
// has a capacity of 1, when a disk has come, gone or changed.
func watchDevices(ctx context.Context, disks chan<- struct{}, log *slog.Logger) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_KOBJECT_UEVENT)
	if err != nil {
		log.Error("no device events", "err", err)
		return
	}
	defer unix.Close(fd)
	// The receive time-out lets the loop notice that the machine is going down.
	err = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 500_000})
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: 1})
	}
	if err != nil {
		log.Error("no device events", "err", err)
		return
	}
	for _, r := range deviceRules {
		nodes, _ := filepath.Glob("/dev/" + r.pattern)
		for _, n := range nodes {
			ownDevice(n, r.gid, log)
		}
	}
	ownLights("/sys/class/leds/*/brightness", log)
	ownLights("/sys/class/backlight/*/brightness", log)
	buf := make([]byte, 16<<10)
	for ctx.Err() == nil {
		n, from, err := unix.Recvfrom(fd, buf, 0)
		if sender, ok := from.(*unix.SockaddrNetlink); err != nil || !ok || sender.Pid != 0 {
			continue // time-out, or not from the kernel
		}
		e, ok := parseUevent(buf[:n])
		switch {
		case ok && e.subsystem == "block":
			select {
			case disks <- struct{}{}:
			default:
			}
		case ok && e.action == "add":
			deviceCame(e, log)
		}
	}
}

func deviceCame(e uevent, log *slog.Logger) {
	if gid, ok := deviceGroup(e.devname); ok {
		ownDevice("/dev/"+e.devname, gid, log)
	}
	if e.subsystem == "leds" || e.subsystem == "backlight" {
		ownLights("/sys"+e.devpath+"/brightness", log)
	}
}

func ownDevice(node string, gid int, log *slog.Logger) {
	if err := os.Chown(node, 0, gid); err != nil {
		log.Warn("device without owner", "err", err)
		return
	}
	if err := os.Chmod(node, 0o660); err != nil {
		log.Warn("device without owner", "err", err)
	}
}

func ownLights(pattern string, log *slog.Logger) {
	files, _ := filepath.Glob(pattern)
	for _, f := range files {
		if err := os.Chown(f, phoneUID, phoneGID); err != nil {
			log.Warn("light without owner", "err", err)
		}
	}
}
