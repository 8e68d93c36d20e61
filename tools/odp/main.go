// Command odp is the desk phone's program for the PC: it pairs with the phone on the cable, places and
// answers calls, and serves a page for the desktop. Every command speaks to the agent, which runs in the
// background and owns the way to the phone; the first command starts it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"opendeskphone/tools/odp/pc"
	"opendeskphone/tools/odp/pc/api"
	"opendeskphone/tools/odp/pc/keep"
)

// version is set by the build.
var version = "0.0-dev"

// The exit codes, as the manual lists them.
const (
	exitFailed       = 1
	exitUsage        = 2
	exitNoPhone      = 3
	exitNoPermission = 4
	exitNotPaired    = 5
	exitNoAgent      = 6
)

var exits = map[pc.Kind]int{pc.Usage: exitUsage, pc.NoPhone: exitNoPhone, pc.Unreachable: exitNoPhone, pc.NoPermission: exitNoPermission, pc.NotPaired: exitNotPaired}

// commands is the command line.
type commands struct {
	Phone   string           `help:"Phone to use, by its ID or name; needed only with several." placeholder:"PHONE" env:"ODP_PHONE"`
	JSON    bool             `name:"json" help:"Print what a program can read: one JSON value, or one a line for watch."`
	Version kong.VersionFlag `short:"V" help:"Print the version and exit."`

	Status  statusCmd  `cmd:"" help:"Show phones, lines and calls." group:"phone"`
	Pair    pairCmd    `cmd:"" help:"Pair with the phone on the cable." group:"phone"`
	Unpair  unpairCmd  `cmd:"" help:"Forget a phone." group:"phone"`
	SignIn  signInCmd  `cmd:"" name:"signin" help:"Sign the phone in with an account." group:"phone"`
	SignOut signOutCmd `cmd:"" name:"signout" help:"Forget an account's sign-in data." group:"phone"`
	Open    openCmd    `cmd:"" help:"Open the page with contacts and calls in the browser." group:"phone"`

	Call       callCmd       `cmd:"" help:"Call a number, an address or a contact." group:"calls"`
	Answer     answerCmd     `cmd:"" help:"Answer a ringing call." group:"calls"`
	Reject     rejectCmd     `cmd:"" help:"Decline a ringing call." group:"calls"`
	Hangup     hangupCmd     `cmd:"" help:"End a call." group:"calls"`
	Hold       holdCmd       `cmd:"" help:"Put a call on hold." group:"calls"`
	Resume     resumeCmd     `cmd:"" help:"Go on with a held call." group:"calls"`
	Transfer   transferCmd   `cmd:"" help:"Transfer a call, or connect two." group:"calls"`
	Conference conferenceCmd `cmd:"" help:"Join calls into a conference, and say who is in it." group:"calls"`
	PickUp     pickUpCmd     `cmd:"" name:"pickup" help:"Take a call that rings at somebody else." group:"calls"`
	Park       parkCmd       `cmd:"" help:"Park a call, for any phone to fetch." group:"calls"`
	Retrieve   retrieveCmd   `cmd:"" help:"Fetch a parked call." group:"calls"`
	Take       takeCmd       `cmd:"" help:"Take a place on a shared line, and the call that another phone holds there." group:"calls"`
	Join       joinCallCmd   `cmd:"" help:"Join a call that another phone of a shared line has." group:"calls"`
	Move       moveCmd       `cmd:"" help:"Move a call to a SIP program on this computer." group:"calls"`
	Pull       pullCmd       `cmd:"" help:"Take a call back from it." group:"calls"`
	DTMF       dtmfCmd       `cmd:"" name:"dtmf" help:"Send keys into a call." group:"calls"`
	Note       noteCmd       `cmd:"" help:"Write a note to a call." group:"calls"`
	Mute       muteCmd       `cmd:"" help:"Mute the microphone, or let it hear again." group:"calls"`
	Volume     volumeCmd     `cmd:"" help:"Show or set the volume." group:"calls"`
	Watch      watchCmd      `cmd:"" help:"Print what happens, as it happens." group:"calls"`

	Keys      keysCmd      `cmd:"" help:"Shared lines, other people, and places to park at: what the phone's keys show." group:"people"`
	Voicemail voicemailCmd `cmd:"" help:"Voice messages: list them, and hear them at the phone." group:"people"`
	Rules     rulesCmd     `cmd:"" help:"Who gets the calls that come in." group:"people"`
	Log       logCmd       `cmd:"" help:"The call log: show it, add notes, export and import it." group:"people"`
	Contacts  contactsCmd  `cmd:"" help:"The address book." group:"people"`

	Trace       traceCmd       `cmd:"" help:"Show what phone and network said to each other." group:"machine"`
	Explain     explainCmd     `cmd:"" name:"explain-number" help:"Tell step by step what becomes of a number." group:"machine"`
	URL         urlCmd         `cmd:"" name:"url" help:"Call what a tel:, sip: or callto: link names, after asking." group:"machine"`
	Audio       audioCmd       `cmd:"" help:"The phone as this computer's sound card." group:"machine"`
	Conformance conformanceCmd `cmd:"" help:"Test the phone against the public protocol." group:"machine"`
	Agent       agentCmd       `cmd:"" help:"Run the agent in the foreground." group:"machine"`
	Rule        ruleCmd        `cmd:"" help:"Print the udev rule that lets you open the phone." group:"machine"`
	Man         manCmd         `cmd:"" hidden:"" help:"Print the manual page."`
}

