package lab

import (
	"fmt"
	"os"
	"strings"
)

// autogroup holds the priority of a session's processes against those of other sessions. Where the
// kernel groups so, as Debian's does, the nice value of a process counts within its own session alone.
const autogroup = "/proc/self/autogroup"

// Hurry has this program, and all it starts, come before the other sessions of the machine, so that
// real time is measured and not how busy the machine is. relax gives that up again. Where the kernel
// or the rights do not allow it, nothing happens.
func Hurry() (relax func()) {
	text, err := os.ReadFile(autogroup)
	var group string
	var nice int
	if err != nil {
		return func() {}
	}
	if _, err := fmt.Sscanf(strings.TrimSpace(string(text)), "%s nice %d", &group, &nice); err != nil {
		return func() {}
	}
	set := func(n int) bool { return os.WriteFile(autogroup, fmt.Append(nil, n), 0) == nil }
	if !set(-15) {
		return func() {}
	}
	return func() { set(nice) }
}
