// Command mkimage assembles the phone's system image from Debian packages and our own binaries:
// kernel, initramfs (init and kernel modules) and a read-only squashfs, with a manifest that names
// every package, version and checksum. It needs no root and adds nothing to the host's packages;
// the same inputs give the same bytes.
//
//	mkimage image -board qemu-arm -bin build/arm -apt build/apt -out build/image/qemu-arm
//	mkimage kmod -board qemu-arm -apt build/apt -out build/kmod/qemu-arm
//	mkimage sysroot -board qemu-arm -apt build/apt -out build/sysroot-armhf [package ...]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"time"

	"opendeskphone/boards"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := run(ctx, log, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "mkimage:", err)
		os.Exit(1)
	}
}

// options are what the command line can say.
type options struct {
	board   *boards.Board
	aptDir  string    // state of the private apt: lists and downloaded packages
	modDir  string    // the board's own kernel modules, as kmod has built them
	binDir  string    // our binaries: init, phoned and the board's helpers
	out     string    // where the result goes
	debug   bool      // busybox and a shell on the console
	epoch   time.Time // time stamp of every file
	version string
	more    []string // packages of a sysroot beside the phone's
}

func run(ctx context.Context, log *slog.Logger, args []string) error {
	if len(args) == 0 {
		return errors.New("say image, kmod or sysroot")
	}
	o, err := parseOptions(args)
	if err != nil {
		return err
	}
	switch args[0] {
	case "sysroot":
		return makeSysroot(ctx, log, o)
	case "kmod":
		return makeModules(ctx, log, o)
	case "image":
		return makeImage(ctx, log, o)
	}
	return fmt.Errorf("unknown job %q: say image, kmod or sysroot", args[0])
}

func parseOptions(args []string) (options, error) {
	var o options
	fs := flag.NewFlagSet("mkimage "+args[0], flag.ContinueOnError)
	board := fs.String("board", "qemu-arm", "board to build for")
	epoch := fs.Int64("epoch", 0, "time stamp of every file, seconds since 1970; 0 takes the build's clock")
	fs.StringVar(&o.aptDir, "apt", "build/apt", "folder of the private apt's state")
	fs.StringVar(&o.binDir, "bin", "build/arm", "folder with init, phoned and the board's helpers")
	fs.StringVar(&o.modDir, "kmod", "", "folder with the board's own kernel modules, built by kmod")
	fs.StringVar(&o.out, "out", "", "folder to write to")
	fs.StringVar(&o.version, "version", "unknown", "version to write into the image")
	fs.BoolVar(&o.debug, "debug", false, "add a shell on the console")
	if err := fs.Parse(args[1:]); err != nil {
		return o, err
	}
	o.more = fs.Args()
	if o.board = boards.ByName(*board); o.board == nil {
		return o, fmt.Errorf("unknown board %q", *board)
	}
	if o.out == "" {
		return o, errors.New("say -out")
	}
	o.epoch = time.Unix(*epoch, 0).UTC()
	if *epoch == 0 {
		o.epoch = time.Now().UTC().Truncate(time.Second)
	}
	return o, nil
}
