package conformance

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"opendeskphone/firmware/tpcp"
)

// python is the controller in testdata on its way to a phone.
func python(ctx context.Context, t *testing.T, address string, args ...string) *exec.Cmd {
	t.Helper()
	dir, own := t.TempDir(), certificate(t, hostKey)
	key, err := x509.MarshalPKCS8PrivateKey(hostKey)
	if err != nil {
		t.Fatal(err)
	}
	file := func(name, kind string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	all := append([]string{"testdata/controller.py", "--phone", address, "--pin", pinOf(phoneKey).String(),
		"--cert", file("cert.pem", "CERTIFICATE", own.Certificate[0]), "--key", file("key.pem", "PRIVATE KEY", key), "--call", "600"}, args...)
	return exec.CommandContext(ctx, "python3", all...)
}

var progress = regexp.MustCompile(`made (proceeding|alerting|early|connected)`)

// TestControllerOfAStranger: a program in another language, written from the document alone, works.
func TestControllerOfAStranger(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	out, err := python(ctx, t, startPhone(t)).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	said := progress.ReplaceAll(out, []byte("made")) // how far a call has come when its answer is written is a matter of microseconds
	want := []string{"hello from Simulator", "session detached observe control", "volume refused 1003", "made", "connected", "held True True",
		"back resumed", "still connected True True", "taken back connected False", "ended ended", "because localHangup True"}
	if got := strings.Split(strings.TrimSpace(string(said)), "\n"); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("it says\n%s\nwant\n%s", out, strings.Join(want, "\n"))
	}
}

// TestKilledControllerCostsNothing: a controller dies by SIGKILL in a call. The voice goes on both ways, packet for packet, and the next
// controller of its name has the call within a second. Some loss is that of a machine with other things to do; a voice that
// stops for a fifth of a second is more.
func TestKilledControllerCostsNothing(t *testing.T) {
	t.Parallel()
	before, after := killOne(t, startPhone(t))
	t.Logf("before %+v, two seconds after the kill %+v", before, after)
	sent, received := int(after.Sent-before.Sent), int(after.Received-before.Received)
	if received < 95 || sent < received-5 || sent > received+5 || after.LossPercent > before.LossPercent+5 {
		t.Errorf("%d packets sent, %d received", sent, received)
	}
}

// killOne kills a controller in a call, takes the call over, and tells how it sounded before and after.
func killOne(t *testing.T, address string) (before, after tpcp.Stats) {
	t.Helper()
	cmd := python(t.Context(), t, address, "--stay", "60")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var me, boot, call string
	var seq uint64
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if n, _ := fmt.Sscan(lines.Text(), &me, &boot, &seq, &call); n == 4 {
			break
		}
	}
	watcher, _ := sitDown(t, address, tpcp.OpenParams{ControllerID: "watcher"})
	before = voice(t, watcher, call, 50)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed, as it should be
	began := time.Now()
	c, o := sitDown(t, address, tpcp.OpenParams{ControllerID: me, Resume: &tpcp.Resume{BootID: boot, LastSeq: seq}})
	calls, err := c.Calls(t.Context())
	if took := time.Since(began); err != nil || !o.Resumed || took > time.Second || !slices.ContainsFunc(calls, func(v tpcp.Call) bool {
		return v.CallID == call && v.State == tpcp.StateConnected
	}) {
		t.Fatalf("back after %v, resumed %v, with %+v, %v", took, o.Resumed, calls, err)
	}
	after = voice(t, watcher, call, before.Received+100)
	if _, err := c.Hangup(t.Context(), tpcp.CallParams{CallID: call}); err != nil {
		t.Error(err)
	}
	return before, after
}

// TestConversationAndNoteAreInTheLog: what a program knows of a call goes with it into the phone's log.
func TestConversationAndNoteAreInTheLog(t *testing.T) {
	t.Parallel()
	c, _ := sitDown(t, startPhone(t), tpcp.OpenParams{ControllerID: "pc"})
	const conversation = "ab30317f1a784dc48ff824d0d3715d86"
	call, err := c.Make(t.Context(), tpcp.MakeParams{To: "600", ConversationID: conversation})
	if err != nil {
		t.Fatal(err)
	}
	on := tpcp.CallParams{CallID: call.CallID}
	if err := c.Note(t.Context(), tpcp.NoteParams{CallParams: on, Text: "call back on Monday"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Hangup(t.Context(), on); err != nil {
		t.Fatal(err)
	}
	logged := func() tpcp.LogEntry {
		for n := range c.Notifications() {
			if n.Name == tpcp.NotifyLogChanged {
				list, err := c.Log(t.Context(), tpcp.LogParams{Limit: 1})
				if err != nil {
					t.Fatal(err)
				}
				if len(list.Calls) == 1 {
					return list.Calls[0]
				}
			}
		}
		t.Fatal("the leg ended")
		return tpcp.LogEntry{}
	}
	if e := logged(); e.ConversationID != conversation || e.Note != "call back on Monday" || e.Dir != "out" || e.Number != "600" {
		t.Errorf("logged %+v", e)
	}
	if err := c.Note(t.Context(), tpcp.NoteParams{CallParams: on, Text: "done"}); err != nil { // a minute after its end a call takes notes still
		t.Fatal(err)
	}
	if e := logged(); e.Note != "done" {
		t.Errorf("logged %+v", e)
	}
}

// sitDown opens a session that lasts for the test.
func sitDown(t *testing.T, address string, p tpcp.OpenParams) (*tpcp.Client, tpcp.Opened) {
	t.Helper()
	c, err := tpcp.Dial(t.Context(), address, tpcp.Identity{Certificate: certificate(t, hostKey), Phone: pinOf(phoneKey)})
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan error, 1)
	go func() { over <- c.Run(context.WithoutCancel(t.Context())) }()
	t.Cleanup(func() { c.Close(); <-over })
	o, err := c.Open(t.Context(), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c, o
}

// voice waits until so many packets of a call have come, and tells how it sounds.
func voice(t *testing.T, c *tpcp.Client, call string, packets uint64) tpcp.Stats {
	t.Helper()
	for deadline := time.After(20 * time.Second); ; {
		s, err := c.Stats(t.Context(), tpcp.StatsParams{CallID: call})
		if err != nil {
			t.Fatal(err)
		}
		if len(s) == 1 && s[0].Received >= packets {
			return s[0]
		}
		select {
		case <-deadline:
			t.Fatalf("the call stands still: %+v", s)
		case <-time.After(200 * time.Millisecond):
		}
	}
}
