package laptop

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"sync"

	"opendeskphone/tools/lab"
	"opendeskphone/tools/laptop/wire"
)

// Program is a program that runs on the laptop.
type Program struct {
	Log *lab.Log // all it prints

	conn net.Conn
	w    *wire.Writer
	done chan struct{}
	stop sync.Once
	err  error // after done
}

// Exited is a program that ended with something else than 0.
type Exited struct{ wire.Exit }

// Error implements error.
func (e Exited) Error() string {
	if e.Fault != "" {
		return e.Fault
	}
	return fmt.Sprintf("exit status %d", e.Code)
}

func follow(ctx context.Context, c wire.Command, conn net.Conn) *Program {
	p := &Program{Log: lab.NewLog(io.Discard), conn: conn, w: wire.NewWriter(conn), done: make(chan struct{})}
	forget := context.AfterFunc(ctx, p.Stop)
	go func() {
		defer close(p.done)
		defer forget()
		defer conn.Close()
		p.err = p.read()
		p.Log.End(fmt.Errorf("laptop: %s has ended: %v", c.Argv[0], p.err))
	}()
	return p
}

// read takes the program's frames until its end.
func (p *Program) read() error {
	for {
		kind, b, err := wire.ReadFrame(p.conn)
		if err != nil {
			return fmt.Errorf("laptop: connection lost: %w", err)
		}
		if kind != wire.End {
			p.Log.Write(b)
			continue
		}
		var exit wire.Exit
		if err := json.Unmarshal(b, &exit); err != nil {
			return fmt.Errorf("laptop: %w", err)
		}
		if exit.Code != 0 || exit.Fault != "" {
			return Exited{exit}
		}
		return nil
	}
}

// Input sends to the program's standard input.
func (p *Program) Input(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	return p.w.Frame(wire.Input, b)
}

// EndInput closes the program's standard input.
func (p *Program) EndInput() error { return p.w.Frame(wire.Input, nil) }

// Wait waits for the program's own end: nil for exit status 0, Exited for another.
func (p *Program) Wait(ctx context.Context) error {
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		p.Stop()
		return fmt.Errorf("did not end: %w", ctx.Err())
	}
}

// Stop kills the program and waits until the connection is over.
func (p *Program) Stop() {
	p.stop.Do(func() { p.conn.Close() })
}
