package main

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// console is the serial line. Its lines are read by tests and by people: `odp: NAME: text seconds`.
type console struct {
	mu sync.Mutex
	w  io.Writer
}

// milestone says that something has been reached, with the time since the kernel's start.
func (c *console) milestone(what string) { c.printf("%s %s", what, uptime()) }

func (c *console) printf(format string, args ...any) {
	c.line("odp: init: " + fmt.Sprintf(format, args...))
}

// line writes one line whole, whatever it contains.
func (c *console) line(s string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	io.WriteString(c.w, strings.ReplaceAll(s, "\n", " | ")+"\r\n")
}

// uptime gives the seconds since the kernel's start, to the hundredth.
func uptime() string {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return "?"
	}
	return fmt.Sprintf("%d.%02d", t.Sec, t.Nsec/10_000_000)
}
