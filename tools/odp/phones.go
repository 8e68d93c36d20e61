package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"opendeskphone/firmware/tpcp"
	"opendeskphone/tools/odp/pc"
)

// do makes a request to the agent, which is started if it does not run.
func (sh *shell) do(method, path string, in, out any) error {
	if err := sh.start(); err != nil {
		return err
	}
	return sh.client.Do(sh.ctx, method, path, in, out)
}

// view asks the agent for all it knows.
func (sh *shell) view() (*pc.View, error) {
	var v pc.View
	return &v, sh.do("GET", "view", nil, &v)
}

// phone gives the phone that is worked with.
func (sh *shell) phone(v *pc.View) (*pc.Phone, error) {
	want := sh.cli.Phone
	for i := range v.Phones {
		p := &v.Phones[i]
		if want == "" && p.ID == v.Selected || want != "" && (strings.EqualFold(p.Name, want) || strings.HasPrefix(p.ID, strings.ToLower(want))) {
			return p, nil
		}
	}
	if want != "" {
		return nil, &pc.Refusal{Kind: pc.Usage, Words: fmt.Sprintf("No phone is called %q.", want), Hint: "\"odp status\" lists them."}
	}
	return nil, pc.Nothing(*v)
}

// now gives what the agent knows, and of it the phone that is worked with.
func (sh *shell) now() (*pc.View, *pc.Phone, error) {
	v, err := sh.view()
	if err != nil {
		return nil, nil, err
	}
	p, err := sh.phone(v)
	return v, p, err
}

// errSettled ends a Follow that has seen what it waited for.
var errSettled = errors.New("settled")

// settle is how long a command waits for an agent that has just begun to find its phone.
const settle = 6 * time.Second

