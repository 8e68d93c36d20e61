package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"opendeskphone/hal"
)

const (
	stickMount  = "/run/stick"
	stickFolder = "recordings"
	maxSticks   = 32               // disks and partitions looked at
	stickTime   = 10 * time.Second // for the daemon to take a word about a stick
)

// A stick was made by somebody else: nothing on it is run, no device, no other user and no link on it leads anywhere, and a
// file that is closed or removed is so when the stick is pulled.
const stickFlags = quietMount | unix.MS_NOATIME | unix.MS_DIRSYNC | unix.MS_NOSYMFOLLOW

// stickOptions are the file systems taken, and how. Whoever made one may have asked for a panic at its faults.
var stickOptions = map[string]string{
	"vfat":  fmt.Sprintf("uid=%d,gid=%d,fmask=0177,dmask=0077,codepage=437,iocharset=ascii,flush,errors=remount-ro", phoneUID, phoneGID),
	"exfat": fmt.Sprintf("uid=%d,gid=%d,fmask=0177,dmask=0077,errors=remount-ro", phoneUID, phoneGID),
	"ext4":  "errors=remount-ro",
}

// stickKind tells the file system by the first 2 KiB of a disk or partition; empty: none that is taken.
func stickKind(head []byte) string {
	if len(head) < superblockAt+superblockSize {
		return ""
	}
	boot := head[510] == 0x55 && head[511] == 0xaa
	switch {
	case boot && string(head[3:11]) == "EXFAT   ": // exFAT specification, section 3.1
		return "exfat"
	case boot && (string(head[54:57]) == "FAT" || string(head[82:85]) == "FAT"): // FAT specification, section 3: FAT12 and 16, FAT32
		return "vfat"
	case health(head) != dataBlank:
		return "ext4"
	}
	return ""
}

var stickName = regexp.MustCompile(`^sd[a-z]{1,2}[0-9]{0,2}$`)

// findSticks lists the disks on USB and their partitions, each disk before its own; block is /sys/class/block.
func findSticks(block string) []string {
	entries, _ := os.ReadDir(block) // without it there are none
	var found []string
	for _, e := range entries {
		to, err := os.Readlink(filepath.Join(block, e.Name()))
		if err == nil && stickName.MatchString(e.Name()) && strings.Contains(to, "/usb") && len(found) < maxSticks {
			found = append(found, e.Name())
		}
	}
	return found
}

// sticks looks after the USB stick that is mounted.
type sticks struct {
	block, dev string                        // folders of the kernel: what there is, and its nodes
	mount      func(node, kind string) error // makes the phone's folder on it, too
	unmount    func() error
	told       func(milestone string) // for the console
	log        *slog.Logger
	mounted    string // name of what is mounted; empty: nothing
	now        hal.Stick
}

// look mounts the first stick that can be, or unmounts one that has gone, and tells whether anything is other than before.
func (s *sticks) look() bool {
	before := s.now
	found := findSticks(s.block)
	for _, name := range found {
		if name == s.mounted {
			return false
		}
	}
	s.leave()
	for _, name := range found {
		if s.try(name) {
			break
		}
	}
	return s.now != before
}

// try mounts one, if it has a file system.
func (s *sticks) try(name string) bool {
	node := filepath.Join(s.dev, name)
	kind, err := readKind(node)
	if err == nil && kind == "" {
		if s.now.Fault == "" {
			s.now.Fault = "it has no file system of FAT, exFAT or ext4"
		}
		return false
	}
	if err == nil {
		err = s.mount(node, kind)
	}
	if err != nil {
		s.log.Error("a USB stick cannot be used", "err", err)
		s.now.Fault = err.Error()
		return false
	}
	s.log.Info("USB stick", "name", name, "file system", kind)
	s.told("stick " + kind)
	s.mounted, s.now = name, hal.Stick{Dir: filepath.Join(stickMount, stickFolder)}
	return true
}

