//go:build !linux

package engine

import (
	"errors"
	"time"
)

// Urgent is for Linux; elsewhere it errs and the thread stays as it is.
func Urgent() error { return errors.ErrUnsupported }

func sleep(d time.Duration) { time.Sleep(d) }
