package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"opendeskphone/hal"
)

// initOf stands in for init: it answers one wish and tells when the connection ended.
func initOf(t *testing.T, answer hal.USBAnswer) (socket string, wishes <-chan hal.USBIdentity, gone <-chan struct{}) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "usb")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	wish, end := make(chan hal.USBIdentity, 1), make(chan struct{})
	go func() {
		defer close(end)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		r := bufio.NewReader(c)
		line, _ := r.ReadBytes('\n')
		var id hal.USBIdentity
		json.Unmarshal(line, &id)
		wish <- id
		text, _ := json.Marshal(answer)
		c.Write(append(text, '\n'))
		io.Copy(io.Discard, r)
	}()
	return socket, wish, end
}

func TestGadgetIsLentByInit(t *testing.T) {
	socket, wishes, gone := initOf(t, hal.USBAnswer{Dir: "/config/phone"})
	lease, dir, err := askForUSB(socket, hal.USBIdentity{Serial: "00112233", Product: "Desk", UAC2: true})
	if err != nil || dir != "/config/phone" {
		t.Fatalf("%q, %v", dir, err)
	}
	if id := <-wishes; id.Product != "Desk" || !id.UAC2 {
		t.Errorf("init heard %+v", id)
	}
	if err := lease.Close(); err != nil {
		t.Error(err)
	}
	<-gone
}

func TestGadgetRefused(t *testing.T) {
	socket, _, gone := initOf(t, hal.USBAnswer{Fault: "no controller here"})
	if _, _, err := askForUSB(socket, hal.USBIdentity{}); err == nil || !strings.Contains(err.Error(), "no controller here") {
		t.Error(err)
	}
	<-gone
	if _, _, err := askForUSB(socket+".none", hal.USBIdentity{}); err == nil {
		t.Error("asked nobody")
	}
}
