package main

import (
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unsafe"
)

// Of linux/input-event-codes.h.
const (
	evKey    = 1
	keyPower = 116
)

// watchPowerKey powers the machine off in order when its power key is pressed. The kernel shows the
// key of a device tree as an input device of the name gpio-keys.
func watchPowerKey(end chan<- ending) {
	names, _ := filepath.Glob("/sys/class/input/event*/device/name")
	for _, n := range names {
		if readLine(n) != "gpio-keys" {
			continue
		}
		node := strings.Split(n, "/")[4]
		f, err := os.Open("/dev/input/" + node)
		if err != nil {
			continue
		}
		go func() {
			defer f.Close()
			if readPowerKey(f) {
				end <- endPowerOff
			}
		}()
	}
}

// readPowerKey reads input events until the power key goes down. An event ends in type, code and
// value after a time stamp of two machine words.
func readPowerKey(r io.Reader) bool {
	const word = int(unsafe.Sizeof(uintptr(0)))
	event := make([]byte, 2*word+8)
	for {
		if _, err := io.ReadFull(r, event); err != nil {
			return false
		}
		e := event[2*word:]
		kind, code, value := binary.NativeEndian.Uint16(e), binary.NativeEndian.Uint16(e[2:]), binary.NativeEndian.Uint32(e[4:])
		if kind == evKey && code == keyPower && value == 1 {
			return true
		}
	}
}
