package main

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"opendeskphone/hal"
)

func TestSticksAreAskedFor(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "sticks")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	came, err := askForSticks(ctx, socket)
	if err != nil {
		t.Fatal(err)
	}
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []hal.Stick{{}, {Dir: "/run/stick/recordings"}, {Fault: "write-protected"}} {
		if _, err := c.Write([]byte(`{"Dir":"` + want.Dir + `","Fault":"` + want.Fault + "\"}\n")); err != nil {
			t.Fatal(err)
		}
		if s := <-came; s != want {
			t.Errorf("told %+v", s)
		}
	}
	cancel() // and init learns that nobody wants sticks any more
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("the connection stays")
	}
	if _, more := <-came; more {
		t.Error("told more")
	}
}

func FuzzReadStick(f *testing.F) {
	f.Add([]byte(`{"Dir":"/run/stick"}` + "\n"))
	f.Fuzz(func(t *testing.T, line []byte) {
		s, err := readStick(bufio.NewReaderSize(bytes.NewReader(line), maxStick))
		if err == nil && s.Dir != "" && !strings.HasPrefix(s.Dir, "/") {
			t.Fatalf("%+v", s)
		}
	})
}
