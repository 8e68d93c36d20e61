package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// The data partition: /data belongs to the phone daemon, /data/system to init alone. /data is
// sticky, so that the daemon cannot put its own file in the place of one of ours.
const (
	systemDir  = "/data/system"
	logDir     = "/data/system/log"
	clockFile  = "/data/system/clock"  // its time stamp is the last known good time
	repairFile = "/data/system/repair" // what was last repaired, and why
)

const dataFlags = quietMount | unix.MS_NOATIME

// ext4's superblock: magic number and state (Documentation/filesystems/ext4/super.rst).
const (
	superblockAt   = 1024
	magicAt        = superblockAt + 0x38
	stateAt        = superblockAt + 0x3a
	stateErrors    = 2 // the kernel met a fault in the file system
	ext4Magic      = 0xef53
	superblockSize = 1024
)

// dataHealth is what the superblock tells before the partition is mounted.
type dataHealth int

const (
	dataGood  dataHealth = iota
	dataHurt             // has errors: repair
	dataBlank            // never made: make
)

// health judges the first 2 KiB of the partition.
func health(head []byte) dataHealth {
	if len(head) < superblockAt+superblockSize || int(head[magicAt])|int(head[magicAt+1])<<8 != ext4Magic {
		return dataBlank
	}
	if head[stateAt]&stateErrors != 0 {
		return dataHurt
	}
	return dataGood
}

// mountData mounts the data partition at whatever cost to the data: a journal is replayed by the
// kernel, a hurt file system is repaired, one beyond repair is made anew. What was done is told on
// the console and kept for the phone to tell.
func mountData(device string, r *reaper, con *console) error {
	if err := waitFor(device, 5*time.Second); err != nil {
		return err
	}
	head := make([]byte, superblockAt+superblockSize)
	f, err := os.Open(device)
	if err != nil {
		return fmt.Errorf("init: open data partition: %w", err)
	}
	_, err = f.ReadAt(head, 0)
	f.Close()
	state := health(head)
	if err != nil {
		state = dataBlank
	}
	mount := func() error { return unix.Mount(device, "/data", "ext4", dataFlags, "errors=remount-ro") }
	why := map[dataHealth]string{dataHurt: "the file system has errors", dataBlank: "the partition is blank"}[state]
	if state == dataGood {
		err := mount()
		if err == nil {
			con.milestone("data mounted")
			return nil
		}
		state, why = dataHurt, err.Error()
	}
	done, err := restoreData(device, state, r, mount)
	if err != nil {
		return err
	}
	con.milestone("data " + done)
	note := fmt.Sprintf("%s: %s\n", done, why)
	con.printf("data partition %s", strings.TrimSpace(note))
	if err := os.MkdirAll(systemDir, 0o755); err != nil {
		return fmt.Errorf("init: %w", err)
	}
	return os.WriteFile(repairFile, []byte(note), 0o644)
}

// restoreData repairs the partition or, failing that, makes it anew, and mounts it.
func restoreData(device string, state dataHealth, r *reaper, mount func() error) (done string, err error) {
	if state == dataHurt {
		code, err := r.Run("/sbin/e2fsck", "-y", device)
		if err == nil && code <= 1 && mount() == nil { // 1: errors corrected (e2fsck(8))
			return "repaired", nil
		}
	}
	code, err := r.Run("/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-L", "odp-data", device)
	if err != nil || code != 0 {
		return "", fmt.Errorf("init: make data partition: exit %d (%v)", code, err)
	}
	if err := mount(); err != nil {
		return "", fmt.Errorf("init: mount data partition: %w", err)
	}
	return "made anew", nil
}

// layOutData gives the folders of the data partition their owners. Without a partition they lie in
// memory, so that the phone still works.
func layOutData() error {
	var st unix.Statfs_t
	if err := unix.Statfs("/data", &st); err == nil && st.Type == unix.SQUASHFS_MAGIC {
		if err := unix.Mount("tmpfs", "/data", "tmpfs", quietMount, "size=16m"); err != nil {
			return fmt.Errorf("init: mount data in memory: %w", err)
		}
	}
	err := errors.Join(os.Chown("/data", 0, phoneGID), os.Chmod("/data", 0o770|os.ModeSticky),
		os.MkdirAll(logDir, 0o755), os.Chown(systemDir, 0, phoneGID), os.Chmod(systemDir, 0o750), os.Chmod(logDir, 0o755))
	// Everything but our own folder is the daemon's, what an image maker put there included.
	walkErr := filepath.WalkDir("/data", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || path == "/data":
			return err
		case path == systemDir || path == "/data/lost+found":
			return filepath.SkipDir
		}
		return os.Lchown(path, phoneUID, phoneGID)
	})
	if err := errors.Join(err, walkErr); err != nil {
		return fmt.Errorf("init: lay out data partition: %w", err)
	}
	return nil
}