const description = `The desk phone's program for the PC.

Connect the phone's USB socket to this computer, then say "odp pair" once. After that "odp call NUMBER" calls, "odp answer" answers, and "odp open" shows contacts and calls in the browser. An agent in the background keeps the way to the phone, through the cable or the network; calls go on without it.`

func options() []kong.Option {
	return []kong.Option{
		kong.Name("odp"), kong.Description(description), kong.Vars{"version": "odp " + version}, kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.ExplicitGroups([]kong.Group{{Key: "phone", Title: "The phone:"}, {Key: "calls", Title: "Calls:"}, {Key: "people", Title: "People:"}, {Key: "machine", Title: "This computer:"}}),
	}
}

// shell is what commands work with.
type shell struct {
	ctx    context.Context
	out    io.Writer
	err    io.Writer
	in     io.Reader
	cli    *commands
	folder keep.Folder
	client *api.Client

	started bool // an agent runs
}

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var cli commands
	parser := kong.Must(&cli, options()...)
	line, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(os.Stderr, "odp: %v\nSay \"odp --help\", or \"odp COMMAND --help\", for what there is.\n", err)
		return exitUsage
	}
	folder, err := keep.Runtime()
	if err != nil {
		fmt.Fprintln(os.Stderr, "odp:", err)
		return exitNoAgent
	}
	sh := &shell{ctx: ctx, out: os.Stdout, err: os.Stderr, in: os.Stdin, cli: &cli, folder: folder, client: api.NewClient(folder)}
	return sh.explain(line.Run(sh, parser))
}

// explain prints why a command failed and gives its exit code.
func (sh *shell) explain(err error) int {
	var r *pc.Refusal
	switch {
	case err == nil:
		return 0
	case errors.As(err, &r):
		fmt.Fprintln(sh.err, "odp:", r.Words)
		if r.Hint != "" {
			fmt.Fprintln(sh.err, r.Hint)
		}
		if code, ok := exits[r.Kind]; ok {
			return code
		}
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(sh.err, "odp: interrupted")
	case errors.Is(err, api.ErrNoAgent), errors.Is(err, errAgentStart):
		fmt.Fprintln(sh.err, "odp:", err)
		return exitNoAgent
	default:
		fmt.Fprintln(sh.err, "odp:", err)
	}
	return exitFailed
}
