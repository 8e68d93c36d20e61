package engine

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Urgent has the kernel prefer the calling thread to all ordinary ones (nice -20), itself alone and not
// the threads it may start. It errs when the process has no right to it.
//
// It does not make the thread a real-time one. A thread that runs Go may have to wait for another thread of
// Go's, and does so by turning in a circle (runtime.casgstatus). On a single processor a thread of
// SCHED_FIFO turns there for ever, since the other is never let run: until the kernel ends it, the sound stands
// still for a second. docs/adr/0012.
func Urgent() error {
	err := unix.SchedSetAttr(0, &unix.SchedAttr{
		Size: unix.SizeofSchedAttr, Policy: unix.SCHED_NORMAL, Flags: unix.SCHED_FLAG_RESET_ON_FORK, Nice: mostUrgent,
	}, 0)
	if err != nil {
		return fmt.Errorf("engine: make the thread urgent: %w", err)
	}
	return nil
}

// Thread names the calling thread for Calm.
func Thread() int { return unix.Gettid() }

// Calm makes a thread of this process an ordinary one again; one that has ended is no error. What Urgent said of its children
// stays: only the privileged may take that back.
func Calm(thread int) error {
	err := unix.SchedSetAttr(thread, &unix.SchedAttr{
		Size: unix.SizeofSchedAttr, Policy: unix.SCHED_NORMAL, Flags: unix.SCHED_FLAG_RESET_ON_FORK,
	}, 0)
	if err != nil && err != unix.ESRCH {
		return fmt.Errorf("engine: make the thread an ordinary one: %w", err)
	}
	return nil
}

const mostUrgent = -20 // sched(7)

// Sleep makes the calling thread sleep. Go's own timers are woken by its network poller, which
// counts in milliseconds: too coarse to pace a voice by.
func Sleep(d time.Duration) {
	if d <= 0 {
		return
	}
	left := unix.NsecToTimespec(int64(d))
	for unix.ClockNanosleep(unix.CLOCK_MONOTONIC, 0, &left, &left) == unix.EINTR {
	}
}
