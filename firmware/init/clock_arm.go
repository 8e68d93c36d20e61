package main

import "time"

func slewMicros(d time.Duration) int32 { return int32(d.Microseconds()) }