// leave unmounts what is mounted, though files on it may be open yet.
func (s *sticks) leave() {
	if s.mounted != "" {
		if err := s.unmount(); err != nil {
			s.log.Error("a USB stick cannot be left", "err", err)
		}
		s.log.Info("no USB stick any more")
		s.told("stick gone")
	}
	s.mounted, s.now = "", hal.Stick{}
}

func readKind(node string) (string, error) {
	f, err := os.Open(node)
	if err != nil {
		return "", fmt.Errorf("init: USB stick: %w", err)
	}
	defer f.Close()
	head := make([]byte, superblockAt+superblockSize)
	if _, err := f.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("init: read USB stick: %w", err)
	}
	return stickKind(head), nil
}

// mountStick mounts a stick and gives the phone its folder there.
func mountStick(node, kind string) error {
	if err := os.MkdirAll(stickMount, 0o755); err != nil {
		return fmt.Errorf("init: %w", err)
	}
	err := unix.Mount(node, stickMount, kind, stickFlags, stickOptions[kind])
	switch {
	case errors.Is(err, unix.EROFS) || errors.Is(err, unix.EACCES):
		return errors.New("init: the USB stick is write-protected")
	case err != nil:
		return fmt.Errorf("init: mount USB stick with %s: %w", kind, err)
	}
	if err := makeStickFolder(stickMount, phoneUID, phoneGID); err != nil {
		return errors.Join(err, unmountStick())
	}
	return nil
}

func unmountStick() error { return unix.Unmount(stickMount, unix.MNT_DETACH) }

// makeStickFolder makes the phone's folder, or takes the one that is there; what only looks like one is not taken.
func makeStickFolder(root string, uid, gid int) error {
	path := filepath.Join(root, stickFolder)
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("init: folder on the USB stick: %w", err)
	}
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("init: folder on the USB stick: %w", err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err == nil && int(st.Uid) == uid && int(st.Gid) == gid {
		return nil // FAT and exFAT have one owner, and cannot be given another
	}
	if err := unix.Fchown(fd, uid, gid); err != nil {
		return fmt.Errorf("init: folder on the USB stick: %w", err)
	}
	return nil
}

// serveSticks gives the daemon the USB stick for as long as it wants one. It looks for one when the devices are ready.
func (m *machine) serveSticks(ctx context.Context, ready, disks <-chan struct{}) {
	l, err := net.Listen("unix", hal.StickSocket)
	if err == nil {
		err = errors.Join(os.Chown(hal.StickSocket, 0, phoneGID), os.Chmod(hal.StickSocket, 0o660))
	}
	if err != nil {
		m.log.Error("no USB sticks", "err", err)
		return
	}
	defer context.AfterFunc(ctx, func() { l.Close() })()
	s := &sticks{block: "/sys/class/block", dev: "/dev", mount: mountStick, unmount: unmountStick, told: m.con.milestone, log: m.log}
	for first := true; ; first = false {
		c, err := l.Accept()
		if err != nil {
			if ctx.Err() == nil {
				m.log.Error("no USB sticks any more", "err", err)
			}
			return
		}
		if first { // not before: they shall not delay the first call, and cost memory
			select {
			case <-ready:
			case <-ctx.Done():
				c.Close()
				return
			}
			m.load(m.modules, "stick")
		}
		s.serve(ctx, c, disks)
	}
}

// serve tells one client of sticks until it goes or ctx ends.
func (s *sticks) serve(ctx context.Context, c net.Conn, disks <-chan struct{}) {
	defer c.Close()
	defer s.leave()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, _ = io.Copy(io.Discard, c) // its end, not its word, is awaited
	}()
	out := json.NewEncoder(c)
	for tell := true; ; {
		if s.look() || tell {
			err := errors.Join(c.SetWriteDeadline(time.Now().Add(stickTime)), out.Encode(s.now))
			if err != nil {
				return
			}
		}
		tell = false
		select {
		case <-disks:
		case <-gone:
			return
		case <-ctx.Done():
			return
		}
	}
}
