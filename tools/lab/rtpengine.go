package lab

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"
)

// RTPEngine is a running relay of media, as providers put it between their users.
type RTPEngine struct {
	proc *Process
	addr netip.AddrPort
}

// StartRTPEngine starts rtpengine, without its kernel module, at an address of a namespace and waits until it takes orders.
func StartRTPEngine(ctx context.Context, ns *Namespace, addr netip.Addr) (*RTPEngine, error) {
	if err := Require("rtpengine"); err != nil {
		return nil, err
	}
	dir := filepath.Join(ns.Dir(), "rtpengine")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("lab: make directory of rtpengine: %w", err)
	}
	r := &RTPEngine{addr: netip.AddrPortFrom(addr, 2223)}
	var err error
	r.proc, err = ns.Start(Command{Name: "rtpengine", Dir: dir, Argv: []string{"rtpengine", "--config-file=none", "--foreground", "--log-stderr", "--table=-1",
		"--num-threads=2", "--interface=" + addr.String(), "--listen-ng=" + r.addr.String(), "--pidfile=" + filepath.Join(dir, "pid"),
		"--port-min=40000", "--port-max=40999"}})
	if err != nil {
		return nil, err
	}
	return r, r.proc.WaitUp(ctx, "rtpengine", func(ctx context.Context) (bool, error) {
		conn, err := ns.Dial(ctx, "udp", r.addr)
		if err != nil {
			return false, err
		}
		defer conn.Close()
		answer := make([]byte, 64)
		_ = conn.SetDeadline(time.Now().Add(100 * time.Millisecond))
		if _, err := conn.Write([]byte("1 d7:command4:pinge")); err != nil {
			return false, nil // nobody listens yet
		}
		_, err = conn.Read(answer)
		return err == nil, nil
	})
}

// Addr is where it takes orders, by its own protocol "ng".
func (r *RTPEngine) Addr() netip.AddrPort { return r.addr }

// Stop ends it.
func (r *RTPEngine) Stop() { r.proc.Stop() }
