package main

import (
	"encoding/binary"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func fakeController(t *testing.T, descriptor []byte, status string) *socket {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"usbip_status": status + "\n", "usbip_sockfd": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if descriptor != nil {
		if err := os.WriteFile(filepath.Join(dir, "dev_desc"), descriptor, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return &socket{dir}
}

var descriptor = []byte{18, 1, 0, 2, 0xEF, 2, 1, 64, 0x09, 0x12, 0x01, 0x00, 0x00, 0x01, 1, 2, 3, 1}

// exchange sends a request and gives the answer and serve's error.
func exchange(t *testing.T, s *socket, request []byte) ([]byte, error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ended := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			err = s.serve(c.(*net.TCPConn))
			c.Close()
		}
		ended <- err
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.Write(request)
	c.(*net.TCPConn).CloseWrite()
	answer, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return answer, <-ended
}

func importOf(id string) []byte {
	q := make([]byte, 40)
	copy(q, []byte{1, 0x11, 0x80, 3})
	copy(q[8:], id)
	return q
}

func TestListsAndPlugs(t *testing.T) {
	s := fakeController(t, descriptor, "1")
	got, err := exchange(t, s, []byte{1, 0x11, 0x80, 5, 0, 0, 0, 0})
	if err != nil || len(got) != 12+312 || binary.BigEndian.Uint32(got[8:]) != 1 {
		t.Fatalf("%d octets, %v", len(got), err)
	}
	if id := strings.TrimRight(string(got[12+256:12+288]), "\x00"); id != controller {
		t.Errorf("bus id %q", id)
	}
	if v := binary.BigEndian.Uint16(got[12+300:]); v != 0x1209 {
		t.Errorf("vendor %#x", v)
	}
	got, err = exchange(t, s, importOf(controller))
	if err != nil || len(got) != 8+312 || binary.BigEndian.Uint32(got[4:]) != 0 {
		t.Fatalf("%d octets, %v", len(got), err)
	}
	if fd, _ := os.ReadFile(filepath.Join(s.dir, "usbip_sockfd")); len(fd) == 0 {
		t.Error("the kernel got no socket")
	}
}

func TestRefuses(t *testing.T) {
	for name, row := range map[string]struct {
		s       *socket
		request []byte
		answer  int
	}{
		"another device":   {fakeController(t, descriptor, "1"), importOf("1-1"), 8},
		"no gadget":        {fakeController(t, nil, "1"), importOf(controller), 8},
		"unknown request":  {fakeController(t, descriptor, "1"), []byte{1, 0x11, 0, 9, 0, 0, 0, 0}, 0},
		"cut off":          {fakeController(t, descriptor, "1"), importOf(controller)[:20], 0},
		"short descriptor": {fakeController(t, descriptor[:9], "1"), importOf(controller), 8},
	} {
		got, err := exchange(t, row.s, row.request)
		if err == nil || len(got) != row.answer {
			t.Errorf("%s: %d octets, %v", name, len(got), err)
		}
		if len(got) == 8 && binary.BigEndian.Uint32(got[4:]) == 0 {
			t.Errorf("%s: agreed to", name)
		}
	}
	if got, err := exchange(t, fakeController(t, nil, "1"), []byte{1, 0x11, 0x80, 5, 0, 0, 0, 0}); err != nil || len(got) != 12 || got[11] != 0 {
		t.Errorf("without a gadget the list is % x, %v", got, err)
	}
}

// A host that died without a word must not keep the socket.
func TestUnplugsTheHostBefore(t *testing.T) {
	s := fakeController(t, descriptor, "2")
	got, err := exchange(t, s, importOf(controller))
	if err == nil || len(got) != 8 {
		t.Errorf("a controller that never lets go was agreed to: %d octets, %v", len(got), err)
	}
	if fd, _ := os.ReadFile(filepath.Join(s.dir, "usbip_sockfd")); string(fd) != "-1" {
		t.Errorf("the kernel was told %q", fd)
	}
}

func TestCableOnlyWhereAskedFor(t *testing.T) {
	if got := cableAt("console=ttyAMA0 quiet"); got != "" {
		t.Error(got)
	}
	if got := cableAt("quiet odp.cable=:3240 panic=5\n"); got != ":3240" {
		t.Error(got)
	}
}
