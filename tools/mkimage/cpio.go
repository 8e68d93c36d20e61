package main

import (
	"fmt"
	"io"
	"time"
)

// cpioWriter writes the "newc" archive the kernel unpacks as its first root file system
// (Documentation/driver-api/early-userspace/buffer-format.rst). Everything belongs to root, so that
// no root is needed to make it, device node included.
type cpioWriter struct {
	w     io.Writer
	mtime time.Time
	inode int
	err   error
}

// Bits of the mode field.
const (
	modeDir  = 0o040000
	modeChar = 0o020000
	modeFile = 0o100000
)

func (c *cpioWriter) Dir(name string) { c.entry(name, modeDir|0o755, nil, 0, 0) }
func (c *cpioWriter) File(name string, perm int, data []byte) {
	c.entry(name, modeFile|perm, data, 0, 0)
}
func (c *cpioWriter) Char(name string, perm, major, minor int) {
	c.entry(name, modeChar|perm, nil, major, minor)
}

// Close ends the archive and gives the first error met.
func (c *cpioWriter) Close() error {
	c.inode = 0
	c.entry("TRAILER!!!", 0, nil, 0, 0)
	return c.err
}

func (c *cpioWriter) entry(name string, mode int, data []byte, major, minor int) {
	if c.err != nil {
		return
	}
	c.inode++
	head := fmt.Sprintf("070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", c.inode, mode, 0, 0, 1,
		c.mtime.Unix(), len(data), 0, 0, major, minor, len(name)+1, 0)
	c.padded(append([]byte(head+name), 0))
	c.padded(data)
}

// padded writes b and fills up to a multiple of four, as header and data each must be.
func (c *cpioWriter) padded(b []byte) {
	if n := len(b) % 4; n != 0 {
		b = append(b[:len(b):len(b)], make([]byte, 4-n)...)
	}
	if _, err := c.w.Write(b); err != nil && c.err == nil {
		c.err = fmt.Errorf("mkimage: write archive: %w", err)
	}
}
