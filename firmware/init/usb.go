package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"opendeskphone/boards"
	"opendeskphone/hal"
	"opendeskphone/hal/linux"
	"opendeskphone/usbhid"
	"opendeskphone/usbhid/gadget"
)

// usbGadget is the name of the phone's gadget in configfs.
const usbGadget = "phone"

const (
	usbAskTime  = 2 * time.Second // for a client to say what it wants
	maxIdentity = 1024            // bytes of it
)

// usbServer makes the phone's USB gadget for as long as the daemon wants it. The daemon may not make
// gadgets itself: it chooses a name and a number, and nothing else of what is written as root.
type usbServer struct {
	board   boards.USB
	install func(entries []linux.GadgetEntry) (io.Closer, error)
	log     *slog.Logger
}

// serveUSB serves the daemon's wishes for the USB port until ctx ends. A wish waits until the devices are ready.
func (m *machine) serveUSB(ctx context.Context, ready <-chan struct{}) {
	l, err := net.Listen("unix", hal.USBSocket)
	if err == nil {
		err = errors.Join(os.Chown(hal.USBSocket, 0, phoneGID), os.Chmod(hal.USBSocket, 0o660))
	}
	if err != nil {
		m.log.Error("no USB port", "err", err)
		return
	}
	prepare := sync.OnceValue(m.prepareUSB)
	s := &usbServer{board: m.board.USB, log: m.log, install: func(entries []linux.GadgetEntry) (io.Closer, error) {
		if err := prepare(); err != nil {
			return nil, err
		}
		return linux.InstallGadget(linux.Gadgets, usbGadget, m.board.USB.UDC, entries)
	}}
	select {
	case <-ready:
		s.serve(ctx, l)
	case <-ctx.Done():
		l.Close()
	}
}

// prepareUSB loads the port's modules, at the first wish: they shall not delay the first call.
func (m *machine) prepareUSB() error {
	m.load(m.modules, "usb")
	err := unix.Mount("configfs", filepath.Dir(linux.Gadgets), "configfs", quietMount, "")
	if err != nil && !errors.Is(err, unix.EBUSY) { // busy: mounted already
		return fmt.Errorf("init: mount configfs: %w", err)
	}
	for _, f := range m.board.USB.Own {
		if err := errors.Join(os.Chown(f, phoneUID, phoneGID), os.Chmod(f, 0o600)); err != nil {
			m.log.Warn("USB file without owner", "err", err)
		}
	}
	return nil
}

// serve serves one client after the other until ctx ends.
func (s *usbServer) serve(ctx context.Context, l net.Listener) {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	for {
		c, err := l.Accept()
		if err != nil {
			if ctx.Err() == nil {
				s.log.Error("no USB port any more", "err", err)
			}
			return
		}
		end := context.AfterFunc(ctx, func() { c.Close() })
		if err := s.client(c); err != nil {
			s.log.Error("USB port", "err", err)
		}
		end()
		c.Close()
	}
}

// client gives one client its gadget, until it goes, however it goes.
func (s *usbServer) client(c net.Conn) error {
	g, err := s.wish(c)
	answer := hal.USBAnswer{Dir: filepath.Join(linux.Gadgets, usbGadget)}
	if err != nil {
		answer = hal.USBAnswer{Fault: err.Error()}
	}
	text, marshal := json.Marshal(answer)
	_, write := c.Write(append(text, '\n'))
	if g == nil {
		return errors.Join(err, marshal, write)
	}
	s.log.Info("USB port open")
	_, _ = io.Copy(io.Discard, c) // its end, not its word, is awaited
	s.log.Info("USB port closed")
	return errors.Join(marshal, write, g.Close())
}

// wish reads what the client wants and makes it.
func (s *usbServer) wish(c net.Conn) (io.Closer, error) {
	if err := c.SetReadDeadline(time.Now().Add(usbAskTime)); err != nil {
		return nil, fmt.Errorf("init: %w", err)
	}
	line, err := bufio.NewReader(io.LimitReader(c, maxIdentity)).ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("init: no wish for a USB port: %w", err)
	}
	var id hal.USBIdentity
	if err := json.Unmarshal(line, &id); err != nil {
		return nil, fmt.Errorf("init: strange wish for a USB port: %w", err)
	}
	tree, err := gadget.Tree(usbConfig(s.board, id))
	if err != nil {
		return nil, err
	}
	entries := make([]linux.GadgetEntry, len(tree))
	for i, e := range tree {
		entries[i] = linux.GadgetEntry(e)
	}
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		return nil, fmt.Errorf("init: %w", err)
	}
	return s.install(entries)
}

// usbConfig lays what the daemon says over what the board is.
func usbConfig(b boards.USB, id hal.USBIdentity) gadget.Config {
	c := gadget.Config{Vendor: b.Vendor, Product: b.Product, Release: 0x0100, Maker: b.Maker, Name: b.Name,
		Serial: id.Serial, UAC2: id.UAC2, Top: usbhid.UsageHeadset}
	if b.Phone {
		c.Top = usbhid.UsagePhone
	}
	if id.Product != "" {
		c.Name = id.Product
	}
	if id.Vendor != 0 {
		c.Vendor, c.Product = id.Vendor, id.ProductID
	}
	return c
}
