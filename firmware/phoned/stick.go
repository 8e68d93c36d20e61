package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"path/filepath"

	"opendeskphone/hal"
)

const maxStick = 4096 // octets of a word about a stick

// askForSticks has init look for USB sticks, and tells of each change until ctx ends or init does.
func askForSticks(ctx context.Context, socket string) (<-chan hal.Stick, error) {
	c, err := net.Dial("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("stick: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { c.Close() })
	out := make(chan hal.Stick)
	go func() {
		defer close(out)
		defer stop()
		defer c.Close()
		for in := bufio.NewReaderSize(c, maxStick); ; {
			s, err := readStick(in)
			if err != nil {
				return
			}
			select {
			case out <- s:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out, nil
}

// readStick reads one word about a stick.
func readStick(in *bufio.Reader) (s hal.Stick, err error) {
	line, err := in.ReadSlice('\n')
	if err == nil {
		err = json.Unmarshal(line, &s)
	}
	if err == nil && s.Dir != "" && !filepath.IsAbs(s.Dir) {
		err = io.ErrUnexpectedEOF
	}
	return s, err
}