// ready waits until the phone that is worked with takes requests, or it is clear that it will not.
func (sh *shell) ready() (*pc.Phone, error) {
	if err := sh.start(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(sh.ctx, settle)
	defer cancel()
	var last *pc.View
	said := false
	err := sh.client.Follow(ctx, func(e pc.Event) error {
		if e.View == nil {
			return nil
		}
		last = e.View
		p, err := sh.phone(last)
		if last.Looked && (err != nil || !passing(p.Link)) {
			return errSettled
		}
		if !said && err == nil && isTerminal(sh.err) {
			fmt.Fprintln(sh.err, "connecting to the phone ...")
			said = true
		}
		return nil
	})
	if last == nil {
		return nil, err
	}
	p, err := sh.phone(last)
	if err != nil {
		return nil, err
	}
	if p.Link != pc.Online {
		return nil, p.Why()
	}
	return p, nil
}

// passing tells whether a link is on its way to something else.
func passing(l pc.Link) bool { return l == pc.Attaching || l == pc.Connecting }

type statusCmd struct{}

func (statusCmd) Help() string {
	return `Shows every phone, how it is reached, its lines and its calls. With --json all that the agent knows.

Exit codes of all commands: 0 done, 1 the phone refused or something failed, 2 wrong command line, 3 no phone found or reachable, 4 no permission to open it, 5 not paired, 6 the agent cannot be started.`
}

// Run implements the command.
func (c *statusCmd) Run(sh *shell) error {
	_, err := sh.ready()
	var r *pc.Refusal
	if err != nil && !errors.As(err, &r) {
		return err
	}
	v, err := sh.view()
	if err != nil {
		return err
	}
	if err := sh.print(v, func() { sh.printStatus(v) }); err != nil {
		return err
	}
	if r != nil && sh.cli.JSON {
		return nil
	}
	if r != nil {
		return r
	}
	return nil
}

var links = map[pc.Link]string{
	pc.Absent: "not plugged in", pc.Denied: "no permission", pc.Unpaired: "not paired", pc.Attaching: "attaching", pc.Connecting: "connecting",
	pc.Waiting: "not reachable", pc.Refused: "refused",
}

var vias = map[string]string{"ip": "over the network", "cable": "through the cable"}

func (sh *shell) printStatus(v *pc.View) {
	for _, p := range v.Phones {
		state := links[p.Link]
		if p.Link == pc.Online {
			state = "connected " + vias[p.Via]
			if p.Via == "ip" && p.Attached {
				state += ", cable plugged in"
			}
		}
		fmt.Fprintf(sh.out, "%s  %s  (%s)\n", name(p), state, p.ID)
		if p.Lock != nil && p.Lock.Locked {
			fmt.Fprintln(sh.out, "  locked:", p.Lock.Why)
		}
		for _, l := range p.Lines {
			fmt.Fprintf(sh.out, "  line %s  %s  %s\n", l.LineID, l.AOR, l.State)
		}
		for _, c := range p.Calls {
			fmt.Fprintln(sh.out, "  "+callLine(v, c))
		}
		if p.Link == pc.Online && len(p.Calls) == 0 {
			fmt.Fprintln(sh.out, "  no calls")
		}
	}
}

func name(p pc.Phone) string {
	if p.Name == "" {
		return "Desk phone"
	}
	return p.Name
}

// callLine says how a call is, in a line.
func callLine(v *pc.View, c tpcp.Call) string {
	who, number := v.Party(c)
	if number != "" {
		who += " (" + number + ")"
	}
	state := c.State
	switch {
	case pc.Ringing(c) && c.Joins != "":
		state = "wants to join call " + c.Joins
	case pc.Ringing(c):
		if state = "rings"; pc.Worth(c.LegB) != "" {
			state += ", " + pc.Worth(c.LegB)
		}
	case c.Hold.Private:
		state = "on hold, privately"
	case c.Hold.Local:
		state = "on hold"
	case c.State == tpcp.StateConnected && c.Hold.Remote:
		state = "holds you"
	case c.State == tpcp.StateConnected:
		state = "talking"
	}
	if c.AnsweredAt != nil {
		state += " " + time.Since(c.AnsweredAt.Time).Truncate(time.Second).String()
	}
	if c.LegA.Muted && active(c) {
		state += ", muted"
	}
	arrow := map[string]string{"in": "<-", "out": "->"}[c.Dir]
	return fmt.Sprintf("call %s  %s %s  %s", c.CallID, arrow, who, state)
}

type pairCmd struct {
	Yes string `hidden:"" name:"digits" help:"Answer for the user if the phone shows these six digits; for tests." placeholder:"DIGITS"`
}

func (pairCmd) Help() string {
	return `The phone must be on the cable. Both show six digits: compare them, confirm here, then press Pair on the phone. Without that key press nothing is stored on either side.`
}

// Run implements the command.
func (c *pairCmd) Run(sh *shell) error {
	if err := sh.start(); err != nil {
		return err
	}
	if _, err := sh.ready(); err == nil && sh.cli.Phone == "" {
		return &pc.Refusal{Kind: pc.Usage, Words: "The phone is paired already.", Hint: "\"odp unpair\" forgets it."}
	}
	v, err := sh.view()
	if err != nil {
		return err
	}
	id := ""
	if sh.cli.Phone != "" {
		p, err := sh.phone(v)
		if err != nil {
			return err
		}
		id = p.ID
	}
	if err := sh.do("POST", "pair", params{"phone": id}, nil); err != nil {
		return err
	}
	var last pc.Pairing
	err = sh.client.Follow(sh.ctx, func(e pc.Event) error {
		if e.View == nil || e.View.Pairing == nil || *e.View.Pairing == last {
			return nil
		}
		last = *e.View.Pairing
		return c.step(sh, last)
	})
	if errors.Is(err, errSettled) {
		return nil
	}
	if sh.ctx.Err() != nil {
		sh.cancelPairing()
	}
	return err
}

// step tells of one step of a pairing, and asks what must be asked.
func (c *pairCmd) step(sh *shell, p pc.Pairing) error {
	switch p.Step {
	case pc.Begun:
		fmt.Fprintln(sh.out, "Asking the phone. If it is locked, unlock it first.")
	case pc.Compare:
		fmt.Fprintf(sh.out, "\n    %s %s\n\n", p.Digits[:3], p.Digits[3:])
		return sh.do("POST", "pair/confirm", params{"match": c.same(sh, p.Digits)}, nil)
	case pc.Key:
		fmt.Fprintln(sh.out, "Now press Pair on the phone.")
	case pc.Done:
		fmt.Fprintln(sh.out, "Paired. Try \"odp status\".")
		return errSettled
	case pc.Failed:
		return &pc.Refusal{Kind: pc.ByPhone, Words: "Not paired: " + p.Problem}
	}
	return nil
}

func (c *pairCmd) same(sh *shell, digits string) bool {
	if c.Yes != "" {
		return c.Yes == digits || c.Yes == "any"
	}
	fmt.Fprint(sh.out, "Does the phone show the same digits? [y/N] ")
	return yes(sh)
}

// yes reads the user's word; everything but yes is no.
func yes(sh *shell) bool {
	line, _ := bufio.NewReader(sh.in).ReadString('\n') // the end of input is no
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return true
	}
	return false
}

func (sh *shell) cancelPairing() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := sh.client.Do(ctx, "POST", "pair/cancel", params{}, nil); err != nil {
		fmt.Fprintln(sh.err, "odp:", err)
	}
}

type unpairCmd struct{}

func (unpairCmd) Help() string {
	return `Makes this computer forget the phone. The phone forgets this computer under Settings, Paired computers.`
}

// Run implements the command.
func (c *unpairCmd) Run(sh *shell) error {
	_, p, err := sh.now()
	if err != nil {
		return err
	}
	if err := sh.do("DELETE", "phones/"+url.PathEscape(p.ID), nil, nil); err != nil {
		return err
	}
	fmt.Fprintln(sh.out, name(*p), "is forgotten.")
	return nil
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
