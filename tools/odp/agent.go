package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"sync"
	"syscall"
	"time"

	"opendeskphone/tools/odp/pc"
	"opendeskphone/tools/odp/pc/api"
	"opendeskphone/tools/odp/pc/contacts"
	"opendeskphone/tools/odp/pc/desktop"
	"opendeskphone/tools/odp/pc/dial"
	"opendeskphone/tools/odp/pc/keep"
	"opendeskphone/tools/odp/pc/logind"
	"opendeskphone/tools/odp/pc/web"
)

// errAgentStart wraps why the agent could not be started.
var errAgentStart = errors.New("the agent cannot be started")

const (
	agentLog  = "agent.log"
	startTime = 8 * time.Second
)

// start makes sure that an agent runs.
func (sh *shell) start() error {
	if sh.started {
		return nil
	}
	err := sh.client.Do(sh.ctx, "GET", "view", nil, nil)
	if err == nil || !errors.Is(err, api.ErrNoAgent) {
		sh.started = err == nil
		return err
	}
	if isTerminal(sh.err) {
		fmt.Fprintln(sh.err, "starting the agent ...")
	}
	state, err := keep.State()
	if err == nil {
		err = sh.spawn(state)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errAgentStart, err)
	}
	return nil
}

// spawn starts an agent of its own session, which outlives this command and its terminal, and waits until it
// answers.
func (sh *shell) spawn(state keep.Folder) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(string(state), 0o700); err != nil {
		return err
	}
	log, err := os.OpenFile(state.Path(agentLog), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(self, "agent")
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	died := make(chan error, 1)
	go func() { died <- cmd.Wait() }()
	late := time.After(startTime)
	for {
		if sh.client.Do(sh.ctx, "GET", "view", nil, nil) == nil {
			sh.started = true
			return nil
		}
		select {
		case <-sh.ctx.Done():
			return sh.ctx.Err()
		case err := <-died:
			if err != nil {
				return fmt.Errorf("%w; its last words are in %s", err, log.Name())
			}
			died = nil // another command was quicker: its agent will answer
		case <-late:
			return fmt.Errorf("it does not answer; see %s", log.Name())
		case <-time.After(30 * time.Millisecond):
		}
	}
}

type agentCmd struct {
	Verbose bool `short:"v" help:"Log more."`
}

func (agentCmd) Help() string {
	return `Owns the way to the phone, serves the page and shows notifications, until it is ended. One runs for each user; the first command starts it in the background, or the desktop does by "systemctl --user enable --now odp-agent".

Identity and pairings are in $XDG_STATE_HOME/odp, contacts and preferences in $XDG_DATA_HOME/odp, the socket is $XDG_RUNTIME_DIR/odp/agent.sock.`
}

// Run implements the command.
func (c *agentCmd) Run(sh *shell) error {
	level := slog.LevelInfo
	if c.Verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(sh.err, &slog.HandlerOptions{Level: level}))
	socket, err := api.Listen(sh.folder, log)
	if errors.Is(err, api.ErrRunning) {
		fmt.Fprintln(sh.out, "The agent is running already.")
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errAgentStart, err)
	}
	return serve(sh.ctx, socket, log)
}

// serve is the agent's life: it ends with ctx, or when a part of it fails.
func serve(ctx context.Context, socket *api.Socket, log *slog.Logger) error {
	usb := openUSB(log)
	defer usb.Close()
	agent, book, err := newAgent(usb, log)
	if err != nil {
		return err
	}
	page, err := web.Listen()
	if err != nil {
		return err
	}
	handler := api.Handler(agent, book, log)
	local := http.NewServeMux()
	local.Handle("/", handler)
	local.HandleFunc("GET /api/page", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, "{\"url\":%q}\n", page.URL()) })
	local.HandleFunc("POST /api/conformance", conform(agent))
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var all sync.WaitGroup
	failed := make(chan error, 5)
	for _, part := range []func(context.Context) error{
		agent.Run, desktop.New(agent, "", log).Run, logind.New("", agent.ScreenLocked, log).Run,
		func(ctx context.Context) error { return socket.Run(ctx, local) },
		func(ctx context.Context) error { return page.Run(ctx, handler) },
	} {
		all.Go(func() {
			if err := part(ctx); err != nil {
				failed <- err
				stop()
			}
		})
	}
	log.Info("the agent runs", "version", version)
	all.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

func newAgent(usb pc.Finder, log *slog.Logger) (*pc.Agent, *contacts.Book, error) {
	state, err := keep.State()
	if err != nil {
		return nil, nil, err
	}
	data, err := keep.Data()
	if err != nil {
		return nil, nil, err
	}
	book, err := contacts.Open(data)
	if err != nil {
		return nil, nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "computer"
	}
	who := os.Getenv("USER")
	if u, err := user.Current(); err == nil {
		who = u.Username
	}
	agent, err := pc.New(pc.Config{Finder: usb, State: state, Data: data, Contacts: book, Version: version, Host: host, User: who, Log: log})
	return agent, book, err
}

type openCmd struct {
	Print bool `help:"Print the address instead. It is a secret: it lets whoever has it call."`
}

// Run implements the command.
func (c *openCmd) Run(sh *shell) error {
	address, err := sh.page()
	if err != nil {
		return err
	}
	if c.Print {
		fmt.Fprintln(sh.out, address)
		return nil
	}
	return sh.browse(address)
}

func (sh *shell) page() (string, error) {
	var page struct{ URL string }
	return page.URL, sh.do("GET", "page", nil, &page)
}

// browse opens an address in the user's browser.
func (sh *shell) browse(address string) error {
	if err := exec.Command("xdg-open", address).Start(); err != nil {
		fmt.Fprintln(sh.err, "No browser could be started; open this address yourself, and show it nobody:")
		fmt.Fprintln(sh.out, address)
	}
	return nil
}

type urlCmd struct {
	Link  string `arg:"" help:"tel:, sip:, sips: or callto: link."`
	Allow bool   `help:"From now on call what links name without asking."`
}

func (urlCmd) Help() string {
	return `The desktop runs this when a link is clicked. You are asked before anything is called: in the terminal, by a notification, or on the page.`
}

// Run implements the command.
func (c *urlCmd) Run(sh *shell) error {
	if _, err := dial.Link(c.Link); err != nil {
		return &pc.Refusal{Kind: pc.Usage, Words: err.Error()}
	}
	if c.Allow {
		if err := sh.do("PATCH", "prefs", params{"linksDial": true}, nil); err != nil {
			return err
		}
	}
	if _, err := sh.ready(); err != nil {
		return err
	}
	var r struct{ Asked bool }
	if err := sh.do("POST", "link", params{"uri": c.Link}, &r); err != nil || !r.Asked {
		return err
	}
	v, err := sh.view()
	if err != nil {
		return err
	}
	switch {
	case isTerminal(sh.in):
		return sh.askHere(v)
	case !v.Desktop:
		address, err := sh.page()
		if err != nil {
			return err
		}
		return sh.browse(address)
	}
	return nil
}

// askHere asks in the terminal for the newest link.
func (sh *shell) askHere(v *pc.View) error {
	if len(v.Asks) == 0 {
		return nil // answered elsewhere meanwhile
	}
	a := v.Asks[len(v.Asks)-1]
	who := a.Shown
	if n := v.Names[a.To]; n != "" {
		who = n + " (" + a.Shown + ")"
	}
	fmt.Fprintf(sh.out, "Call %s? [y/N] ", who)
	return sh.do("POST", "asks/"+a.ID, params{"ok": yes(sh)}, nil)
}
