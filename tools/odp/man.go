package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

type manCmd struct{}

// Run prints the manual page, made of the same words as --help.
func (manCmd) Run(sh *shell, app *kong.Kong) error {
	_, err := io.WriteString(sh.out, manual(app.Model))
	return err
}

// manual writes odp(1) in man(7) macros.
func manual(app *kong.Application) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH ODP 1 \"\" \"odp %s\" \"User Commands\"\n.SH NAME\nodp \\- program for the PC beside an Open Desk Phone\n", escape(version))
	b.WriteString(".SH SYNOPSIS\n.B odp\n.RI [ options ]\n.I command\n.RI [ arguments ]\n.SH DESCRIPTION\n")
	paragraphs(&b, description)
	b.WriteString(".SH OPTIONS\n")
	flags(&b, app.Flags)
	b.WriteString(".SH COMMANDS\n")
	for _, n := range app.Leaves(true) {
		command(&b, n)
	}
	b.WriteString(manualEnd)
	return b.String()
}

func command(b *strings.Builder, n *kong.Node) {
	fmt.Fprintf(b, ".SS \"%s\"\n", escape("odp "+strings.TrimSpace(strings.TrimSuffix(n.Path(), "[flags]"))))
	paragraphs(b, n.Help)
	for _, p := range n.Positional {
		fmt.Fprintf(b, ".TP\n.I %s\n%s\n", escape(p.Name), text(p.Help))
	}
	flags(b, n.Flags)
	detail := n.Detail
	if detail == "" && n.Parent != nil && n.Parent.DefaultCmd == n {
		detail = n.Parent.Detail
	}
	paragraphs(b, detail)
}

func flags(b *strings.Builder, all []*kong.Flag) {
	for _, f := range all {
		if f.Hidden {
			continue
		}
		name := "--" + f.Name
		if f.Short != 0 {
			name = fmt.Sprintf("-%c, %s", f.Short, name)
		}
		if !f.IsBool() {
			name += "=" + f.FormatPlaceHolder()
		}
		fmt.Fprintf(b, ".TP\n.B %s\n%s\n", escape(name), text(f.Help))
	}
}

// paragraphs writes text; lines that begin with blanks are examples and stay lines.
func paragraphs(b *strings.Builder, s string) {
	example := false
	for l := range strings.SplitSeq(strings.TrimSpace(s), "\n") {
		if code := strings.HasPrefix(l, "  "); code != example {
			example = code
			b.WriteString(map[bool]string{true: ".RS 4\n.nf\n", false: ".fi\n.RE\n"}[code])
		}
		switch {
		case example:
			b.WriteString(text(l[2:]) + "\n")
		case strings.TrimSpace(l) == "":
			b.WriteString(".PP\n")
		default:
			b.WriteString(text(l) + "\n")
		}
	}
	if example {
		b.WriteString(".fi\n.RE\n")
	}
	b.WriteString(".PP\n")
}

// text is a line that is no macro, whatever it begins with.
func text(s string) string {
	if s = escape(s); strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = "\\&" + s
	}
	return s
}

var escape = strings.NewReplacer("\\", "\\e", "-", "\\-", "\"", "\\(dq").Replace

const manualEnd = `.SH EXIT STATUS
.TP
.B 0
Done.
.TP
.B 1
The phone refused, or something failed.
.TP
.B 2
The command line is wrong.
.TP
.B 3
No phone was found, or it is not reachable.
.TP
.B 4
The phone is plugged in, but this user may not open it.
.TP
.B 5
The phone is not paired with this computer.
.TP
.B 6
The agent cannot be started.
.SH ENVIRONMENT
.TP
.B ODP_PHONE
The phone to use, as with
.BR \-\-phone .
.TP
.BR XDG_STATE_HOME ", " XDG_DATA_HOME ", " XDG_RUNTIME_DIR
Where identity and pairings, contacts and preferences, and the socket are kept, each in a folder odp.
.SH FILES
.TP
.I ~/.local/state/odp/identity.json
This computer's key. Whoever has it may use the phones that are paired.
.TP
.I ~/.local/state/odp/pairings.json
The phones that are paired, with their keys.
.TP
.I ~/.local/share/odp/contacts.json
The address book.
.TP
.I /lib/udev/rules.d/70\-odp.rules
Lets whoever sits at the computer open the phone.
.SH SEE ALSO
.BR xdg\-open (1),
.BR udev (7),
.BR systemctl (1)
`
