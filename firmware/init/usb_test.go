package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"opendeskphone/boards"
	"opendeskphone/hal"
	"opendeskphone/hal/linux"
	"opendeskphone/usbhid"
)

// made is a gadget that a test's server has made.
type made struct {
	entries []linux.GadgetEntry
	gone    chan struct{}
}

func (m *made) Close() error { close(m.gone); return nil }

// usbSocket runs a server; the gadgets it makes come on the channel.
func usbSocket(t *testing.T, fault error) (path string, gadgets <-chan *made) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "usb")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	out := make(chan *made, 4)
	s := &usbServer{board: boards.QEMUArm.USB, log: slog.New(slog.DiscardHandler), install: func(e []linux.GadgetEntry) (io.Closer, error) {
		if fault != nil {
			return nil, fault
		}
		m := &made{e, make(chan struct{})}
		out <- m
		return m, nil
	}}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { s.serve(ctx, l); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return path, out
}

func ask(t *testing.T, path, wish string) (net.Conn, hal.USBAnswer) {
	t.Helper()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, wish); err != nil {
		t.Fatal(err)
	}
	c.(*net.UnixConn).CloseWrite()
	line, err := bufio.NewReader(c).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var a hal.USBAnswer
	if err := json.Unmarshal(line, &a); err != nil {
		t.Fatal(err)
	}
	return c, a
}

func TestUSBPortLivesAsLongAsItsClient(t *testing.T) {
	path, gadgets := usbSocket(t, nil)
	for _, product := range []string{"Desk 7", ""} {
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		wish, _ := json.Marshal(hal.USBIdentity{Serial: "00112233445566778899aabbccddeeff", Product: product})
		c.Write(append(wish, '\n'))
		line, err := bufio.NewReader(c).ReadString('\n')
		if err != nil || !strings.Contains(line, `"Fault":""`) || !strings.Contains(line, linux.Gadgets) {
			t.Fatalf("%q, %v", line, err)
		}
		g := <-gadgets
		want := product
		if want == "" {
			want = boards.QEMUArm.USB.Name
		}
		for _, e := range g.entries {
			if e.Path == "strings/0x409/product" && string(e.Text) != want {
				t.Errorf("the phone is called %q", e.Text)
			}
		}
		select {
		case <-g.gone:
			t.Error("the gadget went while its client was there")
		default:
		}
		c.Close() // or killed: init cannot tell
		<-g.gone
	}
}

func TestUSBWishesAreChecked(t *testing.T) {
	path, gadgets := usbSocket(t, nil)
	for _, wish := range []string{
		"", "\n", "[]\n", `{"Serial":"../../../etc/passwd"}` + "\n", `{"Serial":"00112233445566778899","Product":"` + strings.Repeat("x", 31) + `"}` + "\n",
		`{"Serial":"00112233445566778899","Product":"a\nb"}` + "\n", `{"Serial":"0011223344556677","Vendor":1}` + "\n", strings.Repeat("x", 2*maxIdentity),
	} {
		if _, a := ask(t, path, wish); a.Fault == "" {
			t.Errorf("%.40q got a gadget", wish)
		}
	}
	if len(gadgets) > 0 {
		t.Error("a gadget was made")
	}
	_, a := ask(t, path, `{"Serial":"00112233445566778899"}`+"\n")
	if a.Fault != "" {
		t.Errorf("after bad wishes a good one got %q", a.Fault)
	}
	<-(<-gadgets).gone
}

func TestUSBFaultsAreTold(t *testing.T) {
	path, _ := usbSocket(t, errors.New("no controller"))
	if _, a := ask(t, path, `{"Serial":"00112233445566778899"}`+"\n"); !strings.Contains(a.Fault, "no controller") {
		t.Errorf("told %q", a.Fault)
	}
}

func TestUSBConfigOfTheBoard(t *testing.T) {
	b := boards.QEMUArm.USB
	b.Phone = true
	c := usbConfig(b, hal.USBIdentity{Serial: "0011223344556677", Vendor: 7, ProductID: 8, UAC2: true})
	if c.Top != usbhid.UsagePhone || c.Vendor != 7 || c.Product != 8 || !c.UAC2 || c.Name != b.Name || c.Validate() != nil {
		t.Errorf("%+v", c)
	}
}
