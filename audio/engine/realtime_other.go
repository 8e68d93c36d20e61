//go:build !linux

package engine

import (
	"errors"
	"time"
)

// Realtime is for Linux; elsewhere it errs and the thread stays as it is.
func Realtime(int) error { return errors.ErrUnsupported }

func sleep(d time.Duration) { time.Sleep(d) }
