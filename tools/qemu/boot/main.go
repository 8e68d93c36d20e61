// Command boot boots the phone's image in QEMU and shows its serial console, until it is interrupted,
// which powers the phone off in order, or the phone powers off by itself.
//
//	go run ./tools/qemu/boot -image build/image/qemu-arm -settings settings.toml
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"opendeskphone/tools/qemu"
)

// shutdownTime is how long the phone may take to say goodbye to its registrar.
const shutdownTime = 8 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "boot:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	cfg := qemu.Config{Serial: os.Stdout, Console: os.Stdin}
	flag.StringVar(&cfg.Image, "image", "build/image/qemu-arm", "folder of the image")
	flag.StringVar(&cfg.Dir, "dir", "", "folder for sockets and recordings; a new one if empty")
	flag.StringVar(&cfg.Data, "data", "", "data image to use and keep; a new one if empty")
	settings := flag.String("settings", "", "settings file for a new data image")
	network := flag.String("net", "", "QEMU's -netdev value without id; user-mode networking if empty")
	flag.Parse()
	if *settings != "" {
		text, err := os.ReadFile(*settings)
		if err != nil {
			return err
		}
		cfg.Settings = text
	}
	if *network != "" {
		cfg.Network = []string{*network}
	}
	m, err := qemu.Start(context.WithoutCancel(ctx), cfg)
	if err != nil {
		return err
	}
	defer m.Stop()
	fmt.Println("files of the machine:", m.Dir())
	select {
	case <-ctx.Done():
	case <-m.Done():
		return nil
	}
	if err := m.PowerDown(); err != nil {
		return err
	}
	select {
	case <-m.Done():
	case <-time.After(shutdownTime):
		fmt.Println("the phone does not power off; its power is cut")
	}
	return nil
}
