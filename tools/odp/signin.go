package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"opendeskphone/firmware/tpcp"
	"opendeskphone/tools/odp/pc"
)

type signInCmd struct {
	Address   string `arg:"" help:"Address of record, like sip:anna@pbx.example."`
	User      string `help:"User name for the server; the user part of the address if left out." placeholder:"NAME"`
	Realm     string `help:"Realm of the server. With it only digests of the password leave this computer." placeholder:"REALM"`
	Name      string `help:"Your name, as others see it." placeholder:"NAME"`
	Registrar string `help:"Server to register with, if it is not the domain of the address." placeholder:"HOST"`
	Proxy     string `help:"Outbound proxy." placeholder:"HOST"`
	Transport string `help:"How requests travel: tls, tcp or udp." enum:"tls,tcp,udp" default:"tls"`
	Stdin     bool   `name:"password-stdin" help:"Read the password from standard input and ask nothing."`
}

func (signInCmd) Help() string {
	return `Signs the phone in with an account: the phone makes a line of it and registers. The cable must be plugged in, and you are asked on the phone's screen.

The password is asked for here and not shown. It is sealed to the phone on its way, the phone keeps it encrypted, and nobody can read it back. With --realm only digests are sent, which sign in to that realm alone.

Examples:
  odp signin sip:anna@pbx.example
  odp signin sip:100@pbx.example --realm pbx.example --name "Anna Berg"
  pass show pbx | odp signin sip:100@pbx.example --password-stdin`
}

// registerTime is how long the phone may take to register.
const registerTime = 20 * time.Second

// Run implements the command.
func (c *signInCmd) Run(sh *shell) error {
	if !strings.HasPrefix(c.Address, "sip:") && !strings.HasPrefix(c.Address, "sips:") {
		c.Address = "sip:" + c.Address
	}
	p, err := sh.ready()
	if err != nil {
		return err
	}
	password, err := sh.password(c.Stdin)
	if err != nil {
		return err
	}
	fmt.Fprintln(sh.err, "Look at the phone: it asks whether to sign in.")
	account := pc.Account{AOR: c.Address, Display: c.Name, Registrar: c.Registrar, Transport: c.Transport, Proxy: c.Proxy,
		User: c.User, Realm: c.Realm, Password: password}
	var status tpcp.CredStatus
	if err := sh.do("POST", "signin", map[string]any{"phone": p.ID, "account": account}, &status); err != nil {
		return err
	}
	return sh.registered(p.ID, status.LineID)
}

// registered waits until the line has signed in, or says why it has not.
func (sh *shell) registered(phone, line string) error {
	ctx, cancel := context.WithTimeout(sh.ctx, registerTime)
	defer cancel()
	var last tpcp.Line
	err := sh.client.Follow(ctx, func(e pc.Event) error {
		if e.View == nil {
			return nil
		}
		for _, p := range e.View.Phones {
			for _, l := range p.Lines {
				if p.ID == phone && l.LineID == line {
					last = l
				}
			}
		}
		if last.State == "registered" || last.State == "failed" {
			return errSettled
		}
		return nil
	})
	if last.State == "registered" {
		return sh.print(last, func() { fmt.Fprintf(sh.out, "%s is signed in.\n", last.AOR) })
	}
	if sh.ctx.Err() != nil {
		return sh.ctx.Err()
	}
	if last.State == "" && err != nil && err != errSettled {
		return err
	}
	return &pc.Refusal{Kind: pc.ByPhone, Words: "The phone has the account, but the server does not sign it in.",
		Hint: "The phone's screen says why: press the key beside the line there."}
}

// password reads a password, from a terminal without showing it.
func (sh *shell) password(stdin bool) (string, error) {
	in, terminal := sh.in.(*os.File)
	terminal = terminal && isTerminal(in)
	if !stdin && !terminal {
		return "", &pc.Refusal{Kind: pc.Usage, Words: "Standard input is no terminal to type a password on.", Hint: "Say --password-stdin to read it from there."}
	}
	if terminal {
		fmt.Fprint(sh.err, "Password: ")
		defer fmt.Fprintln(sh.err)
		before, err := unix.IoctlGetTermios(int(in.Fd()), unix.TCGETS)
		if err != nil {
			return "", fmt.Errorf("hide the password: %w", err)
		}
		hidden := *before
		hidden.Lflag &^= unix.ECHO
		if err := unix.IoctlSetTermios(int(in.Fd()), unix.TCSETS, &hidden); err != nil {
			return "", fmt.Errorf("hide the password: %w", err)
		}
		defer unix.IoctlSetTermios(int(in.Fd()), unix.TCSETS, before)
	}
	text, err := bufio.NewReader(io.LimitReader(sh.in, 4096)).ReadString('\n')
	if text = strings.TrimRight(text, "\r\n"); text == "" {
		if err == nil || err == io.EOF {
			err = &pc.Refusal{Kind: pc.Usage, Words: "No password was given."}
		}
		return "", err
	}
	return text, nil
}

type signOutCmd struct {
	Line string `arg:"" optional:"" help:"Line; the first if left out." placeholder:"LINE"`
}

func (signOutCmd) Help() string {
	return `Makes the phone forget the sign-in data that "odp signin" gave it. The line stays, and says that it has no password.`
}

// Run implements the command.
func (c *signOutCmd) Run(sh *shell) error {
	p, err := sh.ready()
	if err != nil {
		return err
	}
	return sh.do("POST", "signout", map[string]any{"phone": p.ID, "line": c.Line}, nil)
}
