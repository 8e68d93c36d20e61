package lab

import (
	"os"
	"strconv"
	"strings"
)

// Spent is the share of idle time below which a machine has no time left: emulators work in bursts, and who emulates on it
// does not keep up, whatever is emulated. Two processors that others leave alone are idle for a fifth of the time beside a phone.
const Spent = 0.15

// WatchIdle gives a function that tells the share of the time since then in which the machine's processors had nothing to do.
func WatchIdle() func() float64 {
	idle, all := processors()
	return func() float64 {
		i, a := processors()
		return float64(i-idle) / float64(max(1, a-all))
	}
}

// processors gives the time of all processors since the start, idle and all of it (proc(5), /proc/stat), zero where there is none.
func processors() (idle, all int) {
	text, _ := os.ReadFile("/proc/stat") // zero is no idle time
	line, _, _ := strings.Cut(string(text), "\n")
	for i, f := range strings.Fields(line) {
		n, err := strconv.Atoi(f)
		if err != nil || i > 8 { // what guests get is in user time already
			continue
		}
		if all += n; i == 4 || i == 5 { // idle, waiting for disks
			idle += n
		}
	}
	return idle, all
}
