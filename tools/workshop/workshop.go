// Package workshop is what the simulator and the phone in QEMU have in common: parts that run until
// the user has enough or one of them fails, and phones with their front panels.
package workshop

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"

	"opendeskphone/tools/panel"
	"opendeskphone/tools/peer/exchange"
	"opendeskphone/tools/sim/simphone"
)

// Shop is a running workshop.
type Shop struct {
	Log    *slog.Logger
	Folder string // emptied at the end

	ctx    context.Context
	group  sync.WaitGroup
	failed chan error
}

// Open sets up a workshop, lets build start its parts, and waits until Control-C or until a part
// fails, which is the error. With verbose what happens is logged to standard error.
func Open(verbose bool, build func(context.Context, *Shop) error) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s := &Shop{Log: slog.New(slog.DiscardHandler), ctx: ctx, failed: make(chan error, 16)}
	if verbose {
		s.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	var err error
	if s.Folder, err = os.MkdirTemp("", "odp-"); err != nil {
		return err
	}
	defer os.RemoveAll(s.Folder)
	defer s.group.Wait()
	defer stop()
	if err := build(ctx, s); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.failed:
		return err
	}
}

// Start runs a part. One that returns an error before the end ends the workshop.
func (s *Shop) Start(f func(context.Context) error) {
	s.group.Go(func() {
		if err := f(s.ctx); err != nil && s.ctx.Err() == nil {
			s.failed <- err
		}
	})
}

// Exchange starts the small exchange at a loopback address; guest is that address as a phone sees it
// that is not on this machine's loopback, if there is one.
func (s *Shop) Exchange(at netip.AddrPort, guest netip.Addr) error {
	x, err := exchange.New(exchange.Config{
		Local: at, Guest: guest, Folder: filepath.Join(s.Folder, "exchange"), Log: s.Log.With("part", "exchange"),
	})
	if err != nil {
		return err
	}
	s.Start(x.Run)
	return nil
}

// Phone starts a simulated phone in a folder, and shows its panel.
func (s *Shop) Phone(cfg simphone.Config, title, listen string) error {
	if err := os.MkdirAll(cfg.Folder, 0o700); err != nil {
		return err
	}
	cfg.Log = s.Log.With("phone", title)
	p, err := simphone.New(cfg)
	if err != nil {
		return err
	}
	s.Start(p.Run)
	return s.Show(p.Twin, title, listen)
}

// Show serves a phone's front panel and prints its address.
func (s *Shop) Show(p panel.Phone, title, listen string) error {
	front, err := panel.New(p, title, listen, s.Log)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is taken: give another with --listen", listen)
	}
	if err != nil {
		return err
	}
	s.Start(front.Run)
	fmt.Printf("%-18s %s\n", title, front.URL())
	return nil
}

// Loopback reads a loopback address with a port from an option.
func Loopback(option, text string) (netip.AddrPort, error) {
	at, err := netip.ParseAddrPort(text)
	if err != nil || !at.Addr().IsLoopback() {
		return at, fmt.Errorf("%s %q is not a loopback address with a port, such as 127.0.0.1:8480", option, text)
	}
	return at, nil
}

// Next is the address with the following port; any free port stays any.
func Next(at netip.AddrPort) string {
	if at.Port() == 0 {
		return at.String()
	}
	return netip.AddrPortFrom(at.Addr(), at.Port()+1).String()
}
