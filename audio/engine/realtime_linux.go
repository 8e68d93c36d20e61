package engine

import (
	"fmt"

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
