//go:build !arm

package main

import "time"

func slewMicros(d time.Duration) int64 { return d.Microseconds() }
