package qemu

import (
	"bytes"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// hostSeen is the host's loopback as a guest with user-mode networking sees it.
const hostSeen = "10.0.2.2"

// startChrony runs a real time server on a free port of the loopback and gives the port.
func startChrony(t *testing.T) int {
	t.Helper()
	probe, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := probe.LocalAddr().(*net.UDPAddr).Port
	probe.Close()
	dir := t.TempDir()
	// -x: it serves the time and never sets this machine's clock. Directives are given as arguments.
	cmd := exec.CommandContext(t.Context(), "chronyd", "-x", "-d", "-U",
		fmt.Sprintf("port %d", port), "bindaddress 127.0.0.1", "allow 127.0.0.1", "local stratum 8", "cmdport 0",
		"bindcmdaddress "+filepath.Join(dir, "cmd"), "pidfile "+filepath.Join(dir, "pid"))
	cmd.Env = append(cmd.Environ(), "PATH=/usr/sbin:/usr/bin:/sbin:/bin")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatalf("chronyd, from Debian's package chrony: %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("chronyd: %s", out.Bytes())
		}
	})
	return port
}

// A phone whose clock stands years back starts at the build's date, asks the time server of its settings, and then
// shows the right time.
func TestImageDebugAsksTheTimeServer(t *testing.T) {
	port := startChrony(t)
	s := bootShellWith(t, Config{
		Clock:    time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC),
		Settings: fmt.Appendf(nil, "[network]\nntp = [\"%s:%d\"]\n", hostSeen, port),
	})
	s.run(t, "head -n1 /etc/os-release", "NAME") // the shell answers: what follows is not lost
	wait(t, s.Machine, "time known")
	got := s.run(t, "echo it is $(date +%s)", `it is (\d+)\n`)
	seconds, err := strconv.ParseInt(got[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if off := time.Since(time.Unix(seconds, 0)); off < -3*time.Second || off > 5*time.Second {
		t.Errorf("the phone's clock is %v behind", off)
	}
	shutDown(t, s.Machine)
}
