package desk

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"opendeskphone/firmware/phone"
)

// Census is what a twin's process holds.
type Census struct {
	Goroutines, Descriptors int
	RSS                     int64 // bytes, after all that nobody needs was given back
}

// Census counts what the twin's process holds.
func (t *Twin) Census() (c Census, err error) {
	if err := t.call("Goroutines", true, &c.Goroutines); err != nil {
		return c, err
	}
	if c.Descriptors, err = Descriptors(t.PID()); err != nil {
		return c, err
	}
	c.RSS, err = t.RSS()
	return c, err
}

// Descriptors is how many files and sockets a process of this machine has open.
func Descriptors(pid int) (int, error) {
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		return 0, fmt.Errorf("desk: count descriptors: %w", err)
	}
	return len(list), nil
}

// AnswerAll has somebody sit at the twin from now on who answers every call the moment it rings.
func (t *Twin) AnswerAll() error { return t.call("AnswerAll", true, new(bool)) }

// Goroutines gives memory back that nobody needs and counts the goroutines.
func (s *Service) Goroutines(_ bool, n *int) error {
	for range 3 { // a pool lets go at the second collection, and what that frees is given back by the third
		debug.FreeOSMemory()
	}
	*n = runtime.NumGoroutine()
	return nil
}

// AnswerAll answers calls until the process ends.
func (s *Service) AnswerAll(_ bool, _ *bool) error {
	go func() {
		for after := (phone.Seq)(0); ; {
			u, err := s.in.control.Watch(context.Background(), after)
			if err != nil {
				return
			}
			after = u.State.Seq
			for _, c := range u.State.Calls {
				if c.State == phone.Ringing {
					_ = s.in.control.Do(context.Background(), "twin", phone.Answer{Call: c.ID}) // it may have ended meanwhile
				}
			}
		}
	}()
	return nil
}
