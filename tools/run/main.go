// Command run boots the phone's image in QEMU beside a small exchange and shows its front panel.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"opendeskphone/tools/panel"
	"opendeskphone/tools/peer/exchange"
	"opendeskphone/tools/qemu"
	"opendeskphone/tools/sim/simphone"
)

var cli struct {
	Image    string        `help:"Folder of the image." default:"build/image/qemu-arm" type:"existingdir" placeholder:"DIR"`
	Data     string        `help:"Data partition of the phone, made if it is not there; what you set and store on the phone is kept in it." default:"build/run/data.img" type:"path" placeholder:"FILE"`
	Listen   string        `help:"Loopback address of the front panel; the second phone's is on the next port." default:"127.0.0.1:8480" placeholder:"ADDR"`
	Exchange string        `help:"Loopback address of the small exchange." default:"127.0.0.1:5080" placeholder:"ADDR"`
	Serial   bool          `help:"Show the phone's serial console."`
	Verbose  bool          `short:"v" help:"Log what the workshop does."`
	Patience time.Duration `help:"How long the phone may take to register." default:"90s"`
}

// host is this machine as QEMU's user network shows it to the guest.
var host = netip.MustParseAddr("10.0.2.2")

func main() {
	kong.Parse(&cli, kong.Name("run"), kong.Description(`The phone's own image, in QEMU.

Boots the image that "make image" built, starts a small exchange beside it (101 is a second phone with a
panel of its own, 600 an echo, 601 recorded speech, 602 calls you back) and prints the address of the
front panel: open it in a browser here. Control-C ends everything.`))
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "run:", err)
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
	at, err := netip.ParseAddrPort(cli.Exchange)
	if err != nil || !at.Addr().IsLoopback() {
		return fmt.Errorf("--exchange %q is not a loopback address with a port", cli.Exchange)
	}
	folder, err := os.MkdirTemp("", "odp-run-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
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
	x, err := exchange.New(exchange.Config{Local: at, Guest: host, Folder: filepath.Join(folder, "exchange"), Log: log})
	if err != nil {
		return err
	}
	start(x.Run)
	b := newBench(log)
	if err := boot(ctx, b, at, folder); err != nil {
		return err
	}
	defer b.Stop()
	start(b.run)
	if err := show(start, b, "Phone 100 (QEMU)", cli.Listen, log); err != nil {
		return err
	}
	if err := secondPhone(start, at, folder, log); err != nil {
		return err
	}
	start(func(ctx context.Context) error { return milestones(ctx, b) })
	select {
	case <-ctx.Done():
		return nil
	case <-b.Done():
		return fmt.Errorf("the phone switched itself off; its console said:\n%s", tail(b.Serial(), 2000))
	case err := <-failed:
		stop()
		return err
	}
}

func boot(ctx context.Context, b *bench, at netip.AddrPort, folder string) error {
	cfg := qemu.Config{Image: cli.Image, Dir: folder, Data: cli.Data, Speaker: b}
	if cli.Serial {
		cfg.Serial = os.Stderr
	}
	if _, err := os.Stat(cli.Data); err != nil {
		fmt.Println("Making a data partition in", cli.Data)
		if err := os.MkdirAll(filepath.Dir(cli.Data), 0o755); err != nil {
			return err
		}
		settings := exchange.Settings("100", "Anna Weber", netip.AddrPortFrom(host, at.Port()))
		if err := qemu.MakeData(ctx, cli.Data, []qemu.File{{Name: "settings.toml", Data: []byte(settings)}}); err != nil {
			return err
		}
	}
	fmt.Println("Booting the phone")
	m, err := qemu.Start(ctx, cfg)
	if err != nil {
		return err
	}
	b.Machine = m
	return nil
}

func show(start func(func(context.Context) error), p panel.Phone, title, listen string, log *slog.Logger) error {
	front, err := panel.New(p, title, listen, log)
	if err != nil {
		return err
	}
	start(front.Run)
	fmt.Printf("%-18s %s\n", title, front.URL())
	return nil
}

func secondPhone(start func(func(context.Context) error), at netip.AddrPort, folder string, log *slog.Logger) error {
	dir := filepath.Join(folder, "second")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	p, err := simphone.New(simphone.Config{Folder: dir, Settings: exchange.Settings("101", "Mira Patel", at), Log: log})
	if err != nil {
		return err
	}
	start(p.Run)
	listen, err := netip.ParseAddrPort(cli.Listen)
	if err != nil {
		return err
	}
	return show(start, p.Twin, "Phone 101", netip.AddrPortFrom(listen.Addr(), listen.Port()+1).String(), log)
}

// milestones tells how the phone comes up.
func milestones(ctx context.Context, b *bench) error {
	if _, err := b.WaitSerial("registered", cli.Patience); err != nil {
		if ctx.Err() == nil {
			fmt.Printf("The phone has not registered within %v. --serial shows its console.\n", cli.Patience)
		}
		return nil
	}
	fmt.Printf("Registered after %.1f s. Call 600, 601 or 101.\n", time.Since(b.Began()).Seconds())
	return nil
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }
