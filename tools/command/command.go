// Package command reads command lines by kong for the workshop's programs, and gives back the exit status where kong would
// leave the program: so a test can run a whole command.
package command

import (
	"fmt"
	"io"

	"github.com/alecthomas/kong"
)

// Wrong is the exit status of a wrong command line.
const Wrong = 2

// exited carries the status out of kong, which calls its exit function in the midst of parsing.
type exited int

// Parse fills the grammar, a struct with kong's tags, from args. If there is nothing left to do (help was asked for, or the
// command line is wrong and stderr has been told), the context is nil and status the one to exit with.
func Parse(grammar any, name, description string, args []string, stdout, stderr io.Writer, options ...kong.Option) (ctx *kong.Context, status int) {
	defer func() {
		if p := recover(); p != nil {
			code, ok := p.(exited)
			if !ok {
				panic(p)
			}
			ctx, status = nil, int(code)
		}
	}()
	options = append([]kong.Option{kong.Name(name), kong.Description(description), kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { panic(exited(code)) }), kong.ConfigureHelp(kong.HelpOptions{WrapUpperBound: 120})}, options...)
	k, err := kong.New(grammar, options...)
	if err != nil {
		panic(err) // the grammar is wrong
	}
	if ctx, err = k.Parse(args); err != nil {
		fmt.Fprintf(stderr, "%s: %v (see %s --help)\n", name, err, name)
		return nil, Wrong
	}
	return ctx, 0
}
