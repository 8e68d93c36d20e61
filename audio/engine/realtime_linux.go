package engine

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Realtime gives the calling thread the real-time rank (1 to 99, SCHED_FIFO), for itself alone and
// not for threads it may start. It errs when the process has no right to it.
func Realtime(rank int) error {
	err := unix.SchedSetAttr(0, &unix.SchedAttr{
		Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Flags: unix.SCHED_FLAG_RESET_ON_FORK, Priority: uint32(rank),
	}, 0)
	if err != nil {
		return fmt.Errorf("engine: set real-time rank: %w", err)
	}
	return nil
}

// sleep makes the calling thread sleep. Go's own timers are woken by its network poller, which
// counts in milliseconds: too coarse to pace a voice by.
func sleep(d time.Duration) {
	if d <= 0 {
		return
	}
	left := unix.NsecToTimespec(int64(d))
	for unix.ClockNanosleep(unix.CLOCK_MONOTONIC, 0, &left, &left) == unix.EINTR {
	}
}
