// Command sim is the phone natively on this machine: the whole firmware on simulated hardware, with
// its front panel in the browser and, unless settings are given, a small exchange to call.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/alecthomas/kong"

	"opendeskphone/tools/panel"
	"opendeskphone/tools/peer/exchange"
	"opendeskphone/tools/sim/simphone"
)

var cli struct {
	Settings string `help:"Settings file to use instead of the small exchange's; it is copied, changes made on the phone go to --folder." type:"existingfile" placeholder:"FILE"`
	Folder   string `help:"Where the phone keeps settings, contacts and call log. Empty: a temporary folder." type:"path" placeholder:"DIR"`
	Listen   string `help:"Loopback address of the front panel; the second phone's is on the next port." default:"127.0.0.1:8480" placeholder:"ADDR"`
	Exchange string `help:"Loopback address of the small exchange." default:"127.0.0.1:5080" placeholder:"ADDR"`
	Size     string `help:"Panel size in pixels: ${enum}." enum:"800x480,480x272,1024x600,480x800" default:"800x480"`
	Verbose  bool   `short:"v" help:"Log what happens."`
}

func main() {
	kong.Parse(&cli, kong.Name("sim"), kong.Description(`The desk phone on this machine.

Starts the whole firmware on simulated hardware and prints the address of its front panel: open it in a
browser here. Without --settings a small exchange is started beside it, where 101 is a second phone with
a panel of its own, 600 an echo, 601 recorded speech, and 602 calls you back. Control-C ends everything.`))
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "sim:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.DiscardHandler)
	if cli.Verbose {
		log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	folder := cli.Folder
	if folder == "" {
		var err error
		if folder, err = os.MkdirTemp("", "odp-sim-"); err != nil {
			return err
		}
		defer os.RemoveAll(folder)
	}
	var group sync.WaitGroup
	defer group.Wait()
	failed := make(chan error, 8)
	start := func(f func(context.Context) error) {
		group.Go(func() {
			if err := f(ctx); err != nil && ctx.Err() == nil {
				failed <- err
			}
		})
	}
	first, second, err := settingsOfPhones()
	if err != nil {
		return err
	}
	if cli.Settings == "" {
		if err := startExchange(start, filepath.Join(folder, "exchange"), log); err != nil {
			return err
		}
	}
	if err := startPhone(start, filepath.Join(folder, "phone"), first, "Phone 100", cli.Listen, log); err != nil {
		return err
	}
	if second != "" {
		if err := startPhone(start, filepath.Join(folder, "second"), second, "Phone 101", nextPort(cli.Listen), log); err != nil {
			return err
		}
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		stop()
		return err
	}
}

// settingsOfPhones gives the settings of the phone, and of the second one if there is an exchange.
func settingsOfPhones() (first, second string, err error) {
	if cli.Settings != "" {
		f, err := os.Open(cli.Settings)
		if err != nil {
			return "", "", err
		}
		defer f.Close()
		text, err := io.ReadAll(f)
		return string(text), "", err
	}
	at, err := netip.ParseAddrPort(cli.Exchange)
	if err != nil || !at.Addr().IsLoopback() {
		return "", "", fmt.Errorf("--exchange %q is not a loopback address with a port", cli.Exchange)
	}
	return exchange.Settings("100", "Anna Weber", at), exchange.Settings("101", "Mira Patel", at), nil
}

func startExchange(start func(func(context.Context) error), folder string, log *slog.Logger) error {
	at, err := netip.ParseAddrPort(cli.Exchange)
	if err != nil {
		return err
	}
	x, err := exchange.New(exchange.Config{Local: at, Folder: folder, Log: log.With("part", "exchange")})
	if err != nil {
		return err
	}
	start(x.Run)
	return nil
}

func startPhone(start func(func(context.Context) error), folder, text, title, listen string, log *slog.Logger) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	var w, h int
	if _, err := fmt.Sscanf(strings.Replace(cli.Size, "x", " ", 1), "%d %d", &w, &h); err != nil {
		return err
	}
	p, err := simphone.New(simphone.Config{Folder: folder, Settings: text, Width: w, Height: h, Log: log.With("phone", title)})
	if err != nil {
		return err
	}
	front, err := panel.New(p.Twin, title, listen, log)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is taken: give another with --listen", listen)
	}
	if err != nil {
		return err
	}
	start(p.Run)
	start(front.Run)
	fmt.Printf("%s  %s\n", title, front.URL())
	return nil
}

func nextPort(addr string) string {
	at, err := netip.ParseAddrPort(addr)
	if err != nil || at.Port() == 0 {
		return addr
	}
	return netip.AddrPortFrom(at.Addr(), at.Port()+1).String()
}
