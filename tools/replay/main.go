// Command replay runs a flight record of the phone through phone.Step again and prints every step.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"unicode"

	"opendeskphone/firmware/diag"
	"opendeskphone/firmware/phone"
	"opendeskphone/tools/command"
)

// Exit statuses, as the help tells them.
const (
	same       = 0
	different  = 1
	unreadable = command.Wrong
)

type arguments struct {
	Record string `arg:"" help:"Flight record to run, as the phone leaves it in /data/crash; - reads standard input." placeholder:"RECORD"`
	From   int    `help:"First step to print. The steps before it are run all the same." default:"1" placeholder:"N"`
	To     int    `help:"Last step to print; 0 is the last there is." default:"0" placeholder:"N"`
	State  bool   `help:"Print the whole state after each step too, as JSON." short:"s"`
	Quiet  bool   `help:"Print only what the record is and how the replay ended." short:"q"`
}

const description = `Runs the flight record of a phone again.

The phone keeps the last 2,000 commands and events of its centre, and writes them into a file when it crashes. The centre is a pure
function, so the same inputs do the same again: replay feeds them to it one by one and prints each with the changes, effects and refusals
that came of it, up to the panic, if there was one.

Every step is run twice and compared, and wherever the record holds a whole state, the replayed one must equal it to the bit. Use the
replay of the version that wrote the record; another may decide otherwise.

EXIT STATUS

  0  the replay went as the record says
  1  it did not, and the difference was printed
  2  the record cannot be read, or the command line is wrong

EXAMPLES

  replay crash-20260601T120000.000.rec
  replay --from 1980 --state crash-20260601T120000.000.rec
  ssh phone cat /data/crash/crash-20260601T120000.000.rec | replay -`

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	var a arguments
	ctx, status := command.Parse(&a, "replay", description, args, stdout, stderr)
	if ctx == nil {
		return status
	}
	f, err := read(a.Record, stdin)
	if err != nil {
		fmt.Fprintf(stderr, "replay: %v\n", err)
		return unreadable
	}
	return a.replay(f, stdout)
}

func read(path string, stdin io.Reader) (*diag.Flight, error) {
	if path == "-" {
		return diag.Read(stdin)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return diag.Read(file)
}

func (a *arguments) replay(f *diag.Flight, out io.Writer) int {
	fmt.Fprintf(out, "record of version %s, %s\n%s\n", clean(f.Version), f.At.Format("2006-01-02 15:04:05.000 -0700"), clean(f.Reason))
	steps, panicked := 0, false
	end, err := f.Replay(func(s diag.Step) {
		steps, panicked = s.N, s.Panic != nil
		if !a.Quiet && s.N >= a.From && (a.To == 0 || s.N <= a.To) {
			a.print(out, s)
		}
	})
	fmt.Fprintf(out, "\n%d steps, at the end %s\n", steps, brief(end))
	switch {
	case err != nil:
		fmt.Fprintf(out, "DIFFERENT: %s\n", clean(err.Error()))
		return different
	case panicked:
		fmt.Fprintln(out, "the last step panics, here as there")
	default:
		fmt.Fprintln(out, "the replay went as the record says")
	}
	return same
}

func (a *arguments) print(out io.Writer, s diag.Step) {
	fmt.Fprintf(out, "\n%6d  %s  %-8s %s\n", s.N, s.Entry.At.Format("15:04:05.000"), clean(string(s.Entry.By)), show(s.Entry.In))
	row := func(mark, text string) { fmt.Fprintf(out, "        %-8s %s\n", mark, text) }
	row("before", brief(s.Before))
	for _, c := range s.Changes {
		row("change", change(c))
	}
	for _, e := range s.Effects {
		row("effect", show(e))
	}
	switch {
	case s.Panic != nil:
		row("PANIC", clean(fmt.Sprint(s.Panic)))
	case s.Refusal != nil:
		row("refused", s.Refusal.Error())
	case len(s.Changes) > 0:
		row("after", brief(s.After))
	}
	if a.State {
		row("state", encode(s.After))
	}
}

// show writes an input or effect by its name and fields.
func show(v any) string {
	text := fmt.Sprintf("%s%+v", reflect.TypeOf(v).Name(), v)
	return clean(marks.Replace(text))
}

// marks are the embedded types that tell commands, events and effects apart.
var marks = strings.NewReplacer("{cmd:{} ", "{", "{evt:{} ", "{", "{fx:{} ", "{", "{cmd:{}}", "", "{evt:{}}", "", "{fx:{}}", "")

// clean keeps what a stranger wrote from steering the terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) || r == '\n' || r == '\t' {
			return r
		}
		return '\uFFFD'
	}, s)
}

func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func change(c phone.Change) string {
	switch {
	case c.What == phone.CallChanged && c.From == c.To:
		return fmt.Sprintf("%d: call %d", c.Seq, c.Call)
	case c.What == phone.CallChanged:
		return fmt.Sprintf("%d: call %d %v -> %v, cause %v", c.Seq, c.Call, c.From, c.To, c.Cause)
	case c.What == phone.LineStateChanged:
		return fmt.Sprintf("%d: line %d", c.Seq, c.Line)
	}
	return fmt.Sprintf("%d: %v", c.Seq, c.What)
}

// brief is a state in a line.
func brief(s phone.State) string {
	var parts []string
	for _, c := range s.Calls {
		parts = append(parts, fmt.Sprintf("call %d %v", c.ID, c.State))
	}
	for _, l := range s.Lines {
		if l.State != phone.LineRegistered {
			parts = append(parts, fmt.Sprintf("line %d %v", l.ID, l.State))
		}
	}
	if s.OffHook {
		parts = append(parts, "off hook")
	}
	if s.Muted {
		parts = append(parts, "muted")
	}
	parts = append(parts, s.Path.String())
	return fmt.Sprintf("[%d] %s", s.Seq, strings.Join(parts, ", "))
}
