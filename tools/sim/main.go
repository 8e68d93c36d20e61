// Command sim is the phone natively on this machine: the whole firmware on simulated hardware, with
// its front panel in the browser and, unless settings are given, a small exchange to call.
package main

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/alecthomas/kong"

	"opendeskphone/tools/peer/exchange"
	"opendeskphone/tools/sim/simphone"
	"opendeskphone/tools/workshop"
)

var cli struct {
	Settings string `help:"Settings file to begin with, instead of the small exchange's. Changes made on the phone go to --folder." type:"existingfile" placeholder:"FILE"`
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
	if err := workshop.Open(cli.Verbose, build); err != nil {
		fmt.Fprintln(os.Stderr, "sim:", err)
		os.Exit(1)
	}
}

func build(_ context.Context, s *workshop.Shop) error {
	listen, err := workshop.Loopback("--listen", cli.Listen)
	if err != nil {
		return err
	}
	at, err := workshop.Loopback("--exchange", cli.Exchange)
	if err != nil {
		return err
	}
	cfg := simphone.Config{Folder: cli.Folder, Cleaned: true, Settings: exchange.Settings("100", "Anna Weber", at)}
	if cli.Settings != "" {
		text, err := os.ReadFile(cli.Settings)
		if err != nil {
			return err
		}
		cfg.Settings = string(text)
	} else if err := s.Exchange(at, netip.Addr{}); err != nil {
		return err
	}
	if cfg.Folder == "" {
		cfg.Folder = filepath.Join(s.Folder, "phone")
	}
	if _, err := fmt.Sscanf(cli.Size, "%dx%d", &cfg.Width, &cfg.Height); err != nil {
		return err
	}
	if err := s.Phone(cfg, "Phone 100", listen.String()); err != nil || cli.Settings != "" {
		return err
	}
	second := simphone.Config{Folder: filepath.Join(s.Folder, "second"), Cleaned: true, Settings: exchange.Settings("101", "Mira Patel", at)}
	return s.Phone(second, "Phone 101", workshop.Next(listen))
}
