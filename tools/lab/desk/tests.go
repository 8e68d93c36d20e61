package desk

import (
	"flag"
	"os"

	"opendeskphone/tools/lab"
)

// RunTests is the TestMain of tests that start twins: they come before what else the machine does, so that real time
// is measured. It does not return.
func RunTests(m interface{ Run() int }) {
	TwinMain() // does not return in the process of a twin
	flag.Parse()
	relax := lab.Hurry()
	code := m.Run()
	relax()
	os.Exit(code)
}
