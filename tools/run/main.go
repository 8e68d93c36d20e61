// Command run boots the phone's image in QEMU beside a small exchange and shows its front panel.
package main

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/alecthomas/kong"

	"opendeskphone/tools/peer/exchange"
	"opendeskphone/tools/qemu"
	"opendeskphone/tools/sim/simphone"
	"opendeskphone/tools/workshop"
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
	if err := workshop.Open(cli.Verbose, build); err != nil {
		fmt.Fprintln(os.Stderr, "run:", err)
		os.Exit(1)
	}
}

func build(ctx context.Context, s *workshop.Shop) error {
	listen, err := workshop.Loopback("--listen", cli.Listen)
	if err != nil {
		return err
	}
	at, err := workshop.Loopback("--exchange", cli.Exchange)
	if err != nil {
		return err
	}
	if err := s.Exchange(at, host); err != nil {
		return err
	}
	b := newBench(s.Log)
	if err := boot(ctx, b, at, s.Folder); err != nil {
		return err
	}
	s.Start(b.run)
	s.Start(func(ctx context.Context) error { return milestones(ctx, b) })
	if err := s.Show(b, "Phone 100 (QEMU)", listen.String()); err != nil {
		return err
	}
	second := simphone.Config{Folder: filepath.Join(s.Folder, "second"), Cleaned: true, Settings: exchange.Settings("101", "Mira Patel", at)}
	return s.Phone(second, "Phone 101", workshop.Next(listen))
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

// milestones tells when the phone has registered, or that it has switched itself off.
func milestones(ctx context.Context, b *bench) error {
	if _, err := b.WaitSerial(" registered ", cli.Patience); err == nil {
		fmt.Printf("Registered after %.1f s. Call 600, 601 or 101.\n", time.Since(b.Began()).Seconds())
	} else if ctx.Err() == nil {
		fmt.Printf("The phone has not registered within %v. --serial shows its console.\n", cli.Patience)
	}
	select {
	case <-ctx.Done():
		return nil
	case <-b.Done():
		text := b.Serial()
		return fmt.Errorf("the phone switched itself off; its console said last:\n%s", text[max(0, len(text)-2000):])
	}
}
