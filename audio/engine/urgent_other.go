//go:build !linux

package engine

import (
	"errors"
	"time"
)

// Urgent is for Linux; elsewhere it errs and the thread stays as it is.
func Urgent() error { return errors.ErrUnsupported }

// Thread names the calling thread for Calm.
func Thread() int { return 0 }

// Calm takes back what Urgent did to a thread.
func Calm(int) error { return nil }

// Sleep makes the calling thread sleep.
func Sleep(d time.Duration) { time.Sleep(d) }
