package main

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"opendeskphone/firmware/phone"
)

// milestones tells the console, through init, when a line registers or fails: a line that begins with
// "odp: " and ends with the machine's uptime in seconds.
func milestones(ctx context.Context, c phone.Control) {
	var last []phone.LineState
	started := false
	for seq := phone.Seq(0); ; {
		for _, l := range c.State().Lines {
			if int(l.ID) >= len(last) {
				last = append(last, phone.LineOff)
			}
			if last[l.ID] == l.State {
				continue
			}
			last[l.ID] = l.State
			words := l.State.String()
			if l.State == phone.LineFailing {
				words += " (" + l.Fault.String() + ")"
			}
			fmt.Printf("odp: phoned: line %s %s %s\n", l.Label, words, uptime())
			if l.State == phone.LineRegistered && !started {
				started = true
				debug.FreeOSMemory() // what starting up took: certificates, fonts, settings on their way
			}
		}
		u, err := c.Watch(ctx, seq)
		if err != nil {
			return
		}
		seq = u.State.Seq
	}
}

// uptime is the time since the kernel started, in seconds.
func uptime() string {
	text, err := os.ReadFile("/proc/uptime")
	if err != nil {
		return "?"
	}
	up, _, _ := strings.Cut(string(text), " ")
	return up
}
